// SPDX-License-Identifier: MIT
//! Ion transport, coordination and vibrations measured while a run goes on: accumulators that can be saved, restored
//! and merged, the estimators on them, and their error bars. Formulas and choices are stated where they are used.
//!
//! Units: Angstrom, ps, amu, K, elementary charges; results say theirs. Nothing here knows LAMMPS, MPI or ONNX: positions
//! and velocities come in as slices, sums over ranks go through [`Measure::take_increments`] and
//! [`Measure::add_increments`].
//!
//! Sums are kept as integers ([`Exact`]): no order of atoms, threads or ranks changes a bit of them.

pub mod arrhenius;
mod arrhenius_line;
mod batches;
mod blocks;
pub mod claims;
pub mod constants;
pub mod coordination;
pub mod density;
mod error;
mod exact;
pub mod files;
pub mod hops;
mod jackknife;
pub mod kinetic;
pub mod ladder;
pub mod measurement;
pub mod motion;
pub mod polyhedra;
pub mod rdf;
pub mod results;
mod rows;
pub mod scatter;
pub mod shapes;
pub mod transport;
pub mod unwrapping;
pub mod vanhove;
pub mod vibrations;

use measurement::Layout as _;

pub use blocks::{Blocks, MOST_BLOCKS, Merge, Runs};
pub use error::{Error, Result};
pub use exact::Exact;
pub use measurement::{Accumulator, Measure, Report, Save};

/// Measurements whose states say everything that it takes to read them. Transport and vibrations are told how to evaluate.
const OPENED_BY_STYLE: &[(&str, OpenState)] = &[
    (coordination::CoordinationLayout::STYLE, |text| Ok(Box::new(coordination::Coordination::open(text)?))),
    (density::DensityLayout::STYLE, |text| Ok(Box::new(density::Density::open(text, density::Evaluation::default())?))),
    (polyhedra::PolyhedraLayout::STYLE, |text| Ok(Box::new(polyhedra::Polyhedra::open(text)?))),
    (hops::HopsLayout::STYLE, |text| Ok(Box::new(hops::Hops::open(text)?))),
    (rdf::RdfLayout::STYLE, |text| Ok(Box::new(rdf::Rdf::open(text)?))),
    (vanhove::VanHoveLayout::STYLE, |text| Ok(Box::new(vanhove::VanHove::open(text)?))),
];

type OpenState = fn(&str) -> Result<Box<dyn Accumulator>>;

/// The saved state of a measurement that needs no further settings to be evaluated.
///
/// # Errors
/// Where `style` is none of these, or `text` is no state of it, of another version, or damaged.
pub fn open(style: &str, text: &str) -> Result<Box<dyn Accumulator>> {
    match OPENED_BY_STYLE.iter().find(|(known, _)| *known == style) {
        Some((_, open)) => open(text),
        None => Err(Error::State(format!("states of {style} cannot be joined"))),
    }
}
