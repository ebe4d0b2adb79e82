// SPDX-License-Identifier: MIT
//! Where ions are: their density on a grid in fractional coordinates of the cell, in a frame without drift, the free energy
//! -kT ln(density), and at which height of it a path leads through the periodic cell.

mod cells;
mod counts;
mod findings;
mod layout;
mod measure;
mod percolation;
mod results;
mod visits;
mod volumes;

pub use cells::{Frame, locate};
pub use counts::Counts;
pub use findings::Findings;
pub use layout::{DensityLayout, Evaluation, MOST_BYTES};
pub use measure::{Density, DensityTotal};
pub use percolation::{Percolation, percolation};
pub use visits::Visits;
pub use volumes::{Site, Volume, VolumeFile};
