// SPDX-License-Identifier: MIT
//! What the physics needs of the networks, without knowing who runs them.

use crate::error::Result;

/// The embedding and fitting nets of one model. One value serves one worker thread.
pub trait Networks: Send {
    /// Runs the embedding net of a pair of types on normalized distances.
    ///
    /// `s`: n values; `g` and `dg` receive G and dG/ds, n x M, row-major.
    ///
    /// # Errors
    /// Whatever the library that runs the nets reports.
    fn embed(&mut self, center: usize, neighbor: usize, s: &[f64], g: &mut [f64], dg: &mut [f64]) -> Result<()>;

    /// Runs the fitting net of a center type on a batch of descriptors.
    ///
    /// `descriptor`: n x (axis M): D[a, m] with m faster, the transpose of DeePMD-kit's order; `param`: n x `numb_param` raw values, frame parameters first; `energy` receives n
    /// values (eV, before scale and shift) and `gradient` their derivatives by the descriptor.
    ///
    /// # Errors
    /// Whatever the library that runs the nets reports.
    fn fit(
        &mut self,
        center: usize,
        descriptor: &[f64],
        param: &[f64],
        energy: &mut [f64],
        gradient: &mut [f64],
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
        center: usize,
        descriptor: &[R],
        param: &[R],
        energy: &mut [R],
        gradient: &mut [R],
    ) -> Result<()>;
}

/// The model file's own whole graph in float64, for the self-check.
pub trait WholeModel {
    /// Evaluates `nlist.len() / slots` centers, the first atoms of `coord`.
    ///
    /// `coord`: nall x 3 (A); `types`: nall; `nlist`: centers x slots, -1 padded; `aparam`: centers x `numb_aparam`.
    /// Returns the centers' energies (eV) and the forces on all nall atoms (eV/A, nall x 3).
    ///
    /// # Errors
    /// Whatever the library that runs the graph reports.
    fn evaluate(
        &mut self,
        coord: &[f64],
        types: &[i64],
        nlist: &[i64],
        fparam: &[f64],
        aparam: &[f64],
    ) -> Result<(Vec<f64>, Vec<f64>)>;
}
