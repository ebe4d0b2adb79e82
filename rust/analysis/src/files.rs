//! Output files: text tables that say what they hold, replaced as a whole so that no reader and no kill ever meets half
//! of one.

use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Error, Result};

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name without blanks, unit included: `msd_A^2`.
    pub name: String,
    /// What it is, for the header.
    pub meaning: String,
}

impl Column {
    /// A column by name and meaning.
    #[must_use]
    pub fn new(name: &str, meaning: &str) -> Self {
        Self { name: name.to_owned(), meaning: meaning.to_owned() }
    }
}

/// A table with its results in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Lines `name = value unit` and warnings, for the header.
    pub summary: Vec<String>,
    /// What the columns are.
    pub columns: Vec<Column>,
    /// Rows, one number per column.
    pub rows: Vec<Vec<f64>>,
}

impl Table {
    /// The table as text: `provenance` lines, summary, columns, rows. Everything but the rows begins with `#`, the last
    /// such line holds the column names.
    #[must_use]
    pub fn text(&self, provenance: &[String]) -> String {
        let mut text = header(provenance, &self.summary, &self.columns);
        for row in &self.rows {
            text.push_str(&line(row));
        }
        text
    }
}

fn header(provenance: &[String], summary: &[String], columns: &[Column]) -> String {
    let mut text = String::new();
    for words in provenance.iter().chain(summary) {
        let _ = writeln!(text, "# {words}");
    }
    for (index, column) in columns.iter().enumerate() {
        let _ = writeln!(text, "# column {}: {}: {}", index + 1, column.name, column.meaning);
    }
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    let _ = writeln!(text, "# {}", names.join(" "));
    text
}

/// Whole numbers as such, everything else with 13 digits: enough to compare runs, short enough to read.
fn line(row: &[f64]) -> String {
    let cells: Vec<_> =
        row.iter()
            .map(|&value| {
                if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:.12e}") }
            })
            .collect();
    cells.join(" ") + "\n"
}

/// Replaces a file, or what a link points to: the old or the new one is there at any moment, whole.
///
/// # Errors
/// Names the file and the reason.
pub fn replace(path: &Path, text: &str) -> Result<()> {
    let target = full_path(path);
    let mut file = beside(path, &target)?;
    let failed = |error: &std::io::Error| cannot_write(path, &error.to_string());
    file.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    file.persist(&target).map_err(|error| failed(&error.error))?;
    Ok(())
}

/// Whether a file can be written, without touching it.
///
/// # Errors
/// Names the file and the reason.
pub fn check_writable(path: &Path) -> Result<()> {
    beside(path, &full_path(path)).map(drop)
}

/// The same text for the same file, however it is named; links are followed.
#[must_use]
pub fn full_path(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let (folder, name) = (folder_of(path), path.file_name().unwrap_or_default());
    folder.canonicalize().map_or_else(|_| path.to_owned(), |folder| folder.join(name))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A new file in the folder of `target`, which becomes it or vanishes; the user knows it as `path`.
fn beside(path: &Path, target: &Path) -> Result<NamedTempFile> {
    if target.exists() && !target.is_file() {
        return Err(cannot_write(path, if target.is_dir() { "it is a folder" } else { "it is no regular file" }));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".deepion-").permissions(permissions(target));
    builder.tempfile_in(folder_of(target)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => cannot_write(path, "its folder is not there"),
        kind => cannot_write(path, &kind.to_string()),
    })
}

fn cannot_write(path: &Path, reason: &str) -> Error {
    Error::File(format!("cannot write {}: {reason}", path.display()))
}

/// Those of the file to be replaced, else of any new file (the umask applies).
fn permissions(path: &Path) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).map_or_else(|_| fs::Permissions::from_mode(0o666), |metadata| metadata.permissions())
}

/// Adds one row to a file that holds a row per output, the step in its first column. Rows of this and later steps, which
/// a run after a restart makes again, give way to the new one, as does that of step `until_now`: the end of a run that goes on,
/// so that a run in parts leaves the same rows as one in a piece. With `anew`, or where there is no such file, it is begun.
///
/// # Errors
/// Names the file and the reason; also where the file there has other columns.
pub fn append(
    path: &Path,
    provenance: &[String],
    columns: &[Column],
    row: &[f64],
    anew: bool,
    until_now: Option<i64>,
) -> Result<()> {
    let head = header(provenance, &[], columns);
    let mut text = head.clone();
    if !anew && path.exists() {
        let old = fs::read_to_string(path)
            .map_err(|error| Error::File(format!("cannot read {} to continue it: {error}", path.display())))?;
        let names = |text: &str| text.lines().rfind(|line| line.starts_with('#')).map(str::to_owned);
        if names(&old) != names(&head) {
            return Err(Error::File(format!(
                "cannot continue {}: it has other columns than this run: move it away",
                path.display()
            )));
        }
        let step = |line: &str| line.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
        text = old
            .split_inclusive('\n')
            .filter(|line| {
                let stays = |step: f64| step < row[0] && until_now.is_none_or(|end| step as i64 != end);
                line.starts_with('#') || step(line).is_some_and(stays)
            })
            .filter(|line| line.ends_with('\n'))
            .collect();
    }
    replace(path, &(text + &line(row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Vec<Column> {
        vec![Column::new("step", "time step"), Column::new("D_cm^2/s", "diffusion coefficient")]
    }

    #[test]
    fn a_run_after_a_restart_continues_where_it_began() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let about = ["deepion".to_owned()];
        for (step, anew) in [(100.0, true), (200.0, false), (300.0, false)] {
            append(&path, &about, &columns(), &[step, 1.5], anew, None).unwrap();
        }
        append(&path, &about, &columns(), &[150.0, 9.5], false, None).unwrap();
        append(&path, &about, &columns(), &[200.0, 2.5], false, Some(150)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let rows: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(rows, ["100 1.500000000000e0", "200 2.500000000000e0"]);
        assert!(text.starts_with("# deepion\n# column 1: step: time step\n"));
        let other = [Column::new("step", "time step"), Column::new("sigma_S/cm", "conductivity")];
        let error = append(&path, &about, &other, &[300.0, 1.0], false, None).unwrap_err().to_string();
        assert!(error.contains("other columns"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = replace(Path::new("/nowhere/at/all"), "x").unwrap_err().to_string();
        assert!(error.starts_with("cannot write /nowhere/at/all: "), "{error}");
    }
}
