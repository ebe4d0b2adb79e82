// SPDX-License-Identifier: MIT
//! Diffusion coefficients with standard errors, conductivities and the Haven ratio.

use super::curve::{Curve, line};
use super::layout::Fit;
use super::located::ION_GROUPS;
use super::total::TransportTotal;
use crate::Result;
use crate::constants::{BOLTZMANN, CHARGE};
use crate::measurement::Sums;

/// A diffusive window: |beta - 1| stays below this.
pub const DIFFUSIVE: f64 = 0.05;
/// An automatic window spans at least this ratio of its longest to its shortest lag.
const SHORTEST_WINDOW: f64 = 2.0;
/// An automatic window ends where the run is this many times as long, so that several blocks remain for the error.
const INDEPENDENT: f64 = 10.0;
/// Fewer blocks make no standard error.
const FEWEST_BLOCKS: usize = 4;
/// Blocks are at least this many times as long as the longest lag of the window.
const BLOCK_LAGS: f64 = 2.0;

/// A number with its standard error, where there is enough data for one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Value {
    /// The number.
    pub value: f64,
    /// One standard error.
    pub error: Option<f64>,
}

impl Value {
    /// `self` x `factor`.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { value: self.value * factor, error: self.error.map(|error| error * factor.abs()) }
    }

    /// Standard error over value; `None` where unknown.
    #[must_use]
    pub fn relative(self) -> Option<f64> {
        self.error.map(|error| error / self.value.abs()).filter(|ratio| ratio.is_finite())
    }
}

/// Diffusion from one fit. Coefficients in `A^2/ps`.
#[derive(Clone, Debug, PartialEq)]
pub struct Diffusion {
    /// First and last lag of the window, ps.
    pub window: (f64, f64),
    /// Slope of log MSD over the window.
    pub beta: f64,
    /// Self diffusion: slope of MSD / 6.
    pub own: Value,
    /// Self diffusion along x, y, z: slope / 2.
    pub axis: [Value; 3],
    /// The paper's eq. 2: MSD / (6 t) at the end of the window.
    pub ratio: f64,
    /// Collective (charge) diffusion: slope of the collective MSD / 6.
    pub collective: Value,
    /// Independent parts behind the errors.
    pub blocks: usize,
    /// Whether these are groups of ions instead of blocks of time; then only `own` has an error.
    pub ion_groups: bool,
}

/// Slopes of one curve over a window, divided by twice the number of dimensions.
#[derive(Clone, Copy)]
struct Slopes {
    own: f64,
    axis: [f64; 3],
    collective: f64,
}

/// Diffusion from the sums so far; `None` where the window has fewer than two lags, or no automatic one is there yet.
///
/// # Errors
/// Where a sum leaves its range.
pub fn diffusion(sums: &Sums<TransportTotal>, fit: Fit) -> Result<Option<Diffusion>> {
    let layout = &sums.layout;
    let lags = layout.lags_ps();
    let runs = sums.runs();
    let Some(sum) = runs.total()? else { return Ok(None) };
    let curve = Curve::new(&sum, &lags, layout.ions);
    let Some(window) = window(&curve, &lags, fit, runs.samples() as f64 * layout.interval()) else { return Ok(None) };
    let Some(whole) = slopes(&curve, &window) else { return Ok(None) };

    let last = window.len() - 1;
    let longest = curve.lag[window[last]];
    let length = (BLOCK_LAGS * longest / layout.interval()).ceil();
    let indices: Vec<_> = window.iter().map(|&k| curve.index[k]).collect();
    let mut parts = Vec::new();
    for block in runs.coarse(length as u64)? {
        let part = Curve::new(&block, &lags, layout.ions);
        let lags: Vec<_> = (0..part.lag.len()).filter(|&k| indices.contains(&part.index[k])).collect();
        if lags.len() == indices.len() {
            parts.extend(slopes(&part, &lags));
        }
    }
    let block_ps = runs.rounded(length as u64) as f64 * layout.interval();
    let overlap = overlap_correlation(longest, block_ps);
    let value = |pick: &dyn Fn(&Slopes) -> f64| Value {
        value: pick(&whole),
        error: standard_error(&parts.iter().map(pick).collect::<Vec<_>>(), overlap),
    };
    let mut own = value(&|slopes| slopes.own);
    let mut blocks = parts.len();
    let ion_groups = own.error.is_none();
    if ion_groups {
        let groups = group_slopes(sums, &curve, &window)?;
        own.error = standard_error(&groups, 0.0);
        blocks = groups.len();
    }
    let logs: Vec<_> = window.iter().map(|&k| (curve.lag[k].ln(), curve.msd[k].ln(), 1.0)).collect();
    Ok(Some(Diffusion {
        window: (curve.lag[window[0]], longest),
        beta: line(&logs).map_or(0.0, |(_, slope)| slope),
        own,
        axis: [0, 1, 2].map(|axis| value(&move |slopes| slopes.axis[axis])),
        ratio: curve.msd[window[last]] / (6.0 * longest),
        collective: value(&|slopes| slopes.collective),
        blocks,
        ion_groups,
    }))
}

/// Positions in the curve of the lags to fit; `lags`: all lags, ps; `run`: length of the run, ps.
fn window(curve: &Curve, lags: &[f64], fit: Fit, run: f64) -> Option<Vec<usize>> {
    let window: Vec<usize> = match fit {
        Fit::Window(from, to) => {
            let within = |lag: f64| lag >= from * 0.999_999 && lag <= to * 1.000_001;
            // a line through the first few lags alone is another fit than the one that was asked for
            let longest = lags.iter().rposition(|&lag| within(lag))?;
            if !curve.index.contains(&longest) {
                return None;
            }
            (0..curve.lag.len()).filter(|&k| within(curve.lag[k])).collect()
        }
        Fit::Automatic => automatic(curve, run)?,
    };
    (window.len() >= 2 && window.iter().all(|&k| curve.msd[k] > 0.0)).then_some(window)
}

/// The widest stretch of lags, in the ratio of its ends, with |beta - 1| < [`DIFFUSIVE`]; of two as wide, the later.
fn automatic(curve: &Curve, run: f64) -> Option<Vec<usize>> {
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
    best.map(|(first, last)| (first..=last).collect())
}

/// Points of a straight line. Weights 1/t^3: the variance of an MSD from overlapping origins grows as MSD^2 t / run (Qian,
/// Sheetz, Elson, Biophys. J. 60, 910 (1991)).
fn weighted(curve: &Curve, window: &[usize], y: &dyn Fn(usize) -> f64) -> Vec<(f64, f64, f64)> {
    window.iter().map(|&k| (curve.lag[k], y(k), curve.lag[k].powi(-3))).collect()
}

/// Straight lines through the self and collective MSD.
fn slopes(curve: &Curve, window: &[usize]) -> Option<Slopes> {
    let slope = |y: &dyn Fn(usize) -> f64| line(&weighted(curve, window, y)).map(|(_, slope)| slope);
    let axis = |axis: usize| slope(&|k| curve.axis[k][axis]).map(|slope| slope / 2.0);
    Some(Slopes {
        own: slope(&|k| curve.msd[k])? / 6.0,
        axis: [axis(0)?, axis(1)?, axis(2)?],
        collective: slope(&|k| curve.collective[k])? / 6.0,
    })
}

/// Self diffusion of each group of ions, as [`slopes`]; none where groups differ in size by much. Joined runs may have groups of other
/// sizes.
fn group_slopes(sums: &Sums<TransportTotal>, curve: &Curve, window: &[usize]) -> Result<Vec<f64>> {
    let mut slopes = Vec::new();
    for total in sums.totals().filter(|total| total.samples > 0) {
        let smallest = total.group_ions.iter().min().copied().unwrap_or(0);
        let largest = total.group_ions.iter().max().copied().unwrap_or(0);
        if smallest == 0 || largest > smallest.saturating_mul(2) {
            return Ok(slopes);
        }
    }
    for group in 0..ION_GROUPS {
        let mut squares = vec![0.0; curve.lag.len()];
        let mut pairs = vec![0.0; curve.lag.len()];
        for total in sums.totals() {
            let Some(moments) = total.blocks.total()? else { continue };
            for (k, &index) in curve.index.iter().enumerate() {
                squares[k] += moments.groups[index][group].value();
                pairs[k] += moments.origins[index] as f64 * total.group_ions[group] as f64;
            }
        }
        let slope = line(&weighted(curve, window, &|k| squares[k] / pairs[k])).map(|(_, slope)| slope / 6.0);
        slopes.extend(slope);
    }
    Ok(slopes)
}

/// Standard error of the mean of block values, neighbors of which are correlated by `overlap`.
#[must_use]
pub fn standard_error(values: &[f64], overlap: f64) -> Option<f64> {
    if values.len() < FEWEST_BLOCKS {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let correction = (1.0 + 2.0 * overlap * (1.0 - 1.0 / n)) / (1.0 - 2.0 * overlap / n);
    Some((variance / n * correction).sqrt())
}

/// Correlation of the MSD at `lag` between neighboring blocks: displacements that begin in one block and end in the next
/// count in both. For a random walk two displacements shifted by u share (1 - u/lag)^2 of their variance.
fn overlap_correlation(lag: f64, block: f64) -> f64 {
    let between = lag * lag / 12.0;
    let within = 2.0 * (block * lag / 3.0 - lag * lag / 12.0);
    between / within
}

/// Conductivity n e^2 Z^2 D / (k T), S/cm (eq. 3 of the paper). `diffusion`: A^2/ps; `density`: ions per A^3; `temperature`: K.
///
/// ```
/// use deepion_analysis::transport::{Value, nernst_einstein};
///
/// // 0.02 Li per A^3 with D = 1e-8 cm^2/s = 1e-4 A^2/ps at 300 K: 2e28 (1.602e-19)^2 1e-12 / (1.381e-23 300) S/m.
/// let diffusion = Value { value: 1e-4, error: Some(1e-5) };
/// let conductivity = nernst_einstein(diffusion, 0.02, 1.0, 300.0);
/// assert!((conductivity.value - 1.2395e-3).abs() < 1e-7);
/// assert!((conductivity.error.expect("known") / conductivity.value - 0.1).abs() < 1e-12);
/// ```
#[must_use]
pub fn nernst_einstein(diffusion: Value, density: f64, charge: f64, temperature: f64) -> Value {
    // A^2/ps = 1e-8 m^2/s, 1/A^3 = 1e30 1/m^3, S/m = 0.01 S/cm
    let factor = density * 1e30 * (charge * CHARGE).powi(2) / (BOLTZMANN * temperature) * 1e-8 * 0.01;
    diffusion.scaled(factor)
}

/// Self over collective diffusion; their errors are added as if independent.
#[must_use]
pub fn haven_ratio(own: Value, collective: Value) -> Value {
    if collective.value == 0.0 {
        return Value::default();
    }
    let value = own.value / collective.value;
    let error = own.relative().zip(collective.relative()).map(|(a, b)| value.abs() * a.hypot(b));
    Value { value, error }
}
