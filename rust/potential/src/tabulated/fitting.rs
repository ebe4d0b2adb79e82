// SPDX-License-Identifier: MIT
//! Reduced fitting nets prepared for the kernel of [`super::fitting_kernel`]: weights in the order in which they are read, and values
//! that share memory once they are no longer used.

use ndarray::ArrayView2;

use crate::steps::{FittingSteps, Plus, Step};

use super::real::Real;

/// Outputs of a product that are computed together, in registers, and so many where few are left.
pub const PANEL: usize = 12;
/// See above.
pub const NARROW_PANEL: usize = 4;

/// How many of `left` outputs the next panel has room for.
pub fn panel_width(left: usize) -> usize {
    if left > PANEL - NARROW_PANEL { PANEL } else { NARROW_PANEL }
}

/// A fitting net ready to run.
#[derive(Debug)]
pub struct FittingProgram<R> {
    /// Width of each place for values.
    pub places: Vec<usize>,
    /// The steps.
    pub operations: Vec<Operation<R>>,
    /// Places of the inputs (features, parameters) and the results.
    pub features: usize,
    /// As above.
    pub parameters: usize,
    /// As above.
    pub energy: usize,
    /// As above.
    pub gradient: usize,
    /// Columns of the parameters.
    pub numb_param: usize,
}

/// A [`Step`] between places.
#[derive(Debug)]
pub enum Operation<R> {
    /// See [`Step::Product`].
    Product {
        /// Place.
        from: usize,
        /// For every panel of outputs, inputs x [`panel_width`], zero beyond the last output.
        weights: Vec<R>,
        /// Rows and columns of the weights.
        size: [usize; 2],
        /// The same for every center; empty: nothing.
        row: Vec<R>,
        /// Place of what is added.
        plus: Option<usize>,
        /// Place.
        to: usize,
    },
    /// See [`Step::Tanh`].
    Tanh {
        /// Place.
        from: usize,
        /// Columns.
        width: usize,
        /// Place.
        to: usize,
    },
    /// See [`Step::Affine`].
    Affine {
        /// Place.
        from: usize,
        /// Per column: factor and shift.
        by: Vec<(R, R)>,
        /// Place.
        to: usize,
    },
    /// See [`Step::Multiply`].
    Multiply {
        /// Places.
        of: [usize; 2],
        /// Columns.
        width: usize,
        /// Place.
        to: usize,
    },
    /// See [`Step::Add`].
    Add {
        /// Places.
        of: [usize; 2],
        /// Columns.
        width: usize,
        /// Place.
        to: usize,
    },
}

impl<R> Operation<R> {
    /// Place and columns of what it makes.
    pub fn result(&self) -> (usize, usize) {
        match self {
            Self::Product { to, size: [_, width], .. }
            | Self::Tanh { to, width, .. }
            | Self::Multiply { to, width, .. }
            | Self::Add { to, width, .. } => (*to, *width),
            Self::Affine { to, by, .. } => (*to, by.len()),
        }
    }
}

impl<R: Real> FittingProgram<R> {
    /// Prepares a net.
    #[must_use]
    pub fn new(net: &FittingSteps) -> Self {
        let mut last_use = vec![0; net.widths.len()];
        for (when, step) in net.steps.iter().enumerate() {
            for value in step.uses() {
                last_use[value] = when;
            }
        }
        for result in [net.energy, net.gradient] {
            last_use[result] = net.steps.len();
        }
        // The inputs' places are theirs from the beginning.
        let (mut places, mut free) = (vec![net.widths[0], net.widths[1]], Vec::new());
        let mut place_of = vec![0; net.widths.len()];
        place_of[1] = 1;
        for (when, step) in net.steps.iter().enumerate() {
            let (to, width) = (step.to(), net.widths[step.to()]);
            let fits = free.iter().enumerate().filter(|(_, place)| places[**place] >= width);
            let found = fits.min_by_key(|(_, place)| places[**place]).map(|(at, _)| at);
            place_of[to] = found.map_or_else(
                || {
                    places.push(width);
                    places.len() - 1
                },
                |at| free.swap_remove(at),
            );
            let ends = (0..net.widths.len()).filter(|value| last_use[*value] == when && *value != to);
            let used = step.uses().collect::<Vec<_>>();
            free.extend(ends.filter(|value| used.contains(value)).map(|value| place_of[value]));
        }
        let at = |value: usize| place_of[value];
        let numbers = |values: &[f64]| values.iter().map(|v| R::from_f64(*v)).collect::<Vec<R>>();
        let operation = |step: &Step| match step {
            Step::Product { from, weights, plus, to } => Operation::Product {
                from: at(*from),
                weights: in_panels(weights.view()),
                size: weights.dim().into(),
                row: if let Plus::Row(row) = plus { numbers(row) } else { Vec::new() },
                plus: if let Plus::Value(value) = plus { Some(at(*value)) } else { None },
                to: at(*to),
            },
            Step::Tanh { from, to } => Operation::Tanh { from: at(*from), width: net.widths[*to], to: at(*to) },
            Step::Affine { from, factor, shift, to } => Operation::Affine {
                from: at(*from),
                by: numbers(factor).into_iter().zip(numbers(shift)).collect(),
                to: at(*to),
            },
            Step::Multiply { of, to } => Operation::Multiply { of: of.map(at), width: net.widths[*to], to: at(*to) },
            Step::Add { of, to } => Operation::Add { of: of.map(at), width: net.widths[*to], to: at(*to) },
        };
        Self {
            operations: net.steps.iter().map(operation).collect(),
            features: at(0),
            parameters: at(1),
            energy: at(net.energy),
            gradient: at(net.gradient),
            numb_param: net.widths[1],
            places,
        }
    }

    /// Bytes of the weights.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let of = |operation: &Operation<R>| match operation {
            Operation::Product { weights, row, .. } => weights.len() + row.len(),
            Operation::Affine { by, .. } => 2 * by.len(),
            _ => 0,
        };
        self.operations.iter().map(of).sum::<usize>() * size_of::<R>()
    }
}

fn in_panels<R: Real>(weights: ArrayView2<f64>) -> Vec<R> {
    let (rows, columns) = weights.dim();
    let mut panels = Vec::with_capacity(rows * columns.next_multiple_of(NARROW_PANEL));
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
