// SPDX-License-Identifier: MIT
//! The embedding of one type pair as a function of distance, with up to two derivatives, in float64.

use crate::error::Result;
use crate::model::Descriptor;
use crate::networks::Networks;
use crate::shapes::matrix_mut;

use super::basis::dot;

/// Step in normalized s for the second derivative of the embedding: a fourth-order difference of its first.
const STEP: f64 = 2e-3;

/// Values at a list of distances. Arrays are distances x M, row-major.
pub struct RadialFunctions {
    distances: Vec<f64>,
    width: usize,
    /// G.
    g: Vec<f64>,
    /// dG/dr, 1/A.
    dg: Vec<f64>,
    /// d2G/dr2, 1/A^2; empty: not wanted.
    ddg: Vec<f64>,
}

impl RadialFunctions {
    /// Evaluates the embedding of a pair at `distances` (A, at most the cutoff), with one derivative.
    ///
    /// # Errors
    /// Whatever the networks report.
    pub fn evaluate(
        of: &Descriptor,
        networks: &mut dyn Networks,
        pair: (usize, usize),
        distances: &[f64],
    ) -> Result<Self> {
        let mut functions = Self::without_gate(of, networks, pair, distances)?;
        functions.apply_gate(of, pair);
        Ok(functions)
    }

    /// As [`RadialFunctions::evaluate`], with two derivatives.
    ///
    /// # Errors
    /// Whatever the networks report.
    pub fn with_curvature(
        of: &Descriptor,
        networks: &mut dyn Networks,
        pair: (usize, usize),
        distances: &[f64],
    ) -> Result<Self> {
        let mut functions = Self::without_gate(of, networks, pair, distances)?;
        let (center, neighbor) = pair;
        let (width, n, std) = (functions.width, functions.g.len(), of.part.dstd[center][0]);
        let mut slopes = Vec::new();
        for shift in [-2.0 * STEP, -STEP, STEP, 2.0 * STEP] {
            let s: Vec<f64> = distances.iter().map(|&r| of.normalized(center, of.radial(r).a) + shift).collect();
            let (mut g, mut dg) = (vec![0.0; n], vec![0.0; n]);
            let shape = [s.len(), width];
            let (g, by_s) = (matrix_mut("g", &mut g, shape)?, matrix_mut("dg", &mut dg, shape)?);
            networks.embed(of.pair(center, neighbor), &s, g, by_s)?;
            slopes.push(dg);
        }
        functions.ddg = vec![0.0; n];
        for (k, &r) in distances.iter().enumerate() {
            let at = of.radial(r);
            let (ds, dds) = (at.da / std, at.dda / std);
            for i in k * width..(k + 1) * width {
                let by_s = (slopes[0][i] - 8.0 * slopes[1][i] + 8.0 * slopes[2][i] - slopes[3][i]) / (12.0 * STEP);
                // dG/ds where ds/dr is 0, at and beyond the cutoff, is not needed: its factor d2s/dr2 is 0 there too.
                let slope = if ds == 0.0 { 0.0 } else { functions.dg[i] / ds };
                functions.ddg[i] = by_s * ds * ds + slope * dds;
            }
        }
        functions.apply_gate(of, pair);
        Ok(functions)
    }

    /// The net's own results with their derivatives by r.
    fn without_gate(
        of: &Descriptor,
        networks: &mut dyn Networks,
        (center, neighbor): (usize, usize),
        distances: &[f64],
    ) -> Result<Self> {
        let width = of.part.width();
        let s: Vec<f64> = distances.iter().map(|&r| of.normalized(center, of.radial(r).a)).collect();
        let n = distances.len() * width;
        let (mut g, mut dg) = (vec![0.0; n], vec![0.0; n]);
        let shape = [s.len(), width];
        let (values, slopes) = (matrix_mut("g", &mut g, shape)?, matrix_mut("dg", &mut dg, shape)?);
        networks.embed(of.pair(center, neighbor), &s, values, slopes)?;
        for (row, &r) in dg.chunks_exact_mut(width).zip(distances) {
            let ds = of.radial(r).da / of.part.dstd[center][0];
            for d in row {
                *d *= ds;
            }
        }
        Ok(Self { distances: distances.to_vec(), width, g, dg, ddg: Vec::new() })
    }

    fn apply_gate(&mut self, of: &Descriptor, (center, neighbor): (usize, usize)) {
        let Some(gate) = of.gate(center, neighbor) else { return };
        for (k, &r) in self.distances.iter().enumerate() {
            let range = k * self.width..(k + 1) * self.width;
            let ddg = self.ddg.get_mut(range.clone()).unwrap_or_default();
            gate.apply_by_r(&of.radial(r), &mut self.g[range.clone()], &mut self.dg[range], ddg);
        }
    }

    /// G and dG/dr at distance `k`.
    #[must_use]
    pub fn value_and_slope(&self, k: usize) -> (&[f64], &[f64]) {
        let range = k * self.width..(k + 1) * self.width;
        (&self.g[range.clone()], &self.dg[range])
    }

    /// The row of a pair at distance `k`: its first element with the slope, and the length of its angular part with the slope.
    #[must_use]
    pub fn row(&self, of: &Descriptor, center: usize, k: usize) -> [f64; 4] {
        if !of.contraction.rows_change() {
            return of.contraction.row(0.0, [0.0; 3]);
        }
        let [std0, std1] = of.part.dstd[center];
        let r = self.distances[k];
        let at = of.radial(r);
        [of.normalized(center, at.a), at.da / std0, at.b * r / std1, (at.db * r + at.b) / std1]
    }

    /// G, dG/dr and, where it was asked for, d2G/dr2 (else 0) at distance `k`, projected on `rows`.
    #[must_use]
    pub fn project(&self, k: usize, rows: &[Vec<f64>]) -> Vec<[f64; 3]> {
        let range = k * self.width..(k + 1) * self.width;
        let [g, dg, ddg] = [&self.g, &self.dg, &self.ddg].map(|values| values.get(range.clone()).unwrap_or_default());
        rows.iter().map(|row| [dot(g, row), dot(dg, row), dot(ddg, row)]).collect()
    }
}
