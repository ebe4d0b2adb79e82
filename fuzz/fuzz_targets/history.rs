// SPDX-License-Identifier: MIT
//! Files with a row per output, which a run after a restart reads and continues.
#![no_main]

use std::sync::OnceLock;

use deepion_analysis::files::History;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const HEAD: &str = "# deepion\n# column 1: step: time step\n# step D_cm^2/s\n";

fuzz_target!(|data: &[u8]| {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let path = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder")).path().join("history");
    std::fs::write(&path, data).expect("the input is written");
    let mut history = History::new(&path);
    if history.add(HEAD, &[200.0, 1.5], false, Some(150)).is_ok() {
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(text.starts_with(HEAD) && text.ends_with("200 1.500000000000e0\n"));
        History::new(&path).add(HEAD, &[300.0, 1.5], false, None).expect("its own file goes on");
    }
});
