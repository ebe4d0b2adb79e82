// SPDX-License-Identifier: MIT
//! One configuration of atoms as one rank sees it, and where the results go.

use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::model::Model;

/// Local and ghost atoms of one rank with a full neighbor list; nall = local + ghost atoms.
#[derive(Debug, Clone, Copy)]
pub struct Configuration<'a> {
    /// Positions, A, nall x 3.
    pub x: &'a [f64],
    /// Model type of each atom, nall; negative: invisible to the model.
    pub types: &'a [i32],
    /// Atom IDs for messages, nall, or empty.
    pub tags: &'a [i64],
    /// Indices of the atoms whose energy is wanted, n.
    pub centers: &'a [i32],
    /// Neighbors of `centers[k]` are `neighbors[offsets[k]..offsets[k + 1]]`, n + 1.
    pub offsets: &'a [usize],
    /// Indices of neighbors. May reach beyond the cutoff and contain invisible atoms.
    pub neighbors: &'a [i32],
    /// Whether anything but `x`, `fparam` and `aparam` differs from the previous call's.
    pub rebuilt: bool,
    /// `numb_fparam` values, or empty for the model's default.
    pub fparam: &'a [f64],
    /// `numb_aparam` values per atom, by index; as long as the largest center needs.
    pub aparam: &'a [f64],
}

impl Configuration<'_> {
    /// Number of local and ghost atoms.
    #[must_use]
    pub fn nall(&self) -> usize {
        self.types.len()
    }

    /// Position of atom `i`, A.
    #[must_use]
    pub fn position(&self, i: usize) -> [f64; 3] {
        let x = &self.x[3 * i..3 * i + 3];
        [x[0], x[1], x[2]]
    }

    /// The frame parameters in force: the caller's, else the model's default.
    pub(crate) fn fparam_or_default<'a>(&'a self, contract: &'a Contract) -> &'a [f64] {
        match &contract.default_fparam {
            Some(default) if self.fparam.is_empty() => default,
            _ => self.fparam,
        }
    }

    /// How messages call atom `i`.
    #[must_use]
    pub fn name(&self, i: usize) -> String {
        match self.tags.get(i) {
            Some(tag) => format!("atom ID {tag}"),
            None => format!("atom with local index {i} (the atoms have no IDs)"),
        }
    }

    /// Checks what may change from step to step.
    pub(crate) fn check_step(&self, model: &Model) -> Result<()> {
        let contract = &model.contract;
        expect("x", self.x.len(), 3 * self.nall())?;
        let fparam = self.fparam.len();
        if !(fparam == contract.numb_fparam || fparam == 0 && contract.default_fparam.is_some()) {
            return Err(Error::Input(format!(
                "fparam has {fparam} values, but the model has numb_fparam = {}",
                contract.numb_fparam
            )));
        }
        if contract.numb_aparam > 0
            && let Some(&last) = self.centers.iter().max()
        {
            let needed = (last as usize + 1) * contract.numb_aparam;
            if self.aparam.len() < needed {
                return Err(Error::Input(format!(
                    "aparam has {} values, but {needed} are needed: the model has numb_aparam = {} for each atom",
                    self.aparam.len(),
                    contract.numb_aparam
                )));
            }
        }
        if let Some(k) = self.x.iter().position(|v| !v.is_finite()) {
            let [x, y, z] = self.position(k / 3);
            return Err(Error::NonFinite(format!("position of {} is not finite: {x} {y} {z}", self.name(k / 3))));
        }
        Ok(())
    }

    /// Checks what changes only when the neighbor list does.
    pub(crate) fn check_rebuild(&self, model: &Model) -> Result<()> {
        let nall = self.nall();
        if !self.tags.is_empty() {
            expect("tags", self.tags.len(), nall)?;
        }
        expect("offsets", self.offsets.len(), self.centers.len() + 1)?;
        let ascending = self.offsets.windows(2).all(|w| w[0] <= w[1]);
        if !ascending || self.offsets.last().is_some_and(|&end| end > self.neighbors.len()) {
            return Err(Error::Input("offsets of the neighbor list do not ascend or reach beyond it".into()));
        }
        if let Some(&t) = self.types.iter().find(|&&t| t >= model.contract.ntypes() as i32) {
            return Err(Error::Input(format!("type {t} given, but the model has {} types", model.contract.ntypes())));
        }
        let in_range = |i: &i32| (0..nall as i64).contains(&i64::from(*i));
        if !self.centers.iter().all(in_range) || !self.neighbors.iter().all(in_range) {
            return Err(Error::Input(format!("neighbor list names an atom outside 0..{nall}")));
        }
        Ok(())
    }
}

fn expect(name: &str, got: usize, expected: usize) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    Err(Error::Input(format!("{name} has {got} values, expected {expected}")))
}

/// Where results are added, multiplied by `factor`. An empty slice: not wanted.
#[derive(Debug)]
pub struct Results<'a> {
    /// Unit conversion x scale.
    pub factor: f64,
    /// Forces, nall x 3.
    pub f: &'a mut [f64],
    /// Energy per atom, nall.
    pub eatom: &'a mut [f64],
    /// Symmetrized virial per atom, nall x 6: xx, yy, zz, xy, xz, yz.
    pub vatom: &'a mut [f64],
    /// Virial per atom, nall x 9: xx, yy, zz, xy, xz, yz, yx, zx, zy.
    pub cvatom: &'a mut [f64],
}

impl Results<'_> {
    pub(crate) fn check(&self, nall: usize) -> Result<()> {
        for (name, len, per_atom) in [
            ("f", self.f.len(), 3),
            ("eatom", self.eatom.len(), 1),
            ("vatom", self.vatom.len(), 6),
            ("cvatom", self.cvatom.len(), 9),
        ] {
            if len != 0 {
                expect(name, len, per_atom * nall)?;
            }
        }
        Ok(())
    }
}

/// Sums over the centers, multiplied by `factor`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Energy.
    pub energy: f64,
    /// Virial, sum of `r_a` `f_b`: xx, yy, zz, xy, xz, yz, yx, zx, zy.
    pub virial: [f64; 9],
}
