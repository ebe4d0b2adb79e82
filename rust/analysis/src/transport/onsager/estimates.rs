// SPDX-License-Identifier: MIT
//! Slopes of the cross-correlations of collective displacements, and what is made of them, with standard errors.
//!
//! All of it is a bilinear form of the correlations of species,
//!
//! ```text
//! C_uv(t) = sum_ij z_i z'_j C_ij(t)        u = sum_i z_i R_i,  v = sum_j z'_j R_j
//! ```
//!
//! the correlation of two collective displacements: so is an element of the matrix, and the charge current's own. For Gaussian motions with
//! C = m t + b, products of two of three components have the covariance [g(uu, vv) + g(uv, uv)] / 3, where g is bilinear in (m, b): its
//! sums over origins are those of [`Origins::covariance`](crate::transport::Origins::covariance), a polynomial in the offset.

use super::species::{Species, pairs};
use crate::transport::Value;
use crate::transport::curve::Curve;
use crate::transport::diffusion::{Data, Line, slope_of};
use crate::transport::errors::with_blocks;

/// A sum that is smaller than this many of its errors is not divided by.
const KNOWN: f64 = 2.0;

/// Slopes of correlations of collective displacements over 6, `A^2/ps`: in units of V k T these are Onsager coefficients.
#[derive(Clone, Debug, PartialEq)]
pub struct Onsager {
    /// Of each pair of species, in the order of [`pairs`].
    pub pairs: Vec<Value>,
    /// Sum over all pairs, times both charges.
    pub total: Value,
    /// Share of each species in it: transport numbers. `None`: the total is not larger than twice its error.
    pub shares: Option<Vec<Value>>,
}

/// A symmetric matrix over species.
type Matrix = Vec<Vec<f64>>;

impl Onsager {
    /// From `line` in the run as a whole, and in its `blocks`, neighbors of which are correlated by `overlap`; `None` without
    /// species.
    pub(in crate::transport) fn new(data: &Data<'_>, line: &Line, blocks: &[Curve], overlap: f64) -> Option<Self> {
        let species = &data.sums.layout.species;
        if species.is_empty() {
            return None;
        }
        let slopes = matrix(species, |pair| Data::slope(line, |k| data.curve.cross[k][pair]));
        let offset = |pair: usize, slope: f64| {
            let above = |&k: &usize| data.curve.cross[k][pair] - slope * data.curve.lag[k];
            line.at.iter().map(above).sum::<f64>() / line.at.len() as f64
        };
        let mut all = pairs(species.len()).map(|(i, j)| slopes[i][j]).enumerate();
        let offsets = matrix(species, |_| all.next().map_or(0.0, |(pair, slope)| offset(pair, slope)));
        let in_blocks = blocks
            .iter()
            .map(|block| matrix(species, |pair| slope_of(block, data, line, |k| block.cross[k][pair])))
            .collect();
        let forms = Forms { slopes, offsets, in_blocks, overlap, sums: Sums::new(data, line) };

        let unit = |i: usize| (0..species.len()).map(|k| f64::from(k == i)).collect::<Vec<_>>();
        let charges: Vec<f64> = species.iter().map(|one| one.charge).collect();
        let total = forms.value(&charges, &charges);
        let known = total.value > KNOWN * total.error.unwrap_or(f64::INFINITY);
        let share = |i: usize| {
            let own: Vec<f64> = unit(i).iter().map(|of| of * charges[i]).collect();
            let value = form(&own, &charges, &forms.slopes) / total.value;
            // what the species moves beyond its share: to first order the error of the ratio
            let beyond: Vec<f64> = own.iter().zip(&charges).map(|(own, charge)| own - value * charge).collect();
            Value { value, error: forms.value(&beyond, &charges).scaled(1.0 / total.value).error }
        };
        Some(Self {
            pairs: pairs(species.len()).map(|(i, j)| forms.value(&unit(i), &unit(j)).scaled(1.0 / 6.0)).collect(),
            shares: known.then(|| (0..species.len()).map(share).collect()),
            total: total.scaled(1.0 / 6.0),
        })
    }
}

fn matrix(species: &[Species], mut of: impl FnMut(usize) -> f64) -> Matrix {
    let mut matrix = vec![vec![0.0; species.len()]; species.len()];
    for (pair, (i, j)) in pairs(species.len()).enumerate() {
        matrix[i][j] = of(pair);
        matrix[j][i] = matrix[i][j];
    }
    matrix
}

/// x' m y.
fn form(x: &[f64], y: &[f64], matrix: &Matrix) -> f64 {
    x.iter().zip(matrix).map(|(x, row)| x * y.iter().zip(row).map(|(y, m)| y * m).sum::<f64>()).sum()
}

/// What slopes of bilinear forms need.
struct Forms {
    slopes: Matrix,
    offsets: Matrix,
    in_blocks: Vec<Matrix>,
    overlap: f64,
    sums: Sums,
}

impl Forms {
    /// The slope of the correlation of x R with y R.
    fn value(&self, x: &[f64], y: &[f64]) -> Value {
        let line = |x: &[f64], y: &[f64]| (form(x, y, &self.slopes), form(x, y, &self.offsets));
        let own = |x: &[f64]| {
            let (slope, offset) = line(x, x);
            (slope.max(0.0), offset.max(0.0))
        };
        let both = line(x, y);
        let motion = (self.sums.of(own(x), own(y)) + self.sums.of(both, both)) / 3.0;
        let blocks: Vec<f64> = self.in_blocks.iter().map(|block| form(x, y, block)).collect();
        Value { value: both.0, error: Some(with_blocks(&blocks, self.overlap, motion.max(0.0)).sqrt()) }
    }
}

/// Variance of a slope, weights' C weights, of motions whose covariance of two displacements is g g': 1, offset, offset^2.
struct Sums([f64; 3]);

impl Sums {
    fn new(data: &Data<'_>, line: &Line) -> Self {
        let origins = data.origins.pick(&line.at);
        let scale = origins.lags[0] as f64;
        let variance = |noise: f64| {
            let covariance = origins.covariance(noise);
            let row = |i: usize| -> f64 { (0..line.at.len()).map(|j| covariance[[i, j]] * line.weights[j]).sum() };
            (0..line.at.len()).map(|i| line.weights[i] * row(i)).sum::<f64>() * data.interval * data.interval
        };
        let [none, once, twice] = [0.0, scale, 2.0 * scale].map(variance);
        let square = 0.5 * (twice - 2.0 * once + none);
        // offsets in ps
        let scale = scale * data.interval;
        Self([none, (once - none - square) / scale, square / (scale * scale)])
    }

    /// Of motions with these slopes and offsets.
    fn of(&self, (m, b): (f64, f64), (other, offset): (f64, f64)) -> f64 {
        let [one, linear, square] = self.0;
        m * other * one + 0.5 * (m * offset + other * b) * linear + b * offset * square
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_sums_over_both_indices() {
        let matrix = vec![vec![2.0, -1.0], vec![-1.0, 3.0]];
        assert!((form(&[1.0, 0.0], &[0.0, 1.0], &matrix) + 1.0).abs() < 1e-15);
        assert!((form(&[1.0, 2.0], &[1.0, 2.0], &matrix) - 10.0).abs() < 1e-15);
    }
}
