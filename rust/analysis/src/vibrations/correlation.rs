// SPDX-License-Identifier: MIT
//! Sums of velocity products.

use serde::{Deserialize, Serialize};

use super::layout::VibrationsLayout;
use crate::blocks::add_count;
use crate::{Exact, Merge, Result};

/// Sums of v(t0).v(t0 + lag), (A/ps)^2. A product is 10 to 10^4, and its own rounding as f64 1e-15 to 1e-12: a resolution of
/// 2^-44 = 6e-14 adds nothing visible. The range, 2^82 = 5e24, lasts for 10^6 hot atoms (10^4 each) at 10^14 origins.
pub type Products = Exact<44>;
/// Sums of the volume, A^3: boxes of 10^9 A^3 (10^8 atoms) for 10^15 samples.
pub type Volume = Exact<44>;

/// What was summed over one stretch of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// Samples.
    pub samples: u64,
    /// Sum of the volume over samples.
    pub volume: Volume,
    /// Time origins that reached each lag.
    pub origins: Vec<u64>,
    /// Velocity products over atoms and origins, species x lags.
    pub products: Vec<Products>,
}

impl Correlation {
    /// Nothing yet.
    pub fn empty(layout: &VibrationsLayout) -> Self {
        let window = layout.window as usize;
        Self {
            samples: 0,
            volume: Volume::default(),
            origins: vec![0; window],
            products: vec![Products::default(); layout.types.len() * window],
        }
    }

    /// Whether it was made with the sizes of `layout`.
    pub fn fits(&self, layout: &VibrationsLayout) -> bool {
        let window = layout.window as usize;
        self.origins.len() == window && self.products.len() == window * layout.types.len()
    }

    /// Origins whose whole window was seen: all lags have data where this is not zero.
    pub fn complete(&self) -> u64 {
        self.origins.last().copied().unwrap_or(0)
    }

    /// Mean volume, A^3.
    pub fn mean_volume(&self) -> f64 {
        self.volume.value() / self.samples.max(1) as f64
    }

    /// m <v(t0).v(t0 + lag)> of one species at all lags, amu (A/ps)^2 per atom; `None` before a window is complete.
    pub fn vacf(&self, layout: &VibrationsLayout, species: usize) -> Option<Vec<f64>> {
        if self.complete() == 0 {
            return None;
        }
        let (mass, atoms) = (layout.types[species].mass, layout.types[species].atoms as f64);
        let products = &self.products[species * self.origins.len()..][..self.origins.len()];
        // every atom has the same origins: one count per lag is enough
        let mean = |(sum, &origins): (&Products, &u64)| mass * sum.value() / (origins as f64 * atoms);
        Some(products.iter().zip(&self.origins).map(mean).collect())
    }
}

impl Merge for Correlation {
    fn merge(&mut self, other: &Self) -> Result<()> {
        add_count(&mut self.samples, other.samples)?;
        self.volume.merge(other.volume)?;
        for (origins, more) in self.origins.iter_mut().zip(&other.origins) {
            add_count(origins, *more)?;
        }
        for (sum, more) in self.products.iter_mut().zip(&other.products) {
            sum.merge(*more)?;
        }
        Ok(())
    }
}
