// SPDX-License-Identifier: MIT
//! Straight lines through an MSD by generalized least squares: the smallest error that its lags allow.

use ndarray::{Array2, ArrayView2};

/// Added to the diagonal, in parts of it: a covariance that rounding makes singular stays usable.
const RIDGE: f64 = 1e-10;

/// The line from one lag to the last one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Start {
    /// `A^2`.
    pub intercept: f64,
    /// `A^2` per sample.
    pub slope: f64,
    /// Variance of the slope in the unit of the covariance.
    pub variance: f64,
    /// Squared deviations from the line over the covariance.
    pub chi2: f64,
}

/// Lines through the points (`x`, `y`) from each lag but the last to the last one, with this `covariance` of the points in any
/// unit; lines without a solution are `None`. One Cholesky factor of the covariance in reversed order serves them all.
#[must_use]
pub fn from_each_start(x: &[f64], y: &[f64], covariance: &ArrayView2<'_, f64>) -> Vec<Option<Start>> {
    let size = x.len();
    let mut starts = vec![None; size.saturating_sub(1)];
    let Some(factor) = reversed_factor(covariance) else { return starts };
    let backward = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
    let one = solve_lower(&factor, vec![1.0; size]);
    let (x, y) = (solve_lower(&factor, backward(x)), solve_lower(&factor, backward(y)));
    let (mut s11, mut s1x, mut sxx, mut s1y, mut sxy, mut syy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for k in 0..size {
        s11 += one[k] * one[k];
        s1x += one[k] * x[k];
        sxx += x[k] * x[k];
        s1y += one[k] * y[k];
        sxy += x[k] * y[k];
        syy += y[k] * y[k];
        if k == 0 {
            continue;
        }
        let determinant = s11 * sxx - s1x * s1x;
        let intercept = (sxx * s1y - s1x * sxy) / determinant;
        let slope = (s11 * sxy - s1x * s1y) / determinant;
        let start = Start {
            intercept,
            slope,
            variance: s11 / determinant,
            chi2: (syy - intercept * s1y - slope * sxy).max(0.0),
        };
        let usable = determinant > 0.0 && slope.is_finite() && start.variance.is_finite();
        starts[size - 1 - k] = usable.then_some(start);
    }
    starts
}

/// Weights of lines as [`from_each_start`], mixed with these shares: the mixed slope is sum w y. Of one line the weights' sum is 0,
/// and sum w x is 1. `shares`: one for each start, all 0 but where the line exists.
#[must_use]
pub fn mixed_weights(x: &[f64], covariance: &ArrayView2<'_, f64>, shares: &[f64]) -> Option<Vec<f64>> {
    let size = x.len();
    let factor = reversed_factor(covariance)?;
    let one = solve_lower(&factor, vec![1.0; size]);
    let scaled = solve_lower(&factor, x.iter().rev().copied().collect());
    let (mut s11, mut s1x, mut sxx) = (0.0, 0.0, 0.0);
    let mut sum = vec![0.0; size];
    for k in 0..size {
        s11 += one[k] * one[k];
        s1x += one[k] * scaled[k];
        sxx += scaled[k] * scaled[k];
        let share = if k == 0 { 0.0 } else { shares[size - 1 - k] };
        if share == 0.0 {
            continue;
        }
        let determinant = s11 * sxx - s1x * s1x;
        let whitened = (0..=k).map(|m| (s11 * scaled[m] - s1x * one[m]) / determinant).collect();
        for (sum, weight) in sum.iter_mut().zip(solve_upper(&factor, whitened)) {
            *sum += share * weight;
        }
    }
    sum.reverse();
    sum.iter().all(|weight| weight.is_finite()).then_some(sum)
}

/// Lower factor of the matrix with rows and columns in reversed order.
fn reversed_factor(matrix: &ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let size = matrix.nrows();
    let mut factor = Array2::zeros((size, size));
    for i in 0..size {
        for j in 0..=i {
            let mut value = matrix[[size - 1 - i, size - 1 - j]];
            if i == j {
                value *= 1.0 + RIDGE;
            }
            for k in 0..j {
                value -= factor[[i, k]] * factor[[j, k]];
            }
            factor[[i, j]] = if i == j {
                if !(value > 0.0 && value.is_finite()) {
                    return None;
                }
                value.sqrt()
            } else {
                value / factor[[j, j]]
            };
        }
    }
    Some(factor)
}

fn solve_lower(factor: &Array2<f64>, mut right: Vec<f64>) -> Vec<f64> {
    for i in 0..right.len() {
        for k in 0..i {
            right[i] -= factor[[i, k]] * right[k];
        }
        right[i] /= factor[[i, i]];
    }
    right
}

/// Of the leading part that the right-hand side covers.
fn solve_upper(factor: &Array2<f64>, mut right: Vec<f64>) -> Vec<f64> {
    for i in (0..right.len()).rev() {
        for k in i + 1..right.len() {
            right[i] -= factor[[k, i]] * right[k];
        }
        right[i] /= factor[[i, i]];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// With independent points of different errors it is the weighted line.
    #[test]
    fn without_correlation_it_is_the_weighted_line() {
        let (x, y, variance) = ([1.0, 2.0, 4.0, 5.0], [1.1, 1.9, 4.2, 4.8], [1.0, 4.0, 2.0, 0.5]);
        let covariance = Array2::from_diag(&ndarray::Array1::from_vec(variance.to_vec()));
        let starts = from_each_start(&x, &y, &covariance.view());
        for (first, start) in starts.iter().enumerate() {
            let points: Vec<_> = (first..4).map(|k| (x[k], y[k], 1.0 / variance[k])).collect();
            let (intercept, slope) = crate::transport::line(&points).unwrap();
            let start = start.unwrap();
            assert!((start.slope - slope).abs() < 1e-8 && (start.intercept - intercept).abs() < 1e-8);
        }
        let weights = mixed_weights(&x, &covariance.view(), &[1.0, 0.0, 0.0]).unwrap();
        let slope: f64 = weights.iter().zip(y).map(|(w, y)| w * y).sum();
        assert!((slope - starts[0].unwrap().slope).abs() < 1e-8);
    }

    /// A line that is exact stays exact whatever the covariance is, and the weights know its intercept and scale.
    #[test]
    fn an_exact_line_is_found_through_correlated_points() {
        let x = [1.0, 2.0, 4.0];
        let covariance = array![[2.0, 1.0, 0.5], [1.0, 3.0, 1.5], [0.5, 1.5, 4.0]];
        let y = x.map(|x| 3.0 + 0.5 * x);
        let start = from_each_start(&x, &y, &covariance.view())[0].unwrap();
        assert!((start.slope - 0.5).abs() < 1e-8 && (start.intercept - 3.0).abs() < 1e-8 && start.chi2 < 1e-8);
        let weights = mixed_weights(&x, &covariance.view(), &[1.0, 0.0, 0.0]).unwrap();
        let spread: f64 = (0..3)
            .flat_map(|i| (0..3).map(move |j| (i, j)))
            .map(|(i, j)| weights[i] * weights[j] * covariance[[i, j]])
            .sum();
        assert!((spread / start.variance - 1.0).abs() < 1e-6);
        assert!(weights.iter().sum::<f64>().abs() < 1e-8);
    }

    #[test]
    fn mixed_lines_have_mixed_slopes() {
        let (x, y) = ([1.0, 2.0, 4.0, 5.0], [1.1, 1.9, 4.2, 4.8]);
        let covariance = Array2::from_shape_fn((4, 4), |(i, j)| (1 + i.min(j)) as f64);
        let starts = from_each_start(&x, &y, &covariance.view());
        let weights = mixed_weights(&x, &covariance.view(), &[0.25, 0.75, 0.0]).unwrap();
        let slope: f64 = weights.iter().zip(y).map(|(w, y)| w * y).sum();
        let expected = 0.25 * starts[0].unwrap().slope + 0.75 * starts[1].unwrap().slope;
        assert!((slope / expected - 1.0).abs() < 1e-8);
    }

    #[test]
    fn a_matrix_that_is_no_covariance_gives_no_line() {
        let x = [1.0, 2.0, 3.0];
        let wrong = Array2::from_elem((3, 3), f64::NAN);
        assert!(from_each_start(&x, &x, &wrong.view()).iter().all(Option::is_none));
        assert_eq!(mixed_weights(&x, &wrong.view(), &[1.0, 0.0]), None);
    }
}
