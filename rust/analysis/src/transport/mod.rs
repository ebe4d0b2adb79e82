// SPDX-License-Identifier: MIT
//! Mean-square displacement, diffusion and conductivity from many time origins (`doc/method/physics.md`, section 2).

mod beta_window;
mod covariance;
mod curve;
mod diffusion;
mod displacement;
mod enough;
mod errors;
mod findings;
mod gls;
mod layout;
mod measure;
mod moments;
mod onsager;
mod results;
mod spectrum;
mod stationary;
mod total;

pub use crate::motion::{Frame, Group, ION_GROUPS, Lags, Located, Reference, locate};
pub use beta_window::DIFFUSIVE;
pub use covariance::Origins;
pub use curve::{Curve, differ, line, non_gaussian};
pub use diffusion::{Diffusion, NotYet, Value, diffusion, haven_ratio, nernst_einstein};
pub use displacement::Displacement;
pub use errors::{Source, standard_error};
pub use findings::Findings;
pub use layout::{DiffusionUnits, Evaluation, Fit, TransportLayout};
pub use measure::Transport;
pub use moments::Moments;
pub use onsager::{Onsager, Species, locate_species, pairs};
pub use spectrum::{NoSpectrum, Series, Spectrum, spectrum};
pub use stationary::Stationary;
pub use total::TransportTotal;
