//! What a user reads when ONNX Runtime is not where it should be. Tests run in one process, which must not load one before.

#![allow(clippy::unwrap_used)]

use deepion_onnx::load;

#[test]
fn errors_name_every_place() {
    let text = load("/nowhere/libonnxruntime.so", &[]).err().unwrap().to_string();
    assert!(text.starts_with(
        "no usable ONNX Runtime (version 1.17 or newer) found; tried: /nowhere/libonnxruntime.so (not there)."
    ));
    assert!(text.contains("pip install onnxruntime") && text.contains("ORT_DYLIB_PATH"));

    let folder = std::env::temp_dir().join(format!("deepion-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let broken = folder.join("libonnxruntime.so.1.2.3");
    std::fs::write(&broken, "no library").unwrap();
    let text = load(folder.to_str().unwrap(), &[]).err().unwrap().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(text.contains(&format!("{} (failed to load", broken.display())), "{text}");

    // The C library loads, but is no ONNX Runtime.
    let text = load("/lib/x86_64-linux-gnu/libm.so.6", &[]).err().unwrap().to_string();
    assert!(text.contains("does not export `OrtGetApiBase`") || text.contains("(not there)"), "{text}");

    // After failures the right one can still be loaded; then there is no other.
    let library = load("", &[]).unwrap();
    assert!(load(library.path.to_str().unwrap(), &[]).is_ok());
    let text = load("/nowhere/libonnxruntime.so", &[]).err().unwrap().to_string();
    assert!(text.contains("is in use already, so /nowhere/libonnxruntime.so cannot be loaded"), "{text}");
}
