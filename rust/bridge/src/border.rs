// SPDX-License-Identifier: MIT
//! The border of the border: which deepion this library is, so that a shim that was compiled for another one is found out.

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    extern "Rust" {
        /// Version of deepion.
        fn version() -> &'static str;
        /// `DEEPION_BORDER` of the C++ half that fits.
        fn fingerprint() -> &'static str;
    }
}

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

fn fingerprint() -> &'static str {
    env!("DEEPION_BORDER")
}
