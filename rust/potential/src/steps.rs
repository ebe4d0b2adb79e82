// SPDX-License-Identifier: MIT
//! A fitting net as plain data: the steps that lead from its inputs to the energy and its gradient.

use ndarray::Array2;

/// What a fitting net computes, one step after the other, on matrices with one row per center: its "values".
///
/// Value 0 is the descriptor or what replaces it, value 1 the parameters (of width 0 where the net takes none).
#[derive(Debug, Clone, PartialEq)]
pub struct FittingSteps {
    /// Columns of each value.
    pub widths: Vec<usize>,
    /// In the order in which they are done: each uses values that are there, and makes one.
    pub steps: Vec<Step>,
    /// The value that is the energy, one column (eV, before scale and shift).
    pub energy: usize,
    /// The value that is its gradient by value 0.
    pub gradient: usize,
}

impl FittingSteps {
    /// Whether value 0 enters products alone, and the gradient is the result of one and used by no step: then neither has to be there
    /// as a whole.
    #[must_use]
    pub fn streams_features(&self) -> bool {
        let uses = |step: &Step, value: usize| step.uses().any(|used| used == value);
        let made = self.steps.iter().filter(|step| step.to() == self.gradient).count() == 1;
        let streamed = |step: &Step| match step {
            Step::Product { from, plus, to, .. } => *plus != Plus::Value(0) && (*from != 0 || *to != self.gradient),
            other => !uses(other, 0) && other.to() != self.gradient,
        };
        made && self.energy != self.gradient
            && self.steps.iter().all(|step| streamed(step) && !uses(step, self.gradient))
    }
}

/// One of the steps. Numbers are those of values.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `from` times `weights`, plus something.
    Product {
        /// Its columns are the rows of the weights.
        from: usize,
        /// From columns to columns.
        weights: Array2<f64>,
        /// What is added.
        plus: Plus,
        /// The result.
        to: usize,
    },
    /// The hyperbolic tangent of every element.
    Tanh {
        /// Of what.
        from: usize,
        /// The result.
        to: usize,
    },
    /// Element by element `from` times `factor` plus `shift`, each one number per column.
    Affine {
        /// Of what.
        from: usize,
        /// One per column.
        factor: Vec<f64>,
        /// One per column.
        shift: Vec<f64>,
        /// The result.
        to: usize,
    },
    /// Element by element the product of two values of one width.
    Multiply {
        /// Of what.
        of: [usize; 2],
        /// The result.
        to: usize,
    },
    /// Element by element the sum of two values of one width.
    Add {
        /// Of what.
        of: [usize; 2],
        /// The result.
        to: usize,
    },
}

/// What is added to a product.
#[derive(Debug, Clone, PartialEq)]
pub enum Plus {
    /// Nothing.
    Nothing,
    /// The same row for every center.
    Row(Vec<f64>),
    /// Another value.
    Value(usize),
}

impl Step {
    /// The value that it makes.
    #[must_use]
    pub fn to(&self) -> usize {
        match self {
            Self::Product { to, .. }
            | Self::Tanh { to, .. }
            | Self::Affine { to, .. }
            | Self::Multiply { to, .. }
            | Self::Add { to, .. } => *to,
        }
    }

    /// The values that it uses.
    pub fn uses(&self) -> impl Iterator<Item = usize> {
        let [first, second] = match *self {
            Self::Product { from, plus: Plus::Value(plus), .. } => [Some(from), Some(plus)],
            Self::Product { from, .. } | Self::Tanh { from, .. } | Self::Affine { from, .. } => [Some(from), None],
            Self::Multiply { of: [a, b], .. } | Self::Add { of: [a, b], .. } => [Some(a), Some(b)],
        };
        first.into_iter().chain(second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_streamed_where_only_products_use_them_and_one_makes_the_gradient() {
        let product = |from, plus, to| Step::Product { from, weights: Array2::zeros((1, 1)), plus, to };
        let net = |steps: Vec<Step>| FittingSteps { widths: vec![1; 5], steps, energy: 3, gradient: 4 };
        let (down, energy, back) =
            (product(0, Plus::Nothing, 2), product(2, Plus::Nothing, 3), product(2, Plus::Nothing, 4));
        let streamed = [down.clone(), energy.clone(), back.clone()];
        assert!(net(streamed.to_vec()).streams_features());
        let broken = [
            vec![Step::Tanh { from: 0, to: 2 }, energy.clone(), back.clone()],
            vec![down.clone(), product(2, Plus::Value(0), 3), back.clone()],
            vec![down.clone(), energy.clone(), Step::Tanh { from: 2, to: 4 }],
            vec![down.clone(), energy.clone(), product(0, Plus::Nothing, 4)],
            vec![down.clone(), back, product(4, Plus::Nothing, 3)],
            vec![down, energy],
        ];
        for (number, steps) in broken.into_iter().enumerate() {
            assert!(!net(steps).streams_features(), "{number}");
        }
    }
}
