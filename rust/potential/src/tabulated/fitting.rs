// SPDX-License-Identifier: MIT
//! Fitting nets prepared for the kernel of [`super::fitting_kernel`]: weights in the order in which they are read, and values
//! that share memory once they are no longer used.

use std::collections::HashSet;
use std::sync::Arc;

use ndarray::ArrayView2;

use crate::steps::{FittingSteps, Plus, Step};

use super::real::Real;

/// Outputs of a product that lie together are a multiple of this, and so many at most: their sums fill the registers of AVX-512.
pub const PANEL_UNIT: usize = 4;
/// See above.
pub const WIDEST_PANEL: usize = 28;

/// The first of the panels that `outputs` are divided into: all are about equally wide.
pub fn panel_width(outputs: usize) -> usize {
    match outputs {
        1 => 1,
        _ => outputs.div_ceil(outputs.div_ceil(WIDEST_PANEL)).next_multiple_of(PANEL_UNIT),
    }
}

/// Columns of a value, with those that fill its last panel.
pub fn padded(width: usize) -> usize {
    let mut columns = 0;
    while columns < width {
        columns += panel_width(width - columns);
    }
    columns
}

/// A fitting net ready to run.
#[derive(Debug)]
pub struct FittingProgram<R> {
    /// Width of each place for values, padded. Features and their gradient have none: they come and go in blocks.
    pub places: Vec<usize>,
    /// The steps.
    pub operations: Vec<Operation<R>>,
    /// Places of the parameters and of the energy.
    pub parameters: usize,
    /// As above.
    pub energy: usize,
    /// Columns of the parameters.
    pub numb_param: usize,
    /// Features are products of so many columns with themselves and those after them.
    pub products: usize,
}

/// The matrix of a product, and what is added.
#[derive(Debug)]
pub struct Weights<R> {
    /// For every panel of outputs, inputs x [`panel_width`] of those that are left, zero beyond the last output. Types that share
    /// their net share them.
    pub panels: Arc<[R]>,
    /// Rows (inputs) and columns (outputs).
    pub size: [usize; 2],
    /// The same for every center, padded; empty: nothing.
    pub row: Vec<R>,
    /// Place of what is added.
    pub plus: Option<usize>,
}

/// A [`Step`] between places.
#[derive(Debug)]
pub enum Operation<R> {
    /// See [`Step::Product`]; of the features.
    OfFeatures {
        /// The matrix.
        by: Weights<R>,
        /// Place.
        to: usize,
    },
    /// See [`Step::Product`]; the gradient by the features, which ends in dE/dA.
    Gradient {
        /// Place.
        from: usize,
        /// The matrix.
        by: Weights<R>,
    },
    /// See [`Step::Product`]; all others.
    Product {
        /// Place.
        from: usize,
        /// The matrix.
        by: Weights<R>,
        /// Place.
        to: usize,
    },
    /// See [`Step::Tanh`].
    Tanh {
        /// Place.
        from: usize,
        /// Columns, padded.
        width: usize,
        /// Place.
        to: usize,
    },
    /// See [`Step::Affine`].
    Affine {
        /// Place.
        from: usize,
        /// Per column, padded: factor and shift.
        by: Vec<(R, R)>,
        /// Place.
        to: usize,
    },
    /// See [`Step::Multiply`].
    Multiply {
        /// Places.
        of: [usize; 2],
        /// Columns, padded.
        width: usize,
        /// Place.
        to: usize,
    },
    /// See [`Step::Add`].
    Add {
        /// Places.
        of: [usize; 2],
        /// Columns, padded.
        width: usize,
        /// Place.
        to: usize,
    },
}

impl<R: Real> FittingProgram<R> {
    /// Prepares a net, which has to be [streamed](FittingSteps::streams_features), and whose features are those of so many `products`.
    /// Matrices that one of the `others` has are not copied.
    #[must_use]
    pub fn new<'a>(net: &FittingSteps, products: usize, others: impl Iterator<Item = &'a Self>) -> Self {
        let known: Vec<_> = others.flat_map(Self::weights).map(|by| &by.panels).collect();
        let shared = |panels: Vec<R>| {
            let found = known.iter().find(|other| other[..] == panels[..]);
            found.map_or_else(|| panels.into(), |other| Arc::clone(*other))
        };
        let mut last_use = vec![0; net.widths.len()];
        for (when, step) in net.steps.iter().enumerate() {
            for value in step.uses() {
                last_use[value] = when;
            }
        }
        last_use[net.energy] = net.steps.len();
        // The parameters' place is theirs from the beginning.
        let (mut places, mut free) = (vec![padded(net.widths[1])], Vec::new());
        let mut place_of = vec![0; net.widths.len()];
        for (when, step) in net.steps.iter().enumerate().filter(|(_, step)| step.to() != net.gradient) {
            let (to, width) = (step.to(), padded(net.widths[step.to()]));
            let fits = free.iter().enumerate().filter(|(_, place)| places[**place] >= width);
            let found = fits.min_by_key(|(_, place)| places[**place]).map(|(at, _)| at);
            place_of[to] = found.map_or_else(
                || {
                    places.push(width);
                    places.len() - 1
                },
                |at| free.swap_remove(at),
            );
            let ends = (1..net.widths.len()).filter(|value| last_use[*value] == when && *value != to);
            let used = step.uses().collect::<Vec<_>>();
            free.extend(ends.filter(|value| used.contains(value)).map(|value| place_of[value]));
        }
        let at = |value: usize| place_of[value];
        let numbers = |values: &[f64]| values.iter().map(|v| R::from_f64(*v)).collect::<Vec<R>>();
        let operation = |step: &Step| match step {
            Step::Product { from, weights, plus, to } => {
                let by = Weights {
                    panels: shared(in_panels(weights.view())),
                    size: weights.dim().into(),
                    row: if let Plus::Row(row) = plus { filled(numbers(row)) } else { Vec::new() },
                    plus: if let Plus::Value(value) = plus { Some(at(*value)) } else { None },
                };
                match (*from, *to) {
                    (0, to) => Operation::OfFeatures { by, to: at(to) },
                    (from, to) if to == net.gradient => Operation::Gradient { from: at(from), by },
                    (from, to) => Operation::Product { from: at(from), by, to: at(to) },
                }
            }
            Step::Tanh { from, to } => Operation::Tanh { from: at(*from), width: padded(net.widths[*to]), to: at(*to) },
            Step::Affine { from, factor, shift, to } => Operation::Affine {
                from: at(*from),
                by: filled(numbers(factor).into_iter().zip(numbers(shift)).collect()),
                to: at(*to),
            },
            Step::Multiply { of, to } => {
                Operation::Multiply { of: of.map(at), width: padded(net.widths[*to]), to: at(*to) }
            }
            Step::Add { of, to } => Operation::Add { of: of.map(at), width: padded(net.widths[*to]), to: at(*to) },
        };
        Self {
            operations: net.steps.iter().map(operation).collect(),
            parameters: at(1),
            energy: at(net.energy),
            numb_param: net.widths[1],
            products,
            places,
        }
    }

    /// The matrices.
    fn weights(&self) -> impl Iterator<Item = &Weights<R>> {
        self.operations.iter().filter_map(|operation| match operation {
            Operation::OfFeatures { by, .. } | Operation::Gradient { by, .. } | Operation::Product { by, .. } => {
                Some(by)
            }
            _ => None,
        })
    }

    /// Bytes of the weights of several nets, those that are shared once.
    #[must_use]
    pub fn bytes<'a>(nets: impl Iterator<Item = &'a Self>) -> usize {
        let mut seen = HashSet::new();
        let panels = nets.flat_map(Self::weights).map(|by| &by.panels).filter(|panels| seen.insert(panels.as_ptr()));
        panels.map(|panels| panels.len()).sum::<usize>() * size_of::<R>()
    }
}

/// With zeros for the columns that fill the last panel.
fn filled<T: Copy + Default>(mut row: Vec<T>) -> Vec<T> {
    row.resize(padded(row.len()), T::default());
    row
}

fn in_panels<R: Real>(weights: ArrayView2<f64>) -> Vec<R> {
    let (rows, columns) = weights.dim();
    let mut panels = Vec::with_capacity(rows * columns.next_multiple_of(PANEL_UNIT));
    let mut first = 0;
    while first < columns {
        let last = first + panel_width(columns - first);
        for row in weights.rows() {
            panels.extend((first..last).map(|k| R::from_f64(row.get(k).copied().unwrap_or(0.0))));
        }
        first = last;
    }
    panels
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn nets_that_differ_in_a_row_share_their_matrices() {
        let net = |bias: f64, weight: f64| {
            let (first, out) = (Array2::from_elem((3, 2), weight), Array2::ones((2, 1)));
            let steps = vec![
                Step::Product { from: 0, weights: first.clone(), plus: Plus::Row(vec![bias; 2]), to: 2 },
                Step::Product { from: 2, weights: out, plus: Plus::Nothing, to: 3 },
                Step::Product { from: 2, weights: first.t().to_owned(), plus: Plus::Nothing, to: 4 },
            ];
            FittingSteps { widths: vec![3, 0, 2, 1, 3], steps, energy: 3, gradient: 4 }
        };
        let first = FittingProgram::<f32>::new(&net(0.5, 2.0), 2, std::iter::empty());
        let same = FittingProgram::new(&net(-0.5, 2.0), 2, std::iter::once(&first));
        let other = FittingProgram::new(&net(0.5, 3.0), 2, [&first, &same].into_iter());
        let shared = |a: &FittingProgram<f32>, b: &FittingProgram<f32>| {
            a.weights().zip(b.weights()).map(|(a, b)| Arc::ptr_eq(&a.panels, &b.panels)).collect::<Vec<_>>()
        };
        assert_eq!(shared(&first, &same), [true; 3]);
        assert_eq!(shared(&first, &other), [false, true, false]);
        assert!(same.weights().zip(first.weights()).any(|(a, b)| a.row != b.row));
        let one = FittingProgram::bytes(std::iter::once(&first));
        assert_eq!(FittingProgram::bytes([&first, &same].into_iter()), one);
        assert!(FittingProgram::bytes([&first, &other].into_iter()) > one);
    }
}
