// SPDX-License-Identifier: MIT
//! Van Hove functions against a naive loop, over ranks, restarts and joined runs, and on random walks where everything is known.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

mod walks;

use std::collections::HashMap;
use std::f64::consts::PI;

use deepion_analysis::motion::{Frame, Reference, locate};
use deepion_analysis::results::Provenance;
use deepion_analysis::shapes::vectors;
use deepion_analysis::vanhove::{Cell, DistinctLayout, Partners, VanHove, VanHoveLayout};
use deepion_analysis::{Accumulator as _, Measure as _, Report as _, Save as _};
use walks::Walk;

const IONS: usize = 24;
const FRAMEWORK: usize = 30;
const CELL: Cell = Cell { lengths: [12.0, 13.0, 14.0], tilts: [2.0, -1.0, 3.0] };
const RMAX: f64 = 4.0;
const BINS: usize = 16;
const SPACING: u64 = 4;

fn layout() -> VanHoveLayout {
    VanHoveLayout {
        rmax: RMAX,
        bins: BINS as u64,
        q: vec![0.8, 2.5],
        overlap: 1.2,
        lags_per_level: 4,
        levels: 3,
        origins: 2,
        every: 5,
        timestep_ps: 0.01,
        ions: IONS as u64,
        drift: Reference::Framework,
        reference_atoms: FRAMEWORK as u64,
        // ions 0 to 19 and all of the framework around the ions
        distinct: Some(DistinctLayout { neighbors: 50, shared: 20, spacing: SPACING }),
    }
}

fn walk(seed: u64) -> Walk {
    Walk { ions: IONS, framework: FRAMEWORK, step: 0.4, drift: [0.3, -0.1, 0.05], seed }
}

/// Ranks with the rows of their own ions, which change ranks now and then; the last of several has none.
struct Machine {
    ranks: Vec<VanHove>,
    rows: HashMap<usize, Vec<f64>>,
}

impl Machine {
    fn new(ranks: usize, vanhove: &VanHove) -> Self {
        let width = vanhove.row_width();
        let ions = vanhove.layout().ions as usize;
        Self { ranks: vec![vanhove.clone(); ranks], rows: (0..ions).map(|ion| (ion, vec![0.0; width])).collect() }
    }

    fn sample(&mut self, frame: &walks::Frame, step: usize) {
        if self.ranks[0].full() {
            self.gather();
        }
        let shared = self.ranks.len().saturating_sub(1).max(1);
        let own = |rank: usize| -> Vec<usize> {
            (0..frame.ions.len()).filter(|ion| (ion + step / 7) % shared == rank).collect()
        };
        let framework: Vec<f64> = frame.framework.iter().flatten().copied().collect();
        let positions = |ions: &[usize]| -> Vec<f64> { ions.iter().flat_map(|&ion| frame.ions[ion]).collect() };
        let ids = |ions: &[usize]| -> Vec<i64> { ions.iter().map(|&ion| ion as i64 + 1).collect() };
        let mut located = Vec::new();
        for rank in 0..self.ranks.len() {
            let (x, ids) = (positions(&own(rank)), ids(&own(rank)));
            let reference = if rank == 0 { &framework[..] } else { &[] };
            let part = locate(&vectors("ions", &x).unwrap(), &ids, &vectors("reference", reference).unwrap(), &[]);
            let part = part.unwrap();
            located.resize(part.len(), 0);
            located.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        let around: Vec<f64> = frame.ions.iter().take(20).chain(&frame.framework).flatten().copied().collect();
        let around_ids: Vec<i64> = (1..=20).chain(1001..1001 + frame.framework.len() as i64).collect();
        let partners = Partners { positions: vectors("partners", &around).unwrap(), ids: &around_ids, cell: CELL };
        for rank in 0..self.ranks.len() {
            let ions = own(rank);
            let mut rows: Vec<f64> = ions.iter().flat_map(|ion| self.rows[ion].clone()).collect();
            let (x, ids, slots) = (positions(&ions), ids(&ions), (0..ions.len() as i32).collect::<Vec<_>>());
            let one = Frame {
                located: &located,
                positions: vectors("ions", &x).unwrap(),
                ids: &ids,
                slots: &slots,
                tile: 1,
                volume: CELL.volume(),
                temperature: None,
                kinetic_temperature: None,
            };
            let wanted = self.ranks[rank].wants_partners();
            self.ranks[rank].sample(&one, wanted.then_some(&partners), &mut rows).unwrap();
            let width = self.ranks[rank].row_width();
            for (ion, row) in ions.iter().zip(rows.chunks_exact(width)) {
                self.rows.insert(*ion, row.to_vec());
            }
        }
    }

    fn gather(&mut self) {
        let parts: Vec<_> = self.ranks.iter_mut().map(deepion_analysis::Measure::take_increments).collect();
        let sum: Vec<i64> = (0..parts[0].len()).map(|k| parts.iter().map(|part| part[k]).sum()).collect();
        self.ranks.iter_mut().for_each(|rank| rank.add_increments(&sum).unwrap());
    }

    fn run(mut self, frames: &[walks::Frame], steps: std::ops::Range<usize>) -> (VanHove, HashMap<usize, Vec<f64>>) {
        steps.for_each(|step| self.sample(&frames[step], step));
        self.gather();
        (self.ranks.swap_remove(0), self.rows)
    }
}

fn measured(ranks: usize, layout: VanHoveLayout, frames: &[walks::Frame]) -> VanHove {
    Machine::new(ranks, &VanHove::new(layout).unwrap()).run(frames, 0..frames.len()).0
}

fn state(vanhove: &VanHove) -> String {
    vanhove.state(&Provenance::default()).unwrap()
}

/// Positions of ions and of everything around them against the framework.
fn without_drift(frame: &walks::Frame) -> (Vec<[f64; 3]>, Vec<[f64; 3]>) {
    let mean = |axis: usize| frame.framework.iter().map(|r| r[axis]).sum::<f64>() / frame.framework.len() as f64;
    let center = [mean(0), mean(1), mean(2)];
    let moved = |r: &[f64; 3]| [r[0] - center[0], r[1] - center[1], r[2] - center[2]];
    (frame.ions.iter().map(moved).collect(), frame.framework.iter().map(moved).collect())
}

fn length(d: [f64; 3]) -> f64 {
    d.iter().map(|d| d * d).sum::<f64>().sqrt()
}

#[test]
fn is_that_of_a_naive_loop() {
    let frames = walk(5).frames(150);
    let vanhove = measured(3, layout(), &frames);
    let places: Vec<_> = frames.iter().map(without_drift).collect();
    let (lags, strides) = (layout().lags().all(), layout().lags().strides());
    let (table, own) = (vanhove.table().unwrap(), vanhove.self_table().unwrap());
    assert_eq!(table.rows.len(), lags.len());
    for ((row, &lag), &stride) in table.rows.iter().zip(&lags).zip(&strides) {
        let (mut shells, mut overlaps, mut sums) = (vec![0u32; BINS], Vec::new(), [0.0; 4]);
        let starts: Vec<usize> =
            (0..150 - lag as usize).filter(|start| (*start as u64 + lag).is_multiple_of(stride)).collect();
        for &start in &starts {
            let mut inside = 0;
            for ion in 0..IONS {
                let (a, b) = (places[start].0[ion], places[start + lag as usize].0[ion]);
                let d = length([b[0] - a[0], b[1] - a[1], b[2] - a[2]]);
                if d < RMAX {
                    shells[(d / 0.25) as usize] += 1;
                }
                inside += u32::from(d < 1.2);
                for (sum, term) in
                    sums.iter_mut().zip([d * d, d.powi(4), (0.8 * d).sin() / (0.8 * d), (2.5 * d).sin() / (2.5 * d)])
                {
                    *sum += term;
                }
            }
            overlaps.push(f64::from(inside) / IONS as f64);
        }
        let n = (starts.len() * IONS) as f64;
        let mean = overlaps.iter().sum::<f64>() / overlaps.len() as f64;
        let variance = overlaps.iter().map(|q| (q - mean).powi(2)).sum::<f64>() / overlaps.len() as f64;
        let inside: u32 = shells.iter().sum();
        let expected = [
            lag as f64 * 0.05,
            starts.len() as f64,
            sums[0] / n,
            1.0 - f64::from(inside) / n,
            0.6 * (sums[1] / n) / (sums[0] / n).powi(2) - 1.0,
            mean,
            IONS as f64 * variance,
            sums[2] / n,
            sums[3] / n,
        ];
        let found = [row[0], row[1], row[2], row[3], row[4], row[6], row[8], row[10], row[12]];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-11 * expected.abs().max(1.0), "lag {lag}: {found} {expected}");
        }
        let rows: Vec<_> = own.rows.iter().filter(|row| (row[0] - lag as f64 * 0.05).abs() < 1e-9).collect();
        for (bin, (row, &count)) in rows.iter().zip(&shells).enumerate() {
            let (inner, outer) = (0.25 * bin as f64, 0.25 * (bin + 1) as f64);
            let share = f64::from(count) / n;
            assert_eq!(row[5], f64::from(count));
            assert!((row[2] - share / 0.25).abs() < 1e-12);
            assert!((row[4] - share / (4.0 / 3.0 * PI * (outer.powi(3) - inner.powi(3)))).abs() < 1e-12);
        }
        assert_eq!(rows.len(), BINS);
    }
    let thermo = vanhove.thermo().unwrap();
    assert_eq!(thermo.array, table.rows);
    assert_eq!((thermo.vector[0], thermo.scalar), (150.0, thermo.vector[1]));
    assert_eq!(thermo.vector[1..], vanhove.history().unwrap().row);
}

#[test]
fn the_distinct_part_is_that_of_a_naive_loop() {
    let frames = walk(6).frames(100);
    let vanhove = measured(4, layout(), &frames);
    let places: Vec<_> = frames.iter().map(without_drift).collect();
    let table = vanhove.distinct_table().unwrap();
    let strides: HashMap<u64, u64> = layout().lags().all().into_iter().zip(layout().lags().strides()).collect();
    let chosen = [0u64, 1, 4, 16, 64];
    assert_eq!(table.rows.len(), chosen.len() * BINS);
    for (rows, lag) in table.rows.chunks_exact(BINS).zip(chosen) {
        let (mut shells, mut used) = (vec![0u32; BINS], 0);
        let stride = strides.get(&lag).copied().unwrap_or(1);
        for step in (lag as usize..100).filter(|step| step.is_multiple_of(SPACING as usize)) {
            if !(step as u64).is_multiple_of(stride) {
                continue;
            }
            used += 1;
            let ((now, framework), (past, _)) = (&places[step], &places[step - lag as usize]);
            for (i, from) in past.iter().enumerate() {
                let others = now.iter().take(20).enumerate().filter(|(j, _)| *j != i).map(|(_, r)| r);
                for to in others.chain(framework) {
                    let d = CELL.distance(*from, *to);
                    if d < RMAX {
                        shells[(d / 0.25) as usize] += 1;
                    }
                }
            }
        }
        for (bin, (row, &count)) in rows.iter().zip(&shells).enumerate() {
            let volume = 4.0 / 3.0 * PI * 0.25f64.powi(3) * ((bin + 1).pow(3) - bin.pow(3)) as f64;
            let norm = IONS as f64 * (50.0 - 20.0 / 24.0) / CELL.volume() * volume * f64::from(used);
            assert_eq!((row[0], row[4]), (lag as f64 * 0.05, f64::from(count)), "lag {lag}, bin {bin}");
            assert!((row[2] - f64::from(count) / norm).abs() < 1e-11);
        }
        assert!(shells.iter().sum::<u32>() > 300);
    }
}

#[test]
fn ranks_and_restarts_change_no_bit() {
    let frames = walk(7).frames(90);
    let whole = state(&measured(1, layout(), &frames));
    assert_eq!(state(&measured(4, layout(), &frames)), whole);
    let (half, rows) = Machine::new(2, &VanHove::new(layout()).unwrap()).run(&frames, 0..41);
    let mut rest = Machine::new(3, &VanHove::open(&state(&half)).unwrap());
    rest.rows = rows;
    assert_eq!(state(&rest.run(&frames, 41..90).0), whole);
}

#[test]
fn joined_runs_are_their_mean() {
    let (a, b) = (measured(1, layout(), &walk(1).frames(60)), measured(1, layout(), &walk(2).frames(60)));
    let mut both = a.clone();
    both.join(&state(&b)).unwrap();
    let rows = |of: &VanHove| of.table().unwrap().rows;
    for ((row, one), other) in rows(&both).iter().zip(rows(&a)).zip(rows(&b)) {
        assert!((row[6] - f64::midpoint(one[6], other[6])).abs() < 1e-12);
        assert!((row[10] - f64::midpoint(one[10], other[10])).abs() < 1e-12);
    }
    assert!(both.join(&state(&a)).unwrap_err().to_string().contains("same run"));
    assert!(deepion_analysis::open("ion/vanhove", &state(&a)).is_ok());
}

/// Random walks of independent ions: `F_s` = exp(-q^2 D t), Q from Maxwell's distribution, `chi_4` = Q (1 - Q), no non-Gaussian parameter;
/// and errors that cover the scatter of 40 runs.
#[test]
fn random_walks_and_their_errors() {
    let layout = VanHoveLayout {
        drift: Reference::None,
        reference_atoms: 0,
        ions: 20,
        distinct: None,
        q: vec![1.5],
        ..layout()
    };
    let mut runs = Vec::new();
    for seed in 0..40 {
        let walk = Walk { ions: 20, framework: 0, step: 0.3, drift: [0.0; 3], seed: 100 + seed };
        let vanhove = measured(1, layout.clone(), &walk.frames(1200));
        runs.push(vanhove.table().unwrap().rows);
    }
    let erf = |x: f64| 1.0 - erfc(x);
    let (mut ratios, mut checked) = (Vec::new(), 0);
    for (lag, samples) in layout.lags().all().into_iter().enumerate() {
        let variance = 0.09 * samples as f64;
        let x = 1.2 / (2.0 * variance).sqrt();
        let q = erf(x) - 2.0 / PI.sqrt() * x * (-x * x).exp();
        let f = (-2.25 * variance / 2.0).exp();
        for (column, exact) in [(4, 0.0), (6, q), (8, q * (1.0 - q)), (10, f)] {
            let values: Vec<f64> = runs.iter().map(|rows| rows[lag][column]).collect();
            let mean = values.iter().sum::<f64>() / 40.0;
            let scatter = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 39.0).sqrt();
            // chi_4 of n origins that overlap is low by its variance over the origins that do not
            let bias = if column == 8 { exact * 1.5 * samples as f64 / 1200.0 } else { 0.0 };
            assert!((mean - exact).abs() < 4.0 * scatter / 40f64.sqrt() + bias, "{samples} {column}: {mean} {exact}");
            let errors: Vec<f64> = runs.iter().map(|rows| rows[lag][column + 1]).collect();
            let known = errors[0] > 0.0;
            assert_eq!(known, samples <= 1200 / 16, "{samples}");
            if known && column != 8 {
                ratios.push(errors.iter().sum::<f64>() / 40.0 / scatter);
            }
            checked += 1;
        }
    }
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!(
        checked == 4 * layout.lags().count() && ratios.iter().all(|ratio| (0.7..1.7).contains(ratio)),
        "{ratios:?}"
    );
    assert!((0.9..1.35).contains(&mean), "{mean}");
}

/// Complementary error function (Abramowitz and Stegun, 7.1.26: to 2e-7).
fn erfc(x: f64) -> f64 {
    let t = 1.0 / 0.327_591_1f64.mul_add(x, 1.0);
    let series = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    series.iter().fold(0.0, |sum, term| (sum + term) * t) * (-x * x).exp()
}

#[test]
fn before_the_first_frame_everything_is_zero() {
    let vanhove = VanHove::new(layout()).unwrap();
    let thermo = vanhove.thermo().unwrap();
    assert!(thermo.scalar == 0.0 && thermo.vector.iter().all(|&number| number == 0.0));
    assert!(thermo.array.iter().all(|row| row[1..].iter().all(|&number| number == 0.0)));
    assert!(vanhove.table().unwrap().rows.is_empty() && vanhove.self_table().unwrap().rows.is_empty());
    assert!(vanhove.distinct_table().unwrap().rows.is_empty());
}

#[test]
fn settings_that_cannot_be_right_are_named() {
    let wrong = |layout: VanHoveLayout| VanHove::new(layout).unwrap_err().to_string();
    assert!(wrong(VanHoveLayout { rmax: 0.0, ..layout() }).contains("0 A is no positive length"));
    assert!(wrong(VanHoveLayout { bins: 0, ..layout() }).contains("0 bins at each"));
    assert!(wrong(VanHoveLayout { bins: 1 << 60, ..layout() }).contains("use fewer bins"));
    assert!(wrong(VanHoveLayout { q: vec![], ..layout() }).contains("0 wave numbers"));
    assert!(wrong(VanHoveLayout { q: vec![1.0, -2.0], ..layout() }).contains("-2 1/A is not positive"));
    assert!(wrong(VanHoveLayout { q: vec![1.0, 1.0], ..layout() }).contains("given twice"));
    assert!(wrong(VanHoveLayout { overlap: f64::NAN, ..layout() }).contains("overlap"));
    assert!(wrong(VanHoveLayout { origins: 3, ..layout() }).contains("no divisor"));
    let distinct = |neighbors, shared, spacing| {
        wrong(VanHoveLayout { distinct: Some(DistinctLayout { neighbors, shared, spacing }), ..layout() })
    };
    assert!(distinct(10, 5, 0).contains("at least one sample"));
    assert!(distinct(10, 11, 1).contains("cannot be in both"));
    assert!(distinct(0, 0, 1).contains("no atom of the group"));
    let saved = state(&measured(1, layout(), &walk(1).frames(5)));
    let mut other = VanHove::new(VanHoveLayout { bins: 17, ..layout() }).unwrap();
    assert!(other.restore(&saved).unwrap_err().to_string().contains("bins was 16, is 17"));
}
