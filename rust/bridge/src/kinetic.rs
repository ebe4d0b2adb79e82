// SPDX-License-Identifier: MIT
//! Kinetic temperature of all atoms.

use deepion_analysis::{Error, Result, kinetic};
use ndarray::ArrayView2;

use crate::guard::guard_only;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    extern "Rust" {
        /// Sum of m v^2 over this rank's atoms, to be added over ranks. `velocities`: n x 3, of `unit` A/ps; `masses`: amu, of each
        /// type, from 0, where there are `types`, else of each atom.
        fn kinetic_sum(velocities: &[f64], unit: f64, types: &[i32], masses: &[f64]) -> Result<Vec<i64>>;
        /// Temperature of the sum over ranks, K; 0 without degrees of freedom.
        fn kinetic_temperature(sum: &[i64], degrees_of_freedom: f64) -> Result<f64>;
    }
}

fn kinetic_sum(velocities: &[f64], unit: f64, types: &[i32], masses: &[f64]) -> Result<Vec<i64>> {
    guard_only(|| {
        let velocities = ArrayView2::from_shape((velocities.len() / 3, 3), velocities)
            .map_err(|_| Error::Internal("velocities are not n x 3 numbers".into()))?;
        if types.is_empty() {
            return kinetic::sum(&velocities, unit, masses.iter().copied());
        }
        let mass = |&of: &i32| usize::try_from(of).ok().and_then(|of| masses.get(of).copied());
        let masses: Option<Vec<f64>> = types.iter().map(mass).collect();
        let masses = masses.ok_or_else(|| Error::Internal("an atom type without a mass".into()))?;
        kinetic::sum(&velocities, unit, masses.into_iter())
    })
}

fn kinetic_temperature(sum: &[i64], degrees_of_freedom: f64) -> Result<f64> {
    guard_only(|| kinetic::temperature(sum, degrees_of_freedom))
}
