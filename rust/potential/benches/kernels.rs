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
const OF_REDUCED: usize = AXIS * REDUCED - AXIS * (AXIS - 1) / 2 + REDUCED; // features
/// Centers of a chunk.
const CENTERS: usize = 128;

/// A net of layers with tanh and a sum at the end. The matrix of a layer is a product of such with the widths that are listed.
fn net(features: usize, layers: &[&[usize]]) -> FittingSteps {
    let (mut widths, mut steps) = (vec![features, 0], Vec::new());
    let mut add = |width: usize, make: &dyn Fn(usize) -> Step| {
        widths.push(width);
        steps.push(make(widths.len() - 1));
        widths.len() - 1
    };
    let product =
        |from, weights: &Array2<f64>, to| Step::Product { from, weights: weights.clone(), plus: Plus::Nothing, to };
    let (mut from, mut width, mut back) = (0, features, Vec::new());
    for layer in layers {
        let mut matrices = Vec::new();
        for &to in *layer {
            let weights = Array2::from_shape_fn((width, to), |(i, j)| 0.01 * ((i + 7 * j) as f64).sin());
            from = add(to, &|value| product(from, &weights, value));
            width = to;
            matrices.push(weights);
        }
        from = add(width, &|to| Step::Tanh { from, to });
        let square = add(width, &|to| Step::Multiply { of: [from, from], to });
        let slope =
            add(width, &|to| Step::Affine { from: square, factor: vec![-1.0; width], shift: vec![1.0; width], to });
        back.push((slope, matrices));
    }
    let energy = add(1, &|to| product(from, &Array2::ones((width, 1)), to));
    let mut gradient = None;
    for (slope, matrices) in back.into_iter().rev() {
        let of_layer = gradient.map_or(slope, |above| add(width, &|to| Step::Multiply { of: [above, slope], to }));
        gradient = Some(matrices.iter().rev().fold(of_layer, |from, weights| {
            width = weights.nrows();
            add(width, &|to| product(from, &weights.t().to_owned(), to))
        }));
    }
    FittingSteps { widths, steps, energy, gradient: gradient.unwrap_or_default() }
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
            b.iter(|| {
                R::four_rows(isa, (black_box(&a), ALL_COLUMNS), &expand, 0..ALL_COLUMNS, &mut t, WIDTH, 0..WIDTH);
            });
        });
        let mut d = numbers::<R>(AXIS * WIDTH);
        group.bench_function("descriptor", |b| b.iter(|| R::descriptor(isa, black_box(&t), AXIS, &mut d)));
        let mut gt = numbers::<R>(4 * WIDTH);
        group.bench_function("descriptor_backward", |b| {
            b.iter(|| R::descriptor_backward(isa, black_box(&t), AXIS, &d, &mut gt));
        });
        let a = numbers::<R>(4 * COLUMNS);
        let mut features = numbers::<R>(OF_REDUCED);
        group.bench_function("features", |b| {
            b.iter(|| R::features(isa, black_box(&a), COLUMNS, (REDUCED, AXIS), &mut features));
        });
        let (mut square, mut ga) = (numbers::<R>(REDUCED * COLUMNS), numbers::<R>(4 * COLUMNS));
        group.bench_function("features_backward", |b| {
            b.iter(|| {
                R::features_backward(isa, black_box(&a), COLUMNS, (REDUCED, AXIS), &features, &mut square, &mut ga);
            });
        });
        group.throughput(Throughput::Elements(CENTERS as u64));
        // The default's pre-activation has about 26 directions; the full net of a descriptor of WIDTH x AXIS values.
        let reduced = FittingProgram::new(&net(OF_REDUCED, &[&[26, 240]]), AXIS, std::iter::empty());
        let full =
            net(WIDTH * AXIS, &[&[240], &[240], &[240]]).of_different_products(AXIS).unwrap_or_else(|| unreachable!());
        let full = FittingProgram::new(&full, AXIS, std::iter::empty());
        for (name, net, used, stride) in [("reduced", &reduced, REDUCED, COLUMNS), ("full", &full, WIDTH, WIDTH)] {
            let (a, mut ga) = (numbers::<R>(CENTERS * 4 * stride), numbers::<R>(CENTERS * 4 * stride));
            let (mut energy, mut room) = (numbers::<R>(CENTERS), FittingRoom::default());
            group.bench_function(format!("fit, {name} net, per center"), |b| {
                b.iter(|| R::fit(isa, net, black_box(&a), (used, stride), &[], &mut energy, &mut ga, &mut room));
            });
        }
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
