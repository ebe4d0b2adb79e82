// SPDX-License-Identifier: MIT
//! The model contract: everything a model file says of itself beside its networks, checked as a whole before the first step.
//!
//! Python writes and checks the same by `scripts/deepion/model/contract.schema.json`; tests hold both to the same cases.

mod pair_table;
mod part;
mod rules;

pub use pair_table::{NearestSwitch, NeighborsOf, PairTable};
pub use part::{CUBIC, Embedding, Gate, Part};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::steps::features_of;

/// What makes model files, as messages call it: in the repository, and where the wheel is installed.
pub const EXPORTER: &str = "scripts/export_onnx.py (deepion export)";

/// The contract as stored in the model file (JSON). Lengths in Angstrom, energies in eV; `ntypes` = `type_map.len()`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Program that wrote the file.
    pub producer: String,
    /// Element names; the index is the model's type.
    pub type_map: Vec<String>,
    /// The descriptors, in the order of the fitting net's input.
    pub parts: Vec<Part>,
    /// Activation function of the fitting nets.
    pub activation_function: Activations,
    /// Widths of the fitting nets' hidden layers.
    pub fitting_neuron: Vec<usize>,
    /// Type pairs that are no neighbors at all.
    pub pair_exclude_types: Vec<[usize; 2]>,
    /// Types without an energy of their own.
    pub atom_exclude_types: Vec<usize>,
    /// The fitting functions.
    pub fitting: Fitting,
    /// How the fitting nets take the descriptor; none in files of format 1.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub descriptor_layout: Option<DescriptorLayout>,
    /// Factor on the fitting net's output, per center type.
    pub energy_scale: Vec<f64>,
    /// Added to the scaled output, eV, per center type.
    pub energy_shift: Vec<f64>,
    /// Number of frame parameters.
    pub numb_fparam: usize,
    /// Number of atomic parameters.
    pub numb_aparam: usize,
    /// Frame parameters to use when none are given.
    #[serde(deserialize_with = "Option::deserialize")]
    pub default_fparam: Option<Vec<f64>>,
    /// `float32` or `float64`: precision of the training.
    pub precision: String,
    /// Smallest distance of the training data, where known.
    #[serde(deserialize_with = "Option::deserialize")]
    pub min_nbor_dist: Option<f64>,
    /// Units of the file.
    pub units: Units,
    /// Where the model came from.
    pub source: Source,
    /// A table of pair energies, where the model has one.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub pair_table: Option<PairTable>,
    /// Reduced networks, where the file has them.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub reduced: Option<Reduced>,
}

/// A key that may be missing, but not null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> std::result::Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// How the fitting nets of a file take the descriptor `D[m][a]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DescriptorLayout {
    /// a is faster.
    AxisFastest,
    /// a is faster, and only the first matrix product uses D: the rows of that matrix may be reordered.
    AxisFastestFirstLayerOnly,
}

/// The reduced networks of a model. A center type has columns a(p): sums over real neighbors of (g0 psi(p) - pad(p);
/// g1 psi(p) u) with psi = G basis, divided by the number of slots; its net takes a(p) . a(q) for p < products and p <= q, and the
/// first row.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduced {
    /// What they were chosen and measured on.
    pub sample: String,
    /// The networks, from the largest force error to the smallest.
    pub levels: Vec<ReducedLevel>,
}

/// Reduced networks of all center types for one force error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReducedLevel {
    /// As measured at export, eV/A RMS.
    pub force_error: f64,
    /// As measured at export, eV per atom RMS.
    pub energy_error: f64,
    /// Name of the basis function per center type: G [n, M] -> psi [n, columns or more].
    pub basis: Vec<String>,
    /// Columns of the basis in use, per center type.
    pub columns: Vec<usize>,
    /// Columns, the first ones, whose products with all are features, per center type.
    pub products: Vec<usize>,
    /// Taken off the first row of A: columns values per center type.
    pub mean: Vec<Vec<f64>>,
    /// Name of the fitting function per center type: [features](ReducedLevel::features) -> energy, gradient.
    pub fitting: Vec<String>,
}

impl Reduced {
    /// The cheapest level whose force error is at most `force_error` (eV/A RMS).
    #[must_use]
    pub fn level(&self, force_error: f64) -> Option<&ReducedLevel> {
        self.levels
            .iter()
            .filter(|l| l.force_error <= force_error)
            .max_by(|a, b| a.force_error.total_cmp(&b.force_error))
    }
}

impl ReducedLevel {
    /// Features of a center type's net.
    #[must_use]
    pub fn features(&self, center: usize) -> usize {
        features_of(self.products[center], self.columns[center])
    }
}

/// Activation functions, by DeePMD-kit's names; those of the embedding are with the parts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activations {
    /// Of the fitting nets.
    pub fitting: String,
}

/// The names of the fitting functions D [n, len] (, parameters) -> energy, its gradient.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fitting {
    /// One function for all center types, which has the input type `[1]` after D.
    Shared(String),
    /// A function per center type.
    PerType(Vec<String>),
}

impl Fitting {
    /// Name of every function.
    #[must_use]
    pub fn functions(&self) -> &[String] {
        match self {
            Self::Shared(name) => std::slice::from_ref(name),
            Self::PerType(names) => names,
        }
    }
}

/// Units of the file; anything but eV and Angstrom is refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// `eV`.
    pub energy: String,
    /// `Angstrom`.
    pub length: String,
}

/// Provenance of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// File that was exported.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Program and version that wrote it.
    pub software: String,
}

impl Contract {
    /// Closer than this, A, no atoms of a solid, liquid or molecule are (H2: 0.74).
    pub const TOO_CLOSE: f64 = 0.5;

    /// Smallest distance, A, that the model can know: that of its training data, or where the file does not say it, one that
    /// no data have.
    #[must_use]
    pub fn closest_pair(&self) -> f64 {
        self.min_nbor_dist.unwrap_or(Self::TOO_CLOSE)
    }

    /// Reads and checks a contract.
    ///
    /// ```
    /// use deepion_potential::Contract;
    ///
    /// let error = Contract::from_json(r#"{"parts": [], "descriptor_layout": "axis_fastest"}"#).err().expect("refused");
    /// assert!(error.to_string().contains("missing field `producer`"));
    /// ```
    ///
    /// # Errors
    /// Names the key that is missing or wrong, what was found and what was expected.
    pub fn from_json(text: &str) -> Result<Self> {
        let refuse = |e| Error::Model(format!("model contract (metadata deepion_contract): {e}{}", advice(&e)));
        let value: Value = serde_json::from_str(text).map_err(refuse)?;
        // A list of the values in their order would be read like an object with its keys.
        if let Some(key) = lists_for_objects(&value) {
            return Err(Error::Model(format!(
                "model contract (metadata deepion_contract): {key} is a list, expected an object with keys"
            )));
        }
        let contract: Self = serde_json::from_value(with_bases(with_parts(value)?)).map_err(refuse)?;
        rules::check(&contract)?;
        Ok(contract)
    }

    /// Number of types.
    #[must_use]
    pub fn ntypes(&self) -> usize {
        self.type_map.len()
    }

    /// The largest cutoff, A.
    #[must_use]
    pub fn rcut(&self) -> f64 {
        self.parts.iter().map(|p| p.rcut).chain(self.pair_table.iter().map(|t| t.rcut)).fold(0.0, f64::max)
    }

    /// Name of every function of the model file.
    pub fn functions(&self) -> impl Iterator<Item = &String> {
        let levels = self.reduced.iter().flat_map(|r| &r.levels);
        let reduced = levels.flat_map(|l| l.basis.iter().chain(&l.fitting));
        let table = self.pair_table.iter().map(|t| &t.function);
        self.parts.iter().flat_map(Part::functions).chain(self.fitting.functions()).chain(table).chain(reduced)
    }

    /// Length of the descriptors of all parts.
    #[must_use]
    pub fn descriptor_len(&self) -> usize {
        self.parts.iter().map(Part::len).sum()
    }

    /// Number of parameters beside the descriptor that a fitting net takes.
    #[must_use]
    pub fn numb_param(&self) -> usize {
        self.numb_fparam + self.numb_aparam
    }
}

fn advice(error: &serde_json::Error) -> &'static str {
    if error.to_string().starts_with("unknown field") {
        "; the file is newer than this deepion, or damaged: update deepion"
    } else {
        ""
    }
}

/// The first place where an object is expected and a list stands.
fn lists_for_objects(contract: &Value) -> Option<String> {
    let places = ["", "/activation_function", "/units", "/source", "/reduced", "/pair_table", "/pair_table/switch"]
        .map(String::from)
        .into_iter();
    let of_list = |list: &'static str, key: &'static str| {
        let count = contract.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
        (0..count).map(move |k| format!("{list}/{k}{key}"))
    };
    let mut places =
        places.chain(of_list("/reduced/levels", "")).chain(of_list("/parts", "")).chain(of_list("/parts", "/gate"));
    let found = places.find(|place| contract.pointer(place).is_some_and(Value::is_array))?;
    Some(if found.is_empty() { "it".into() } else { found[1..].replace('/', ".") })
}

/// A contract whose levels of reduced networks share a basis and take products of all columns, as once written, in the form of today.
fn with_bases(mut contract: Value) -> Value {
    let Some(reduced) = contract.get_mut("reduced").and_then(Value::as_object_mut) else { return contract };
    let shared = reduced.remove("basis");
    for level in reduced.get_mut("levels").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(level) = level.as_object_mut() else { continue };
        if let (Some(shared), false) = (&shared, level.contains_key("basis")) {
            level.insert("basis".into(), shared.clone());
        }
        if let (Some(all), false) = (level.get("columns").cloned(), level.contains_key("products")) {
            level.insert("products".into(), all);
        }
    }
    contract
}

/// Keys of the descriptor in files of format 1, which have one and no `parts`.
const PART_KEYS: [&str; 12] = [
    "descriptor",
    "rcut",
    "rcut_smth",
    "env_protection",
    "sel",
    "davg",
    "dstd",
    "neuron",
    "axis_neuron",
    "type_one_side",
    "embedding",
    "exclude_types",
];

/// A contract of format 1 in the form of format 2; any other as it is.
///
/// # Errors
/// A contract of format 2 without layout; functions shared by types, which format 1 does not have.
fn with_parts(mut contract: Value) -> Result<Value> {
    let Some(keys) = contract.as_object_mut() else { return Ok(contract) };
    if keys.contains_key("parts") {
        return if keys.contains_key("descriptor_layout") {
            Ok(contract)
        } else {
            Err(Error::Model("model contract (metadata deepion_contract): missing field `descriptor_layout`".into()))
        };
    }
    for key in ["embedding", "fitting"] {
        if let Some(Value::String(name)) = keys.get(key) {
            return Err(Error::Model(format!(
                "model contract (metadata deepion_contract): {key} is {name:?}, expected a list of names; export the model again \
                 with {EXPORTER}"
            )));
        }
    }
    let mut part = serde_json::Map::new();
    for key in PART_KEYS {
        part.extend(keys.remove_entry(key));
    }
    let activation = keys.get_mut("activation_function").and_then(Value::as_object_mut);
    if let Some(activation) = activation.and_then(|of| of.remove("embedding")) {
        part.insert("activation".into(), activation);
    }
    keys.insert("parts".into(), Value::Array(vec![Value::Object(part)]));
    Ok(contract)
}
