// SPDX-License-Identifier: MIT
//! How often each coordination number occurred.

use serde::{Deserialize, Serialize};

use crate::blocks::add_count;
use crate::{Error, Merge, Result};

/// Numbers of ions by coordination number, for each cut-off. Integers: sums over frames, ranks and blocks are exact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// Frames.
    pub frames: u64,
    /// Ions with 0, 1, ... most, and more than most neighbors; cut-offs x (most + 2).
    bins: Vec<u64>,
    /// Sum of all coordination numbers, those above most included, for each cut-off.
    sums: Vec<u64>,
}

impl Histogram {
    /// An empty one for `cutoffs` cut-offs and coordination numbers up to `most` one by one.
    #[must_use]
    pub fn new(cutoffs: usize, most: u32) -> Self {
        Self { frames: 0, bins: vec![0; cutoffs * (most as usize + 2)], sums: vec![0; cutoffs] }
    }

    /// Adds the ions of one frame, or this rank's part of them; `counts`: ions x cut-offs.
    ///
    /// # Errors
    /// Where `counts` holds no whole number of rows.
    pub fn add_frame(&mut self, counts: &[u32]) -> Result<()> {
        let cutoffs = self.sums.len();
        if !counts.len().is_multiple_of(cutoffs) {
            return Err(Error::Data(format!(
                "{} coordination numbers cannot belong to {cutoffs} cut-offs",
                counts.len()
            )));
        }
        let width = self.width();
        for ion in counts.chunks_exact(cutoffs) {
            for (cutoff, &count) in ion.iter().enumerate() {
                self.bins[cutoff * width + (count as usize).min(width - 1)] += 1;
                self.sums[cutoff] += u64::from(count);
            }
        }
        self.frames += 1;
        Ok(())
    }

    /// Ions with 0, 1, ... most, and more than most neighbors within one cut-off.
    #[must_use]
    pub fn bins(&self, cutoff: usize) -> &[u64] {
        let width = self.width();
        &self.bins[cutoff * width..][..width]
    }

    /// Sum of the coordination numbers within one cut-off.
    #[must_use]
    pub fn sum(&self, cutoff: usize) -> u64 {
        self.sums[cutoff]
    }

    /// Number of cut-offs.
    #[must_use]
    pub fn cutoffs(&self) -> usize {
        self.sums.len()
    }

    /// Bins and sums, to be added over ranks; not the frames, which all ranks share.
    #[must_use]
    pub fn integers(&self) -> Vec<i64> {
        self.bins.iter().chain(&self.sums).map(|&count| count as i64).collect()
    }

    /// Adds the sum over ranks of their [`Histogram::integers`].
    ///
    /// # Errors
    /// Where they belong to other cut-offs or bins.
    pub fn add_integers(&mut self, sum: &[i64]) -> Result<()> {
        if sum.len() != self.bins.len() + self.sums.len() {
            return Err(Error::Internal(format!(
                "{} increments of coordination, expected {}",
                sum.len(),
                self.bins.len() + self.sums.len()
            )));
        }
        for (total, &more) in self.bins.iter_mut().chain(&mut self.sums).zip(sum) {
            add_count(total, more as u64)?;
        }
        Ok(())
    }

    /// Whether it has so many cut-offs and bins.
    #[must_use]
    pub fn fits(&self, cutoffs: usize, most: u32) -> bool {
        (self.bins.len(), self.sums.len()) == (cutoffs * (most as usize + 2), cutoffs)
    }

    fn width(&self) -> usize {
        self.bins.len() / self.sums.len()
    }
}

impl Merge for Histogram {
    fn merge(&mut self, other: &Self) -> Result<()> {
        add_count(&mut self.frames, other.frames)?;
        self.add_integers(&other.integers())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ion_lies_in_one_bin() {
        let mut histogram = Histogram::new(2, 3);
        histogram.add_frame(&[0, 3, 2, 9, 1, 4]).unwrap();
        assert_eq!(histogram.bins(0), [1, 1, 1, 0, 0]);
        assert_eq!(histogram.bins(1), [0, 0, 0, 1, 2]);
        assert_eq!((histogram.sum(0), histogram.sum(1), histogram.frames), (3, 16, 1));
        assert!(histogram.add_frame(&[1, 2, 3]).is_err());
        let copy = histogram.clone();
        histogram.merge(&copy).unwrap();
        assert_eq!((histogram.bins(1)[4], histogram.sum(1), histogram.frames), (4, 32, 2));
        assert!(histogram.merge(&Histogram::new(2, 4)).is_err());
    }
}
