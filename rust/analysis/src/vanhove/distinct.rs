// SPDX-License-Identifier: MIT
//! Atoms around points that are not atoms of now: where ions were. LAMMPS' neighbor lists know nothing of these, so all atoms of the group
//! are sorted into cells on every rank.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::exact::ROUNDER;
use crate::shapes::{numbers, one_each};
use crate::{Error, Result};

/// Cells along a side at most.
const MOST_CELLS: usize = 40;

/// A periodic box as LAMMPS has it: a = (x, 0, 0), b = (xy, y, 0), c = (xz, yz, z), A.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// x, y, z.
    pub lengths: [f64; 3],
    /// xy, xz, yz.
    pub tilts: [f64; 3],
}

impl Cell {
    /// `A^3`.
    #[must_use]
    pub fn volume(&self) -> f64 {
        self.lengths.iter().product()
    }

    /// Distances between opposite faces, A.
    #[must_use]
    pub fn heights(&self) -> [f64; 3] {
        let ([x, y, z], [xy, xz, yz]) = (self.lengths, self.tilts);
        let norm = |v: [f64; 3]| v.iter().map(|c| c * c).sum::<f64>().sqrt();
        let volume = self.volume();
        // |b x c|, |c x a|, |a x b|
        let faces = [norm([y * z, -xy * z, xy * yz - xz * y]), norm([0.0, x * z, -x * yz]), x * y];
        faces.map(|face| volume / face)
    }

    /// In units of the box vectors.
    #[must_use]
    pub fn fractional(&self, r: [f64; 3]) -> [f64; 3] {
        let ([x, y, z], [xy, xz, yz]) = (self.lengths, self.tilts);
        let c = r[2] / z;
        let b = (r[1] - yz * c) / y;
        [(r[0] - xy * b - xz * c) / x, b, c]
    }

    /// A.
    #[must_use]
    pub fn cartesian(&self, s: [f64; 3]) -> [f64; 3] {
        let ([x, y, z], [xy, xz, yz]) = (self.lengths, self.tilts);
        [x * s[0] + xy * s[1] + xz * s[2], y * s[1] + yz * s[2], z * s[2]]
    }

    /// Distance between the nearest images of two points, A, where it is below half of every height.
    #[must_use]
    pub fn distance(&self, from: [f64; 3], to: [f64; 3]) -> f64 {
        let s = self.fractional([to[0] - from[0], to[1] - from[1], to[2] - from[2]]);
        let d = self.cartesian(s.map(|s| s - ((s + ROUNDER) - ROUNDER)));
        (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt()
    }

    /// Whether every sphere of this radius around a point holds one image of each other point at most.
    ///
    /// # Errors
    /// Where it does not, or this is no box.
    pub fn check(&self, rmax: f64) -> Result<()> {
        let least = self.heights().into_iter().fold(f64::INFINITY, f64::min);
        if !(self.volume().is_finite() && least > 0.0) {
            return Err(Error::Data(format!("{self:?} is no box")));
        }
        if rmax > 0.5 * least {
            return Err(Error::Settings(format!(
                "distinct counts each pair once, which needs an rmax below half the least height of the box, {:.6} A, not {rmax} A",
                0.5 * least
            )));
        }
        Ok(())
    }
}

/// All atoms of the group of partners in one frame, on every rank.
#[derive(Clone, Copy, Debug)]
pub struct Partners<'a> {
    /// Unwrapped positions, n x 3, A.
    pub positions: ArrayView2<'a, f64>,
    /// Their IDs, n.
    pub ids: &'a [i64],
    /// The box.
    pub cell: Cell,
}

/// Partners sorted into cells that are no thinner than the longest distance.
pub struct Grid {
    cell: Cell,
    /// Cells along each side; 1: too few for neighbors to differ.
    counts: [usize; 3],
    /// Atoms of cell k: `order[starts[k]..starts[k + 1]]`.
    starts: Vec<u32>,
    atoms: Vec<([f64; 3], i64)>,
}

impl Grid {
    /// Sorts; `center`: of the drift reference.
    ///
    /// # Errors
    /// Where arrays do not belong together, a position is not finite, or the box is too small for `rmax`.
    pub fn new(partners: &Partners<'_>, center: &[f64; 3], rmax: f64) -> Result<Self> {
        let Partners { positions, ids, cell } = *partners;
        let positions = numbers("positions of partners", &positions)?;
        one_each("IDs of partners", ids.len(), positions.len() / 3)?;
        cell.check(rmax)?;
        if positions.iter().any(|x| !x.is_finite()) {
            return Err(Error::Data("a position is not finite".into()));
        }
        // a little wider than rmax, so that rounding moves no pair out of reach
        let counts = cell.heights().map(|height| match (height / (rmax * 1.000_001)) as usize {
            0..3 => 1,
            cells => cells.min(MOST_CELLS),
        });
        let mut grid = Self { cell, counts, starts: Vec::new(), atoms: Vec::new() };
        let all: Vec<_> = positions
            .chunks_exact(3)
            .zip(ids)
            .map(|(r, &id)| ([r[0] - center[0], r[1] - center[1], r[2] - center[2]], id))
            .collect();
        let cells: Vec<usize> = all.iter().map(|(r, _)| grid.index(grid.place(*r))).collect();
        let mut starts = vec![0u32; counts.iter().product::<usize>() + 1];
        for &cell in &cells {
            starts[cell + 1] += 1;
        }
        for k in 1..starts.len() {
            starts[k] += starts[k - 1];
        }
        let mut next = starts.clone();
        grid.atoms = vec![([0.0; 3], 0); all.len()];
        for (&atom, &cell) in all.iter().zip(&cells) {
            grid.atoms[next[cell] as usize] = atom;
            next[cell] += 1;
        }
        grid.starts = starts;
        Ok(grid)
    }

    fn place(&self, r: [f64; 3]) -> [usize; 3] {
        let s = self.cell.fractional(r);
        std::array::from_fn(|axis| {
            let count = self.counts[axis];
            (((s[axis] - s[axis].floor()) * count as f64) as usize).min(count - 1)
        })
    }

    fn index(&self, place: [usize; 3]) -> usize {
        (place[0] * self.counts[1] + place[1]) * self.counts[2] + place[2]
    }

    /// Adds to `counts` the partners around a point, without the one of this ID, in shells up to `rmax`.
    pub fn count(&self, r: [f64; 3], id: i64, rmax: f64, counts: &mut [u64]) {
        let per_length = counts.len() as f64 / rmax;
        let place = self.place(r);
        let near = |axis: usize| {
            let (count, at) = (self.counts[axis], place[axis]);
            let first = if count == 1 { 0 } else { at + count - 1 };
            (0..count.min(3)).map(move |k| (first + k) % count)
        };
        for x in near(0) {
            for y in near(1) {
                for z in near(2) {
                    let cell = self.index([x, y, z]);
                    for &(other, other_id) in &self.atoms[self.starts[cell] as usize..self.starts[cell + 1] as usize] {
                        let bin = self.cell.distance(r, other) * per_length;
                        if bin < counts.len() as f64 && other_id != id {
                            counts[bin as usize] += 1;
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is a failed test

    use super::*;

    fn noise(seed: usize) -> f64 {
        ((seed as f64 * 12.9898).sin() * 43_758.545_3).rem_euclid(1.0)
    }

    /// Against all images of all atoms, in boxes with few and with many cells.
    #[test]
    fn every_pair_is_found_once() {
        for (lengths, tilts, rmax) in [
            ([30.0, 31.0, 33.0], [4.0, -3.0, 7.0], 4.0),
            ([30.0, 9.0, 10.0], [0.0; 3], 4.5),
            ([12.0, 13.0, 14.0], [5.0, -5.0, 6.0], 3.0),
        ] {
            let cell = Cell { lengths, tilts };
            let x: Vec<f64> = (0..600).map(|k| 80.0 * (noise(k) - 0.5)).collect();
            let ids: Vec<i64> = (0..200).collect();
            let positions = ArrayView2::from_shape((200, 3), &x).unwrap();
            let center = [0.5, -0.25, 0.125];
            let grid = Grid::new(&Partners { positions, ids: &ids, cell }, &center, rmax).unwrap();
            let (mut found, mut naive) = (vec![0; 20], vec![0; 20]);
            for i in 0..50usize {
                let point = [40.0 * noise(1000 + i), -30.0 * noise(2000 + i), 50.0 * noise(3000 + i)];
                grid.count(point, i as i64, rmax, &mut found);
                for (j, r) in x.chunks_exact(3).enumerate().filter(|(j, _)| *j != i) {
                    let s = cell.fractional([0, 1, 2].map(|k| r[k] - center[k] - point[k]));
                    for n in 0..27 {
                        let shift = [n / 9 - 1, n / 3 % 3 - 1, n % 3 - 1].map(f64::from);
                        let image = [0, 1, 2].map(|k| s[k] - s[k].floor() + shift[k]);
                        let d = cell.cartesian(image).iter().map(|d| d * d).sum::<f64>().sqrt();
                        if d < rmax {
                            naive[(d / rmax * 20.0) as usize] += 1;
                        }
                    }
                    let _ = j;
                }
            }
            assert_eq!(found, naive, "{cell:?}");
            assert!(found.iter().sum::<u64>() > 50);
        }
    }

    #[test]
    fn boxes_that_are_too_small_are_named() {
        let cell = Cell { lengths: [10.0, 10.0, 10.0], tilts: [5.0, 0.0, 0.0] };
        let heights = cell.heights();
        assert!((heights[0] - 10.0 * 2.0 / 5f64.sqrt()).abs() < 1e-12 && (heights[1] - 10.0).abs() < 1e-12);
        assert!(cell.check(4.4).is_ok());
        assert!(cell.check(4.6).unwrap_err().to_string().contains("4.472136 A, not 4.6 A"));
    }
}
