//! The embedding of one type pair as a function of distance, with two derivatives, in float64.

use crate::environment::radial;
use crate::error::Result;
use crate::model::Model;
use crate::networks::Networks;

/// Step in normalised s for the second derivative of the embedding: a fourth-order difference of its first.
const STEP: f64 = 2e-3;

/// Values at a list of distances. Arrays are distances x M, row-major.
pub struct RadialFunctions {
    distances: Vec<f64>,
    width: usize,
    /// G.
    g: Vec<f64>,
    /// dG/dr, 1/A.
    dg: Vec<f64>,
    /// d2G/dr2, 1/A^2.
    ddg: Vec<f64>,
}

impl RadialFunctions {
    /// Evaluates the embedding net of a pair at `distances` (A, at most the cutoff).
    ///
    /// # Errors
    /// Whatever the networks report.
    pub fn evaluate(
        model: &Model,
        networks: &mut dyn Networks,
        center: usize,
        neighbor: usize,
        distances: &[f64],
    ) -> Result<Self> {
        let (c, width) = (&model.contract, model.contract.width());
        let (avg, std) = (c.davg[center], c.dstd[center][0]);
        let at = |r: f64| radial(r, c.rcut_smth, c.rcut, c.env_protection);
        let s: Vec<f64> = distances.iter().map(|&r| (at(r).a - avg) / std).collect();
        let n = distances.len() * width;
        let mut embed = |shift: f64| -> Result<(Vec<f64>, Vec<f64>)> {
            let shifted: Vec<f64> = s.iter().map(|s| s + shift).collect();
            let (mut g, mut dg) = (vec![0.0; n], vec![0.0; n]);
            networks.embed(center, neighbor, &shifted, &mut g, &mut dg)?;
            Ok((g, dg))
        };
        let (g, mut dg) = embed(0.0)?;
        let slopes = [embed(-2.0 * STEP)?.1, embed(-STEP)?.1, embed(STEP)?.1, embed(2.0 * STEP)?.1];
        let mut ddg = vec![0.0; n];
        for (k, &r) in distances.iter().enumerate() {
            let ds = at(r).da / std;
            let dds = at(r).dda / std;
            for i in k * width..(k + 1) * width {
                let curvature = (slopes[0][i] - 8.0 * slopes[1][i] + 8.0 * slopes[2][i] - slopes[3][i]) / (12.0 * STEP);
                ddg[i] = curvature * ds * ds + dg[i] * dds;
                dg[i] *= ds;
            }
        }
        Ok(Self { distances: distances.to_vec(), width, g, dg, ddg })
    }

    /// G and dG/dr at distance `k`.
    #[must_use]
    pub fn value_and_slope(&self, k: usize) -> (&[f64], &[f64]) {
        let range = k * self.width..(k + 1) * self.width;
        (&self.g[range.clone()], &self.dg[range])
    }

    /// The row of the environment matrix at distance `k`: s, ds/dr, and the length of its angular part with its slope.
    #[must_use]
    pub fn row(&self, model: &Model, center: usize, k: usize) -> [f64; 4] {
        let c = &model.contract;
        let [std0, std1] = c.dstd[center];
        let r = self.distances[k];
        let at = radial(r, c.rcut_smth, c.rcut, c.env_protection);
        [(at.a - c.davg[center]) / std0, at.da / std0, at.b * r / std1, (at.db * r + at.b) / std1]
    }

    /// G, dG/dr and d2G/dr2 at distance `k`, projected on `rows`.
    #[must_use]
    pub fn project(&self, k: usize, rows: &[Vec<f64>]) -> Vec<[f64; 3]> {
        let range = k * self.width..(k + 1) * self.width;
        let dot = |values: &[f64], row: &[f64]| values[range.clone()].iter().zip(row).map(|(a, b)| a * b).sum();
        rows.iter().map(|row| [dot(&self.g, row), dot(&self.dg, row), dot(&self.ddg, row)]).collect()
    }
}
