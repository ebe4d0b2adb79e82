// SPDX-License-Identifier: MIT
//! Basis functions of a reduced network from the embedding nets themselves, for blocks with pairs closer than tables reach.
//!
//! Rare and slow: the value stays right and smooth where a table would end.

use crate::error::Result;
use crate::model::Descriptor;
use crate::networks::Networks;

use super::kernel::PairRows;
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

    /// As [`super::basis_kernel::accumulate`].
    pub fn accumulate(&self, pairs: PairRows<R>, a: &mut [R], stride: usize) {
        for (center, pairs_of) in pairs.centers().enumerate() {
            for k in pairs_of {
                for (c, row) in pairs.row.iter().enumerate() {
                    let a = a[(4 * center + c) * stride..].iter_mut();
                    a.zip(&self.psi[k * self.columns..][..self.columns]).for_each(|(a, psi)| *a += row[k] * *psi);
                }
            }
        }
    }

    /// As [`super::basis_kernel::project`].
    pub fn project(&self, pairs: PairRows<R>, ga: &[R], stride: usize, out: [&mut [R]; 5]) {
        for (center, pairs_of) in pairs.centers().enumerate() {
            for k in pairs_of {
                let mut slopes = R::default();
                for (c, row) in pairs.row.iter().enumerate() {
                    let (ga, mut products) = (&ga[(4 * center + c) * stride..], R::default());
                    for (p, g) in (k * self.columns..(k + 1) * self.columns).zip(ga) {
                        products += *g * self.psi[p];
                        slopes += *g * self.slope[p] * row[k];
                    }
                    out[c][k] = products;
                }
                out[4][k] = slopes;
            }
        }
    }
}
