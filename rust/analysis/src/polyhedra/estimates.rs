// SPDX-License-Identifier: MIT
//! From sums to numbers; NaN where there is nothing to tell.

use super::clusters::Kind;
use super::frames::{Frames, LagSums};
use super::layout::PolyhedraLayout;

fn part(some: u64, of: f64) -> f64 {
    some as f64 / of
}

/// Numbers of [`scalars`] that are there whatever clusters there are.
pub(super) const SCALARS: usize = 5;

/// Bonds of a center, parts of ligands that are free, terminal and shared, lifetime of bonds (ps); of each kind the number of clusters in a
/// frame, the part of the centers in them, and their lifetime (ps).
///
/// Lifetimes are times watched over ends seen: the estimate of greatest likelihood for a constant rate, which is right although most
/// lives began before the run or go on after it.
pub(super) fn scalars(sums: &Frames, layout: &PolyhedraLayout, kinds: &[Kind]) -> Vec<f64> {
    let interval = layout.interval();
    let frames = sums.frames as f64;
    let (centers, ligands) = (frames * layout.centers as f64, frames * layout.ligands as f64);
    let mut numbers = vec![
        part(sums.bonds, centers),
        part(sums.ligands[0], ligands),
        part(sums.ligands[1], ligands),
        part(sums.ligands[2..].iter().sum(), ligands),
        lifetime(sums.watched, sums.broken, interval),
    ];
    for kind in kinds {
        let found = sums.species.binary_search_by_key(kind, |one| one.kind).ok().map(|place| sums.species[place]);
        numbers.extend(found.map_or([0.0, 0.0, f64::NAN], |one| {
            let lifetime = lifetime(one.watched, one.ended, interval);
            [part(one.number, frames), part(one.centers, centers), lifetime]
        }));
    }
    numbers
}

fn lifetime(watched: u64, ended: u64, interval: f64) -> f64 {
    if ended == 0 { f64::NAN } else { part(watched, ended as f64) * interval }
}

/// `C_1`, `C_2` and the part of bonds that is still there.
pub(super) fn rotation(sums: &LagSums) -> [f64; 3] {
    if sums.kept == 0 {
        return [f64::NAN; 3];
    }
    let kept = sums.kept as f64;
    [sums.p1.value() / kept, sums.p2.value() / kept, part(sums.kept, sums.bonds as f64)]
}

/// Times at which `C_1` and `C_2` fall below 1/e, ps, on straight lines of ln C between lags; index of the lag after the later one.
pub(super) fn times(sums: &Frames, lags_ps: &[f64]) -> ([f64; 2], usize) {
    let mut times = [f64::NAN; 2];
    let mut last = 0;
    for (which, time) in times.iter_mut().enumerate() {
        let (mut t, mut ln) = (0.0, 0.0);
        for (index, (lag, &next)) in sums.lags.iter().zip(lags_ps).enumerate() {
            let c = rotation(lag)[which];
            if c.is_nan() {
                break;
            }
            let below = c.max(1e-300).ln();
            if below <= -1.0 {
                *time = t + (next - t) * (-1.0 - ln) / (below - ln);
                last = last.max(index);
                break;
            }
            (t, ln) = (next, below);
        }
    }
    (times, last)
}
