// SPDX-License-Identifier: MIT
//! How many pairs were at each distance.

use serde::{Deserialize, Serialize};

use super::layout::RdfLayout;
use crate::blocks::add_count;
use crate::{Exact, Merge, Result};

/// Sum over frames of pairs x volume, A^3: resolution 1e-12, range 1e26.
pub type Weighted = Exact<40>;

/// Pairs by distance over some frames. Integers: sums over frames, ranks and blocks are exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shells {
    /// Frames.
    pub frames: u64,
    /// Pairs in each shell.
    pub counts: Vec<u64>,
    /// The same, each frame multiplied by its volume: g(r) of a frame is proportional to that.
    pub weighted: Vec<Weighted>,
}

impl Shells {
    /// No frames yet.
    #[must_use]
    pub fn empty(layout: &RdfLayout) -> Self {
        let bins = layout.bins as usize;
        Self { frames: 0, counts: vec![0; bins], weighted: vec![Weighted::default(); bins] }
    }

    /// Whether it has so many shells.
    #[must_use]
    pub fn fits(&self, layout: &RdfLayout) -> bool {
        [self.counts.len() as u64, self.weighted.len() as u64] == [layout.bins; 2]
    }

    /// Mean of g(r) over frames, in each shell.
    #[must_use]
    pub fn g(&self, layout: &RdfLayout) -> Vec<f64> {
        let norm = layout.ions as f64 * layout.others() * self.frames.max(1) as f64;
        let of = |(bin, weighted): (usize, &Weighted)| weighted.value() / (layout.volume(bin) * norm);
        self.weighted.iter().enumerate().map(of).collect()
    }

    /// Mean number of neighbors nearer than the outer border of each shell.
    #[must_use]
    pub fn coordination(&self, layout: &RdfLayout) -> Vec<f64> {
        let norm = layout.ions as f64 * self.frames.max(1) as f64;
        let running = self.counts.iter().scan(0u64, |sum, &count| {
            *sum = sum.saturating_add(count);
            Some(*sum as f64 / norm)
        });
        running.collect()
    }
}

impl Merge for Shells {
    fn merge(&mut self, other: &Self) -> Result<()> {
        add_count(&mut self.frames, other.frames)?;
        for (count, &more) in self.counts.iter_mut().zip(&other.counts) {
            add_count(count, more)?;
        }
        for (sum, &more) in self.weighted.iter_mut().zip(&other.weighted) {
            sum.merge(more)?;
        }
        Ok(())
    }
}
