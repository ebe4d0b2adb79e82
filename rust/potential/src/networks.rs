// SPDX-License-Identifier: MIT
//! What the physics needs of the networks, without knowing who runs them.

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use crate::error::Result;

/// A pair of types in one of the descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Number of the descriptor.
    pub part: usize,
    /// Type of the center.
    pub center: usize,
    /// Type of the neighbor.
    pub neighbor: usize,
}

/// The embedding and fitting nets of one model. One value serves one worker thread.
pub trait Networks: Send {
    /// Runs the embedding net of a pair of types on normalized distances.
    ///
    /// `s`: n values; `g` and `dg` receive G and dG/ds, n x M.
    ///
    /// # Errors
    /// Whatever the library that runs the nets reports.
    fn embed(&mut self, pair: Pair, s: &[f64], g: ArrayViewMut2<f64>, dg: ArrayViewMut2<f64>) -> Result<()>;

    /// The factor t of [`crate::contract::Gate`] for a pair of types, M values. Only asked for where the descriptor has a gate.
    ///
    /// # Errors
    /// Whatever the library that runs the nets reports.
    fn gate(&mut self, pair: Pair) -> Result<Vec<f64>>;

    /// Runs the fitting net of a center type on a batch of descriptors.
    ///
    /// `descriptor`: n x (sum of the descriptors' lengths), row by row in memory; each of them is axis M values, D[a, m] with m faster,
    /// the transpose of DeePMD-kit's order, or M values without directions. `param`: n x `numb_param` raw values, frame parameters
    /// first; `energy` receives n values (eV, before scale and shift) and `gradient` their derivatives by the descriptor.
    ///
    /// # Errors
    /// Whatever the library that runs the nets reports.
    fn fit(
        &mut self,
        center_type: usize,
        descriptor: ArrayView2<f64>,
        param: ArrayView2<f64>,
        energy: &mut [f64],
        gradient: ArrayViewMut2<f64>,
    ) -> Result<()>;
}

/// Networks that also take and give their own floating-point type, without conversions.
pub trait TypedNetworks<R>: Networks {
    /// As [`Networks::fit`].
    ///
    /// # Errors
    /// As there.
    fn fit_typed(
        &mut self,
        center_type: usize,
        descriptor: ArrayView2<R>,
        param: ArrayView2<R>,
        energy: &mut [R],
        gradient: ArrayViewMut2<R>,
    ) -> Result<()>;
}

/// The model file's own whole graph in float64, for the self-check.
pub trait WholeModel {
    /// Evaluates the first atoms of `coord`, the centers.
    ///
    /// `coord`: nall x 3 (A); `types`: nall; `nlist`: centers x slots, -1 in empty ones; `aparam`: centers x `numb_aparam`.
    /// Returns the centers' energies (eV) and the forces on all nall atoms (eV/A, nall x 3).
    ///
    /// # Errors
    /// Whatever the library that runs the graph reports.
    fn evaluate(
        &mut self,
        coord: ArrayView2<f64>,
        types: &[i64],
        nlist: ArrayView2<i64>,
        fparam: &[f64],
        aparam: ArrayView2<f64>,
    ) -> Result<(Vec<f64>, Array2<f64>)>;
}
