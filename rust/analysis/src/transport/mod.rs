//! Mean-square displacement, diffusion and conductivity from many time origins (`doc/method/physics.md`, section 2).

mod accumulator;
mod curve;
mod diffusion;
mod displacement;
mod lags;
mod located;
mod moments;
mod report;

pub use accumulator::{Transport, TransportLayout};
pub use curve::{Curve, non_gaussian};
pub use diffusion::{DIFFUSIVE, Diffusion, Fit, Value, haven_ratio, nernst_einstein};
pub use displacement::Displacement;
pub use lags::Lags;
pub use located::{Frame, Group, ION_GROUPS, Located, Reference, locate};
pub use moments::Moments;
pub use report::{DiffusionUnits, Evaluation, Findings};
