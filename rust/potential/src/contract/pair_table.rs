// SPDX-License-Identifier: MIT
//! A table of pair energies beside or in place of the Deep Potential: DP-ZBL, and linear models with a pair table.

use serde::{Deserialize, Serialize};

/// As stored in the model file (JSON). Lengths in Angstrom, energies in eV.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairTable {
    /// Name of the function pair `[k]`, r `[k, 1]` -> energy, its slope `[k, 1]`. Its first constant holds the coefficients
    /// [pairs x intervals, 4], row = pair x intervals + interval, cubic first, in the place 0 to 1 within the interval.
    pub function: String,
    /// Cutoff.
    pub rcut: f64,
    /// Neighbors that are kept, the nearest of all types together.
    pub sel: usize,
    /// Where the first interval starts.
    pub start: f64,
    /// Width of an interval.
    pub step: f64,
    /// Intervals of a pair of types.
    pub intervals: usize,
    /// What decides between table and Deep Potential; none: their sum.
    #[serde(deserialize_with = "Option::deserialize")]
    pub switch: Option<NearestSwitch>,
    /// Added to an atom's energy where there is a switch, per type.
    pub shift: Vec<f64>,
}

/// The weight w of the table, 1 - w of the Deep Potential: w is 1 for sigma < `rmin`, 0 for sigma >= `rmax` and
/// u^3 (-6 u^2 + 15 u - 10) + 1 between, with u = (sigma - `rmin`)/(`rmax` - `rmin`), where sigma = sum r e(r) / sum e(r), with
/// e(r) = exp(-r/`alpha`), is a smooth distance to the nearest neighbor.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NearestSwitch {
    /// Below, the table alone.
    pub rmin: f64,
    /// Above, the Deep Potential alone.
    pub rmax: f64,
    /// How sharply the nearest neighbor counts.
    pub alpha: f64,
    /// Whose neighbors count.
    pub of: NeighborsOf,
}

/// Whose neighbors count for [`NearestSwitch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighborsOf {
    /// Those within the table's cutoff.
    Table,
    /// Those of the first descriptor.
    Descriptor,
}
