//! Files with a row per output, which a run after a restart reads and continues.
#![no_main]

use std::sync::OnceLock;

use deepion_analysis::files::{Column, append};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

fuzz_target!(|data: &[u8]| {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let path = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder")).path().join("history");
    std::fs::write(&path, data).expect("the input is written");
    let columns = [Column::new("step", "time step"), Column::new("D_cm^2/s", "diffusion coefficient")];
    if append(&path, &["deepion".to_owned()], &columns, &[200.0, 1.5], false, Some(150)).is_ok() {
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(text.ends_with("200 1.500000000000e0\n"));
        append(&path, &["deepion".to_owned()], &columns, &[300.0, 1.5], false, None).expect("its own file goes on");
    }
});
