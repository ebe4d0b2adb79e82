// SPDX-License-Identifier: MIT
//! A fitting net's function taken apart into [`FittingSteps`], where it consists of what these know: matrix products, sums, element by
//! element products, and the hyperbolic tangent.

use std::collections::HashMap;

use deepion_potential::{FittingSteps, Plus, Step};
use ndarray::Array2;
use prost::Message;

use crate::proto::{Function, Node, Tensor};
use crate::weights;

/// What a name of the function stands for.
#[derive(Clone)]
enum Named {
    /// One of the values.
    Value(usize),
    /// A number, a row or a matrix, as rows and columns.
    Constant(Array2<f64>),
}

/// The steps of a function features (, parameters) -> energy, gradient with the given widths of its inputs; none where it has other
/// operations, or does not fit together: then ONNX Runtime runs it, or says what is wrong.
pub fn read(function: &Function, features: usize, parameters: usize) -> Option<FittingSteps> {
    let mut reader = Reader { widths: vec![features, parameters], steps: Vec::new(), names: HashMap::new() };
    for (value, name) in function.input.iter().enumerate() {
        reader.names.insert(name.clone(), Named::Value(value));
    }
    for bytes in &function.node {
        reader.add(&Node::decode(bytes.as_slice()).ok()?)?;
    }
    let [energy, gradient] = &*function.output else { return None };
    let (energy, gradient) = (reader.value(energy)?, reader.value(gradient)?);
    let fits = function.input.len() == 1 + usize::from(parameters > 0)
        && reader.widths[energy] == 1
        && reader.widths[gradient] == features;
    let net = FittingSteps { widths: reader.widths, steps: reader.steps, energy, gradient };
    (fits && net.streams_features()).then_some(net)
}

struct Reader {
    widths: Vec<usize>,
    steps: Vec<Step>,
    names: HashMap<String, Named>,
}

impl Reader {
    fn add(&mut self, node: &Node) -> Option<()> {
        let [output] = &*node.output else { return None };
        let named = match &*node.op_type {
            "Constant" => {
                let [attribute] = &*node.attribute else { return None };
                Named::Constant(constant(attribute.tensor.as_ref()?)?)
            }
            "CastLike" | "Identity" => self.names.get(node.input.first()?)?.clone(),
            operation => {
                let inputs = node.input.iter().map(|name| self.names.get(name).cloned()).collect::<Option<Vec<_>>>()?;
                self.operation(operation, &inputs, node)?
            }
        };
        self.names.insert(output.clone(), named);
        Some(())
    }

    fn operation(&mut self, operation: &str, inputs: &[Named], node: &Node) -> Option<Named> {
        use Named::{Constant, Value};
        let to = self.widths.len();
        let (step, width) = match (operation, inputs) {
            ("MatMul", [Value(from), Constant(weights)]) => self.product(*from, weights.clone(), Plus::Nothing)?,
            ("Gemm", [Value(from), Constant(weights), plus @ ..]) => {
                let weights = if transposed(node)? { weights.t().to_owned() } else { weights.clone() };
                let plus = match plus {
                    [] => Plus::Nothing,
                    [Value(value)] if self.widths[*value] == weights.ncols() => Plus::Value(*value),
                    [Constant(row)] => Plus::Row(per_column(row, weights.ncols())?),
                    _ => return None,
                };
                self.product(*from, weights, plus)?
            }
            ("Tanh", [Value(from)]) => (Step::Tanh { from: *from, to }, self.widths[*from]),
            ("Mul", [Value(a), Value(b)]) if self.widths[*a] == self.widths[*b] => {
                (Step::Multiply { of: [*a, *b], to }, self.widths[*a])
            }
            ("Add", [Value(a), Value(b)]) if self.widths[*a] == self.widths[*b] => {
                (Step::Add { of: [*a, *b], to }, self.widths[*a])
            }
            ("Mul", [Value(from), Constant(by)] | [Constant(by), Value(from)]) => {
                self.affine(*from, |width| Some((per_column(by, width)?, vec![0.0; width])))?
            }
            ("Add", [Value(from), Constant(by)] | [Constant(by), Value(from)]) => {
                self.affine(*from, |width| Some((vec![1.0; width], per_column(by, width)?)))?
            }
            ("Sub", [Constant(of), Value(from)]) => {
                self.affine(*from, |width| Some((vec![-1.0; width], per_column(of, width)?)))?
            }
            ("Sub", [Value(from), Constant(by)]) => {
                self.affine(*from, |width| Some((vec![1.0; width], per_column(&-by, width)?)))?
            }
            _ => return None,
        };
        self.widths.push(width);
        self.steps.push(step);
        Some(Value(to))
    }

    fn product(&self, from: usize, weights: Array2<f64>, plus: Plus) -> Option<(Step, usize)> {
        let (rows, columns) = weights.dim();
        let fits = rows == self.widths[from] && rows > 0 && columns > 0;
        fits.then(|| (Step::Product { from, weights, plus, to: self.widths.len() }, columns))
    }

    fn affine(&self, from: usize, by: impl FnOnce(usize) -> Option<(Vec<f64>, Vec<f64>)>) -> Option<(Step, usize)> {
        let width = self.widths[from];
        let (factor, shift) = by(width)?;
        Some((Step::Affine { from, factor, shift, to: self.widths.len() }, width))
    }

    fn value(&self, name: &str) -> Option<usize> {
        if let Named::Value(value) = self.names.get(name)? { Some(*value) } else { None }
    }
}

/// Whether a Gemm transposes its second matrix; none where it does more.
fn transposed(node: &Node) -> Option<bool> {
    let mut second = false;
    for attribute in &node.attribute {
        match (&*attribute.name, attribute.i, attribute.f) {
            ("transB", Some(flag), _) => second = flag != 0,
            ("transA", Some(0), _) | ("alpha" | "beta", _, Some(1.0)) => (),
            _ => return None,
        }
    }
    Some(second)
}

/// A tensor of at most two dimensions.
fn constant(tensor: &Tensor) -> Option<Array2<f64>> {
    let dims = tensor.dims.iter().map(|d| usize::try_from(*d).ok()).collect::<Option<Vec<_>>>()?;
    let shape = match dims[..] {
        [] => (1, 1),
        [n] => (1, n),
        [rows, columns] => (rows, columns),
        _ => return None,
    };
    Array2::from_shape_vec(shape, weights::values(tensor)?).ok()
}

/// A number or a row as one number per column.
fn per_column(constant: &Array2<f64>, width: usize) -> Option<Vec<f64>> {
    match constant.dim() {
        (1, 1) => Some(vec![constant[[0, 0]]; width]),
        (1, columns) if columns == width => Some(constant.iter().copied().collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{Attribute, ElementType};

    fn attribute(name: &str, tensor: Option<Tensor>, i: Option<i64>, f: Option<f32>) -> Attribute {
        Attribute { name: name.into(), tensor, i, f }
    }

    fn node(op: &str, input: &[&str], output: &str, attribute: Vec<Attribute>) -> Vec<u8> {
        let input = input.iter().map(ToString::to_string).collect();
        Node { input, output: vec![output.into()], op_type: op.into(), attribute }.encode_to_vec()
    }

    fn weights(name: &str, dims: &[i64]) -> Vec<u8> {
        let count = dims.iter().product::<i64>();
        let raw_data = (0..count).flat_map(|k| (k as f64 + 1.0).to_le_bytes()).collect();
        let tensor =
            Tensor { dims: dims.to_vec(), data_type: ElementType::Float64 as i32, name: String::new(), raw_data };
        node("Constant", &[], name, vec![attribute("value", Some(tensor), None, None)])
    }

    fn function(node: Vec<Vec<u8>>) -> Function {
        let [input, output] =
            [&["x"][..], &["energy", "gradient"]].map(|n| n.iter().map(ToString::to_string).collect());
        Function { name: "fitting".into(), input, output, node, opset_import: Vec::new() }
    }

    /// tanh(x w) summed, with its gradient by the two features.
    fn nodes() -> Vec<Vec<u8>> {
        let flag = |i| vec![attribute("transB", None, Some(i), None), attribute("alpha", None, None, Some(1.0))];
        vec![
            weights("w", &[2, 3]),
            node("CastLike", &["w", "x"], "w_cast", Vec::new()),
            weights("row", &[1, 3]),
            weights("out", &[3, 1]),
            weights("one", &[]),
            node("Gemm", &["x", "w_cast", "row"], "z", Vec::new()),
            node("Tanh", &["z"], "t", Vec::new()),
            node("MatMul", &["t", "out"], "e", Vec::new()),
            node("Mul", &["t", "t"], "square", Vec::new()),
            node("Sub", &["one", "square"], "slope", Vec::new()),
            node("Mul", &["slope", "row"], "back", Vec::new()),
            node("Gemm", &["back", "w_cast"], "gradient", flag(1)),
            node("Identity", &["e"], "energy", Vec::new()),
        ]
    }

    #[test]
    fn steps_are_those_of_the_function() {
        let net = read(&function(nodes()), 2, 0).unwrap();
        let w = Array2::from_shape_vec((2, 3), vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let row = vec![1.0, 2.0, 3.0];
        let out = Array2::from_shape_vec((3, 1), row.clone()).unwrap();
        let expected = vec![
            Step::Product { from: 0, weights: w.clone(), plus: Plus::Row(row.clone()), to: 2 },
            Step::Tanh { from: 2, to: 3 },
            Step::Product { from: 3, weights: out, plus: Plus::Nothing, to: 4 },
            Step::Multiply { of: [3, 3], to: 5 },
            Step::Affine { from: 5, factor: vec![-1.0; 3], shift: vec![1.0; 3], to: 6 },
            Step::Affine { from: 6, factor: row, shift: vec![0.0; 3], to: 7 },
            Step::Product { from: 7, weights: w.t().to_owned(), plus: Plus::Nothing, to: 8 },
        ];
        assert_eq!(
            net,
            FittingSteps { widths: vec![2, 0, 3, 3, 1, 3, 3, 3, 2], steps: expected, energy: 4, gradient: 8 }
        );
    }

    #[test]
    fn what_does_not_fit_is_left_to_onnx_runtime() {
        assert_eq!(read(&function(nodes()), 3, 0), None, "another number of features");
        assert_eq!(read(&function(nodes()), 2, 1), None, "parameters that the function does not take");
        for (at, other, what) in [
            (6, node("Relu", &["z"], "t", Vec::new()), "another operation"),
            (5, node("Gemm", &["x", "w_cast", "out"], "z", Vec::new()), "a row of another width"),
            (8, node("Mul", &["t", "e"], "square", Vec::new()), "a product that broadcasts"),
            (11, node("Gemm", &["back", "w_cast"], "gradient", Vec::new()), "a matrix that does not fit"),
            (
                11,
                node("Gemm", &["back", "w_cast"], "gradient", vec![attribute("alpha", None, None, Some(2.0))]),
                "a factor",
            ),
            (4, weights("one", &[2, 2, 2]), "a constant of three dimensions"),
            (7, node("MatMul", &["t", "nowhere"], "e", Vec::new()), "a name that nothing has"),
        ] {
            let mut nodes = nodes();
            nodes[at] = other;
            assert_eq!(read(&function(nodes), 2, 0), None, "{what}");
        }
    }
}
