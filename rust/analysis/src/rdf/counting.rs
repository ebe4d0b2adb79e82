// SPDX-License-Identifier: MIT
//! Pairs by distance.

use ndarray::ArrayView2;

use crate::shapes::numbers;
use crate::{Error, Result};

/// The pairs of one frame on one rank.
#[derive(Clone, Copy, Debug)]
pub struct Pairs<'a> {
    /// Positions of all atoms, n x 3, A.
    pub positions: ArrayView2<'a, f64>,
    /// The ions.
    pub centers: &'a [i32],
    /// The neighbors of `centers[k]` are `neighbors[offsets[k]..offsets[k + 1]]`.
    pub offsets: &'a [usize],
    /// Atoms that may be near.
    pub neighbors: &'a [i32],
}

/// Adds to `counts` the number of pairs in each of its shells, which reach up to `rmax`; a pair on a border belongs to the outer shell.
///
/// # Errors
/// Arrays that do not belong together, or an atom that is not there.
pub fn count(pairs: &Pairs<'_>, rmax: f64, counts: &mut [u64]) -> Result<()> {
    let Pairs { positions, centers, offsets, neighbors } = *pairs;
    let wrong = |what: &str| Error::Internal(format!("counting of pairs: {what}"));
    let positions = numbers("positions", &positions)?;
    if offsets.len() != centers.len() + 1 {
        return Err(wrong("offsets do not delimit the lists of the ions"));
    }
    let at = |atom: i32| {
        let begin = usize::try_from(atom).ok().and_then(|atom| atom.checked_mul(3));
        begin.and_then(|begin| positions.get(begin..begin + 3)).ok_or_else(|| wrong("an atom is not there"))
    };
    // as LAMMPS' compute rdf, so that a pair on a border is counted in the same shell
    let shells = counts.len();
    let per_length = 1.0 / (rmax / shells as f64);
    // with one more for the pairs of no shell: no branch to mispredict
    let mut found = vec![0; shells + 1];
    let mut places = Vec::new();
    for (k, &center) in centers.iter().enumerate() {
        let center = at(center)?;
        let near = neighbors.get(offsets[k]..offsets[k + 1]).ok_or_else(|| wrong("offsets reach beyond the list"))?;
        places.clear();
        for &neighbor in near {
            let other = at(neighbor)?;
            let (dx, dy, dz) = (center[0] - other[0], center[1] - other[1], center[2] - other[2]);
            places.push(dx * dx + dy * dy + dz * dz);
        }
        // vector instructions
        for place in &mut places {
            *place = place.sqrt() * per_length;
        }
        for &place in &places {
            // a distance that is not a number is in no shell
            found[if place < shells as f64 { place as usize } else { shells }] += 1;
        }
    }
    counts.iter_mut().zip(found).for_each(|(count, found)| *count += found);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_counted_in_its_shell() {
        let noise = |seed: usize| ((seed as f64 * 12.9898).sin() * 43_758.545_3).rem_euclid(1.0);
        let x: Vec<f64> = (0..300).map(|k| 10.0 * noise(k)).collect();
        let positions = ArrayView2::from_shape((100, 3), &x).unwrap();
        let centers: Vec<i32> = (0..20).collect();
        let (mut offsets, mut neighbors) = (vec![0], Vec::new());
        for &center in &centers {
            neighbors.extend((0..100).filter(|&j| j != center));
            offsets.push(neighbors.len());
        }
        let mut counts = vec![0; 25];
        let pairs = Pairs { positions, centers: &centers, offsets: &offsets, neighbors: &neighbors };
        count(&pairs, 5.0, &mut counts).unwrap();
        for (bin, &count) in counts.iter().enumerate() {
            let (inner, outer) = (0.2 * bin as f64, 0.2 * (bin as f64 + 1.0));
            let mut naive = 0;
            for i in 0..20 {
                for j in (0..100).filter(|&j| j != i) {
                    let r = (0..3).map(|axis| (x[3 * i + axis] - x[3 * j + axis]).powi(2)).sum::<f64>().sqrt();
                    naive += u64::from(r >= inner && r < outer);
                }
            }
            assert_eq!(count, naive, "bin {bin}");
        }
        assert!(counts.iter().sum::<u64>() > 400);
    }

    #[test]
    fn edges_belong_to_the_outer_shell_and_rmax_to_none() {
        let x = [0.0, 0.0, 0.0, 3.0, 0.0, 4.0, 0.0, 1.25, 0.0, f64::NAN, 0.0, 0.0];
        let positions = ArrayView2::from_shape((4, 3), &x).unwrap();
        let pairs = Pairs { positions, centers: &[0], offsets: &[0, 3], neighbors: &[1, 2, 3] };
        let found = |rmax, bins| {
            let mut counts = vec![0; bins];
            count(&pairs, rmax, &mut counts).unwrap();
            counts
        };
        assert_eq!(found(5.0, 4), [0, 1, 0, 0]);
        assert_eq!(found(6.25, 5), [0, 1, 0, 0, 1]);
    }

    #[test]
    fn arrays_that_do_not_belong_together_are_refused() {
        let x = [0.0; 6];
        let positions = ArrayView2::from_shape((2, 3), &x).unwrap();
        let good = Pairs { positions, centers: &[0], offsets: &[0, 1], neighbors: &[1] };
        let mut counts = [0; 2];
        assert!(count(&good, 1.0, &mut counts).is_ok() && counts == [1, 0]);
        for wrong in [
            Pairs { offsets: &[0], ..good },
            Pairs { offsets: &[0, 2], ..good },
            Pairs { offsets: &[1, 0], ..good },
            Pairs { neighbors: &[2], ..good },
            Pairs { centers: &[-1], ..good },
        ] {
            assert!(count(&wrong, 1.0, &mut counts).is_err(), "{wrong:?}");
        }
    }
}
