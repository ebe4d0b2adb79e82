// SPDX-License-Identifier: MIT
//! Vibrations: velocity autocorrelation, vibrational density of states (VDOS) and the entropy that follows from it, with
//! the diffusive part left in, cut off, or treated as a gas (two-phase thermodynamics).

mod correlation;
mod entropy;
mod estimates;
mod layout;
mod measure;
mod results;
mod spectrum;
mod two_phase;

pub use entropy::{harmonic_entropy, harmonic_weight};
pub use layout::{Evaluation, SpeciesLayout, Split, VibrationsLayout};
pub use measure::{Vibrations, VibrationsTotal};
pub use spectrum::{Cosines, Peak, peaks};
pub use two_phase::{TwoPhase, fluidicity, hard_sphere_entropy, two_phase};
