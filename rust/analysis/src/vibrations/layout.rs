// SPDX-License-Identifier: MIT
//! Settings.

use serde::{Deserialize, Serialize};

use crate::measurement::Layout;
use crate::{Error, Result};

/// Lags x species at most: 500 MB of memory, and a state that a restart file can hold.
const MOST_SUMS: u64 = 1_000_000;
/// Time steps or samples between two events at most.
const LONGEST_STEP: u64 = 1_000_000_000_000;

/// A kind of atoms whose velocities are correlated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeciesLayout {
    /// Name for columns.
    pub name: String,
    /// Mass of an atom, amu.
    pub mass: f64,
    /// Number of atoms, all ranks together.
    pub atoms: u64,
}

/// Settings that decide what the sums mean; a saved state fits only the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VibrationsLayout {
    /// Lags, 0 included, in samples. Its time decides how fine the frequencies are: 1 / (2 (window - 1) x every).
    pub window: u64,
    /// Samples between time origins.
    pub spacing: u64,
    /// Time steps between samples.
    pub every: u64,
    /// Time step, ps.
    pub timestep_ps: f64,
    /// What is measured.
    pub types: Vec<SpeciesLayout>,
    /// Atoms in the box, measured or not: they share its volume.
    pub box_atoms: u64,
}

/// How the part of the VDOS that is no vibration is treated in the headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Not at all: everything is taken for harmonic.
    #[default]
    None,
    /// Frequencies below [`Evaluation::cut_thz`] are left out.
    Cut,
    /// As a hard-sphere gas.
    TwoPhase,
}

/// Settings that can change at any time: they decide what is made of the sums.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Temperature of the entropies, K; without one, the temperature of the velocities.
    pub temperature: Option<f64>,
    /// Lowest frequency that counts in the entropy with a cut, THz.
    pub cut_thz: f64,
    /// Which entropy is the headline.
    pub split: Split,
}

impl VibrationsLayout {
    /// Time between samples, and between lags, ps.
    #[must_use]
    pub fn lag_ps(&self) -> f64 {
        self.every as f64 * self.timestep_ps
    }

    /// Time origins whose window is open at once, at most.
    #[must_use]
    pub fn open_origins(&self) -> usize {
        self.window.div_ceil(self.spacing) as usize
    }

    /// Numbers in one atom's row: its velocities at the open origins.
    #[must_use]
    pub fn row_width(&self) -> usize {
        3 * self.open_origins()
    }

    /// Number of measured atoms.
    #[must_use]
    pub fn atoms(&self) -> u64 {
        self.types.iter().fold(0, |sum, species| sum.saturating_add(species.atoms))
    }
}

impl Layout for VibrationsLayout {
    const STYLE: &'static str = "ion/vdos";

    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        if !(2..=1_000_000).contains(&self.window) {
            return wrong(format!("a window of {} lags is not between 2 and 1000000", self.window));
        }
        if self.spacing == 0 || self.every == 0 {
            return wrong("samples and time origins must be at least one step apart".into());
        }
        if !(self.timestep_ps.is_finite() && self.timestep_ps > 0.0) {
            return wrong(format!("a time step of {} ps is no positive time", self.timestep_ps));
        }
        if self.spacing.max(self.every) > LONGEST_STEP {
            return wrong(format!("steps of {} are longer than any run", self.spacing.max(self.every)));
        }
        if self.window.saturating_mul(self.types.len() as u64) > MOST_SUMS {
            return wrong(format!(
                "{} lags of {} species need {} sums in each block: use a shorter window, or fewer species, so that these are \
                 {MOST_SUMS} or fewer",
                self.window,
                self.types.len(),
                self.window.saturating_mul(self.types.len() as u64)
            ));
        }
        if self.types.is_empty() {
            return wrong("vibrations need at least one species".into());
        }
        for (index, species) in self.types.iter().enumerate() {
            let name = &species.name;
            if name.is_empty() || name.contains(char::is_whitespace) {
                return wrong(format!("species name '{name}' is empty or has blanks"));
            }
            if name == "total" || self.types[..index].iter().any(|other| other.name == *name) {
                return wrong(format!("species name {name} is taken"));
            }
            if !(species.mass.is_finite() && species.mass > 0.0) {
                return wrong(format!("mass {} of {name} is not positive", species.mass));
            }
            if species.atoms == 0 {
                return wrong(format!("there are no atoms of {name}"));
            }
        }
        if self.box_atoms < self.atoms() {
            return wrong(format!("{} atoms are measured, and the box holds {}", self.atoms(), self.box_atoms));
        }
        Ok(())
    }
}

impl Evaluation {
    pub(super) fn check(&self) -> Result<()> {
        if self.temperature.is_some_and(|kelvin| !(kelvin.is_finite() && kelvin > 0.0)) {
            return Err(Error::Settings("the temperature of the entropies must be positive".into()));
        }
        if !(self.cut_thz.is_finite() && self.cut_thz >= 0.0) {
            return Err(Error::Settings(format!("a cut at {} THz is no frequency", self.cut_thz)));
        }
        if self.split == Split::Cut && self.cut_thz == 0.0 {
            return Err(Error::Settings("a cut at 0 THz cuts nothing: set its frequency".into()));
        }
        Ok(())
    }
}
