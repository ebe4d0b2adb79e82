//! The descriptor D = T^T T[:, :axis] of DeepPot-SE and its derivatives, for centres of one type (`physics.md`, section 1).
//!
//! T (4 x M) is a constant for empty slots plus a sum over real neighbours, so padding is never visited. All in float64.

use crate::model::{Model, PairKind};
use crate::neighborhood::{Block, Pair};

/// Partial sums kept apart in dot products, so that they vectorise; fixed, so that the bits do not depend on the machine.
const LANES: usize = 4;

/// Normalised s of each pair: the embedding net's input.
pub fn normalized_s(model: &Model, center: usize, block: &Block, s: &mut Vec<f64>) {
    let (avg, std) = (model.contract.davg[center], model.contract.dstd[center][0]);
    s.clear();
    s.extend(block.pairs.iter().map(|p| (p.radial.a - avg) / std));
}

/// The three angular columns of a pair's row of the environment matrix.
fn angular(model: &Model, center: usize, pair: &Pair) -> [f64; 3] {
    let scale = pair.radial.b / model.contract.dstd[center][1];
    [pair.x[0] * scale, pair.x[1] * scale, pair.x[2] * scale]
}

/// T before any neighbour: what empty slots give. `t`: 4 x M.
pub fn start(model: &Model, center: usize, t: &mut [f64]) {
    let m = model.contract.width();
    t.fill(0.0);
    for (t, c) in t[..m].iter_mut().zip(model.constant(center)) {
        *t = c * model.inv_slots;
    }
}

/// Adds one centre's neighbours of one type to its T. `s` and `g` hold the values of exactly these pairs (`g`: pairs x M).
pub fn add_neighbors(
    model: &Model,
    center: usize,
    neighbor: usize,
    pairs: &[Pair],
    s: &[f64],
    g: &[f64],
    t: &mut [f64],
) {
    let m = model.contract.width();
    let (t0, rest) = t.split_at_mut(m);
    let padding = model.padding(center, neighbor);
    let w = pairs.len() as f64 * model.inv_slots;
    for (t, p) in t0.iter_mut().zip(padding) {
        *t -= w * p;
    }
    if model.kind(center, neighbor) != PairKind::Active {
        return;
    }
    let (t1, rest) = rest.split_at_mut(m);
    let (t2, t3) = rest.split_at_mut(m);
    for ((pair, s), g) in pairs.iter().zip(s).zip(g.chunks_exact(m)) {
        let y = angular(model, center, pair).map(|y| y * model.inv_slots);
        let s = s * model.inv_slots;
        for k in 0..m {
            t0[k] += s * g[k];
            t1[k] += y[0] * g[k];
            t2[k] += y[1] * g[k];
            t3[k] += y[2] * g[k];
        }
    }
}

/// D[m, a] = `sum_c` T[c, m] T[c, a]. `t`: 4 x M; `d`: M x axis.
pub fn contract_t(t: &[f64], axis: usize, d: &mut [f64]) {
    let m = t.len() / 4;
    for (k, row) in d.chunks_exact_mut(axis).enumerate() {
        row.fill(0.0);
        for c in 0..4 {
            let tk = t[c * m + k];
            for (d, ta) in row.iter_mut().zip(&t[c * m..c * m + axis]) {
                *d += tk * ta;
            }
        }
    }
}

/// dE/dT from dE/dD (`gd`, M x axis). `gt` receives 4 x M.
pub fn contract_t_backward(t: &[f64], axis: usize, gd: &[f64], gt: &mut [f64]) {
    let m = t.len() / 4;
    for c in 0..4 {
        let tc = &t[c * m..(c + 1) * m];
        let gc = &mut gt[c * m..(c + 1) * m];
        for (k, row) in gd.chunks_exact(axis).enumerate() {
            gc[k] = row.iter().zip(tc).map(|(g, t)| g * t).sum();
        }
        for (k, row) in gd.chunks_exact(axis).enumerate() {
            for (g, d) in gc.iter_mut().zip(row) {
                *g += d * tc[k];
            }
        }
    }
}

/// Forces of one centre on its neighbours of one type. `gt`: dE/dT (4 x M); `s`, `g`, `dg` as in [`add_neighbors`].
pub fn neighbor_forces(model: &Model, center: usize, gt: &[f64], pairs: &mut [Pair], s: &[f64], g: &[f64], dg: &[f64]) {
    let m = model.contract.width();
    let [std0, std1] = model.contract.dstd[center];
    for (((pair, s), g), dg) in pairs.iter_mut().zip(s).zip(g.chunks_exact(m)).zip(dg.chunks_exact(m)) {
        let y = angular(model, center, pair);
        let [e0, e1, e2, e3, slope] = projections(gt, &[*s, y[0], y[1], y[2]], g, dg);
        // dE/ds at fixed direction, then the chain through s(r), b(r) and x.
        let along_s = (e0 + slope) * model.inv_slots / std0 * pair.radial.da;
        let w = model.inv_slots / std1;
        let q = [e1 * w, e2 * w, e3 * w];
        let qx = q[0] * pair.x[0] + q[1] * pair.x[1] + q[2] * pair.x[2];
        let radial = (along_s + pair.radial.db * qx) / pair.r;
        for k in 0..3 {
            pair.f[k] = -(radial * pair.x[k] + pair.radial.b * q[k]);
        }
    }
}

/// The four products of dE/dT's rows with G, and that of dE/dT, weighted by the environment `row`, with dG/ds.
fn projections(gt: &[f64], row: &[f64; 4], g: &[f64], dg: &[f64]) -> [f64; 5] {
    let m = g.len();
    let (g0, rest) = gt.split_at(m);
    let (g1, rest) = rest.split_at(m);
    let (g2, g3) = rest.split_at(m);
    let mut lanes = [[0.0; LANES]; 5];
    let mut add = |k: usize, lane: usize| {
        lanes[0][lane] += g0[k] * g[k];
        lanes[1][lane] += g1[k] * g[k];
        lanes[2][lane] += g2[k] * g[k];
        lanes[3][lane] += g3[k] * g[k];
        lanes[4][lane] += (row[0] * g0[k] + row[1] * g1[k] + row[2] * g2[k] + row[3] * g3[k]) * dg[k];
    };
    let whole = m - m % LANES;
    for k in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            add(k + lane, lane);
        }
    }
    for k in whole..m {
        add(k, k - whole);
    }
    lanes.map(|l| (l[0] + l[1]) + (l[2] + l[3]))
}
