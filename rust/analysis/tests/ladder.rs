// SPDX-License-Identifier: MIT
//! Independent runs joined, and the activation energy of walks whose diffusion is activated.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

mod walks;

use deepion_analysis::constants::BOLTZMANN_EV;
use deepion_analysis::ladder::ladder;
use deepion_analysis::results::Provenance;
use deepion_analysis::shapes::vectors;
use deepion_analysis::transport::{
    DiffusionUnits, Evaluation, Fit, Reference, Transport, TransportLayout, Value, locate,
};
use deepion_analysis::{Measure, Save};
use walks::{Frame, Walk};

const WINDOW: Evaluation = Evaluation { fit: Fit::Window(1.0, 5.0), units: DiffusionUnits::Cgs };
const ENERGY: f64 = 0.25; // eV

fn measure(frames: &[Frame], temperature: f64, lags_per_level: u64) -> Transport {
    let ions = frames[0].ions.len();
    let layout = TransportLayout {
        lags_per_level,
        levels: 3,
        origins: 1,
        every: 1,
        timestep_ps: 0.1,
        ions: ions as u64,
        drift: Reference::None,
        reference_atoms: 0,
        charge: 1.0,
        species: Vec::new(),
    };
    let mut rows = vec![0.0; ions * 3 * layout.lags().places()];
    let slots: Vec<i32> = (0..ions as i32).collect();
    let ids: Vec<i64> = (1..=ions as i64).collect();
    let mut transport = Transport::new(layout, WINDOW).unwrap();
    let reduce = |transport: &mut Transport| {
        let increments = transport.take_increments();
        transport.add_increments(&increments).unwrap();
    };
    for frame in frames {
        let positions: Vec<f64> = frame.ions.iter().flatten().copied().collect();
        if transport.full() {
            reduce(&mut transport);
        }
        let located =
            locate(&vectors("positions", &positions).unwrap(), &ids, &vectors("none", &[]).unwrap(), &[]).unwrap();
        let frame = deepion_analysis::transport::Frame {
            located: &located,
            positions: vectors("positions", &positions).unwrap(),
            ids: &ids,
            slots: &slots,
            tile: 1,
            volume: 1000.0,
            temperature: Some(temperature),
            kinetic_temperature: None,
        };
        transport.sample(&frame, &mut rows).unwrap();
    }
    reduce(&mut transport);
    transport
}

fn walk(temperature: f64, seed: u64, samples: usize) -> Vec<Frame> {
    let step = 0.3 * (-0.5 * ENERGY / BOLTZMANN_EV * (1.0 / temperature - 1.0 / 500.0)).exp();
    Walk { ions: 30, framework: 0, step, drift: [0.0; 3], seed }.frames(samples)
}

#[test]
fn joined_runs_average_and_their_errors_shrink() {
    let runs: Vec<Transport> = (0..8).map(|seed| measure(&walk(500.0, seed, 1000), 500.0, 10)).collect();
    let mut joined = runs[0].clone();
    for run in &runs[1..] {
        joined.join(&run.state(&Provenance::default()).unwrap()).unwrap();
    }
    let (all, one) = (joined.findings().unwrap(), runs[0].findings().unwrap());
    let mean = runs.iter().map(|run| run.findings().unwrap().own.value).sum::<f64>() / 8.0;
    // the same lags with the same origins in every run; weights differ by what each run takes for its rattling
    assert!((all.own.value - mean).abs() < 0.2 * all.own.error.unwrap());
    let shrink = all.own.error.unwrap() / one.own.error.unwrap();
    assert!((0.2..0.6).contains(&shrink), "{shrink}");
    assert!((all.time - 8.0 * one.time).abs() < 1e-9);
    assert_eq!(all.found.unwrap().blocks, 8 * one.found.unwrap().blocks);
}

#[test]
fn runs_with_other_settings_are_not_joined() {
    let (a, b) = (measure(&walk(500.0, 1, 50), 500.0, 10), measure(&walk(500.0, 2, 50), 500.0, 7));
    let error = a.clone().join(&b.state(&Provenance::default()).unwrap()).unwrap_err().to_string();
    assert!(error.contains("lags_per_level was 7, is 10"), "{error}");
}

#[test]
fn the_activation_energy_of_activated_walks_is_found() {
    let rungs: Vec<Transport> =
        [400.0, 450.0, 500.0, 600.0].iter().zip(20..).map(|(&t, seed)| measure(&walk(t, seed, 4000), t, 10)).collect();
    let table = ladder(&rungs, &[], 300.0).unwrap();
    let results = &table.results;
    assert_eq!(results.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["extrapolated"]);
    for name in ["E_a_D", "E_a_sigma"] {
        let (energy, error) = (results.value(name), results.error(name));
        assert!(error > 1e-4 && error < 0.01, "{error}");
        assert!((energy - ENERGY).abs() < 3.0 * error, "{name}: {energy} +- {error}");
    }
    let exact = 0.3f64.powi(2) / 2.0 / 0.1 * 1e-4 * (-ENERGY / BOLTZMANN_EV * (1.0 / 300.0 - 1.0 / 500.0)).exp();
    assert!((results.value("D_predicted") / exact - 1.0).abs() < 0.2);
    // the line as data: what a picture draws is what was fitted
    let line = &results.series["lines"][0];
    let number = |key: &str| line[key].as_f64().unwrap();
    let x = 1.0 / (BOLTZMANN_EV * 300.0);
    let log = number("ln_prefactor") - number("energy_eV") * x;
    assert!((log.exp() / results.value("D_predicted") - 1.0).abs() < 1e-12);
    let variance = number("height_variance") + number("slope_variance") * (x - number("mean_x")).powi(2);
    assert!((variance.sqrt() / (results.error("D_predicted") / results.value("D_predicted")) - 1.0).abs() < 1e-12);
    assert_eq!(table.rows.len(), 4);
    assert!(table.rows.is_sorted_by(|a, b| a[0] < b[0]));
}

/// Replicas that differ by more than their errors make all errors larger.
#[test]
fn scatter_of_replicas_is_inside_the_errors() {
    let rungs: Vec<Transport> =
        [400.0, 500.0, 600.0].iter().zip(40..).map(|(&t, seed)| measure(&walk(t, seed, 1000), t, 10)).collect();
    let value = |value: f64| Value { value, error: Some(0.02 * value) };
    let energy = |replicas: &[Vec<Value>]| ladder(&rungs, replicas, 500.0).unwrap().results.error("E_a_D");
    let alike = vec![vec![value(1.0), value(1.01)]; 3];
    let different = vec![vec![value(1.0), value(1.5)], vec![value(1.0), value(0.7)], vec![value(1.0), value(1.2)]];
    assert!(energy(&alike) < energy(&different) / 2.0 && (energy(&alike) - energy(&[])).abs() < 1e-12);
}

#[test]
fn temperatures_away_from_diffusion_are_named() {
    let flying = Walk { ions: 30, framework: 0, step: 0.3, drift: [0.2; 3], seed: 3 }.frames(1000);
    let runs = [
        measure(&walk(500.0, 1, 1000), 500.0, 10),
        measure(&flying, 600.0, 10),
        measure(&walk(700.0, 2, 1000), 700.0, 10),
    ];
    let warnings = ladder(&runs, &[], 600.0).unwrap().results.warnings;
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert_eq!(warning.code, "not_diffusive");
    assert!(warning.text.starts_with("beta is not 1 in the window of 600 K (1."), "{warnings:?}");
    assert!(!warning.text.contains("500 K") && !warning.text.contains("700 K"));
}

/// A run and its own continuation share their beginning, which shows where the shorter one fills a block of the longer one.
#[test]
fn a_continuation_is_no_other_run() {
    let frames = walk(500.0, 1, 1000);
    for cut in [32, 100, 333, 999, 1000] {
        let (whole, part) = (measure(&frames, 500.0, 10), measure(&frames[..cut], 500.0, 10));
        for (mut a, b) in [(whole.clone(), part.clone()), (part, whole)] {
            let error = a.join(&b.state(&Provenance::default()).unwrap()).unwrap_err().to_string();
            assert!(error.contains("one goes on from the other"), "{cut} {error}");
        }
    }
    let (mut a, b) = (measure(&frames, 500.0, 10), measure(&walk(500.0, 2, 2), 500.0, 10));
    a.join(&b.state(&Provenance::default()).unwrap()).unwrap();
}
