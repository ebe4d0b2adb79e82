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
    radials.extend(block.r.iter().map(|&r| of.radial(r)));
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
            r: &block.r[range.clone()],
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

    /// A pair's row: that of the environment matrix, or (1, 0, 0, 0) where directions do not count.
    fn row(&self, of: &Descriptor, center: usize, k: usize) -> [f64; 4] {
        if of.part.is_radial() {
            return [1.0, 0.0, 0.0, 0.0];
        }
        let scale = self.radials[k].b / of.part.dstd[center][1];
        let [x, y, z] = self.vector(k).map(|x| x * scale);
        [self.s[k], x, y, z]
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

/// Factor on the sum of embeddings of `se_e2_r`, as `DeePMD-kit` has it.
pub const RADIAL_SCALE: f64 = 0.2;

/// The descriptor from T (4 x M): D[a, m] = `sum_c` T[c, a] T[c, m], axis x M values, or M values without directions.
pub fn contract(of: &Descriptor, t: &[f64], d: &mut [f64]) {
    if of.part.is_radial() {
        d.iter_mut().zip(t).for_each(|(d, t)| *d = RADIAL_SCALE * t);
    } else {
        contract_t(t, d);
    }
}

/// dE/dT (4 x M) from the gradient by the descriptor.
pub fn contract_backward(of: &Descriptor, t: &[f64], gd: &[f64], gt: &mut [f64]) {
    if of.part.is_radial() {
        gt.fill(0.0);
        gt.iter_mut().zip(gd).for_each(|(t, d)| *t = RADIAL_SCALE * d);
    } else {
        contract_t_backward(t, gd, gt);
    }
}

fn contract_t(t: &[f64], d: &mut [f64]) {
    let m = t.len() / 4;
    d.fill(0.0);
    for t in t.chunks_exact(m) {
        for (a, row) in d.chunks_exact_mut(m).enumerate() {
            for (d, tm) in row.iter_mut().zip(t) {
                *d += t[a] * tm;
            }
        }
    }
}

fn contract_t_backward(t: &[f64], gd: &[f64], gt: &mut [f64]) {
    let m = t.len() / 4;
    gt.fill(0.0);
    for (t, gt) in t.chunks_exact(m).zip(gt.chunks_exact_mut(m)) {
        for (a, row) in gd.chunks_exact(m).enumerate() {
            for (g, d) in gt.iter_mut().zip(row) {
                *g += d * t[a];
            }
            gt[a] += row.iter().zip(t).map(|(d, t)| d * t).sum::<f64>();
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
        // dE/ds at fixed direction, then the chain through s(r), b(r) and x. A row without directions is constant.
        let e0 = if of.part.is_radial() { 0.0 } else { e0 };
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
