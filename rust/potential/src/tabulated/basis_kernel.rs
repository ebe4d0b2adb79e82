// SPDX-License-Identifier: MIT
//! The loops over pairs and their basis functions, which most of a step is spent in: the columns of a type pair are the lanes.
//!
//! Columns are taken so many blocks of lanes at a time that their sums stay in registers while the pairs of a center go by.

#![allow(clippy::inline_always)] // target features only reach what is inlined into the dispatching functions

use super::aligned::Line;
use super::kernel::PairRows;
use super::lanes::{GROUP, MOST_LANES, Vector};
use super::places::COEFFICIENTS;

/// Blocks that are handled together, at most, beside a half one.
const MOST_BLOCKS: usize = 3;

/// Some of the columns of a table: a number of whole blocks, perhaps a half one, and the columns before them.
#[derive(Clone, Copy)]
struct Columns {
    blocks: usize,
    half: bool,
    first: usize,
}

/// Columns in portions of at most so many blocks: of more, about half.
fn portions<V: Vector>(columns: usize, most: usize) -> impl Iterator<Item = Columns> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = (columns - first) / V::LANES;
        let last = left <= most;
        let blocks = if last { left } else { left.div_ceil(2).min(most) };
        let half = last && !(columns - first).is_multiple_of(V::LANES);
        let portion = Columns { blocks, half, first };
        first = if last { columns } else { first + blocks * V::LANES };
        (blocks > 0 || half).then_some(portion)
    })
}

/// `$part` with the number of blocks, and 1 for a half one, known to the compiler.
macro_rules! by_size {
    ($portion:expr, $part:ident::<$wide:ty, $half:ty>($($argument:expr),*)) => {
        match ($portion.blocks, $portion.half) {
            (0, _) => $part::<$wide, $half, 0, 1>($($argument),*),
            (1, false) => $part::<$wide, $half, 1, 0>($($argument),*),
            (1, true) => $part::<$wide, $half, 1, 1>($($argument),*),
            (2, false) => $part::<$wide, $half, 2, 0>($($argument),*),
            (2, true) => $part::<$wide, $half, 2, 1>($($argument),*),
            (_, false) => $part::<$wide, $half, 3, 0>($($argument),*),
            (_, true) => $part::<$wide, $half, 3, 1>($($argument),*),
        }
    };
}

/// Adds the pairs' rows times their basis functions to A of their centers: 4 rows of `stride` each, of which the first `columns`
/// of `a` are those of the table.
#[inline(always)]
pub fn accumulate<W: Vector<Half = H>, H: Vector<Real = W::Real>>(
    table: &[W::Real],
    columns: usize,
    pairs: PairRows<W::Real>,
    a: &mut [W::Real],
    stride: usize,
) {
    // As many as there are registers for their sums.
    for portion in portions::<W>(columns, if W::REGISTERS < 32 { 1 } else { MOST_BLOCKS }) {
        by_size!(portion, accumulate_part::<W, H>(table, columns, portion.first, pairs, a, stride));
    }
}

#[inline(always)]
fn accumulate_part<W: Vector<Half = H>, H: Vector<Real = W::Real>, const BLOCKS: usize, const HALF: usize>(
    table: &[W::Real],
    columns: usize,
    first: usize,
    pairs: PairRows<W::Real>,
    a: &mut [W::Real],
    stride: usize,
) {
    let width = COEFFICIENTS * (BLOCKS * W::LANES + HALF * H::LANES);
    for (center, pairs_of) in pairs.centers().enumerate() {
        let n = pairs_of.len();
        let (piece, t) = (&pairs.piece[pairs_of.clone()][..n], &pairs.t[pairs_of.clone()][..n]);
        let [y0, y1, y2, y3] = pairs.row.map(|row| &row[pairs_of.clone()]);
        let (y0, y1, y2, y3) = (&y0[..n], &y1[..n], &y2[..n], &y3[..n]);
        let mut sums = [[W::zero(); BLOCKS]; 4];
        let mut halves = [[H::zero(); HALF]; 4];
        for k in 0..n {
            let coefficients = &table[(piece[k] as usize * columns + first) * COEFFICIENTS..][..width];
            let y = [y0[k], y1[k], y2[k], y3[k]];
            let (here, rest) = coefficients.split_at(COEFFICIENTS * BLOCKS * W::LANES);
            for block in 0..BLOCKS {
                let value = value(&here[block * COEFFICIENTS * W::LANES..], W::splat(t[k]));
                for c in 0..4 {
                    sums[c][block] = W::splat(y[c]).mul_add(value, sums[c][block]);
                }
            }
            for block in 0..HALF {
                let value = value(rest, H::splat(t[k]));
                for c in 0..4 {
                    halves[c][block] = H::splat(y[c]).mul_add(value, halves[c][block]);
                }
            }
        }
        for c in 0..4 {
            let row = &mut a[(4 * center + c) * stride + first..];
            for block in 0..BLOCKS {
                let to = &mut row[block * W::LANES..];
                sums[c][block].add(W::load(to)).store(to);
            }
            for block in 0..HALF {
                let to = &mut row[BLOCKS * W::LANES..];
                halves[c][block].add(H::load(to)).store(to);
            }
        }
    }
}

/// Values of basis functions at `t`, from their coefficients in a piece of the table.
#[inline(always)]
fn value<V: Vector>(coefficients: &[V::Real], t: V) -> V {
    let mut value = V::load(&coefficients[(COEFFICIENTS - 1) * V::LANES..]);
    for power in (0..COEFFICIENTS - 1).rev() {
        value = value.mul_add(t, V::load(&coefficients[power * V::LANES..]));
    }
    value
}

/// From dE/dA, laid out as `a` of [`accumulate`]: per pair its four products with the basis functions and, weighted by the row, with
/// their slopes by t. The functions are evaluated again: cheaper than storing them.
#[inline(always)]
pub fn project<W: Vector<Half = H>, H: Vector<Real = W::Real>>(
    table: &[W::Real],
    columns: usize,
    pairs: PairRows<W::Real>,
    ga: &[W::Real],
    stride: usize,
    mut out: [&mut [W::Real]; 5],
) {
    for portion in portions::<W>(columns, MOST_BLOCKS) {
        let out = out.each_mut().map(|out| &mut **out);
        by_size!(portion, project_part::<W, H>(table, columns, portion.first, pairs, ga, stride, out));
    }
}

#[inline(always)]
fn project_part<W: Vector<Half = H>, H: Vector<Real = W::Real>, const BLOCKS: usize, const HALF: usize>(
    table: &[W::Real],
    columns: usize,
    first: usize,
    pairs: PairRows<W::Real>,
    ga: &[W::Real],
    stride: usize,
    mut out: [&mut [W::Real]; 5],
) {
    let width = COEFFICIENTS * (BLOCKS * W::LANES + HALF * H::LANES);
    // Lanes are added up for a group of pairs at once, of whichever centers.
    let mut partial = Line([[W::Real::default(); GROUP * MOST_LANES]; 5]);
    let mut filled = 0;
    let mut done = 0;
    for (center, pairs_of) in pairs.centers().enumerate() {
        let mut g = [[W::zero(); BLOCKS]; 4];
        let mut g_half = [[H::zero(); HALF]; 4];
        for c in 0..4 {
            let row = &ga[(4 * center + c) * stride + first..];
            for block in 0..BLOCKS {
                g[c][block] = W::load(&row[block * W::LANES..]);
            }
            for block in 0..HALF {
                g_half[c][block] = H::load(&row[BLOCKS * W::LANES..]);
            }
        }
        let n = pairs_of.len();
        let (piece, t) = (&pairs.piece[pairs_of.clone()][..n], &pairs.t[pairs_of.clone()][..n]);
        let [y0, y1, y2, y3] = pairs.row.map(|row| &row[pairs_of.clone()]);
        let (y0, y1, y2, y3) = (&y0[..n], &y1[..n], &y2[..n], &y3[..n]);
        for k in 0..n {
            let coefficients = &table[(piece[k] as usize * columns + first) * COEFFICIENTS..][..width];
            let y = [y0[k], y1[k], y2[k], y3[k]];
            let (here, rest) = coefficients.split_at(COEFFICIENTS * BLOCKS * W::LANES);
            let mut sums = [W::zero(); 5];
            for block in 0..BLOCKS {
                let g = [g[0][block], g[1][block], g[2][block], g[3][block]];
                add_products(&here[block * COEFFICIENTS * W::LANES..], t[k], y, g, &mut sums);
            }
            for block in 0..HALF {
                let g = [g_half[0][block], g_half[1][block], g_half[2][block], g_half[3][block]];
                let mut halves = [H::zero(); 5];
                add_products(rest, t[k], y, g, &mut halves);
                for c in 0..5 {
                    sums[c] = sums[c].add_half(halves[c]);
                }
            }
            for c in 0..5 {
                sums[c].store(&mut partial.0[c][filled * W::LANES..]);
            }
            filled += 1;
            if filled == GROUP {
                finish::<W>(&partial.0, done..done + GROUP, first > 0, &mut out);
                (filled, done) = (0, done + GROUP);
            }
        }
    }
    finish::<W>(&partial.0, done..done + filled, first > 0, &mut out);
}

#[inline(always)]
fn add_products<V: Vector>(coefficients: &[V::Real], t: V::Real, y: [V::Real; 4], g: [V; 4], sums: &mut [V; 5]) {
    let t = V::splat(t);
    let mut value = V::load(&coefficients[(COEFFICIENTS - 1) * V::LANES..]);
    let mut slope = value;
    for power in (0..COEFFICIENTS - 1).rev() {
        value = value.mul_add(t, V::load(&coefficients[power * V::LANES..]));
        if power > 0 {
            slope = slope.mul_add(t, value);
        }
    }
    let mut weighted = V::zero();
    for c in 0..4 {
        sums[c] = g[c].mul_add(value, sums[c]);
        weighted = V::splat(y[c]).mul_add(g[c], weighted);
    }
    sums[4] = weighted.mul_add(slope, sums[4]);
}

/// Adds up the lanes of a group of pairs; `more`: to what the columns before have given.
#[inline(always)]
fn finish<V: Vector>(
    partial: &[[V::Real; GROUP * MOST_LANES]; 5],
    pairs: std::ops::Range<usize>,
    more: bool,
    out: &mut [&mut [V::Real]; 5],
) {
    let mut totals = [V::Real::default(); GROUP];
    for c in 0..5 {
        V::totals(&partial[c], &mut totals);
        let to = &mut out[c][pairs.clone()];
        if more {
            to.iter_mut().zip(totals).for_each(|(to, total)| *to += total);
        } else {
            to.copy_from_slice(&totals[..to.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Rows;
    use super::super::lanes::blocks;
    use super::*;
    use crate::tabulated::{InstructionSet, Kernels};

    const PIECES: usize = 3;
    /// First pair of each center, one of which has none; more pairs than a group of lanes is finished for.
    const START: [usize; 5] = [0, 2, 2, 19, 37];
    const PAIRS: usize = 37;

    /// A number without a pattern, between -1 and 1.
    fn number(seed: usize) -> f64 {
        (12.9898 * (seed as f64 + 0.3)).sin() * 43_758.545_3 % 1.0
    }

    /// A basis function of pair k and its slope, by powers.
    fn function(rows: &Rows<f64>, column: usize, k: usize) -> [f64; 2] {
        let c = |power: usize| number((rows.piece[k] as usize * COEFFICIENTS + power) * 1000 + column);
        let t = rows.t[k];
        let value = (0..COEFFICIENTS).map(|n| c(n) * t.powi(n as i32)).sum();
        [value, (1..COEFFICIENTS).map(|n| n as f64 * c(n) * t.powi(n as i32 - 1)).sum()]
    }

    fn compare<R: Kernels>(columns: usize, tolerance: f64) {
        let mut exact = Rows::<f64>::default();
        exact.reserve(PAIRS);
        for k in 0..PAIRS {
            (exact.piece[k], exact.t[k]) = ((k % PIECES) as u32, number(k).abs());
            exact.row.iter_mut().enumerate().for_each(|(c, row)| row[k] = number(k + 100 * (c + 1)));
        }
        let real = |values: &[f64]| values.iter().map(|v| R::from_f64(*v)).collect::<Vec<R>>();
        let mut rows = Rows::<R>::default();
        rows.reserve(PAIRS);
        rows.piece.copy_from_slice(&exact.piece);
        rows.t = real(&exact.t);
        rows.row = exact.row.each_ref().map(|row| real(row));
        let mut table = Vec::new();
        for piece in 0..PIECES {
            for block in blocks(0..columns, R::LANES) {
                for power in 0..COEFFICIENTS {
                    table.extend(block.clone().map(|c| R::from_f64(number((piece * COEFFICIENTS + power) * 1000 + c))));
                }
            }
        }
        // A center's rows go on after the columns of this table.
        let stride = columns + R::LANES;
        let start: Vec<f64> = (0..4 * 4 * stride).map(|k| number(k + 7)).collect();
        for isa in InstructionSet::available() {
            let near = |found: R, wanted: f64, what: &str| {
                let found = found.to_f64();
                assert!((found - wanted).abs() < tolerance, "{} {columns}, {what}: {found}, not {wanted}", isa.name());
            };
            let mut a = real(&start);
            R::accumulate(isa, &table, columns, rows.pairs(&START), &mut a, stride);
            let mut products: [Vec<R>; 5] = std::array::from_fn(|_| vec![R::from_f64(9.0); PAIRS]);
            let out = products.each_mut().map(|p| &mut p[..]);
            R::project(isa, &table, columns, rows.pairs(&START), &real(&start), stride, out);
            for center in 0..4 {
                let pairs = START[center]..START[center + 1];
                for (c, column) in (0..4).flat_map(|c| (0..stride).map(move |column| (c, column))) {
                    let at = (4 * center + c) * stride + column;
                    let of_pairs = pairs.clone().map(|k| exact.row[c][k] * function(&exact, column, k)[0]);
                    let added = if column < columns { of_pairs.sum() } else { 0.0 };
                    near(a[at], start[at] + added, "A");
                }
                for k in pairs {
                    let sum = |of: &dyn Fn(usize) -> f64| (0..columns).map(of).sum::<f64>();
                    let ga = |c: usize, column: usize| start[(4 * center + c) * stride + column];
                    for c in 0..4 {
                        near(products[c][k], sum(&|column| ga(c, column) * function(&exact, column, k)[0]), "product");
                    }
                    let weighted = |column| (0..4).map(|c| ga(c, column) * exact.row[c][k]).sum::<f64>();
                    near(products[4][k], sum(&|column| weighted(column) * function(&exact, column, k)[1]), "slope");
                }
            }
        }
    }

    #[test]
    fn sums_over_pairs_and_columns_equal_plain_loops_for_any_number_of_columns() {
        for lanes in [1, 2, 3, 5, 7, 8, 9, 15] {
            compare::<f32>(lanes * <f32 as Kernels>::LANES, 1e-3);
            compare::<f64>(lanes * <f64 as Kernels>::LANES, 1e-11);
        }
    }
}
