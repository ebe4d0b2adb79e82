// SPDX-License-Identifier: MIT
//! A run cut into blocks of equal length, with bounded memory: the source of every error bar.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Blocks held at most. When they are full, neighbors are merged and blocks become twice as long.
pub const MOST_BLOCKS: usize = 32;

/// What can be added up over blocks, ranks and replicas.
pub trait Merge {
    /// Adds `other` to `self`.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    fn merge(&mut self, other: &Self) -> Result<()>;

    /// Whether equal sums tell that two runs are the same: not where nothing that was counted has happened yet.
    fn telling(&self) -> bool {
        true
    }
}

/// Adds a count to another.
///
/// # Errors
/// Where the sum is no 64-bit number, which only damaged data can bring about.
pub fn add_count(total: &mut u64, more: u64) -> Result<()> {
    *total = total
        .checked_add(more)
        .ok_or_else(|| Error::Data("a count is too large: the saved state is damaged".into()))?;
    Ok(())
}

/// Blocks of `length` consecutive samples each, the last one being filled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blocks<T> {
    length: u64,
    blocks: Vec<T>,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { length: 1, blocks: Vec::new() }
    }
}

impl<T: Merge + Clone> Blocks<T> {
    /// Samples per block.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// All blocks, the last of which may not be full.
    #[must_use]
    pub fn all(&self) -> &[T] {
        &self.blocks
    }

    /// The block that sample number `sample` (from 0 on, in order) belongs to, made with `empty` where it is new.
    ///
    /// # Errors
    /// Where a merged sum leaves its range.
    pub fn at(&mut self, sample: u64, empty: impl FnOnce() -> T) -> Result<&mut T> {
        self.at_most(MOST_BLOCKS, sample, empty)
    }

    /// The same with at most so many blocks, for large ones.
    ///
    /// # Errors
    /// As [`Blocks::at`].
    pub fn at_most(&mut self, most: usize, sample: u64, empty: impl FnOnce() -> T) -> Result<&mut T> {
        while sample / self.length >= most as u64 {
            self.double()?;
        }
        let index = (sample / self.length) as usize;
        if index >= self.blocks.len() {
            self.blocks.push(empty());
        }
        Ok(&mut self.blocks[index])
    }

    /// Whether these can be the blocks of so many samples: saved ones may be damaged.
    #[must_use]
    pub fn fit(&self, samples: u64) -> bool {
        // beyond 2^53 samples no number of them is exact, and no run is that long
        self.length.is_power_of_two()
            && samples < 1 << 53
            && self.blocks.len() <= MOST_BLOCKS
            && self.blocks.len() as u64 == samples.div_ceil(self.length)
    }

    /// Whether `sample` opens a block.
    #[must_use]
    pub fn opens(&self, sample: u64) -> bool {
        sample.is_multiple_of(self.length)
    }

    /// Blocks of at least `length` samples each, merged from neighbors; `samples` is the number of samples so far. A last
    /// block that is not full is left out.
    ///
    /// # Errors
    /// Where a merged sum leaves its range.
    pub fn coarse(&self, length: u64, samples: u64) -> Result<Vec<T>> {
        let each = length.div_ceil(self.length).max(1) as usize;
        let full = (samples / self.length) as usize;
        self.blocks[..full.min(self.blocks.len())].chunks_exact(each).map(sum).collect()
    }

    /// The sum of all blocks; `None` before the first sample.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn total(&self) -> Result<Option<T>> {
        if self.blocks.is_empty() { Ok(None) } else { sum(&self.blocks).map(Some) }
    }

    fn double(&mut self) -> Result<()> {
        // no second copy: blocks may be large
        let mut old = std::mem::take(&mut self.blocks).into_iter();
        while let Some(mut block) = old.next() {
            if let Some(next) = old.next() {
                block.merge(&next)?;
            }
            self.blocks.push(block);
        }
        self.length *= 2;
        Ok(())
    }
}

fn sum<T: Merge + Clone>(blocks: &[T]) -> Result<T> {
    let mut sum = blocks[0].clone();
    for block in &blocks[1..] {
        sum.merge(block)?;
    }
    Ok(sum)
}

/// Blocks of several independent runs, with their numbers of samples.
#[derive(Clone, Debug)]
pub struct Runs<'a, T>(Vec<(&'a Blocks<T>, u64)>);

impl<'a, T> FromIterator<(&'a Blocks<T>, u64)> for Runs<'a, T> {
    fn from_iter<I: IntoIterator<Item = (&'a Blocks<T>, u64)>>(runs: I) -> Self {
        Self(runs.into_iter().collect())
    }
}

impl<T: Merge + Clone> Runs<'_, T> {
    /// Samples of all runs.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.0.iter().map(|(_, samples)| samples).sum()
    }

    /// The sum of all blocks of all runs; `None` before the first sample.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn total(&self) -> Result<Option<T>> {
        let mut blocks = self.0.iter().flat_map(|(blocks, _)| &blocks.blocks);
        let Some(mut sum) = blocks.next().cloned() else { return Ok(None) };
        for block in blocks {
            sum.merge(block)?;
        }
        Ok(Some(sum))
    }

    /// The full blocks of every run as they are.
    pub fn full_blocks(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flat_map(|(blocks, samples)| {
            let full = (samples / blocks.length) as usize;
            &blocks.blocks[..full.min(blocks.blocks.len())]
        })
    }

    /// Full blocks of at least `length` samples, as [`Blocks::coarse`] of every run.
    ///
    /// # Errors
    /// Where a merged sum leaves its range.
    pub fn coarse(&self, length: u64) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for (blocks, samples) in &self.0 {
            all.extend(blocks.coarse(length, *samples)?);
        }
        Ok(all)
    }

    /// Refuses a run that is one of these, or its continuation, or was continued by it: counted twice, its data would make
    /// errors too small. Told by the sums of the samples that both have, in blocks of the coarser length.
    ///
    /// # Errors
    /// Where it is, or where a merged sum leaves its range.
    pub fn check_other(&self, blocks: &Blocks<T>, samples: u64) -> Result<()>
    where
        T: PartialEq,
    {
        // what never changes, as rigid coordination, is alike in all runs
        let own = blocks.coarse(blocks.length, samples)?;
        if own.len() > 1 && own.windows(2).all(|pair| pair[0] == pair[1]) {
            return Ok(());
        }
        for (known, known_samples) in &self.0 {
            let length = known.length.max(blocks.length);
            let (known, new) = (known.coarse(length, *known_samples)?, blocks.coarse(length, samples)?);
            let shared = known.len().min(new.len());
            // one sample alone has no displacement yet, and is the same in all runs
            let alike = known[..shared] == new[..shared] && known[..shared].iter().any(Merge::telling);
            if shared as u64 * length > 1 && alike {
                return Err(Error::State(
                    "this is the same run as another of the states, or one goes on from the other: give each run once, by \
                     its newest state"
                        .into(),
                ));
            }
        }
        Ok(())
    }

    /// Length of the shortest blocks that [`Runs::coarse`] makes of at least `length` samples.
    #[must_use]
    pub fn rounded(&self, length: u64) -> u64 {
        let rounded = |blocks: &Blocks<T>| length.div_ceil(blocks.length()).max(1) * blocks.length();
        self.0.iter().map(|(blocks, _)| rounded(blocks)).min().unwrap_or(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Merge for u64 {
        fn merge(&mut self, other: &Self) -> Result<()> {
            *self += other;
            Ok(())
        }
    }

    #[test]
    fn every_sample_is_counted_once_in_blocks_of_equal_length() {
        let mut blocks = Blocks::<u64>::default();
        for sample in 0..1000u64 {
            *blocks.at(sample, || 0).unwrap() += 1;
            assert!(blocks.all().len() <= MOST_BLOCKS);
            assert_eq!(blocks.total().unwrap(), Some(sample + 1));
            let full = &blocks.all()[..blocks.all().len() - 1];
            assert!(full.iter().all(|&count| count == blocks.length()));
        }
        assert_eq!(blocks.length(), 32);
        assert_eq!(blocks.coarse(100, 1000).unwrap(), vec![128; 7]);
        assert!(blocks.fit(1000) && !blocks.fit(1025) && !blocks.fit(10));
        let length_zero = Blocks { length: 0, blocks: vec![1] };
        assert!(!length_zero.fit(1));
    }
}
