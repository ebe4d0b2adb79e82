// SPDX-License-Identifier: MIT
//! Errors and panics as exceptions of the package `deepion`.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use deepion_engine::{Error, Result};
use pyo3::prelude::*;

/// Runs `body`; a panic becomes an error.
pub fn caught<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let text = text(panic.as_ref());
        Err(Error::Internal(format!("internal error: {text}; this is a bug in deepion, please report it")))
    })
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let string = panic.downcast_ref::<String>().map(String::as_str);
    string.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown")
}

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
