// SPDX-License-Identifier: MIT
//! Settings.

use serde::{Deserialize, Serialize};

use crate::measurement::Layout;
use crate::motion::{Group, Lags, Reference};
use crate::transport::onsager::{self, Species};
use crate::{Result, constants};

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
    /// Species whose collective displacements are correlated, the ions first; none: only those of the ions are followed.
    #[serde(default)]
    pub species: Vec<Species>,
}

fn one() -> u64 {
    1
}

impl TransportLayout {
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
        Lags::check(self.lags_per_level, self.levels, self.origins, self.every, self.timestep_ps)?;
        self.group().check()?;
        onsager::check(&self.species, self.ions)
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
