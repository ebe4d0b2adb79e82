// SPDX-License-Identifier: MIT
//! Numbers of visits in as few bytes as they need.
//!
//! Most voxels are never visited, and in a stretch of time few are so more than 255 times: a byte each is enough until one is not, then
//! all take two bytes, and four.

use crate::{Error, Result};

/// A number for each voxel. Equal numbers are equal in whatever width they are held.
#[derive(Clone, Debug)]
pub struct Visits(Held);

#[derive(Clone, Debug)]
enum Held {
    One(Vec<u8>),
    Two(Vec<u16>),
    Four(Vec<u32>),
}

impl Default for Visits {
    fn default() -> Self {
        Self::none(0)
    }
}

impl Visits {
    /// No visits of so many voxels.
    #[must_use]
    pub fn none(voxels: usize) -> Self {
        Self(Held::One(vec![0; voxels]))
    }

    /// Voxels.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Held::One(held) => held.len(),
            Held::Two(held) => held.len(),
            Held::Four(held) => held.len(),
        }
    }

    /// Whether there are no voxels.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of each.
    #[must_use]
    pub fn width(&self) -> usize {
        match &self.0 {
            Held::One(_) => 1,
            Held::Two(_) => 2,
            Held::Four(_) => 4,
        }
    }

    /// Those of one voxel.
    #[must_use]
    pub fn of(&self, voxel: usize) -> u32 {
        match &self.0 {
            Held::One(held) => held[voxel].into(),
            Held::Two(held) => held[voxel].into(),
            Held::Four(held) => held[voxel],
        }
    }

    /// Those of all voxels, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.len()).map(|voxel| self.of(voxel))
    }

    /// Adds to those of one voxel.
    ///
    /// # Errors
    /// Where the sum needs more than four bytes.
    pub fn add(&mut self, voxel: usize, more: u32) -> Result<()> {
        let sum = self
            .of(voxel)
            .checked_add(more)
            .ok_or_else(|| Error::Data("a voxel was visited more than 4294967295 times: use smaller voxels".into()))?;
        self.set(voxel, sum);
        Ok(())
    }

    /// Adds to those of all voxels, as many as `more` says.
    ///
    /// # Errors
    /// As [`Visits::add`].
    pub fn add_all(&mut self, more: impl Iterator<Item = u32>) -> Result<()> {
        for (voxel, more) in more.enumerate().filter(|&(_, more)| more > 0) {
            self.add(voxel, more)?;
        }
        Ok(())
    }

    /// Takes away what was added.
    pub fn take_all(&mut self, less: &Self) {
        for (voxel, less) in less.iter().enumerate().filter(|&(_, less)| less > 0) {
            self.set(voxel, self.of(voxel) - less);
        }
    }

    fn set(&mut self, voxel: usize, count: u32) {
        match &mut self.0 {
            Held::One(held) => match u8::try_from(count) {
                Ok(count) => held[voxel] = count,
                Err(_) => self.widen(voxel, count),
            },
            Held::Two(held) => match u16::try_from(count) {
                Ok(count) => held[voxel] = count,
                Err(_) => self.widen(voxel, count),
            },
            Held::Four(held) => held[voxel] = count,
        }
    }

    #[cold]
    fn widen(&mut self, voxel: usize, count: u32) {
        self.0 = match &self.0 {
            Held::One(held) => Held::Two(held.iter().map(|&count| count.into()).collect()),
            Held::Two(_) | Held::Four(_) => Held::Four(self.iter().collect()),
        };
        self.set(voxel, count);
    }
}

impl PartialEq for Visits {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl FromIterator<u32> for Visits {
    fn from_iter<I: IntoIterator<Item = u32>>(counts: I) -> Self {
        let mut visits = Self::default();
        for count in counts {
            visits.push(count);
        }
        visits
    }
}

impl Visits {
    /// One more voxel.
    pub(super) fn push(&mut self, count: u32) {
        self.resize(self.len() + 1);
        self.set(self.len() - 1, count);
    }

    /// So many voxels; new ones were not visited.
    pub(super) fn resize(&mut self, voxels: usize) {
        match &mut self.0 {
            Held::One(held) => held.resize(voxels, 0),
            Held::Two(held) => held.resize(voxels, 0),
            Held::Four(held) => held.resize(voxels, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_needs_more_bytes_gets_them() {
        let mut visits = Visits::none(3);
        let mut expected = [0u32; 3];
        for (voxel, more, width) in [(1, 255, 1), (1, 1, 2), (0, 65_535, 2), (0, 1, 4), (2, u32::MAX, 4)] {
            visits.add(voxel, more).unwrap();
            expected[voxel] += more;
            assert_eq!((visits.iter().collect::<Vec<_>>(), visits.width()), (expected.to_vec(), width));
        }
        assert!(visits.add(2, 1).unwrap_err().to_string().contains("more than 4294967295 times"));
        let small: Visits = [7, 0, 255].into_iter().collect();
        let mut wide: Visits = [7, 300, 255].into_iter().collect();
        assert_eq!((small.width(), wide.width()), (1, 2));
        assert_ne!(small, wide);
        wide.take_all(&[0, 300, 0].into_iter().collect());
        assert_eq!(small, wide);
    }
}
