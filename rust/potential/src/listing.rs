// SPDX-License-Identifier: MIT
//! Which neighbors a descriptor or a table of pair energies takes.

use crate::contract::{Contract, PairTable, Part};

/// How a neighbor of one type counts for a center of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairKind {
    /// As a neighbor.
    Active,
    /// It takes a slot, but its row is zero (`exclude_types` of the descriptor).
    Masked,
    /// Not at all (`pair_exclude_types`, no embedding net, or a type that is not in use).
    Absent,
}

/// The neighbors within a cutoff, of which the nearest of each type or of all types are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// Number among the listings of a model.
    pub number: usize,
    /// Cutoff, A.
    pub rcut: f64,
    /// Its square, A^2.
    pub rcut_sq: f64,
    /// Slots for neighbors of each type, or one number for all.
    pub sel: Vec<usize>,
    /// Whether all types share the slots.
    pub mixed_types: bool,
    /// Number of types.
    pub ntypes: usize,
    kinds: Vec<PairKind>,
}

impl Listing {
    /// Of a descriptor.
    #[must_use]
    pub fn of_part(contract: &Contract, number: usize, in_use: &[bool]) -> Self {
        let part: &Part = &contract.parts[number];
        let kind = |i: usize, j: usize| {
            if part.embedding_of(i, j).is_none() {
                PairKind::Absent
            } else if excluded(&part.exclude_types, i, j) {
                PairKind::Masked
            } else {
                PairKind::Active
            }
        };
        Self::new(contract, number, part.rcut, (part.sel.clone(), part.mixed_types), in_use, kind)
    }

    /// Of the table of pair energies.
    #[must_use]
    pub fn of_table(contract: &Contract, table: &PairTable, in_use: &[bool]) -> Self {
        Self::new(contract, contract.parts.len(), table.rcut, (vec![table.sel], true), in_use, |_, _| PairKind::Active)
    }

    fn new(
        contract: &Contract,
        number: usize,
        rcut: f64,
        (sel, mixed_types): (Vec<usize>, bool),
        in_use: &[bool],
        kind: impl Fn(usize, usize) -> PairKind,
    ) -> Self {
        let ntypes = contract.ntypes();
        let counts = |i: usize, j: usize| in_use[i] && in_use[j] && !excluded(&contract.pair_exclude_types, i, j);
        let kinds = (0..ntypes * ntypes)
            .map(|pair| (pair / ntypes, pair % ntypes))
            .map(|(i, j)| if counts(i, j) { kind(i, j) } else { PairKind::Absent })
            .collect();
        Self { number, rcut, rcut_sq: rcut * rcut, sel, mixed_types, ntypes, kinds }
    }

    /// Of one type, all of whose pairs count.
    #[cfg(test)]
    #[must_use]
    pub fn of_one_type(rcut: f64) -> Self {
        let (sel, kinds) = (vec![usize::MAX], vec![PairKind::Active]);
        Self { number: 0, rcut, rcut_sq: rcut * rcut, sel, mixed_types: true, ntypes: 1, kinds }
    }

    /// How `neighbor` counts for `center`.
    #[must_use]
    pub fn kind(&self, center: usize, neighbor: usize) -> PairKind {
        self.kinds[center * self.ntypes + neighbor]
    }

    /// Slots in all.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.sel.iter().sum()
    }
}

/// Whether a list of pairs of types has this one, in either order.
fn excluded(list: &[[usize; 2]], i: usize, j: usize) -> bool {
    list.contains(&[i, j]) || list.contains(&[j, i])
}
