// SPDX-License-Identifier: MIT
//! What is said of a model when it is opened.

use super::{Potential, ffi::Precision};

impl Potential {
    /// Lines for the set-up summary.
    pub(super) fn summary(&self) -> Vec<String> {
        let c = &self.file.contract;
        let widths = |w: &[usize]| w.iter().map(ToString::to_string).collect::<Vec<_>>().join("-");
        let types: Vec<String> = c.type_map.iter().zip(&c.sel).map(|(t, s)| format!("{t} (sel {s})")).collect();
        let closest = c.min_nbor_dist.map_or("unknown".into(), |d| format!("{d} A"));
        let precision = match self.precision {
            Precision::Double => "double (all float64)",
            _ => "mixed (float32 networks, float64 geometry and sums)",
        };
        vec![
            format!("sha256 {}", self.file.sha256),
            format!("from {} ({}, {})", c.source.file, c.source.software, c.precision),
            format!("types {}", types.join(" ")),
            format!("cutoff {} A, switch from {} A, closest training pair {closest}", c.rcut, c.rcut_smth),
            format!(
                "networks {} embedding ({}), {} fitting ({}), axis {}",
                widths(&c.neuron),
                c.activation_function.embedding,
                widths(&c.fitting_neuron),
                c.activation_function.fitting,
                c.axis_neuron
            ),
            format!("precision {precision}"),
            format!("tabulate {}", self.describe_tables()),
            format!("reduce {}", self.describe_reduction()),
            format!("ONNX Runtime {} ({})", self.runtime.version, self.runtime.path.display()),
            format!("threads {} per MPI rank", self.engine.threads()),
        ]
    }

    fn describe_tables(&self) -> String {
        let Some(t) = self.engine.tables() else {
            return match self.table_error {
                Some(limit) => format!("no (tables cannot reach table_error {limit:.0e} for this model)"),
                None => "no".into(),
            };
        };
        let columns: Vec<String> = t.columns.iter().map(ToString::to_string).collect();
        format!(
            "yes (relative error {:.1e}, {} basis functions per center type, up to {} pieces from {:.2} A, {:.1} MB, {})",
            t.error,
            columns.join(" "),
            t.most_pieces,
            t.nearest,
            t.bytes as f64 / 1e6,
            t.instruction_set
        )
    }

    fn describe_reduction(&self) -> String {
        match (&self.reduced, &self.file.contract.reduced) {
            (Some(level), Some(reduced)) => format!(
                "{:.1e} eV/A RMS force error, {:.1e} eV/atom RMS energy error, as measured at export on {}",
                level.force_error, level.energy_error, reduced.sample
            ),
            (None, None) => "0 (full networks: the model file has no reduced ones)".into(),
            _ => "0 (full networks)".into(),
        }
    }
}
