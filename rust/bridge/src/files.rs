//! Output files at the border. Paths cross as the bytes that the user wrote: they need not be UTF-8.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use cxx::CxxString;
use deepion_analysis::{Result, files};

use crate::guard::guard_only;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    extern "Rust" {
        /// The same bytes for the same file, however it is named.
        fn full_path(path: &CxxString) -> Result<Vec<u8>>;
        /// Whether a file can be written, without touching it.
        fn check_writable(path: &CxxString) -> Result<()>;
    }
}

pub fn path_of(path: &CxxString) -> PathBuf {
    OsStr::from_bytes(path.as_bytes()).into()
}

fn full_path(path: &CxxString) -> Result<Vec<u8>> {
    guard_only(|| Ok(files::full_path(&path_of(path)).into_os_string().as_bytes().to_vec()))
}

fn check_writable(path: &CxxString) -> Result<()> {
    guard_only(|| files::check_writable(&path_of(path)))
}
