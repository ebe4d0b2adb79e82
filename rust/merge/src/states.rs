// SPDX-License-Identifier: MIT
//! The files that are given.

use std::fs;
use std::path::{Path, PathBuf};

use deepion_analysis::measurement::state::{self, Head};
use deepion_analysis::results::{ModelUse, Warning, named};
use deepion_analysis::{Accumulator, Error, Result, files};

/// A state file.
pub struct State {
    /// As the user named it.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
    /// What it says of itself.
    pub head: Head,
}

impl State {
    /// # Errors
    /// A file that cannot be read, or is no state.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).map_err(|error| about(path, &error))?;
        let text = String::from_utf8(text).map_err(|_| {
            about(path, &"not a saved state of deepion, which is the file of keyword state of an ion/* fix: no text")
        })?;
        let head = state::head(&text).map_err(|error| about(path, &error))?;
        Ok(Self { path: path.to_owned(), text, head })
    }
}

/// An error with the file that it is about.
pub fn about(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::State(format!("{}: {error}", path.display()))
}

/// The style that all states have.
///
/// # Errors
/// Names two of different styles.
pub fn style_of(states: &[State]) -> Result<&str> {
    let first = &states[0];
    match states.iter().find(|state| state.head.style != first.head.style) {
        None => Ok(&first.head.style),
        Some(other) => Err(Error::State(format!(
            "{} is a state of {}, {} one of {}: join states of one style",
            first.path.display(),
            first.head.style,
            other.path.display(),
            other.head.style
        ))),
    }
}

/// All potentials, each once, and a warning that names two states with different ones.
pub fn models_of(states: &[State]) -> (Vec<ModelUse>, Option<Warning>) {
    let mut models: Vec<ModelUse> = Vec::new();
    for used in states.iter().flat_map(|state| &state.head.models) {
        if !models.iter().any(|known| known.sha256 == used.sha256) {
            models.push(used.clone());
        }
    }
    let hashes = |state: &State| -> Vec<String> {
        state.head.models.iter().map(|used| used.sha256.clone()).filter(|sha256| !sha256.is_empty()).collect()
    };
    let warning = states.iter().find(|state| hashes(state) != hashes(&states[0])).map(|other| {
        let with = |state: &State| {
            let each: Vec<_> = hashes(state).iter().map(|sha256| format!("model {}", named(sha256))).collect();
            let models = if each.is_empty() { "a model that it does not name".into() } else { each.join(" and ") };
            format!("{} with {models}", state.path.display())
        };
        Warning {
            code: "models_differ",
            text: format!("not measured with one and the same model: {}, {}", with(&states[0]), with(other)),
        }
    });
    (models, warning)
}

/// All states as one measurement.
///
/// # Errors
/// Names the state that does not fit.
pub fn joined(states: &[State], open: impl Fn(&str) -> Result<Box<dyn Accumulator>>) -> Result<Box<dyn Accumulator>> {
    let mut all = open(&states[0].text).map_err(|error| about(&states[0].path, &error))?;
    for state in &states[1..] {
        all.join(&state.text).map_err(|error| about(&state.path, &error))?;
    }
    Ok(all)
}

/// Refuses to write over a state that is read, however both are named.
///
/// # Errors
/// Names the file.
pub fn check_output(states: &[State], path: &Path) -> Result<()> {
    let target = files::full_path(path);
    if states.iter().any(|state| files::full_path(&state.path) == target) {
        return Err(Error::Settings(format!(
            "{} is one of the states to be joined, and would be replaced by the table: give the table another name",
            path.display()
        )));
    }
    files::check_writable(path)
}
