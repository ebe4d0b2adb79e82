// SPDX-License-Identifier: MIT
//! Sums of displacements at every lag.

use serde::{Deserialize, Serialize};

use super::onsager::pairs;
use crate::blocks::add_count;
use crate::motion::ION_GROUPS;
use crate::{Exact, Merge, Result};

/// Sum of squared displacements of ions, `A^2`: resolution 1e-18, range 1e20.
pub type Squares = Exact<60>;
/// Sum of fourth powers, or squares of the sum over all ions: resolution 4e-15, range 6e23.
pub type Powers = Exact<48>;
/// Sums of volumes (`A^3`) and temperatures (K) over samples.
pub type Average = Exact<40>;

/// Sums over origins (and ions) for each lag, and over samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Time origins; each stands for all ions.
    pub origins: Vec<u64>,
    /// Sum over origins and ions of dx^2, dy^2, dz^2.
    pub squares: Vec<[Squares; 3]>,
    /// Sum over origins and the ions of each group of |dr|^2.
    pub groups: Vec<[Squares; ION_GROUPS]>,
    /// Sum over origins and ions of |dr|^4.
    pub fourth: Vec<Powers>,
    /// Sum over origins of the squared components of the sum of all ions' displacements.
    pub collective: Vec<[Powers; 3]>,
    /// Sum over origins of the products of the summed displacements of each pair of species, in the order of
    /// [`super::pairs`]; empty where only the ions are followed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cross: Vec<Vec<Powers>>,
    /// Sum over samples of the kinetic temperature, K.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub kinetic: Average,
    /// Samples that came with a kinetic temperature.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub kinetic_samples: u64,
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Moments {
    /// No displacements yet at `lags` lags of so many species.
    #[must_use]
    pub fn empty(lags: usize, species: usize) -> Self {
        Self {
            origins: vec![0; lags],
            squares: vec![Default::default(); lags],
            groups: vec![Default::default(); lags],
            fourth: vec![Powers::default(); lags],
            collective: vec![Default::default(); lags],
            cross: if species == 0 { Vec::new() } else { vec![vec![Powers::default(); pairs(species).count()]; lags] },
            kinetic: Average::default(),
            kinetic_samples: 0,
        }
    }

    /// Whether all lists have these lengths.
    #[must_use]
    pub fn fits(&self, lags: usize, species: usize) -> bool {
        [self.origins.len(), self.squares.len(), self.groups.len(), self.fourth.len(), self.collective.len()]
            == [lags; 5]
            && self.cross.len() == if species == 0 { 0 } else { lags }
            && self.cross.iter().all(|of_lag| of_lag.len() == pairs(species).count())
    }
}

impl Merge for Moments {
    fn merge(&mut self, other: &Self) -> Result<()> {
        for lag in 0..self.origins.len() {
            add_count(&mut self.origins[lag], other.origins[lag])?;
            self.fourth[lag].merge(other.fourth[lag])?;
            for group in 0..ION_GROUPS {
                self.groups[lag][group].merge(other.groups[lag][group])?;
            }
            for axis in 0..3 {
                self.squares[lag][axis].merge(other.squares[lag][axis])?;
                self.collective[lag][axis].merge(other.collective[lag][axis])?;
            }
        }
        for (cross, other) in self.cross.iter_mut().flatten().zip(other.cross.iter().flatten()) {
            cross.merge(*other)?;
        }
        self.kinetic.merge(other.kinetic)?;
        add_count(&mut self.kinetic_samples, other.kinetic_samples)
    }
}
