// SPDX-License-Identifier: MIT
//! The border to Python: arrays in, arrays out. What they mean is checked by the package `deepion`, which alone uses this module;
//! what is computed is in `deepion-engine`. While it computes, Python's lock is free and Ctrl-C is heard.

mod errors;
mod potential;

use pyo3::prelude::*;

/// The engine of deepion; use `deepion.DeepPot` or `deepion.ase.Deepion`.
#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<potential::Potential>()
}
