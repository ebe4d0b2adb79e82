// SPDX-License-Identifier: MIT
//! Damaged and hostile model files: an error or a model, never a panic and never a huge allocation.
//!
//! The trailer of a file proves that it is as it was exported, not who exported it: most cases here have one that fits.

use deepion_potential::{Model, Networks, Pair, Result};
use ndarray::{ArrayView2, ArrayViewMut2};
use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use prost::Message;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ModelFile;
use crate::proto::{self, Attribute, ElementType, Entry, Function, Node, Tensor, Trailer};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Of each kind.
const CASES: u32 = 10_000;
/// The files have 30 to 60 kB; the largest sizes that a contract may name with them stay far below this.
const MOST_MEGABYTES: f32 = 300.0;

const FILES: [&[u8]; 2] =
    [include_bytes!("../tests/data/two_sided.onnx"), include_bytes!("../tests/data/fparam_aparam.onnx")];
const CONTRACT: &str = "deepion_contract";

/// Networks that give zeros.
struct Zeros;

impl Networks for Zeros {
    fn embed(&mut self, _: Pair, _: &[f64], _: ArrayViewMut2<f64>, _: ArrayViewMut2<f64>) -> Result<()> {
        Ok(())
    }

    fn gate(&mut self, _: Pair) -> Result<Vec<f64>> {
        Ok(Vec::new())
    }

    fn fit(
        &mut self,
        _: usize,
        _: ArrayView2<f64>,
        _: ArrayView2<f64>,
        _: &mut [f64],
        _: ArrayViewMut2<f64>,
    ) -> Result<()> {
        Ok(())
    }
}

/// The models of the files without their trailers; the first also with reduced networks.
fn models() -> Vec<proto::Model> {
    let mut models: Vec<proto::Model> = FILES.iter().map(|bytes| proto::Model::decode(*bytes).unwrap()).collect();
    for model in &mut models {
        model.metadata_props.retain(|e| e.key != "deepion_sha256");
    }
    let mut reduced = models[0].clone();
    edit_contract(&mut reduced, |contract| {
        contract["reduced"] = json!({
            "sample": "nothing", "basis": ["basis", "basis"], "levels": [
                {"force_error": 1e-3, "energy_error": 1e-4, "columns": [2, 3], "mean": [[0.1, 0.2], [0.1, 0.2, 0.3]],
                 "fitting": ["fitting_0", "fitting_1"]}
            ]
        });
    });
    let width = contract_of(&reduced)["neuron"].as_array().unwrap().last().unwrap().as_i64().unwrap();
    let raw_data = (0..3 * width).flat_map(|k| (k as f64).to_le_bytes()).collect();
    let tensor = Tensor { dims: vec![width, 3], data_type: ElementType::Float64 as i32, name: String::new(), raw_data };
    let attribute = vec![Attribute { name: "value".into(), tensor: Some(tensor), ..Attribute::default() }];
    let node = Node { input: vec![], output: vec!["b".into()], op_type: "Constant".into(), attribute }.encode_to_vec();
    let (input, output) = (vec!["g".into()], vec!["b".into()]);
    reduced.functions.push(Function { name: "basis".into(), input, output, node: vec![node], opset_import: vec![] });
    models.push(reduced);
    models
}

fn contract_of(model: &proto::Model) -> Value {
    let entry = model.metadata_props.iter().find(|e| e.key == CONTRACT).unwrap();
    serde_json::from_str(&entry.value).unwrap()
}

fn edit_contract(model: &mut proto::Model, edit: impl FnOnce(&mut Value)) {
    let mut contract = contract_of(model);
    edit(&mut contract);
    model.metadata_props.iter_mut().find(|e| e.key == CONTRACT).unwrap().value = contract.to_string();
}

fn with_trailer(mut body: Vec<u8>) -> Vec<u8> {
    let value = format!("{:x}", Sha256::digest(&body));
    let entry = Some(Entry { key: "deepion_sha256".into(), value });
    body.extend(Trailer { entry }.encode_to_vec());
    body
}

/// Does with a file all that opening it does before ONNX Runtime gets the networks. Whether it was accepted.
fn read(bytes: &[u8]) -> bool {
    let Ok(file) = ModelFile::open("hostile.onnx", bytes) else { return false };
    let whole = file.take_apart().is_ok();
    Model::new(file.contract.clone(), &mut Zeros).is_ok() && whole
}

/// Random numbers of a case, taken one by one; 0 when they are used up.
struct Choices(std::vec::IntoIter<u64>);

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        (self.0.next().unwrap_or(0) % n.max(1) as u64) as usize
    }

    fn value(&mut self) -> Value {
        match self.below(14) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.below(5)),
            3 => json!(-(self.below(5) as i64)),
            4 => json!([65_536, 1_000_000_000_000_u64, u64::MAX, 1 << 31, 1 << 62][self.below(5)]),
            5 => json!([1e308, -1e308, 1e-320, 0.5, 4.0][self.below(5)]),
            6 => json!(["", "fitting_0", "embedding_0_0", "\u{0}", "se_e2_a"][self.below(5)]),
            7 => Value::String("x".repeat(self.below(3000))),
            8 => (0..self.below(4)).map(|_| json!(self.below(1 << 20))).collect(),
            9 => (0..self.below(4)).map(|_| self.value()).collect(),
            10 => json!({"basis": self.value(), "levels": self.value()}),
            11 => Value::Array(vec![json!(self.below(9000)); self.below(200)]),
            12 => Value::Array(vec![json!([0, 0]); self.below(50)]),
            _ => json!({}),
        }
    }

    /// Changes something somewhere in a JSON value.
    fn mutate(&mut self, value: &mut Value) {
        match value {
            Value::Object(map) if !map.is_empty() && self.below(8) > 0 => {
                let key = map.keys().nth(self.below(map.len())).unwrap().clone();
                match self.below(8) {
                    0 => drop(map.remove(&key)),
                    1 => drop(map.insert(format!("{key}x"), self.value())),
                    _ => self.mutate(&mut map[&key]),
                }
            }
            Value::Array(list) if !list.is_empty() && self.below(4) > 0 => {
                let at = self.below(list.len());
                match self.below(6) {
                    0 => drop(list.remove(at)),
                    1 => list.insert(at, list[at].clone()),
                    _ => self.mutate(&mut list[at]),
                }
            }
            other => *other = self.value(),
        }
    }

    /// Changes a node of a network: its weights, their dimensions, its inputs, or its bytes.
    fn mutate_function(&mut self, function: &mut Function) {
        if function.node.is_empty() {
            return;
        }
        let at = self.below(function.node.len());
        let Ok(mut node) = Node::decode(function.node[at].as_slice()) else { return };
        let dimension = [0, 1, -1, i64::MAX, i64::MIN, 1 << 32, 3][self.below(7)];
        match (self.below(9), node.attribute.first_mut().and_then(|a| a.tensor.as_mut())) {
            (0, Some(tensor)) if !tensor.dims.is_empty() => {
                let k = self.below(tensor.dims.len());
                tensor.dims[k] = dimension;
            }
            (1, Some(tensor)) => tensor.dims.push(dimension),
            (2, Some(tensor)) => {
                // Empty rows: the dimensions and the data agree.
                let last = tensor.dims.len().saturating_sub(1);
                tensor.dims.iter_mut().skip(last).for_each(|d| *d = 0);
                tensor.raw_data.clear();
            }
            (3, Some(tensor)) => tensor.raw_data.truncate(self.below(tensor.raw_data.len())),
            (4, Some(tensor)) => tensor.data_type = self.below(20) as i32,
            (5, _) => node.op_type = ["MatMul", "Constant", "CastLike", "", "Add"][self.below(5)].into(),
            (6, _) => node.input.reverse(),
            (7, _) => drop(function.node.swap_remove(at)),
            _ => {
                let bytes = &mut function.node[at];
                bytes.truncate(self.below(bytes.len()));
                return;
            }
        }
        if at < function.node.len() {
            function.node[at] = node.encode_to_vec();
        }
    }
}

/// Runs `case` on many lists of random numbers; says how many files were accepted.
fn many(case: impl Fn(&mut Choices) -> Vec<u8>) -> usize {
    let accepted = std::cell::Cell::new(0);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let numbers = prop::collection::vec(any::<u64>(), 24);
    let result = TestRunner::new(config).run(&numbers, |numbers| {
        if read(&case(&mut Choices(numbers.into_iter()))) {
            accepted.set(accepted.get() + 1);
        }
        Ok(())
    });
    result.unwrap();
    let peak = ALLOCATED.peak_usage_as_mb();
    assert!(peak < MOST_MEGABYTES, "{peak} MB were allocated at a time");
    accepted.get()
}

#[test]
fn unchanged_files_are_accepted() {
    for model in models() {
        assert!(read(&with_trailer(model.encode_to_vec())));
    }
}

#[test]
fn random_bytes() {
    let result = many(|choices| {
        let bytes: Vec<u8> = choices.0.by_ref().flat_map(u64::to_le_bytes).collect();
        with_trailer(bytes)
    });
    assert_eq!(result, 0);
}

#[test]
fn files_with_changed_bytes() {
    let bodies: Vec<Vec<u8>> = models().iter().map(Message::encode_to_vec).collect();
    let accepted = many(|choices| {
        let mut bytes = bodies[choices.below(bodies.len())].clone();
        for _ in 0..=choices.below(4) {
            let (at, n) = (choices.below(bytes.len()), choices.below(40));
            match choices.below(5) {
                0 => bytes.truncate(at),
                1 => bytes[at..].iter_mut().take(1).for_each(|b| *b ^= 1 << choices.below(8)),
                2 => bytes[at..].iter_mut().take(n).for_each(|b| *b = choices.below(256) as u8),
                3 => drop(bytes.drain(at..(at + n).min(bytes.len()))),
                _ => bytes.extend_from_within(at..(at + n).min(bytes.len())),
            }
            if bytes.is_empty() {
                break;
            }
        }
        with_trailer(bytes)
    });
    assert!(accepted > 0, "every case was refused: nothing but the first check was tested");
}

#[test]
fn files_with_changed_contracts() {
    let models = models();
    let accepted = many(|choices| {
        let mut model = models[choices.below(models.len())].clone();
        edit_contract(&mut model, |contract| {
            for _ in 0..=choices.below(2) {
                choices.mutate(contract);
            }
        });
        with_trailer(model.encode_to_vec())
    });
    assert!(accepted > 0, "every case was refused: nothing but the first check was tested");
}

#[test]
fn files_with_changed_networks() {
    let models = models();
    let accepted = many(|choices| {
        let mut model = models[choices.below(models.len())].clone();
        for _ in 0..=choices.below(3) {
            let at = choices.below(model.functions.len());
            choices.mutate_function(&mut model.functions[at]);
        }
        with_trailer(model.encode_to_vec())
    });
    assert!(accepted > 0, "every case was refused: nothing but the first check was tested");
}

fn refusal(edit: impl FnOnce(&mut Value)) -> String {
    let mut model = models().remove(2);
    edit_contract(&mut model, edit);
    let file = match ModelFile::open("m.onnx", &with_trailer(model.encode_to_vec())) {
        Ok(file) => file,
        Err(error) => return error.to_string(),
    };
    file.take_apart().unwrap_err().to_string()
}

#[test]
fn sizes_that_the_file_does_not_have_are_refused() {
    let text = refusal(|c| c["neuron"] = json!([8, 1_000_000_000_000_u64]));
    assert!(text.contains("neuron is [8, 1000000000000], expected widths of 1 to 8192"), "{text}");
    let text = refusal(|c| c["neuron"] = json!([8, 8192]));
    assert!(text.contains("too few for the 8192 weights or more that the contract promises"), "{text}");
    let text = refusal(|c| c["numb_aparam"] = json!(65_536));
    assert!(text.contains("network fitting_0 has") && text.contains("too few for the"), "{text}");
    let text = refusal(|c| c["sel"] = json!([50_000, 50_001]));
    assert!(
        text.contains("sel is [50000, 50001], expected one number of slots per type, 1 to 100000 in all"),
        "{text}"
    );
    let text = refusal(|c| {
        c["reduced"]["levels"][0]["columns"] = json!([2, 4096]);
        c["reduced"]["levels"][0]["mean"][1] = Value::Array(vec![json!(0.0); 4096]);
    });
    assert!(text.contains("network fitting_1 has") && text.contains("too few for the 8394752 weights"), "{text}");
    let text = refusal(|c| {
        c["reduced"]["levels"][0]["columns"] = json!([2, 4]);
        c["reduced"]["levels"][0]["mean"][1] = json!([0.0, 0.0, 0.0, 0.0]);
    });
    assert!(text.contains("basis basis of the model file has") && text.contains("and 4 columns or more"), "{text}");
}

#[test]
fn first_layer_with_empty_rows_is_refused() {
    let mut model = models().remove(0);
    let function = model.functions.iter_mut().find(|f| f.name == "fitting_0").unwrap();
    for bytes in &mut function.node {
        let mut node = Node::decode(bytes.as_slice()).unwrap();
        let Some(tensor) = node.attribute.first_mut().and_then(|a| a.tensor.as_mut()) else { continue };
        if tensor.dims.len() == 2 {
            (tensor.dims[1], tensor.raw_data) = (0, Vec::new());
            *bytes = node.encode_to_vec();
        }
    }
    // Weights elsewhere keep the file large enough.
    function.node.push(vec![0x7a; 1].into_iter().chain([0x80, 0x80, 1]).chain(vec![0; 1 << 14]).collect());
    let file = ModelFile::open("m.onnx", &with_trailer(model.encode_to_vec())).unwrap();
    let text = file.take_apart().unwrap_err().to_string();
    assert!(text.contains("network fitting_0 of the model file is malformed"), "{text}");
}
