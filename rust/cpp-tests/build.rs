// SPDX-License-Identifier: MIT
//! Builds `tests/cpp` with `CMake` and Ninja: those of `.venv`, else those on the path.

use std::env;
use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in ["tests/cpp", "cpp"] {
        println!("cargo:rerun-if-changed={}", root.join(folder).display());
    }
    let here = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(root.join(".venv/bin")).chain(env::split_paths(&here));
    let path = env::join_paths(folders).expect("no folder of PATH has a colon in its name");

    let mut config = cmake::Config::new(root.join("tests/cpp"));
    let built = config.env("PATH", path).generator("Ninja").profile("Debug").build();
    println!("cargo:rustc-env=DEEPION_CPP_TESTS={}", built.join("deepion-cpp-tests").display());
}
