// SPDX-License-Identifier: MIT
//! The command, as a user calls it.

#![allow(clippy::unwrap_used)] // a panic is a failed test

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use deepion_analysis::coordination::{Coordination, CoordinationLayout};
use deepion_analysis::results::Provenance;
use deepion_analysis::shapes::vectors;
use deepion_analysis::transport::{
    DiffusionUnits, Evaluation, Fit, Frame, Reference, Transport, TransportLayout, locate,
};
use deepion_analysis::{Measure, Save};

fn merge(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deepion-merge")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Two ions in a zigzag that depends on the name alone, whose square displacement grows with lag: D = `speed` in any unit.
fn transport_state(folder: &Path, name: &str, temperature: f64, speed: f64, model: &str) -> PathBuf {
    let layout = TransportLayout {
        lags_per_level: 10,
        levels: 2,
        origins: 1,
        every: 10,
        timestep_ps: 0.01,
        ions: 2,
        drift: Reference::None,
        reference_atoms: 0,
        charge: 1.0,
        species: Vec::new(),
    };
    let width = 3 * layout.lags().places();
    let evaluation = Evaluation { fit: Fit::Stationary, units: DiffusionUnits::Cgs };
    let mut transport = Transport::new(layout, evaluation).unwrap();
    transport.set_model(model, 0);
    let mut rows = vec![0.0; 2 * width];
    let (mut r, mut bits) =
        ([0.0f64; 6], name.bytes().fold(0x1234_5678_u64, |bits, byte| bits.wrapping_mul(31) ^ u64::from(byte)));
    for _ in 0..3000 {
        if transport.full() {
            let increments = transport.take_increments();
            transport.add_increments(&increments).unwrap();
        }
        let located = locate(&vectors("r", &r).unwrap(), &[1, 2], &vectors("none", &[]).unwrap(), &[]).unwrap();
        let frame = Frame {
            located: &located,
            positions: vectors("r", &r).unwrap(),
            ids: &[1, 2],
            slots: &[0, 1],
            tile: 1,
            volume: 500.0,
            temperature: Some(temperature),
            kinetic_temperature: None,
        };
        transport.sample(&frame, &mut rows).unwrap();
        for c in &mut r {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *c += if bits >> 63 == 0 { speed.sqrt() } else { -speed.sqrt() };
        }
    }
    let increments = transport.take_increments();
    transport.add_increments(&increments).unwrap();
    let path = folder.join(name);
    let provenance = Provenance { id: "tr".into(), ..Provenance::default() };
    fs::write(&path, transport.state(&provenance).unwrap()).unwrap();
    path
}

#[test]
fn a_ladder_of_replicas_becomes_an_activation_energy() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> = [(300.0, 0.01), (300.0, 0.01), (400.0, 0.05), (500.0, 0.12)]
        .iter()
        .enumerate()
        .map(|(k, &(t, speed))| transport_state(folder.path(), &format!("{k}.json"), t, speed, "aa"))
        .collect();
    let mut arguments: Vec<&str> = files.iter().map(|path| path.to_str().unwrap()).collect();
    let (out, prefix) = (folder.path().join("ladder.dat"), folder.path().join("lags"));
    arguments.extend([
        "--fit",
        "0.1",
        "1",
        "--title",
        "LPS:Ti10",
        "--out",
        out.to_str().unwrap(),
        "--tables",
        prefix.to_str().unwrap(),
    ]);
    let output = merge(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    assert!(printed.contains("E_a from sigma T (Nernst-Einstein) = 0."), "{printed}");
    let table = fs::read_to_string(&out).unwrap();
    assert!(table.starts_with("# LPS:Ti10\n# deepion "));
    assert!(table.contains("0.json") && table.contains("ion/transport joined from"));
    assert_eq!(table.matches("# model sha256 aa\n").count(), 1);
    assert_eq!(table.lines().filter(|line| !line.starts_with('#')).count(), 3);
    for temperature in [300, 400, 500] {
        assert!(folder.path().join(format!("lags.{temperature}K.dat")).exists());
    }
    assert!(fs::read_to_string(folder.path().join("lags.300K.dat")).unwrap().contains("from 2 independent runs"));
}

#[test]
fn the_same_run_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let a = transport_state(folder.path(), "a.json", 300.0, 0.01, "aa");
    let again = folder.path().join("again.json");
    fs::copy(&a, &again).unwrap();
    let output = merge(&[a.to_str().unwrap(), again.to_str().unwrap()]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains("again.json: this is the same run as another of the states"), "{said}");
}

#[test]
fn a_ladder_of_two_rungs_says_that_nothing_checks_it() {
    let folder = tempfile::tempdir().unwrap();
    let states = [(300.0, 0.01), (400.0, 0.05), (500.0, 0.1)]
        .map(|(kelvin, speed)| transport_state(folder.path(), &format!("{kelvin}.json"), kelvin, speed, "aa"));
    for (count, warned) in [(2, true), (3, false)] {
        let mut arguments: Vec<&str> = states[..count].iter().map(|path| path.to_str().unwrap()).collect();
        arguments.extend(["--fit", "0.1", "1"]);
        let printed = text(&merge(&arguments).stdout);
        assert_eq!(printed.contains("WARNING: two temperatures"), warned, "{printed}");
    }
}

#[test]
fn replicas_that_differ_by_more_than_their_errors_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    for (speed, differ) in [(0.01, false), (0.05, true)] {
        let a = transport_state(folder.path(), "a.json", 300.0, 0.01, "aa");
        let b = transport_state(folder.path(), "b.json", 300.0, speed, "aa");
        let c = transport_state(folder.path(), "c.json", 400.0, 0.05, "aa");
        let (a, b, c) = (a.to_str().unwrap(), b.to_str().unwrap(), c.to_str().unwrap());
        for arguments in [vec![a, b, "--fit", "0.1", "1"], vec![a, b, c, "--fit", "0.1", "1"]] {
            let printed = text(&merge(&arguments).stdout);
            let warned = printed.contains("# WARNING: D at 300 K of 2 runs differ by more than their errors");
            assert_eq!(warned, differ, "{printed}");
        }
    }
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let a = transport_state(folder.path(), "a.json", 300.0, 0.01, "aa");
    let layout = CoordinationLayout { cutoffs: vec![2.5], most: 6, every: 1, ions: 2, neighbors: 4 };
    let b = folder.path().join("b.json");
    fs::write(&b, Coordination::new(layout).unwrap().state(&Provenance::default()).unwrap()).unwrap();
    let c = folder.path().join("c.json");
    fs::write(&c, "not json").unwrap();
    let d = folder.path().join("missing.json");
    for (file, words) in [(&b, "join states of one style"), (&c, "not a saved state"), (&d, "missing.json: ")] {
        let output = merge(&[a.to_str().unwrap(), file.to_str().unwrap()]);
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
    }
}

#[test]
fn runs_with_different_models_are_joined_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let a = transport_state(folder.path(), "a.json", 300.0, 0.01, "aa");
    let b = transport_state(folder.path(), "b.json", 400.0, 0.05, "bb");
    let output = merge(&[a.to_str().unwrap(), b.to_str().unwrap(), "--fit", "0.1", "1"]);
    assert!(output.status.success());
    for text in [text(&output.stdout), text(&output.stderr)] {
        let warning =
            text.lines().find(|line| line.contains("WARNING: not measured with one and the same model")).unwrap();
        assert!(warning.contains("a.json with model sha256 aa") && warning.contains("b.json with model sha256 bb"));
    }
}

/// However the table is named, it does not replace a state that is read, and nothing is written.
#[test]
fn input_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let state = transport_state(folder.path(), "good.json", 300.0, 0.01, "aa");
    let lags = transport_state(folder.path(), "lags.300K.dat", 300.0, 0.01, "aa");
    let link = folder.path().join("link.dat");
    std::os::unix::fs::symlink(&state, &link).unwrap();
    let (before, given) = (fs::read(&state).unwrap(), state.to_str().unwrap());
    let prefix = folder.path().join("lags");
    let roundabout = folder.path().join("../").join(folder.path().file_name().unwrap()).join("good.json");
    for out in [&state, &link, &roundabout] {
        let output =
            merge(&[given, "--out", out.to_str().unwrap(), "--tables", folder.path().join("t").to_str().unwrap()]);
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains("is one of the states to be joined"), "{}", text(&output.stderr));
        assert_eq!(fs::read(&state).unwrap(), before);
    }
    let output = merge(&[lags.to_str().unwrap(), "--tables", prefix.to_str().unwrap()]);
    assert!(text(&output.stderr).contains("is one of the states to be joined"), "{}", text(&output.stderr));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

/// Foreign files: one line that names the file.
#[test]
fn foreign_files_are_named_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("image.png", &b"\x89PNG\r\n\xff\xfe"[..]),
        ("other.json", b"{\"sha256\": 3}"),
        ("list.json", b"[1, 2, 3]"),
        ("empty.json", b""),
        ("future.json", b"{\"deepion_state\":\"ion/transport\",\"version\":99}"),
        ("cut.json", b"{\"deepion_state\":\"ion/transport\",\"version\":1,\"layout\":{\"lags_per"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let output = merge(&[path.to_str().unwrap()]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.lines().count() == 1 && said.contains(name), "{said}");
    }
}

/// The line of data in the head of a table says the same as the sentences.
#[test]
fn results_are_one_line_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let states = [(300.0, 0.01), (400.0, 0.05), (500.0, 0.1)]
        .map(|(kelvin, speed)| transport_state(folder.path(), &format!("{kelvin}.json"), kelvin, speed, "aa"));
    let mut arguments: Vec<&str> = states.iter().map(|path| path.to_str().unwrap()).collect();
    arguments.extend(["--fit", "0.1", "1"]);
    let printed = text(&merge(&arguments).stdout);
    let lines: Vec<_> = printed.lines().filter_map(|line| line.strip_prefix("# results ")).collect();
    assert_eq!(lines.len(), 1, "{printed}");
    let data: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((data["table"].as_str(), data["style"].as_str()), (Some("ladder"), Some("ion/transport")));
    assert_eq!(data["models"][0]["sha256"], "aa");
    assert_eq!(data["settings"]["states"].as_array().unwrap().len(), 3);
    let energy = data["quantities"].as_array().unwrap().iter().find(|of| of["name"] == "E_a_D").unwrap();
    assert!(
        printed.contains(&format!(
            "E_a from D = {:.4} +- {:.4} eV",
            energy["value"].as_f64().unwrap(),
            energy["error"].as_f64().unwrap()
        )),
        "{printed}"
    );
    assert_eq!(data["series"]["lines"].as_array().unwrap().len(), 3);
    let names: Vec<_> = data["columns"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect();
    assert!(printed.contains(&format!("\n# {}\n", names.join(" "))), "{printed}");
}
