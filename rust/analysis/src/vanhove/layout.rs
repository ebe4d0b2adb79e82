// SPDX-License-Identifier: MIT
//! Settings.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::measurement::Layout;
use crate::motion::{Group, Lags, Reference};
use crate::{Error, Result};

/// Lags x bins at most: 32 blocks of them take 260 MB.
const MOST_COUNTS: u64 = 1_000_000;
/// Wave numbers at most.
const MOST_Q: usize = 100;

/// Settings that decide what the sums mean; a saved state fits only the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VanHoveLayout {
    /// Displacements and distances below this one are told apart, A.
    pub rmax: f64,
    /// Shells of equal width up to there.
    pub bins: u64,
    /// Wave numbers of the scattering function, 1/A.
    pub q: Vec<f64>,
    /// Displacement below which an ion overlaps with where it was, A.
    pub overlap: f64,
    /// Lags on each level, >= 2.
    pub lags_per_level: u64,
    /// Levels, >= 1.
    pub levels: u64,
    /// Origins in each unit of the levels above the first.
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
    /// The distinct part; `None`: not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<DistinctLayout>,
}

/// Settings of the distinct part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DistinctLayout {
    /// Atoms around the ions, all ranks together.
    pub neighbors: u64,
    /// Atoms that are in both groups.
    pub shared: u64,
    /// Samples between two of those at which it is measured.
    pub spacing: u64,
}

impl VanHoveLayout {
    /// Width of a shell, A.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.rmax / self.bins as f64
    }

    /// Inner and outer border of a shell, A.
    #[must_use]
    pub fn shell(&self, bin: usize) -> (f64, f64) {
        (bin as f64 * self.width(), (bin as f64 + 1.0) * self.width())
    }

    /// Volume of a shell, A^3.
    #[must_use]
    pub fn volume(&self, bin: usize) -> f64 {
        let (inner, outer) = self.shell(bin);
        4.0 * PI / 3.0 * (outer.powi(3) - inner.powi(3))
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

    /// Lags of the distinct part in samples, and where each is among all lags: 0, which is none of them, one sample, and the last of each
    /// level. None without it.
    #[must_use]
    pub fn distinct_lags(&self) -> Vec<(u64, Option<usize>)> {
        if self.distinct.is_none() {
            return Vec::new();
        }
        let lags = self.lags();
        let all = lags.all();
        let mut chosen = vec![(0, None), (1, Some(0))];
        let mut unit = 1;
        for _ in 0..self.levels {
            unit *= self.lags_per_level;
            chosen.extend(all.iter().position(|&lag| lag == unit).map(|index| (unit, Some(index))));
        }
        chosen
    }

    /// The atoms of the measurement.
    #[must_use]
    pub fn group(&self) -> Group {
        Group { ions: self.ions, drift: self.drift, reference_atoms: self.reference_atoms }
    }

    fn check_distinct(&self, distinct: &DistinctLayout) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        let DistinctLayout { neighbors, shared, spacing } = *distinct;
        if spacing == 0 {
            return wrong("keyword distinct needs at least one sample from one measurement to the next".into());
        }
        if shared > self.ions.min(neighbors) {
            return wrong(format!("{shared} atoms cannot be in both a group of {} and one of {neighbors}", self.ions));
        }
        if neighbors as f64 - shared as f64 / self.ions as f64 <= 0.0 {
            return wrong(
                "no atom of the group of keyword distinct can be another one: it is empty, or the ion itself".into(),
            );
        }
        Ok(())
    }
}

impl Layout for VanHoveLayout {
    const STYLE: &'static str = "ion/vanhove";

    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        let length = |value: f64| value.is_finite() && value > 0.0;
        if !length(self.rmax) {
            return wrong(format!("a largest distance of {} A is no positive length", self.rmax));
        }
        if !length(self.overlap) {
            return wrong(format!("an overlap within {} A needs a positive length", self.overlap));
        }
        if self.q.is_empty() || self.q.len() > MOST_Q {
            return wrong(format!("{} wave numbers are not between 1 and {MOST_Q}", self.q.len()));
        }
        if let Some(q) = self.q.iter().find(|q| !length(**q)) {
            return wrong(format!("a wave number of {q} 1/A is not positive"));
        }
        if self.q.iter().enumerate().any(|(k, q)| self.q[..k].contains(q)) {
            return wrong("a wave number is given twice".into());
        }
        Lags::check(self.lags_per_level, self.levels, self.origins, self.every, self.timestep_ps)?;
        self.group().check()?;
        let counts = (self.lags().count() as u64).saturating_mul(self.bins);
        if self.bins == 0 || counts > MOST_COUNTS {
            return wrong(format!(
                "{} bins at each of {} lags are not between 1 and {MOST_COUNTS} counts: use fewer bins or lags",
                self.bins,
                self.lags().count()
            ));
        }
        self.distinct.as_ref().map_or(Ok(()), |distinct| self.check_distinct(distinct))
    }
}
