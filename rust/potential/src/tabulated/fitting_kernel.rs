// SPDX-License-Identifier: MIT
//! A reduced fitting net from A to the energy and dE/dA, with features and gradient, in one go.
//!
//! One lane is one center: matrices of any width then fill the registers, no sums over lanes are needed, and all that a few centers
//! need stays in the cache.

#![allow(clippy::inline_always)] // target features only reach what is inlined into the dispatching functions

use super::fitting::{FittingProgram, NARROW_PANEL, Operation, PANEL, panel_width};
use super::lanes::Vector;

/// Memory that the kernel of fitting nets works in, kept from call to call.
#[derive(Debug, Default)]
pub struct FittingRoom<R> {
    /// A of some centers, 4 x columns x lanes, and dE/dA.
    a: Vec<R>,
    ga: Vec<R>,
    /// Of each place of the program.
    places: Vec<Vec<R>>,
}

impl<R> FittingRoom<R> {
    /// Bytes of its arrays.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let places: usize = self.places.iter().map(Vec::capacity).sum();
        (self.a.capacity() + self.ga.capacity() + places) * size_of::<R>()
    }
}

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
    room.places.resize_with(room.places.len().max(net.places.len()), Vec::new);
    let (mut first, centers) = (0, energy.len());
    while first < centers {
        // Few centers do not pay for many lanes.
        let wide = centers - first > H::LANES;
        let last = centers.min(first + if wide { W::LANES } else { H::LANES });
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
    let FittingRoom { a: a_lanes, ga: ga_lanes, places } = room;
    into_lanes::<V>(a, (4, columns, stride), a_lanes);
    into_lanes::<V>(param, (1, net.numb_param, net.numb_param), &mut places[net.parameters]);
    features::<V>(a_lanes, columns, &mut places[net.features]);
    for operation in &net.operations {
        run::<V>(operation, places);
    }
    energy.copy_from_slice(&places[net.energy][..energy.len()]);
    features_backward::<V>(a_lanes, columns, &places[net.gradient], ga_lanes);
    ga.fill(V::Real::default());
    for (center, ga) in ga.chunks_exact_mut(4 * stride).enumerate() {
        for (row, lanes) in ga.chunks_exact_mut(stride).zip(ga_lanes.chunks_exact(columns * V::LANES)) {
            for (g, lanes) in row.iter_mut().zip(lanes.chunks_exact(V::LANES)) {
                *g = lanes[center];
            }
        }
    }
}

/// From `rows` of `stride` per center, of which `columns` count, to a lane per center; lanes without a center are zero.
#[inline(always)]
fn into_lanes<V: Vector>(from: &[V::Real], (rows, columns, stride): (usize, usize, usize), to: &mut Vec<V::Real>) {
    to.clear();
    to.resize(rows * columns * V::LANES, V::Real::default());
    if columns == 0 {
        return;
    }
    for (center, from) in from.chunks_exact(rows * stride).enumerate() {
        for (row, lanes) in from.chunks_exact(stride).zip(to.chunks_exact_mut(columns * V::LANES)) {
            for (value, lanes) in row.iter().zip(lanes.chunks_exact_mut(V::LANES)) {
                lanes[center] = *value;
            }
        }
    }
}

/// The four elements of column `p` of A.
#[inline(always)]
fn column<V: Vector>(a: &[V::Real], columns: usize, p: usize) -> [V; 4] {
    let mut of_p = [V::zero(); 4];
    for c in 0..4 {
        of_p[c] = V::load(&a[(c * columns + p) * V::LANES..]);
    }
    of_p
}

/// The features: a(p) . a(q) for p <= q < columns (p first, q faster), then the first row of A.
#[inline(always)]
fn features<V: Vector>(a: &[V::Real], columns: usize, to: &mut Vec<V::Real>) {
    let products = columns * (columns + 1) / 2;
    to.resize(to.len().max((products + columns) * V::LANES), V::Real::default());
    let mut at = 0;
    for p in 0..columns {
        let of_p = column::<V>(a, columns, p);
        for q in p..columns {
            let of_q = column::<V>(a, columns, q);
            let mut sum = V::zero();
            for c in 0..4 {
                sum = of_p[c].mul_add(of_q[c], sum);
            }
            sum.store(&mut to[at..]);
            at += V::LANES;
        }
    }
    to[at..][..columns * V::LANES].copy_from_slice(&a[..columns * V::LANES]);
}

/// dE/dA from dE/dfeatures.
#[inline(always)]
fn features_backward<V: Vector>(a: &[V::Real], columns: usize, gradient: &[V::Real], ga: &mut Vec<V::Real>) {
    ga.clear();
    ga.resize(4 * columns * V::LANES, V::Real::default());
    let (products, linear) = gradient.split_at(columns * (columns + 1) / 2 * V::LANES);
    ga[..columns * V::LANES].copy_from_slice(&linear[..columns * V::LANES]);
    let mut at = 0;
    for p in 0..columns {
        let of_p = column::<V>(a, columns, p);
        let mut sums = column::<V>(ga, columns, p);
        // The product of a column with itself counts twice.
        let g = V::load(&products[at..]);
        for c in 0..4 {
            sums[c] = g.add(g).mul_add(of_p[c], sums[c]);
        }
        at += V::LANES;
        for q in p + 1..columns {
            let (g, of_q) = (V::load(&products[at..]), column::<V>(a, columns, q));
            for c in 0..4 {
                sums[c] = g.mul_add(of_q[c], sums[c]);
                let to = &mut ga[(c * columns + q) * V::LANES..];
                g.mul_add(of_p[c], V::load(to)).store(to);
            }
            at += V::LANES;
        }
        for c in 0..4 {
            sums[c].store(&mut ga[(c * columns + p) * V::LANES..]);
        }
    }
}

#[inline(always)]
fn run<V: Vector>(operation: &Operation<V::Real>, places: &mut [Vec<V::Real>]) {
    let (place, width) = operation.result();
    let mut room = std::mem::take(&mut places[place]);
    room.resize(room.len().max(width * V::LANES), V::Real::default());
    let to = &mut room[..width * V::LANES];
    match operation {
        Operation::Product { from, weights, size: [inputs, _], row, plus, .. } => {
            let plus = plus.map(|place| &places[place][..]);
            product::<V>(&places[*from][..inputs * V::LANES], weights, row, plus, to);
        }
        Operation::Tanh { from, .. } => {
            for (to, x) in to.iter_mut().zip(&places[*from]) {
                *to = V::tanh(*x);
            }
        }
        Operation::Affine { from, by, .. } => {
            for (column, (factor, shift)) in by.iter().enumerate() {
                let (at, from) = (column * V::LANES, &places[*from]);
                V::load(&from[at..]).mul_add(V::splat(*factor), V::splat(*shift)).store(&mut to[at..]);
            }
        }
        Operation::Multiply { of: [a, b], .. } => {
            for ((to, a), b) in to.iter_mut().zip(&places[*a]).zip(&places[*b]) {
                *to = *a * *b;
            }
        }
        Operation::Add { of: [a, b], .. } => {
            for ((to, a), b) in to.iter_mut().zip(&places[*a]).zip(&places[*b]) {
                *to = *a + *b;
            }
        }
    }
    places[place] = room;
}

/// `from` times `weights`, in panels of outputs that stay in registers, plus a row or a value.
#[inline(always)]
fn product<V: Vector>(
    from: &[V::Real],
    mut weights: &[V::Real],
    row: &[V::Real],
    plus: Option<&[V::Real]>,
    mut to: &mut [V::Real],
) {
    let (inputs, mut first) = (from.len() / V::LANES, 0);
    while !to.is_empty() {
        let left = to.len() / V::LANES;
        let width = panel_width(left);
        let (of_panel, others) = weights.split_at(inputs * width);
        let (here, rest) = to.split_at_mut(left.min(width) * V::LANES);
        let row = if row.is_empty() { row } else { &row[first..] };
        let plus = plus.map(|values| &values[first * V::LANES..]);
        if width == PANEL {
            panel::<V, PANEL>(from, of_panel, row, plus, here);
        } else {
            panel::<V, NARROW_PANEL>(from, of_panel, row, plus, here);
        }
        (weights, to, first) = (others, rest, first + width);
    }
}

#[inline(always)]
fn panel<V: Vector, const WIDTH: usize>(
    from: &[V::Real],
    weights: &[V::Real],
    row: &[V::Real],
    plus: Option<&[V::Real]>,
    to: &mut [V::Real],
) {
    let mut sums = [V::zero(); WIDTH];
    for (x, weights) in from.chunks_exact(V::LANES).zip(weights.chunks_exact(WIDTH)) {
        let x = V::load(x);
        for k in 0..WIDTH {
            sums[k] = V::splat(weights[k]).mul_add(x, sums[k]);
        }
    }
    for k in 0..to.len() / V::LANES {
        let plus = match plus {
            Some(values) => V::load(&values[k * V::LANES..]),
            None if row.is_empty() => V::zero(),
            None => V::splat(row[k]),
        };
        sums[k].add(plus).store(&mut to[k * V::LANES..]);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::steps::{FittingSteps, Plus, Step};
    use crate::tabulated::{InstructionSet, Kernels};

    const COLUMNS: usize = 5;
    const STRIDE: usize = 8;
    const FEATURES: usize = COLUMNS * (COLUMNS + 3) / 2;
    /// More than a panel of outputs.
    const HIDDEN: usize = PANEL + 3;

    /// A number without a pattern, between -1 and 1.
    fn number(seed: usize) -> f64 {
        (12.9898 * (seed as f64 + 0.3)).sin() * 43_758.545_3 % 1.0
    }

    fn numbers(rows: usize, columns: usize, seed: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, columns), |(i, j)| number(seed + 31 * i + 7 * j))
    }

    /// E = t . out + 1.5 with t = tanh(features first + (param - 0.1) 0.5 second + bias), and its gradient by the features.
    fn net() -> FittingSteps {
        let [first, second, out] = [numbers(FEATURES, HIDDEN, 1), numbers(2, HIDDEN, 2), numbers(HIDDEN, 1, 3)];
        let bias = numbers(1, HIDDEN, 4).row(0).to_vec();
        let affine = |from, factor: f64, shift: f64, width, to| Step::Affine {
            from,
            factor: vec![factor; width],
            shift: vec![shift; width],
            to,
        };
        let product =
            |from, weights: &Array2<f64>, plus, to| Step::Product { from, weights: weights.clone(), plus, to };
        let steps = vec![
            affine(1, 0.5, -0.05, 2, 2),
            product(0, &first, Plus::Row(bias), 3),
            product(2, &second, Plus::Value(3), 4),
            Step::Tanh { from: 4, to: 5 },
            product(5, &out, Plus::Row(vec![1.5]), 6),
            Step::Multiply { of: [5, 5], to: 7 },
            affine(7, -1.0, 1.0, HIDDEN, 8),
            Step::Affine { from: 8, factor: out.column(0).to_vec(), shift: vec![0.0; HIDDEN], to: 9 },
            product(9, &first.t().to_owned(), Plus::Nothing, 10),
        ];
        let mut widths = vec![FEATURES, 2, 2];
        widths.extend([HIDDEN, HIDDEN, HIDDEN, 1, HIDDEN, HIDDEN, HIDDEN, FEATURES]);
        FittingSteps { widths, steps, energy: 6, gradient: 10 }
    }

    /// The same energy, loop by loop.
    fn naive(a: &[f64], param: &[f64]) -> f64 {
        let at = |c: usize, p: usize| a[c * STRIDE + p];
        let mut features = Vec::new();
        for p in 0..COLUMNS {
            features.extend((p..COLUMNS).map(|q| (0..4).map(|c| at(c, p) * at(c, q)).sum::<f64>()));
        }
        features.extend((0..COLUMNS).map(|p| at(0, p)));
        let [first, second, out] = [numbers(FEATURES, HIDDEN, 1), numbers(2, HIDDEN, 2), numbers(HIDDEN, 1, 3)];
        let mut energy = 1.5;
        for k in 0..HIDDEN {
            let mut z = numbers(1, HIDDEN, 4)[[0, k]];
            z += features.iter().enumerate().map(|(f, value)| value * first[[f, k]]).sum::<f64>();
            z += param.iter().enumerate().map(|(f, value)| (value - 0.1) * 0.5 * second[[f, k]]).sum::<f64>();
            energy += z.tanh() * out[[k, 0]];
        }
        energy
    }

    fn compare<R: Kernels>(centers: usize, tolerance: f64) {
        let a: Vec<f64> = (0..centers * 4 * STRIDE).map(|k| 0.5 * number(k + 99)).collect();
        let param: Vec<f64> = (0..2 * centers).map(|k| number(k + 7)).collect();
        let program = FittingProgram::new(&net());
        let [a_here, param_here] = [&a, &param].map(|v| v.iter().map(|x| R::from_f64(*x)).collect::<Vec<R>>());
        let mut room = FittingRoom::default();
        for isa in InstructionSet::available() {
            let (mut energy, mut ga) = (vec![R::default(); centers], vec![R::from_f64(9.0); a.len()]);
            R::fit(isa, &program, &a_here, (COLUMNS, STRIDE), &param_here, &mut energy, &mut ga, &mut room);
            for center in 0..centers {
                let mut of_center = a[center * 4 * STRIDE..(center + 1) * 4 * STRIDE].to_vec();
                let param = &param[2 * center..2 * center + 2];
                let (found, wanted) = (energy[center].to_f64(), naive(&of_center, param));
                assert!((found - wanted).abs() < tolerance, "{}: energy {center} is {found}, not {wanted}", isa.name());
                for k in 0..4 * STRIDE {
                    let mut moved = |step: f64| {
                        of_center[k] += step;
                        let energy = naive(&of_center, param);
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
        for centers in [1, 3, 17, 70] {
            compare::<f32>(centers, 1e-5);
            compare::<f64>(centers, 1e-12);
        }
    }
}
