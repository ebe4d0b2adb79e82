// SPDX-License-Identifier: MIT
//! A model file and a user's settings, ready to compute: what the pair style in LAMMPS and the module of Python share. Which
//! networks and tables are used, what is accurate enough, and what is said of a model are decided here.
//!
//! Units: Angstrom, eV, eV/Angstrom.

mod accuracy;
mod bins;
mod cell;
mod frames;
mod opening;
mod panics;
mod settings;
mod summary;
mod surroundings;
mod watching;

use deepion_onnx::{Library, ModelFile, OnnxWholeModel};
use deepion_potential::{
    Check, Configuration, Contract, Engine, MOST_SHARES, ReducedLevel, Results, Sightings, Times, Totals, Watcher,
};

pub use cell::Vectors;
pub use deepion_potential::{Error, Result};
pub use frames::{Answer, Frame, Wanted};
pub use panics::caught;
pub use settings::{Precision, Settings};
pub use surroundings::Surroundings;

/// A model, ready to compute.
pub struct Potential {
    name: String,
    file: ModelFile,
    runtime: Library,
    settings: Settings,
    /// The reduced networks that the settings ask for, and those in use.
    wanted: Option<ReducedLevel>,
    reduced: Option<ReducedLevel>,
    /// None before the model was prepared.
    engine: Option<Engine>,
    /// None before it was opened.
    watcher: Option<Watcher>,
}

impl Potential {
    /// Opens a model from the bytes of its file; `name` is only used in messages.
    ///
    /// # Errors
    /// No model file, no usable ONNX Runtime, or settings that the file cannot serve.
    pub fn open(name: &str, bytes: &[u8], settings: Settings) -> Result<Self> {
        opening::open(name, bytes, settings)
    }

    /// Prepares the model for the types that will occur (indices of its own): to be called before anything is computed, and
    /// again where they change. Cheap where they do not.
    ///
    /// # Errors
    /// A type that the model does not have, or networks that cannot be run.
    pub fn prepare(&mut self, types: &[i32]) -> Result<()> {
        opening::prepare(self, types)
    }

    /// The bytes of the file; none where they were dropped.
    #[must_use]
    pub fn file(&self) -> &[u8] {
        self.file.bytes()
    }

    /// Drops the bytes of the file. They are only needed to prepare the model for other types, and for a self-check.
    pub fn drop_file(&mut self) {
        self.file.drop_file();
    }

    /// Takes the bytes of the file in again.
    ///
    /// # Errors
    /// They are those of another file.
    pub fn restore_file(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.restore_file(bytes)
    }

    /// What the file says of the model.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.file.contract
    }

    /// SHA-256 of the model file, lowercase hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.file.sha256
    }

    /// Force error of the reduced networks in use as measured at export, eV/A RMS; 0: the full networks.
    #[must_use]
    pub fn reduced_error(&self) -> f64 {
        self.reduced.as_ref().map_or(0.0, |level| level.force_error)
    }

    /// Largest force difference, eV/A, that a self-check may find where the user sets no limit.
    #[must_use]
    pub fn check_limit(&self) -> f64 {
        accuracy::check_limit(self.settings.precision, self.settings.tabulate, self.reduced_error())
    }

    /// Worker threads in use.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.settings.threads.clamp(1, MOST_SHARES)
    }

    /// Lines for the set-up summary, without line ends: model, hash, types, cutoff, precision, ONNX Runtime, threads; none
    /// before the model was prepared.
    #[must_use]
    pub fn summary(&self) -> Vec<String> {
        self.engine.as_ref().map_or(Vec::new(), |engine| summary::lines(self, engine))
    }

    /// Adds energies, forces and virials of one configuration to `results` ([`Engine::compute`]).
    ///
    /// # Errors
    /// As [`Engine::compute`], or the model was not prepared.
    pub fn compute(&mut self, conf: &Configuration, results: &mut Results) -> Result<(Totals, Sightings)> {
        self.engine()?.compute(conf, results)
    }

    /// What computes, for several models at once ([`deepion_potential::compute_all`]).
    ///
    /// # Errors
    /// The model was not prepared.
    pub fn engine(&mut self) -> Result<&mut Engine> {
        self.engine.as_mut().ok_or_else(|| Error::Internal("the model was not prepared for any types".into()))
    }

    /// Evaluates a sample of the configuration's own atoms with the path in use and with the model file's own graph in float64.
    ///
    /// # Errors
    /// As [`Potential::compute`], or a failure of the graph.
    pub fn self_check(&mut self, conf: &Configuration) -> Result<Check> {
        let mut graph = OnnxWholeModel::new(&self.runtime, &self.file)?;
        self.engine()?.self_check(conf, &mut graph)
    }

    /// Returns and clears where the time went.
    pub fn take_times(&mut self) -> Times {
        self.engine.as_mut().map_or_else(Times::default, Engine::take_times)
    }

    /// Bytes held by buffers and the file.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.engine.as_ref().map_or(0, Engine::bytes) + self.file.bytes().len()
    }
}
