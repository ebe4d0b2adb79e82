// SPDX-License-Identifier: MIT
//! The rule of the first versions, for comparison: a window where beta is 1, and a line with the weights 1/t^3.

use super::curve::{Curve, line};

/// A diffusive window: |beta - 1| stays below this.
pub const DIFFUSIVE: f64 = 0.05;
/// A window spans at least this ratio of its longest to its shortest lag.
const SHORTEST_WINDOW: f64 = 2.0;
/// A window ends where the run is this many times as long, so that several blocks remain for the error.
const INDEPENDENT: f64 = 10.0;

/// Positions in the curve of the widest stretch of lags, in the ratio of its ends, with |beta - 1| < [`DIFFUSIVE`]; of two as wide,
/// the later. `run`: length of the run, ps.
pub(super) fn window(curve: &Curve, run: f64) -> Option<std::ops::Range<usize>> {
    let usable = curve.lag.iter().take_while(|&&lag| lag * INDEPENDENT <= run).count();
    let diffusive = |k: usize| curve.beta(k).is_some_and(|beta| (beta - 1.0).abs() < DIFFUSIVE);
    let mut best: Option<(usize, usize)> = None;
    let mut begin = None;
    for k in 0..=usable {
        if k < usable && diffusive(k) {
            begin.get_or_insert(k);
        } else if let Some(first) = begin.take() {
            let width = |(first, last): (usize, usize)| curve.lag[last] / curve.lag[first];
            let stretch = (first, k - 1);
            if width(stretch) >= SHORTEST_WINDOW && best.is_none_or(|best| width(stretch) >= width(best)) {
                best = Some(stretch);
            }
        }
    }
    let window = best.map(|(first, last)| first..last + 1);
    window.filter(|window| window.clone().all(|k| curve.msd[k] > 0.0))
}

/// Weights of the slope of a line with the weights 1/t^3: the variance of an MSD from overlapping origins grows as MSD^2 t / run
/// (Qian, Sheetz, Elson, Biophys. J. 60, 910 (1991)).
pub(super) fn weights(lags: &[f64]) -> Option<Vec<f64>> {
    let unit = |at: usize| {
        let points: Vec<_> = (0..lags.len()).map(|k| (lags[k], f64::from(k == at), lags[k].powi(-3))).collect();
        line(&points).map(|(_, slope)| slope)
    };
    (0..lags.len()).map(unit).collect()
}
