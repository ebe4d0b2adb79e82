// SPDX-License-Identifier: MIT
//! Pairs of many frames.

use serde::{Deserialize, Serialize};

use super::counting::{Pairs, count};
use super::layout::RdfLayout;
use super::shells::{Shells, Weighted};
use crate::exact::LIMBS;
use crate::measurement::{KeepsSums, Measure, Sums, Total};
use crate::{Blocks, Error, MOST_BLOCKS, Merge as _, Result};

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RdfTotal {
    /// Frames.
    pub samples: u64,
    /// Pairs by distance.
    pub blocks: Blocks<Shells>,
}

impl Total for RdfTotal {
    type Layout = RdfLayout;
    type Block = Shells;

    fn empty(_: &RdfLayout) -> Self {
        Self::default()
    }

    fn samples(&self) -> u64 {
        self.samples
    }

    fn blocks(&self) -> &Blocks<Shells> {
        &self.blocks
    }

    fn fits(&self, layout: &RdfLayout) -> bool {
        let frames = self.blocks.all().iter().try_fold(0u64, |sum, block| sum.checked_add(block.frames));
        frames == Some(self.samples) && self.blocks.all().iter().all(|block| block.fits(layout))
    }
}

/// Radial distribution function over all ions and frames.
///
/// ```
/// use deepion_analysis::rdf::{Pairs, Rdf, RdfLayout};
/// use deepion_analysis::{Measure, Report};
///
/// let mut rdf = Rdf::new(RdfLayout { rmax: 8.0, bins: 4, every: 1, ions: 1, neighbors: 1, shared: 0 })?;
/// let positions = ndarray::arr2(&[[0.0, 0.0, 0.0], [3.0, 0.0, 4.0]]);
/// rdf.sample(&Pairs { positions: positions.view(), centers: &[0], offsets: &[0, 1], neighbors: &[1] }, 1000.0)?;
/// let increments = rdf.take_increments(); // those of all ranks are to be added
/// rdf.add_increments(&increments)?;
/// assert_eq!(rdf.thermo()?.array[2][3], 1.0); // neighbors up to 6 A
/// # Ok::<(), deepion_analysis::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rdf {
    sums: Sums<RdfTotal>,
    /// This rank's pairs since increments were last taken.
    local: Shells,
    /// Pairs of one frame.
    frame: Vec<u64>,
    /// Frames since increments were last added.
    pending: u64,
}

impl Rdf {
    /// # Errors
    /// Settings that cannot be right.
    pub fn new(layout: RdfLayout) -> Result<Self> {
        Ok(Self::with(Sums::new(layout)?))
    }

    /// A saved state with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this measurement, of another version, or damaged.
    pub fn open(text: &str) -> Result<Self> {
        Ok(Self::with(Sums::open(text)?))
    }

    fn with(sums: Sums<RdfTotal>) -> Self {
        Self { local: Shells::empty(&sums.layout), frame: vec![0; sums.layout.bins as usize], sums, pending: 0 }
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &RdfLayout {
        &self.sums.layout
    }

    /// Takes one frame: this rank's pairs; `volume` of the box, A^3, the same on all ranks.
    ///
    /// # Errors
    /// As [`count`], or where the volume is not positive.
    pub fn sample(&mut self, pairs: &Pairs<'_>, volume: f64) -> Result<()> {
        debug_assert!(!self.full() || self.pending == 0, "increments of the last block were not taken");
        if !(volume.is_finite() && volume > 0.0) {
            return Err(Error::Data(format!("a volume of the box of {volume} A^3 cannot be right")));
        }
        let Sums { layout, total, .. } = &mut self.sums;
        self.frame.fill(0);
        count(pairs, layout.rmax, &mut self.frame)?;
        for (bin, &pairs) in self.frame.iter().enumerate() {
            self.local.counts[bin] += pairs;
            self.local.weighted[bin].add_multiple(volume, pairs)?;
        }
        total.blocks.at(total.samples, || Shells::empty(layout))?.frames += 1;
        total.samples += 1;
        self.pending += 1;
        Ok(())
    }
}

impl Measure for Rdf {
    fn take_increments(&mut self) -> Vec<i64> {
        let counts = self.local.counts.iter().map(|&count| count as i64);
        let increments = counts.chain(self.local.weighted.iter().flat_map(|sum| sum.limbs())).collect();
        self.local = Shells::empty(&self.sums.layout);
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        let Sums { layout, total, .. } = &mut self.sums;
        let bins = layout.bins as usize;
        if sum.len() != bins * (1 + LIMBS) {
            return Err(Error::Internal(format!("{} increments of pairs, expected {}", sum.len(), bins * (1 + LIMBS))));
        }
        let (counts, limbs) = sum.split_at(bins);
        let weighted = limbs.chunks_exact(LIMBS).map(Weighted::from_limbs).collect::<Result<_>>()?;
        let increments = Shells { frames: 0, counts: counts.iter().map(|&count| count as u64).collect(), weighted };
        self.pending = 0;
        if let Some(last) = total.samples.checked_sub(1) {
            total.blocks.at(last, || Shells::empty(layout))?.merge(&increments)?;
        }
        Ok(())
    }

    fn full(&self) -> bool {
        self.sums.total.blocks.opens(self.sums.total.samples)
    }

    fn memory_bytes(&self) -> usize {
        self.frame.len() * (size_of::<u64>() + size_of::<Weighted>()) * (MOST_BLOCKS + 2)
    }
}

impl KeepsSums for Rdf {
    type Total = RdfTotal;

    fn sums(&self) -> &Sums<RdfTotal> {
        &self.sums
    }

    fn sums_mut(&mut self) -> &mut Sums<RdfTotal> {
        &mut self.sums
    }

    fn forget_increments(&mut self) {
        self.local = Shells::empty(&self.sums.layout);
        self.pending = 0;
    }
}
