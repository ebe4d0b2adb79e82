// SPDX-License-Identifier: MIT
//! A deepion model file: opened, checked as a whole, and taken apart into networks.
//!
//! An ONNX model whose graph evaluates the whole potential and whose local functions are its networks, with the contract as metadata
//! and, as its last bytes, the SHA-256 of all bytes before. Format 1 holds one `se_e2_a` with a net per pair of types; format 2 any
//! descriptors that [`Contract`] knows.

use deepion_potential::{
    Contract, DescriptorLayout, EXPORTER, Error, Fitting, FittingSteps, Part, ReducedLevel, Result,
};
use ndarray::Array2;
use prost::Message;
use sha2::{Digest, Sha256};

use crate::fitting_steps::{self, Inputs};
use crate::proto::{ElementType, Entry, Function, Graph, Model, Tensor, Trailer, index, rows_of};
use crate::weights::{self, RowBlock};

/// The newest format version this crate reads.
const FORMAT: u32 = 2;
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
    /// ```
    /// use deepion_onnx::ModelFile;
    ///
    /// let bytes = include_bytes!("../tests/data/two_sided.onnx");
    /// let file = ModelFile::open("two_sided.onnx", bytes)?;
    /// assert_eq!(file.contract.ntypes(), file.contract.type_map.len());
    ///
    /// let error = ModelFile::open("cut.onnx", &bytes[..1000]).err().expect("half a file is refused");
    /// assert!(error.to_string().contains("cut.onnx"));
    /// # Ok::<(), deepion_potential::Error>(())
    /// ```
    ///
    /// # Errors
    /// Says what is wrong with the file and what to do.
    pub fn open(name: &str, bytes: &[u8]) -> Result<Self> {
        let fail = |what: String| Error::Model(format!("model file {name}: {what}"));
        if bytes.is_empty() {
            return Err(fail("the file is empty".into()));
        }
        let model = Model::decode(bytes)
            .map_err(|e| fail(format!("not an ONNX model, or cut off ({e}); export one with {EXPORTER}")))?;
        if model.graph.is_none() || model.ir_version <= 0 {
            return Err(fail(format!("not an ONNX model, or cut off (no graph); export one with {EXPORTER}")));
        }
        let metadata = |key: &str| model.metadata_props.iter().find(|e| e.key == key).map(|e| &*e.value);
        let Some(format) = metadata(FORMAT_KEY) else {
            return Err(fail(format!(
                "an ONNX model, but not a deepion model (no metadata {FORMAT_KEY}); export a DeePMD-kit model with {EXPORTER}"
            )));
        };
        match format.parse::<u32>() {
            Ok(1..=FORMAT) => (),
            Ok(newer) if newer > FORMAT => {
                return Err(fail(format!(
                    "format version {newer} is newer than this deepion understands ({FORMAT}); update deepion or export the model again"
                )));
            }
            _ => {
                return Err(fail(format!(
                    "metadata {FORMAT_KEY} is {format:?}, expected 1 to {FORMAT}; export the model again"
                )));
            }
        }
        let contract = metadata(CONTRACT_KEY).ok_or_else(|| {
            fail(format!("metadata {CONTRACT_KEY} is missing; export the model again with {EXPORTER}"))
        })?;
        let contract = Contract::from_json(contract).map_err(|e| fail(e.to_string()))?;
        if !intact(bytes) {
            return Err(fail(format!(
                "changed, damaged or cut off since its export (its content does not match metadata {HASH_KEY}); export the model again"
            )));
        }
        for (function, values) in sizes(&contract) {
            let Some(found) = model.functions.iter().find(|f| f.name == *function) else {
                return Err(fail(format!(
                    "network {function} of the contract is not in the file; export the model again"
                )));
            };
            // Nothing is allocated by sizes that the contract claims and the file does not have.
            if found.encoded_len() / size_of::<f32>() < values {
                return Err(fail(format!(
                    "network {function} has {} bytes, too few for the {values} weights or more that the contract promises; export \
                     the model again",
                    found.encoded_len()
                )));
            }
        }
        Ok(Self {
            contract,
            sha256: format!("{:x}", Sha256::digest(bytes)),
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

    /// Drops the whole file: [`ModelFile::bytes`] are none until [`ModelFile::restore_file`].
    pub fn drop_file(&mut self) {
        self.bytes = Vec::new();
    }

    /// Takes a dropped file in again.
    ///
    /// # Errors
    /// It is another one.
    pub fn restore_file(&mut self, bytes: &[u8]) -> Result<()> {
        let found = format!("{:x}", Sha256::digest(bytes));
        if found != self.sha256 {
            let expected = &self.sha256;
            return Err(Error::Model(format!("another model file than before: SHA-256 {found}, expected {expected}")));
        }
        self.bytes = bytes.to_vec();
        Ok(())
    }

    /// Drops the networks once their sessions run; the whole file stays.
    pub fn drop_networks(&mut self) {
        self.functions = Vec::new();
    }

    /// Takes dropped networks out of the whole file again.
    pub fn restore_networks(&mut self) {
        if self.functions.is_empty()
            && let Ok(model) = Model::decode(&*self.bytes)
        {
            self.functions = model.functions;
        }
    }

    /// The embedding net `name` as an ONNX model of its own: `s` [n, 1] (, pair [1]) -> G, dG/ds [n, M]; and whether it has the pair
    /// as an input.
    ///
    /// # Errors
    /// The function has other inputs or outputs than it must.
    pub(crate) fn embedding(&self, part: &Part, name: &str, element: ElementType) -> Result<(Vec<u8>, bool)> {
        let (width, with_pair) = (part.width(), self.function(name)?.input.len() == 2);
        let inputs: &[Input] = if with_pair { &[Input::Rows(1), Input::Index] } else { &[Input::Rows(1)] };
        Ok((self.network(name, element, (inputs, &[width, width]), |_, _| Ok(()))?, with_pair))
    }

    /// The gate `name` of a descriptor as an ONNX model of its own: pair [1] -> t [1, M].
    ///
    /// # Errors
    /// The function has other inputs or outputs than it must.
    pub(crate) fn gate(&self, part: &Part, name: &str) -> Result<Vec<u8>> {
        self.network(name, ElementType::Float64, (&[Input::Index], &[part.width()]), |_, _| Ok(()))
    }

    /// The fitting net `name` as an ONNX model of its own: D (, type [1]) (, parameters) -> energy [n, 1], dE/dD, and whether each
    /// descriptor with directions, [n, axis M], has m faster there: the rows of the first layer's weights are put in that order,
    /// unless D is used otherwise, too.
    ///
    /// Files that do not say how D is used are of versions whose first layer passes D on (a skip connection) exactly where its
    /// width is once or twice that of its input.
    ///
    /// # Errors
    /// The function has other inputs or outputs than it must, or another first layer.
    pub(crate) fn fitting(&self, name: &str, element: ElementType) -> Result<(Vec<u8>, bool)> {
        let (descriptor, param) = (self.contract.descriptor_len(), self.contract.numb_param());
        let skips = |&neuron: &usize| neuron == descriptor + param || neuron == 2 * (descriptor + param);
        let mut inputs = vec![Input::Rows(descriptor)];
        if matches!(self.contract.fitting, Fitting::Shared(_)) {
            inputs.push(Input::Index);
        }
        if param > 0 {
            inputs.push(Input::Rows(param));
        }
        let m_faster = match self.contract.descriptor_layout {
            Some(layout) => layout == DescriptorLayout::AxisFastestFirstLayerOnly,
            None => self.contract.fitting_neuron.first().is_some_and(|n| !skips(n)),
        };
        let blocks = self.transposed_blocks();
        let model = self.network(name, element, (&inputs, &[1, descriptor]), |nodes, weights| {
            if m_faster { weights::transpose_rows(nodes, weights, &blocks) } else { Ok(()) }
        })?;
        Ok((model, m_faster))
    }

    /// The descriptors with directions among the fitting net's inputs.
    pub(crate) fn transposed_blocks(&self) -> Vec<RowBlock> {
        let mut first = 0;
        let mut blocks = Vec::new();
        for part in &self.contract.parts {
            if !part.is_radial() {
                blocks.push(RowBlock { first, fast: part.width(), slow: part.axis_neuron });
            }
            first += part.len();
        }
        blocks
    }

    /// The reduced fitting net `name` as an ONNX model of its own: features (, parameters) -> energy [n, 1], its gradient by
    /// the features.
    ///
    /// # Errors
    /// The function has other inputs or outputs than it must.
    pub(crate) fn reduced_fitting(&self, name: &str, features: usize, element: ElementType) -> Result<Vec<u8>> {
        let mut inputs = vec![Input::Rows(features)];
        if self.contract.numb_param() > 0 {
            inputs.push(Input::Rows(self.contract.numb_param()));
        }
        self.network(name, element, (&inputs, &[1, features]), |_, _| Ok(()))
    }

    /// The fitting nets of a reduced level, per center type, where they consist of steps that are known.
    ///
    /// # Errors
    /// A net is not in the file.
    pub fn reduced_steps(&self, level: &ReducedLevel) -> Result<Vec<Option<FittingSteps>>> {
        let steps = |(center, name): (usize, &String)| {
            let inputs =
                Inputs { features: level.features(center), center: None, parameters: self.contract.numb_param() };
            Ok(fitting_steps::read(self.function(name)?, inputs))
        };
        level.fitting.iter().enumerate().map(steps).collect()
    }

    /// The full fitting nets of the types `in_use` [of different products](FittingSteps::of_different_products), where they consist of
    /// steps that are known; none for models with several descriptors or one without directions.
    ///
    /// # Errors
    /// A net is not in the file.
    pub fn full_steps(&self, in_use: &[bool]) -> Result<Vec<Option<FittingSteps>>> {
        let contract = &self.contract;
        let of_center = |(center, in_use): (usize, &bool)| {
            let part = match &*contract.parts {
                [part] if *in_use && !part.is_radial() => part,
                _ => return Ok(None),
            };
            let (name, with_type) = match &contract.fitting {
                Fitting::Shared(name) => (name, true),
                Fitting::PerType(names) => (&names[center], false),
            };
            let inputs =
                Inputs { features: part.len(), center: with_type.then_some(center), parameters: contract.numb_param() };
            let net = fitting_steps::read(self.function(name)?, inputs);
            Ok(net.and_then(|net| net.of_different_products(part.axis_neuron)))
        };
        in_use.iter().enumerate().map(of_center).collect()
    }

    /// The coefficients of the table of pair energies, [pairs x intervals, 4]; none where the model has no such table.
    ///
    /// # Errors
    /// The function that the contract names holds no such matrix.
    pub fn pair_table(&self) -> Result<Option<Array2<f64>>> {
        let Some(table) = &self.contract.pair_table else { return Ok(None) };
        let name = &table.function;
        let found = weights::first_matrix(&self.function(name)?.node).map_err(|e| malformed(name, e))?;
        found.map(Some).ok_or_else(|| malformed(name, "it holds no matrix"))
    }

    /// The bases of a reduced level, per center type: M x columns, or more columns than are used.
    ///
    /// # Errors
    /// A basis is missing, has not M rows, or has fewer columns than the level uses.
    pub fn bases(&self, level: &ReducedLevel) -> Result<Vec<Array2<f64>>> {
        level.basis.iter().zip(&level.columns).map(|(name, &used)| self.basis(name, used)).collect()
    }

    fn basis(&self, name: &str, used: usize) -> Result<Array2<f64>> {
        let width = self.contract.parts.first().map_or(0, Part::width);
        let found = weights::first_matrix(&self.function(name)?.node).map_err(|e| malformed(name, e))?;
        let basis = found.ok_or_else(|| malformed(name, "it is no matrix"))?;
        let (rows, columns) = basis.dim();
        if rows != width || columns < used {
            return Err(Error::Model(format!(
                "basis {name} of the model file has {rows} rows and {columns} columns, expected {width} rows and {used} columns or \
                 more; export the model again"
            )));
        }
        Ok(basis)
    }

    /// Takes all networks out of the file, as starting them does, without running them: what a damaged file can go wrong by.
    ///
    /// # Errors
    /// A network is malformed.
    pub fn take_apart(&self) -> Result<()> {
        let contract = &self.contract;
        for element in [ElementType::Float32, ElementType::Float64] {
            for part in &contract.parts {
                for name in part.embedding.functions() {
                    self.embedding(part, name, element)?;
                }
                if let Some(gate) = &part.gate {
                    self.gate(part, &gate.function)?;
                }
            }
            for name in contract.fitting.functions() {
                self.fitting(name, element)?;
            }
            self.full_steps(&vec![true; contract.ntypes()])?;
            for level in contract.reduced.iter().flat_map(|r| &r.levels) {
                for (center, name) in level.fitting.iter().enumerate() {
                    self.reduced_fitting(name, level.features(center), element)?;
                }
                self.reduced_steps(level)?;
                self.bases(level)?;
            }
        }
        self.pair_table().map(|_| ())
    }

    fn function(&self, name: &str) -> Result<&Function> {
        self.functions
            .iter()
            .find(|f| f.name == name)
            .ok_or_else(|| Error::Model(format!("network {name} of the contract is not in the model file")))
    }

    fn network(
        &self,
        name: &str,
        element: ElementType,
        (inputs, outputs): (&[Input], &[usize]),
        prepare: impl FnOnce(&[Vec<u8>], &mut [Tensor]) -> std::result::Result<(), &'static str>,
    ) -> Result<Vec<u8>> {
        let function = self.function(name)?;
        if function.input.len() != inputs.len() || function.output.len() != outputs.len() {
            return Err(Error::Model(format!(
                "network {name} has {} inputs and {} outputs, expected {} and {}; export the model again",
                function.input.len(),
                function.output.len(),
                inputs.len(),
                outputs.len()
            )));
        }
        let of_input = |(name, input): (&String, &Input)| match input {
            Input::Rows(columns) => rows_of(name, element, *columns),
            Input::Index => index(name),
        };
        let (node, mut initializer) = weights::split(&function.node, element).map_err(|e| malformed(name, e))?;
        prepare(&node, &mut initializer).map_err(|why| malformed(name, why))?;
        let graph = Graph {
            node,
            name: name.into(),
            initializer,
            input: function.input.iter().zip(inputs).map(of_input).collect(),
            output: function.output.iter().zip(outputs).map(|(n, &c)| rows_of(n, element, c)).collect(),
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

/// An input of a network.
enum Input {
    /// Rows of so many floats.
    Rows(usize),
    /// One whole number.
    Index,
}

fn malformed(name: &str, why: impl std::fmt::Display) -> Error {
    Error::Model(format!("network {name} of the model file is malformed ({why}); export the model again"))
}

/// Whether a file ends in the hash of all bytes before the end, as exported ones do.
#[must_use]
pub fn intact(bytes: &[u8]) -> bool {
    let trailer = |hash: String| Trailer { entry: Some(Entry { key: HASH_KEY.into(), value: hash }) }.encode_to_vec();
    let length = trailer("0".repeat(64)).len();
    let Some(body) = bytes.len().checked_sub(length) else { return false };
    let (body, end) = bytes.split_at(body);
    end == trailer(format!("{:x}", Sha256::digest(body)))
}

/// Every network that a contract names, with a lower bound of its number of weights.
fn sizes(contract: &Contract) -> impl Iterator<Item = (&String, usize)> {
    let with_size = |size: usize| move |name| (name, size);
    let embeddings = contract.parts.iter().flat_map(move |p| p.functions().map(with_size(p.width())));
    let inputs = contract.descriptor_len() + contract.numb_param();
    let fittings = contract.fitting.functions().iter().map(with_size(inputs));
    let width = contract.parts.first().map_or(0, Part::width);
    let levels = || contract.reduced.iter().flat_map(|r| &r.levels);
    let bases = levels().flat_map(|l| &l.basis).map(with_size(width));
    let param = contract.numb_param();
    let nets = levels().flat_map(|l| l.fitting.iter().enumerate().map(move |(center, name)| (l, center, name)));
    let reduced = nets.map(move |(level, center, name)| (name, level.features(center) + param));
    let types = contract.ntypes();
    let table = contract.pair_table.iter().map(move |t| (&t.function, 4 * types * types * t.intervals));
    embeddings.chain(fittings).chain(table).chain(bases).chain(reduced)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &[u8] = include_bytes!("../tests/data/fparam_aparam.onnx");

    fn refusal(bytes: &[u8]) -> String {
        ModelFile::open("m.onnx", bytes).err().expect("accepted").to_string()
    }

    /// The model with its metadata edited and a trailer that fits.
    fn edited(edit: impl FnOnce(&mut Vec<Entry>)) -> Vec<u8> {
        let mut model = Model::decode(MODEL).unwrap();
        model.metadata_props.retain(|e| e.key != HASH_KEY);
        edit(&mut model.metadata_props);
        let mut bytes = model.encode_to_vec();
        let value = format!("{:x}", Sha256::digest(&bytes));
        bytes.extend(Trailer { entry: Some(Entry { key: HASH_KEY.into(), value }) }.encode_to_vec());
        bytes
    }

    fn set(entries: &mut [Entry], key: &str, edit: impl FnOnce(&str) -> String) {
        let entry = entries.iter_mut().find(|e| e.key == key).unwrap();
        entry.value = edit(&entry.value);
    }

    #[test]
    fn an_intact_file_opens() {
        let file = ModelFile::open("m.onnx", MODEL).unwrap();
        assert_eq!(file.sha256.len(), 64);
        assert_eq!((file.contract.numb_fparam, file.contract.numb_aparam), (2, 2));
        assert!(ModelFile::open("m.onnx", &edited(|_| ())).is_ok(), "the test's own editing must not break a file");
    }

    #[test]
    fn what_is_no_model_says_so() {
        assert_eq!(refusal(b""), "model file m.onnx: the file is empty");
        assert!(refusal(b"units metal\n").starts_with("model file m.onnx: not an ONNX model, or cut off"));
        assert!(refusal(&MODEL[..MODEL.len() / 2]).contains("cut off"));
        // IR version 8 and an empty graph: ONNX, but of nothing we know.
        assert!(
            refusal(&[0x08, 8, 0x3a, 0])
                .contains("an ONNX model, but not a deepion model (no metadata deepion_format)")
        );
    }

    #[test]
    fn metadata_is_checked_by_key() {
        let future = edited(|m| set(m, FORMAT_KEY, |_| "99".into()));
        assert!(
            refusal(&future).contains("format version 99 is newer than this deepion understands (2); update deepion")
        );
        let nonsense = edited(|m| set(m, FORMAT_KEY, |_| "one".into()));
        assert!(refusal(&nonsense).contains("metadata deepion_format is \"one\", expected 1"));
        let missing = edited(|m| m.retain(|e| e.key != CONTRACT_KEY));
        assert!(refusal(&missing).contains("metadata deepion_contract is missing"));
        let renamed = edited(|m| set(m, CONTRACT_KEY, |c| c.replace("\"rcut\"", "\"cutoff\"")));
        assert!(refusal(&renamed).contains("unknown field `cutoff`") && refusal(&renamed).contains("update deepion"));
        let nothing = edited(|m| set(m, CONTRACT_KEY, |_| "{}".into()));
        assert!(refusal(&nothing).contains("missing field `descriptor`"));
        let no_net = edited(|m| set(m, CONTRACT_KEY, |c| c.replace("\"fitting_0\"", "\"fitting_9\"")));
        assert!(refusal(&no_net).contains("network fitting_9 of the contract is not in the file"));
    }

    #[test]
    fn any_change_is_noticed() {
        // A generator with a fixed seed: the same 1,000 corruptions every time.
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut below = |n: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % n as u64) as usize
        };
        for k in 0..1000 {
            let mut bytes = MODEL.to_vec();
            match k % 5 {
                0 => bytes.truncate(below(MODEL.len())),
                1 => {
                    let at = below(MODEL.len());
                    bytes[at] ^= 1 << below(8);
                }
                2 => {
                    let at = below(MODEL.len());
                    bytes.insert(at, below(256) as u8);
                }
                3 => {
                    let (at, n) = (below(MODEL.len()), 1 + below(64));
                    bytes.drain(at..(at + n).min(MODEL.len()));
                }
                _ => {
                    let at = below(MODEL.len());
                    bytes[at..].iter_mut().take(64).for_each(|b| *b = b.wrapping_add(1 + below(255) as u8));
                }
            }
            assert!(refusal(&bytes).starts_with("model file m.onnx: "));
        }
    }
}
