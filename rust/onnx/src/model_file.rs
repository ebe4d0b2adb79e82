//! A deepion model file: opened, checked as a whole, and taken apart into networks.
//!
//! Format version 1: an ONNX model whose graph evaluates the whole potential and whose local functions are its networks,
//! with the contract as metadata and, as its last bytes, the SHA-256 of all bytes before.

use deepion_potential::{Contract, Error, Result};
use prost::Message;
use sha2::{Digest, Sha256};

use crate::proto::{ElementType, Entry, Function, Graph, Model, Trailer, rows_of};

/// The newest format version this crate reads.
const FORMAT: u32 = 1;
const FORMAT_KEY: &str = "deepion_format";
const CONTRACT_KEY: &str = "deepion_contract";
const HASH_KEY: &str = "deepion_sha256";

/// A checked model file.
pub struct ModelFile {
    /// The contract.
    pub contract: Contract,
    /// SHA-256 of the whole file, lowercase hex.
    pub sha256: String,
    bytes: Vec<u8>,
    functions: Vec<Function>,
    ir_version: i64,
}

impl ModelFile {
    /// Opens a model from the bytes of its file; `name` is how messages call it.
    ///
    /// # Errors
    /// Says what is wrong with the file and what to do.
    pub fn open(name: &str, bytes: &[u8]) -> Result<Self> {
        let fail = |what: String| Error::Model(format!("model file {name}: {what}"));
        if bytes.is_empty() {
            return Err(fail("the file is empty".into()));
        }
        let model = Model::decode(bytes).map_err(|e| {
            fail(format!("not an ONNX model, or cut off ({e}); export one with scripts/export_onnx.py"))
        })?;
        if model.graph.is_none() || model.ir_version <= 0 {
            return Err(fail(
                "not an ONNX model, or cut off (no graph); export one with scripts/export_onnx.py".into(),
            ));
        }
        let metadata = |key: &str| model.metadata_props.iter().find(|e| e.key == key).map(|e| &*e.value);
        let Some(format) = metadata(FORMAT_KEY) else {
            return Err(fail(format!(
                "an ONNX model, but not a deepion model (no metadata {FORMAT_KEY}); export a DeePMD-kit model with scripts/export_onnx.py"
            )));
        };
        match format.parse::<u32>() {
            Ok(FORMAT) => (),
            Ok(newer) if newer > FORMAT => {
                return Err(fail(format!(
                    "format version {newer} is newer than this deepion understands ({FORMAT}); update deepion or export the model again"
                )));
            }
            _ => {
                return Err(fail(format!(
                    "metadata {FORMAT_KEY} is {format:?}, expected {FORMAT}; export the model again"
                )));
            }
        }
        let contract = metadata(CONTRACT_KEY).ok_or_else(|| {
            fail(format!("metadata {CONTRACT_KEY} is missing; export the model again with scripts/export_onnx.py"))
        })?;
        let contract = Contract::from_json(contract).map_err(|e| fail(e.to_string()))?;
        if !intact(bytes) {
            return Err(fail(format!(
                "changed, damaged or cut off since its export (its content does not match metadata {HASH_KEY}); export the model again"
            )));
        }
        let named = contract.embedding.iter().flatten().flatten().chain(&contract.fitting);
        for function in named {
            if !model.functions.iter().any(|f| f.name == *function) {
                return Err(fail(format!(
                    "network {function} of the contract is not in the file; export the model again"
                )));
            }
        }
        Ok(Self {
            contract,
            sha256: hex(&Sha256::digest(bytes)),
            bytes: bytes.to_vec(),
            functions: model.functions,
            ir_version: model.ir_version,
        })
    }

    /// The whole file, an ONNX model.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Drops the networks once their sessions run; the whole file stays.
    pub fn drop_networks(&mut self) {
        self.functions = Vec::new();
    }

    /// The embedding net `name` as an ONNX model of its own: `s` [n, 1] -> G, dG/ds [n, M].
    ///
    /// # Errors
    /// The function has other inputs or outputs than it must.
    pub(crate) fn embedding(&self, name: &str, element: ElementType) -> Result<Vec<u8>> {
        let width = self.contract.width();
        self.network(name, element, &[1], &[width, width])
    }

    /// The fitting net `name` as an ONNX model of its own: D [n, M axis] (, parameters) -> energy [n, 1], dE/dD.
    ///
    /// # Errors
    /// The function has other inputs or outputs than it must.
    pub(crate) fn fitting(&self, name: &str, element: ElementType) -> Result<Vec<u8>> {
        let descriptor = self.contract.descriptor_len();
        match self.contract.numb_param() {
            0 => self.network(name, element, &[descriptor], &[1, descriptor]),
            param => self.network(name, element, &[descriptor, param], &[1, descriptor]),
        }
    }

    fn network(&self, name: &str, element: ElementType, inputs: &[usize], outputs: &[usize]) -> Result<Vec<u8>> {
        let function = self
            .functions
            .iter()
            .find(|f| f.name == name)
            .ok_or_else(|| Error::Model(format!("network {name} of the contract is not in the model file")))?;
        if function.input.len() != inputs.len() || function.output.len() != outputs.len() {
            return Err(Error::Model(format!(
                "network {name} has {} inputs and {} outputs, expected {} and {}; export the model again",
                function.input.len(),
                function.output.len(),
                inputs.len(),
                outputs.len()
            )));
        }
        let values = |names: &[String], columns: &[usize]| {
            names.iter().zip(columns).map(|(n, &c)| rows_of(n, element, c)).collect()
        };
        let graph = Graph {
            node: function.node.clone(),
            name: name.into(),
            input: values(&function.input, inputs),
            output: values(&function.output, outputs),
        };
        let model = Model {
            ir_version: self.ir_version,
            graph: Some(graph.encode_to_vec()),
            opset_import: function.opset_import.clone(),
            metadata_props: Vec::new(),
            functions: Vec::new(),
        };
        Ok(model.encode_to_vec())
    }
}

/// Whether the file ends in the hash of all bytes before the end.
fn intact(bytes: &[u8]) -> bool {
    let trailer = |hash: String| Trailer { entry: Some(Entry { key: HASH_KEY.into(), value: hash }) }.encode_to_vec();
    let length = trailer("0".repeat(64)).len();
    let Some(body) = bytes.len().checked_sub(length) else { return false };
    let (body, end) = bytes.split_at(body);
    end == trailer(hex(&Sha256::digest(body)))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
