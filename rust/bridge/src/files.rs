// SPDX-License-Identifier: MIT
//! Output files at the border. Paths cross as the bytes that the user wrote: they need not be UTF-8, and no string of C++ crosses,
//! of which there are several kinds.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use deepion_analysis::{Result, claims, files};

use crate::guard::guard_only;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    extern "Rust" {
        /// The same bytes for the same file, however it is named.
        fn full_path(path: &[u8]) -> Result<Vec<u8>>;
        /// Whether a file can be written, without touching it.
        fn check_writable(path: &[u8]) -> Result<()>;
        /// Replaces a file as a whole: the old or the new one is there at any moment. Permissions are kept, links followed.
        fn replace_file(path: &[u8], bytes: &[u8]) -> Result<()>;

        /// The right to write an output file, until it is dropped.
        type Claim;
        /// Claims an output file for `owner`, such as `fix ion/transport tr`; an error names whoever has it.
        fn claim_output(path: &[u8], owner: &str) -> Result<Box<Claim>>;
    }
}

pub fn path_of(path: &[u8]) -> PathBuf {
    OsStr::from_bytes(path).into()
}

fn full_path(path: &[u8]) -> Result<Vec<u8>> {
    guard_only(|| Ok(files::full_path(&path_of(path)).into_os_string().as_bytes().to_vec()))
}

fn check_writable(path: &[u8]) -> Result<()> {
    guard_only(|| files::check_writable(&path_of(path)))
}

fn replace_file(path: &[u8], bytes: &[u8]) -> Result<()> {
    guard_only(|| files::replace(&path_of(path), bytes))
}

/// The right to write an output file: held, never asked.
struct Claim(#[allow(dead_code)] claims::Claim);

fn claim_output(path: &[u8], owner: &str) -> Result<Box<Claim>> {
    guard_only(|| Ok(Box::new(Claim(claims::Claim::new(&path_of(path), owner)?))))
}
