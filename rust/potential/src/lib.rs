// SPDX-License-Identifier: MIT
//! The Deep Potential (DeepPot-SE, DeePMD-kit's `se_e2_a`) as physics: contract, neighbors, environment matrix,
//! descriptor, forces and virial, and the step that puts them together.
//!
//! Units: eV, Angstrom. Nothing here knows LAMMPS, ONNX or files: networks come in through [`Networks`].

mod check;
mod chunk;
mod configuration;
mod contract;
mod contraction;
mod descriptor;
mod deviation;
mod engine;
mod environment;
mod error;
mod gate;
mod guards;
mod job;
mod listing;
mod model;
mod neighborhood;
mod networks;
mod pages;
mod pair_energy;
mod shapes;
mod share;
mod steps;
mod tabulated;
mod times;
mod vectors;
mod watch;

pub use check::Check;
pub use configuration::{Configuration, Results, Totals};
pub use contract::{
    Activations, CUBIC, Contract, DescriptorLayout, EXPORTER, Embedding, Fitting, Gate, NearestSwitch, NeighborsOf,
    PairTable, Part, Reduced, ReducedLevel, Source, Units,
};
pub use contraction::Contraction;
pub use deviation::{Deviations, model_deviation, virial_deviation};
pub use engine::{Engine, Evaluation, MOST_SHARES, compute_all};
pub use environment::{Radial, radial};
pub use error::{Error, Result};
pub use guards::{ClosePair, Overflow, Sightings};
pub use listing::{Listing, PairKind};
pub use model::{Descriptor, Model};
pub use networks::{Networks, Pair, TypedNetworks, WholeModel};
pub use shapes::{matrix, matrix_mut, row_by_row, row_by_row_mut};
pub use steps::{FittingSteps, Plus, Step};
#[doc(hidden)] // for benches/kernels.rs
pub use tabulated::kernels;
pub use tabulated::{InstructionSet, Kernels, Real, Reduction, TableSettings, TableSummary};
pub use times::Times;
pub use watch::{Moments, Turn, Watched, Watcher, moments, unlikeness};
