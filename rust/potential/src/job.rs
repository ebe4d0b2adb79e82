// SPDX-License-Identifier: MIT
//! What a worker is asked to evaluate.

use crate::configuration::Configuration;
use crate::listing::{Listing, PairKind};
use crate::model::Model;
use crate::tabulated::Real;

/// All centers of one type.
#[derive(Debug, Clone)]
pub struct Group {
    /// Their type.
    pub center_type: usize,
    /// Positions in the list of centers.
    pub members: Vec<u32>,
}

/// What a worker is asked for: some centers of one type.
#[derive(Clone, Copy)]
pub struct Job<'a, 'c> {
    /// The model.
    pub model: &'a Model,
    /// All atoms.
    pub conf: &'a Configuration<'c>,
    /// Group of neighbors of each type, where it has one.
    pub group_of: &'a [Option<usize>],
    /// Type of the centers.
    pub center_type: usize,
    /// The centers, as positions in `conf.centers`.
    pub members: &'a [u32],
    /// Whether more neighbors than `sel` are an error.
    pub sel_error: bool,
}

impl Job<'_, '_> {
    /// Index of center `c` of the chunk among the atoms.
    #[must_use]
    pub fn atom(&self, c: usize) -> usize {
        self.conf.centers[self.members[c] as usize] as usize
    }

    /// The neighbors of one type, for a listing, of the center at position `k` of `conf.centers`; none where the types are no
    /// neighbors at all.
    #[must_use]
    pub fn neighbors(&self, of: &Listing, k: u32, neighbor_type: usize) -> &[i32] {
        let Some(group) = self.group_of[neighbor_type] else { return &[] };
        if of.kind(self.center_type, neighbor_type) == PairKind::Absent {
            return &[];
        }
        let part = k as usize * self.conf.groups.len() + group;
        &self.conf.neighbors[self.conf.offsets[part]..self.conf.offsets[part + 1]]
    }

    /// Frame and atomic parameters of each center, as the fitting nets take them.
    pub fn parameters<R: Real>(&self, to: &mut Vec<R>) {
        to.clear();
        let contract = &self.model.contract;
        let fparam = self.conf.fparam_or_default(contract);
        for c in 0..self.members.len() {
            to.extend(fparam.iter().map(|&p| R::from_f64(p)));
            if contract.numb_aparam > 0 {
                to.extend(self.conf.aparam.row(self.atom(c)).iter().map(|&p| R::from_f64(p)));
            }
        }
    }
}
