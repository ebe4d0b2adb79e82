// SPDX-License-Identifier: MIT
//! Mean-square displacement, diffusion and conductivity from many time origins (`doc/method/physics.md`, section 2).

mod curve;
mod diffusion;
mod displacement;
mod findings;
mod lags;
mod layout;
mod located;
mod measure;
mod moments;
mod results;
mod total;

pub use curve::{Curve, differ, line, non_gaussian};
pub use diffusion::{DIFFUSIVE, Diffusion, Value, haven_ratio, nernst_einstein};
pub use displacement::Displacement;
pub use findings::Findings;
pub use lags::Lags;
pub use layout::{DiffusionUnits, Evaluation, Fit, TransportLayout};
pub use located::{Frame, Group, ION_GROUPS, Located, Reference, locate};
pub use measure::Transport;
pub use moments::Moments;
pub use total::TransportTotal;
