// SPDX-License-Identifier: MIT
//! Activation energy from results at several temperatures (eq. 4 of the paper).

use crate::constants::BOLTZMANN_EV;
use crate::transport::{differ, line};
use crate::{Error, Result};

/// A quantity measured at one temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// K.
    pub temperature: f64,
    /// Positive.
    pub value: f64,
    /// Standard error, where known.
    pub error: Option<f64>,
}

/// ln y = `intercept` - E / (k T).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrhenius {
    /// Activation energy E, eV.
    pub energy: f64,
    /// Its standard error, eV; `None` for two points without errors of their own.
    pub energy_error: Option<f64>,
    /// ln of the prefactor.
    pub intercept: f64,
    /// Whether points were weighted with their errors.
    pub weighted: bool,
    /// Sum of squared deviations over their errors, per degree of freedom; `None` without errors or degrees of freedom.
    pub chi2: Option<f64>,
    /// Weighted mean of x = 1/(k T), 1/eV. There, and nowhere else, height and slope of the line do not depend on each other.
    pub mean_x: f64,
    /// Variance of the line's height at `mean_x`.
    pub height_variance: Option<f64>,
    /// Variance of its slope, eV^2: that of ln y at x is `height_variance` + `slope_variance` (x - `mean_x`)^2.
    pub slope_variance: Option<f64>,
}

impl Arrhenius {
    /// Straight line through ln y against 1/(k T).
    ///
    /// Where every point has an error, points weigh 1 / (relative error)^2, with the errors of three temperatures or more taken from a
    /// straight line through their logarithms against 1/T: errors from few blocks are known to a third or so, and a point whose error
    /// is small by chance would pull the line. The errors of the line follow from those, scaled up by the square root of chi^2 per degree of freedom where that exceeds 1 (as the Particle Data Group does);
    /// else all points weigh the same and the errors come from the scatter about the line.
    ///
    /// ```
    /// use deepion_analysis::arrhenius::{Arrhenius, Point};
    /// use deepion_analysis::constants::BOLTZMANN_EV;
    ///
    /// let point = |temperature: f64| {
    ///     let value = 1e-3 * (-0.25 / (BOLTZMANN_EV * temperature)).exp();
    ///     Point { temperature, value, error: None }
    /// };
    /// let fit = Arrhenius::fit(&[point(500.0), point(700.0), point(900.0)])?;
    /// assert!((fit.energy - 0.25).abs() < 1e-12);
    /// assert!(Arrhenius::fit(&[point(500.0)]).is_err());
    /// # Ok::<(), deepion_analysis::Error>(())
    /// ```
    ///
    /// # Errors
    /// Fewer than two temperatures, or values that are not positive.
    pub fn fit(points: &[Point]) -> Result<Self> {
        for point in points {
            if !(point.temperature > 0.0 && point.value > 0.0 && point.value.is_finite()) {
                return Err(Error::Data(format!(
                    "no activation energy: the value at {} K is {}, but its logarithm is needed: leave that temperature out",
                    point.temperature, point.value
                )));
            }
        }
        let relative: Option<Vec<f64>> = points
            .iter()
            .map(|point| point.error.filter(|&error| error > 0.0).map(|error| error / point.value))
            .collect();
        let x: Vec<f64> = points.iter().map(|point| 1.0 / (BOLTZMANN_EV * point.temperature)).collect();
        let weights = relative
            .as_ref()
            .map_or_else(|| vec![1.0; points.len()], |r| smooth(&x, r).iter().map(|r| r.powi(-2)).collect());
        let y: Vec<f64> = points.iter().map(|point| point.value.ln()).collect();
        let total: f64 = weights.iter().sum();
        let mean = |values: &[f64]| weights.iter().zip(values).map(|(w, v)| w * v).sum::<f64>() / total;
        let (mean_x, mean_y) = (mean(&x), mean(&y));
        let spread: f64 = weights.iter().zip(&x).map(|(w, x)| w * (x - mean_x).powi(2)).sum();
        if points.len() < 2 || !differ(x.iter().copied()) {
            return Err(Error::Data("no activation energy: at least two different temperatures are needed".into()));
        }
        let slope = (0..x.len()).map(|k| weights[k] * (x[k] - mean_x) * (y[k] - mean_y)).sum::<f64>() / spread;
        let residuals: f64 = (0..x.len()).map(|k| weights[k] * (y[k] - mean_y - slope * (x[k] - mean_x)).powi(2)).sum();
        let freedom = points.len() - 2;
        let scatter = (freedom > 0).then(|| residuals / freedom as f64);
        let weighted = relative.is_some();
        let scale = if weighted { Some(scatter.unwrap_or(1.0).max(1.0)) } else { scatter };
        Ok(Self {
            energy: -slope,
            energy_error: scale.map(|scale| (scale / spread).sqrt()),
            intercept: mean_y - slope * mean_x,
            weighted,
            chi2: if weighted { scatter } else { None },
            mean_x,
            height_variance: scale.map(|scale| scale / total),
            slope_variance: scale.map(|scale| scale / spread),
        })
    }

    /// Value on the line at a temperature, and the factor by which one standard error multiplies or divides it.
    #[must_use]
    pub fn predict(&self, temperature: f64) -> (f64, Option<f64>) {
        let x = 1.0 / (BOLTZMANN_EV * temperature);
        let error =
            self.height_variance.zip(self.slope_variance).map(|(a, b)| (a + b * (x - self.mean_x).powi(2)).sqrt());
        ((self.intercept - self.energy * x).exp(), error.map(f64::exp))
    }
}

/// Relative errors on a straight line through their logarithms against `x`; two points keep their own.
fn smooth(x: &[f64], relative: &[f64]) -> Vec<f64> {
    let points: Vec<_> = x.iter().zip(relative).map(|(&x, relative)| (x, relative.ln(), 1.0)).collect();
    match line(&points) {
        Some((intercept, slope)) if x.len() > 2 => x.iter().map(|x| (intercept + slope * x).exp()).collect(),
        _ => relative.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(temperature: f64, error: Option<f64>) -> Point {
        let value = 3.0 * (-0.3 / (BOLTZMANN_EV * temperature)).exp();
        Point { temperature, value, error: error.map(|relative| relative * value) }
    }

    #[test]
    fn an_exact_line_is_recovered() {
        for error in [None, Some(0.1)] {
            let points = [300.0, 350.0, 400.0, 500.0].map(|t| exact(t, error));
            let fit = Arrhenius::fit(&points).unwrap();
            assert!((fit.energy - 0.3).abs() < 1e-12);
            assert!((fit.intercept - 3f64.ln()).abs() < 1e-10);
            assert_eq!(fit.weighted, error.is_some());
            let (value, factor) = fit.predict(250.0);
            assert!((value / exact(250.0, None).value - 1.0).abs() < 1e-10);
            assert!(if error.is_some() { factor.unwrap() > 1.1 } else { factor.unwrap() < 1.0 + 1e-6 });
        }
    }

    /// Variances of a straight line with known errors: 1 / sum w (x - mean)^2.
    #[test]
    fn errors_follow_from_those_of_the_points() {
        let points = [exact(300.0, Some(0.2)), exact(400.0, Some(0.1))];
        let fit = Arrhenius::fit(&points).unwrap();
        let gap = 1.0 / (BOLTZMANN_EV * 300.0) - 1.0 / (BOLTZMANN_EV * 400.0);
        assert!((fit.energy_error.unwrap() - 0.05f64.sqrt() / gap).abs() < 1e-12);
        assert_eq!(fit.chi2, None);
        assert_eq!(Arrhenius::fit(&[exact(300.0, None), exact(400.0, None)]).unwrap().energy_error, None);
    }

    /// Errors that scatter as those of few blocks do pull the line no more; smooth ones are left as they are.
    #[test]
    fn an_error_small_by_chance_does_not_pull_the_line() {
        let temperatures = [500.0, 600.0, 700.0, 800.0, 900.0];
        let error = |k: usize| 0.1 * (-0.3 * k as f64).exp();
        let x = temperatures.map(|t| 1.0 / (BOLTZMANN_EV * t));
        let exponential: Vec<f64> = x.iter().map(|x| (0.2 * x - 6.0).exp()).collect();
        assert!(smooth(&x, &exponential).iter().zip(&exponential).all(|(a, b)| (a / b - 1.0).abs() < 1e-12));
        assert_eq!(smooth(&x[..2], &[0.3, 0.1]), [0.3, 0.1]);
        let mut points: Vec<Point> = (0..5).map(|k| exact(temperatures[k], Some(error(k)))).collect();
        points[1].value *= 1.1;
        let fair = Arrhenius::fit(&points).unwrap();
        points[1].error = Some(points[1].error.unwrap() / 5.0);
        let pulled = Arrhenius::fit(&points).unwrap();
        assert!((pulled.energy - fair.energy).abs() < 0.003, "{} {}", pulled.energy, fair.energy);
    }

    /// The standard error of an unweighted slope, from its textbook formula.
    #[test]
    fn scatter_gives_the_error_where_points_have_none() {
        let mut points = [300.0, 350.0, 400.0, 500.0].map(|t| exact(t, None));
        points[1].value *= 1.2;
        points[2].value *= 0.9;
        let fit = Arrhenius::fit(&points).unwrap();
        let x = points.map(|point| 1.0 / (BOLTZMANN_EV * point.temperature));
        let y = points.map(|point| point.value.ln());
        let mean = x.iter().sum::<f64>() / 4.0;
        let residuals: f64 = (0..4).map(|k| (y[k] - fit.intercept + fit.energy * x[k]).powi(2)).sum();
        let spread: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
        assert!((fit.energy_error.unwrap() - (residuals / 2.0 / spread).sqrt()).abs() < 1e-12);
        assert!((fit.energy - 0.3).abs() > 1e-3);
    }

    #[test]
    fn what_has_no_logarithm_is_named() {
        let error = Arrhenius::fit(&[exact(300.0, None), Point { temperature: 400.0, value: 0.0, error: None }]);
        assert!(error.unwrap_err().to_string().contains("the value at 400 K is 0"));
        // the mean of three equal numbers is rounded, and the spread about it is not 0
        let same = [exact(300.1, None), exact(300.1, Some(0.3)), Point { value: 2.0, ..exact(300.1, None) }];
        assert!(Arrhenius::fit(&same).is_err() && Arrhenius::fit(&same[..2]).is_err());
    }
}
