// SPDX-License-Identifier: MIT
//! Settings.

use serde::{Deserialize, Serialize};

use super::detector::ROW_OF_STATE;
use crate::measurement::Layout;
use crate::motion::{Group, Reference};
use crate::{Error, Result};

/// Samples in the window at most: 24 kB for an ion.
const LONGEST_WINDOW: u64 = 1000;
/// Shells of hop lengths at most.
const MOST_BINS: u64 = 100_000;

/// Settings that decide what the sums mean; a saved state fits only the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HopsLayout {
    /// Samples in the window, even.
    pub window: u64,
    /// Distance between cages from which on a change is a hop, A.
    pub cut: f64,
    /// A hop returns where it ends nearer than this to where the one before began, A.
    pub back: f64,
    /// Lengths of hops below this one are told apart, A.
    pub rmax: f64,
    /// Shells of equal width up to there.
    pub bins: u64,
    /// Temperature, K; 0: not given.
    pub temperature: f64,
    /// Time steps between samples.
    pub every: u64,
    /// Time step, ps.
    pub timestep_ps: f64,
    /// Number of ions.
    pub ions: u64,
    /// What displacements are measured against.
    pub drift: Reference,
    /// Number of atoms that make the reference; 0: none.
    pub reference_atoms: u64,
}

impl HopsLayout {
    /// Time between samples, ps.
    #[must_use]
    pub fn interval(&self) -> f64 {
        self.every as f64 * self.timestep_ps
    }

    /// Width of a shell of hop lengths, A.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.rmax / self.bins as f64
    }

    /// Numbers that an ion carries along.
    #[must_use]
    pub fn row_width(&self) -> usize {
        3 * self.window as usize + ROW_OF_STATE
    }

    /// The atoms of the measurement.
    #[must_use]
    pub fn group(&self) -> Group {
        Group { ions: self.ions, drift: self.drift, reference_atoms: self.reference_atoms }
    }
}

impl Layout for HopsLayout {
    const STYLE: &'static str = "ion/hops";

    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        if !(4..=LONGEST_WINDOW).contains(&self.window) || !self.window.is_multiple_of(2) {
            return wrong(format!("a window of {} samples is no even number from 4 to {LONGEST_WINDOW}", self.window));
        }
        for (what, value) in
            [("distance between cages", self.cut), ("distance of a return", self.back), ("largest length", self.rmax)]
        {
            if !(value.is_finite() && value > 0.0) {
                return wrong(format!("a {what} of {value} A is no positive length"));
            }
        }
        if !(1..=MOST_BINS).contains(&self.bins) {
            return wrong(format!("{} bins are not between 1 and {MOST_BINS}", self.bins));
        }
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return wrong(format!("{} K is no temperature", self.temperature));
        }
        if self.every == 0 {
            return wrong("samples must be at least one time step apart".into());
        }
        if !(self.timestep_ps.is_finite() && self.timestep_ps > 0.0) {
            return wrong(format!("a time step of {} ps is no positive time", self.timestep_ps));
        }
        self.group().check()
    }
}
