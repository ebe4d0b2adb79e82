// SPDX-License-Identifier: MIT
//! Fractional coordinates, and the frame that moves with a reference.
//!
//! Drift is that of the mean fractional coordinate of the reference atoms, image flags included: in a cell that does not change the same
//! as that of their mean unwrapped position, and in one that does, no motion of atoms that only follow the cell.

use ndarray::{ArrayView1, ArrayView2};

use super::layout::DensityLayout;
use crate::exact::LIMBS;
use crate::shapes::{numbers, one_each};
use crate::transport::Reference;
use crate::unwrapping::Cell;
use crate::{Error, Exact, Result};

/// Sums of fractional coordinates and weights: resolution 1e-18.
type Sum = Exact<60>;

/// Fractional coordinates are rounded to multiples of 2^-40, so that an atom on the border of two voxels is in the same one, whichever of
/// its images LAMMPS holds.
const FINE: u32 = 40;

/// One frame as this rank sees it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Edges and tilts of the box, A.
    pub cell: Cell,
    /// Its lower corner, A.
    pub origin: [f64; 3],
    /// Sum over ranks of [`locate`].
    pub located: &'a [i64],
    /// Positions of this rank's ions, any image, n x 3, A.
    pub positions: ArrayView2<'a, f64>,
    /// Of all atoms in this frame, K; `None` where it is not known.
    pub kinetic_temperature: Option<f64>,
}

/// The box as a system of coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fractions {
    pub cell: Cell,
    pub origin: [f64; 3],
}

impl Fractions {
    /// Coordinates of a position in the box, 0 to 1 inside.
    pub fn of(&self, r: &[f64]) -> [f64; 3] {
        let [xx, yy, zz, yz, xz, xy] = self.cell;
        let z = (r[2] - self.origin[2]) / zz;
        let y = (r[1] - self.origin[1] - yz * z) / yy;
        [(r[0] - self.origin[0] - xy * y - xz * z) / xx, y, z]
    }

    /// Position, A, of fractional coordinates.
    pub fn position(&self, s: [f64; 3]) -> [f64; 3] {
        let [xx, yy, zz, yz, xz, xy] = self.cell;
        let [x, y, z] = s;
        [self.origin[0] + xx * x + xy * y + xz * z, self.origin[1] + yy * y + yz * z, self.origin[2] + zz * z]
    }
}

/// Number of the voxel whose middle is nearest to fractional coordinates: the first voxel's middle is the corner of the cell.
pub(super) fn voxel(s: [f64; 3], grid: [u64; 3]) -> Result<usize> {
    let mut number = 0;
    for axis in 0..3 {
        if s[axis].is_nan() || s[axis].abs() >= f64::from(1u32 << 20) {
            return Err(Error::Data("the position of an ion is not finite, or far outside the box".into()));
        }
        let fine = (s[axis] * (1i64 << FINE) as f64).round_ties_even() as i64;
        let inside = fine.rem_euclid(1 << FINE) as u64;
        let along = (inside * grid[axis] + (1 << (FINE - 1))) >> FINE;
        // the last half voxel belongs to the first one
        let along = if along == grid[axis] { 0 } else { along };
        number = number * grid[axis] as usize + along as usize;
    }
    Ok(number)
}

/// Sums over this rank's reference atoms that a sample needs from all ranks, to be added as integers: their number, the sum of weights
/// and the weighted sum of fractional coordinates.
///
/// `positions`: n x 3, A, and `images`: image flags, n x 3; `weights`: masses, or empty for 1 each; `cell` and `origin` as in [`Frame`].
///
/// # Errors
/// Where a position is not finite, or arrays do not belong to the same atoms.
pub fn locate(
    positions: &ArrayView2<'_, f64>,
    images: &ArrayView2<'_, i32>,
    weights: &[f64],
    cell: Cell,
    origin: [f64; 3],
) -> Result<Vec<i64>> {
    let positions = numbers("positions of the reference", positions)?;
    let atoms = positions.len() / 3;
    one_each("image flags", images.nrows(), atoms)?;
    if !weights.is_empty() {
        one_each("weights", weights.len(), atoms)?;
    }
    let fractions = Fractions { cell, origin };
    let mut sums = [Sum::default(); 4];
    let weighted = |(k, (r, image)): (usize, (&[f64], ArrayView1<'_, i32>))| {
        let weight = weights.get(k).copied().unwrap_or(1.0);
        let s = fractions.of(r);
        // as for ions: the same number for any image that LAMMPS holds
        let fine = s.map(|s| (s * (1i64 << FINE) as f64).round_ties_even() / (1i64 << FINE) as f64);
        let along = |axis: usize| weight * (fine[axis] + f64::from(image[axis]));
        [weight, along(0), along(1), along(2)]
    };
    Sum::add_rows(&mut sums, positions.chunks_exact(3).zip(images.outer_iter()).enumerate().map(weighted))?;
    Ok(std::iter::once(atoms as i64).chain(sums.iter().flat_map(|sum| sum.limbs())).collect())
}

/// Mean fractional coordinate of the reference, from the sum over ranks of [`locate`]; 0 without one.
pub(super) fn center(sum: &[i64], layout: &DensityLayout) -> Result<[f64; 3]> {
    if sum.len() != 1 + 4 * LIMBS {
        return Err(Error::Internal(format!("{} sums of positions, expected {}", sum.len(), 1 + 4 * LIMBS)));
    }
    if layout.drift == Reference::None {
        return Ok([0.0; 3]);
    }
    if sum[0] as u64 != layout.reference_atoms {
        return Err(Error::Data(format!(
            "{} atoms in the drift reference now, {} when the measurement began: the frame needs the same atoms throughout, but atoms were \
             lost, added or moved between groups",
            sum[0], layout.reference_atoms
        )));
    }
    let mut values = [0.0; 4];
    for (value, limbs) in values.iter_mut().zip(sum[1..].chunks_exact(LIMBS)) {
        *value = Sum::from_limbs(limbs)?.value();
    }
    Ok([values[1] / values[0], values[2] / values[0], values[3] / values[0]])
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: Cell = [9.0, 8.0, 7.0, -1.5, 2.5, 3.0];

    #[test]
    fn fractions_and_positions_are_inverse() {
        let fractions = Fractions { cell: CELL, origin: [1.0, -2.0, 0.5] };
        for s in [[0.0, 0.0, 0.0], [0.3, 0.7, 0.9], [-0.2, 1.4, 0.5]] {
            let back = fractions.of(&fractions.position(s));
            assert!((0..3).all(|axis| (back[axis] - s[axis]).abs() < 1e-14), "{back:?}");
        }
    }

    #[test]
    fn the_nearest_middle_of_a_voxel() {
        let grid = [4, 5, 1];
        assert_eq!(voxel([0.0, 0.0, 0.7], grid).unwrap(), 0);
        assert_eq!(voxel([0.124, 0.0999, 0.0], grid).unwrap(), 0);
        assert_eq!(voxel([0.125, 0.1, 0.0], grid).unwrap(), 6); // borders belong to the outer voxel
        assert_eq!(voxel([0.876, 0.91, 0.0], grid).unwrap(), 0); // the first one reaches over the corner
        assert_eq!(voxel([-0.25, 1.2, 0.0], grid).unwrap(), 16);
        for image in [-3.0, 0.0, 5.0] {
            let s = [1.0 / 3.0 + image, 2.0 / 7.0 - image, 0.1];
            assert_eq!(voxel(s, [96, 35, 7]).unwrap(), (32 * 35 + 10) * 7 + 1);
        }
        assert!(voxel([f64::NAN, 0.0, 0.0], grid).is_err() && voxel([0.0, 1e9, 0.0], grid).is_err());
    }
}
