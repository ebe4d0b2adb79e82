// SPDX-License-Identifier: MIT
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
    assert!(
        text.contains("it is no ONNX Runtime: it exports no OrtGetApiBase") || text.contains("(not there)"),
        "{text}"
    );

    // Libraries that say of themselves what the file name does not.
    for (version, reason) in [("1.9.3", "(ONNX Runtime 1.9.3 is too old)"), ("soon", "which is no version")] {
        let library = pretender(version);
        let text = load(library.to_str().unwrap(), &[]).err().unwrap().to_string();
        std::fs::remove_file(&library).unwrap();
        assert!(text.contains(reason), "{text}");
    }

    // After failures the right one can still be loaded; then there is no other.
    let library = load("", &[]).unwrap();
    let numbers: Vec<&str> = library.version.split('.').collect();
    assert!(numbers.len() == 3 && numbers.iter().all(|n| n.parse::<u32>().is_ok()), "{}", library.version);
    assert!(load(library.path.to_str().unwrap(), &[]).is_ok());
    let text = load("/nowhere/libonnxruntime.so", &[]).err().unwrap().to_string();
    assert!(text.contains("is in use already, so /nowhere/libonnxruntime.so cannot be loaded"), "{text}");
}

/// A shared library with nothing of ONNX Runtime but the version it claims to be.
fn pretender(version: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir();
    let name = format!("deepion-test-{}-{version}", std::process::id());
    let (source, library) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.so")));
    let code = format!(
        "static const char *version(void) {{ return \"{version}\"; }}\n\
         static const struct {{ void *api; const char *(*version)(void); }} base = {{ 0, version }};\n\
         const void *OrtGetApiBase(void) {{ return &base; }}\n"
    );
    std::fs::write(&source, code).unwrap();
    let compiler = std::process::Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
    assert!(compiler.expect("a C compiler").success());
    std::fs::remove_file(source).unwrap();
    library
}
