// SPDX-License-Identifier: MIT
//! Settings.

use serde::{Deserialize, Serialize};

use super::lags::Lags;
use super::located::{Group, Reference};
use crate::measurement::Layout;
use crate::{Error, Result, constants};

/// Positions kept for an ion at most: 240 kB.
const MOST_PLACES: u64 = 10_000;

/// Settings that decide what the sums mean; a saved state fits only the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransportLayout {
    /// Lags on each level, >= 2.
    pub lags_per_level: u64,
    /// Levels, >= 1: the longest lag is `lags_per_level`^`levels` samples.
    pub levels: u64,
    /// Origins in each unit of the levels above the first, a divisor of `lags_per_level`; 1 in states that do not say so.
    #[serde(default = "one")]
    pub origins: u64,
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
    /// Charge of an ion, elementary charges.
    pub charge: f64,
}

fn one() -> u64 {
    1
}

impl TransportLayout {
    /// Origins where none are asked for: the largest divisor of the lags per level up to 5. From 5 on the error of D gains less
    /// than 2 % by twice as many, at most lags nothing, and memory doubles.
    #[must_use]
    pub fn usual_origins(lags_per_level: u64) -> u64 {
        (1..=5).rev().find(|&origins| lags_per_level.is_multiple_of(origins)).unwrap_or(1)
    }

    /// Time between samples, ps.
    #[must_use]
    pub fn interval(&self) -> f64 {
        self.every as f64 * self.timestep_ps
    }

    /// Geometry of the lags.
    #[must_use]
    pub fn lags(&self) -> Lags {
        Lags::new(self.lags_per_level, self.levels, self.origins)
    }

    /// All lags in ps.
    #[must_use]
    pub fn lags_ps(&self) -> Vec<f64> {
        self.lags().all().iter().map(|&lag| lag as f64 * self.interval()).collect()
    }

    /// The atoms of the measurement.
    #[must_use]
    pub fn group(&self) -> Group {
        Group { ions: self.ions, drift: self.drift, reference_atoms: self.reference_atoms }
    }
}

impl Layout for TransportLayout {
    const STYLE: &'static str = "ion/transport";

    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        if self.lags_per_level < 2 || self.levels < 1 {
            return wrong("lags needs at least 2 lags per level and 1 level".into());
        }
        if self.origins == 0 || !self.lags_per_level.is_multiple_of(self.origins) {
            return wrong(format!(
                "origins {} is no divisor of the {} lags per level: use one, for example {}",
                self.origins,
                self.lags_per_level,
                Self::usual_origins(self.lags_per_level)
            ));
        }
        let places =
            (self.levels - 1).saturating_mul(self.origins).saturating_add(1).saturating_mul(self.lags_per_level);
        if places > MOST_PLACES {
            return wrong(format!(
                "lags {} {} with origins {} means {places} positions kept for every ion: use {MOST_PLACES} or fewer",
                self.lags_per_level, self.levels, self.origins
            ));
        }
        // beyond this a lag in steps is no 64-bit number, and no run is that long
        if (self.lags_per_level as f64).powi(self.levels as i32) * self.every as f64 > 1e18 {
            return wrong(format!(
                "lags {} {} means a longest lag of {}^{} samples: use fewer levels",
                self.lags_per_level, self.levels, self.lags_per_level, self.levels
            ));
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

/// Units of diffusion coefficients and conductivities in results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiffusionUnits {
    /// cm^2/s and S/cm.
    #[default]
    Cgs,
    /// m^2/s and S/m.
    Si,
}

impl DiffusionUnits {
    /// Factor from A^2/ps, and name.
    #[must_use]
    pub fn diffusion(self) -> (f64, &'static str) {
        match self {
            Self::Cgs => (constants::CM2_PER_S, "cm^2/s"),
            Self::Si => (constants::M2_PER_S, "m^2/s"),
        }
    }

    /// Factor from S/cm, and name.
    #[must_use]
    pub fn conductivity(self) -> (f64, &'static str) {
        match self {
            Self::Cgs => (1.0, "S/cm"),
            Self::Si => (100.0, "S/m"),
        }
    }
}

/// Which lags the straight line goes through.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Fit {
    /// Lines from all starts, averaged by how well they fit: where the slope is constant.
    #[default]
    Stationary,
    /// The widest stretch with |beta - 1| < 0.05, and weights 1/t^3 within it: the rule of the first versions.
    Beta,
    /// From one lag to another, ps.
    Window(f64, f64),
}

/// How sums become results; may change from run to run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Lags of the straight line.
    pub fit: Fit,
    /// Units of results.
    pub units: DiffusionUnits,
}
