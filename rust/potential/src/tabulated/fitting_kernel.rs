// SPDX-License-Identifier: MIT
//! A fitting net from A to the energy and dE/dA, with features and gradient, in one go. For a full network, read T for A.
//!
//! One lane is one center: matrices of any width then fill the registers, and no sums over lanes are needed. Features and their
//! gradient are made and used in blocks, which stay in the cache with the weights that they meet for all centers.

#![allow(clippy::inline_always)] // target features only reach what is inlined into the dispatching functions

use std::ops::Range;

use super::aligned::{Aligned, aligned};
use super::feature_kernel::{Feature, features, features_backward};
use super::fitting::{FittingProgram, Operation, PANEL_UNIT, Weights, padded, panel_width};
use super::lanes::Vector;

/// Memory that the kernel of fitting nets works in, kept from call to call. Values of some centers are a group of lanes each.
#[derive(Debug)]
pub struct FittingRoom<R> {
    /// A of some centers and dE/dA, columns x 4 x lanes for each group.
    a: Aligned<R>,
    ga: Aligned<R>,
    /// Of a block of features.
    block: Aligned<R>,
    /// Of each place of the program, padded width x lanes for each group.
    places: Vec<Aligned<R>>,
}

impl<R> Default for FittingRoom<R> {
    fn default() -> Self {
        Self { a: aligned(), ga: aligned(), block: aligned(), places: Vec::new() }
    }
}

impl<R> FittingRoom<R> {
    /// Bytes of its arrays.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let places: usize = self.places.iter().map(Aligned::capacity).sum();
        (self.a.capacity() + self.ga.capacity() + self.block.capacity() + places) * size_of::<R>()
    }
}

/// Features that are handled at a time.
const BLOCK: usize = 192;
/// Centers that are handled together, at most.
pub const CENTERS: usize = 128;

/// Runs `net` for as many centers as there are energies. `a`: 4 rows of `stride` for each, of which `columns` count; `param`: one row
/// of parameters each; `ga` receives dE/dA as `a` is laid out.
#[inline(always)]
pub fn fit<W: Vector, H: Vector<Real = W::Real>>(
    net: &FittingProgram<W::Real>,
    a: &[W::Real],
    (columns, stride): (usize, usize),
    param: &[W::Real],
    energy: &mut [W::Real],
    ga: &mut [W::Real],
    room: &mut FittingRoom<W::Real>,
) {
    room.places.resize_with(room.places.len().max(net.places.len()), aligned);
    let (mut first, centers) = (0, energy.len());
    while first < centers {
        // What is left for a group that is at most half full does not pay for many lanes.
        let left = (centers - first).min(CENTERS);
        let few = left % W::LANES;
        let narrow = few > 0 && few <= H::LANES;
        let (wide, last) = match left - few {
            _ if !narrow => (true, first + left),
            0 => (false, first + few),
            whole => (true, first + whole),
        };
        let of = first * 4 * stride..last * 4 * stride;
        let param = &param[first * net.numb_param..last * net.numb_param];
        let (a, energy, ga) = (&a[of.clone()], &mut energy[first..last], &mut ga[of]);
        if wide {
            fit_lanes::<W>(net, a, (columns, stride), param, energy, ga, room);
        } else {
            fit_lanes::<H>(net, a, (columns, stride), param, energy, ga, room);
        }
        first = last;
    }
}

#[inline(always)]
fn fit_lanes<V: Vector>(
    net: &FittingProgram<V::Real>,
    a: &[V::Real],
    (columns, stride): (usize, usize),
    param: &[V::Real],
    energy: &mut [V::Real],
    ga: &mut [V::Real],
    room: &mut FittingRoom<V::Real>,
) {
    let groups = energy.len().div_ceil(V::LANES);
    let of_a = groups * 4 * columns * V::LANES;
    for (values, needed) in [(&mut room.block, groups * BLOCK * V::LANES), (&mut room.ga, of_a)] {
        values.resize(values.len().max(needed), V::Real::default());
    }
    room.ga[..of_a].fill(V::Real::default());
    into_lanes::<V>(a, (4, columns, stride), (groups, columns), &mut room.a);
    let of_param = (groups, padded(net.numb_param));
    into_lanes::<V>(param, (1, net.numb_param, net.numb_param), of_param, &mut room.places[net.parameters]);
    for (place, width) in room.places.iter_mut().zip(&net.places) {
        place.resize(place.len().max(groups * width * V::LANES), V::Real::default());
    }
    for operation in &net.operations {
        run::<V>(operation, (columns, net.products), groups, room);
    }
    energy.copy_from_slice(&room.places[net.energy][..energy.len()]);
    for (ga, of_group) in ga.chunks_mut(V::LANES * 4 * stride).zip(room.ga.chunks_exact(4 * columns * V::LANES)) {
        for (center, ga) in ga.chunks_exact_mut(4 * stride).enumerate() {
            for (c, row) in ga.chunks_exact_mut(stride).enumerate() {
                let (row, padding) = row.split_at_mut(columns);
                for (p, g) in row.iter_mut().enumerate() {
                    *g = of_group[(4 * p + c) * V::LANES + center];
                }
                padding.fill(V::Real::default());
            }
        }
    }
}

/// From `rows` of `stride` per center, of which `columns` count, to columns (of which there is room for `wide`) x rows x lanes for each
/// of the groups; lanes without a center are zero.
#[inline(always)]
fn into_lanes<V: Vector>(
    from: &[V::Real],
    (rows, columns, stride): (usize, usize, usize),
    (groups, wide): (usize, usize),
    to: &mut Aligned<V::Real>,
) {
    let of_group = rows * wide * V::LANES;
    to.resize(to.len().max(groups * of_group), V::Real::default());
    if columns == 0 {
        return;
    }
    if from.len() < groups * V::LANES * rows * stride {
        to[(groups - 1) * of_group..groups * of_group].fill(V::Real::default());
    }
    for (from, to) in from.chunks(V::LANES * rows * stride).zip(to.chunks_exact_mut(of_group)) {
        for (center, from) in from.chunks_exact(rows * stride).enumerate() {
            for (c, row) in from.chunks_exact(stride).enumerate() {
                for (p, value) in row[..columns].iter().enumerate() {
                    to[(rows * p + c) * V::LANES + center] = *value;
                }
            }
        }
    }
}

#[inline(always)]
fn run<V: Vector>(
    operation: &Operation<V::Real>,
    (columns, products): (usize, usize),
    groups: usize,
    FittingRoom { a, ga, block, places }: &mut FittingRoom<V::Real>,
) {
    let (place, width) = match operation {
        Operation::Gradient { from, by } => {
            let ga = &mut ga[..groups * 4 * columns * V::LANES];
            return gradient::<V>(*from, by, places, (a, columns, products), block, ga);
        }
        Operation::OfFeatures { by, to } | Operation::Product { by, to, .. } => (*to, padded(by.size[1])),
        Operation::Affine { by, to, .. } => (*to, by.len()),
        Operation::Tanh { width, to, .. }
        | Operation::Multiply { width, to, .. }
        | Operation::Add { width, to, .. } => (*to, *width),
    };
    let mut room = std::mem::replace(&mut places[place], aligned());
    let result = &mut room[..groups * width * V::LANES];
    match operation {
        Operation::Gradient { .. } => {}
        Operation::OfFeatures { by, .. } => of_features::<V>((a, columns, products), by, places, block, result),
        Operation::Product { from, by, .. } => {
            start::<V>(by, places, 0, result, width);
            add_product::<V>((&places[*from], padded(by.size[0])), 0..by.size[0], by, 0, (result, width));
        }
        Operation::Tanh { from, .. } => {
            for (to, x) in result.iter_mut().zip(places[*from].iter()) {
                *to = V::tanh(*x);
            }
        }
        Operation::Affine { from, by, .. } => {
            let lanes = result.chunks_exact_mut(V::LANES).zip(places[*from].chunks_exact(V::LANES));
            for ((to, x), (factor, shift)) in lanes.zip(by.iter().cycle()) {
                V::load(x).mul_add(V::splat(*factor), V::splat(*shift)).store(to);
            }
        }
        Operation::Multiply { of: [a, b], .. } => {
            for ((to, a), b) in result.iter_mut().zip(places[*a].iter()).zip(places[*b].iter()) {
                *to = *a * *b;
            }
        }
        Operation::Add { of: [a, b], .. } => {
            for ((to, a), b) in result.iter_mut().zip(places[*a].iter()).zip(places[*b].iter()) {
                *to = *a + *b;
            }
        }
    }
    places[place] = room;
}

/// The product of the features of A with a matrix.
#[inline(always)]
fn of_features<V: Vector>(
    (a, columns, products): (&[V::Real], usize, usize),
    by: &Weights<V::Real>,
    places: &[Aligned<V::Real>],
    block: &mut [V::Real],
    to: &mut [V::Real],
) {
    let (inputs, outputs) = (by.size[0], padded(by.size[1]));
    start::<V>(by, places, 0, to, outputs);
    let groups = to.len() / (outputs * V::LANES);
    let mut next = Feature::default();
    for first in (0..inputs).step_by(BLOCK) {
        let (rows, mut after) = (first..inputs.min(first + BLOCK), next);
        let block = &mut block[..groups * rows.len() * V::LANES];
        let of_groups = a.chunks_exact(4 * columns * V::LANES).zip(block.chunks_exact_mut(rows.len() * V::LANES));
        for (a, block) in of_groups {
            after = features::<V>(a, products, next, block);
        }
        add_product::<V>((block, rows.len()), rows, by, 0, (to, outputs));
        next = after;
    }
}

/// Adds to dE/dA what the gradient by the features gives, which is a value times a matrix.
#[inline(always)]
fn gradient<V: Vector>(
    from: usize,
    by: &Weights<V::Real>,
    places: &[Aligned<V::Real>],
    (a, columns, products): (&[V::Real], usize, usize),
    block: &mut [V::Real],
    ga: &mut [V::Real],
) {
    let [inputs, outputs] = by.size;
    let (mut next, mut first) = (Feature::default(), 0);
    while first < outputs {
        let mut last = first;
        while last < outputs && last + panel_width(outputs - last) <= first + BLOCK {
            last += panel_width(outputs - last);
        }
        let (width, of_a, mut after) = (last - first, 4 * columns * V::LANES, next);
        let block = &mut block[..ga.len() / of_a * width * V::LANES];
        start::<V>(by, places, first, block, width);
        add_product::<V>((&places[from], padded(inputs)), 0..inputs, by, first, (block, width));
        let of_groups = a.chunks_exact(of_a).zip(ga.chunks_exact_mut(of_a));
        for ((a, ga), block) in of_groups.zip(block.chunks_exact(width * V::LANES)) {
            after = features_backward::<V>(a, products, next, &block[..(last.min(outputs) - first) * V::LANES], ga);
        }
        (next, first) = (after, last);
    }
}

/// What is added to `width` outputs from `first` on of a product, for all groups: a value, a row or nothing.
#[inline(always)]
fn start<V: Vector>(
    by: &Weights<V::Real>,
    places: &[Aligned<V::Real>],
    first: usize,
    to: &mut [V::Real],
    width: usize,
) {
    let groups = to.chunks_exact_mut(width * V::LANES);
    match by.plus {
        Some(place) => {
            let values = places[place].chunks_exact(padded(by.size[1]) * V::LANES);
            groups.zip(values).for_each(|(to, from)| to.copy_from_slice(&from[first * V::LANES..][..to.len()]));
        }
        None if by.row.is_empty() => to.fill(V::Real::default()),
        None => {
            for to in groups {
                for (to, value) in to.chunks_exact_mut(V::LANES).zip(&by.row[first..]) {
                    V::splat(*value).store(to);
                }
            }
        }
    }
}

/// Adds `from`, which are inputs `rows` of a product, times their weights to its outputs from `column` on, which begin and end with
/// panels. Of each group there are so many rows and outputs; a panel's weights meet all groups while they are near.
#[inline(always)]
fn add_product<V: Vector>(
    (from, of_from): (&[V::Real], usize),
    rows: Range<usize>,
    by: &Weights<V::Real>,
    column: usize,
    (to, of_to): (&mut [V::Real], usize),
) {
    let [inputs, outputs] = by.size;
    let (mut first, mut left) = (0, outputs - column);
    // All panels before this one are whole.
    let mut panels = &by.panels[inputs * column..];
    while first < of_to {
        let width = panel_width(left);
        let (here, others) = panels.split_at(inputs * width);
        let here = &here[rows.start * width..rows.end * width];
        for (from, to) in from.chunks_exact(of_from * V::LANES).zip(to.chunks_exact_mut(of_to * V::LANES)) {
            panel::<V>(&from[..rows.len() * V::LANES], here, width, &mut to[first * V::LANES..][..width * V::LANES]);
        }
        (panels, first, left) = (others, first + width, left - left.min(width));
    }
}

/// One panel.
#[inline(always)]
fn panel<V: Vector>(from: &[V::Real], weights: &[V::Real], width: usize, to: &mut [V::Real]) {
    if width == 1 {
        return one_output::<V>(from, weights, to);
    }
    let mut first = 0;
    while first < width {
        let here = &mut to[first * V::LANES..];
        // As many outputs as there are registers for their sums.
        first += match (width - first) / PANEL_UNIT {
            1 => outputs::<V, { PANEL_UNIT }>(from, weights, width, first, here),
            2 => outputs::<V, { 2 * PANEL_UNIT }>(from, weights, width, first, here),
            4.. if V::REGISTERS < 32 => outputs::<V, { 3 * PANEL_UNIT }>(from, weights, width, first, here),
            3 => outputs::<V, { 3 * PANEL_UNIT }>(from, weights, width, first, here),
            4 => outputs::<V, { 4 * PANEL_UNIT }>(from, weights, width, first, here),
            5 => outputs::<V, { 5 * PANEL_UNIT }>(from, weights, width, first, here),
            6 => outputs::<V, { 6 * PANEL_UNIT }>(from, weights, width, first, here),
            _ => outputs::<V, { 7 * PANEL_UNIT }>(from, weights, width, first, here),
        };
    }
}

/// `WIDTH` outputs of a panel from `first` on; returns their number.
#[inline(always)]
fn outputs<V: Vector, const WIDTH: usize>(
    from: &[V::Real],
    weights: &[V::Real],
    width: usize,
    first: usize,
    to: &mut [V::Real],
) -> usize {
    let mut sums = [V::zero(); WIDTH];
    for k in 0..WIDTH {
        sums[k] = V::load(&to[k * V::LANES..]);
    }
    for (x, weights) in from.chunks_exact(V::LANES).zip(weights.chunks_exact(width)) {
        let (x, weights) = (V::load(x), &weights[first..][..WIDTH]);
        for k in 0..WIDTH {
            sums[k] = V::splat(weights[k]).mul_add(x, sums[k]);
        }
    }
    for k in 0..WIDTH {
        sums[k].store(&mut to[k * V::LANES..]);
    }
    WIDTH
}

/// In several sums: one would wait for itself.
#[inline(always)]
fn one_output<V: Vector>(from: &[V::Real], weights: &[V::Real], to: &mut [V::Real]) {
    const SUMS: usize = 8;
    let mut sums = [V::zero(); SUMS];
    let (rows, weights) = (from.chunks_exact(SUMS * V::LANES), weights.chunks_exact(SUMS));
    for (k, (x, weight)) in rows.remainder().chunks_exact(V::LANES).zip(weights.remainder()).enumerate() {
        sums[k] = V::splat(*weight).mul_add(V::load(x), V::zero());
    }
    for (x, weights) in rows.zip(weights) {
        for k in 0..SUMS {
            sums[k] = V::splat(weights[k]).mul_add(V::load(&x[k * V::LANES..]), sums[k]);
        }
    }
    let mut sum = V::load(to);
    for k in 0..SUMS {
        sum = sum.add(sums[k]);
    }
    sum.store(to);
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::steps::{FittingSteps, Plus, Step};
    use crate::tabulated::fitting::WIDEST_PANEL;
    use crate::tabulated::{InstructionSet, Kernels};

    const COLUMNS: usize = 22;
    const STRIDE: usize = 24;
    /// More than a panel of outputs.
    const HIDDEN: usize = WIDEST_PANEL + 3;
    /// More than a block of features: products of all columns and the first row, as in reduced networks.
    const REDUCED: Features = Features { products: COLUMNS, first_row: true };
    /// Products of some columns with all, as in full networks.
    const FULL: Features = Features { products: 13, first_row: false };

    #[derive(Clone, Copy)]
    struct Features {
        products: usize,
        first_row: bool,
    }

    impl Features {
        fn count(self) -> usize {
            let products = (0..self.products).map(|p| COLUMNS - p).sum::<usize>();
            products + if self.first_row { COLUMNS } else { 0 }
        }
    }

    /// A number without a pattern, between -1 and 1.
    fn number(seed: usize) -> f64 {
        (12.9898 * (seed as f64 + 0.3)).sin() * 43_758.545_3 % 1.0
    }

    fn numbers(rows: usize, columns: usize, seed: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, columns), |(i, j)| number(seed + 31 * i + 7 * j))
    }

    /// E = t . out + 1.5 with t = tanh(features first + (param - 0.1) 0.5 second + bias).
    struct Net {
        first: Array2<f64>,
        second: Array2<f64>,
        bias: Vec<f64>,
        out: Array2<f64>,
    }

    impl Net {
        fn new(features: usize) -> Self {
            let [first, second, out] = [numbers(features, HIDDEN, 1), numbers(2, HIDDEN, 2), numbers(HIDDEN, 1, 3)];
            Self { first, second, bias: numbers(1, HIDDEN, 4).row(0).to_vec(), out }
        }

        /// With the gradient by the features.
        fn steps(&self) -> FittingSteps {
            let affine = |from, factor: f64, shift: f64, width, to| Step::Affine {
                from,
                factor: vec![factor; width],
                shift: vec![shift; width],
                to,
            };
            let product =
                |from, weights: &Array2<f64>, plus, to| Step::Product { from, weights: weights.clone(), plus, to };
            let Self { first, second, bias, out } = self;
            let steps = vec![
                affine(1, 0.5, -0.05, 2, 2),
                product(0, first, Plus::Row(bias.clone()), 3),
                product(2, second, Plus::Value(3), 4),
                Step::Tanh { from: 4, to: 5 },
                product(5, out, Plus::Row(vec![1.5]), 6),
                Step::Multiply { of: [5, 5], to: 7 },
                affine(7, -1.0, 1.0, HIDDEN, 8),
                Step::Affine { from: 8, factor: out.column(0).to_vec(), shift: vec![0.0; HIDDEN], to: 9 },
                product(9, &first.t().to_owned(), Plus::Nothing, 10),
            ];
            let mut widths = vec![first.nrows(), 2, 2];
            widths.extend([HIDDEN, HIDDEN, HIDDEN, 1, HIDDEN, HIDDEN, HIDDEN, first.nrows()]);
            FittingSteps { widths, steps, energy: 6, gradient: 10 }
        }

        /// The energy, loop by loop.
        fn naive(&self, of: Features, a: &[f64], param: &[f64]) -> f64 {
            let at = |c: usize, p: usize| a[c * STRIDE + p];
            let mut features = Vec::new();
            for p in 0..of.products {
                features.extend((p..COLUMNS).map(|q| (0..4).map(|c| at(c, p) * at(c, q)).sum::<f64>()));
            }
            if of.first_row {
                features.extend((0..COLUMNS).map(|p| at(0, p)));
            }
            let mut energy = 1.5;
            for k in 0..HIDDEN {
                let mut z = self.bias[k];
                z += features.iter().enumerate().map(|(f, value)| value * self.first[[f, k]]).sum::<f64>();
                z += param.iter().enumerate().map(|(f, value)| (value - 0.1) * 0.5 * self.second[[f, k]]).sum::<f64>();
                energy += z.tanh() * self.out[[k, 0]];
            }
            energy
        }
    }

    fn compare<R: Kernels>(of: Features, centers: usize, tolerance: f64) {
        let a: Vec<f64> = (0..centers * 4 * STRIDE).map(|k| 0.5 * number(k + 99)).collect();
        let param: Vec<f64> = (0..2 * centers).map(|k| number(k + 7)).collect();
        let net = Net::new(of.count());
        let program = FittingProgram::new(&net.steps(), of.products, std::iter::empty());
        let [a_here, param_here] = [&a, &param].map(|v| v.iter().map(|x| R::from_f64(*x)).collect::<Vec<R>>());
        let mut room = FittingRoom::default();
        for isa in InstructionSet::available() {
            let (mut energy, mut ga) = (vec![R::default(); centers], vec![R::from_f64(9.0); a.len()]);
            R::fit(isa, &program, &a_here, (COLUMNS, STRIDE), &param_here, &mut energy, &mut ga, &mut room);
            for center in 0..centers {
                let mut of_center = a[center * 4 * STRIDE..(center + 1) * 4 * STRIDE].to_vec();
                let param = &param[2 * center..2 * center + 2];
                let (found, wanted) = (energy[center].to_f64(), net.naive(of, &of_center, param));
                assert!((found - wanted).abs() < tolerance, "{}: energy {center} is {found}, not {wanted}", isa.name());
                // All elements in the first center, some in each of the others: differences of energies take long.
                for k in (0..4 * STRIDE).filter(|k| center == 0 || (k + center) % 16 == 0) {
                    let mut moved = |step: f64| {
                        of_center[k] += step;
                        let energy = net.naive(of, &of_center, param);
                        of_center[k] -= step;
                        energy
                    };
                    let wanted = if k % STRIDE < COLUMNS { (moved(1e-5) - moved(-1e-5)) / 2e-5 } else { 0.0 };
                    let found = ga[center * 4 * STRIDE + k].to_f64();
                    assert!(
                        (found - wanted).abs() < 10.0 * tolerance.max(1e-9),
                        "{}: dE/dA {k} of center {center} is {found}, not {wanted}",
                        isa.name()
                    );
                }
            }
        }
    }

    #[test]
    fn energies_and_gradients_equal_plain_loops_for_any_number_of_centers() {
        for (of, centers) in [(REDUCED, 1), (REDUCED, 17), (REDUCED, 140), (FULL, 3), (FULL, 17), (FULL, 140)] {
            compare::<f32>(of, centers, 1e-5);
            compare::<f64>(of, centers, 1e-12);
        }
    }
}
