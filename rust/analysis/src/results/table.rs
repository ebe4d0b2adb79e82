// SPDX-License-Identifier: MIT
//! Tables as text: lines for people, the same as data in one line of JSON, rows of numbers.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use super::provenance::known;
use super::{Column, ModelUse, Provenance, Quantity, Results, Warning};

/// Value of the key `format` of the line `# results`.
pub const FORMAT: &str = "deepion-results";
/// Raised when a key changes its meaning.
pub const VERSION: u32 = 1;

/// Results with rows of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What the rows say in a few numbers.
    pub results: Results,
    /// What the columns are.
    pub columns: Vec<Column>,
    /// Rows, one number per column.
    pub rows: Vec<Vec<f64>>,
}

/// Where the numbers come from, beside ID, title and models.
#[derive(Serialize)]
struct Origin<'a> {
    lammps: &'a str,
    units: &'a str,
    group: &'a str,
    ions: u64,
    atoms: u64,
    notes: &'a [String],
}

/// The line `# results`.
#[derive(Serialize)]
struct Head<'a> {
    format: &'static str,
    version: u32,
    style: &'static str,
    table: &'static str,
    deepion: &'static str,
    id: &'a str,
    title: &'a str,
    provenance: Origin<'a>,
    models: &'a [ModelUse],
    settings: &'a Map<String, Value>,
    quantities: &'a [Quantity],
    #[serde(skip_serializing_if = "Map::is_empty")]
    series: &'a Map<String, Value>,
    warnings: &'a [Warning],
    columns: &'a [Column],
}

impl Table {
    /// The table as text. Everything but the rows begins with `#`, the last such line holds the column names.
    #[must_use]
    pub fn text(&self, provenance: &Provenance, models: &[ModelUse]) -> String {
        let mut text = head(&self.results, &self.columns, provenance, models);
        for row in &self.rows {
            text.push_str(&row_text(row));
        }
        text
    }
}

/// Everything above the rows.
#[must_use]
pub fn head(results: &Results, columns: &[Column], provenance: &Provenance, models: &[ModelUse]) -> String {
    let mut text = String::new();
    for line in provenance.lines(results.style, models).into_iter().chain(results.lines()) {
        // a line break in a title would end the comment
        let _ = writeln!(text, "# {}", line.replace(['\n', '\r'], " "));
    }
    let data = Head {
        format: FORMAT,
        version: VERSION,
        style: results.style,
        table: results.table,
        deepion: env!("CARGO_PKG_VERSION"),
        id: &provenance.id,
        title: &provenance.title,
        provenance: Origin {
            lammps: &provenance.lammps,
            units: &provenance.units,
            group: &provenance.group,
            ions: provenance.ions,
            atoms: provenance.atoms,
            notes: &provenance.notes,
        },
        models: known(models),
        settings: &results.settings,
        quantities: &results.quantities,
        series: &results.series,
        warnings: &results.warnings,
        columns,
    };
    let _ = writeln!(text, "# results {}", serde_json::to_string(&data).unwrap_or_default());
    for (index, column) in columns.iter().enumerate() {
        let _ = writeln!(text, "# column {}: {}: {}", index + 1, column.name, column.meaning);
    }
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    let _ = writeln!(text, "# {}", names.join(" "));
    text
}

/// Whole numbers as such, everything else with 13 digits: enough to compare runs, short enough to read.
#[must_use]
pub fn row_text(row: &[f64]) -> String {
    let cells: Vec<_> =
        row.iter()
            .map(|&value| {
                if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:.12e}") }
            })
            .collect();
    cells.join(" ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_data_is_json_and_the_only_one() {
        let mut results = Results::new("ion/transport", "lags");
        results.setting("fit", [1.0, 5.0]);
        results.say_quantity(Quantity::new("D", "D", f64::NAN, "cm^2/s"), "");
        results.warn("short_run", "short".into());
        let columns = vec![Column::new("lag", "ps", "time"), Column::error("msd", "A^2")];
        let provenance = Provenance {
            title: "glass\n\"a\"".into(),
            id: "tr".into(),
            notes: vec!["LAMMPS".into()],
            ..Provenance::default()
        };
        let table = Table { results, columns, rows: vec![vec![1.0, 0.5]] };
        let models = [ModelUse { sha256: "ab".into(), from_step: 0 }];
        let text = table.text(&provenance, &models);
        let lines: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# results ")).collect();
        let [line] = lines[..] else { panic!("{text}") };
        let data: Value = serde_json::from_str(line).unwrap();
        assert_eq!(data["quantities"][0]["value"], Value::Null);
        assert_eq!(data["title"], "glass\n\"a\"");
        assert_eq!(data["provenance"]["notes"][0], "LAMMPS");
        assert_eq!(data["warnings"][0]["code"], "short_run");
        assert_eq!(data["columns"][1]["error_of"], "msd_A^2");
        assert_eq!(data["models"][0]["from_step"], 0);
        assert!(text.starts_with("# glass \"a\"\n# deepion "), "{text}");
        assert!(text.contains("\n# model sha256 ab\n"), "{text}");
        assert!(text.ends_with("# lag_ps msd_se_A^2\n1 5.000000000000e-1\n"), "{text}");
    }
}
