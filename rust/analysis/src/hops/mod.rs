// SPDX-License-Identifier: MIT
//! Hops of ions from cage to cage, without sites: Candelier's criterion in a window that moves with the run.
//!
//! At every sample the last W positions of an ion, without drift, are cut into the earlier half A and the later half B. With the mean
//! positions a and b of both,
//!
//! p = sqrt( <|r - b|^2>_A <|r - a|^2>_B )
//!
//! is small while the ion rattles in one cage, and about the square of the distance when it has changed cages in the middle of the window
//! (Candelier, Widmer-Cooper, Kummerfeld, Dauchot, Biroli, Harrowell, Reichman, Phys. Rev. Lett. 105, 135702 (2010); in a window that moves:
//! Smessaert, Rottler, Phys. Rev. E 88, 022314 (2013)). A stretch of samples with p > c^2 is one event, at its highest p. It leads
//! from the cage of its begin, a there, to the cage of its end, b there: a hop where these are more than c apart, and an excursion else, where the
//! ion left its cage and came back within half a window.

mod detector;
mod ladder;
mod layout;
mod measure;
mod residence;
mod results;
mod sums;

pub use detector::{Detector, Hop, ROW_OF_STATE};
pub use ladder::ladder;
pub use layout::HopsLayout;
pub use measure::{Hops, HopsTotal};
pub use sums::Counted;
