// SPDX-License-Identifier: MIT
//! Diffusion coefficients with standard errors, conductivities and the Haven ratio.

use std::ops::Range;

use super::beta_window;
use super::covariance::Origins;
use super::curve::{Curve, line};
use super::errors::{FEWEST_BLOCKS, Source, overlap_correlation, standard_error, with_blocks};
use super::gls;
use super::layout::Fit;
use super::moments::Moments;
use super::onsager::Onsager;
use super::spectrum::{NoSpectrum, Spectrum, spectrum};
use super::stationary::{self, Stationary};
use super::total::TransportTotal;
use crate::Result;
use crate::constants::{BOLTZMANN, CHARGE};
use crate::measurement::Sums;
use crate::motion::ION_GROUPS;

/// Blocks are at least this many times as long as the longest lag of the window.
const BLOCK_LAGS: f64 = 2.0;
/// The window of collective diffusion, and of the blocks behind an error, ends at this many times its start where it is found:
/// longer lags add less than a tenth to what is known of the slope, and blocks become fewer.
const WINDOW: f64 = 4.0;
/// The offset of an MSD, in units of the first lag of the window, at most: ions that never leave their cages.
const MOST_NOISE: f64 = 100.0;

/// Lags closer to each other than by this factor know the same.
const APART: f64 = 1.08;

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
    /// D of the sum of all charges from its spectrum, or why there is none; of the ions alone where there are no other species.
    pub spectrum: std::result::Result<Spectrum, NoSpectrum>,
    /// Correlations of the collective displacements of several species, from the same line; `None`: only the ions are followed.
    pub onsager: Option<Onsager>,
    /// Independent parts behind the errors: blocks of time where there are enough, else groups of ions.
    pub blocks: usize,
    /// Where the error of `own` comes from.
    pub errors: Source,
    /// Relative variance of D because ions hop rarely: 1 / (number of hops that last).
    pub hops: f64,
    /// How the window was found; `None`: it was given, or beta is 1 there.
    pub stationary: Option<Stationary>,
    /// Lags, ps, and weights, 1/ps, of which the slope of the MSD is the sum.
    pub weights: Vec<(f64, f64)>,
}

/// Why there is no diffusion coefficient yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NotYet {
    /// Fewer than three lags up to a fifth of the run, or no data at the longest lag of a given window.
    TooShort,
    /// No stretch of lags where beta is 1.
    NoWindow,
    /// The slope at long lags is not larger than twice its error, `A^2/ps` and ps: ions have not left their cages.
    Caged(Value),
    /// Slopes from these two lags on, `A^2/ps` and ps, differ by more than chance: they still change.
    Changing([(f64, f64); 2]),
}

/// A line through an MSD.
pub(super) struct Line {
    /// Its lags in the curve, ascending.
    pub at: Vec<usize>,
    /// 1/ps.
    pub weights: Vec<f64>,
    /// Variance of the slope over that of one ion and axis whose D is known, (2 D)^2 2: see [`Origins::covariance`].
    pub variance: f64,
}

impl Line {
    /// Place of its longest lag.
    fn last(&self) -> usize {
        self.at[self.at.len() - 1]
    }
}

/// What estimators work on.
pub(super) struct Data<'a> {
    pub sums: &'a Sums<TransportTotal>,
    pub curve: Curve,
    /// Of the lags of the curve.
    pub origins: Origins,
    /// ps.
    pub interval: f64,
    /// Samples of all runs together, and of the longest.
    pub samples: (u64, u64),
}

impl<'a> Data<'a> {
    /// `None` without displacements.
    fn new(sums: &'a Sums<TransportTotal>) -> Result<Option<Self>> {
        let layout = &sums.layout;
        let Some(sum) = sums.runs().total()? else { return Ok(None) };
        let curve = Curve::new(&sum, &layout.lags_ps(), layout.ions);
        let (lags, strides) = (layout.lags().all(), layout.lags().strides());
        let of_curve = |of: &[u64]| curve.index.iter().map(|&index| of[index]).collect();
        let each: Vec<u64> = sums.totals().map(|total| total.samples).collect();
        let samples = (each.iter().sum(), each.iter().copied().max().unwrap_or(0));
        let origins = Origins::new(of_curve(&lags), of_curve(&strides), each);
        Ok(Some(Self { sums, curve, origins, interval: layout.interval(), samples }))
    }

    pub fn ions(&self) -> f64 {
        self.sums.layout.ions as f64
    }

    /// Relative variance of D because hops are rare: 1 / (number of hops that last) is `(5/3) alpha_2(t) t / (N T)` at long t, for
    /// jumps at random the same at all of them. From lags between a fortieth and a tenth of the run, not before `from`, ps.
    pub fn rare_hops(&self, from: f64) -> f64 {
        let run = self.samples.1 as f64 * self.interval;
        let curve = &self.curve;
        let long = |&k: &usize| curve.lag[k] >= from.max(run / 40.0) && curve.lag[k] <= run / 10.0;
        let (sum, count) = (0..curve.lag.len())
            .filter(long)
            .fold((0.0, 0.0), |(sum, count), k| (sum + 5.0 / 3.0 * curve.non_gaussian[k] * curve.lag[k], count + 1.0));
        let time = self.samples.0 as f64 * self.interval;
        if count == 0.0 { 0.0 } else { (sum / count).max(0.0) / (self.ions() * time) }
    }

    /// Sum of weights times what `of` says of the curve's lags.
    pub fn slope(line: &Line, of: impl Fn(usize) -> f64) -> f64 {
        line.at.iter().zip(&line.weights).map(|(&k, weight)| weight * of(k)).sum()
    }

    /// The line through these lags by generalized least squares. Its covariance is that of the line itself, found from the one
    /// before: scaled with the data lag by lag it would make D too small.
    pub fn generalized(&self, window: Range<usize>) -> Option<Line> {
        let at = self.apart(window);
        let of = |values: &[f64]| at.iter().map(|&k| values[k]).collect::<Vec<_>>();
        let (lags, msd) = (of(&self.curve.lag), of(&self.curve.msd));
        let points: Vec<_> = lags.iter().zip(&msd).map(|(&lag, &msd)| (lag, msd, lag.powi(-3))).collect();
        let (mut intercept, mut slope) = line(&points)?;
        let (samples, origins) = (self.in_samples(&at), self.origins.pick(&at));
        let mut found = None;
        for _ in 0..2 {
            let covariance = origins.covariance(self.noise(intercept, slope, lags[0]));
            let start = gls::from_each_start(&samples, &msd, &covariance.view()).first().copied()??;
            (intercept, slope) = (start.intercept, start.slope / self.interval);
            let mut first = vec![0.0; samples.len()];
            first[0] = 1.0;
            let mut weights = gls::mixed_weights(&samples, &covariance.view(), &first)?;
            for weight in &mut weights {
                *weight /= self.interval;
            }
            found = Some(Line { at: at.clone(), weights, variance: start.variance });
        }
        found
    }

    /// Places of lags of a window that are far enough apart to know different things, with its first and last.
    pub fn apart(&self, window: Range<usize>) -> Vec<usize> {
        let last = window.end.saturating_sub(1);
        let mut places: Vec<usize> = Vec::new();
        for k in window {
            let far = |&before: &usize| self.curve.lag[k] >= APART * self.curve.lag[before];
            if k == last || places.last().is_none_or(far) {
                places.push(k);
            }
        }
        places
    }

    /// Lags at places of the curve in samples.
    pub fn in_samples(&self, at: &[usize]) -> Vec<f64> {
        at.iter().map(|&k| self.origins.lags[k] as f64).collect()
    }

    /// The offset of the MSD over its slope, samples.
    pub fn noise(&self, intercept: f64, slope: f64, first: f64) -> f64 {
        let most = MOST_NOISE * first;
        let offset = if slope > 0.0 { (intercept / slope).clamp(0.0, most) } else { most };
        offset / self.interval
    }

    /// The curves of blocks that are long enough for a line, and the correlation between neighbors.
    fn blocks(&self, line: &Line) -> Result<(Vec<Curve>, f64)> {
        let layout = &self.sums.layout;
        let runs = self.sums.runs();
        let longest = self.curve.lag[line.last()];
        let length = (BLOCK_LAGS * longest / self.interval).ceil() as u64;
        let lags = layout.lags_ps();
        let complete = |block: &Moments| line.at.iter().all(|&k| block.origins[self.curve.index[k]] > 0);
        let blocks = runs.coarse(length)?;
        let curves = blocks.iter().filter(|block| complete(block)).map(|block| Curve::new(block, &lags, layout.ions));
        let overlap = overlap_correlation(longest, runs.rounded(length) as f64 * self.interval);
        Ok((curves.collect(), overlap))
    }

    /// Self diffusion of each group of ions; none where groups differ in size by much. Joined runs may have groups of other sizes.
    pub fn groups(&self, line: &Line) -> Result<Vec<f64>> {
        for total in self.sums.totals().filter(|total| total.samples > 0) {
            let smallest = total.group_ions.iter().min().copied().unwrap_or(0);
            let largest = total.group_ions.iter().max().copied().unwrap_or(0);
            if smallest == 0 || largest > smallest.saturating_mul(2) {
                return Ok(Vec::new());
            }
        }
        let mut sums = vec![[(0.0, 0.0); ION_GROUPS]; line.at.len()];
        for total in self.sums.totals() {
            let Some(moments) = total.blocks.total()? else { continue };
            for (sums, &k) in sums.iter_mut().zip(&line.at) {
                let index = self.curve.index[k];
                for (group, (squares, pairs)) in sums.iter_mut().enumerate() {
                    *squares += moments.groups[index][group].value();
                    *pairs += moments.origins[index] as f64 * total.group_ions[group] as f64;
                }
            }
        }
        let slope = |group: usize| -> f64 {
            let each = line.weights.iter().zip(&sums);
            each.map(|(weight, sums)| weight * sums[group].0 / sums[group].1).sum()
        };
        Ok((0..ION_GROUPS).map(|group| slope(group) / 6.0).collect())
    }

    /// Variance of D from what takes ions for independent, and which of the two it is; `relative`: of the motion.
    fn independent(&self, line: &Line, own: f64, relative: f64) -> Result<(f64, Source)> {
        let motion = relative * own * own;
        let groups = standard_error(&self.groups(line)?, 0.0).map_or(0.0, |error| error * error);
        Ok(if groups > motion { (groups, Source::IonGroups) } else { (motion, Source::Motion) })
    }
}

/// Relative variance of the mean of D over `axes` axes and `ions` ions.
pub(super) fn relative_variance(line_variance: f64, axes: f64, ions: f64) -> f64 {
    2.0 / (axes * ions) * line_variance
}

/// Diffusion from the sums so far, or why there is none.
///
/// # Errors
/// Where a sum leaves its range.
pub fn diffusion(sums: &Sums<TransportTotal>, fit: Fit) -> Result<std::result::Result<Diffusion, NotYet>> {
    let Some(data) = Data::new(sums)? else { return Ok(Err(NotYet::TooShort)) };
    match fit {
        Fit::Stationary => stationary(&data),
        Fit::Beta => match beta_window::window(&data.curve, data.samples.0 as f64 * data.interval) {
            Some(window) => with_beta(&data, window),
            None => Ok(Err(NotYet::NoWindow)),
        },
        Fit::Window(from, to) => match given(&data, from, to).and_then(|at| data.generalized(at)) {
            Some(line) => Ok(Ok(of_line(&data, &line)?)),
            None => Ok(Err(NotYet::TooShort)),
        },
    }
}

/// Positions in the curve of the lags of a window, ps.
fn given(data: &Data<'_>, from: f64, to: f64) -> Option<Range<usize>> {
    let within = |lag: f64| lag >= from * 0.999_999 && lag <= to * 1.000_001;
    // a line through the first few lags alone is another fit than the one that was asked for
    let longest = data.sums.layout.lags_ps().iter().rposition(|&lag| within(lag))?;
    let last = data.curve.index.iter().position(|&index| index == longest)?;
    let first = data.curve.lag.iter().position(|&lag| within(lag))?;
    (last > first && data.curve.msd[first..=last].iter().all(|&msd| msd > 0.0)).then_some(first..last + 1)
}

/// The window that was given.
fn of_line(data: &Data<'_>, line: &Line) -> Result<Diffusion> {
    let hops = data.rare_hops(data.curve.lag[line.at[0]]);
    let own = Data::slope(line, |k| data.curve.msd[k]) / 6.0;
    let relative = relative_variance(line.variance, 3.0, data.ions()) + hops;
    let independent = data.independent(line, own, relative)?;
    let mut found = coefficients(data, line, line, hops, independent)?;
    let (blocks, overlap) = data.blocks(line)?;
    let values: Vec<f64> = blocks.iter().map(|block| slope_of(block, data, line, |k| block.msd[k]) / 6.0).collect();
    found.own.error = Some(with_blocks(&values, overlap, independent.0).sqrt());
    Ok(found)
}

/// The average over starts where the slope is constant.
fn stationary(data: &Data<'_>) -> Result<std::result::Result<Diffusion, NotYet>> {
    let average = match stationary::average(data) {
        Ok(average) => average,
        Err(why) => return Ok(Err(why)),
    };
    let from = data.curve.lag.iter().position(|&lag| lag >= average.stationary.start * 0.999_999).unwrap_or(0);
    let run = data.samples.1 as f64 * data.interval;
    let last = WINDOW * data.curve.lag[from];
    let to = data.curve.lag.iter().take_while(|&&lag| lag <= last.min(run / stationary::LAGS) * 1.000_001).count();
    let Some(line) = data.generalized(from..to.max(from + 2)) else { return Ok(Err(NotYet::TooShort)) };

    let hops = data.rare_hops(0.0);
    let own = Data::slope(&average.line, |k| data.curve.msd[k]) / 6.0;
    let relative = relative_variance(average.line.variance, 3.0, data.ions()) + hops;
    let independent = data.independent(&average.line, own, relative)?;
    let mut found = coefficients(data, &average.line, &line, hops, independent)?;

    // averaged weights reach too far for many blocks: those of one line say by how much the variance is larger than that of
    // independent ions
    let (blocks, overlap) = data.blocks(&line)?;
    let values: Vec<f64> = blocks.iter().map(|block| slope_of(block, data, &line, |k| block.msd[k]) / 6.0).collect();
    let of_line = Data::slope(&line, |k| data.curve.msd[k]) / 6.0;
    let relative = relative_variance(line.variance, 3.0, data.ions()) + hops;
    let (alone, _) = data.independent(&line, of_line, relative)?;
    let larger = with_blocks(&values, overlap, alone) / alone;
    let statistical = independent.0 * larger;
    found.own.error = Some((statistical + average.stationary.shift.powi(2)).sqrt());
    if own < 2.0 * statistical.sqrt() {
        return Ok(Err(NotYet::Caged(found.own)));
    }
    found.stationary = Some(average.stationary);
    Ok(Ok(found))
}

/// The rule of the first versions.
fn with_beta(data: &Data<'_>, at: Range<usize>) -> Result<std::result::Result<Diffusion, NotYet>> {
    let at: Vec<usize> = at.collect();
    let lags: Vec<f64> = at.iter().map(|&k| data.curve.lag[k]).collect();
    let Some(weights) = beta_window::weights(&lags) else { return Ok(Err(NotYet::NoWindow)) };
    let line = Line { at, weights, variance: 0.0 };
    let groups = standard_error(&data.groups(&line)?, 0.0);
    let mut found = coefficients(data, &line, &line, data.rare_hops(0.0), (0.0, Source::IonGroups))?;
    let (blocks, overlap) = data.blocks(&line)?;
    let error = |of: &dyn Fn(&Curve, usize) -> f64, per: f64| {
        let values: Vec<f64> =
            blocks.iter().map(|block| slope_of(block, data, &line, |k| of(block, k)) / per).collect();
        standard_error(&values, overlap)
    };
    found.own.error = error(&|block, k| block.msd[k], 6.0).or(groups);
    for axis in 0..3 {
        found.axis[axis].error = error(&|block, k| block.axis[k][axis], 2.0);
    }
    found.collective.error = error(&|block, k| block.collective[k], 6.0);
    Ok(Ok(found))
}

/// Everything that is a sum over lags: self diffusion from the line `own`, collective diffusion from `line`. `independent`: variance of D
/// from what takes ions for independent. The error of `own` itself is left to the caller.
fn coefficients(
    data: &Data<'_>,
    own: &Line,
    line: &Line,
    hops: f64,
    (independent, source): (f64, Source),
) -> Result<Diffusion> {
    let curve = &data.curve;
    let (blocks, overlap) = data.blocks(line)?;
    let enough = blocks.len() >= FEWEST_BLOCKS;
    let value = |used: &Line, per: f64, of: &dyn Fn(&Curve, usize) -> f64, relative: &dyn Fn(f64) -> f64| {
        let value = Data::slope(used, |k| of(curve, k)) / per;
        let values: Vec<f64> = blocks.iter().map(|block| slope_of(block, data, line, |k| of(block, k)) / per).collect();
        Value { value, error: Some(with_blocks(&values, overlap, relative(value)).sqrt()) }
    };
    let axis = |axis: usize| {
        value(own, 2.0, &|curve, k| curve.axis[k][axis], &|value| {
            (relative_variance(own.variance, 1.0, data.ions()) + hops) * value * value
        })
    };
    let collective = value(line, 6.0, &|curve, k| curve.collective[k], &|value| {
        relative_variance(line.variance, 3.0, 1.0) * value * value
    });
    // averaged lines go on beyond the one for collective diffusion
    let (first, last) = (line.at[0], own.last());
    let logs: Vec<_> = (first..=last).map(|k| (curve.lag[k].ln(), curve.msd[k].ln(), 1.0)).collect();
    Ok(Diffusion {
        window: (curve.lag[first], curve.lag[last]),
        beta: self::line(&logs).map_or(0.0, |(_, slope)| slope),
        own: Value { value: Data::slope(own, |k| curve.msd[k]) / 6.0, error: Some(independent.sqrt()) },
        axis: [axis(0), axis(1), axis(2)],
        ratio: curve.msd[last] / (6.0 * curve.lag[last]),
        collective,
        spectrum: spectrum(data.sums.totals().map(|run| &run.series), data.interval, curve.lag[line.at[0]]),
        onsager: Onsager::new(data, line, &blocks, overlap),
        blocks: if enough { blocks.len() } else { ION_GROUPS },
        errors: if enough { Source::Blocks } else { source },
        hops,
        stationary: None,
        weights: own.at.iter().zip(&own.weights).map(|(&k, &weight)| (curve.lag[k], weight)).collect(),
    })
}

/// The slope of a line in a block, whose curve may lack lags of the whole run. `of`: at a place in the block's curve.
pub(super) fn slope_of(block: &Curve, data: &Data<'_>, line: &Line, of: impl Fn(usize) -> f64) -> f64 {
    let place = |k: usize| block.index.binary_search(&data.curve.index[k]);
    Data::slope(line, |k| place(k).map_or(f64::NAN, &of))
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
