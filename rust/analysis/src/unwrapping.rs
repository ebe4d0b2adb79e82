// SPDX-License-Identifier: MIT
//! Toroidal unwrapping: positions as if there were no periodic borders, in a box that changes.
//!
//! Displacements are added up from step to step: u += x - x' + (n - n') h, where n are image flags and h the box of the step in which
//! a border was crossed (von Buelow, Bullerjahn, Hummer, J. Chem. Phys. 153, 021101 (2020); Bullerjahn et al., J. Chem. Theory
//! Comput. 19, 3406 (2023)). Image flags times the box of today would move atoms that crossed a border long ago.

use ndarray::ArrayView2;

use crate::rows::starts;
use crate::{Error, Result};

/// Numbers in the row that each atom carries along: u (3), x (3), image flags (3).
pub const ROW: usize = 9;

/// The tilt of a box changes by half a box length when LAMMPS flips it, by far less in a step of molecular dynamics.
const FLIP: f64 = 0.3;

/// Edges and tilts of a periodic box, A, in LAMMPS' order xx, yy, zz, yz, xz, xy.
pub type Cell = [f64; 6];

/// Whether the box was flipped between two steps, which unwrapping cannot follow.
///
/// ```
/// use deepion_analysis::unwrapping::flipped;
/// let before = [10.0, 10.0, 10.0, 0.0, 0.0, 4.9];
/// assert!(!flipped(&before, &[10.0, 10.0, 10.0, 0.0, 0.0, 5.0]));
/// assert!(flipped(&before, &[10.0, 10.0, 10.0, 0.0, 0.0, -5.0]));
/// ```
#[must_use]
pub fn flipped(before: &Cell, now: &Cell) -> bool {
    let jump = |tilt: usize, edge: usize| (now[tilt] - before[tilt]).abs() > FLIP * now[edge];
    jump(5, 0) || jump(4, 0) || jump(3, 1)
}

/// Advances the unwrapped positions of atoms by one step.
///
/// `positions`: n x 3, A; `images`: image flags, n x 3, which begin again at the other end of a range of `period` values; `cell`: the
/// box of this step; `slots`: the row of each atom, n; `rows`: all rows, [`ROW`] numbers each, in tiles of `tile` as in
/// [`crate::motion::Frame`].
///
/// # Errors
/// Where the arrays do not fit each other: names the one that does not.
pub fn advance(
    positions: &ArrayView2<'_, f64>,
    images: &ArrayView2<'_, i32>,
    period: u32,
    cell: &Cell,
    slots: &[i32],
    tile: usize,
    rows: &mut [f64],
) -> Result<()> {
    let atoms = slots.len();
    for (name, shape) in [("positions", positions.shape()), ("images", images.shape())] {
        if shape != [atoms, 3] {
            return Err(Error::Internal(format!("{name} have the shape {shape:?}, expected [{atoms}, 3]")));
        }
    }
    let [xx, yy, zz, yz, xz, xy] = *cell;
    let starts = starts(slots, ROW, tile, rows.len())?;
    for ((x, n), start) in positions.outer_iter().zip(images.outer_iter()).zip(starts) {
        let at = |number: usize| start + number * tile;
        let mut crossed = [0.0; 3];
        for axis in 0..3 {
            crossed[axis] = remainder(f64::from(n[axis]) - rows[at(6 + axis)], f64::from(period));
        }
        rows[at(0)] += x[0] - rows[at(3)] + crossed[0] * xx + crossed[1] * xy + crossed[2] * xz;
        rows[at(1)] += x[1] - rows[at(4)] + crossed[1] * yy + crossed[2] * yz;
        rows[at(2)] += x[2] - rows[at(5)] + crossed[2] * zz;
        for axis in 0..3 {
            rows[at(3 + axis)] = x[axis];
            rows[at(6 + axis)] = f64::from(n[axis]);
        }
    }
    Ok(())
}

/// IEEE remainder of whole numbers: the one of `difference`, `difference` +- `period`, ... that is nearest to zero.
fn remainder(difference: f64, period: f64) -> f64 {
    difference - period * (difference / period).round_ties_even()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, aview2};
    use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

    const PERIOD: u32 = 1024;

    fn lattice(cell: &Cell, n: [i64; 3]) -> [f64; 3] {
        let [xx, yy, zz, yz, xz, xy] = *cell;
        let n = n.map(|n| n as f64);
        [n[0] * xx + n[1] * xy + n[2] * xz, n[1] * yy + n[2] * yz, n[2] * zz]
    }

    /// A walk whose true displacements are known, wrapped into a breathing, tilted box at every step, with image flags that run
    /// over the end of their range.
    #[test]
    fn random_walk_in_a_changing_box_is_unwrapped() {
        let mut random = StdRng::seed_from_u64(5);
        let atoms = 20;
        let start: i64 = 510; // close to the end of the range -512..512
        let mut wrapped: Vec<[f64; 3]> =
            (0..atoms).map(|_| std::array::from_fn(|_| random.random_range(2.0..8.0))).collect();
        let mut images = vec![[start; 3]; atoms];
        let slots: Vec<i32> = (0..atoms as i32).rev().collect();
        let mut rows = vec![0.0; atoms * ROW];
        let mut truth = wrapped.clone();
        for (k, &slot) in slots.iter().enumerate() {
            let row = &mut rows[slot as usize * ROW..][..ROW];
            row[..3].copy_from_slice(&wrapped[k]);
            row[3..6].copy_from_slice(&wrapped[k]);
            row[6..].fill(start as f64);
        }
        for step in 0..400 {
            let phase = f64::from(step) / 30.0;
            let cell = [10.0 + phase.sin(), 11.0, 12.0 - phase.cos(), 0.5, 1.0 + 0.2 * phase.sin(), -2.0];
            for k in 0..atoms {
                let mut x = wrapped[k];
                for axis in 0..3 {
                    let hop = random.random_range(-1.0..1.3);
                    x[axis] += hop;
                    truth[k][axis] += hop;
                }
                for axis in (0..3).rev() {
                    let shift = (x[axis] / cell[axis]).floor() as i64;
                    let mut n = [0; 3];
                    n[axis] = shift;
                    let vector = lattice(&cell, n);
                    for component in 0..3 {
                        x[component] -= vector[component];
                    }
                    images[k][axis] += shift;
                }
                wrapped[k] = x;
            }
            let stored: Vec<[i32; 3]> =
                images.iter().map(|n| n.map(|n| ((n + 512).rem_euclid(1024) - 512) as i32)).collect();
            advance(&aview2(&wrapped), &aview2(&stored), PERIOD, &cell, &slots, 1, &mut rows).unwrap();
        }
        assert!(images.iter().any(|n| n[0] > 512), "image flags ran over their range");
        for (k, &slot) in slots.iter().enumerate() {
            for axis in 0..3 {
                let found = rows[slot as usize * ROW + axis];
                assert!((found - truth[k][axis]).abs() < 1e-9, "atom {k}: {found} against {}", truth[k][axis]);
            }
        }
    }

    #[test]
    fn arrays_that_do_not_fit_are_named() {
        let cell = [10.0, 10.0, 10.0, 0.0, 0.0, 0.0];
        let (two, one) = (Array2::zeros((2, 3)), Array2::zeros((1, 3)));
        let (images, few) = (Array2::zeros((2, 3)), Array2::zeros((1, 3)));
        let mut rows = vec![0.0; 2 * ROW];
        let mut run = |x: &Array2<f64>, n: &Array2<i32>, slots: &[i32]| {
            advance(&x.view(), &n.view(), PERIOD, &cell, slots, 1, &mut rows).map_err(|error| error.to_string())
        };
        assert!(run(&two, &images, &[1, 0]).is_ok());
        assert!(run(&one, &images, &[1, 0]).unwrap_err().starts_with("positions have the shape [1, 3]"));
        assert!(run(&two, &few, &[1, 0]).unwrap_err().starts_with("images have the shape [1, 3]"));
        for wrong in [2, -1] {
            assert!(run(&two, &images, &[0, wrong]).unwrap_err().contains(&format!("no row {wrong}")));
        }
    }

    #[test]
    fn remainder_is_that_of_ieee() {
        for (difference, expected) in
            [(1.0, 1.0), (-1023.0, 1.0), (1023.0, -1.0), (512.0, 512.0), (-512.0, -512.0), (0.0, 0.0)]
        {
            assert!((remainder(difference, 1024.0) - expected).abs() < 1e-12);
        }
    }
}
