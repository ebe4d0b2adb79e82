// SPDX-License-Identifier: MIT
//! Settings.

use serde::{Deserialize, Serialize};

use crate::measurement::Layout;
use crate::motion::Lags;
use crate::{Error, Result};

/// Moments at which all bonds are kept, at most.
const MOST_PLACES: u64 = 1000;

/// Settings that decide what the sums mean; a saved state fits only the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolyhedraLayout {
    /// A bond is made where a ligand comes nearer than this to a center, A.
    pub made: f64,
    /// It is broken where the ligand is farther away than this, A.
    pub broken: f64,
    /// Lags on each level, >= 2.
    pub lags_per_level: u64,
    /// Levels, >= 1: the longest lag is `lags_per_level`^`levels` samples.
    pub levels: u64,
    /// Time steps between samples.
    pub every: u64,
    /// Time step, ps.
    pub timestep_ps: f64,
    /// Number of centers.
    pub centers: u64,
    /// Number of ligands.
    pub ligands: u64,
    /// What centers and ligands are called in the names of clusters.
    pub names: [String; 2],
}

impl PolyhedraLayout {
    /// Time between samples, ps.
    #[must_use]
    pub fn interval(&self) -> f64 {
        self.every as f64 * self.timestep_ps
    }

    /// Geometry of the lags.
    #[must_use]
    pub fn lags(&self) -> Lags {
        Lags::new(self.lags_per_level, self.levels, 1)
    }
}

impl Layout for PolyhedraLayout {
    const STYLE: &'static str = "ion/polyhedra";

    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        let lengths = [self.made, self.broken];
        if lengths.iter().any(|length| !length.is_finite() || *length <= 0.0) || self.made > self.broken {
            return wrong(format!(
                "bonds need a length at which they are made and one, not smaller, at which they break, not {} and {} A",
                self.made, self.broken
            ));
        }
        if self.lags_per_level < 2 || self.levels < 1 {
            return wrong("lags needs at least 2 lags per level and 1 level".into());
        }
        let places = self.lags_per_level.saturating_mul(self.levels);
        if places > MOST_PLACES {
            return wrong(format!(
                "lags {} {} means that all bonds are kept at {places} moments: use {MOST_PLACES} or fewer",
                self.lags_per_level, self.levels
            ));
        }
        // beyond this a lag in steps is no 64-bit number, and no run is that long
        if (self.lags_per_level as f64).powi(self.levels as i32) * self.every as f64 > 1e18 {
            return wrong(format!("lags {} {}: use fewer levels", self.lags_per_level, self.levels));
        }
        if self.every == 0 {
            return wrong("samples must be at least one time step apart".into());
        }
        if !self.timestep_ps.is_finite() || self.timestep_ps <= 0.0 {
            return wrong(format!("a time step of {} ps is no positive time", self.timestep_ps));
        }
        if self.centers == 0 || self.ligands == 0 {
            return wrong("there must be centers and ligands".into());
        }
        let good = |name: &String| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphabetic());
        if !self.names.iter().all(good) {
            return wrong(format!(
                "names of letters are needed, such as P and S, not {} and {}",
                self.names[0], self.names[1]
            ));
        }
        Ok(())
    }
}
