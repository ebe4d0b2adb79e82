// SPDX-License-Identifier: MIT
//! The inner loops of the tabulated path, written once over lanes and compiled for each instruction set by [`super::simd`].
//!
//! `L` lanes are handled together; every length called "columns" or "width" is a multiple of `L`. `FMA` says whether a
//! fused multiply-add is one instruction (otherwise it would be a slow library call).

#![allow(clippy::inline_always)] // target features only reach what is inlined into the dispatching functions

use std::ops::Range;

use crate::steps::products_of;
use crate::vectors::virial;

use super::aligned::Line;
use super::lanes::{GROUP, MOST_LANES, Vector};
use super::places::Places;
use super::real::Real;

/// Constants of a pair of types for `geometry` and `pair_forces`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Constants {
    /// Mean of s.
    pub avg: f64,
    /// 1 / standard deviation of s.
    pub inv0: f64,
    /// 1 / standard deviation of the angular columns.
    pub inv1: f64,
    /// Where the switch starts, A.
    pub rcut_smth: f64,
    /// 1 / (rcut - `rcut_smth`), 1/A.
    pub inv_switch: f64,
    /// Added to r in 1/r, A.
    pub protection: f64,
    /// Factor on the energy.
    pub scale: f64,
}

/// What the tabulated path knows of pairs: an array for each property, all of one length, which may be more than there are pairs.
#[derive(Debug, Default)]
pub struct Rows<R> {
    /// Piece of the table.
    pub piece: Vec<u32>,
    /// Place in the piece, 0 to 1.
    pub t: Vec<R>,
    /// Row of the environment matrix.
    pub row: [Vec<R>; 4],
    /// da/dr of [`crate::environment::Radial`].
    pub da: Vec<f64>,
    /// b.
    pub b: Vec<f64>,
    /// db/dr.
    pub db: Vec<f64>,
    /// 1 / width of the piece, 1/A.
    pub inv_width: Vec<f64>,
}

impl<R: Real> Rows<R> {
    /// Makes room for n pairs.
    pub fn reserve(&mut self, n: usize) {
        if self.piece.len() >= n {
            return;
        }
        self.piece.resize(n, 0);
        self.t.resize(n, R::default());
        self.row.iter_mut().for_each(|row| row.resize(n, R::default()));
        for values in [&mut self.da, &mut self.b, &mut self.db, &mut self.inv_width] {
            values.resize(n, 0.0);
        }
    }

    /// Gives every pair the same row, which does not change with the distance.
    pub fn set_all(&mut self, row: [f64; 4]) {
        for (values, value) in self.row.iter_mut().zip(row) {
            values.fill(R::from_f64(value));
        }
        for slopes in [&mut self.da, &mut self.b, &mut self.db] {
            slopes.fill(0.0);
        }
    }

    /// Bytes of its arrays.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.t.capacity() * (5 * size_of::<R>() + 4 + 4 * size_of::<f64>())
    }

    /// All pairs; those of center `c` are `start[c]..start[c + 1]`.
    #[must_use]
    pub fn pairs<'a>(&'a self, start: &'a [usize]) -> PairRows<'a, R> {
        PairRows { start, piece: &self.piece, t: &self.t, row: self.row.each_ref().map(|row| &row[..]) }
    }
}

/// What the loops over basis functions need of the pairs of some centers with neighbors of one type.
#[derive(Clone, Copy)]
pub struct PairRows<'a, R> {
    /// First pair of each center, and the end of the last one's.
    pub start: &'a [usize],
    /// Piece of the table.
    pub piece: &'a [u32],
    /// Place in the piece, 0 to 1.
    pub t: &'a [R],
    /// Row of the environment matrix.
    pub row: [&'a [R]; 4],
}

impl<R> PairRows<'_, R> {
    /// The pairs of each center, in order.
    pub fn centers(&self) -> impl Iterator<Item = Range<usize>> {
        self.start.windows(2).map(|ends| ends[0]..ends[1])
    }
}

#[inline(always)]
fn fma<R: Real, const FMA: bool>(a: R, b: R, c: R) -> R {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn load<R: Real, const L: usize>(from: &[R]) -> [R; L] {
    let mut lanes = [R::default(); L];
    lanes.copy_from_slice(&from[..L]);
    lanes
}

/// Fills `rows` from the vectors and distances of the same pairs (A); see [`crate::environment::radial`].
#[inline(always)]
pub fn geometry<R: Real, const L: usize, const FMA: bool>(
    c: &Constants,
    places: &Places,
    x: [&[f64]; 3],
    r: &[f64],
    rows: &mut Rows<R>,
) {
    let n = r.len();
    rows.reserve(n);
    let [x, y, z] = x.map(|x| &x[..n]);
    let (piece, t) = (&mut rows.piece[..n], &mut rows.t[..n]);
    let [row0, row1, row2, row3] = &mut rows.row;
    let (row0, row1, row2, row3) = (&mut row0[..n], &mut row1[..n], &mut row2[..n], &mut row3[..n]);
    let (da, b, db) = (&mut rows.da[..n], &mut rows.b[..n], &mut rows.db[..n]);
    let inv_width = &mut rows.inv_width[..n];
    for k in 0..n {
        let inv = 1.0 / (r[k] + c.protection);
        let u = ((r[k] - c.rcut_smth) * c.inv_switch).max(0.0);
        let w = u * u * u * (u * (15.0 - 6.0 * u) - 10.0) + 1.0;
        let dw = -30.0 * u * u * (u - 1.0) * (u - 1.0) * c.inv_switch;
        let a = w * inv;
        b[k] = a * inv;
        da[k] = (dw - a) * inv;
        db[k] = (dw * inv - 2.0 * b[k]) * inv;
        row0[k] = R::from_f64((a - c.avg) * c.inv0);
        let angular = b[k] * c.inv1;
        row1[k] = R::from_f64(x[k] * angular);
        row2[k] = R::from_f64(y[k] * angular);
        row3[k] = R::from_f64(z[k] * angular);
    }
    let bins = &places.piece[..];
    for k in 0..n {
        let bin = ((r[k] - places.nearest) * places.inv_bin) as usize;
        piece[k] = bins[bin.min(bins.len() - 1)];
        let p = piece[k] as usize;
        inv_width[k] = places.inv_width[p];
        t[k] = R::from_f64((r[k] - places.start[p]) * inv_width[k]);
    }
}

/// Forces of centers on their neighbors of one type (eV/A) from what [`project`](super::basis_kernel::project) gives, and their virial.
/// The first values of `f` are replaced.
#[inline(always)]
pub fn pair_forces<R: Real, const L: usize, const FMA: bool>(
    c: &Constants,
    products: &[Vec<R>; 5],
    x: [&[f64]; 3],
    r: &[f64],
    rows: &Rows<R>,
    f: &mut [Vec<f64>; 3],
) -> [f64; 9] {
    let n = r.len();
    for f in f.iter_mut() {
        f.resize(f.len().max(n), 0.0);
    }
    let [e0, e1, e2, e3, slope] = products;
    let (e0, e1, e2, e3, slope) = (&e0[..n], &e1[..n], &e2[..n], &e3[..n], &slope[..n]);
    let [x, y, z] = x.map(|x| &x[..n]);
    let [da, b, db, inv_width] = [&rows.da[..n], &rows.b[..n], &rows.db[..n], &rows.inv_width[..n]];
    let [fx, fy, fz] = f;
    let (fx, fy, fz) = (&mut fx[..n], &mut fy[..n], &mut fz[..n]);
    let (scale0, scale1, scale) = (c.scale * c.inv0, c.scale * c.inv1, c.scale);
    for k in 0..n {
        let q = [e1[k].to_f64() * scale1, e2[k].to_f64() * scale1, e3[k].to_f64() * scale1];
        let qx = q[0] * x[k] + q[1] * y[k] + q[2] * z[k];
        let along = (e0[k].to_f64() * scale0 * da[k] + slope[k].to_f64() * scale * inv_width[k] + db[k] * qx) / r[k];
        fx[k] = -(along * x[k] + b[k] * q[0]);
        fy[k] = -(along * y[k] + b[k] * q[1]);
        fz[k] = -(along * z[k] + b[k] * q[2]);
    }
    virial([x, y, z], [fx, fy, fz])
}

/// Columns `columns` of `out` (4 rows of `width` for each center) += rows `rows` of `right` (n x width) times `left` (4 rows of n for
/// each).
#[inline(always)]
pub fn four_rows<W: Vector, H: Vector<Real = W::Real>>(
    (left, n): (&[W::Real], usize),
    right: &[W::Real],
    rows: Range<usize>,
    out: &mut [W::Real],
    width: usize,
    columns: Range<usize>,
) {
    // Two centers at a time where there are registers for their sums; the columns that all meet stay near.
    let centers = if W::REGISTERS < 16 { 1 } else { 2 };
    let mut first = columns.start;
    while first < columns.end {
        let wide = first + W::LANES <= columns.end;
        for (left, out) in left.chunks(centers * 4 * n).zip(out.chunks_mut(centers * 4 * width)) {
            match (wide, left.len() == 8 * n) {
                (true, true) => rows_block::<W, 8>(left, right, rows.clone(), out, width, first),
                (true, false) => rows_block::<W, 4>(left, right, rows.clone(), out, width, first),
                (false, true) => rows_block::<H, 8>(left, right, rows.clone(), out, width, first),
                (false, false) => rows_block::<H, 4>(left, right, rows.clone(), out, width, first),
            }
        }
        first += if wide { W::LANES } else { H::LANES };
    }
}

#[inline(always)]
fn rows_block<V: Vector, const ROWS: usize>(
    left: &[V::Real],
    right: &[V::Real],
    rows: Range<usize>,
    out: &mut [V::Real],
    width: usize,
    first: usize,
) {
    let n = left.len() / ROWS;
    let mut sums = [V::zero(); ROWS];
    for c in 0..ROWS {
        sums[c] = V::load(&out[c * width + first..]);
    }
    let mut factors = [&left[..0]; ROWS];
    for c in 0..ROWS {
        factors[c] = &left[c * n..][rows.clone()];
    }
    let right = &right[rows.start * width..rows.end * width];
    for (k, right) in right.chunks_exact(width).enumerate() {
        let values = V::load(&right[first..]);
        for c in 0..ROWS {
            sums[c] = V::splat(factors[c][k]).mul_add(values, sums[c]);
        }
    }
    for c in 0..ROWS {
        sums[c].store(&mut out[c * width + first..]);
    }
}

/// D[a, m] = sum over c of T[c, a] T[c, m], for `axis` values of a and as many of m as D has room for: axis x M values.
/// `t`: 4 rows of whole lanes, of which M columns count.
#[inline(always)]
pub fn descriptor<R: Real, const L: usize, const FMA: bool>(t: &[R], axis: usize, d: &mut [R]) {
    let (width, m) = (t.len() / 4, d.len() / axis);
    let [t0, t1, t2, t3] = [0, 1, 2, 3].map(|c| &t[c * width..][..m]);
    for (a, row) in d.chunks_exact_mut(m).enumerate() {
        let [a0, a1, a2, a3] = [t0[a], t1[a], t2[a], t3[a]];
        for k in 0..m {
            let sum = fma::<R, FMA>(a1, t1[k], a0 * t0[k]);
            row[k] = fma::<R, FMA>(a3, t3[k], fma::<R, FMA>(a2, t2[k], sum));
        }
    }
}

/// dE/dT from dE/dD, both laid out as in [`descriptor`].
#[inline(always)]
pub fn descriptor_backward<W: Vector<Half = H>, H: Vector<Real = W::Real>>(
    t: &[W::Real],
    axis: usize,
    gd: &[W::Real],
    gt: &mut [W::Real],
) {
    let (width, m) = (t.len() / 4, gd.len() / axis);
    // dE/dT[c, m] gets the sum over a of T[c, a] gd[a, m].
    gt.fill(W::Real::default());
    if m == width {
        four_rows::<W, H>((t, width), gd, 0..axis, gt, width, 0..width);
    } else {
        for c in 0..4 {
            for (a, row) in gd.chunks_exact(m).enumerate() {
                for (g, d) in gt[c * width..].iter_mut().zip(row) {
                    *g = W::one_mul_add(t[c * width + a], *d, *g);
                }
            }
        }
    }
    // And dE/dT[c, a] the sum over m of T[c, m] gd[a, m]; sums of lanes are finished group by group, as in `project`.
    let whole = m - m % H::LANES;
    let mut partial = Line([[W::Real::default(); GROUP * MOST_LANES]; 4]);
    let mut totals = [W::Real::default(); GROUP];
    for (group, rows) in gd.chunks(GROUP * m).enumerate() {
        for (k, row) in rows.chunks_exact(m).enumerate() {
            let mut sums = [W::zero(); 4];
            let mut first = 0;
            while first + W::LANES <= whole {
                let g = W::load(&row[first..]);
                for c in 0..4 {
                    sums[c] = W::load(&t[c * width + first..]).mul_add(g, sums[c]);
                }
                first += W::LANES;
            }
            let mut halves = [H::zero(); 4];
            while first < whole {
                let g = H::load(&row[first..]);
                for c in 0..4 {
                    halves[c] = H::load(&t[c * width + first..]).mul_add(g, halves[c]);
                }
                first += H::LANES;
            }
            for c in 0..4 {
                sums[c].add_half(halves[c]).store(&mut partial.0[c][k * W::LANES..]);
            }
        }
        for c in 0..4 {
            W::totals(&partial.0[c], &mut totals);
            for (k, row) in rows.chunks_exact(m).enumerate() {
                let mut sum = totals[k];
                for rest in whole..m {
                    sum = W::one_mul_add(t[c * width + rest], row[rest], sum);
                }
                gt[c * width + group * GROUP + k] += sum;
            }
        }
    }
}

/// The features of a reduced network: a(p) . a(q) for p < products and p <= q < n (p first, q faster), then the first row of `a` (4
/// rows of `stride`, of which n columns count).
#[inline(always)]
pub fn features<R: Real, const L: usize, const FMA: bool>(
    a: &[R],
    stride: usize,
    (n, products): (usize, usize),
    out: &mut [R],
) {
    let (mut row, rest) = out.split_at_mut(products_of(products, n));
    let [a0, a1, a2, a3] = [0, 1, 2, 3].map(|c| &a[c * stride..][..n]);
    for p in 0..products {
        let (of_p, below) = row.split_at_mut(n - p);
        let (q0, q1, q2, q3) = (&a0[p..], &a1[p..], &a2[p..], &a3[p..]);
        let [p0, p1, p2, p3] = [a0[p], a1[p], a2[p], a3[p]];
        for ((((f, q0), q1), q2), q3) in of_p.iter_mut().zip(q0).zip(q1).zip(q2).zip(q3) {
            *f = fma::<R, FMA>(p3, *q3, fma::<R, FMA>(p2, *q2, fma::<R, FMA>(p1, *q1, p0 * *q0)));
        }
        row = below;
    }
    rest[..n].copy_from_slice(&a[..n]);
}

/// dE/dA from dE/dfeatures. `square`: room for n x `stride` values; `ga` receives 4 x `stride`.
#[inline(always)]
pub fn features_backward<R: Real, const L: usize, const FMA: bool>(
    a: &[R],
    stride: usize,
    (n, products): (usize, usize),
    gradient: &[R],
    square: &mut [R],
    ga: &mut [R],
) {
    // The symmetric matrix S with dE/dA = A S: off the diagonal the gradient, on it twice the gradient.
    let (mut row, rest) = gradient.split_at(products_of(products, n));
    square[products * stride..n * stride].fill(R::default());
    for p in 0..products {
        let (of_p, below) = row.split_at(n - p);
        square[p * stride..p * stride + stride][p..n].copy_from_slice(of_p);
        square[p * stride + p] += of_p[0];
        for (q, g) in of_p.iter().enumerate().skip(1) {
            square[(p + q) * stride + p] = *g;
        }
        square[p * stride + n..(p + 1) * stride].fill(R::default());
        row = below;
    }
    let mut first = 0;
    while first < stride {
        let mut sums = [[R::default(); L]; 4];
        for p in 0..n {
            let s: [R; L] = load(&square[p * stride + first..]);
            for c in 0..4 {
                let factor = a[c * stride + p];
                for l in 0..L {
                    sums[c][l] = fma::<R, FMA>(factor, s[l], sums[c][l]);
                }
            }
        }
        for c in 0..4 {
            ga[c * stride + first..][..L].copy_from_slice(&sums[c]);
        }
        first += L;
    }
    for (g, linear) in ga.iter_mut().zip(&rest[..n]) {
        *g += *linear;
    }
}
