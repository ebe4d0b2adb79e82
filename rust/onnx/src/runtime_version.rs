// SPDX-License-Identifier: MIT
//! Asks a shared library which ONNX Runtime it is, before it is put to use.

use std::ffi::CStr;
use std::path::Path;

use ort::sys::OrtApiBase;

/// Version of the ONNX Runtime in the shared library `path`, as it names itself (`1.24.1`).
///
/// # Errors
/// Why the file is no shared library of this machine, or no ONNX Runtime.
#[allow(unsafe_code)]
pub fn runtime_version(path: &Path) -> Result<String, String> {
    // SAFETY: opening a library runs its initialization. The user, or the search among the usual places, named this file as ONNX
    // Runtime, whose initialization has no requirements.
    let library = unsafe { libloading::Library::new(path) }.map_err(|e| format!("failed to load: {}", reason(&e)))?;
    // SAFETY: the type is that of `OrtGetApiBase` in every release of ONNX Runtime's C API, and no other library exports the name.
    let api_base = unsafe { library.get::<unsafe extern "system" fn() -> *const OrtApiBase>("OrtGetApiBase") }
        .map_err(|_| "it is no ONNX Runtime: it exports no OrtGetApiBase".to_string())?;
    // SAFETY: the function takes nothing and returns a pointer to a constant of the library, which stays open to the end of this one.
    let base = unsafe { api_base().as_ref() }.ok_or("its OrtGetApiBase returns nothing")?;
    // SAFETY: as above.
    let version = unsafe { (base.GetVersionString)() };
    if version.is_null() {
        return Err("it does not say its version".into());
    }
    // SAFETY: the API promises a string that ends in 0 and lives as long as the library.
    let version = unsafe { CStr::from_ptr(version) };
    Ok(version.to_string_lossy().into_owned())
}

/// The innermost error, which is the operating system's.
fn reason(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), reason)
}

/// Whether a version (`1.24.1`) is at least `oldest` (`1.17`); none: it is no version.
pub fn at_least(version: &str, oldest: &str) -> Option<bool> {
    let numbers = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.split('.').map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    };
    Some(numbers(version)? >= numbers(oldest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(at_least("1.24.1", "1.17"), Some(true));
        assert_eq!(at_least("1.17.0", "1.17"), Some(true));
        assert_eq!(at_least("1.9.3", "1.17"), Some(false));
        assert_eq!(at_least("2.0", "1.17"), Some(true));
        assert_eq!(at_least("nightly", "1.17"), None);
        assert_eq!(at_least("", "1.17"), None);
    }
}
