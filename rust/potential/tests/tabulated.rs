// SPDX-License-Identifier: MIT
//! The tabulated path against the exact one, for every kind of model.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

mod common;

use common::{Cluster, Toy, cluster_for, contract, engine, evaluate, model, strongest, variants};
use deepion_potential::{Contract, Engine, Kernels, TableSettings, TypedNetworks};

const TIGHT: TableSettings = TableSettings { tolerance: 1e-10, nearest: 0.8 };

fn tabulated<R: Kernels>(contract: &Contract, settings: TableSettings, threads: usize) -> Engine {
    let networks = (0..threads).map(|_| Box::new(Toy::of(contract)) as Box<dyn TypedNetworks<R>>).collect();
    Engine::tabulated(model(contract), &mut Toy::of(contract), networks, settings, &[], false).unwrap()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn compare<R: Kernels>(settings: TableSettings, tolerance: f64) {
    for (name, c) in variants() {
        let cluster = cluster_for(&c, 8);
        let exact = evaluate(&mut engine(&c, 1), &cluster);
        let tables = evaluate(&mut tabulated::<R>(&c, settings, 1), &cluster);
        assert!(strongest(&exact.f) > 1e-2, "{name}: forces too small to judge");
        for (what, a, b) in [
            ("force", &exact.f, &tables.f),
            ("energy", &exact.eatom, &tables.eatom),
            ("virial", &exact.cvatom, &tables.cvatom),
        ] {
            let difference = largest_difference(a, b);
            assert!(difference < tolerance, "{name}: {what} differs by {difference}");
        }
    }
}

#[test]
fn double_equals_the_exact_path() {
    compare::<f64>(TIGHT, 2e-8);
}

#[test]
fn single_equals_the_exact_path_to_its_rounding() {
    compare::<f32>(TableSettings { tolerance: 1e-6, ..TIGHT }, 3e-4);
}

#[test]
fn forces_are_the_gradient_of_the_tabulated_energy() {
    // Coarse tables on purpose: consistency must not rest on their accuracy. Step 1e-5 A as in physics.rs.
    let c = contract();
    let mut engine = tabulated::<f64>(&c, TableSettings { tolerance: 1e-2, nearest: 0.8 }, 1);
    let cluster = cluster_for(&c, 4);
    let f = evaluate(&mut engine, &cluster).f;
    let mut checked = 0;
    for k in (0..f.len()).step_by(5) {
        let mut energy = |step: f64| {
            let mut moved = cluster.clone();
            moved.x[k] += step;
            evaluate(&mut engine, &moved).totals.energy
        };
        let expected = -(energy(1e-5) - energy(-1e-5)) / 2e-5;
        assert!((f[k] - expected).abs() < 1e-6, "component {k} is {} but the gradient says {expected}", f[k]);
        checked += usize::from(f[k].abs() > 1e-2);
    }
    assert!(checked > 5, "forces too small to judge");
}

#[test]
fn tables_keep_what_they_promise() {
    let c = contract();
    let mut columns = 0;
    for tolerance in [1e-3, 1e-6, 1e-9] {
        let engine = tabulated::<f64>(&c, TableSettings { tolerance, nearest: 0.8 }, 1);
        let summary = engine.tables().unwrap();
        assert!(summary.error <= tolerance, "{summary:?}");
        assert!(summary.nearest <= 0.8 + 1e-12 && summary.bytes > 0 && summary.most_pieces >= 32);
        assert!(summary.columns[0] >= columns, "more accuracy with fewer functions");
        columns = summary.columns[0];
    }
}

#[test]
fn pairs_closer_than_the_tables_are_exact() {
    let c = contract();
    // 0.9 A is the closest pair of a Cluster; the tables begin far beyond it.
    let cluster = Cluster::new(60, 6.0, 5);
    let exact = evaluate(&mut engine(&c, 1), &cluster);
    let tables = evaluate(&mut tabulated::<f64>(&c, TableSettings { tolerance: 1e-10, nearest: 3.5 }, 1), &cluster);
    assert!(largest_difference(&exact.f, &tables.f) < 1e-10);
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let c = contract();
    let cluster = Cluster::new(300, 13.0, 2);
    let one = evaluate(&mut tabulated::<f32>(&c, TIGHT, 1), &cluster);
    assert_eq!(one, evaluate(&mut tabulated::<f32>(&c, TIGHT, 3), &cluster));
}
