// SPDX-License-Identifier: MIT
//! Coordination over ranks, restarts and correlated frames.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

use deepion_analysis::coordination::{Coordination, CoordinationLayout, Histogram, instantaneous};
use deepion_analysis::results::Provenance;
use deepion_analysis::{Accumulator, Measure, Report, Save};

const IONS: usize = 30;

fn layout() -> CoordinationLayout {
    CoordinationLayout { cutoffs: vec![2.5, 2.7, 3.1], most: 6, every: 10, ions: IONS as u64, neighbors: 60 }
}

/// Numbers in 0..1 (linear congruential, upper bits).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Coordination numbers of all ions in one frame, growing with the cut-off.
    fn frame(&mut self) -> Vec<u32> {
        let mut counts = Vec::new();
        for _ in 0..IONS {
            let first = (5.0 * self.next()) as u32;
            let second = first + (2.0 * self.next()) as u32;
            counts.extend([first, second, second + (4.0 * self.next()) as u32]);
        }
        counts
    }
}

fn flush(ranks: &mut [Coordination]) {
    let increments: Vec<_> = ranks.iter_mut().map(Measure::take_increments).collect();
    let sum: Vec<i64> = (0..increments[0].len()).map(|k| increments.iter().map(|of_rank| of_rank[k]).sum()).collect();
    for rank in ranks {
        rank.add_increments(&sum).unwrap();
    }
}

fn sample(ranks: &mut [Coordination], counts: &[u32], owner: impl Fn(usize) -> usize) {
    if ranks[0].full() {
        flush(ranks);
    }
    for (rank, of_rank) in ranks.iter_mut().enumerate() {
        let own = (0..IONS).filter(|&ion| owner(ion) == rank);
        of_rank.sample(&own.flat_map(|ion| counts[3 * ion..][..3].to_vec()).collect::<Vec<_>>()).unwrap();
    }
}

fn new(ranks: usize) -> Vec<Coordination> {
    vec![Coordination::new(layout()).unwrap(); ranks]
}

#[test]
fn ranks_change_nothing_and_the_sum_is_that_of_all_frames() {
    let (mut one, mut four, mut all) = (new(1), new(4), Histogram::new(3, 6));
    let mut noise = Noise(1);
    for step in 0..100 {
        let counts = noise.frame();
        sample(&mut one, &counts, |_| 0);
        // ions move between ranks, and rank 3 never has any
        sample(&mut four, &counts, |ion| (ion + step / 7) % 3);
        all.add_frame(&counts).unwrap();
    }
    flush(&mut one);
    flush(&mut four);
    for rank in &four {
        assert_eq!(rank.state(&Provenance::default()).unwrap(), one[0].state(&Provenance::default()).unwrap());
    }
    assert_eq!(one[0].histogram().unwrap(), all);

    let results = one[0].thermo().unwrap();
    let rows = instantaneous(&all, &layout().cutoffs);
    assert_eq!(results.scalar, rows[0][2]);
    assert_eq!(results.vector, [100.0]);
    for (row, plain) in results.array.iter().zip(&rows) {
        assert_eq!((row[0], row[1], row[3], row[5]), (plain[0], plain[1], plain[2], plain[3]));
        assert_eq!(row[6..14], plain[4..]);
        assert!((row[6..14].iter().sum::<f64>() - 1.0).abs() < 1e-15);
        assert_eq!(row.len(), 22);
        assert!(row[2] > 0.0 && row[4] > 0.0);
    }
    let table = one[0].table().unwrap();
    assert_eq!(table.rows, results.array);
    assert_eq!(table.columns.len(), 22);
    assert_eq!((table.columns[12].name.as_str(), table.columns[13].name.as_str()), ("P_6", "P_above_6"));
    let history = one[0].history().unwrap();
    assert_eq!(history.row.len(), history.columns.len());
    assert_eq!(history.row[..2], [rows[0][1], rows[0][2]]);
    let names: Vec<_> = history.columns[..2].iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["mean_n_2.5", "S_config_2.5_kB"]);
}

#[test]
fn a_restart_continues_as_if_nothing_had_happened() {
    let (mut whole, mut part) = (new(1), new(1));
    let mut noise = Noise(2);
    for step in 0..77 {
        let counts = noise.frame();
        sample(&mut whole, &counts, |_| 0);
        sample(&mut part, &counts, |_| 0);
        if step == 40 {
            flush(&mut part);
            let state = part[0].state(&Provenance::default()).unwrap();
            part = new(2);
            for rank in &mut part {
                rank.restore(&state).unwrap();
            }
            assert_eq!(Coordination::open(&state).unwrap().state(&Provenance::default()).unwrap(), state);
        }
    }
    flush(&mut whole);
    flush(&mut part);
    assert_eq!(part[1].state(&Provenance::default()).unwrap(), whole[0].state(&Provenance::default()).unwrap());
}

#[test]
fn other_settings_are_named() {
    let mut coordination = Coordination::new(layout()).unwrap();
    let state = coordination.state(&Provenance::default()).unwrap();
    let mut other = Coordination::new(CoordinationLayout { cutoffs: vec![2.5, 2.8], ..layout() }).unwrap();
    let error = other.restore(&state).unwrap_err().to_string();
    assert!(error.contains("cutoffs was [2.5,2.7,3.1], is [2.5,2.8]"), "{error}");
    assert!(coordination.restore("{}").is_err());

    let wrong = |layout: CoordinationLayout| Coordination::new(layout).unwrap_err().to_string();
    assert!(wrong(CoordinationLayout { cutoffs: vec![2.7, 2.5], ..layout() }).contains("2.7 comes before 2.5"));
    assert!(wrong(CoordinationLayout { cutoffs: vec![-1.0], ..layout() }).contains("-1"));
    assert!(wrong(CoordinationLayout { cutoffs: vec![], ..layout() }).contains("at least one"));
    assert!(wrong(CoordinationLayout { ions: 0, ..layout() }).contains("empty"));
}

#[test]
fn a_lost_ion_is_noticed() {
    let mut coordination = Coordination::new(layout()).unwrap();
    coordination.sample(&[4; 3 * (IONS - 1)]).unwrap();
    let increments = coordination.take_increments();
    let error = coordination.add_increments(&increments).unwrap_err().to_string();
    assert!(error.contains("29 coordination numbers in 1 frames of 30 ions"), "{error}");
}

#[test]
fn before_the_first_frame_everything_is_zero() {
    let mut coordination = Coordination::new(layout()).unwrap();
    let increments = coordination.take_increments();
    coordination.add_increments(&increments).unwrap();
    let results = coordination.thermo().unwrap();
    assert_eq!(results.scalar, 0.0);
    for row in results.array {
        assert!(row[1..].iter().all(|&value| value == 0.0));
    }
    assert!(coordination.table().unwrap().results.lines().iter().any(|line| line.contains("not known")));
}

/// Frames that remember (a two-state ion that flips with probability 1/20): the standard error must cover the scatter of
/// the mean between independent runs, which that of independent frames misses by sqrt((1 + c)/(1 - c)), c = 0.9: 4.4.
#[test]
fn errors_hold_for_correlated_frames() {
    let layout = CoordinationLayout { cutoffs: vec![2.5], most: 6, every: 1, ions: 1, neighbors: 9 };
    let (runs, frames) = (60, 4000);
    let mut noise = Noise(3);
    let (mut means, mut errors) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let mut coordination = Coordination::new(layout.clone()).unwrap();
        let mut n = 3 + (2.0 * noise.next()) as u32;
        for _ in 0..frames {
            if noise.next() < 0.05 {
                n = 7 - n;
            }
            if coordination.full() {
                flush(std::slice::from_mut(&mut coordination));
            }
            coordination.sample(&[n]).unwrap();
        }
        flush(std::slice::from_mut(&mut coordination));
        let row = &coordination.thermo().unwrap().array[0];
        means.push(row[1]);
        errors.push(row[2]);
    }
    let mean = means.iter().sum::<f64>() / f64::from(runs);
    let scatter = (means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / f64::from(runs - 1)).sqrt();
    let error = errors.iter().sum::<f64>() / f64::from(runs);
    let exact = (0.25 / f64::from(frames) * 19.0f64).sqrt();
    // 60 runs know their scatter to 9 %; the largest of two estimates is 10 to 15 % too large
    assert!((scatter / exact - 1.0).abs() < 0.3, "{scatter} {exact}");
    assert!(error / exact > 0.9 && error / exact < 1.4, "{error} {exact}");
}
