// SPDX-License-Identifier: MIT
//! Coordination numbers: how many neighbors each ion has within a list of cut-offs, their distribution P(n) and the
//! entropy of that distribution.

mod counting;
mod estimators;
mod histogram;
mod layout;
mod measure;
mod results;

pub use counting::count;
pub use estimators::{entropy, instantaneous};
pub use histogram::Histogram;
pub use layout::CoordinationLayout;
pub use measure::{Coordination, CoordinationTotal};
