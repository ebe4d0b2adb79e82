// SPDX-License-Identifier: MIT
//! What kinds of descriptors differ in: the row of a pair, and what becomes of T, the sum over neighbors of row (x) embedding, 4 x M
//! (`doc/method/physics.md`, section 1).

use crate::contract::Part;
use crate::tabulated::{InstructionSet, Kernels};

/// A kind of descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contraction {
    /// `se_e2_a` and DPA-1: rows of the environment matrix; D[a, m] = `sum_c` T[c, a] T[c, m], axis x M values.
    Angular {
        /// Number of a.
        axis: usize,
    },
    /// `se_e2_r`: rows (1, 0, 0, 0); D = T / 5 of the first row, M values.
    Radial,
}

/// Factor of `se_e2_r`, as `DeePMD-kit` has it.
const RADIAL_SCALE: f64 = 0.2;

impl Contraction {
    /// That of a part of the contract.
    #[must_use]
    pub fn of(part: &Part) -> Self {
        if part.is_radial() { Self::Radial } else { Self::Angular { axis: part.axis_neuron } }
    }

    /// The row of a pair from its normalized s and its angular columns.
    #[must_use]
    pub fn row(self, s: f64, [x, y, z]: [f64; 3]) -> [f64; 4] {
        match self {
            Self::Angular { .. } => [s, x, y, z],
            Self::Radial => [1.0, 0.0, 0.0, 0.0],
        }
    }

    /// First element of the row of an empty slot, from its normalized s.
    #[must_use]
    pub fn empty_row(self, s: f64) -> f64 {
        self.row(s, [0.0; 3])[0]
    }

    /// Row and s of a neighbor that is masked (`exclude_types`): its row is zero, or where rows are constant its s.
    #[must_use]
    pub fn masked_row(self) -> (f64, f64) {
        match self {
            Self::Angular { .. } => (0.0, 0.0),
            Self::Radial => (1.0, 0.0),
        }
    }

    /// Whether rows change with the distance.
    #[must_use]
    pub fn rows_change(self) -> bool {
        matches!(self, Self::Angular { .. })
    }

    /// The descriptor of one T.
    pub fn apply(self, t: &[f64], d: &mut [f64]) {
        let m = t.len() / 4;
        match self {
            Self::Radial => d.iter_mut().zip(t).for_each(|(d, t)| *d = RADIAL_SCALE * t),
            Self::Angular { .. } => {
                d.fill(0.0);
                for t in t.chunks_exact(m) {
                    for (a, row) in d.chunks_exact_mut(m).enumerate() {
                        for (d, tm) in row.iter_mut().zip(t) {
                            *d += t[a] * tm;
                        }
                    }
                }
            }
        }
    }

    /// dE/dT (`gt`, 4 x M) from the gradient by the descriptor.
    pub fn backward(self, t: &[f64], gd: &[f64], gt: &mut [f64]) {
        let m = t.len() / 4;
        gt.fill(0.0);
        match self {
            Self::Radial => gt.iter_mut().zip(gd).for_each(|(t, d)| *t = RADIAL_SCALE * d),
            Self::Angular { .. } => {
                for (t, gt) in t.chunks_exact(m).zip(gt.chunks_exact_mut(m)) {
                    for (a, row) in gd.chunks_exact(m).enumerate() {
                        for (g, d) in gt.iter_mut().zip(row) {
                            *g += d * t[a];
                        }
                        gt[a] += row.iter().zip(t).map(|(d, t)| d * t).sum::<f64>();
                    }
                }
            }
        }
    }

    /// As [`Contraction::apply`], with kernels; T has whole lanes.
    pub fn apply_with<R: Kernels>(self, isa: InstructionSet, t: &[R], d: &mut [R]) {
        match self {
            Self::Radial => d.iter_mut().zip(t).for_each(|(d, t)| *d = R::from_f64(RADIAL_SCALE) * *t),
            Self::Angular { axis } => R::descriptor(isa, t, axis, d),
        }
    }

    /// As [`Contraction::backward`], with kernels; T has whole lanes.
    pub fn backward_with<R: Kernels>(self, isa: InstructionSet, t: &[R], gd: &[R], gt: &mut [R]) {
        match self {
            Self::Radial => {
                gt.fill(R::default());
                gt.iter_mut().zip(gd).for_each(|(t, d)| *t = R::from_f64(RADIAL_SCALE) * *d);
            }
            Self::Angular { axis } => R::descriptor_backward(isa, t, axis, gd, gt),
        }
    }
}
