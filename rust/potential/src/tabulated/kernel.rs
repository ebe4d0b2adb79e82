//! The inner loops of the tabulated path, written once over lanes and compiled for each instruction set by [`super::simd`].
//!
//! `L` lanes are handled together; every length called "columns" or "width" is a multiple of `L`. `FMA` says whether a
//! fused multiply-add is one instruction (otherwise it would be a slow library call).

#![allow(clippy::inline_always)] // target features only reach what is inlined into the dispatching functions

use super::real::Real;
use super::table::COEFFICIENTS;

/// What the loops need of the pairs of one centre with neighbours of one type; all slices of one length.
#[derive(Clone, Copy)]
pub struct PairRows<'a, R> {
    /// Piece of the table.
    pub piece: &'a [u32],
    /// Place in the piece, 0 to 1.
    pub t: &'a [R],
    /// Row of the environment matrix.
    pub row: &'a [[R; 4]],
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

/// Adds the pairs' rows times their basis functions to `a` (4 rows of `stride`, columns of this type first), and keeps the
/// functions and their slopes by t for the way back (`psi`, `slope`: pairs x columns).
#[inline(always)]
pub fn accumulate<R: Real, const L: usize, const FMA: bool>(
    coefficients: &[R],
    columns: usize,
    pairs: PairRows<R>,
    psi: &mut [R],
    slope: &mut [R],
    a: &mut [R],
    stride: usize,
) {
    for first in (0..columns).step_by(L) {
        let mut sums = [[R::default(); L]; 4];
        for (k, ((&piece, &t), row)) in pairs.piece.iter().zip(pairs.t).zip(pairs.row).enumerate() {
            let piece =
                &coefficients[piece as usize * COEFFICIENTS * columns + first..][..(COEFFICIENTS - 1) * columns + L];
            let mut value: [R; L] = load(&piece[5 * columns..]);
            let mut derivative = value;
            for power in (0..COEFFICIENTS - 1).rev() {
                let c: [R; L] = load(&piece[power * columns..]);
                for l in 0..L {
                    value[l] = fma::<R, FMA>(value[l], t, c[l]);
                }
                if power > 0 {
                    for l in 0..L {
                        derivative[l] = fma::<R, FMA>(derivative[l], t, value[l]);
                    }
                }
            }
            psi[k * columns + first..][..L].copy_from_slice(&value);
            slope[k * columns + first..][..L].copy_from_slice(&derivative);
            for (sum, y) in sums.iter_mut().zip(row) {
                for l in 0..L {
                    sum[l] = fma::<R, FMA>(*y, value[l], sum[l]);
                }
            }
        }
        for (c, sum) in sums.iter().enumerate() {
            for (a, s) in a[c * stride + first..][..L].iter_mut().zip(sum) {
                *a += *s;
            }
        }
    }
}

/// From `ga` = dE/dA (laid out as `a` above): per pair its four products with psi and, weighted by the row, with the slope.
#[inline(always)]
pub fn project<R: Real, const L: usize, const FMA: bool>(
    columns: usize,
    rows: &[[R; 4]],
    psi: &[R],
    slope: &[R],
    ga: &[R],
    stride: usize,
    out: &mut [[R; 5]],
) {
    for (k, (row, out)) in rows.iter().zip(out).enumerate() {
        let mut sums = [[R::default(); L]; 5];
        for first in (0..columns).step_by(L) {
            let value: [R; L] = load(&psi[k * columns + first..]);
            let derivative: [R; L] = load(&slope[k * columns + first..]);
            let mut weighted = [R::default(); L];
            for c in 0..4 {
                let g: [R; L] = load(&ga[c * stride + first..]);
                for l in 0..L {
                    sums[c][l] = fma::<R, FMA>(g[l], value[l], sums[c][l]);
                    weighted[l] = fma::<R, FMA>(row[c], g[l], weighted[l]);
                }
            }
            for l in 0..L {
                sums[4][l] = fma::<R, FMA>(weighted[l], derivative[l], sums[4][l]);
            }
        }
        *out = sums.map(total);
    }
}

#[inline(always)]
fn total<R: Real, const L: usize>(mut lanes: [R; L]) -> R {
    let mut half = L / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] += lanes[l + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// `out` (4 x width) = `left` (4 x n) `right` (n x width).
#[inline(always)]
pub fn four_rows<R: Real, const L: usize, const FMA: bool>(left: &[R], right: &[R], out: &mut [R], width: usize) {
    let n = left.len() / 4;
    let mut first = 0;
    while first + 2 * L <= width {
        four_rows_block::<R, L, 2, FMA>(left, n, right, out, width, first);
        first += 2 * L;
    }
    if first < width {
        four_rows_block::<R, L, 1, FMA>(left, n, right, out, width, first);
    }
}

#[inline(always)]
fn four_rows_block<R: Real, const L: usize, const B: usize, const FMA: bool>(
    left: &[R],
    n: usize,
    right: &[R],
    out: &mut [R],
    width: usize,
    first: usize,
) {
    let mut sums = [[[R::default(); L]; B]; 4];
    for k in 0..n {
        for b in 0..B {
            let values: [R; L] = load(&right[k * width + first + b * L..]);
            for c in 0..4 {
                let factor = left[c * n + k];
                for l in 0..L {
                    sums[c][b][l] = fma::<R, FMA>(factor, values[l], sums[c][b][l]);
                }
            }
        }
    }
    for c in 0..4 {
        for b in 0..B {
            out[c * width + first + b * L..][..L].copy_from_slice(&sums[c][b]);
        }
    }
}

/// D[m, a] = sum over c of T[c, m] T[c, a]. `axis` may be any number up to the width.
#[inline(always)]
pub fn descriptor<R: Real, const L: usize, const FMA: bool>(t: &[R], axis: usize, d: &mut [R]) {
    let width = t.len() / 4;
    for (m, row) in d.chunks_exact_mut(axis).enumerate() {
        for (a, d) in row.iter_mut().enumerate() {
            let mut sum = t[m] * t[a];
            for c in 1..4 {
                sum = fma::<R, FMA>(t[c * width + m], t[c * width + a], sum);
            }
            *d = sum;
        }
    }
}

/// dE/dT from dE/dD.
#[inline(always)]
pub fn descriptor_backward<R: Real, const L: usize, const FMA: bool>(t: &[R], axis: usize, gd: &[R], gt: &mut [R]) {
    let width = t.len() / 4;
    let whole = axis - axis % L;
    for c in 0..4 {
        let tc = &t[c * width..(c + 1) * width];
        let gc = &mut gt[c * width..(c + 1) * width];
        for (g, row) in gc.iter_mut().zip(gd.chunks_exact(axis)) {
            let mut sum = [R::default(); L];
            for first in (0..whole).step_by(L) {
                let (x, y): ([R; L], [R; L]) = (load(&row[first..]), load(&tc[first..]));
                for l in 0..L {
                    sum[l] = fma::<R, FMA>(x[l], y[l], sum[l]);
                }
            }
            let mut all = total(sum);
            for a in whole..axis {
                all = fma::<R, FMA>(row[a], tc[a], all);
            }
            *g = all;
        }
        for first in (0..whole).step_by(L) {
            let mut sum: [R; L] = load(&gc[first..]);
            for (row, t) in gd.chunks_exact(axis).zip(tc) {
                let x: [R; L] = load(&row[first..]);
                for l in 0..L {
                    sum[l] = fma::<R, FMA>(x[l], *t, sum[l]);
                }
            }
            gc[first..first + L].copy_from_slice(&sum);
        }
        for a in whole..axis {
            let mut sum = gc[a];
            for (row, t) in gd.chunks_exact(axis).zip(tc) {
                sum = fma::<R, FMA>(row[a], *t, sum);
            }
            gc[a] = sum;
        }
    }
}
