// SPDX-License-Identifier: MIT
//! Sums over displacements at every lag.

use serde::{Deserialize, Serialize};

use super::layout::VanHoveLayout;
use crate::blocks::add_count;
use crate::exact::LIMBS;
use crate::{Error, Exact, Merge, Result};

/// Sum of squared displacements, A^2: resolution 1e-18, range 1e20.
pub type Squares = Exact<60>;
/// Sum of fourth powers: resolution 4e-15, range 6e23.
pub type Powers = Exact<48>;
/// Sum of sin(q d) / (q d): resolution 1e-18, range 1e20.
pub type Waves = Exact<60>;
/// Sum of pairs x volume, A^3: resolution 1e-12, range 1e26.
pub type Weighted = Exact<40>;

/// Sums over origins and ions. Lists over lags, and over bins or wave numbers within a lag, are one list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Displaced {
    /// Time origins of each lag; each stands for all ions.
    pub origins: Vec<u64>,
    /// Displacements in each shell, lags x bins.
    pub counts: Vec<u64>,
    /// Sum of |d|^2.
    pub squares: Vec<Squares>,
    /// Sum of |d|^4.
    pub fourth: Vec<Powers>,
    /// Sum of sin(q d) / (q d), lags x wave numbers.
    pub waves: Vec<Waves>,
    /// Ions that overlap with where they were.
    pub overlaps: Vec<u64>,
    /// Sum over origins of the square of their number.
    pub overlaps2: Vec<Exact<0>>,
    /// Frames of each lag of the distinct part.
    pub frames: Vec<u64>,
    /// Pairs in each shell, distinct lags x bins.
    pub pairs: Vec<u64>,
    /// The same, each frame multiplied by its volume.
    pub weighted: Vec<Weighted>,
}

impl Displaced {
    /// Nothing yet.
    #[must_use]
    pub fn empty(layout: &VanHoveLayout) -> Self {
        let (lags, bins) = (layout.lags().count(), layout.bins as usize);
        let distinct = layout.distinct_lags().len();
        Self {
            origins: vec![0; lags],
            counts: vec![0; lags * bins],
            squares: vec![Exact::default(); lags],
            fourth: vec![Exact::default(); lags],
            waves: vec![Exact::default(); lags * layout.q.len()],
            overlaps: vec![0; lags],
            overlaps2: vec![Exact::default(); lags],
            frames: vec![0; distinct],
            pairs: vec![0; distinct * bins],
            weighted: vec![Exact::default(); distinct * bins],
        }
    }

    /// Whether all lists have the lengths that `layout` asks for.
    #[must_use]
    pub fn fits(&self, layout: &VanHoveLayout) -> bool {
        self.lengths() == Self::empty(layout).lengths()
    }

    fn lengths(&self) -> [usize; 10] {
        [
            self.origins.len(),
            self.counts.len(),
            self.squares.len(),
            self.fourth.len(),
            self.waves.len(),
            self.overlaps.len(),
            self.overlaps2.len(),
            self.frames.len(),
            self.pairs.len(),
            self.weighted.len(),
        ]
    }

    /// Integers that stand for what one rank adds to: everything but origins, overlaps and frames, which are the same on all ranks or
    /// come apart.
    #[must_use]
    pub fn increments(&self) -> Vec<i64> {
        let counts = self.counts.iter().chain(&self.pairs).map(|&count| count as i64);
        let mut increments: Vec<i64> = counts.collect();
        increments.extend(self.squares.iter().flat_map(|sum| sum.limbs()));
        increments.extend(self.fourth.iter().flat_map(|sum| sum.limbs()));
        increments.extend(self.waves.iter().flat_map(|sum| sum.limbs()));
        increments.extend(self.weighted.iter().flat_map(|sum| sum.limbs()));
        increments
    }

    /// Their number.
    #[must_use]
    pub fn increments_len(&self) -> usize {
        let exact = self.squares.len() + self.fourth.len() + self.waves.len() + self.weighted.len();
        self.counts.len() + self.pairs.len() + LIMBS * exact
    }

    /// Adds the sum over ranks of [`Displaced::increments`].
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn add(&mut self, sum: &[i64]) -> Result<()> {
        if sum.len() != self.increments_len() {
            return Err(Error::Internal(format!(
                "{} increments of displacements, expected {}",
                sum.len(),
                self.increments_len()
            )));
        }
        let (counts, limbs) = sum.split_at(self.counts.len() + self.pairs.len());
        for (count, &more) in self.counts.iter_mut().chain(&mut self.pairs).zip(counts) {
            add_count(count, more as u64)?;
        }
        let mut limbs = limbs.chunks_exact(LIMBS);
        let mut next = || limbs.next().unwrap_or_default();
        self.squares.iter_mut().try_for_each(|sum| sum.merge(Exact::from_limbs(next())?))?;
        self.fourth.iter_mut().try_for_each(|sum| sum.merge(Exact::from_limbs(next())?))?;
        self.waves.iter_mut().try_for_each(|sum| sum.merge(Exact::from_limbs(next())?))?;
        self.weighted.iter_mut().try_for_each(|sum| sum.merge(Exact::from_limbs(next())?))
    }

    /// Adds the number of ions of all ranks that overlap with where they were at one origin.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn add_overlap(&mut self, lag: usize, ions: u64) -> Result<()> {
        add_count(&mut self.overlaps[lag], ions)?;
        // exact below 9e7 ions
        self.overlaps2[lag].add((ions as f64).powi(2))
    }
}

fn merge<const BITS: u32>(sums: &mut [Exact<BITS>], others: &[Exact<BITS>]) -> Result<()> {
    sums.iter_mut().zip(others).try_for_each(|(sum, &other)| sum.merge(other))
}

impl Merge for Displaced {
    fn merge(&mut self, other: &Self) -> Result<()> {
        for (counts, others) in [
            (&mut self.origins, &other.origins),
            (&mut self.counts, &other.counts),
            (&mut self.overlaps, &other.overlaps),
            (&mut self.frames, &other.frames),
            (&mut self.pairs, &other.pairs),
        ] {
            counts.iter_mut().zip(others).try_for_each(|(count, &more)| add_count(count, more))?;
        }
        merge(&mut self.squares, &other.squares)?;
        merge(&mut self.fourth, &other.fourth)?;
        merge(&mut self.waves, &other.waves)?;
        merge(&mut self.overlaps2, &other.overlaps2)?;
        merge(&mut self.weighted, &other.weighted)
    }
}
