// SPDX-License-Identifier: MIT
//! Model files: any bytes, and any bytes with a trailer that fits. An error or a checked file, never a panic.
#![no_main]

use deepion_fuzz::with_trailer;
use deepion_onnx::ModelFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = ModelFile::open("bytes", data);
    if let Ok(file) = ModelFile::open("body", &with_trailer(data.to_vec())) {
        let _ = file.bases();
        let _ = file.take_apart();
    }
});
