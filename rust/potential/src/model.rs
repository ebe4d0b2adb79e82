// SPDX-License-Identifier: MIT
//! A contract with what follows from it once: how each type pair counts, and the constant that empty slots contribute.

use crate::contract::Contract;
use crate::error::Result;
use crate::networks::Networks;
use crate::shapes::matrix_mut;

/// How a neighbor of one type counts for a center of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairKind {
    /// As a neighbor.
    Active,
    /// It takes a slot, but its row is zero (`exclude_types` of the descriptor).
    Masked,
    /// Not at all (`pair_exclude_types`, or no embedding net).
    Absent,
}

/// A model's constants. Type pairs are indexed `center * ntypes + neighbor`.
#[derive(Debug, Clone)]
pub struct Model {
    /// The contract.
    pub contract: Contract,
    /// Square of the cutoff, A^2.
    pub rcut_sq: f64,
    /// 1 / (sum of `sel`).
    pub inv_slots: f64,
    kinds: Vec<PairKind>,
    /// `g_p` `G_p` of an empty slot, per type pair: M values.
    padding: Vec<Vec<f64>>,
    /// Sum over neighbor types of `sel` `g_p` `G_p`, per center type: M values.
    constant: Vec<Vec<f64>>,
}

impl Model {
    /// Prepares a model; `networks` evaluates the embedding nets at the value of an empty slot. In float64: most slots of
    /// most atoms are empty, so a rounding error here would shift every energy the same way (1.5e-7 eV/atom for lipsti).
    ///
    /// # Errors
    /// Whatever the networks report.
    pub fn new(contract: Contract, networks: &mut dyn Networks) -> Result<Self> {
        let (n, m) = (contract.ntypes(), contract.width());
        let excluded = |list: &[[usize; 2]], i: usize, j: usize| list.contains(&[i, j]) || list.contains(&[j, i]);
        let mut kinds = vec![PairKind::Active; n * n];
        let mut padding = vec![vec![0.0; m]; n * n];
        let mut constant = vec![vec![0.0; m]; n];
        for i in 0..n {
            let empty_slot = -contract.davg[i] / contract.dstd[i][0];
            for j in 0..n {
                let pair = i * n + j;
                let has_net = contract.embedding[i][j].is_some();
                if excluded(&contract.pair_exclude_types, i, j) || !has_net {
                    kinds[pair] = PairKind::Absent;
                } else if excluded(&contract.exclude_types, i, j) {
                    kinds[pair] = PairKind::Masked;
                }
                if has_net && empty_slot != 0.0 {
                    let (mut g, mut dg) = (vec![0.0; m], vec![0.0; m]);
                    let shape = [1, m];
                    let (g_view, dg_view) = (matrix_mut("g", &mut g, shape)?, matrix_mut("dg", &mut dg, shape)?);
                    networks.embed(i, j, &[empty_slot], g_view, dg_view)?;
                    for (c, (p, g)) in constant[i].iter_mut().zip(padding[pair].iter_mut().zip(&g)) {
                        *p = empty_slot * g;
                        *c += contract.sel[j] as f64 * *p;
                    }
                }
            }
        }
        let rcut_sq = contract.rcut * contract.rcut;
        let inv_slots = 1.0 / contract.sel.iter().sum::<usize>() as f64;
        Ok(Self { contract, rcut_sq, inv_slots, kinds, padding, constant })
    }

    /// How `neighbor` counts for `center`.
    #[must_use]
    pub fn kind(&self, center: usize, neighbor: usize) -> PairKind {
        self.kinds[center * self.contract.ntypes() + neighbor]
    }

    /// `g_p` `G_p` of an empty slot of this type pair, M values.
    #[must_use]
    pub fn padding(&self, center: usize, neighbor: usize) -> &[f64] {
        &self.padding[center * self.contract.ntypes() + neighbor]
    }

    /// What the descriptor of an atom without neighbors is made of, M values.
    #[must_use]
    pub fn constant(&self, center: usize) -> &[f64] {
        &self.constant[center]
    }
}
