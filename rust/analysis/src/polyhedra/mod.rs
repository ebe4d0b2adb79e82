// SPDX-License-Identifier: MIT
//! Units of a center and its ligands, such as PS4: how they turn, which clusters they form by sharing ligands, and how long bonds and
//! clusters last.

mod bonds;
mod clusters;
mod estimates;
mod frames;
mod layout;
mod measure;
mod results;

pub use bonds::{Bond, near};
pub use clusters::{Cluster, Kind, clusters};
pub use frames::{Frames, LagSums, Species};
pub use layout::PolyhedraLayout;
pub use measure::{Polyhedra, PolyhedraTotal};
