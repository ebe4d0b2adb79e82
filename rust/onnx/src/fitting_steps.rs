// SPDX-License-Identifier: MIT
//! A fitting net's function taken apart into [`FittingSteps`], where it consists of what these know: matrix products, sums, element by
//! element products, and the hyperbolic tangent.

use std::collections::HashMap;
use std::rc::Rc;

use deepion_potential::{FittingSteps, Plus, Step};
use ndarray::{Array2, Zip, s};
use prost::Message;

use crate::proto::{Function, INT64, Node, Tensor};
use crate::weights;

/// What a name of the function stands for.
#[derive(Clone)]
enum Named {
    /// One of the values.
    Value(usize),
    /// Values side by side.
    Beside(Vec<usize>),
    /// A number, a row or a matrix, as rows and columns; one row stands for any number of equal ones.
    Constant(Rc<Array2<f64>>),
    /// Whole numbers.
    Integers(Vec<i64>),
    /// A shape with one row for each center.
    Shape,
}

/// Nodes of a function that is taken apart, at most: a file cannot make many copies of its matrices.
const MOST_NODES: usize = 1000;

/// What a function is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inputs {
    /// Columns of the descriptor or of features.
    pub features: usize,
    /// The type of all centers, where the function asks for it.
    pub center: Option<usize>,
    /// Columns of parameters; 0: the function has no such input.
    pub parameters: usize,
}

/// The steps of a function features (, type) (, parameters) -> energy, gradient; none where it has other operations, or does not fit
/// together: then ONNX Runtime runs it, or says what is wrong.
pub fn read(function: &Function, inputs: Inputs) -> Option<FittingSteps> {
    let Inputs { features, center, parameters } = inputs;
    let given = [Some(Named::Value(0)), center.map(|c| Named::Integers(vec![c as i64]))];
    let given = given.into_iter().flatten().chain((parameters > 0).then_some(Named::Value(1)));
    let given: Vec<_> = given.collect();
    if function.input.len() != given.len() || function.node.len() > MOST_NODES {
        return None;
    }
    let names = function.input.iter().cloned().zip(given).collect();
    let mut reader = Reader { widths: vec![features, parameters], steps: Vec::new(), names };
    for bytes in &function.node {
        reader.add(&Node::decode(bytes.as_slice()).ok()?)?;
    }
    let [energy, gradient] = &*function.output else { return None };
    let (energy, gradient) = (reader.value(energy)?, reader.value(gradient)?);
    let fits = reader.widths[energy] == 1 && reader.widths[gradient] == features;
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
                named_constant(attribute.tensor.as_ref()?)?
            }
            "CastLike" | "Identity" => self.names.get(node.input.first()?)?.clone(),
            operation => {
                let inputs = node.input.iter().map(|name| self.names.get(name).cloned()).collect::<Option<Vec<_>>>()?;
                match inputs.iter().map(|of| if let Named::Constant(c) = of { Some(&**c) } else { None }).collect() {
                    Some(constants) => Named::Constant(of_constants(operation, constants, node)?.into()),
                    None => self.of_values(operation, &inputs, node)?,
                }
            }
        };
        self.names.insert(output.clone(), named);
        Some(())
    }

    fn of_values(&mut self, operation: &str, inputs: &[Named], node: &Node) -> Option<Named> {
        use Named::{Beside, Constant, Integers, Shape, Value};
        Some(match (operation, inputs) {
            ("MatMul", [Value(from), Constant(weights)]) => self.product(*from, (**weights).clone(), Plus::Nothing)?,
            ("MatMul", [Beside(values), Constant(weights)]) => {
                let (mut plus, mut last) = (Plus::Nothing, weights.nrows());
                for &from in values.iter().rev() {
                    let first = last.checked_sub(self.widths[from])?;
                    let Value(sum) = self.product(from, weights.slice(s![first..last, ..]).to_owned(), plus)? else {
                        return None;
                    };
                    (plus, last) = (Plus::Value(sum), first);
                }
                let Plus::Value(sum) = plus else { return None };
                (last == 0).then_some(Value(sum))?
            }
            ("Gemm", [Value(from), Constant(weights), plus @ ..]) => {
                let weights = if transposed(node)? { weights.t().to_owned() } else { (**weights).clone() };
                let plus = match plus {
                    [] => Plus::Nothing,
                    [Value(value)] if self.widths[*value] == weights.ncols() => Plus::Value(*value),
                    [Constant(row)] => Plus::Row(per_column(row, weights.ncols())?),
                    _ => return None,
                };
                self.product(*from, weights, plus)?
            }
            ("Tanh", [Value(from)]) => self.step(self.widths[*from], |to| Step::Tanh { from: *from, to }),
            ("Mul", [Value(a), Value(b)]) if self.widths[*a] == self.widths[*b] => {
                self.step(self.widths[*a], |to| Step::Multiply { of: [*a, *b], to })
            }
            ("Add", [Value(a), Value(b)]) if self.widths[*a] == self.widths[*b] => {
                self.step(self.widths[*a], |to| Step::Add { of: [*a, *b], to })
            }
            ("Mul", [Value(from), Constant(by)] | [Constant(by), Value(from)]) if by.iter().all(|v| *v == 0.0) => {
                Constant(Array2::zeros((1, self.widths[*from])).into())
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
                self.affine(*from, |width| Some((vec![1.0; width], per_column(&-&**by, width)?)))?
            }
            ("ReduceSum", [Value(from), Integers(axes)]) if is_second(axes) && keeps_dimensions(node) => {
                self.product(*from, Array2::ones((self.widths[*from], 1)), Plus::Nothing)?
            }
            ("Concat", [Value(a), Value(b)]) if along_second(node) => Beside(vec![*a, *b]),
            ("Slice", [Value(from), Integers(first), Integers(last), Integers(axes)]) if is_second(axes) => {
                self.cut(*from, [first, last])?
            }
            ("Gather", [Constant(table), Integers(row)]) if !along_second(node) => {
                let [row] = row[..] else { return None };
                let row = usize::try_from(row).ok().filter(|row| *row < table.nrows())?;
                Constant(table.slice(s![row..=row, ..]).to_owned().into())
            }
            ("ReduceSum", [Constant(row), Integers(axes)]) if is_second(axes) && keeps_dimensions(node) => {
                (row.nrows() == 1).then(|| Constant(Array2::from_elem((1, 1), row.sum()).into()))?
            }
            ("Shape", [_]) => Shape,
            ("Expand", [Constant(row), Shape]) if row.nrows() == 1 => Constant(row.clone()),
            _ => return None,
        })
    }

    /// Adds the step that makes a new value of so many columns.
    fn step(&mut self, width: usize, make: impl FnOnce(usize) -> Step) -> Named {
        let value = self.widths.len();
        let step = make(value);
        self.widths.push(width);
        self.steps.push(step);
        Named::Value(value)
    }

    fn product(&mut self, from: usize, weights: Array2<f64>, plus: Plus) -> Option<Named> {
        let (rows, columns) = weights.dim();
        let fits = rows == self.widths[from] && rows > 0 && columns > 0;
        fits.then(|| self.step(columns, |to| Step::Product { from, weights, plus, to }))
    }

    fn affine(&mut self, from: usize, by: impl FnOnce(usize) -> Option<(Vec<f64>, Vec<f64>)>) -> Option<Named> {
        let width = self.widths[from];
        let (factor, shift) = by(width)?;
        Some(self.step(width, |to| Step::Affine { from, factor, shift, to }))
    }

    /// Columns of the product that was made last, of which the others are not used.
    fn cut(&mut self, value: usize, ends: [&[i64]; 2]) -> Option<Named> {
        let [first, last] = ends.map(|end| if let [end] = end { usize::try_from(*end).ok() } else { None });
        let (first, last) = (first?, last?);
        match self.steps.last_mut() {
            Some(Step::Product { weights, plus: Plus::Nothing, to, .. })
                if *to == value && first < last && last <= weights.ncols() =>
            {
                *weights = weights.slice(s![.., first..last]).to_owned();
            }
            _ => return None,
        }
        self.widths[value] = last - first;
        self.names.retain(|_, named| match named {
            Named::Value(other) => *other != value,
            Named::Beside(values) => !values.contains(&value),
            _ => true,
        });
        Some(Named::Value(value))
    }

    fn value(&self, name: &str) -> Option<usize> {
        if let Named::Value(value) = self.names.get(name)? { Some(*value) } else { None }
    }
}

/// The result of an operation on constants alone.
fn of_constants(operation: &str, constants: Vec<&Array2<f64>>, node: &Node) -> Option<Array2<f64>> {
    match (operation, &*constants) {
        ("Tanh", [x]) => Some(x.mapv(f64::tanh)),
        ("Transpose", [x]) => {
            let reversed = node.attribute.iter().all(|a| a.name == "perm" && a.ints == [1, 0]);
            reversed.then(|| x.t().to_owned())
        }
        ("Mul", [a, b]) => elementwise(a, b, |a, b| a * b),
        ("Add", [a, b]) => elementwise(a, b, |a, b| a + b),
        ("Sub", [a, b]) => elementwise(a, b, |a, b| a - b),
        ("MatMul" | "Gemm", [a, b]) => {
            let b = if operation == "Gemm" && transposed(node)? { b.t() } else { b.view() };
            (a.nrows() == 1 && a.ncols() == b.nrows()).then(|| a.dot(&b))
        }
        _ => None,
    }
}

/// Of two numbers or rows.
fn elementwise(a: &Array2<f64>, b: &Array2<f64>, f: impl Fn(f64, f64) -> f64) -> Option<Array2<f64>> {
    let shape = (1, a.ncols().max(b.ncols()));
    Some(Zip::from(a.broadcast(shape)?).and(b.broadcast(shape)?).map_collect(|a, b| f(*a, *b)))
}

/// Whether these are the axis of columns alone.
fn is_second(axes: &[i64]) -> bool {
    matches!(axes, [1 | -1])
}

/// Whether a node acts along columns.
fn along_second(node: &Node) -> bool {
    node.attribute.iter().any(|a| a.name == "axis" && matches!(a.i, Some(1 | -1)))
}

/// Whether a sum over columns stays a column.
fn keeps_dimensions(node: &Node) -> bool {
    node.attribute.iter().all(|a| a.name == "keepdims" && a.i == Some(1))
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

/// A tensor of floats of at most two dimensions, or of whole numbers.
fn named_constant(tensor: &Tensor) -> Option<Named> {
    if tensor.data_type == INT64 {
        return Some(Named::Integers(weights::integers(tensor)?));
    }
    let dims = tensor.dims.iter().map(|d| usize::try_from(*d).ok()).collect::<Option<Vec<_>>>()?;
    let shape = match dims[..] {
        [] => (1, 1),
        [n] => (1, n),
        [rows, columns] => (rows, columns),
        _ => return None,
    };
    Some(Named::Constant(Array2::from_shape_vec(shape, weights::values(tensor)?).ok()?.into()))
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
        Attribute { name: name.into(), tensor, i, f, ints: Vec::new() }
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

    fn integers(name: &str, values: &[i64]) -> Vec<u8> {
        let raw_data = values.iter().flat_map(|k| k.to_le_bytes()).collect();
        let tensor = Tensor { dims: vec![values.len() as i64], data_type: INT64, name: String::new(), raw_data };
        node("Constant", &[], name, vec![attribute("value", Some(tensor), None, None)])
    }

    fn function(node: Vec<Vec<u8>>) -> Function {
        function_of(&["x"], node)
    }

    fn function_of(input: &[&str], node: Vec<Vec<u8>>) -> Function {
        let [input, output] = [input, &["energy", "gradient"]].map(|n| n.iter().map(ToString::to_string).collect());
        Function { name: "fitting".into(), input, output, node, opset_import: Vec::new() }
    }

    fn two_features() -> Inputs {
        Inputs { features: 2, center: None, parameters: 0 }
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
        let net = read(&function(nodes()), two_features()).unwrap();
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

    /// A full net of two descriptor values and a parameter for three types, less its energy at descriptor zero without the
    /// parameter: E = sum of k (tanh(x w + p v + bias of the type) - tanh(bias)), k = 1 to 4.
    fn full_net() -> Vec<Vec<u8>> {
        let named = |name: &str, value: i64| attribute(name, None, Some(value), None);
        let perm = Attribute { name: "perm".into(), ints: vec![1, 0], ..Attribute::default() };
        vec![
            weights("all", &[3, 4]),
            weights("biases", &[3, 4]),
            weights("first", &[1, 1]),
            weights("ones", &[4, 1]),
            integers("zero", &[0]),
            integers("one", &[1]),
            integers("end", &[2]),
            node("Gather", &["biases", "type"], "bias", vec![named("axis", 0)]),
            node("Concat", &["x", "p"], "xp", vec![named("axis", 1)]),
            node("MatMul", &["xp", "all"], "product", Vec::new()),
            node("Add", &["product", "bias"], "z", Vec::new()),
            node("Tanh", &["z"], "t", Vec::new()),
            node("Transpose", &["ones"], "row", vec![perm]),
            node("Mul", &["t", "row"], "terms", Vec::new()),
            node("ReduceSum", &["terms", "one"], "sum", vec![named("keepdims", 1)]),
            node("Tanh", &["bias"], "of_nothing", Vec::new()),
            node("Mul", &["of_nothing", "row"], "terms_of_nothing", Vec::new()),
            node("ReduceSum", &["terms_of_nothing", "one"], "nothing", vec![named("keepdims", 1)]),
            node("Sub", &["sum", "nothing"], "energy", Vec::new()),
            node("Shape", &["sum"], "shape", Vec::new()),
            node("Expand", &["first", "shape"], "unit", Vec::new()),
            node("Gemm", &["unit", "ones"], "by_t", vec![named("transB", 1)]),
            node("Mul", &["t", "t"], "square", Vec::new()),
            node("Sub", &["first", "square"], "slope", Vec::new()),
            node("Mul", &["by_t", "slope"], "by_z", Vec::new()),
            node("Gemm", &["by_z", "all"], "by_all", vec![named("transB", 1)]),
            node("Slice", &["by_all", "zero", "end", "one"], "gradient", Vec::new()),
        ]
    }

    /// All values of a net for one center, by plain loops.
    fn values(net: &FittingSteps, given: [&[f64]; 2]) -> Vec<Vec<f64>> {
        let mut values = given.map(<[f64]>::to_vec).to_vec();
        for step in &net.steps {
            let pairs = |[a, b]: [usize; 2]| values[a].iter().copied().zip(values[b].iter().copied());
            values.push(match step {
                Step::Product { from, weights, plus, .. } => {
                    let mut sums = match plus {
                        Plus::Nothing => vec![0.0; weights.ncols()],
                        Plus::Row(row) => row.clone(),
                        Plus::Value(value) => values[*value].clone(),
                    };
                    for ((row, column), weight) in weights.indexed_iter() {
                        sums[column] += values[*from][row] * weight;
                    }
                    sums
                }
                Step::Tanh { from, .. } => values[*from].iter().map(|x| x.tanh()).collect(),
                Step::Affine { from, factor, shift, .. } => {
                    values[*from].iter().zip(factor).zip(shift).map(|((x, f), s)| x * f + s).collect()
                }
                Step::Multiply { of, .. } => pairs(*of).map(|(a, b)| a * b).collect(),
                Step::Add { of, .. } => pairs(*of).map(|(a, b)| a + b).collect(),
            });
        }
        values
    }

    #[test]
    fn full_nets_with_types_and_parameters_are_taken_apart() {
        let inputs = Inputs { features: 2, center: Some(1), parameters: 1 };
        let net = read(&function_of(&["x", "type", "p"], full_net()), inputs).unwrap();
        let (x, p) = ([0.01, -0.02], [0.03]);
        let found = values(&net, [&x, &p]);
        // The weights are 1 to 12, row by row; so are the biases, of which type 1 has 5 to 8; those of the sum are 1 to 4.
        let (mut energy, mut gradient) = (0.0, [0.0; 2]);
        for k in 0..4 {
            let at = |row: usize| (4 * row + k + 1) as f64;
            let (bias, out) = (at(1), (k + 1) as f64);
            let t = (x[0] * at(0) + x[1] * at(1) + p[0] * at(2) + bias).tanh();
            energy += out * (t - bias.tanh());
            gradient[0] += out * (1.0 - t * t) * at(0);
            gradient[1] += out * (1.0 - t * t) * at(1);
        }
        assert!((found[net.energy][0] - energy).abs() < 1e-14, "{:?} is not {energy}", found[net.energy]);
        assert_eq!(found[net.gradient].len(), 2);
        for (found, wanted) in found[net.gradient].iter().zip(gradient) {
            assert!((found - wanted).abs() < 1e-14, "{found} is not {wanted}");
        }
        assert_eq!(read(&function_of(&["x", "type", "p"], full_net()), Inputs { center: Some(3), ..inputs }), None);
        let many = vec![weights("again", &[1]); MOST_NODES];
        assert_eq!(
            read(&function_of(&["x", "type", "p"], [many, full_net()].concat()), inputs),
            None,
            "too many nodes"
        );
    }

    #[test]
    fn what_does_not_fit_is_left_to_onnx_runtime() {
        let given = two_features();
        assert_eq!(read(&function(nodes()), Inputs { features: 3, ..given }), None, "another number of features");
        assert_eq!(
            read(&function(nodes()), Inputs { parameters: 1, ..given }),
            None,
            "parameters that it does not take"
        );
        assert_eq!(read(&function(nodes()), Inputs { center: Some(0), ..given }), None, "a type that it does not take");
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
            assert_eq!(read(&function(nodes), two_features()), None, "{what}");
        }
    }
}
