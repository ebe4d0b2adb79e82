//! Generates the C++ half of the bridge into `<target>/cxxbridge`.

fn main() {
    cxx_build::bridge("src/lib.rs").std("c++17").compile("deepion-bridge-cxx");
    println!("cargo:rerun-if-changed=src/lib.rs");
}
