// SPDX-License-Identifier: MIT
//! Basis functions of a reduced network from the embedding nets themselves, for blocks with pairs closer than tables reach.
//!
//! Rare and slow: the value stays right and smooth where a table would end.

use std::ops::Range;

use crate::error::Result;
use crate::model::Descriptor;
use crate::networks::Networks;

use super::lanes::blocks;
use super::radial_functions::RadialFunctions;
use super::real::Real;

/// Values and slopes (by the place in the pair's piece of the table, as tables give them) of the basis functions of pairs.
pub struct Nearby<R> {
    columns: usize,
    /// pairs x columns.
    psi: Vec<R>,
    slope: Vec<R>,
}

impl<R: Real> Nearby<R> {
    /// Evaluates the basis (rows of M) at the distances `r` of a block's pairs; `inv_width`: 1 / width of their pieces.
    ///
    /// # Errors
    /// Whatever the networks report.
    pub fn new(
        of: &Descriptor,
        networks: &mut dyn Networks,
        pair: (usize, usize),
        r: &[f64],
        basis: &[Vec<f64>],
        inv_width: &[f64],
    ) -> Result<Self> {
        let functions = RadialFunctions::evaluate(of, networks, pair, r)?;
        let (mut psi, mut slope) = (Vec::new(), Vec::new());
        for k in 0..r.len() {
            for [value, by_r, _] in functions.project(k, basis) {
                psi.push(R::from_f64(value));
                slope.push(R::from_f64(by_r / inv_width[k]));
            }
        }
        Ok(Self { columns: basis.len(), psi, slope })
    }

    /// As [`super::kernel::accumulate`]; `a` has rows as long as the basis.
    pub fn accumulate(&self, pairs: Range<usize>, row: [&[R]; 4], a: &mut [R]) {
        for (i, k) in pairs.enumerate() {
            for (a, y) in a.chunks_exact_mut(self.columns).zip(row) {
                for (a, psi) in a.iter_mut().zip(&self.psi[k * self.columns..]) {
                    *a += y[i] * *psi;
                }
            }
        }
    }

    /// As [`super::kernel::project`].
    pub fn project(&self, pairs: Range<usize>, row: [&[R]; 4], ga: &[R], lanes: usize, out: [&mut [R]; 5]) {
        let [out0, out1, out2, out3, out4] = out;
        for (i, k) in pairs.enumerate() {
            let mut sums = [R::default(); 5];
            let mut ga = ga.iter();
            for block in blocks(0..self.columns, lanes) {
                for c in 0..4 {
                    for (p, g) in block.clone().map(|p| k * self.columns + p).zip(&mut ga) {
                        sums[c] += *g * self.psi[p];
                        sums[4] += *g * self.slope[p] * row[c][i];
                    }
                }
            }
            [out0[i], out1[i], out2[i], out3[i], out4[i]] = sums;
        }
    }
}
