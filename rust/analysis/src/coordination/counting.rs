// SPDX-License-Identifier: MIT
//! Neighbors within each cut-off.

use ndarray::ArrayView2;

use crate::shapes::numbers;
use crate::{Error, Result};

/// Counts the neighbors of each center within every cut-off, all in one pass.
///
/// `x`: positions of all atoms, n x 3, A. `centers`: indices of the m ions. The neighbors of `centers[k]` are
/// `neighbors[offsets[k]..offsets[k + 1]]`, indices too; only atoms to be counted may be listed. `cutoffs`: ascending, A;
/// a neighbor at just that distance counts. `counts` is replaced: m x cut-offs.
///
/// # Errors
/// Where the lengths of the arrays do not fit each other.
///
/// # Panics
/// Where an index is out of range.
pub fn count(
    x: &ArrayView2<'_, f64>,
    centers: &[i32],
    offsets: &[usize],
    neighbors: &[i32],
    cutoffs: &[f64],
    counts: &mut Vec<u32>,
) -> Result<()> {
    let x = numbers("positions", x)?;
    let Some(largest) = cutoffs.last() else { return Err(Error::Settings("no cut-off to count within".into())) };
    if offsets.len() != centers.len() + 1 {
        return Err(Error::Data(format!(
            "{} offsets do not delimit the lists of {} ions",
            offsets.len(),
            centers.len()
        )));
    }
    let farthest = largest * largest;
    counts.clear();
    counts.resize(centers.len() * cutoffs.len(), 0);
    for (k, row) in counts.chunks_exact_mut(cutoffs.len()).enumerate() {
        let center = position(x, centers[k]);
        for &neighbor in &neighbors[offsets[k]..offsets[k + 1]] {
            let [dx, dy, dz] = position(x, neighbor);
            let (dx, dy, dz) = (dx - center[0], dy - center[1], dz - center[2]);
            let square = dx * dx + dy * dy + dz * dz;
            if square <= farthest {
                for (count, cutoff) in row.iter_mut().zip(cutoffs) {
                    *count += u32::from(square <= cutoff * cutoff);
                }
            }
        }
    }
    Ok(())
}

#[inline]
fn position(x: &[f64], atom: i32) -> [f64; 3] {
    let r = &x[3 * atom as usize..][..3];
    [r[0], r[1], r[2]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::vectors;

    /// Numbers between 0 and 1 that look random.
    fn noise(seed: usize) -> f64 {
        ((seed as f64 * 12.9898).sin() * 43_758.545_3).rem_euclid(1.0)
    }

    #[test]
    fn as_a_naive_loop_over_pairs() {
        let x: Vec<f64> = (0..600).map(|k| 12.0 * noise(k)).collect();
        let cutoffs = [1.5, 2.5, 2.7, 4.0];
        let centers: Vec<i32> = (0..40).map(|k| 5 * k).collect();
        let (mut offsets, mut neighbors) = (vec![0], Vec::new());
        for &center in &centers {
            neighbors.extend((0..200).filter(|&j| j != center && j % 3 == 1));
            offsets.push(neighbors.len());
        }
        let mut counts = vec![7; 3];
        count(&vectors("x", &x).unwrap(), &centers, &offsets, &neighbors, &cutoffs, &mut counts).unwrap();

        assert_eq!(counts.len(), 160);
        for (k, &i) in centers.iter().enumerate() {
            for (c, cutoff) in cutoffs.iter().enumerate() {
                let mut naive = 0;
                for j in (0..200).filter(|&j| j != i && j % 3 == 1) {
                    let d = |axis: usize| x[3 * j as usize + axis] - x[3 * i as usize + axis];
                    naive += u32::from(d(0).powi(2) + d(1).powi(2) + d(2).powi(2) <= cutoff * cutoff);
                }
                assert_eq!(counts[4 * k + c], naive);
            }
        }
        assert!(counts.iter().any(|&count| count > 3) && counts.contains(&0));
    }

    #[test]
    fn a_neighbor_at_the_cutoff_counts() {
        let x = [0.0, 0.0, 0.0, 3.0, 0.0, 4.0];
        let x = vectors("x", &x).unwrap();
        let mut counts = Vec::new();
        count(&x, &[0], &[0, 1], &[1], &[4.999, 5.0, 6.0], &mut counts).unwrap();
        assert_eq!(counts, [0, 1, 1]);
        count(&x, &[], &[0], &[], &[5.0], &mut counts).unwrap();
        assert!(counts.is_empty());
        assert!(count(&x, &[0], &[0], &[1], &[5.0], &mut counts).is_err());
        assert!(count(&x, &[0], &[0, 1], &[1], &[], &mut counts).is_err());
    }
}
