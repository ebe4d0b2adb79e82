//! Coordination numbers: how many neighbours each ion has within a list of cut-offs, their distribution P(n) and the
//! entropy of that distribution.

mod accumulator;
mod counting;
mod estimators;
mod histogram;

pub use accumulator::{Coordination, CoordinationLayout};
pub use counting::count;
pub use estimators::{entropy, instantaneous};
pub use histogram::Histogram;
