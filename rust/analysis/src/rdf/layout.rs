// SPDX-License-Identifier: MIT
//! Settings.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::measurement::Layout;
use crate::{Error, Result};

/// More are narrower than any peak.
const MOST_BINS: u64 = 100_000;

/// Settings that decide what the counts mean; a saved state fits only the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RdfLayout {
    /// Largest distance, A.
    pub rmax: f64,
    /// Shells of equal width up to there.
    pub bins: u64,
    /// Time steps between samples.
    pub every: u64,
    /// Atoms in the middle, all ranks together.
    pub ions: u64,
    /// Atoms around them, all ranks together.
    pub neighbors: u64,
    /// Atoms that are in both groups.
    pub shared: u64,
}

impl RdfLayout {
    /// Width of a shell, A.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.rmax / self.bins as f64
    }

    /// Volume of a shell, A^3.
    #[must_use]
    pub fn volume(&self, bin: usize) -> f64 {
        let (inner, outer) = (bin as f64 * self.width(), (bin as f64 + 1.0) * self.width());
        4.0 * PI / 3.0 * (outer.powi(3) - inner.powi(3))
    }

    /// Neighbors that an ion can have.
    #[must_use]
    pub fn others(&self) -> f64 {
        self.neighbors as f64 - self.shared as f64 / self.ions as f64
    }
}

impl Layout for RdfLayout {
    const STYLE: &'static str = "ion/rdf";

    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        if !(self.rmax.is_finite() && self.rmax > 0.0) {
            return wrong(format!("a largest distance of {} A is no positive length", self.rmax));
        }
        if !(1..=MOST_BINS).contains(&self.bins) {
            return wrong(format!("{} bins are not between 1 and {MOST_BINS}", self.bins));
        }
        if self.every == 0 {
            return wrong("samples must be at least one time step apart".into());
        }
        if self.ions == 0 {
            return wrong("the group of ions is empty".into());
        }
        if self.shared > self.ions.min(self.neighbors) {
            return wrong(format!(
                "{} atoms cannot be in both a group of {} and one of {}",
                self.shared, self.ions, self.neighbors
            ));
        }
        if self.others() <= 0.0 {
            return wrong("no atom of the neighbor group can be a neighbor: it is empty, or the ion itself".into());
        }
        Ok(())
    }
}
