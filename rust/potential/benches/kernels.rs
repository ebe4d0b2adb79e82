// SPDX-License-Identifier: MIT
//! Time of each kernel of the tabulated path on every instruction set of this machine: `cargo bench -p deepion-potential`.

#![allow(missing_docs)] // what criterion's macros make

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deepion_potential::kernels::{Constants, FittingProgram, FittingRoom, Places, Rows};
use deepion_potential::{FittingSteps, InstructionSet, Kernels, Plus, Step};
use ndarray::Array2;

/// A center's usual neighbors of all types, columns of a type pair, columns of A, width M and axis.
const PAIRS: usize = 70;
const COLUMNS: usize = 40;
const ALL_COLUMNS: usize = 120;
const WIDTH: usize = 128;
const AXIS: usize = 16;
const PIECES: usize = 80;
/// Columns of a reduced network.
const REDUCED: usize = 35;
/// Centers of a chunk.
const CENTERS: usize = 64;

/// A net of one hidden layer of 240, whose pre-activation has 26 directions, as those of the default have.
fn reduced_net() -> FittingSteps {
    let (features, rank, hidden) = (REDUCED * (REDUCED + 3) / 2, 26, 240);
    let matrix = |rows: usize, columns: usize| {
        Array2::from_shape_fn((rows, columns), |(i, j)| 0.01 * ((i + 7 * j) as f64).sin())
    };
    let product = |from, weights, to| Step::Product { from, weights, plus: Plus::Nothing, to };
    let (down, up) = (matrix(features, rank), matrix(rank, hidden));
    let (back_up, back_down) = (up.t().to_owned(), down.t().to_owned());
    let row = |value: f64| vec![value; hidden];
    FittingSteps {
        widths: vec![features, 0, rank, hidden, hidden, 1, hidden, hidden, rank, features],
        steps: vec![
            product(0, down, 2),
            product(2, up, 3),
            Step::Tanh { from: 3, to: 4 },
            product(4, matrix(hidden, 1), 5),
            Step::Multiply { of: [4, 4], to: 6 },
            Step::Affine { from: 6, factor: row(-1.0), shift: row(1.0), to: 7 },
            product(7, back_up, 8),
            product(8, back_down, 9),
        ],
        energy: 5,
        gradient: 9,
    }
}

fn numbers<R: Kernels>(n: usize) -> Vec<R> {
    (0..n).map(|k| R::from_f64((12.9898 * k as f64).sin())).collect()
}

fn kernels<R: Kernels>(criterion: &mut Criterion, real: &str) {
    for isa in InstructionSet::available() {
        let mut group = criterion.benchmark_group(format!("{} {real}", isa.name()));
        let x: [Vec<f64>; 3] = [0.31, 0.47, 0.59].map(|f| (0..PAIRS).map(|k| 3.0 * (f * k as f64).sin()).collect());
        let x = [&*x[0], &*x[1], &*x[2]];
        let r: Vec<f64> = (0..PAIRS).map(|k| (x[0][k].powi(2) + x[1][k].powi(2) + x[2][k].powi(2)).sqrt()).collect();
        let constants =
            Constants { avg: 0.1, inv0: 2.0, inv1: 3.0, rcut_smth: 2.0, inv_switch: 0.2, protection: 0.0, scale: 1.0 };
        let step = 7.0 / PIECES as f64;
        let places = Places {
            nearest: 0.0,
            inv_bin: 1.0 / step,
            piece: (0..PIECES as u32).collect(),
            start: (0..PIECES).map(|k| k as f64 * step).collect(),
            inv_width: vec![1.0 / step; PIECES],
        };
        let mut rows = Rows::<R>::default();
        group.throughput(Throughput::Elements(PAIRS as u64));
        group.bench_function("geometry, per pair", |b| {
            b.iter(|| R::geometry(isa, &constants, &places, black_box(x), &r, &mut rows));
        });
        let table = numbers::<R>(PIECES * 6 * COLUMNS);
        let mut a = numbers::<R>(4 * COLUMNS);
        group.bench_function("accumulate, per pair", |b| {
            b.iter(|| R::accumulate(isa, &table, COLUMNS, rows.pairs(&[0, PAIRS]), black_box(&mut a), COLUMNS));
        });
        let mut products: [Vec<R>; 5] = std::array::from_fn(|_| numbers(PAIRS));
        group.bench_function("project, per pair", |b| {
            b.iter(|| {
                let products = products.each_mut().map(|p| &mut p[..]);
                R::project(isa, &table, COLUMNS, rows.pairs(&[0, PAIRS]), black_box(&a), COLUMNS, products);
            });
        });
        let mut f = Default::default();
        group.bench_function("pair_forces, per pair", |b| {
            b.iter(|| R::pair_forces(isa, &constants, black_box(&products), x, &r, &rows, &mut f));
        });
        group.throughput(Throughput::Elements(1));
        let (a, expand) = (numbers::<R>(4 * ALL_COLUMNS), numbers::<R>(ALL_COLUMNS * WIDTH));
        let mut t = numbers::<R>(4 * WIDTH);
        group.bench_function("four_rows", |b| {
            b.iter(|| R::four_rows(isa, black_box(&a), &expand, 0..ALL_COLUMNS, &mut t, WIDTH, 0..WIDTH));
        });
        let mut d = numbers::<R>(AXIS * WIDTH);
        group.bench_function("descriptor", |b| b.iter(|| R::descriptor(isa, black_box(&t), AXIS, &mut d)));
        let mut gt = numbers::<R>(4 * WIDTH);
        group.bench_function("descriptor_backward", |b| {
            b.iter(|| R::descriptor_backward(isa, black_box(&t), AXIS, &d, &mut gt));
        });
        let a = numbers::<R>(4 * COLUMNS);
        let mut features = numbers::<R>(REDUCED * (REDUCED + 3) / 2);
        group.bench_function("features", |b| {
            b.iter(|| R::features(isa, black_box(&a), COLUMNS, REDUCED, &mut features));
        });
        let (mut square, mut ga) = (numbers::<R>(REDUCED * COLUMNS), numbers::<R>(4 * COLUMNS));
        group.bench_function("features_backward", |b| {
            b.iter(|| R::features_backward(isa, black_box(&a), COLUMNS, REDUCED, &features, &mut square, &mut ga));
        });
        group.throughput(Throughput::Elements(CENTERS as u64));
        let net = FittingProgram::new(&reduced_net());
        let (a, mut ga) = (numbers::<R>(CENTERS * 4 * COLUMNS), numbers::<R>(CENTERS * 4 * COLUMNS));
        let (mut energy, mut room) = (numbers::<R>(CENTERS), FittingRoom::default());
        group.bench_function("fit, per center", |b| {
            b.iter(|| R::fit(isa, &net, black_box(&a), (REDUCED, COLUMNS), &[], &mut energy, &mut ga, &mut room));
        });
        group.finish();
    }
}

fn all(criterion: &mut Criterion) {
    kernels::<f32>(criterion, "f32");
    kernels::<f64>(criterion, "f64");
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_millis(500))
        .warm_up_time(std::time::Duration::from_millis(200));
    targets = all
}
criterion_main!(benches);
