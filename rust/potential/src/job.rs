// SPDX-License-Identifier: MIT
//! What a worker is asked to evaluate.

use crate::configuration::Configuration;
use crate::model::Model;
use crate::neighborhood::SortedList;
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
pub struct Job<'a> {
    /// The model.
    pub model: &'a Model,
    /// All atoms.
    pub conf: &'a Configuration<'a>,
    /// Its neighbor list, sorted by type.
    pub list: &'a SortedList,
    /// Type of the centers.
    pub center_type: usize,
    /// The centers, as positions in `conf.centers`.
    pub members: &'a [u32],
    /// Whether more neighbors than `sel` are an error.
    pub sel_error: bool,
}

impl Job<'_> {
    /// Index of center `c` of the chunk among the atoms.
    #[must_use]
    pub fn atom(&self, c: usize) -> usize {
        self.conf.centers[self.members[c] as usize] as usize
    }

    /// Frame and atomic parameters of each center, as the fitting nets take them.
    pub fn parameters<R: Real>(&self, to: &mut Vec<R>) {
        to.clear();
        let contract = &self.model.contract;
        let na = contract.numb_aparam;
        if contract.numb_param() > 0 {
            for c in 0..self.members.len() {
                let of_atom = &self.conf.aparam[self.atom(c) * na..(self.atom(c) + 1) * na];
                to.extend(self.conf.fparam_or_default(contract).iter().chain(of_atom).map(|&p| R::from_f64(p)));
            }
        }
    }
}
