// SPDX-License-Identifier: MIT
//! Output files belong to one writer at a time: two fixes, two replicas or two jobs that write the same file would replace each
//! other's results.
//!
//! A claim is a lock file beside the output file, held by the operating system's advisory lock. It holds across processes and, on file
//! systems that pass locks on, across machines; the lock of a process that was killed is gone with it, whatever file it leaves.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::files::full_path;
use crate::{Error, Result};

/// The right to write one output file, until it is dropped.
#[derive(Debug)]
pub struct Claim {
    /// The lock file; `None` where the file system has no locks.
    lock: Option<(File, PathBuf)>,
}

impl Claim {
    /// Claims the output file `path` for `owner`, such as `fix ion/transport tr`.
    ///
    /// ```
    /// use deepion_analysis::claims::Claim;
    /// # let folder = std::env::temp_dir().join(format!("claim-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// let path = folder.join("msd.dat");
    /// let claim = Claim::new(&path, "fix ion/transport a").unwrap();
    /// let error = Claim::new(&path, "fix ion/transport b").unwrap_err();
    /// assert!(error.to_string().contains("fix ion/transport a"));
    /// drop(claim);
    /// assert!(Claim::new(&path, "fix ion/transport b").is_ok());
    /// ```
    ///
    /// # Errors
    /// Where another fix, replica or process has claimed it: names that one; where the folder is missing or cannot be written.
    pub fn new(path: &Path, owner: &str) -> Result<Self> {
        let lock = lock_file_of(&full_path(path));
        loop {
            let mut file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&lock)
                .map_err(|error| cannot_write(path, &reason(&error)))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    // an owner that has not written its name yet is still one
                    let _ = file.read_to_string(&mut holder);
                    return Err(taken(path, holder.trim()));
                }
                Err(TryLockError::Error(_)) => return Ok(Self { lock: None }),
            }
            // whoever held it may have removed the file between our opening and locking it
            if same_file(&file, &lock) {
                let text = format!("{owner} in process {} on {}\n", std::process::id(), host());
                let written =
                    file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
                written.map_err(|error| cannot_write(path, &reason(&error)))?;
                return Ok(Self { lock: Some((file, lock)) });
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some((_file, path)) = &self.lock {
            // removed while still locked; where that fails, the lock is gone all the same
            let _ = fs::remove_file(path);
        }
    }
}

fn lock_file_of(target: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".lock");
    target.with_file_name(name)
}

fn same_file(file: &File, path: &Path) -> bool {
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    file.metadata().ok().map(identity) == fs::metadata(path).ok().map(identity)
}

fn host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "this machine".into(), |name| name.trim().to_owned())
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "its folder is not there".into(),
        kind => kind.to_string(),
    }
}

fn cannot_write(path: &Path, reason: &str) -> Error {
    Error::File(format!("cannot write {}: {reason}", path.display()))
}

fn taken(path: &Path, holder: &str) -> Error {
    let holder = if holder.is_empty() { "another process" } else { holder };
    Error::File(format!(
        "cannot write {}: {holder} writes it, and each would replace the other's results: \
         use another file name (for replicas of -partition a name with a world-style variable in it)",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_claim_of_a_file_is_refused_however_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("msd.dat");
        fs::write(&path, "old results\n").unwrap();
        let link = folder.path().join("link.dat");
        std::os::unix::fs::symlink(&path, &link).unwrap();

        let first = Claim::new(&path, "fix ion/transport a").unwrap();
        for name in [&path, &link, &folder.path().join("./msd.dat")] {
            let error = Claim::new(name, "fix ion/transport b").unwrap_err().to_string();
            let process = std::process::id();
            assert!(error.starts_with(&format!("cannot write {}: ", name.display())), "{error}");
            assert!(error.contains(&format!("fix ion/transport a in process {process} on ")), "{error}");
        }
        assert!(Claim::new(&folder.path().join("other.dat"), "fix ion/transport b").is_ok());
        drop(first);
        let second = Claim::new(&path, "fix ion/transport b").unwrap();
        drop(second);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old results\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "lock files are removed");
    }

    #[test]
    fn lock_file_of_a_killed_process_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("msd.dat");
        fs::write(folder.path().join(".msd.dat.lock"), "fix ion/transport old in process 1 on node1\n").unwrap();
        assert!(Claim::new(&path, "fix ion/transport a").is_ok());
    }

    #[test]
    fn claim_in_a_missing_folder_is_an_error() {
        let error = Claim::new(Path::new("/nowhere/at/all"), "fix ion/vdos v").unwrap_err().to_string();
        assert_eq!(error, "cannot write /nowhere/at/all: its folder is not there");
    }
}
