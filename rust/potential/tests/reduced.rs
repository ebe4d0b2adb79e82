// SPDX-License-Identifier: MIT
//! Reduced networks on tables against plain loops, for every kind of model that can have them.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

mod common;

use common::{Cluster, Toy, cluster_for, contract, evaluate, excluded, fade, model, strongest, variants};
use deepion_potential::{Contract, Engine, Kernels, Pair, ReducedLevel, Reduction, TableSettings, TypedNetworks};
use ndarray::Array2;

const COLUMNS: usize = 5;
const PRODUCTS: usize = 3;
const FEATURES: usize = COLUMNS + (COLUMNS - 1) + (COLUMNS - 2) + COLUMNS;
const TIGHT: TableSettings = TableSettings { tolerance: 1e-10, nearest: 0.8 };

/// Basis of a center type: M rows, one column more than are used.
fn basis(c: &Contract, center: usize) -> Array2<f64> {
    let value = |m: usize, p: usize| (1.3 * m as f64 + 2.1 * p as f64 + center as f64).sin();
    Array2::from_shape_fn((c.parts[0].width(), COLUMNS + 1), |(m, p)| value(m, p))
}

fn level(c: &Contract) -> ReducedLevel {
    let n = c.ntypes();
    ReducedLevel {
        force_error: 1e-3,
        energy_error: 1e-4,
        basis: vec![String::new(); n],
        columns: vec![COLUMNS; n],
        products: vec![PRODUCTS; n],
        mean: (0..n).map(|i| (0..COLUMNS).map(|p| 0.02 * (i + p) as f64).collect()).collect(),
        fitting: vec![String::new(); n],
    }
}

fn toy(c: &Contract) -> Toy {
    Toy { len: FEATURES, ..Toy::of(c) }
}

fn engine<R: Kernels>(c: &Contract, settings: TableSettings, threads: usize) -> Engine {
    let networks = (0..threads).map(|_| Box::new(toy(c)) as Box<dyn TypedNetworks<R>>).collect();
    let bases: Vec<_> = (0..c.ntypes()).map(|i| basis(c, i)).collect();
    Engine::reduced(
        model(c),
        &mut Toy::of(c),
        networks,
        settings,
        Reduction { basis: &bases, level: &level(c), fitting: &[] },
        false,
    )
    .unwrap()
}

/// Models with one descriptor with directions whose neighbors all fit into `sel`, and that take no parameters.
fn models() -> Vec<(&'static str, Contract)> {
    let all = variants();
    all.into_iter()
        .filter(|(name, _)| !["sel overflows", "a type without slots", "parameters"].contains(name))
        .filter(|(name, c)| {
            c.parts.len() == 1
                && !c.parts[0].is_radial()
                && c.pair_table.is_none()
                && *name != "mixed types, sel overflows"
        })
        .collect()
}

fn naive_energies(c: &Contract, cluster: &Cluster) -> Vec<f64> {
    let (toy, n, part) = (toy(c), cluster.types.len(), &c.parts[0]);
    let slots = part.slots() as f64;
    let mut energies = vec![0.0; n];
    for i in 0..n {
        let Ok(ti) = usize::try_from(cluster.types[i]) else { continue };
        let basis = basis(c, ti);
        // w: of the switch, a = w / (r + protection); 0 in an empty slot.
        let psi = |tj: usize, s: f64, [w, a]: [f64; 2], p: usize| -> f64 {
            let pair = Pair { part: 0, center: ti, neighbor: tj };
            let factor = |m: usize| match &part.gate {
                Some(gate) => 1.0 + toy.factor(pair, m) * fade(gate, part, w, a),
                None => 1.0,
            };
            (0..part.width()).map(|m| toy.embedding(pair, m, s).0 * factor(m) * basis[[m, p]]).sum::<f64>() / slots
        };
        let empty = -part.davg[ti] / part.dstd[ti][0];
        let mut a = [[0.0; 4]; COLUMNS];
        for (a, mean) in a.iter_mut().zip(&level(c).mean[ti]) {
            a[0] = -mean;
        }
        for j in (0..n).filter(|&j| j != i) {
            let Ok(tj) = usize::try_from(cluster.types[j]) else { continue };
            let x = [0, 1, 2].map(|k| cluster.x[3 * j + k] - cluster.x[3 * i + k]);
            let r = x.iter().map(|x| x * x).sum::<f64>().sqrt();
            if r >= part.rcut || part.embedding_of(ti, tj).is_none() || excluded(&c.pair_exclude_types, ti, tj) {
                continue;
            }
            let u = ((r - part.rcut_smth) / (part.rcut - part.rcut_smth)).max(0.0);
            let w = u.powi(3) * (-6.0 * u * u + 15.0 * u - 10.0) + 1.0;
            let s = (w / (r + part.env_protection) - part.davg[ti]) / part.dstd[ti][0];
            for (p, a) in a.iter_mut().enumerate() {
                a[0] -= empty * psi(tj, empty, [0.0; 2], p);
                if !excluded(&part.exclude_types, ti, tj) {
                    a[0] += s * psi(tj, s, [w, w / (r + part.env_protection)], p);
                    for k in 0..3 {
                        a[k + 1] += w * x[k] / (r + part.env_protection).powi(2) / part.dstd[ti][1]
                            * psi(tj, s, [w, w / (r + part.env_protection)], p);
                    }
                }
            }
        }
        let mut features = Vec::new();
        for p in 0..PRODUCTS {
            for q in p..COLUMNS {
                features.push(a[p].iter().zip(a[q]).map(|(x, y)| x * y).sum());
            }
        }
        features.extend(a.iter().map(|a| a[0]));
        energies[i] = c.energy_scale[ti] * toy.fitting(ti, &features, &[]).0 + c.energy_shift[ti];
    }
    energies
}

fn compare<R: Kernels>(tolerance: f64) {
    for (name, c) in models() {
        let cluster = cluster_for(&c, 8);
        let settings = TableSettings { tolerance: (tolerance * 1e-2).max(1e-10), ..TIGHT };
        let here = evaluate(&mut engine::<R>(&c, settings, 1), &cluster).eatom;
        for (i, (a, b)) in here.iter().zip(naive_energies(&c, &cluster)).enumerate() {
            assert!((a - b).abs() < tolerance, "{name}: atom {i} has {a}, naive {b}");
        }
    }
}

#[test]
fn double_equals_plain_loops() {
    compare::<f64>(1e-7);
}

#[test]
fn single_equals_plain_loops_to_its_rounding() {
    compare::<f32>(2e-3);
}

#[test]
fn forces_are_the_gradient_of_the_reduced_energy() {
    // Coarse tables on purpose: consistency must not rest on their accuracy. Central difference of step 1e-5 A.
    for (name, c) in models() {
        let mut engine = engine::<f64>(&c, TableSettings { tolerance: 1e-2, nearest: 0.8 }, 1);
        let cluster = cluster_for(&c, 4);
        let f = evaluate(&mut engine, &cluster).f;
        assert!(strongest(&f) > 1e-2, "{name}: forces too small to judge");
        for k in (0..f.len()).step_by(11) {
            let mut energy = |step: f64| {
                let mut moved = cluster.clone();
                moved.x[k] += step;
                evaluate(&mut engine, &moved).totals.energy
            };
            let difference = -(energy(1e-5) - energy(-1e-5)) / 2e-5;
            assert!(
                (f[k] - difference).abs() < 1e-6 * strongest(&f),
                "{name}: force {k} is {}, not {difference}",
                f[k]
            );
        }
    }
}

#[test]
fn pairs_closer_than_the_tables_run_the_embedding_nets() {
    // Tables that start at 3.5 A leave most pairs to the nets; the answer is the same, to their error.
    for (name, c) in models() {
        let cluster = cluster_for(&c, 8);
        let tables = evaluate(&mut engine::<f64>(&c, TIGHT, 1), &cluster);
        let nets = evaluate(&mut engine::<f64>(&c, TableSettings { nearest: 3.5, ..TIGHT }, 1), &cluster);
        for (what, a, b) in [("force", &tables.f, &nets.f), ("energy", &tables.eatom, &nets.eatom)] {
            let difference = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(difference < 2e-7, "{name}: {what} differs by {difference}");
        }
    }
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let c = contract();
    let cluster = Cluster::new(400, 14.0, 3);
    let one = evaluate(&mut engine::<f32>(&c, TIGHT, 1), &cluster);
    for threads in [2, 5] {
        assert_eq!(one, evaluate(&mut engine::<f32>(&c, TIGHT, threads), &cluster), "{threads} threads");
    }
}

#[test]
fn basis_with_too_few_columns_or_other_rows_is_refused() {
    let c = contract();
    let start = |basis: Array2<f64>| {
        let networks = vec![Box::new(toy(&c)) as Box<dyn TypedNetworks<f64>>];
        let bases = vec![basis; c.ntypes()];
        let reduction = Reduction { basis: &bases, level: &level(&c), fitting: &[] };
        Engine::reduced(model(&c), &mut Toy::of(&c), networks, TIGHT, reduction, false).err().map(|e| e.to_string())
    };
    assert_eq!(start(Array2::ones((24, COLUMNS))), None);
    let expected = "the basis of center type Li has the shape [24, 4], expected 24 rows and 5 columns or more";
    assert_eq!(start(Array2::ones((24, COLUMNS - 1))).unwrap(), expected);
    assert!(start(Array2::ones((23, COLUMNS))).unwrap().contains("expected 24 rows"));
}
