// SPDX-License-Identifier: MIT
//! Where an MSD becomes a straight line, when nobody says so.
//!
//! MSD = 6 D t + c has beta < 1 long after its slope is constant, so beta is no test of that. Instead lines are drawn from every
//! lag to a fifth of the run, and averaged with the weights
//!
//! ```text
//! w ~ exp(-chi^2 / 2 - lags left out)
//! ```
//!
//! of Jay and Neil, Phys. Rev. D 103, 114502 (2021): a start too early shows in chi^2, a start too late throws data away. The spread of
//! the lines is part of the error. Then the slope from the mean start is compared with that from twice as late (Hausman's test:
//! the variance of their difference is the difference of their variances).

use super::curve::line;
use super::diffusion::{Data, Line, NotYet, relative_variance};
use super::errors::two_sided;
use super::gls::{self, Start};

/// The longest lag is the run over this.
pub(super) const LAGS: f64 = 5.0;
/// The latest start is the run over this.
const STARTS: f64 = 20.0;
/// The same where that start is the likeliest of all.
const LATEST: f64 = 10.0;
/// Slopes differ where they do so by more than this many standard errors and more than this part.
const DIFFER: (f64, f64) = (2.0, 0.1);

/// Part of the standard error of the difference between two slopes that counts as a change unseen.
const UNSEEN: f64 = 0.4;

/// How a straight line was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stationary {
    /// Geometric mean of the starts, ps.
    pub start: f64,
    /// What is not known of the start, as an error of D, `A^2/ps`: the spread of D over the starts, and a change of the slope that the
    /// test below does not see.
    pub shift: f64,
    /// Probability of a difference between the slopes from the start and from twice as late that is as large as the one found, if
    /// there is none.
    pub p: f64,
    /// A change of D by this part would have been seen (two standard errors of that difference).
    pub power: f64,
    /// D from the start and from twice as late, `A^2/ps`.
    pub slopes: [f64; 2],
}

impl Stationary {
    /// Whether the slope changes by more than a tenth and by more than chance.
    pub(super) fn changes(&self) -> bool {
        let difference = (self.slopes[0] - self.slopes[1]).abs() / self.slopes[0].abs();
        difference.is_nan() || difference > self.power.max(DIFFER.1)
    }
}

/// The averaged line.
pub(super) struct Average {
    pub line: Line,
    pub stationary: Stationary,
}

pub(super) fn average(data: &Data<'_>) -> Result<Average, NotYet> {
    let curve = &data.curve;
    let run = data.samples.1 as f64 * data.interval;
    let end = curve.lag.iter().take_while(|&&lag| lag * LAGS <= run * 1.000_001).count();
    let at = data.apart(0..end);
    let lags: Vec<f64> = at.iter().map(|&k| curve.lag[k]).collect();
    let up_to = |part: f64| lags.iter().take_while(|&&lag| lag * part <= run * 1.000_001).count();
    let (starts, latest) = (up_to(STARTS), up_to(LATEST));
    if starts == 0 || lags.len() < 3 || curve.msd[..end].iter().any(|&msd| msd <= 0.0) {
        return Err(NotYet::TooShort);
    }
    let samples = data.in_samples(&at);
    let msd: Vec<f64> = at.iter().map(|&k| curve.msd[k]).collect();
    let late = |&(lag, ..): &(f64, f64, f64)| lag * LAGS * 4.0 >= run * 0.999_999;
    let points: Vec<_> = lags.iter().zip(&msd).map(|(&lag, &msd)| (lag, msd, lag.powi(-3))).filter(late).collect();
    let (intercept, slope) = line(&points).ok_or(NotYet::TooShort)?;
    let covariance = data.origins.pick(&at).covariance(data.noise(intercept, slope, points[0].0));
    let lines = gls::from_each_start(&samples, &msd, &covariance.view());

    // D and its variance from each start; covariances scale with D, which ions caged for good do not have
    let d = |start: &Start| start.slope / data.interval / 6.0;
    let scale = |start: &Start| {
        relative_variance(1.0, 3.0, data.ions()) * d(start).abs().max(1e-12 * msd[msd.len() - 1] / run).powi(2)
    };
    let variance = |start: &Start| start.variance * scale(start);
    let evidence = |(left_out, start): (usize, &Option<Start>)| {
        let start = start.as_ref()?;
        let unit = scale(start) * (6.0 * data.interval).powi(2);
        Some(-0.5 * start.chi2 / unit - left_out as f64)
    };
    let mut evidences: Vec<_> = lines[..latest.min(lines.len())].iter().enumerate().map(evidence).collect();
    let better = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
    let likeliest = evidences.iter().enumerate().filter_map(|(k, known)| Some((k, (*known)?))).max_by(better);
    if likeliest.is_some_and(|(k, _)| k + 1 < starts) {
        evidences.truncate(starts);
    }
    let best = evidences.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    if !best.is_finite() {
        return Err(NotYet::TooShort);
    }
    let mut shares: Vec<f64> = evidences.iter().map(|known| known.map_or(0.0, |known| (known - best).exp())).collect();
    let total: f64 = shares.iter().sum();
    for share in &mut shares {
        *share = if *share < 1e-9 * total { 0.0 } else { *share / total };
    }
    let mean = |of: &dyn Fn(usize, &Start) -> f64| -> f64 {
        let each = shares.iter().zip(&lines).enumerate();
        each.filter_map(|(k, (share, line))| Some(share * of(k, line.as_ref()?))).sum()
    };
    let own = mean(&|_, line| d(line));
    let spread = mean(&|_, line| (d(line) - own).powi(2)).sqrt();
    let start = mean(&|k, _| lags[k].ln()).exp();
    // a later line knows nothing that an earlier one does not: their covariance is the variance of the earlier
    let shared = |i: usize, j: usize| lines[i.min(j)].map_or(0.0, |line| shares[i] * shares[j] * line.variance);
    let relative =
        (0..shares.len()).flat_map(|i| (0..shares.len()).map(move |j| (i, j))).map(|(i, j)| shared(i, j)).sum();

    let place =
        |lag: f64| curve.lag.iter().position(|&other| other >= lag * 0.999_999).unwrap_or(0).min(lines.len() - 1);
    let pair = [lines[place(start)], lines[place(2.0 * start)]];
    let [Some(first), Some(second)] = pair else { return Err(NotYet::TooShort) };
    let deviation = (variance(&second) - variance(&first)).max(0.0).sqrt();
    let slopes = [d(&first), d(&second)];
    let stationary = Stationary {
        start,
        shift: spread.hypot(UNSEEN * deviation),
        p: if deviation > 0.0 { two_sided((slopes[0] - slopes[1]) / deviation) } else { 1.0 },
        power: DIFFER.0 * deviation / own.abs(),
        slopes,
    };
    if stationary.changes() && own > 0.0 {
        return Err(NotYet::Changing([
            (curve.lag[place(start)], slopes[0]),
            (curve.lag[place(2.0 * start)], slopes[1]),
        ]));
    }
    shares.resize(samples.len(), 0.0);
    let mut weights = gls::mixed_weights(&samples, &covariance.view(), &shares).ok_or(NotYet::TooShort)?;
    for weight in &mut weights {
        *weight /= data.interval;
    }
    Ok(Average { line: Line { at, weights, variance: relative }, stationary })
}
