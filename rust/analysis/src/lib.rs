// SPDX-License-Identifier: MIT
//! Ion transport, coordination and vibrations measured while a run goes on: accumulators that can be saved, restored
//! and merged, the estimators on them, and their error bars. Formulas and choices are stated where they are used.
//!
//! Units: Angstrom, ps, amu, K, elementary charges; results say theirs. Nothing here knows LAMMPS, MPI or ONNX: positions
//! and velocities come in as slices, sums over ranks go through [`Measure::take_increments`] and
//! [`Measure::add_increments`].
//!
//! Sums are kept as integers ([`Exact`]): no order of atoms, threads or ranks changes a bit of them.

pub mod arrhenius;
mod blocks;
pub mod claims;
pub mod constants;
pub mod coordination;
mod error;
mod exact;
pub mod files;
mod jackknife;
pub mod kinetic;
pub mod ladder;
pub mod measurement;
pub mod rdf;
pub mod results;
pub mod scatter;
pub mod shapes;
pub mod transport;
pub mod unwrapping;
pub mod vibrations;

pub use blocks::{Blocks, MOST_BLOCKS, Merge, Runs};
pub use error::{Error, Result};
pub use exact::Exact;
pub use measurement::{Accumulator, Measure, Report, Save};
