// SPDX-License-Identifier: MIT
//! ONNX Runtime: where it is looked for, how it is loaded, and that a process has only one.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use deepion_potential::{Error, Result};
use ort::environment::Environment;
use ort::logging::LogLevel;

use crate::runtime_version::{at_least, runtime_version};

/// ONNX Runtime as loaded into this process.
#[derive(Clone)]
pub struct Library {
    /// The shared library.
    pub path: PathBuf,
    /// Version, as the library names itself.
    pub version: String,
    pub(crate) environment: Environment,
}

/// Loaded once and kept: its threads and allocators may not go away before the process does.
static LOADED: Mutex<Option<Library>> = Mutex::new(None);

/// Oldest release whose API is used.
const OLDEST: &str = "1.17";

/// Loads ONNX Runtime, or returns the one that is loaded already.
///
/// `chosen`: a file or folder the user names (then nothing else is tried), or empty; `search`: files or folders to try
/// after the environment variable `ORT_DYLIB_PATH`, before the usual places.
///
/// # Errors
/// Nothing usable was found (lists every place), or another one than `chosen` is loaded already.
pub fn load(chosen: &str, search: &[String]) -> Result<Library> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = &*loaded {
        let same = chosen.is_empty() || libraries_at(Path::new(chosen)).iter().any(|p| same_file(p, &library.path));
        return if same {
            Ok(library.clone())
        } else {
            Err(Error::Engine(format!(
                "ONNX Runtime {} is in use already, so {chosen} cannot be loaded: one process uses one ONNX Runtime; start a new one",
                library.path.display()
            )))
        };
    }
    let mut tried = Vec::new();
    for place in places(chosen, search) {
        let found = libraries_at(&place);
        if found.is_empty() {
            tried.push(format!("{} (not there)", place.display()));
        }
        for path in found {
            match open(&path) {
                Ok(library) => {
                    *loaded = Some(library.clone());
                    return Ok(library);
                }
                Err(reason) => {
                    log::debug!("ONNX Runtime: {} is not used ({reason})", path.display());
                    tried.push(format!("{} ({reason})", path.display()));
                }
            }
        }
    }
    Err(Error::Engine(format!(
        "no usable ONNX Runtime (version {OLDEST} or newer) found; tried: {}. Install it with 'pip install onnxruntime' and name its \
         libonnxruntime.so with the keyword onnxruntime PATH or the environment variable ORT_DYLIB_PATH",
        tried.join("; ")
    )))
}

fn open(path: &Path) -> std::result::Result<Library, String> {
    let version = runtime_version(path)?;
    match at_least(&version, OLDEST) {
        Some(true) => (),
        Some(false) => return Err(format!("ONNX Runtime {version} is too old")),
        None => return Err(format!("it says that it is version {version:?}, which is no version")),
    }
    let builder = ort::init_from(path).map_err(|e| e.to_string())?;
    let environment = builder.with_name("deepion").with_telemetry(false).build().map_err(|e| e.to_string())?;
    environment.set_log_level(LogLevel::Fatal);
    log::info!("ONNX Runtime {version} loaded from {}", path.display());
    Ok(Library { version, path: path.to_path_buf(), environment })
}

/// Files or folders to look at, most wanted first.
fn places(chosen: &str, search: &[String]) -> Vec<PathBuf> {
    if !chosen.is_empty() {
        return vec![chosen.into()];
    }
    if let Some(named) = std::env::var_os("ORT_DYLIB_PATH").filter(|p| !p.is_empty()) {
        return vec![named.into()];
    }
    let mut places: Vec<PathBuf> = search.iter().filter(|p| !p.is_empty()).map(PathBuf::from).collect();
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        let Some(prefix) = std::env::var_os(variable).filter(|p| !p.is_empty()) else { continue };
        let lib = Path::new(&prefix).join("lib");
        places.push(lib.clone());
        places.extend(python_folders(&lib).into_iter().map(|python| python.join("site-packages/onnxruntime/capi")));
    }
    if let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") {
        places.extend(std::env::split_paths(&paths).filter(|p| !p.as_os_str().is_empty()));
    }
    places.extend(
        ["/usr/local/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
            .map(PathBuf::from),
    );
    places
}

fn python_folders(lib: &Path) -> Vec<PathBuf> {
    entries(lib, |name| name.starts_with("python3"))
}

/// The file itself, or the ONNX Runtime libraries of a folder, in the order to try them: the newest by its name first.
fn libraries_at(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![std::path::absolute(place).unwrap_or_else(|_| place.to_path_buf())];
    }
    let mut found = entries(place, |name| name == "libonnxruntime.so" || name.starts_with("libonnxruntime.so."));
    found.sort_by_key(|path| std::cmp::Reverse(numbers_in_name(path)));
    found
}

fn entries(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(list) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> =
        list.flatten().filter(|e| e.file_name().to_str().is_some_and(&wanted)).map(|e| e.path()).collect();
    paths.sort();
    paths
}

/// The numbers after `.so.` in the name that a library has where it really is.
fn numbers_in_name(path: &Path) -> Vec<u32> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = real.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let numbers = name.split_once(".so.").map_or("", |(_, numbers)| numbers);
    numbers.split('.').map(|n| n.parse().unwrap_or(0)).collect()
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
