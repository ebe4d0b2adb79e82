// SPDX-License-Identifier: MIT
//! Where ions go: van Hove correlation functions, self and distinct, and what follows from the self part.
//!
//! With the displacement d of an ion over a lag t, without drift, averages over ions and time origins give the density of |d|,
//! 4 pi r^2 `G_s(r, t)`; the incoherent scattering function `F_s(q, t)` = <sin(q d) / (q d)>; the non-Gaussian parameter
//! 3 <d^4> / (5 <d^2>^2) - 1; the overlap Q(t), the share of ions with d < a, and `chi_4(t) = N (<Q^2> - <Q>^2)`, whose averages are
//! over origins (Lacevic, Starr, Schroder, Glotzer, J. Chem. Phys. 119, 7372 (2003)). The distinct part is the density of other atoms
//! at distance r from where an ion was a lag t ago, over their mean density (van Hove, Phys. Rev. 95, 249 (1954)).

mod crossing;
mod curves;
mod distinct;
mod layout;
mod measure;
mod results;
mod sums;
mod tables;
mod total;

pub use distinct::{Cell, Grid, Partners};
pub use layout::{DistinctLayout, VanHoveLayout};
pub use measure::VanHove;
pub use sums::Displaced;
pub use total::VanHoveTotal;
