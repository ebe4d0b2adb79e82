// SPDX-License-Identifier: MIT
//! MSD(t), non-Gaussian parameter and beta(t) from the sums.

use super::moments::Moments;

/// Averages at the lags that have data, ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// ps.
    pub lag: Vec<f64>,
    /// Index among all lags.
    pub index: Vec<usize>,
    /// Time origins.
    pub origins: Vec<u64>,
    /// Mean-square displacement along x, y, z, `A^2`.
    pub axis: Vec<[f64; 3]>,
    /// Mean-square displacement, `A^2`.
    pub msd: Vec<f64>,
    /// Collective (charge) mean-square displacement |sum of all displacements|^2 / ions, `A^2`.
    pub collective: Vec<f64>,
    /// Non-Gaussian parameter.
    pub non_gaussian: Vec<f64>,
    /// Mean product of the summed displacements of each pair of species, `A^2`; empty lists where only the ions are followed.
    pub cross: Vec<Vec<f64>>,
}

impl Curve {
    /// Averages over `ions` ions; `lags`: all lags, ps.
    #[must_use]
    pub fn new(moments: &Moments, lags: &[f64], ions: u64) -> Self {
        let mut curve = Self::default();
        for (index, &origins) in moments.origins.iter().enumerate() {
            if origins == 0 {
                continue;
            }
            let pairs = origins as f64 * ions as f64;
            let axis = moments.squares[index].map(|sum| sum.value() / pairs);
            let msd = axis.iter().sum();
            curve.lag.push(lags[index]);
            curve.index.push(index);
            curve.origins.push(origins);
            curve.axis.push(axis);
            curve.msd.push(msd);
            curve.collective.push(moments.collective[index].iter().map(|sum| sum.value()).sum::<f64>() / pairs);
            let cross = moments.cross.get(index).map_or(&[][..], Vec::as_slice);
            curve.cross.push(cross.iter().map(|sum| sum.value() / origins as f64).collect());
            curve.non_gaussian.push(non_gaussian(msd, moments.fourth[index].value() / pairs));
        }
        curve
    }

    /// Exponent beta(t) = d log MSD / d log t at lag number `at`: slope of the straight line through log MSD over the lags
    /// within a factor of two. `None` where there is no such line.
    #[must_use]
    pub fn beta(&self, at: usize) -> Option<f64> {
        let center = self.lag[at];
        // lags are whole multiples of the interval, and rounded: the limits leave room for that
        let near = |&k: &usize| self.lag[k] > 0.499 * center && self.lag[k] < 2.001 * center && self.msd[k] > 0.0;
        let points: Vec<_> =
            (0..self.lag.len()).filter(near).map(|k| (self.lag[k].ln(), self.msd[k].ln(), 1.0)).collect();
        line(&points).map(|(_, slope)| slope)
    }
}

/// Non-Gaussian parameter 3 <r^4> / (5 <r^2>^2) - 1; 0 without displacements.
///
/// ```
/// use deepion_analysis::transport::non_gaussian;
///
/// assert!(non_gaussian(3.0, 15.0).abs() < 1e-15); // a normal distribution of unit variance along each axis
/// assert!((non_gaussian(1.0, 1.0) + 0.4).abs() < 1e-15); // jumps of one length
/// ```
#[must_use]
pub fn non_gaussian(r2: f64, r4: f64) -> f64 {
    if r2 > 0.0 { 3.0 * r4 / (5.0 * r2 * r2) - 1.0 } else { 0.0 }
}

/// Intercept and slope of the weighted straight line through points (x, y, weight); `None` for fewer than two different x.
///
/// ```
/// use deepion_analysis::transport::line;
///
/// let (intercept, slope) = line(&[(1.0, 5.0, 2.0), (3.0, 9.0, 1.0)]).expect("two different x");
/// assert!((intercept - 3.0).abs() < 1e-12 && (slope - 2.0).abs() < 1e-12);
/// assert_eq!(line(&[(1.0, 5.0, 1.0), (1.0, 6.0, 1.0)]), None);
/// ```
#[must_use]
pub fn line(points: &[(f64, f64, f64)]) -> Option<(f64, f64)> {
    let total: f64 = points.iter().map(|(_, _, w)| w).sum();
    let mean_x = points.iter().map(|(x, _, w)| w * x).sum::<f64>() / total;
    let mean_y = points.iter().map(|(_, y, w)| w * y).sum::<f64>() / total;
    let spread: f64 = points.iter().map(|(x, _, w)| w * (x - mean_x).powi(2)).sum();
    if !differ(points.iter().map(|(x, _, _)| *x)) {
        return None;
    }
    let slope = points.iter().map(|(x, y, w)| w * (x - mean_x) * (y - mean_y)).sum::<f64>() / spread;
    slope.is_finite().then_some((mean_y - slope * mean_x, slope))
}

/// Whether values differ by more than rounding: the sum of squares about a mean that was rounded is not 0 for equal ones.
#[must_use]
pub fn differ(values: impl Iterator<Item = f64>) -> bool {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    high - low > 1e-12 * low.abs().max(high.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_through_points_above_each_other() {
        let x = 0.1 + 0.2;
        let points = [(x, 1.0, 1.0), (x, 2.0, 1.0), (x, 4.0, 1.0)];
        assert_eq!(line(&points), None);
        assert_eq!(line(&points[..1]), None);
        assert_eq!(line(&[]), None);
        let (intercept, slope) = line(&[(0.0, 1.0, 1.0), (2.0, 5.0, 3.0)]).unwrap();
        assert!((intercept - 1.0).abs() < 1e-14 && (slope - 2.0).abs() < 1e-14);
    }
}
