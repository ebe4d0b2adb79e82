// SPDX-License-Identifier: MIT
//! A fitting net as plain data: the steps that lead from its inputs to the energy and its gradient.

use ndarray::{Array2, ArrayView2};

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

    /// The same net of fewer values: D[m, a] = D[a, m] enters once where both are among its `axis` x M values (a faster, as
    /// `DeePMD-kit` has them). Value 0 then are D of p < `axis` and q from p to M (p first, q faster); the gradient is by these. None
    /// where the gradient is no sum of products.
    ///
    /// The net has to be [streamed](FittingSteps::streams_features).
    #[must_use]
    pub fn of_different_products(&self, axis: usize) -> Option<Self> {
        let m = self.widths[0] / axis;
        let mut net = self.clone();
        // The gradient, and what is added to it.
        let mut gradients = vec![self.gradient];
        for step in net.steps.iter_mut().rev() {
            let of_gradient = gradients.contains(&step.to());
            match step {
                Step::Product { weights, plus, .. } if of_gradient => {
                    *weights = different_rows(weights.t(), axis, m).t().to_owned();
                    match plus {
                        Plus::Nothing => (),
                        Plus::Row(row) => {
                            let column = Array2::from_shape_fn((row.len(), 1), |(k, _)| row[k]);
                            *row = different_rows(column.view(), axis, m).into_iter().collect();
                        }
                        Plus::Value(value) => gradients.push(*value),
                    }
                }
                Step::Product { from: 0, weights, .. } => *weights = different_rows(weights.view(), axis, m),
                _ if of_gradient => return None,
                _ => (),
            }
        }
        let uses = |value: &usize| self.steps.iter().flat_map(Step::uses).filter(|used| used == value).count();
        let products = products_of(axis, m);
        for value in &gradients {
            net.widths[*value] = products;
        }
        net.widths[0] = products;
        gradients[1..].iter().all(|value| uses(value) == 1).then_some(net)
    }
}

/// Different values among D[m, a] of a < `axis` <= M.
#[must_use]
pub fn products_of(axis: usize, m: usize) -> usize {
    axis * m - axis * (axis - 1) / 2
}

/// Features of a reduced network: products of the first columns, `products` of them, with all, and the first row.
#[must_use]
pub fn features_of(products: usize, columns: usize) -> usize {
    products_of(products, columns) + columns
}

/// Rows m * axis + a of a matrix, those of D[m, a] and D[a, m] added up.
fn different_rows(rows: ArrayView2<f64>, axis: usize, m: usize) -> Array2<f64> {
    let pairs: Vec<_> = (0..axis).flat_map(|p| (p..m).map(move |q| (p, q))).collect();
    Array2::from_shape_fn((pairs.len(), rows.ncols()), |(row, column)| {
        let (p, q) = pairs[row];
        let mirrored = if p < q && q < axis { rows[[p * axis + q, column]] } else { 0.0 };
        rows[[q * axis + p, column]] + mirrored
    })
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
    fn different_products_give_the_same_sums_and_gradients() {
        let (axis, m) = (3, 5);
        let first = Array2::from_shape_fn((axis * m, 2), |(row, column)| (1.3 * row as f64 + column as f64).sin());
        let back = |plus, to| Step::Product { from: 2, weights: first.t().to_owned(), plus, to };
        let steps = vec![
            Step::Product { from: 0, weights: first.clone(), plus: Plus::Nothing, to: 2 },
            Step::Product { from: 2, weights: Array2::ones((2, 1)), plus: Plus::Nothing, to: 3 },
            back(Plus::Row(first.column(0).to_vec()), 4),
            back(Plus::Value(4), 5),
        ];
        let mut net =
            FittingSteps { widths: vec![axis * m, 0, 2, 1, axis * m, axis * m], steps, energy: 3, gradient: 5 };
        let few = net.of_different_products(axis).unwrap();
        assert_eq!(few.widths, [12, 0, 2, 1, 12, 12]);
        let [Step::Product { weights: down, .. }, _, of_row, Step::Product { weights: back, .. }] = &*few.steps else {
            panic!("other steps: {:?}", few.steps)
        };
        assert!(matches!(of_row, Step::Product { weights, plus: Plus::Row(row), .. }
            if weights == back && *row == down.column(0).to_vec()));
        net.steps[2] = Step::Tanh { from: 0, to: 4 };
        assert_eq!(net.of_different_products(axis), None, "no sum of products");
        // Like D, symmetric where both indices are below the axis: one number for each pair of them.
        let of = |a: usize, b: usize| ((a.min(b) * 10 + a.max(b)) as f64).cos();
        for column in 0..2 {
            let whole: f64 =
                (0..m).map(|q| (0..axis).map(|a| of(q, a) * first[[q * axis + a, column]]).sum::<f64>()).sum();
            let (mut sum, mut row) = (0.0, 0);
            for p in 0..axis {
                for q in p..m {
                    sum += of(p, q) * down[[row, column]];
                    assert_eq!(back[[column, row]].to_bits(), down[[row, column]].to_bits());
                    row += 1;
                }
            }
            assert!((sum - whole).abs() < 1e-14, "{sum} is not {whole}");
        }
    }

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
