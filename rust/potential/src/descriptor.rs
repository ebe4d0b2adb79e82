// SPDX-License-Identifier: MIT
//! The descriptor D = T[:, :axis]^T T of DeepPot-SE and its derivatives, for centers of one type
//! (`doc/method/physics.md`, section 1).
//!
//! T (4 x M) is a constant for empty slots plus a sum over real neighbors, so padding is never visited. All in float64.

use std::ops::Range;

use crate::environment::Radial;
use crate::listing::PairKind;
use crate::model::Descriptor;
use crate::neighborhood::Block;

/// Partial sums kept apart in dot products, so that they vectorize; fixed, so that the bits do not depend on the machine.
const PARTIAL_SUMS: usize = 4;

/// The radial functions of each pair, and its normalized s: the embedding net's input.
pub fn environment(of: &Descriptor, center: usize, block: &Block, radials: &mut Vec<Radial>, s: &mut Vec<f64>) {
    radials.clear();
    radials.extend(block.r(0..block.len()).iter().map(|&r| of.radial(r)));
    s.clear();
    s.extend(radials.iter().map(|at| of.normalized(center, at.a)));
}

/// What is known of the pairs of one center with neighbors of one type.
#[derive(Clone, Copy)]
pub struct Pairs<'a> {
    /// Vectors to the neighbors, A.
    pub x: [&'a [f64]; 3],
    /// Distances, A.
    pub r: &'a [f64],
    /// Radial functions.
    pub radials: &'a [Radial],
    /// Normalised s.
    pub s: &'a [f64],
    /// G, pairs x M; empty where the pair is masked.
    pub g: &'a [f64],
    /// dG/ds, pairs x M; empty where it is not needed.
    pub dg: &'a [f64],
}

impl<'a> Pairs<'a> {
    /// The pairs in `range`, without embedding.
    pub fn new(block: &'a Block, range: Range<usize>, radials: &'a [Radial], s: &'a [f64]) -> Self {
        Self {
            x: block.vectors(range.clone()),
            r: block.r(range.clone()),
            radials: &radials[range.clone()],
            s: &s[range],
            g: &[],
            dg: &[],
        }
    }

    fn len(&self) -> usize {
        self.r.len()
    }

    fn vector(&self, k: usize) -> [f64; 3] {
        [self.x[0][k], self.x[1][k], self.x[2][k]]
    }

    /// A pair's row.
    fn row(&self, of: &Descriptor, center: usize, k: usize) -> [f64; 4] {
        let scale = self.radials[k].b / of.part.dstd[center][1];
        of.contraction.row(self.s[k], self.vector(k).map(|x| x * scale))
    }
}

/// T before any neighbor: what empty slots give. `t`: 4 x M.
pub fn start(of: &Descriptor, center: usize, t: &mut [f64]) {
    let m = of.part.width();
    t.fill(0.0);
    for (t, c) in t[..m].iter_mut().zip(of.constant(center)) {
        *t = c * of.inv_slots;
    }
}

/// Adds one center's neighbors of one type to its T.
pub fn add_neighbors(of: &Descriptor, center: usize, neighbor: usize, pairs: Pairs, t: &mut [f64]) {
    let m = of.part.width();
    let (t0, rest) = t.split_at_mut(m);
    let active = of.kind(center, neighbor) == PairKind::Active;
    let taken_off = if active { of.padding(center, neighbor) } else { of.masked(center, neighbor) };
    let w = pairs.len() as f64 * of.inv_slots;
    for (t, p) in t0.iter_mut().zip(taken_off) {
        *t -= w * p;
    }
    if !active {
        return;
    }
    let (t1, rest) = rest.split_at_mut(m);
    let (t2, t3) = rest.split_at_mut(m);
    for (i, g) in pairs.g.chunks_exact(m).enumerate() {
        let y = pairs.row(of, center, i).map(|y| y * of.inv_slots);
        for k in 0..m {
            t0[k] += y[0] * g[k];
            t1[k] += y[1] * g[k];
            t2[k] += y[2] * g[k];
            t3[k] += y[3] * g[k];
        }
    }
}

/// Forces of one center on its neighbors of one type, eV/A. `gt`: dE/dT (4 x M).
pub fn neighbor_forces(of: &Descriptor, center: usize, gt: &[f64], pairs: Pairs, f: &mut [Vec<f64>; 3]) {
    let m = of.part.width();
    let [std0, std1] = of.part.dstd[center];
    f.iter_mut().for_each(Vec::clear);
    for (i, (g, dg)) in pairs.g.chunks_exact(m).zip(pairs.dg.chunks_exact(m)).enumerate() {
        let (x, at) = (pairs.vector(i), &pairs.radials[i]);
        let [e0, e1, e2, e3, slope] = projections(gt, &pairs.row(of, center, i), g, dg);
        // dE/ds at fixed direction, then the chain through s(r), b(r) and x.
        let e0 = if of.contraction.rows_change() { e0 } else { 0.0 };
        let along_s = (e0 + slope) * of.inv_slots / std0 * at.da;
        let w = of.inv_slots / std1;
        let q = [e1 * w, e2 * w, e3 * w];
        let qx = q[0] * x[0] + q[1] * x[1] + q[2] * x[2];
        let radial = (along_s + at.db * qx) / pairs.r[i];
        for (k, f) in f.iter_mut().enumerate() {
            f.push(-(radial * x[k] + at.b * q[k]));
        }
    }
}

/// The four products of dE/dT's rows with G, and that of dE/dT, weighted by the environment `row`, with dG/ds.
fn projections(gt: &[f64], row: &[f64; 4], g: &[f64], dg: &[f64]) -> [f64; 5] {
    let m = g.len();
    let (g0, rest) = gt.split_at(m);
    let (g1, rest) = rest.split_at(m);
    let (g2, g3) = rest.split_at(m);
    let mut sums = [[0.0; PARTIAL_SUMS]; 5];
    let mut add = |k: usize, part: usize| {
        sums[0][part] += g0[k] * g[k];
        sums[1][part] += g1[k] * g[k];
        sums[2][part] += g2[k] * g[k];
        sums[3][part] += g3[k] * g[k];
        sums[4][part] += (row[0] * g0[k] + row[1] * g1[k] + row[2] * g2[k] + row[3] * g3[k]) * dg[k];
    };
    let whole = m - m % PARTIAL_SUMS;
    for k in (0..whole).step_by(PARTIAL_SUMS) {
        for part in 0..PARTIAL_SUMS {
            add(k + part, part);
        }
    }
    for k in whole..m {
        add(k, k - whole);
    }
    sums.map(|s| (s[0] + s[1]) + (s[2] + s[3]))
}
