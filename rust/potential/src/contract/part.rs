// SPDX-License-Identifier: MIT
//! One descriptor of a model. Most models have one; a hybrid has several, whose results are the fitting net's input in their order.

use serde::{Deserialize, Serialize};

use super::present;

/// The descriptor as stored in the model file (JSON). Lengths in Angstrom; `ntypes` = types of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What becomes of the sums over neighbors, by the name that `DeePMD-kit` has for it with one net per pair of types: `se_e2_a` or
    /// `se_e2_r`.
    pub descriptor: String,
    /// Cutoff.
    pub rcut: f64,
    /// Where the switch function starts.
    pub rcut_smth: f64,
    /// Added to r in 1/r.
    pub env_protection: f64,
    /// Slots for neighbors of each type; with `mixed_types` one number, for all types together.
    pub sel: Vec<usize>,
    /// Whether the nearest neighbors of all types together are kept, not those of each type.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mixed_types: bool,
    /// Mean of s(r) per center type.
    pub davg: Vec<f64>,
    /// Standard deviation of s(r) and of the three angular columns, per center type.
    pub dstd: Vec<[f64; 2]>,
    /// Widths of the embedding nets.
    pub neuron: Vec<usize>,
    /// Columns of the second factor of the descriptor; 0 for `se_e2_r`.
    pub axis_neuron: usize,
    /// Whether the embedding depends on the neighbor's type alone.
    pub type_one_side: bool,
    /// The embedding functions.
    pub embedding: Embedding,
    /// Activation function of the embedding.
    pub activation: String,
    /// The factor on the embedding that depends on the types, where it is apart from it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// Type pairs whose rows are zero in the descriptor, though the neighbor takes a slot.
    pub exclude_types: Vec<[usize; 2]>,
}

/// The names of the embedding functions s [n, 1] -> G, dG/ds [n, M].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Embedding {
    /// One function for all pairs of types; where they differ in it, it has the input pair `[1]` = center type * ntypes + neighbor type.
    Shared(String),
    /// A function per center type and neighbor type; none: the pair contributes nothing, not even padding.
    PerPair(Vec<Vec<Option<String>>>),
}

/// G = N (1 + t w) with the embedding function N and the switch w(r), or G = N (1 + t) where it is not smooth: `DeePMD-kit`'s
/// `tebd_input_mode` "strip".
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Name of the function pair `[1]` -> t `[1, M]`.
    pub function: String,
    /// Whether t fades with the switch.
    pub smooth: bool,
    /// By what it fades where that is not w: [`CUBIC`].
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub switch: Option<String>,
}

/// v = 1 - x^3 with x = max(0, 1 - `rcut_smth` w / (r + `env_protection`)), as `DeePMD-kit` has it in TensorFlow.
pub const CUBIC: &str = "cubic";

impl Part {
    /// Whether the sums are of the embeddings alone, without directions.
    #[must_use]
    pub fn is_radial(&self) -> bool {
        self.descriptor == "se_e2_r"
    }

    /// Width M of the embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.neuron.last().copied().unwrap_or(0)
    }

    /// Values of the descriptor: M x axis, or M.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.is_radial() { self.width() } else { self.width() * self.axis_neuron }
    }

    /// Whether it has no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Slots for neighbors in all.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.sel.iter().sum()
    }

    /// Slots that neighbors of a type can take.
    #[must_use]
    pub fn sel_of(&self, neighbor: usize) -> usize {
        if self.mixed_types { self.sel[0] } else { self.sel[neighbor] }
    }

    /// Name of the embedding function of a pair of types.
    #[must_use]
    pub fn embedding_of(&self, center: usize, neighbor: usize) -> Option<&str> {
        match &self.embedding {
            Embedding::Shared(name) => Some(name),
            Embedding::PerPair(names) => names[center][neighbor].as_deref(),
        }
    }

    /// Name of every embedding function, and of the gate.
    pub fn functions(&self) -> impl Iterator<Item = &String> {
        self.embedding.functions().chain(self.gate.iter().map(|g| &g.function))
    }
}

impl Embedding {
    /// Name of every function, as often as it is used.
    pub fn functions(&self) -> impl Iterator<Item = &String> {
        let (shared, per_pair) = match self {
            Self::Shared(name) => (Some(name), None),
            Self::PerPair(names) => (None, Some(names)),
        };
        shared.into_iter().chain(per_pair.into_iter().flatten().flatten().flatten())
    }
}
