// SPDX-License-Identifier: MIT
//! Errors as exceptions of the package `deepion`.

use deepion_engine::Error;
use pyo3::prelude::*;

/// The exception for an error; atoms have indices in Python, not IDs.
pub fn exception(py: Python, error: &Error) -> PyErr {
    let class = match error {
        Error::Model(_) => "ModelFileError",
        Error::Input(_) | Error::NonFinite(_) | Error::Sel(_) => "InputError",
        Error::Engine(_) | Error::Internal(_) => "DeepionError",
    };
    let raise = || py.import("deepion.errors")?.getattr(class)?.call1((by_index(&error.to_string()),));
    raise().map_or_else(|failure| failure, PyErr::from_value)
}

/// The engine's messages name atoms by the IDs that they were given, here their indices.
pub fn by_index(text: &str) -> String {
    text.replace("atom ID ", "atom index ")
}
