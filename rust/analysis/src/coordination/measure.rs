// SPDX-License-Identifier: MIT
//! Coordination numbers of many frames.

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::layout::CoordinationLayout;
use crate::measurement::{KeepsSums, Measure, Sums, Total};
use crate::{Blocks, Error, MOST_BLOCKS, Merge as _, Result};

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CoordinationTotal {
    /// Frames.
    pub samples: u64,
    /// How often each coordination number occurred.
    pub blocks: Blocks<Histogram>,
}

impl Total for CoordinationTotal {
    type Layout = CoordinationLayout;
    type Block = Histogram;

    fn empty(_: &CoordinationLayout) -> Self {
        Self::default()
    }

    fn samples(&self) -> u64 {
        self.samples
    }

    fn blocks(&self) -> &Blocks<Histogram> {
        &self.blocks
    }

    fn fits(&self, layout: &CoordinationLayout) -> bool {
        self.blocks.all().iter().all(|block| block.fits(layout.cutoffs.len(), layout.most))
    }
}

/// Distribution of coordination numbers over all ions and frames.
#[derive(Clone, Debug)]
pub struct Coordination {
    sums: Sums<CoordinationTotal>,
    /// This rank's ions since increments were last taken.
    local: Histogram,
    /// Frames since increments were last added.
    pending: u64,
}

impl Coordination {
    /// # Errors
    /// Settings that cannot be right.
    pub fn new(layout: CoordinationLayout) -> Result<Self> {
        Ok(Self::with(Sums::new(layout)?))
    }

    /// A saved state with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this measurement, of another version, or damaged.
    pub fn open(text: &str) -> Result<Self> {
        Ok(Self::with(Sums::open(text)?))
    }

    fn with(sums: Sums<CoordinationTotal>) -> Self {
        Self { local: empty(&sums.layout), sums, pending: 0 }
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &CoordinationLayout {
        &self.sums.layout
    }

    /// Takes one frame; `counts`: coordination numbers of this rank's ions, ions x cut-offs ([`super::count`]).
    ///
    /// # Errors
    /// Where `counts` holds no whole number of rows.
    pub fn sample(&mut self, counts: &[u32]) -> Result<()> {
        debug_assert!(!self.full() || self.pending == 0, "increments of the last block were not taken");
        let Sums { layout, total, .. } = &mut self.sums;
        self.local.add_frame(counts)?;
        total.blocks.at(total.samples, || empty(layout))?.frames += 1;
        total.samples += 1;
        self.pending += 1;
        Ok(())
    }

    /// Frames of all runs.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.sums.samples()
    }

    /// All frames together.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn histogram(&self) -> Result<Histogram> {
        Ok(self.sums.runs().total()?.unwrap_or_else(|| empty(&self.sums.layout)))
    }
}

fn empty(layout: &CoordinationLayout) -> Histogram {
    Histogram::new(layout.cutoffs.len(), layout.most)
}

impl Measure for Coordination {
    fn take_increments(&mut self) -> Vec<i64> {
        let increments = self.local.integers();
        self.local = empty(&self.sums.layout);
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        let Sums { layout, total, .. } = &mut self.sums;
        let mut increments = empty(layout);
        increments.add_integers(sum)?;
        let found: u64 = increments.bins(0).iter().sum();
        if Some(found) != self.pending.checked_mul(layout.ions) {
            return Err(Error::Data(format!(
                "{found} coordination numbers in {} frames of {} ions: ions were lost or added",
                self.pending, layout.ions
            )));
        }
        self.pending = 0;
        if let Some(last) = total.samples.checked_sub(1) {
            total.blocks.at(last, || empty(layout))?.merge(&increments)?;
        }
        Ok(())
    }

    fn full(&self) -> bool {
        self.sums.total.blocks.opens(self.sums.total.samples)
    }

    fn memory_bytes(&self) -> usize {
        let integers = self.sums.layout.cutoffs.len() * (self.sums.layout.most as usize + 3);
        size_of::<u64>() * integers * (MOST_BLOCKS + 1)
    }
}

impl KeepsSums for Coordination {
    type Total = CoordinationTotal;

    fn sums(&self) -> &Sums<CoordinationTotal> {
        &self.sums
    }

    fn sums_mut(&mut self) -> &mut Sums<CoordinationTotal> {
        &mut self.sums
    }

    fn forget_increments(&mut self) {
        self.local = empty(&self.sums.layout);
        self.pending = 0;
    }
}
