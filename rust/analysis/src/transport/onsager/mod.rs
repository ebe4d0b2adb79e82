// SPDX-License-Identifier: MIT
//! Onsager coefficients of several species from their collective displacements: how the current of one follows from the force on
//! another (`doc/method/physics.md`, section 2).

mod estimates;
mod results;
mod species;

pub use estimates::Onsager;
pub(super) use results::{add_quantities, history, table};
pub use species::{Species, locate_species, pairs};
pub(super) use species::{check, positions};
