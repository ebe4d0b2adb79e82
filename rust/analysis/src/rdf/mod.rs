// SPDX-License-Identifier: MIT
//! Radial distribution function g(r) of the atoms of one group around those of another, and the running coordination number.
//!
//! g(r) of a shell between r and r + dr is the number of neighbors in it over the number that neighbors spread evenly over the box would
//! have there, (`neighbors` - `shared` / `ions`) V(shell) / V(box), averaged over ions and frames: an ion that is in both groups is no
//! neighbor of itself.

mod counting;
mod layout;
mod measure;
mod results;
mod shells;

pub use counting::{Pairs, count};
pub use layout::RdfLayout;
pub use measure::{Rdf, RdfTotal};
pub use shells::Shells;
