//! A piecewise polynomial table of the basis functions of one type pair.

use crate::error::Result;
use crate::model::Model;
use crate::networks::Networks;

use super::basis::Basis;
use super::radial_functions::RadialFunctions;
use super::real::Real;

/// Coefficients of a piece: a polynomial of degree 5.
pub const COEFFICIENTS: usize = 6;
/// Most pieces of a table; with this many a table that is not accurate enough is given up.
const MAX_PIECES: usize = 4096;

/// psi(r) = sum over c of `coefficient[c]` t^c with t in [0, 1] across a piece, for K functions at once.
///
/// Pieces are quintic Hermite interpolants: value and two derivatives are exact at the knots and continuous everywhere.
#[derive(Debug, Clone)]
pub struct Table<R> {
    /// Smallest distance, A.
    pub nearest: f64,
    /// Pieces per A.
    pub inv_step: f64,
    /// pieces x [`COEFFICIENTS`] x K.
    pub coefficients: Vec<R>,
    /// Number of functions.
    pub columns: usize,
    /// Largest error of a function found between the knots, relative to the largest value of any.
    pub error: f64,
}

impl<R: Real> Table<R> {
    /// Tabulates psi = rows G between `nearest` (or a little below, so that the start of the switch falls on a knot) and
    /// the cutoff, halving the step until the error between knots is below `tolerance` or there are too many pieces: see
    /// [`Table::error`].
    ///
    /// # Errors
    /// Whatever the networks report.
    pub fn build(
        model: &Model,
        networks: &mut dyn Networks,
        (center, neighbor): (usize, usize),
        basis: &Basis,
        nearest: f64,
        tolerance: f64,
    ) -> Result<Self> {
        let c = &model.contract;
        let mut beyond_switch = 32_i64;
        loop {
            let step = (c.rcut - c.rcut_smth) / beyond_switch as f64;
            let before = ((c.rcut_smth - nearest) / step).ceil() as i64;
            let pieces = (before + beyond_switch).max(1) as usize;
            let first = c.rcut_smth - before as f64 * step;
            let table = Self::interpolate(model, networks, (center, neighbor), basis, first, step, pieces)?;
            if table.error <= tolerance || 2 * pieces > MAX_PIECES {
                return Ok(table);
            }
            beyond_switch *= 2;
        }
    }

    fn interpolate(
        model: &Model,
        networks: &mut dyn Networks,
        (center, neighbor): (usize, usize),
        basis: &Basis,
        first: f64,
        step: f64,
        pieces: usize,
    ) -> Result<Self> {
        let columns = basis.rows.len();
        let knots: Vec<f64> = (0..=pieces).map(|k| first + k as f64 * step).collect();
        let functions = RadialFunctions::with_curvature(model, networks, (center, neighbor), &knots)?;
        let at_knots: Vec<Vec<[f64; 3]>> = (0..=pieces).map(|k| functions.project(k, &basis.rows)).collect();
        let mut exact = vec![0.0; pieces * COEFFICIENTS * columns];
        for (piece, ends) in exact.chunks_exact_mut(COEFFICIENTS * columns).zip(at_knots.windows(2)) {
            for column in 0..columns {
                for (power, value) in hermite(ends[0][column], ends[1][column], step).into_iter().enumerate() {
                    piece[power * columns + column] = value;
                }
            }
        }
        let largest = at_knots.iter().flatten().map(|[v, ..]| v.abs()).fold(0.0, f64::max);
        let error = error_between(model, networks, (center, neighbor), basis, (first, step), &exact)?
            / largest.max(f64::MIN_POSITIVE);
        let coefficients = exact.into_iter().map(R::from_f64).collect();
        Ok(Self { nearest: first, inv_step: 1.0 / step, coefficients, columns, error })
    }

    /// Number of pieces.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.coefficients.len() / (COEFFICIENTS * self.columns)
    }

    /// Bytes of the coefficients.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.coefficients.len() * size_of::<R>()
    }
}

/// The quintic with the given values, first and second derivatives (by r) at both ends of a piece of length h, in t = r/h.
fn hermite([v0, d0, c0]: [f64; 3], [v1, d1, c1]: [f64; 3], h: f64) -> [f64; COEFFICIENTS] {
    let (d0, d1, c0, c1) = (d0 * h, d1 * h, c0 * h * h, c1 * h * h);
    let v = v1 - v0;
    [
        v0,
        d0,
        0.5 * c0,
        10.0 * v - 6.0 * d0 - 4.0 * d1 - 1.5 * c0 + 0.5 * c1,
        -15.0 * v + 8.0 * d0 + 7.0 * d1 + 1.5 * c0 - c1,
        6.0 * v - 3.0 * (d0 + d1) - 0.5 * (c0 - c1),
    ]
}

/// Largest error at two places inside every piece, where the error of a quintic Hermite interpolant and of its slope peak.
fn error_between(
    model: &Model,
    networks: &mut dyn Networks,
    (center, neighbor): (usize, usize),
    basis: &Basis,
    (first, step): (f64, f64),
    coefficients: &[f64],
) -> Result<f64> {
    let columns = basis.rows.len();
    let places = [0.5, 0.28];
    let pieces = coefficients.len() / (COEFFICIENTS * columns);
    let distances: Vec<f64> = (0..pieces).flat_map(|k| places.map(|t| first + (k as f64 + t) * step)).collect();
    let functions = RadialFunctions::evaluate(model, networks, (center, neighbor), &distances)?;
    let mut error: f64 = 0.0;
    for (k, piece) in coefficients.chunks_exact(COEFFICIENTS * columns).enumerate() {
        for (p, t) in places.iter().enumerate() {
            for (column, [value, slope, _]) in
                functions.project(places.len() * k + p, &basis.rows).into_iter().enumerate()
            {
                let c = |power: usize| piece[power * columns + column];
                let interpolated = (0..COEFFICIENTS).rev().fold(0.0, |sum, power| sum * t + c(power));
                let sloped = (1..COEFFICIENTS).rev().fold(0.0, |sum, power| sum * t + power as f64 * c(power)) / step;
                // A slope counts over 1 A: forces come from slopes.
                error = error.max((interpolated - value).abs()).max((sloped - slope).abs());
            }
        }
    }
    Ok(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hermite_meets_both_ends() {
        let (left, right, h) = ([1.0, -2.0, 0.5], [0.3, 1.5, -4.0], 0.7);
        let c = hermite(left, right, h);
        for (t, [v, d, dd]) in [(0.0_f64, left), (1.0, right)] {
            let value: f64 = (0..6).map(|k| c[k] * t.powi(k as i32)).sum();
            let slope: f64 = (1..6).map(|k| k as f64 * c[k] * t.powi(k as i32 - 1)).sum();
            let curvature: f64 = (2..6).map(|k| (k * (k - 1)) as f64 * c[k] * t.powi(k as i32 - 2)).sum();
            assert!(
                (value - v).abs() < 1e-12 && (slope / h - d).abs() < 1e-12 && (curvature / h / h - dd).abs() < 1e-12
            );
        }
    }
}
