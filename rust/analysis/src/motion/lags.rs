// SPDX-License-Identifier: MIT
//! The lags at which displacements are taken: the order-n scheme (Dubbeldam, Ford, Ellis, Snurr, Mol. Simul. 35, 1084
//! (2009)) without any averaging of positions, and with more origins than there.
//!
//! With n lags per level and m origins per lag unit, level 0 keeps the last n positions of every ion, one of each sample; level
//! l > 0 keeps the last n m positions, taken every n^l / m samples, and compares each new one with those that are (1 + j/m) n^l
//! (0 < j < m) and k n^l (1 < k <= n) samples old. So the short lags, where displacements forget fast, have many origins, lags are
//! never more than a factor of 1 + 1/m or (k + 1) / k apart, and memory grows with the logarithm of the longest lag only.
//! m = 1 is the plain scheme.

use crate::{Error, Result};

/// Positions kept for an ion at most: 240 kB.
const MOST_PLACES: u64 = 10_000;

/// Geometry of levels and lags.
#[derive(Clone, Debug, PartialEq)]
pub struct Lags {
    per_level: u64,
    levels: u64,
    origins: u64,
}

/// One lag of one level at a sample: where its origin is kept and where its sums go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pairing {
    /// Index of the lag.
    pub lag: usize,
    /// Place of the origin in an atom's row.
    pub place: usize,
}

/// One level: positions are kept every `stride` samples at `places` places from `first_place` on.
struct Level {
    stride: u64,
    places: u64,
    first_place: u64,
    first_lag: usize,
}

impl Lags {
    /// `per_level` lags on each of `levels` levels, `origins` (a divisor of `per_level`) origins in each unit of a level.
    #[must_use]
    pub fn new(per_level: u64, levels: u64, origins: u64) -> Self {
        Self { per_level, levels, origins }
    }

    /// Origins where none are asked for: the largest divisor of the lags per level up to 5. From 5 on the error of D gains less
    /// than 2 % by twice as many, at most lags nothing, and memory doubles.
    #[must_use]
    pub fn usual_origins(lags_per_level: u64) -> u64 {
        (1..=5).rev().find(|&origins| lags_per_level.is_multiple_of(origins)).unwrap_or(1)
    }

    /// Whether [`Lags::new`] makes sense of these; samples are `every` steps of `timestep_ps` ps apart.
    ///
    /// # Errors
    /// Settings that cannot be right.
    pub fn check(per_level: u64, levels: u64, origins: u64, every: u64, timestep_ps: f64) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        if per_level < 2 || levels < 1 {
            return wrong("lags needs at least 2 lags per level and 1 level".into());
        }
        if origins == 0 || !per_level.is_multiple_of(origins) {
            return wrong(format!(
                "origins {origins} is no divisor of the {per_level} lags per level: use one, for example {}",
                Self::usual_origins(per_level)
            ));
        }
        let places = (levels - 1).saturating_mul(origins).saturating_add(1).saturating_mul(per_level);
        if places > MOST_PLACES {
            return wrong(format!(
                "lags {per_level} {levels} with origins {origins} means {places} positions kept for every ion: use {MOST_PLACES} or fewer"
            ));
        }
        // beyond this a lag in steps is no 64-bit number, and no run is that long
        if (per_level as f64).powi(levels as i32) * every as f64 > 1e18 {
            return wrong(format!(
                "lags {per_level} {levels} means a longest lag of {per_level}^{levels} samples: use fewer levels"
            ));
        }
        if every == 0 {
            return wrong("samples must be at least one time step apart".into());
        }
        if !(timestep_ps.is_finite() && timestep_ps > 0.0) {
            return wrong(format!("a time step of {timestep_ps} ps is no positive time"));
        }
        Ok(())
    }

    /// Number of lags. The first lag of a higher level is the last one of the level below and is left out.
    #[must_use]
    pub fn count(&self) -> usize {
        (self.per_level + (self.levels - 1) * (self.per_level + self.origins - 2)) as usize
    }

    /// All lags in samples, ascending.
    #[must_use]
    pub fn all(&self) -> Vec<u64> {
        self.levels().flat_map(|(index, level)| self.in_strides(index).map(move |lag| lag * level.stride)).collect()
    }

    /// Samples between two origins of each lag, in the order of [`Lags::all`].
    #[must_use]
    pub fn strides(&self) -> Vec<u64> {
        self.levels().flat_map(|(index, level)| self.in_strides(index).map(move |_| level.stride)).collect()
    }

    /// Positions kept for each atom.
    #[must_use]
    pub fn places(&self) -> usize {
        (self.per_level * (1 + (self.levels - 1) * self.origins)) as usize
    }

    /// Every lag that sample number `sample` (from 0 on) completes.
    #[must_use]
    pub fn pairings(&self, sample: u64) -> Vec<Pairing> {
        let mut pairings = Vec::with_capacity(self.count());
        for (index, level) in self.levels_of(sample) {
            let count = sample / level.stride;
            for (k, lag) in self.in_strides(index).take_while(|&lag| lag <= count).enumerate() {
                let place = level.first_place + (count - lag) % level.places;
                pairings.push(Pairing { lag: level.first_lag + k, place: place as usize });
            }
        }
        pairings
    }

    /// Calls `keep` for every place where the position of this sample goes, after all displacements were taken.
    pub fn keeps(&self, sample: u64, mut keep: impl FnMut(usize)) {
        for (_, level) in self.levels_of(sample) {
            keep((level.first_place + sample / level.stride % level.places) as usize);
        }
    }

    /// The lags of a level in units of its stride, ascending.
    fn in_strides(&self, level: u64) -> impl Iterator<Item = u64> + use<> {
        // on level 0 a unit is one sample, on the others `origins` strides
        let (unit, shortest) = if level == 0 { (1, 1) } else { (self.origins, 2) };
        (unit + 1..2 * unit).chain((shortest..=self.per_level).map(move |k| k * unit))
    }

    fn levels(&self) -> impl Iterator<Item = (u64, Level)> + '_ {
        let mut unit = 1;
        (0..self.levels).map(move |index| {
            let upper = index.saturating_sub(1);
            let level = if index == 0 {
                Level { stride: 1, places: self.per_level, first_place: 0, first_lag: 0 }
            } else {
                Level {
                    stride: unit / self.origins,
                    places: self.per_level * self.origins,
                    first_place: self.per_level * (1 + upper * self.origins),
                    first_lag: (self.per_level + upper * (self.per_level + self.origins - 2)) as usize,
                }
            };
            unit *= self.per_level;
            (index, level)
        })
    }

    /// Levels that take this sample. A level takes no sample that one below it does not take.
    fn levels_of(&self, sample: u64) -> impl Iterator<Item = (u64, Level)> + '_ {
        self.levels().take_while(move |(_, level)| sample.is_multiple_of(level.stride))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place scheme against its definition: a lag of level l pairs exactly the samples that are multiples of n^l / m.
    #[test]
    fn every_lag_meets_every_origin_of_its_stride() {
        for (per_level, levels, origins, samples) in [
            (10, 3, 1, 1234),
            (10, 3, 5, 1234),
            (4, 4, 4, 600),
            (2, 5, 1, 77),
            (3, 2, 3, 40),
            (6, 3, 2, 500),
            (5, 1, 5, 9),
        ] {
            let lags = Lags::new(per_level, levels, origins);
            let (all, strides) = (lags.all(), lags.strides());
            assert_eq!((all.len(), strides.len()), (lags.count(), lags.count()));
            assert!(all.is_sorted_by(|a, b| a < b));
            let mut kept = vec![None; lags.places()];
            let mut found = Vec::new();
            for sample in 0..samples {
                found.extend(
                    lags.pairings(sample).iter().map(|pair| (all[pair.lag], kept[pair.place].unwrap(), sample)),
                );
                lags.keeps(sample, |place| kept[place] = Some(sample));
            }
            let mut expected = Vec::new();
            for sample in 0..samples {
                for (&lag, &own) in all.iter().zip(&strides) {
                    let mut unit = 1;
                    while lag > unit * per_level {
                        unit *= per_level;
                    }
                    let stride = if unit == 1 { 1 } else { unit / origins };
                    assert_eq!(own, stride);
                    if sample >= lag && sample.is_multiple_of(stride) {
                        expected.push((lag, sample - lag, sample));
                    }
                }
            }
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn more_origins_fill_the_gaps_between_lags() {
        let plain = Lags::new(10, 2, 1);
        assert_eq!(plain.all()[8..12], [9, 10, 20, 30]);
        assert_eq!(plain.places(), 20);
        let dense = Lags::new(10, 2, 5);
        assert_eq!(dense.all()[8..17], [9, 10, 12, 14, 16, 18, 20, 30, 40]);
        assert_eq!((dense.count(), dense.places()), (23, 60));
    }
}
