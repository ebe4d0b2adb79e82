// SPDX-License-Identifier: MIT
//! A piecewise polynomial table of the basis functions of one type pair.

use std::ops::Range;

use crate::error::Result;
use crate::model::Descriptor;
use crate::networks::Networks;

use super::aligned::Aligned;
use super::basis::Basis;
use super::lanes::blocks;
use super::places::{COEFFICIENTS, Places};
use super::radial_functions::RadialFunctions;
use super::simd::Kernels;

/// The widest pieces are this fraction of the switch's range.
const WIDEST: f64 = 1.0 / 32.0;
/// How often a piece is halved at most, and most pieces; where that does not do, the table is given up.
const MOST_HALVINGS: u32 = 8;
const MOST_PIECES: usize = 2048;
/// Places in a piece where it is checked: there the error of a quintic Hermite interpolant and of its slope peak.
const CHECKS: [f64; 3] = [0.28, 0.5, 0.72];

/// psi(r) = sum over c of `coefficient[c]` t^c with t in [0, 1] across a piece, for K functions at once.
///
/// Pieces are quintic Hermite interpolants: value and two derivatives are exact at the knots and continuous everywhere. They
/// are as wide as the accuracy allows: less memory, and what is often used stays in the cache.
#[derive(Debug, Clone)]
pub struct Table<R> {
    /// Where each distance is.
    pub places: Places,
    /// Per piece and each of its [`blocks`]: [`COEFFICIENTS`] x columns of the block. What a kernel reads together lies together.
    pub coefficients: Aligned<R>,
    /// K, the number of functions: whole lanes.
    pub columns: usize,
    /// Largest error of a function found between the knots, relative to the largest value of any.
    pub error: f64,
}

/// One piece before it is known to be accurate.
struct Piece {
    start: f64,
    width: f64,
    /// [`COEFFICIENTS`] x K.
    coefficients: Vec<f64>,
    error: f64,
}

impl<R: Kernels> Table<R> {
    /// Tabulates psi = rows G between `nearest` (or a little below, so that the start of the switch falls on a knot) and
    /// the cutoff, halving pieces until the error between knots is below `tolerance` or they get too narrow: see
    /// [`Table::error`].
    ///
    /// # Errors
    /// Whatever the networks report.
    pub fn build(
        of: &Descriptor,
        networks: &mut dyn Networks,
        pair: (usize, usize),
        basis: &Basis,
        nearest: f64,
        tolerance: f64,
    ) -> Result<Self> {
        let c = &of.part;
        let widest = (c.rcut - c.rcut_smth) * WIDEST;
        let first = ((nearest - c.rcut_smth) / widest).floor() as i64;
        let last = (1.0 / WIDEST) as i64;
        let mut pending: Vec<(f64, f64)> =
            (first.min(last - 1)..last).map(|k| (c.rcut_smth + k as f64 * widest, widest)).collect();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut largest = f64::MIN_POSITIVE;
        for halvings in 0..=MOST_HALVINGS {
            let last_try = halvings == MOST_HALVINGS || pieces.len() + 2 * pending.len() > MOST_PIECES;
            let (tried, value) = interpolate(of, networks, pair, basis, &pending)?;
            largest = value.max(largest);
            pending.clear();
            for piece in tried {
                if piece.error <= tolerance * largest || last_try {
                    pieces.push(piece);
                } else {
                    let half = 0.5 * piece.width;
                    pending.extend([(piece.start, half), (piece.start + half, half)]);
                }
            }
            if pending.is_empty() {
                break;
            }
        }
        pieces.sort_by(|a, b| a.start.total_cmp(&b.start));
        Ok(Self {
            places: Places::new(pieces.iter().map(|p| (p.start, p.width))),
            coefficients: Aligned::from_iter(
                align_of::<R>(),
                pieces.iter().flat_map(|p| in_blocks(&p.coefficients, basis.rows.len())),
            ),
            columns: basis.rows.len(),
            error: pieces.iter().map(|p| p.error).fold(0.0, f64::max) / largest,
        })
    }

    /// Number of pieces.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.places.start.len()
    }

    /// Bytes of the coefficients.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.coefficients.len() * size_of::<R>()
    }
}

/// Coefficients of a piece from [`COEFFICIENTS`] x K to [`blocks`].
fn in_blocks<R: Kernels>(coefficients: &[f64], columns: usize) -> impl Iterator<Item = R> {
    let place = move |block: Range<usize>| {
        (0..COEFFICIENTS).flat_map(move |power| block.clone().map(move |column| power * columns + column))
    };
    blocks(0..columns, R::LANES).flat_map(place).map(|k| R::from_f64(coefficients[k]))
}

/// Pieces with the given starts and widths, each with its error, and the largest value at their ends.
fn interpolate(
    of: &Descriptor,
    networks: &mut dyn Networks,
    pair: (usize, usize),
    basis: &Basis,
    where_to: &[(f64, f64)],
) -> Result<(Vec<Piece>, f64)> {
    let columns = basis.rows.len();
    let ends: Vec<f64> = where_to.iter().flat_map(|(start, width)| [*start, start + width]).collect();
    let checks: Vec<f64> = where_to.iter().flat_map(|(start, width)| CHECKS.map(|t| start + t * width)).collect();
    let at_ends = RadialFunctions::with_curvature(of, networks, pair, &ends)?;
    let at_checks = RadialFunctions::evaluate(of, networks, pair, &checks)?;
    let mut largest: f64 = 0.0;
    let mut pieces = Vec::with_capacity(where_to.len());
    for (k, &(start, width)) in where_to.iter().enumerate() {
        let (left, right) = (at_ends.project(2 * k, &basis.rows), at_ends.project(2 * k + 1, &basis.rows));
        let mut coefficients = vec![0.0; COEFFICIENTS * columns];
        for (column, (left, right)) in left.iter().zip(&right).enumerate() {
            largest = largest.max(left[0].abs()).max(right[0].abs());
            for (power, value) in hermite(*left, *right, width).into_iter().enumerate() {
                coefficients[power * columns + column] = value;
            }
        }
        let mut error: f64 = 0.0;
        for (p, t) in CHECKS.into_iter().enumerate() {
            let exact = at_checks.project(CHECKS.len() * k + p, &basis.rows);
            for (column, [value, slope, _]) in exact.into_iter().enumerate() {
                let c = |power: usize| coefficients[power * columns + column];
                let interpolated = (0..COEFFICIENTS).rev().fold(0.0, |sum, power| sum * t + c(power));
                let sloped = (1..COEFFICIENTS).rev().fold(0.0, |sum, power| sum * t + power as f64 * c(power)) / width;
                // A slope counts over 1 A: forces come from slopes.
                error = error.max((interpolated - value).abs()).max((sloped - slope).abs());
            }
        }
        pieces.push(Piece { start, width, coefficients, error });
    }
    Ok((pieces, largest))
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
