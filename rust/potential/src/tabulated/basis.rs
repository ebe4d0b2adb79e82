// SPDX-License-Identifier: MIT
//! A small orthonormal basis for the embedding of one type pair.
//!
//! The M embedding functions of a pair depend on one number, the distance, and are numerically far from independent. All
//! rows that a neighbor can add to T span, to a given accuracy, a space of a few dimensions: its basis is built from the
//! rows themselves, always taking the one that is represented worst (the greedy reduced-basis method).

use crate::error::Result;
use crate::model::Descriptor;
use crate::networks::Networks;

use super::radial_functions::RadialFunctions;

/// Distances sampled per pair of types.
const SAMPLES: usize = 256;
/// Derivatives count with this length, A: over it, rows change by about themselves.
const LENGTH: f64 = 0.3;

/// Orthonormal rows spanning what neighbors of one type add to T.
#[derive(Debug, Clone)]
pub struct Basis {
    /// K x M; rows of zeros where the embedding has fewer dimensions than lanes.
    pub rows: Vec<Vec<f64>>,
    /// Largest remainder of a sampled row, relative to the largest row.
    pub error: f64,
}

/// Builds the basis for distances from `nearest` to the cutoff, with at least the relative accuracy `tolerance`; K is a
/// multiple of `lanes`.
///
/// # Errors
/// Whatever the networks report.
pub fn build(
    of: &Descriptor,
    networks: &mut dyn Networks,
    (center, neighbor): (usize, usize),
    nearest: f64,
    tolerance: f64,
    lanes: usize,
) -> Result<Basis> {
    let step = (of.part.rcut - nearest) / SAMPLES as f64;
    let distances: Vec<f64> = (0..SAMPLES).map(|k| nearest + k as f64 * step).collect();
    let functions = RadialFunctions::evaluate(of, networks, (center, neighbor), &distances)?;
    let padding = of.padding(center, neighbor);
    let (mut rows, mut norms) = (Vec::with_capacity(4 * SAMPLES), Vec::with_capacity(SAMPLES));
    for k in 0..SAMPLES {
        let (g, dg) = functions.value_and_slope(k);
        let [s, ds, y, dy] = functions.row(of, center, k);
        let first = rows.len();
        let mut radial: Vec<f64> = g.iter().map(|g| s * g).collect();
        radial.iter_mut().zip(padding).for_each(|(v, p)| *v -= p);
        rows.push(radial);
        rows.push(g.iter().map(|g| y * g).collect());
        rows.push(g.iter().zip(dg).map(|(g, dg)| LENGTH * (ds * g + s * dg)).collect());
        rows.push(g.iter().zip(dg).map(|(g, dg)| LENGTH * (dy * g + y * dg)).collect());
        norms.push(rows[first..first + 2].iter().map(|r| norm(r)).fold(0.0, f64::max));
    }
    // Most neighbors are far away, where rows are small: there the error counts against a usual row, closer in against
    // the row itself.
    let usual = norms[SAMPLES / 2..].iter().sum::<f64>() / (SAMPLES - SAMPLES / 2) as f64;
    for (k, row) in rows.iter_mut().enumerate() {
        let weight = 1.0 / (norms[k / 4] + usual).max(f64::MIN_POSITIVE);
        for v in row {
            *v *= weight;
        }
    }
    Ok(greedy(rows, of.part.width(), tolerance, lanes))
}

fn greedy(mut remainders: Vec<Vec<f64>>, width: usize, tolerance: f64, lanes: usize) -> Basis {
    let mut rows: Vec<Vec<f64>> = Vec::new();
    let mut largest = 0.0;
    loop {
        let (worst, norm) =
            remainders.iter().map(|r| norm(r)).enumerate().fold((0, 0.0), |m, n| if n.1 > m.1 { n } else { m });
        if rows.is_empty() {
            largest = norm;
        }
        let error = if largest > 0.0 { norm / largest } else { 0.0 };
        let whole = rows.len().is_multiple_of(lanes) && !rows.is_empty();
        if norm == 0.0 || rows.len() == width || (error <= tolerance && whole) {
            let error = if rows.len() == width { 0.0 } else { error };
            rows.resize(rows.len().next_multiple_of(lanes).max(lanes), vec![0.0; width]);
            return Basis { rows, error };
        }
        let mut next: Vec<f64> = remainders[worst].iter().map(|v| v / norm).collect();
        // Once more against the rows so far: what is left of cancellation would spoil orthogonality.
        for row in &rows {
            subtract_projection(&mut next, row);
        }
        let length = self::norm(&next);
        for v in &mut next {
            *v /= length;
        }
        for remainder in &mut remainders {
            subtract_projection(remainder, &next);
        }
        rows.push(next);
    }
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

/// In four partial sums, which vectorize.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a4.zip(b4) {
        for k in 0..4 {
            sums[k] += a[k] * b[k];
        }
    }
    (sums[0] + sums[2]) + (sums[1] + sums[3]) + rest
}

fn subtract_projection(v: &mut [f64], unit: &[f64]) {
    let p = dot(v, unit);
    v.iter_mut().zip(unit).for_each(|(v, u)| *v -= p * u);
}
