// SPDX-License-Identifier: MIT
//! Generates the C++ half of the border into `<target>/cxxbridge`, from where every shim compiles it for its LAMMPS: a header and a
//! source for each file of `src` with a `#[cxx::bridge]`, and `cxx.cc`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=src");
    let bridges = bridges();
    let _ = cxx_build::bridges(&bridges); // generates; nothing is compiled, no C++ is part of this library

    let header = PathBuf::from(env::var_os("DEP_CXXBRIDGE1_HEADER").expect("the crate cxx names its header"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let shared =
        out.ancestors().map(|folder| folder.join("cxxbridge")).filter(|folder| folder.join("rust/cxx.h").exists());
    let shared = shared.last().expect("cxx-build made the folder cxxbridge");
    let source = fs::read_to_string(header.with_file_name("../src/cxx.cc")).expect("the source of cxx");
    replace(&shared.join("rust/cxx.cc"), source.replace("../include/cxx.h", "cxx.h").as_bytes());

    let generated = shared.join("deepion-bridge/src");
    remove_others(&generated, &bridges);
    let fingerprint = fingerprint(&generated);
    println!("cargo:rustc-env=DEEPION_BORDER={fingerprint}");
    let text = format!("// The border that this is the C++ half of.\n#define DEEPION_BORDER \"{fingerprint}\"\n");
    replace(&shared.join("deepion-bridge/border.h"), text.as_bytes());

    // Threads outlive dlclose. Shims name this library by what it is called, wherever it is.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete,-soname,libdeepion.so");
}

/// The files with a `#[cxx::bridge]`.
fn bridges() -> Vec<PathBuf> {
    let is_bridge = |path: &PathBuf| {
        path.extension().is_some_and(|e| e == "rs")
            && fs::read_to_string(path).is_ok_and(|text| text.lines().any(|line| line.starts_with("#[cxx::bridge")))
    };
    let files = fs::read_dir("src").expect("the folder src").flatten().map(|entry| entry.path());
    let bridges: BTreeSet<PathBuf> = files.filter(is_bridge).collect();
    bridges.into_iter().collect()
}

/// Writes a file unless it is so already: what depends on it is not to be built again.
fn replace(path: &Path, content: &[u8]) {
    if fs::read(path).ok().as_deref() != Some(content) {
        fs::write(path, content).expect("the target folder can be written");
    }
}

/// Removes what was generated from files that are no longer there.
fn remove_others(generated: &Path, bridges: &[PathBuf]) {
    let name = |path: &PathBuf| path.file_name().map(OsString::from).unwrap_or_default();
    let names: BTreeSet<OsString> = bridges.iter().map(name).collect();
    for entry in fs::read_dir(generated).expect("the folder of generated files").flatten() {
        if !names.contains(entry.path().file_stem().unwrap_or_default()) {
            fs::remove_file(entry.path()).expect("the target folder can be written");
        }
    }
}

/// Of all generated headers: two halves of a border fit where these are the same.
fn fingerprint(generated: &Path) -> String {
    let files: BTreeSet<PathBuf> =
        fs::read_dir(generated).expect("the folder of generated files").flatten().map(|entry| entry.path()).collect();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(file).expect("a generated file").hash(&mut hasher);
    }
    format!("{}-{:016x}", env!("CARGO_PKG_VERSION"), hasher.finish())
}
