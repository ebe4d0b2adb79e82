// SPDX-License-Identifier: MIT
//! The border for the file of model deviations: what of it stays when a run begins. Rows are then added one by one.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use deepion_analysis::{Error, Result, files};

use crate::files::path_of;
use crate::guard::guard_only;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    extern "Rust" {
        /// Prepares a file with a row for each of several steps, the step in its first column, for a run that begins at `step`. Later than
        /// at step 0 it keeps comments and the rows of earlier steps as they are; without such rows, and at step 0, it becomes `head`.
        /// The file is replaced as a whole, or not at all.
        fn begin_rows(path: &[u8], step: i64, head: &str) -> Result<()>;
    }
}

fn begin_rows(path: &[u8], step: i64, head: &str) -> Result<()> {
    guard_only(|| begin(&path_of(path), step, head))
}

fn begin(path: &Path, step: i64, head: &str) -> Result<()> {
    let old = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if step == 0 || error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(Error::File(format!("cannot read {} to continue it: {error}", path.display()))),
    };
    // a new file may take the place of anything, but only text can go on
    let old = String::from_utf8(old).or_else(|_| if step == 0 { Ok(String::new()) } else { Err(no_text(path)) })?;
    let kept = if step == 0 { String::new() } else { kept_rows(&old, step) };
    if kept.is_empty() {
        return files::replace(path, head);
    }
    if kept == old { Ok(()) } else { files::replace(path, &kept) }
}

fn no_text(path: &Path) -> Error {
    Error::File(format!("cannot continue {}: it is no text file: move it away", path.display()))
}

/// Comments, and whole rows of steps before `step`.
fn kept_rows(text: &str, step: i64) -> String {
    let stays = |line: &&str| {
        let earlier =
            || line.split_whitespace().next().and_then(|word| word.parse::<i64>().ok()).is_some_and(|s| s < step);
        line.ends_with('\n') && (line.starts_with('#') || earlier())
    };
    text.split_inclusive('\n').filter(stays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# step devi\n 0 1.0E-0\n 10 2.0\n# note\n 20 3.0\n";

    #[test]
    fn rows_of_earlier_steps_are_kept() {
        for (step, kept) in
            [(10, "# step devi\n 0 1.0E-0\n# note\n"), (11, "# step devi\n 0 1.0E-0\n 10 2.0\n# note\n"), (21, TABLE)]
        {
            assert_eq!(kept_rows(TABLE, step), kept);
        }
    }

    #[test]
    fn what_is_no_row_is_dropped() {
        for junk in ["", "\n", "nan 1\n", "1.5 2\n", "99999999999999999999 1\n", " 5 1.0", "# torn off"] {
            assert_eq!(kept_rows(junk, 100), "", "{junk:?}");
        }
        assert_eq!(kept_rows("-5 1\n\t7\t1\n", 100), "-5 1\n\t7\t1\n");
    }

    #[test]
    fn a_file_is_begun_or_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("devi");
        let text = || fs::read_to_string(&path).unwrap();
        begin(&path, 50, "# new\n").unwrap(); // a run of a restart, but no file yet
        assert_eq!(text(), "# new\n");
        fs::write(&path, TABLE).unwrap();
        begin(&path, 15, "# new\n").unwrap();
        assert_eq!(text(), "# step devi\n 0 1.0E-0\n 10 2.0\n# note\n");
        begin(&path, 0, "# new\n").unwrap();
        assert_eq!(text(), "# new\n");
        fs::write(&path, b"10 \xFF\n").unwrap();
        assert!(begin(&path, 15, "").unwrap_err().to_string().contains("it is no text file"));
        begin(&path, 0, "# new\n").unwrap();
        assert_eq!(text(), "# new\n");
        let error = begin(&folder.path().join("no/where"), 0, "").unwrap_err().to_string();
        assert!(error.contains("its folder is not there"), "{error}");
    }
}
