// SPDX-License-Identifier: MIT
//! Generates the C++ half of the border into `<target>/cxxbridge`: one header for each file of `src` with a `#[cxx::bridge]`.

use std::path::PathBuf;

fn main() {
    let is_bridge = |path: &PathBuf| {
        path.extension().is_some_and(|e| e == "rs")
            && std::fs::read_to_string(path)
                .is_ok_and(|text| text.lines().any(|line| line.starts_with("#[cxx::bridge")))
    };
    let files = std::fs::read_dir("src").expect("the folder src").flatten().map(|entry| entry.path());
    let mut bridges: Vec<PathBuf> = files.filter(is_bridge).collect();
    bridges.sort();
    cxx_build::bridges(&bridges).std("c++17").compile("deepion-bridge-cxx");
    println!("cargo:rerun-if-changed=src");
}
