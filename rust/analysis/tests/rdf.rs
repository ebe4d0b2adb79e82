// SPDX-License-Identifier: MIT
//! Radial distribution functions against a naive loop, over ranks, restarts and joined runs.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

use std::f64::consts::PI;

use deepion_analysis::rdf::{Pairs, Rdf, RdfLayout};
use deepion_analysis::results::Provenance;
use deepion_analysis::{Accumulator, Measure as _, Report as _, Save as _};
use ndarray::ArrayView2;

const IONS: usize = 12;
const ATOMS: usize = 40;
const RMAX: f64 = 3.0;
const BINS: usize = 15;

fn layout() -> RdfLayout {
    // the first 12 atoms are ions; atoms 6 to 39 are neighbors: 6 are both
    RdfLayout { rmax: RMAX, bins: BINS as u64, every: 2, ions: 12, neighbors: 34, shared: 6 }
}

/// Positions that look random, other ones for each frame.
fn frame(step: usize) -> Vec<f64> {
    let noise = |seed: usize| ((seed as f64 * 12.9898).sin() * 43_758.545_3).rem_euclid(1.0);
    (0..3 * ATOMS).map(|k| 6.0 * noise(k + 1000 * step)).collect()
}

fn volume(step: usize) -> f64 {
    200.0 + step as f64
}

/// A frame on several ranks; ions change ranks in each, and the last rank never has one.
fn sample(ranks: &mut [Rdf], step: usize) {
    if ranks[0].full() {
        gather(ranks);
    }
    let x = frame(step);
    let shared = ranks.len().saturating_sub(1).max(1);
    for (rank, rdf) in ranks.iter_mut().enumerate() {
        let centers: Vec<i32> = (0..IONS).filter(|ion| (ion + step) % shared == rank).map(|ion| ion as i32).collect();
        let (mut offsets, mut neighbors) = (vec![0], Vec::new());
        for &center in &centers {
            neighbors.extend((6..ATOMS as i32).filter(|&j| j != center));
            offsets.push(neighbors.len());
        }
        let positions = ArrayView2::from_shape((ATOMS, 3), &x).unwrap();
        let pairs = Pairs { positions, centers: &centers, offsets: &offsets, neighbors: &neighbors };
        rdf.sample(&pairs, volume(step)).unwrap();
    }
}

fn gather(ranks: &mut [Rdf]) {
    let parts: Vec<_> = ranks.iter_mut().map(deepion_analysis::Measure::take_increments).collect();
    let sum: Vec<i64> = (0..parts[0].len()).map(|k| parts.iter().map(|part| part[k]).sum()).collect();
    for rank in ranks {
        rank.add_increments(&sum).unwrap();
    }
}

fn run(ranks: usize, steps: std::ops::Range<usize>) -> Rdf {
    let mut ranks = vec![Rdf::new(layout()).unwrap(); ranks];
    steps.for_each(|step| sample(&mut ranks, step));
    gather(&mut ranks);
    ranks.swap_remove(0)
}

fn state(rdf: &Rdf) -> String {
    rdf.state(&Provenance::default()).unwrap()
}

#[test]
fn is_that_of_a_naive_loop() {
    let rdf = run(3, 0..30);
    let (mut g, mut n) = ([0.0; BINS], [0.0; BINS]);
    for step in 0..30 {
        let x = frame(step);
        for i in 0..IONS {
            for j in (6..ATOMS).filter(|&j| j != i) {
                let r = (0..3).map(|axis| (x[3 * i + axis] - x[3 * j + axis]).powi(2)).sum::<f64>().sqrt();
                for bin in 0..BINS {
                    let (inner, outer) = (0.2 * bin as f64, 0.2 * (bin + 1) as f64);
                    if r >= inner && r < outer {
                        let shell = 4.0 / 3.0 * PI * (outer.powi(3) - inner.powi(3));
                        // of the 34 neighbors, half of the ions can have 33
                        g[bin] += volume(step) / shell / (12.0 * 33.5) / 30.0;
                    }
                    n[bin] += f64::from(u8::from(r < outer)) / 12.0 / 30.0;
                }
            }
        }
    }
    let table = rdf.table().unwrap();
    for (bin, row) in table.rows.iter().enumerate() {
        assert!((row[0] - 0.2 * (bin as f64 + 0.5)).abs() < 1e-12);
        assert!((row[1] - g[bin]).abs() < 1e-11 * g[bin].max(1.0), "{} {}", row[1], g[bin]);
        assert!((row[3] - n[bin]).abs() < 1e-12, "{} {}", row[3], n[bin]);
    }
    assert!(table.rows[BINS - 1][2] > 0.0 && table.rows[BINS - 1][4] > 0.0);
    let thermo = rdf.thermo().unwrap();
    assert_eq!(thermo.array, table.rows);
    let last = &table.rows[BINS - 1];
    let peak = table.rows.iter().max_by(|a, b| a[1].total_cmp(&b[1])).unwrap();
    assert_eq!(thermo.vector, [30.0, last[3], last[4], peak[0], peak[1], peak[2]]);
    let value = |name: &str| table.results.value(name);
    assert_eq!([thermo.scalar, value("r_peak"), value("g_peak")], [value("n_rmax"), peak[0], peak[1]]);
    let history = rdf.history().unwrap();
    let names: Vec<_> = history.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["n_rmax", "n_rmax_se", "r_peak_A", "g_peak", "g_peak_se"]);
    assert_eq!(history.row, thermo.vector[1..]);
    assert!(rdf.headline().unwrap()[0].starts_with("n within 3 A = "));
}

#[test]
fn before_the_first_frame_everything_is_zero() {
    let rdf = run(1, 0..0);
    let thermo = rdf.thermo().unwrap();
    assert_eq!((thermo.scalar, thermo.vector[0], thermo.vector[4]), (0.0, 0.0, 0.0));
    assert!(thermo.array.iter().all(|row| row[1..] == [0.0; 4]));
    let results = rdf.table().unwrap().results;
    assert!(results.lines().iter().any(|line| line.contains("not known")));
    assert_eq!(results.find("r_peak").unwrap().value, None);
}

#[test]
fn volumes_that_cannot_be_right_are_refused() {
    let positions = ArrayView2::from_shape((1, 3), &[0.0; 3]).unwrap();
    let pairs = Pairs { positions, centers: &[], offsets: &[0], neighbors: &[] };
    for volume in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Rdf::new(layout()).unwrap().sample(&pairs, volume).unwrap_err().to_string();
        assert!(error.contains("volume of the box"), "{error}");
    }
}

/// Frames that remember (an atom that is in the shell or not, and changes with probability 1/20): the standard error must cover the
/// scatter between independent runs, which that of independent frames misses by 4.4.
#[test]
fn errors_hold_for_correlated_frames() {
    let layout = RdfLayout { rmax: 3.0, bins: 1, every: 1, ions: 1, neighbors: 1, shared: 0 };
    let (runs, frames) = (60, 4000);
    let mut bits = 3u64;
    let mut random = || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (bits >> 11) as f64 / (1u64 << 53) as f64
    };
    let (mut means, mut errors) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let mut rdf = Rdf::new(layout.clone()).unwrap();
        let mut inside = random() < 0.5;
        for _ in 0..frames {
            inside ^= random() < 0.05;
            if rdf.full() {
                gather(std::slice::from_mut(&mut rdf));
            }
            let x = [0.0, 0.0, 0.0, if inside { 2.0 } else { 4.0 }, 0.0, 0.0];
            let positions = ArrayView2::from_shape((2, 3), &x).unwrap();
            rdf.sample(&Pairs { positions, centers: &[0], offsets: &[0, 1], neighbors: &[1] }, 1000.0).unwrap();
        }
        gather(std::slice::from_mut(&mut rdf));
        let row = &rdf.thermo().unwrap().array[0];
        let norm = 1000.0 / (36.0 * PI);
        assert!((row[1] / (norm * row[3]) - 1.0).abs() < 1e-14 && (row[2] / (norm * row[4]) - 1.0).abs() < 1e-10);
        means.push(row[3]);
        errors.push(row[4]);
    }
    let mean = means.iter().sum::<f64>() / f64::from(runs);
    let scatter = (means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / f64::from(runs - 1)).sqrt();
    let error = errors.iter().sum::<f64>() / f64::from(runs);
    let exact = (0.25 / f64::from(frames) * 19.0f64).sqrt();
    // 60 runs know their scatter to 9 %; the largest of two estimates is 10 to 15 % too large
    assert!((scatter / exact - 1.0).abs() < 0.3, "{scatter} {exact}");
    assert!(error / exact > 0.9 && error / exact < 1.4, "{error} {exact}");
}

#[test]
fn a_state_with_other_numbers_of_frames_is_damaged() {
    let saved = state(&run(1, 0..3));
    let damaged = saved.replacen("\"frames\":1", "\"frames\":2", 1);
    assert_ne!(damaged, saved);
    assert!(Rdf::open(&damaged).unwrap_err().to_string().contains("it is damaged"));
}

#[test]
fn states_are_opened_by_style() {
    let saved = state(&run(1, 0..3));
    let opened = deepion_analysis::open("ion/rdf", &saved).unwrap();
    assert_eq!(opened.state(&Provenance::default()).unwrap(), saved);
    assert!(deepion_analysis::open("ion/none", &saved).err().unwrap().to_string().contains("ion/none"));
    assert!(deepion_analysis::open("ion/coordination", &saved).is_err());
}

#[test]
fn ranks_and_restarts_change_no_bit() {
    let whole = state(&run(1, 0..50));
    assert_eq!(state(&run(4, 0..50)), whole);
    let mut parts = vec![Rdf::open(&state(&run(2, 0..23))).unwrap(); 3];
    (23..50).for_each(|step| sample(&mut parts, step));
    gather(&mut parts);
    assert_eq!(state(&parts[2]), whole);
}

#[test]
fn joined_runs_are_their_mean() {
    let (a, b) = (run(1, 0..20), run(1, 20..40));
    let mut both = a.clone();
    both.join(&state(&b)).unwrap();
    let rows = |rdf: &Rdf| rdf.table().unwrap().rows;
    for ((row, one), other) in rows(&both).iter().zip(rows(&a)).zip(rows(&b)) {
        assert!((row[1] - f64::midpoint(one[1], other[1])).abs() < 1e-12);
        assert!((row[3] - f64::midpoint(one[3], other[3])).abs() < 1e-12);
    }
    assert!(both.join(&state(&a)).unwrap_err().to_string().contains("same run"));
}

#[test]
fn other_settings_are_named() {
    let saved = state(&run(1, 0..3));
    let mut other = Rdf::new(RdfLayout { bins: 16, ..layout() }).unwrap();
    assert!(other.restore(&saved).unwrap_err().to_string().contains("bins was 15, is 16"));
    let wrong = |layout: RdfLayout| Rdf::new(layout).unwrap_err().to_string();
    assert!(wrong(RdfLayout { rmax: -1.0, ..layout() }).contains("-1 A is no positive length"));
    assert!(wrong(RdfLayout { bins: 0, ..layout() }).contains("0 bins"));
    assert!(
        wrong(RdfLayout { ions: 1, neighbors: 1, shared: 1, ..layout() }).contains("no atom of the neighbor group")
    );
}
