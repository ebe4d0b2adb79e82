// SPDX-License-Identifier: MIT
//! Where numbers come from.

use serde::{Deserialize, Serialize};

/// A potential that a measurement ran with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelUse {
    /// SHA-256 of the model file; empty: a potential that is no model of deepion.
    pub sha256: String,
    /// First step that was measured with it.
    pub from_step: i64,
}

/// Where the numbers of a file come from. The same for every run of a measurement: no date, no number of ranks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// The user's title; empty: none.
    pub title: String,
    /// ID of the fix; empty: no fix, but `deepion-merge`.
    pub id: String,
    /// Version and build of LAMMPS; empty: not known.
    pub lammps: String,
    /// LAMMPS' `units`.
    pub units: String,
    /// Group of the measured atoms.
    pub group: String,
    /// How many these are.
    pub ions: u64,
    /// All atoms.
    pub atoms: u64,
    /// Further lines for people.
    pub notes: Vec<String>,
}

impl Provenance {
    /// Lines for people that begin a file of `style`.
    #[must_use]
    pub fn lines(&self, style: &str, models: &[ModelUse]) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.title.is_empty() {
            lines.push(self.title.clone());
        }
        let version = env!("CARGO_PKG_VERSION");
        lines.push(if self.id.is_empty() {
            format!("deepion {version}, {style} joined from")
        } else {
            format!("deepion {version}, fix {style} {}", self.id)
        });
        if !self.lammps.is_empty() {
            lines.push(format!("LAMMPS {}, units {}", self.lammps, self.units));
        }
        if !self.group.is_empty() {
            lines.push(format!("group {}: {} of {} atoms", self.group, self.ions, self.atoms));
        }
        lines.extend_from_slice(&self.notes);
        match known(models) {
            [only] => lines.push(format!("model {}", named(&only.sha256))),
            models => lines.extend(
                models.iter().map(|used| format!("model from step {}: {}", used.from_step, named(&used.sha256))),
            ),
        }
        lines
    }
}

/// The list, or none where no model of deepion is in it.
#[must_use]
pub fn known(models: &[ModelUse]) -> &[ModelUse] {
    if models.iter().all(|used| used.sha256.is_empty()) { &[] } else { models }
}

/// A model as sentences name it.
#[must_use]
pub fn named(sha256: &str) -> String {
    if sha256.is_empty() { "another potential".into() } else { format!("sha256 {sha256}") }
}
