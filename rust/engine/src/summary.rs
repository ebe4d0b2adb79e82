// SPDX-License-Identifier: MIT
//! What is said of a model when it is opened.

use deepion_potential::{Contract, Engine, Part};

use crate::{Potential, Precision};

/// Lines for the set-up summary.
pub(crate) fn lines(potential: &Potential, engine: &Engine) -> Vec<String> {
    let c = &potential.file.contract;
    let closest = c.min_nbor_dist.map_or("unknown".into(), |d| format!("{d} A"));
    let precision = match potential.settings.precision {
        Precision::Double => "double (all float64)",
        Precision::Mixed => "mixed (float32 networks, float64 geometry and sums)",
    };
    let mut lines = vec![
        format!("sha256 {}", potential.file.sha256),
        format!("from {} ({}, {})", c.source.file, c.source.software, c.precision),
    ];
    match &*c.parts {
        [part] => lines.extend([
            format!("types {}", types(c, part)),
            format!("cutoff {} A, switch from {} A, closest training pair {closest}", part.rcut, part.rcut_smth),
            format!("networks {}, {}{}", embedding(part), fitting(c), axis(part)),
        ]),
        parts => {
            for (k, part) in parts.iter().enumerate() {
                lines.push(format!(
                    "descriptor {} of {}: cutoff {} A, switch from {} A, {}{}; types {}",
                    k + 1,
                    parts.len(),
                    part.rcut,
                    part.rcut_smth,
                    embedding(part),
                    axis(part),
                    types(c, part)
                ));
            }
            lines.push(format!("networks {}, closest training pair {closest}", fitting(c)));
        }
    }
    lines.extend([
        format!("precision {precision}"),
        format!("tabulate {}", describe_tables(potential, engine)),
        format!("reduce {}", describe_reduction(potential)),
        format!("ONNX Runtime {} ({})", potential.runtime.version, potential.runtime.path.display()),
        format!("threads {} per MPI rank", engine.threads()),
    ]);
    lines
}

fn describe_tables(potential: &Potential, engine: &Engine) -> String {
    let Some(t) = engine.tables() else {
        return if potential.settings.tabulate {
            format!("no (tables cannot reach table_error {:.0e} for this model)", potential.settings.table_error)
        } else {
            "no".into()
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

fn describe_reduction(potential: &Potential) -> String {
    match (&potential.reduced, &potential.file.contract.reduced) {
        (Some(level), Some(reduced)) => format!(
            "{:.1e} eV/A RMS force error, {:.1e} eV/atom RMS energy error, as measured at export on {}",
            level.force_error, level.energy_error, reduced.sample
        ),
        (None, None) => "0 (full networks: the model file has no reduced ones)".into(),
        _ => "0 (full networks)".into(),
    }
}

/// The types with their numbers of neighbors.
fn types(c: &Contract, part: &Part) -> String {
    if part.mixed_types {
        return format!("{} (sel {} of all)", c.type_map.join(" "), part.sel[0]);
    }
    c.type_map.iter().zip(&part.sel).map(|(t, s)| format!("{t} (sel {s})")).collect::<Vec<_>>().join(" ")
}

fn embedding(part: &Part) -> String {
    format!("{} embedding ({})", widths(&part.neuron), part.activation)
}

fn fitting(c: &Contract) -> String {
    format!("{} fitting ({})", widths(&c.fitting_neuron), c.activation_function.fitting)
}

fn axis(part: &Part) -> String {
    if part.is_radial() { ", se_e2_r".into() } else { format!(", axis {}", part.axis_neuron) }
}

fn widths(neurons: &[usize]) -> String {
    neurons.iter().map(ToString::to_string).collect::<Vec<_>>().join("-")
}
