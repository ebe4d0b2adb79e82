// SPDX-License-Identifier: MIT
//! Vibrations against known motions, over ranks and restarts.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

use std::f64::consts::PI;

use deepion_analysis::constants::{BOLTZMANN_AMU, CM2_PER_S, TERAHERTZ_KELVIN};
use deepion_analysis::results::Provenance;
use deepion_analysis::shapes::vectors;
use deepion_analysis::vibrations::{Evaluation, SpeciesLayout, Split, Vibrations, VibrationsLayout, harmonic_weight};
use deepion_analysis::{Accumulator, Measure, Report, Save};

/// Numbers in 0..1 (linear congruential, upper bits).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normal, mean 0 and variance 1 (Box and Muller).
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.next()).ln()).sqrt() * (2.0 * PI * self.next()).cos()
    }
}

fn species(name: &str, mass: f64, atoms: u64) -> SpeciesLayout {
    SpeciesLayout { name: name.into(), mass, atoms }
}

fn layout(window: u64, spacing: u64, types: Vec<SpeciesLayout>) -> VibrationsLayout {
    let box_atoms = types.iter().map(|species| species.atoms).sum();
    VibrationsLayout { window, spacing, every: 10, timestep_ps: 0.001, types, box_atoms }
}

fn flush(ranks: &mut [Vibrations]) {
    let increments: Vec<_> = ranks.iter_mut().map(Measure::take_increments).collect();
    let sum: Vec<i64> = (0..increments[0].len()).map(|k| increments.iter().map(|of_rank| of_rank[k]).sum()).collect();
    for rank in ranks {
        rank.add_increments(&sum).unwrap();
    }
}

/// One rank with all atoms and the rows that belong to them.
struct Run {
    vibrations: Vibrations,
    species: Vec<i32>,
    slots: Vec<i32>,
    rows: Vec<f64>,
}

impl Run {
    fn new(layout: VibrationsLayout, evaluation: Evaluation) -> Self {
        let kinds = layout.types.iter().enumerate();
        let species: Vec<i32> = kinds.flat_map(|(kind, of)| vec![kind as i32; of.atoms as usize]).collect();
        // rows lie in another order than atoms
        let slots = (0..species.len() as i32).rev().collect();
        let rows = vec![f64::NAN; species.len() * layout.row_width()];
        Self { vibrations: Vibrations::new(layout, evaluation).unwrap(), species, slots, rows }
    }

    fn sample(&mut self, velocities: &[f64], volume: f64) {
        if self.vibrations.full() {
            self.flush();
        }
        self.vibrations
            .sample(&vectors("v", velocities).unwrap(), &self.species, &mut self.rows, &self.slots, 1, volume)
            .unwrap();
    }

    fn flush(&mut self) {
        flush(std::slice::from_mut(&mut self.vibrations));
    }

    fn summary(&self) -> String {
        self.vibrations.table().unwrap().results.lines().join("\n")
    }
}

#[test]
fn the_vacf_is_that_of_a_naive_sum_over_the_same_origins() {
    for (window, spacing) in [(7, 3), (5, 1), (4, 4), (3, 5), (10, 5)] {
        let mut run = Run::new(
            layout(window, spacing, vec![species("Li", 6.94, 3), species("S", 32.06, 2)]),
            Evaluation::default(),
        );
        let mut noise = Noise(7);
        let samples: Vec<Vec<f64>> = (0..50).map(|_| (0..15).map(|_| 8.0 * noise.normal()).collect()).collect();
        for velocities in &samples {
            run.sample(velocities, 100.0);
        }
        run.flush();

        let table = run.vibrations.vacf_table().unwrap();
        let naive = |atoms: std::ops::Range<usize>, lag: usize| {
            let origins = (0..50 - lag).step_by(spacing as usize);
            let count = (origins.clone().count() * atoms.len()) as f64;
            let product = |t: usize| atoms.clone().map(|atom| dot(&samples[t], &samples[t + lag], atom)).sum::<f64>();
            origins.map(product).sum::<f64>() / count
        };
        for lag in 0..window as usize {
            let (li, s) = (naive(0..3, lag), naive(3..5, lag));
            let (li0, s0) = (naive(0..3, 0), naive(3..5, 0));
            let total = (3.0 * 6.94 * li + 2.0 * 32.06 * s) / (3.0 * 6.94 * li0 + 2.0 * 32.06 * s0);
            for (value, expected) in table.rows[lag].iter().zip([lag as f64 * 0.01, total, li / li0, s / s0]) {
                assert!((value - expected).abs() < 1e-12, "{window} {spacing} {lag}: {value} {expected}");
            }
        }
        let kelvin = (3.0 * 6.94 * naive(0..3, 0) + 2.0 * 32.06 * naive(3..5, 0)) / (15.0 * BOLTZMANN_AMU);
        let vector = run.vibrations.thermo().unwrap().vector;
        assert!((vector[0] / kelvin - 1.0).abs() < 1e-12);
        assert_eq!(vector[1], (0..=50 - window).step_by(spacing as usize).count() as f64);
    }
}

fn dot(one: &[f64], other: &[f64], atom: usize) -> f64 {
    (0..3).map(|axis| one[3 * atom + axis] * other[3 * atom + axis]).sum()
}

/// Velocities of atoms that swing with `thz` at `kelvin`; two atoms a quarter of a period apart, which makes the VACF a
/// cosine at any origin.
fn crystal(time: f64, atoms: usize, thz: f64, mass: f64, kelvin: f64) -> Vec<f64> {
    let amplitude = (2.0 * BOLTZMANN_AMU * kelvin / mass).sqrt();
    let phase = |k: usize| 0.5 * PI * (k / 3 % 2) as f64 + (k / 6 * 3 + k % 3) as f64;
    (0..3 * atoms).map(|k| amplitude * (2.0 * PI * thz * time + phase(k)).cos()).collect()
}

#[test]
fn an_einstein_crystal_has_its_frequency_and_its_entropy() {
    let (window, kelvin) = (2001, 300.0);
    let types = vec![species("Li", 6.94, 4), species("S", 32.06, 2)];
    let evaluation = Evaluation { temperature: None, cut_thz: 2.0, split: Split::None };
    let mut run = Run::new(layout(window, 500, types), evaluation);
    let (li, s) = (12.34, 5.67);
    for sample in 0..2600 {
        let time = f64::from(sample) * 0.01;
        let velocities = [crystal(time, 4, li, 6.94, kelvin), crystal(time, 2, s, 32.06, kelvin)].concat();
        run.sample(&velocities, 6.0 / 0.05);
    }
    run.flush();

    let results = run.vibrations.thermo().unwrap();
    let vector = &results.vector;
    assert!((vector[0] / kelvin - 1.0).abs() < 1e-12);
    // a line is as wide as its window: variance 1 / (8 window^2) of the frequency, weight'' ~ 1/nu^2
    let tolerance = |nu: f64| 3.0 * 2.0 / (16.0 * (nu * 20.0f64).powi(2));
    let exact = |nu: f64| 3.0 * harmonic_weight(TERAHERTZ_KELVIN * nu / kelvin);
    assert!((vector[2] - exact(li)).abs() < tolerance(li), "{} {}", vector[2], exact(li));
    assert!((vector[10] - exact(s)).abs() < tolerance(s), "{} {}", vector[10], exact(s));
    let total = (4.0 * exact(li) + 2.0 * exact(s)) / 6.0;
    assert!((results.scalar - total).abs() < tolerance(s));
    assert!((exact(li) - exact(s)).abs() > 1.0);

    let spacing = results.array[1][0];
    assert!((spacing - 0.025).abs() < 1e-15);
    for column in [2, 3, 4] {
        let g = |k: usize| results.array[k][column];
        let integral = spacing * ((0..2001).map(g).sum::<f64>() - 0.5 * (g(0) + g(2000)));
        assert!((integral - 3.0).abs() < 1e-10, "{integral}");
    }
    let summary = run.summary();
    assert!(summary.contains("Li: peaks = 12.34"), "{summary}");
    assert!(summary.contains("S: peaks = 5.6"), "{summary}");
    assert!(!summary.contains("diffusive"), "{summary}");
    // nothing is below the cut, and nothing is gas
    assert!((vector[2] - vector[4]).abs() < 1e-12 && vector[6] < 1e-3, "{vector:?}");
    assert!((vector[5] - vector[2]).abs() < 0.02, "{vector:?}");
}

/// Langevin velocities: C(t) = kT/m exp(-gamma t), all of it diffusion.
#[test]
fn langevin_velocities_diffuse() {
    let (gamma, kelvin, mass, atoms) = (20.0, 400.0, 7.0, 100);
    let (window, dt) = (201, 0.01f64);
    let evaluation = Evaluation { temperature: Some(kelvin), cut_thz: 1.0, split: Split::TwoPhase };
    let mut run = Run::new(layout(window, 20, vec![species("Li", mass, atoms)]), evaluation);
    let mut noise = Noise(11);
    let (keep, kick) = ((-gamma * dt).exp(), (1.0 - (-2.0 * gamma * dt).exp()).sqrt());
    let thermal = (BOLTZMANN_AMU * kelvin / mass).sqrt();
    let mut velocities: Vec<f64> = (0..3 * atoms).map(|_| thermal * noise.normal()).collect();
    for _ in 0..8000 {
        for v in &mut velocities {
            *v = keep * *v + kick * thermal * noise.normal();
        }
        run.sample(&velocities, 2000.0);
    }
    run.flush();

    let results = run.vibrations.thermo().unwrap();
    let [kelvin_measured, _, s, _, harmonic, two_phase, f, g0, d, d_error] = results.vector[..] else { panic!() };
    assert!((kelvin_measured / kelvin - 1.0).abs() < 0.01);
    let exact = BOLTZMANN_AMU * kelvin / (mass * gamma) * CM2_PER_S;
    // the trapezoid sum adds (gamma dt)^2/12, half a Hann window takes (pi/2)^2 2/(gamma window)^2: 0.3 % each
    assert!(d_error > 0.002 * exact && d_error < 0.03 * exact, "{d} {d_error} {exact}");
    assert!((d - exact).abs() < 4.0 * d_error + 0.004 * exact, "{d} {d_error} {exact}");
    assert!((g0 * gamma / 12.0 - 1.0).abs() < 0.1);

    assert!(f > 0.0 && f < 1.0);
    assert_eq!((results.scalar, s), (two_phase, two_phase));
    assert!(harmonic.is_finite() && (harmonic - two_phase).abs() > 0.1);
    let summary = run.summary();
    assert!(summary.contains("Li: diffusive") && !summary.contains("WARNING: Li: diffusive"), "{summary}");
    let harmonic =
        Vibrations::open(&run.vibrations.state(&Provenance::default()).unwrap(), Evaluation::default()).unwrap();
    assert!(harmonic.table().unwrap().results.lines().iter().any(|line| line.starts_with("WARNING: Li: diffusive")));
    // the slope of a Lorentzian is noisy, but has no peaks
    assert!(summary.contains("Li: peaks = none"), "{summary}");
}

#[test]
fn ranks_change_nothing() {
    let layout = layout(12, 5, vec![species("Li", 6.94, 8), species("S", 32.06, 4)]);
    let mut one = Run::new(layout.clone(), Evaluation::default());
    let width = layout.row_width();
    let mut three = vec![Vibrations::new(layout, Evaluation::default()).unwrap(); 3];
    let mut noise = Noise(5);
    // rows that travel with the atoms
    let mut rows = vec![0.0; 12 * width];
    for sample in 0..150 {
        let velocities: Vec<f64> = (0..36).map(|_| 6.0 * noise.normal()).collect();
        let volume = 300.0 + noise.next();
        one.sample(&velocities, volume);
        if three[0].full() {
            flush(&mut three);
        }
        for (rank, vibrations) in three.iter_mut().enumerate() {
            // atoms change ranks, rank 2 has none, and atoms of no measured species are around
            let own: Vec<usize> = (0..12).filter(|atom| (atom + sample / 11) % 2 == rank).rev().collect();
            let mut v: Vec<f64> = own.iter().flat_map(|&atom| velocities[3 * atom..][..3].to_vec()).collect();
            let mut kinds: Vec<i32> = own.iter().map(|&atom| one.species[atom]).collect();
            let mut slots: Vec<i32> = own.iter().map(|&atom| atom as i32).collect();
            v.extend([f64::NAN; 3]);
            kinds.push(-1);
            slots.push(-1);
            vibrations.sample(&vectors("v", &v).unwrap(), &kinds, &mut rows, &slots, 1, volume).unwrap();
        }
    }
    one.flush();
    flush(&mut three);
    for rank in &three {
        assert_eq!(rank.state(&Provenance::default()).unwrap(), one.vibrations.state(&Provenance::default()).unwrap());
    }
    assert_eq!(three[0].thermo().unwrap(), one.vibrations.thermo().unwrap());
}

#[test]
fn a_restart_continues_as_if_nothing_had_happened() {
    let layout = layout(9, 4, vec![species("Li", 6.94, 5)]);
    let (mut whole, mut part) =
        (Run::new(layout.clone(), Evaluation::default()), Run::new(layout, Evaluation::default()));
    let mut noise = Noise(6);
    for sample in 0..90 {
        let velocities: Vec<f64> = (0..15).map(|_| 6.0 * noise.normal()).collect();
        whole.sample(&velocities, 55.5);
        part.sample(&velocities, 55.5);
        if sample == 46 {
            part.flush();
            let state = part.vibrations.state(&Provenance::default()).unwrap();
            let other = Evaluation { temperature: Some(300.0), cut_thz: 1.0, split: Split::Cut };
            part.vibrations = Vibrations::open(&state, other).unwrap();
            assert_eq!(part.vibrations.state(&Provenance::default()).unwrap(), state);
        }
    }
    whole.flush();
    part.flush();
    assert_eq!(
        part.vibrations.state(&Provenance::default()).unwrap(),
        whole.vibrations.state(&Provenance::default()).unwrap()
    );
}

/// Where the rows are lost, products begin again with the next origin, and no old velocity is used.
#[test]
fn lost_rows_are_not_used() {
    let layout = layout(9, 4, vec![species("Li", 6.94, 5)]);
    let mut run = Run::new(layout.clone(), Evaluation::default());
    let mut noise = Noise(8);
    for sample in 0..60 {
        if sample == 30 {
            run.flush();
            let state = run.vibrations.state(&Provenance::default()).unwrap();
            // as older versions saved it where the rows of a run were lost
            run.vibrations.restore(&state.replace("\"since\":0", "\"since\":30")).unwrap();
            run.rows.fill(f64::NAN);
        }
        let velocities: Vec<f64> = (0..15).map(|_| 6.0 * noise.normal()).collect();
        // a NaN from a lost row would be refused
        run.sample(&velocities, 55.5);
    }
    run.flush();
    // origins at 0, 4, .. 20 complete before, 32, 36, .. 48 after
    assert_eq!(run.vibrations.thermo().unwrap().vector[1], 6.0 + 5.0);
}

#[test]
fn other_settings_and_wrong_data_are_named() {
    let good = layout(9, 4, vec![species("Li", 6.94, 5)]);
    let state = Vibrations::new(good.clone(), Evaluation::default()).unwrap().state(&Provenance::default()).unwrap();
    let mut other = Vibrations::new(VibrationsLayout { window: 10, ..good.clone() }, Evaluation::default()).unwrap();
    let error = other.restore(&state).unwrap_err().to_string();
    assert!(error.contains("window was 9, is 10"), "{error}");

    let wrong = |layout| Vibrations::new(layout, Evaluation::default()).unwrap_err().to_string();
    assert!(wrong(VibrationsLayout { window: 1, ..good.clone() }).contains("window of 1"));
    assert!(wrong(VibrationsLayout { box_atoms: 4, ..good.clone() }).contains("5 atoms are measured"));
    assert!(wrong(layout(9, 4, vec![species("Li", 0.0, 5)])).contains("mass 0 of Li"));
    assert!(wrong(layout(9, 4, vec![species("Li", 7.0, 5), species("Li", 6.0, 5)])).contains("taken"));
    let evaluation = Evaluation { temperature: Some(-1.0), ..Evaluation::default() };
    assert!(Vibrations::new(good.clone(), evaluation).is_err());

    let mut run = Run::new(good, Evaluation::default());
    assert!(
        run.vibrations.sample(&vectors("v", &[1.0; 15]).unwrap(), &[1; 5], &mut run.rows, &run.slots, 1, 1.0).is_err()
    );
    assert!(
        run.vibrations
            .sample(&vectors("v", &[1.0; 15]).unwrap(), &[0; 5], &mut run.rows, &[0, 1, 2, 3, 5], 1, 1.0)
            .is_err()
    );
    assert!(
        run.vibrations.sample(&vectors("v", &[1.0; 15]).unwrap(), &[0; 4], &mut run.rows, &run.slots, 1, 1.0).is_err()
    );
    assert!(
        run.vibrations
            .sample(&vectors("v", &[f64::NAN; 15]).unwrap(), &[0; 5], &mut run.rows, &run.slots, 1, 1.0)
            .is_err()
    );
}

#[test]
fn a_lost_atom_is_noticed() {
    let mut run = Run::new(layout(9, 4, vec![species("Li", 6.94, 5)]), Evaluation::default());
    run.vibrations.sample(&vectors("v", &[1.0; 12]).unwrap(), &[0; 4], &mut run.rows, &run.slots[..4], 1, 1.0).unwrap();
    let increments = run.vibrations.take_increments();
    let error = run.vibrations.add_increments(&increments).unwrap_err().to_string();
    assert!(error.contains("4 velocities in 1 samples of 5 Li atoms"), "{error}");
}

#[test]
fn before_a_window_is_complete_and_without_motion_all_is_finite() {
    let mut run = Run::new(layout(9, 4, vec![species("Li", 6.94, 5)]), Evaluation::default());
    for sample in 0..80 {
        run.flush();
        let results = run.vibrations.thermo().unwrap();
        assert_eq!((results.scalar, results.vector[0]), (0.0, 0.0), "{sample}");
        assert!(results.vector.iter().all(|value| value.is_finite()));
        assert!(results.array.iter().flatten().all(|value| value.is_finite()));
        let tables = [run.vibrations.table().unwrap(), run.vibrations.vacf_table().unwrap()];
        assert!(tables.iter().flat_map(|table| table.rows.iter().flatten()).all(|value| value.is_finite()));
        let history = run.vibrations.history().unwrap();
        assert!(history.row.iter().all(|&value| value == 0.0));
        assert_eq!(history.row.len(), history.columns.len());
        run.sample(&[0.0; 15], 1.0);
    }
    // moving atoms, but no complete window
    let mut run = Run::new(layout(9, 4, vec![species("Li", 6.94, 5)]), Evaluation::default());
    for _ in 0..8 {
        run.sample(&[1.0; 15], 1.0);
    }
    run.flush();
    let results = run.vibrations.thermo().unwrap();
    assert!(results.vector.iter().all(|&value| value == 0.0));
    assert!(results.array.iter().all(|row| row[2] == 0.0));
}
