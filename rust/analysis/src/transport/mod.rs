//! Mean-square displacement, diffusion and conductivity from many time origins (`physics`: eqs 1-4 of the paper).

mod accumulator;
mod curve;
mod diffusion;
mod lags;
mod moments;
mod report;

pub use accumulator::{Reference, Transport, TransportLayout};
pub use curve::{Curve, non_gaussian};
pub use diffusion::{Diffusion, Fit, Value, haven_ratio, nernst_einstein};
pub use lags::Lags;
pub use moments::Moments;
pub use report::{DiffusionUnits, Evaluation};
