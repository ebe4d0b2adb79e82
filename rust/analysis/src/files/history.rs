// SPDX-License-Identifier: MIT
//! Files with a row per output.

use std::fs::{self, Metadata, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::{cannot_write, full_path, replace};
use crate::results::row_text;
use crate::{Error, Result};

/// A file that holds a row per output, the step in its first column, and is continued by runs after a restart.
///
/// A row of the same or a later step, which a run after a restart makes again, is replaced by the new one. Such a change writes
/// the whole file; in a run that goes on, a row is appended to what this process wrote before.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    written: Option<Written>,
}

/// What this process left behind. Another length or another file: someone else has written.
#[derive(Debug, PartialEq)]
struct Written {
    head: String,
    last_step: i64,
    length: u64,
    file: (u64, u64),
}

impl Written {
    fn new(head: &str, last_step: i64, file: &Metadata) -> Self {
        Self { head: head.to_owned(), last_step, length: file.len(), file: (file.dev(), file.ino()) }
    }
}

impl History {
    /// Nothing is read or written yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), written: None }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a row below `head`. `begin`: a new file, whatever is there. `replaces`: step of an earlier row that this one replaces:
    /// the end of a run that goes on, so that a run in parts leaves the same rows as one in a piece.
    ///
    /// # Errors
    /// Names the file and the reason; also where the file has other columns.
    pub fn add(&mut self, head: &str, row: &[f64], begin: bool, replaces: Option<i64>) -> Result<()> {
        let step = row.first().map_or(0, |&step| step as i64);
        let target = full_path(&self.path);
        let appends = !begin
            && replaces.is_none()
            && fs::metadata(&target).is_ok_and(|now| {
                self.written
                    .as_ref()
                    .is_some_and(|last| last.last_step < step && *last == Written::new(head, last.last_step, &now))
            });
        if appends {
            append(&target, &row_text(row)).map_err(|error| cannot_write(&self.path, &error.to_string()))?;
        } else {
            self.written = None;
            let kept = if begin { String::new() } else { self.rows_to_keep(&target, head, step, replaces)? };
            replace(&self.path, format!("{head}{kept}{}", row_text(row)).as_bytes())?;
        }
        let file = fs::metadata(&target).map_err(|error| cannot_write(&self.path, &error.to_string()))?;
        self.written = Some(Written::new(head, step, &file));
        Ok(())
    }

    /// Whole rows of earlier steps.
    fn rows_to_keep(&self, target: &Path, head: &str, step: i64, replaces: Option<i64>) -> Result<String> {
        if !target.exists() {
            return Ok(String::new());
        }
        let old = fs::read(target)
            .map_err(|error| Error::File(format!("cannot read {} to continue it: {error}", self.path.display())))?;
        let old = String::from_utf8_lossy(&old);
        let names = |text: &str| text.lines().rfind(|line| line.starts_with('#')).map(str::to_owned);
        if names(&old) != names(head) {
            return Err(Error::File(format!(
                "cannot continue {}: it has other columns than this run: move it away",
                self.path.display()
            )));
        }
        let stays = |line: &&str| {
            let first = line.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
            line.ends_with('\n')
                && first.is_some_and(|first| first < step as f64 && replaces.is_none_or(|end| first as i64 != end))
        };
        Ok(old.split_inclusive('\n').filter(stays).collect())
    }
}

fn append(target: &Path, row: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(target)?;
    file.write_all(row.as_bytes())?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# deepion\n# column 1: step: time step\n# step D_cm^2/s\n";

    fn rows(path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.starts_with(HEAD), "{text}");
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[test]
    fn run_after_a_restart_continues_where_it_began() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let mut history = History::new(&path);
        for (step, begin) in [(100.0, true), (200.0, false), (300.0, false)] {
            history.add(HEAD, &[step, 1.5], begin, None).unwrap();
        }
        let mut history = History::new(&path);
        history.add(HEAD, &[150.0, 9.5], false, None).unwrap();
        history.add(HEAD, &[200.0, 2.5], false, Some(150)).unwrap();
        assert_eq!(rows(&path), ["100 1.500000000000e0", "200 2.500000000000e0"]);
        let text = fs::read_to_string(&path).unwrap();
        let error = history.add("# step sigma_S/cm\n", &[300.0, 1.0], false, None).unwrap_err().to_string();
        assert!(error.contains("other columns"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn rows_are_appended_to_the_same_file_until_someone_else_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let inode = || fs::metadata(&path).unwrap().ino();
        let mut history = History::new(&path);
        history.add(HEAD, &[1.0, 1.0], true, None).unwrap();
        let first = inode();
        for step in 2..50 {
            history.add(HEAD, &[f64::from(step), 1.0], false, None).unwrap();
        }
        assert_eq!((inode(), rows(&path).len()), (first, 49));
        // half a row, as a kill may leave it behind
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"50 1.0").unwrap();
        history.add(HEAD, &[51.0, 1.0], false, None).unwrap();
        assert_eq!(rows(&path).len(), 50);
        assert!(rows(&path)[48].starts_with("49 ") && rows(&path)[49].starts_with("51 "));
    }
}
