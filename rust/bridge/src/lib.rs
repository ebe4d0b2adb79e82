// SPDX-License-Identifier: MIT
//! The border between C++ and Rust: one file for each subject, with its `#[cxx::bridge]` and the handles that C++ holds. Every
//! function body runs inside `guard`: an error or a panic reaches C++ as `rust::Error`, never as an abort, and a handle that
//! panicked refuses further work.

mod border;
mod collector;
mod coordination;
mod density;
mod deviation_file;
mod elements;
mod files;
mod guard;
mod hops;
mod kinetic;
mod logging;
mod measurement;
mod model_cache;
mod plausibility;
mod polyhedra;
mod potential;
mod rdf;
mod transport;
mod unwrapping;
mod vanhove;
mod vibrations;
