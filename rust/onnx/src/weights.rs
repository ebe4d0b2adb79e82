// SPDX-License-Identifier: MIT
//! Weights of a network in the floating-point type it runs in.
//!
//! In the file a network is a function for either type: its weights are `Constant` nodes followed by `CastLike`. As a graph
//! of its own it gets them as initializers of the right type instead, which ONNX Runtime packs once for its matrix
//! products; the casts would be run at every call.

use std::collections::HashMap;

use ndarray::Array2;
use prost::Message;

use crate::proto::{ElementType, INT64, Node, Tensor};

/// Splits a function's nodes into what is left to run and the initializers that replace cast constants.
pub fn split(nodes: &[Vec<u8>], element: ElementType) -> Result<(Vec<Vec<u8>>, Vec<Tensor>), prost::DecodeError> {
    let mut constants: HashMap<String, (Tensor, usize)> = HashMap::new();
    let mut kept: Vec<Option<&Vec<u8>>> = Vec::new();
    let mut initializers = Vec::new();
    for bytes in nodes {
        let node = Node::decode(bytes.as_slice())?;
        let cast = if node.op_type == "CastLike" { node.input.first().and_then(|w| constants.get(w)) } else { None };
        if let (Some((tensor, at)), [output]) = (cast, node.output.as_slice()) {
            initializers.push(Tensor { name: output.clone(), ..tensor.clone() });
            kept[*at] = None;
            continue;
        }
        if let ("Constant", [attribute], [output]) = (&*node.op_type, &*node.attribute, &*node.output)
            && let Some(tensor) = attribute.tensor.as_ref().and_then(|t| converted(t, element))
        {
            constants.insert(output.clone(), (tensor, kept.len()));
        }
        kept.push(Some(bytes));
    }
    Ok((kept.into_iter().flatten().cloned().collect(), initializers))
}

/// `slow` times `fast` rows of a matrix from `first` on.
#[derive(Debug, Clone, Copy)]
pub struct RowBlock {
    /// The first of them.
    pub first: usize,
    /// Rows that lie together in the new order.
    pub fast: usize,
    /// Rows that lie together in the old order.
    pub slow: usize,
}

/// Reorders rows of the first matrix that a network multiplies with: in each block row a * `fast` + m takes the place of row
/// m * `slow` + a; other rows stay.
///
/// # Errors
/// There is no such matrix, it has fewer rows, or its rows are empty.
pub fn transpose_rows(nodes: &[Vec<u8>], initializers: &mut [Tensor], blocks: &[RowBlock]) -> Result<(), &'static str> {
    let first_product = nodes.iter().filter_map(|n| Node::decode(n.as_slice()).ok()).find(|n| n.op_type == "MatMul");
    let name = first_product.and_then(|n| n.input.get(1).cloned());
    let tensor = initializers.iter_mut().find(|t| Some(&t.name) == name.as_ref()).ok_or("it has no first matrix")?;
    let rows = tensor.dims.first().map_or(0, |&rows| usize::try_from(rows).unwrap_or(0));
    if blocks.iter().any(|b| rows < b.first + b.slow * b.fast) {
        return Err("its first matrix has fewer rows than the descriptor has values");
    }
    let old = tensor.raw_data.clone();
    let row = old.len() / rows;
    if row == 0 {
        return Err("the rows of its first matrix are empty");
    }
    for &RowBlock { first, fast, slow } in blocks {
        for (new, to) in tensor.raw_data.chunks_exact_mut(row).skip(first).take(slow * fast).enumerate() {
            let from = first + (new % fast) * slow + new / fast;
            to.copy_from_slice(&old[from * row..(from + 1) * row]);
        }
    }
    Ok(())
}

/// The first constant among a function's nodes; none where it is no matrix of floats.
pub fn first_matrix(nodes: &[Vec<u8>]) -> Result<Option<Array2<f64>>, prost::DecodeError> {
    for bytes in nodes {
        let node = Node::decode(bytes.as_slice())?;
        if let ("Constant", [attribute]) = (&*node.op_type, &*node.attribute) {
            return Ok(attribute.tensor.as_ref().and_then(matrix));
        }
    }
    Ok(None)
}

fn matrix(tensor: &Tensor) -> Option<Array2<f64>> {
    let [rows, columns] = tensor.dims[..] else { return None };
    let shape = (usize::try_from(rows).ok()?, usize::try_from(columns).ok()?);
    Array2::from_shape_vec(shape, values(tensor)?).ok()
}

/// The values of a tensor; none where it holds no little-endian floats, or others than its dimensions say.
pub fn values(tensor: &Tensor) -> Option<Vec<f64>> {
    if tensor.data_type == ElementType::Float32 as i32 {
        numbers(tensor, |bytes| f64::from(f32::from_le_bytes(bytes)))
    } else if tensor.data_type == ElementType::Float64 as i32 {
        numbers(tensor, f64::from_le_bytes)
    } else {
        None
    }
}

/// The values of a tensor of whole numbers; none where it holds others than its dimensions say.
pub fn integers(tensor: &Tensor) -> Option<Vec<i64>> {
    (tensor.data_type == INT64).then(|| numbers(tensor, i64::from_le_bytes)).flatten()
}

/// Numbers of N bytes each; none where there are not as many as the dimensions say.
fn numbers<T, const N: usize>(tensor: &Tensor, read: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
    let values: Vec<T> = tensor.raw_data.as_chunks().0.iter().map(|bytes| read(*bytes)).collect();
    let count = tensor.dims.iter().try_fold(1_usize, |n, &d| n.checked_mul(usize::try_from(d).ok()?))?;
    (values.len() == count).then_some(values)
}

/// The tensor in another floating-point type; none where it holds no little-endian floats.
fn converted(tensor: &Tensor, element: ElementType) -> Option<Tensor> {
    let values = values(tensor)?;
    let raw_data = match element {
        ElementType::Float32 => values.iter().flat_map(|&v| (v as f32).to_le_bytes()).collect(),
        ElementType::Float64 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
    };
    Some(Tensor { dims: tensor.dims.clone(), data_type: element as i32, name: String::new(), raw_data })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Attribute;

    #[test]
    fn cast_constants_become_initializers_and_others_stay() {
        let constant = |name: &str, data_type: ElementType, raw_data: Vec<u8>| {
            let tensor = Tensor { dims: vec![2], data_type: data_type as i32, name: String::new(), raw_data };
            let attribute = vec![Attribute { name: "value".into(), tensor: Some(tensor), ..Attribute::default() }];
            Node { input: vec![], output: vec![name.into()], op_type: "Constant".into(), attribute }.encode_to_vec()
        };
        let node = |op: &str, input: &[&str], output: &str| {
            let input = input.iter().map(ToString::to_string).collect();
            Node { input, output: vec![output.into()], op_type: op.into(), attribute: vec![] }.encode_to_vec()
        };
        let pair: Vec<u8> = [1.5_f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let nodes = vec![
            constant("w", ElementType::Float32, pair.clone()),
            constant("plain", ElementType::Float32, pair),
            node("CastLike", &["w", "x"], "w_cast"),
            node("Add", &["x", "w_cast"], "y"),
            node("CastLike", &["y", "x"], "z"),
        ];
        let (kept, initializers) = split(&nodes, ElementType::Float64).unwrap();
        assert_eq!(kept, [nodes[1].clone(), nodes[3].clone(), nodes[4].clone()]);
        assert_eq!(initializers.len(), 1);
        assert_eq!((&*initializers[0].name, initializers[0].data_type), ("w_cast", ElementType::Float64 as i32));
        assert_eq!(initializers[0].raw_data, [1.5_f64, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>());
    }
}
