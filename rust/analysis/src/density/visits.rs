// SPDX-License-Identifier: MIT
//! Numbers of visits in as few bytes as they need.
//!
//! Most voxels are never visited, and in a stretch of time few are so more than 255 times: a byte each is enough until one is not, then
//! all take two bytes, and four.

use num_traits::{WrappingAdd, WrappingSub};

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

/// `$function` of the numbers of `$held` and `$other`; `None` where those of `$held` are narrower.
macro_rules! by_widths {
    ($held:expr, $other:expr, $function:ident) => {
        match (&mut $held.0, &$other.0) {
            (Held::One(held), Held::One(other)) => Some($function(held, other)),
            (Held::Two(held), Held::One(other)) => Some($function(held, other)),
            (Held::Two(held), Held::Two(other)) => Some($function(held, other)),
            (Held::Four(held), Held::One(other)) => Some($function(held, other)),
            (Held::Four(held), Held::Two(other)) => Some($function(held, other)),
            (Held::Four(held), Held::Four(other)) => Some($function(held, other)),
            (Held::One(_) | Held::Two(_), _) => None,
        }
    };
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

    /// Those of all voxels together.
    #[must_use]
    pub fn total(&self) -> u64 {
        match &self.0 {
            Held::One(held) => held.iter().map(|&count| u64::from(count)).sum(),
            Held::Two(held) => held.iter().map(|&count| u64::from(count)).sum(),
            Held::Four(held) => held.iter().map(|&count| u64::from(count)).sum(),
        }
    }

    /// Two voxels in each integer, to be added over ranks; sums below 2^32 do not run into each other.
    #[must_use]
    pub fn in_pairs(&self) -> Vec<i64> {
        match &self.0 {
            Held::One(held) => pairs(held),
            Held::Two(held) => pairs(held),
            Held::Four(held) => pairs(held),
        }
    }

    /// From sums over ranks of [`Visits::in_pairs`], in as few bytes as the largest number needs.
    #[must_use]
    pub fn of_pairs(sums: &[i64], voxels: usize) -> Self {
        let most = sums.iter().fold(0, |most, &pair| lower(pair).max(upper(pair)).max(most));
        Self(if most <= u8::MAX.into() {
            Held::One(apart(sums, voxels, |count| count as u8))
        } else if most <= u16::MAX.into() {
            Held::Two(apart(sums, voxels, |count| count as u16))
        } else {
            Held::Four(apart(sums, voxels, |count| count))
        })
    }

    /// Adds a visit of each of these voxels.
    ///
    /// # Errors
    /// Where a number needs more than four bytes.
    pub fn add(&mut self, voxels: &[u32]) -> Result<()> {
        for &voxel in voxels {
            let sum = self.of(voxel as usize).checked_add(1).ok_or_else(too_many)?;
            self.set(voxel as usize, sum);
        }
        Ok(())
    }

    /// Adds to those of all voxels.
    ///
    /// # Errors
    /// As [`Visits::add`].
    pub fn add_all(&mut self, more: &Self) -> Result<()> {
        while by_widths!(self, more, add) != Some(true) {
            self.widen()?;
        }
        Ok(())
    }

    /// Takes away what was added.
    ///
    /// # Panics
    /// Where `less` has wider numbers: they were never added.
    pub fn take_all(&mut self, less: &Self) {
        assert!(by_widths!(self, less, take).is_some(), "wider numbers were never added");
    }

    fn set(&mut self, voxel: usize, count: u32) {
        match &mut self.0 {
            Held::One(held) => match u8::try_from(count) {
                Ok(count) => held[voxel] = count,
                Err(_) => self.set_wider(voxel, count),
            },
            Held::Two(held) => match u16::try_from(count) {
                Ok(count) => held[voxel] = count,
                Err(_) => self.set_wider(voxel, count),
            },
            Held::Four(held) => held[voxel] = count,
        }
    }

    #[cold]
    fn set_wider(&mut self, voxel: usize, count: u32) {
        // never from four bytes, which hold every count
        if self.widen().is_ok() {
            self.set(voxel, count);
        }
    }

    fn widen(&mut self) -> Result<()> {
        self.0 = match &self.0 {
            Held::One(held) => Held::Two(held.iter().map(|&count| count.into()).collect()),
            Held::Two(held) => Held::Four(held.iter().map(|&count| count.into()).collect()),
            Held::Four(_) => return Err(too_many()),
        };
        Ok(())
    }
}

fn pairs<T: Copy + Into<i64>>(held: &[T]) -> Vec<i64> {
    held.chunks(2).map(|two| two[0].into() | two.get(1).map_or(0, |&second| second.into() << 32)).collect()
}

fn lower(pair: i64) -> u32 {
    pair as u32
}

fn upper(pair: i64) -> u32 {
    (pair >> 32) as u32
}

fn apart<T: Copy + Default>(pairs: &[i64], voxels: usize, held: impl Fn(u32) -> T) -> Vec<T> {
    let mut all = vec![T::default(); 2 * pairs.len()];
    for (two, &pair) in all.chunks_exact_mut(2).zip(pairs) {
        (two[0], two[1]) = (held(lower(pair)), held(upper(pair)));
    }
    all.truncate(voxels);
    all
}

fn too_many() -> Error {
    Error::Data("a voxel was visited more than 4294967295 times: use smaller voxels".into())
}

/// Whether all sums fit; if not, nothing is added. Without a branch for each voxel, these become vector instructions.
fn add<T: Copy + PartialOrd + From<U> + WrappingAdd + WrappingSub, U: Copy>(held: &mut [T], more: &[U]) -> bool {
    let mut fits = true;
    for (held, &more) in held.iter_mut().zip(more) {
        *held = held.wrapping_add(&more.into());
        fits &= *held >= more.into();
    }
    if !fits {
        take(held, more);
    }
    fits
}

fn take<T: Copy + From<U> + WrappingSub, U: Copy>(held: &mut [T], less: &[U]) {
    for (held, &less) in held.iter_mut().zip(less) {
        *held = held.wrapping_sub(&less.into());
    }
}

impl PartialEq for Visits {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl FromIterator<u32> for Visits {
    fn from_iter<I: IntoIterator<Item = u32>>(counts: I) -> Self {
        let counts: Vec<u32> = counts.into_iter().collect();
        Self::of_pairs(&pairs(&counts), counts.len())
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
    fn over_ranks_in_pairs() {
        for counts in [vec![], vec![7], vec![1, 2, 255], vec![3, 65_535], vec![u32::MAX - 9, 5, 0]] {
            let visits: Visits = counts.iter().copied().collect();
            assert_eq!(visits.iter().collect::<Vec<_>>(), counts);
            assert_eq!(visits.total(), counts.iter().map(|&count| u64::from(count)).sum::<u64>());
            let sums: Vec<i64> = visits.in_pairs().iter().map(|pair| pair + (4 << 32 | 9)).collect();
            let sum = Visits::of_pairs(&sums, counts.len());
            let expected = counts.iter().enumerate().map(|(k, count)| count + if k % 2 == 0 { 9 } else { 4 });
            assert_eq!(sum.iter().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_count_that_needs_more_bytes_gets_them() {
        let mut visits = Visits::none(3);
        let mut expected = [0u32; 3];
        for (voxel, more, width) in [(1, 255, 1), (1, 1, 2), (0, 65_535, 2), (0, 1, 4), (2, u32::MAX, 4)] {
            let mut each = [0; 3];
            each[voxel] = more;
            visits.add_all(&each.into_iter().collect()).unwrap();
            expected[voxel] += more;
            assert_eq!((visits.iter().collect::<Vec<_>>(), visits.width()), (expected.to_vec(), width));
        }
        assert!(visits.add(&[2]).unwrap_err().to_string().contains("more than 4294967295 times"));
        assert!(visits.add_all(&[0, 0, 1].into_iter().collect()).is_err());
        assert_eq!(visits.iter().collect::<Vec<_>>(), expected);
        let mut each: Visits = [255, 65_535, 0].into_iter().collect();
        each.add(&[1, 2, 2, 1]).unwrap();
        assert_eq!((each.iter().collect::<Vec<_>>(), each.width()), (vec![255, 65_537, 2], 4));
        let mut byte: Visits = [254, 0, 0].into_iter().collect();
        byte.add(&[0, 0, 2]).unwrap();
        assert_eq!((byte.iter().collect::<Vec<_>>(), byte.width()), (vec![256, 0, 1], 2));
        let small: Visits = [7, 0, 255].into_iter().collect();
        let mut wide: Visits = [7, 300, 255].into_iter().collect();
        assert_eq!((small.width(), wide.width()), (1, 2));
        assert_ne!(small, wide);
        wide.take_all(&[0, 300, 0].into_iter().collect());
        wide.add_all(&[200, 0, 1].into_iter().collect()).unwrap();
        wide.take_all(&[200, 0, 1].into_iter().collect());
        assert_eq!(small, wide);
    }
}
