// SPDX-License-Identifier: MIT
//! Averages at every lag, with their standard errors.

use super::layout::VanHoveLayout;
use super::measure::VanHove;
use super::sums::Displaced;
use crate::Result;
use crate::jackknife::standard_errors_each;
use crate::measurement::KeepsSums as _;
use crate::transport::non_gaussian;

/// Fewer blocks make no standard error.
pub(super) const FEWEST_BLOCKS: usize = 8;
/// Blocks are at least this many lags long: displacements that begin in one block and end in the next are in both.
const LAGS_PER_BLOCK: u64 = 2;

/// A number with its standard error, `None`: not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Known {
    pub value: f64,
    pub error: Option<f64>,
}

/// Where numbers stand in the list of all that has an error: for each lag, then for each lag of the distinct part.
struct Places {
    bins: usize,
    lags: usize,
    /// Of a lag: non-Gaussian parameter, overlap, its susceptibility, wave numbers, shells.
    of_lag: usize,
}

const NON_GAUSSIAN: usize = 0;
const OVERLAP: usize = 1;
const CHI4: usize = 2;
const WAVES: usize = 3;

impl Places {
    fn new(layout: &VanHoveLayout) -> Self {
        let bins = layout.bins as usize;
        Self { bins, lags: layout.lags().count(), of_lag: WAVES + layout.q.len() + bins }
    }

    /// Lag, or lag of the distinct part, of a number.
    fn lag(&self, number: usize) -> std::result::Result<usize, usize> {
        let own = self.lags * self.of_lag;
        if number < own { Ok(number / self.of_lag) } else { Err((number - own) / self.bins) }
    }
}

/// What the measurement knows.
pub(super) struct Curves {
    sum: Displaced,
    places: Places,
    numbers: Vec<f64>,
    errors: Vec<Option<f64>>,
    waves: usize,
    ions: f64,
}

impl Curves {
    pub fn new(measurement: &VanHove) -> Result<Self> {
        let (layout, sums) = (measurement.layout(), measurement.sums());
        let places = Places::new(layout);
        let (lags, distinct) = (layout.lags().all(), layout.distinct_lags());
        let spacing = layout.distinct.as_ref().map_or(1, |distinct| distinct.spacing);
        let shortest = |number: usize| {
            let longest = match places.lag(number) {
                Ok(lag) => lags[lag],
                Err(lag) => distinct[lag].0.max(spacing),
            };
            longest.saturating_mul(LAGS_PER_BLOCK)
        };
        let estimate = |sums: &Displaced| numbers(sums, layout);
        let errors = standard_errors_each(&sums.runs(), FEWEST_BLOCKS, shortest, estimate)?;
        let sum = sums.runs().total()?.unwrap_or_else(|| Displaced::empty(layout));
        let numbers = numbers(&sum, layout);
        Ok(Self { sum, places, numbers, errors, waves: layout.q.len(), ions: layout.ions as f64 })
    }

    fn known(&self, number: usize) -> Known {
        Known { value: self.numbers[number], error: self.errors.get(number).copied().flatten() }
    }

    fn of_lag(&self, lag: usize, number: usize) -> Known {
        self.known(lag * self.places.of_lag + number)
    }

    /// Time origins.
    pub fn origins(&self, lag: usize) -> u64 {
        self.sum.origins[lag]
    }

    /// Mean-square displacement, A^2.
    pub fn msd(&self, lag: usize) -> f64 {
        self.sum.squares[lag].value() / (self.origins(lag).max(1) as f64 * self.ions)
    }

    /// Share of the displacements that are in no shell.
    pub fn beyond(&self, lag: usize) -> f64 {
        let all = self.origins(lag) as f64 * self.ions;
        let inside = self.counts(lag).iter().fold(0.0, |sum, &count| sum + count as f64);
        if all > 0.0 { (1.0 - inside / all).max(0.0) } else { 0.0 }
    }

    pub fn non_gaussian(&self, lag: usize) -> Known {
        self.of_lag(lag, NON_GAUSSIAN)
    }

    pub fn overlap(&self, lag: usize) -> Known {
        self.of_lag(lag, OVERLAP)
    }

    pub fn chi4(&self, lag: usize) -> Known {
        self.of_lag(lag, CHI4)
    }

    pub fn wave(&self, lag: usize, q: usize) -> Known {
        self.of_lag(lag, WAVES + q)
    }

    /// Probability density of the length of a displacement, 1/A.
    pub fn density(&self, lag: usize, bin: usize) -> Known {
        self.of_lag(lag, WAVES + self.waves + bin)
    }

    /// Displacements in each shell.
    pub fn counts(&self, lag: usize) -> &[u64] {
        &self.sum.counts[lag * self.places.bins..][..self.places.bins]
    }

    /// Frames of a lag of the distinct part.
    pub fn frames(&self, lag: usize) -> u64 {
        self.sum.frames[lag]
    }

    /// Its pairs in each shell.
    pub fn pairs(&self, lag: usize) -> &[u64] {
        &self.sum.pairs[lag * self.places.bins..][..self.places.bins]
    }

    /// Density of other atoms over their mean density.
    pub fn distinct(&self, lag: usize, bin: usize) -> Known {
        self.known(self.places.lags * self.places.of_lag + lag * self.places.bins + bin)
    }
}

fn numbers(sums: &Displaced, layout: &VanHoveLayout) -> Vec<f64> {
    let (bins, waves, ions) = (layout.bins as usize, layout.q.len(), layout.ions as f64);
    let mut all = Vec::new();
    for (lag, &origins) in sums.origins.iter().enumerate() {
        let origins = origins.max(1) as f64;
        let pairs = origins * ions;
        let overlap = sums.overlaps[lag] as f64 / pairs;
        let overlap2 = sums.overlaps2[lag].value() / (pairs * ions);
        all.push(non_gaussian(sums.squares[lag].value() / pairs, sums.fourth[lag].value() / pairs));
        all.push(overlap);
        all.push(ions * (overlap2 - overlap * overlap).max(0.0));
        all.extend(sums.waves[lag * waves..][..waves].iter().map(|sum| sum.value() / pairs));
        let per_shell = 1.0 / (pairs * layout.width());
        all.extend(sums.counts[lag * bins..][..bins].iter().map(|&count| count as f64 * per_shell));
    }
    let Some(distinct) = &layout.distinct else { return all };
    let others = distinct.neighbors as f64 - distinct.shared as f64 / ions;
    for (lag, &frames) in sums.frames.iter().enumerate() {
        let norm = ions * others * frames.max(1) as f64;
        let weighted = sums.weighted[lag * bins..][..bins].iter().enumerate();
        all.extend(weighted.map(|(bin, sum)| sum.value() / (layout.volume(bin) * norm)));
    }
    all
}
