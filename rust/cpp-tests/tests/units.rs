// SPDX-License-Identifier: MIT
//! The C++ that needs neither LAMMPS nor Rust, a test for each group of `tests/cpp`.

use std::process::Command;

fn run(argument: &str) -> (bool, String) {
    let output = Command::new(env!("DEEPION_CPP_TESTS")).arg(argument).output().expect("the tests were built");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

macro_rules! groups {
    ($($group:ident),*) => {
        $(
            #[test]
            fn $group() {
                let (good, text) = run(stringify!($group));
                assert!(good, "{text}");
            }
        )*

        #[test]
        fn every_group_is_run() {
            let (good, text) = run("--list");
            assert!(good);
            assert_eq!(text.lines().collect::<Vec<_>>(), [$(stringify!($group)),*]);
        }
    };
}

groups!(atom_rows, element_names, pair_arguments, restart_payload, text, words);

#[test]
fn a_group_that_is_not_there_fails() {
    assert!(!run("nothing").0);
}
