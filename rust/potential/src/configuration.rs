// SPDX-License-Identifier: MIT
//! One configuration of atoms as one rank sees it, and where the results go.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::shapes::{expect_shape, row_by_row};

/// Local and ghost atoms of one rank with a full neighbor list; nall = local + ghost atoms.
#[derive(Debug, Clone, Copy)]
pub struct Configuration<'a> {
    /// Positions, A, nall x 3.
    pub x: ArrayView2<'a, f64>,
    /// Model type of each atom, nall; negative: invisible to the model.
    pub types: &'a [i32],
    /// Atom IDs for messages, nall, or empty.
    pub tags: &'a [i64],
    /// Indices of the atoms whose energy is wanted, n.
    pub centers: &'a [i32],
    /// Model type of each group of neighbors; no type twice. Neighbors of other types are left out.
    pub groups: &'a [i32],
    /// Neighbors of `centers[k]` in group g are `neighbors[offsets[k G + g]..offsets[k G + g + 1]]`; G groups, n G + 1 offsets.
    pub offsets: &'a [usize],
    /// Indices of neighbors. May reach beyond the cutoff.
    pub neighbors: &'a [i32],
    /// Whether anything but `x`, `fparam` and `aparam` differs from the previous call's.
    pub rebuilt: bool,
    /// `numb_fparam` values, or empty for the model's default.
    pub fparam: &'a [f64],
    /// `numb_aparam` values per atom, by index: atoms x `numb_aparam`, with rows for all centers.
    pub aparam: ArrayView2<'a, f64>,
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
        [self.x[[i, 0]], self.x[[i, 1]], self.x[[i, 2]]]
    }

    /// Whether the other one holds the same atoms, with the same types, and the same list of neighbors.
    pub(crate) fn same_atoms(&self, other: &Self) -> bool {
        std::ptr::eq(self.x.as_ptr(), other.x.as_ptr())
            && self.x.dim() == other.x.dim()
            && std::ptr::eq(self.centers, other.centers)
            && std::ptr::eq(self.offsets, other.offsets)
            && std::ptr::eq(self.neighbors, other.neighbors)
            && self.groups == other.groups
            && self.types == other.types
    }

    /// All positions, one after the other.
    pub(crate) fn coordinates(&self) -> Result<&[f64]> {
        row_by_row("x", self.x)
    }

    /// Position of each type among the groups of neighbors; none: the type has no group.
    pub(crate) fn group_of_types(&self, ntypes: usize) -> Vec<Option<usize>> {
        (0..ntypes as i32).map(|t| self.groups.iter().position(|&g| g == t)).collect()
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
        expect_shape("x", self.x.shape(), [self.nall(), 3])?;
        let x = self.coordinates()?;
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
            let rows = self.aparam.nrows().max(last as usize + 1);
            expect_shape("aparam", self.aparam.shape(), [rows, contract.numb_aparam])?;
        }
        if let Some(k) = x.iter().position(|v| !v.is_finite()) {
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
        expect("offsets", self.offsets.len(), self.centers.len() * self.groups.len() + 1)?;
        let ascending = self.offsets.windows(2).all(|w| w[0] <= w[1]);
        if !ascending || self.offsets.last().is_some_and(|&end| end > self.neighbors.len()) {
            return Err(Error::Input("offsets of the neighbor list do not ascend or reach beyond it".into()));
        }
        if let Some(&t) = self.types.iter().find(|&&t| t >= model.contract.ntypes() as i32) {
            return Err(Error::Input(format!("type {t} given, but the model has {} types", model.contract.ntypes())));
        }
        if let Some(t) = self.types.iter().filter_map(|&t| usize::try_from(t).ok()).find(|&t| !model.in_use[t]) {
            let name = &model.contract.type_map[t];
            return Err(Error::Input(format!("type {t} ({name}) given, for which the model was not prepared")));
        }
        if !self.centers.iter().all(|i| (0..nall as i64).contains(&i64::from(*i))) {
            return Err(self.outside());
        }
        self.check_groups()
    }

    fn outside(&self) -> Error {
        Error::Input(format!("neighbor list names an atom outside 0..{}", self.nall()))
    }

    /// Whether every group holds existing neighbors of its own type alone.
    fn check_groups(&self) -> Result<()> {
        let groups = self.groups.len();
        if (0..groups).any(|g| self.groups[..g].contains(&self.groups[g])) {
            return Err(Error::Input(format!("groups names a type twice: {:?}", self.groups)));
        }
        for (part, range) in self.offsets.windows(2).enumerate() {
            let expected = self.groups[part % groups];
            for &j in &self.neighbors[range[0]..range[1]] {
                // A negative index becomes one that is far too large.
                let found = *self.types.get(j as usize).ok_or_else(|| self.outside())?;
                if found != expected {
                    let name = self.name(j as usize);
                    return Err(Error::Input(format!(
                        "neighbors holds {name} of type {found} in a group of type {expected}"
                    )));
                }
            }
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

/// Where results are added, multiplied by `factor`.
#[derive(Debug)]
pub struct Results<'a> {
    /// Unit conversion x scale.
    pub factor: f64,
    /// Forces, nall x 3.
    pub f: Option<ArrayViewMut2<'a, f64>>,
    /// Energy per atom, nall.
    pub eatom: Option<&'a mut [f64]>,
    /// Symmetrized virial per atom, nall x 6: xx, yy, zz, xy, xz, yz.
    pub vatom: Option<ArrayViewMut2<'a, f64>>,
    /// Virial per atom, nall x 9: xx, yy, zz, xy, xz, yz, yx, zx, zy.
    pub cvatom: Option<ArrayViewMut2<'a, f64>>,
}

impl Results<'_> {
    pub(crate) fn check(&self, nall: usize) -> Result<()> {
        for (name, matrix, per_atom) in [("f", &self.f, 3), ("vatom", &self.vatom, 6), ("cvatom", &self.cvatom, 9)] {
            if let Some(matrix) = matrix {
                expect_shape(name, matrix.shape(), [nall, per_atom])?;
                row_by_row(name, matrix.view())?;
            }
        }
        self.eatom.as_ref().map_or(Ok(()), |eatom| expect("eatom", eatom.len(), nall))
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
