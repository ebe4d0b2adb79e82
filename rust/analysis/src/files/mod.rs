// SPDX-License-Identifier: MIT
//! Output files: replaced as a whole, so that no reader and no kill ever meets half of one; continued row by row.

mod history;

use std::fs;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Error, Result};

pub use history::History;

/// Replaces a file, or what a link points to: the old or the new one is there at any moment, whole, also after a power failure. The
/// permissions of the old file are kept.
///
/// # Errors
/// Names the file and the reason.
pub fn replace(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    replace_by(path, |out| out.write_all(bytes.as_ref()))
}

/// The same by what `write` writes, which need not be in memory as a whole.
///
/// # Errors
/// As [`replace`].
pub fn replace_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    let target = full_path(path);
    let file = beside(path, &target)?;
    let failed = |error: &std::io::Error| cannot_write(path, &error.to_string());
    let mut out = BufWriter::with_capacity(1 << 16, file);
    write(&mut out).map_err(|error| failed(&error))?;
    let file = out.into_inner().map_err(|error| failed(error.error()))?;
    // some file systems may otherwise commit the new name before the data
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(&target).map_err(|error| failed(&error.error))?;
    sync_folder(folder_of(&target));
    Ok(())
}

/// Brings a new name to the disk, where the file system can do that for a folder.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
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
    use std::os::unix::fs::PermissionsExt as _;
    if target.exists() && !target.is_file() {
        return Err(cannot_write(path, if target.is_dir() { "it is a folder" } else { "it is no regular file" }));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".deepion-").permissions(fs::Permissions::from_mode(0o666));
    let file = builder.tempfile_in(folder_of(target)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => cannot_write(path, "its folder is not there"),
        kind => cannot_write(path, &kind.to_string()),
    })?;
    if let Ok(old) = fs::metadata(target) {
        // the umask applies when a file is made, not here
        file.as_file().set_permissions(old.permissions()).map_err(|error| cannot_write(path, &error.to_string()))?;
    }
    Ok(file)
}

fn cannot_write(path: &Path, reason: &str) -> Error {
    Error::File(format!("cannot write {}: {reason}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_folder_is_named() {
        let error = replace(Path::new("/nowhere/at/all"), b"x").unwrap_err().to_string();
        assert!(error.starts_with("cannot write /nowhere/at/all: "), "{error}");
    }

    #[test]
    fn permissions_and_links_are_kept() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a"), folder.path().join("b"));
        for mode in [0o664, 0o600, 0o666] {
            fs::write(&file, "old").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let _ = fs::remove_file(&link);
            std::os::unix::fs::symlink(&file, &link).unwrap();
            replace(&link, b"new").unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), "new");
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
