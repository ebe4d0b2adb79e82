// SPDX-License-Identifier: MIT
//! The lags at which displacements are taken: the order-n scheme (Dubbeldam, Ford, Ellis, Snurr, Mol. Simul. 35, 1084
//! (2009)) without any averaging of positions.
//!
//! Level l keeps the last `per_level` positions of every atom, taken every `per_level`^l samples; a position taken is
//! compared with all of them. So lag k `per_level`^l has all origins that are multiples of `per_level`^l: the short lags,
//! where displacements forget fast, have many origins, and memory grows with the logarithm of the longest lag only.

/// Geometry of levels and lags.
#[derive(Clone, Debug, PartialEq)]
pub struct Lags {
    per_level: u64,
    levels: u64,
}

/// One lag of one level at a sample: where its origin is kept and where its sums go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pairing {
    /// Index of the lag.
    pub lag: usize,
    /// Place of the origin in an atom's row.
    pub place: usize,
}

impl Lags {
    /// `per_level` lags on each of `levels` levels.
    #[must_use]
    pub fn new(per_level: u64, levels: u64) -> Self {
        Self { per_level, levels }
    }

    /// Number of lags. The first lag of a higher level is the last one of the level below and is left out.
    #[must_use]
    pub fn count(&self) -> usize {
        (self.per_level + (self.levels - 1) * (self.per_level - 1)) as usize
    }

    /// All lags in samples, ascending.
    #[must_use]
    pub fn all(&self) -> Vec<u64> {
        let mut lags: Vec<u64> = (1..=self.per_level).collect();
        for level in 1..self.levels {
            lags.extend((2..=self.per_level).map(|k| k * self.per_level.pow(level as u32)));
        }
        lags
    }

    /// Positions kept for each atom.
    #[must_use]
    pub fn places(&self) -> usize {
        (self.levels * self.per_level) as usize
    }

    /// Calls `pair` for every lag that sample number `sample` (from 0 on) completes.
    pub fn pairs(&self, sample: u64, mut pair: impl FnMut(Pairing)) {
        self.for_levels(sample, |level, count| {
            let shortest = if level == 0 { 1 } else { 2 };
            for k in shortest..=self.per_level.min(count) {
                let place = level * self.per_level + (count - k) % self.per_level;
                let first = if level == 0 { 0 } else { self.per_level + (level - 1) * (self.per_level - 1) };
                pair(Pairing { lag: (first + k - shortest) as usize, place: place as usize });
            }
        });
    }

    /// Calls `keep` for every place where the position of this sample goes, after all pairs were taken.
    pub fn keeps(&self, sample: u64, mut keep: impl FnMut(usize)) {
        self.for_levels(sample, |level, count| keep((level * self.per_level + count % self.per_level) as usize));
    }

    /// Levels that take this sample, with the number of positions they took before.
    fn for_levels(&self, sample: u64, mut level: impl FnMut(u64, u64)) {
        let mut stride = 1;
        for index in 0..self.levels {
            if !sample.is_multiple_of(stride) {
                break;
            }
            level(index, sample / stride);
            stride *= self.per_level;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place scheme against its definition: lag k n^l pairs exactly the samples that are multiples of n^l.
    #[test]
    fn every_lag_meets_every_origin_of_its_stride() {
        for (per_level, levels, samples) in [(10, 3, 1234), (2, 5, 77), (3, 2, 40)] {
            let lags = Lags::new(per_level, levels);
            let all = lags.all();
            assert_eq!(all.len(), lags.count());
            assert!(all.is_sorted_by(|a, b| a < b));
            let mut kept = vec![None; lags.places()];
            let mut found = Vec::new();
            for sample in 0..samples {
                lags.pairs(sample, |pair| found.push((all[pair.lag], kept[pair.place].unwrap(), sample)));
                lags.keeps(sample, |place| kept[place] = Some(sample));
            }
            let mut expected = Vec::new();
            for sample in 0..samples {
                for &lag in &all {
                    let mut stride = 1;
                    while lag > stride * per_level {
                        stride *= per_level;
                    }
                    if sample >= lag && sample.is_multiple_of(stride) {
                        expected.push((lag, sample - lag, sample));
                    }
                }
            }
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected);
            assert!(found.len() > 100);
        }
    }
}
