// SPDX-License-Identifier: MIT
//! No panic crosses the border: cxx would abort the process.

use deepion_engine::caught;

/// The text of an error that reports a bug in deepion.
pub struct Bug(String);

impl From<Bug> for deepion_potential::Error {
    fn from(bug: Bug) -> Self {
        Self::Internal(bug.0)
    }
}

impl From<Bug> for deepion_analysis::Error {
    fn from(bug: Bug) -> Self {
        Self::Internal(bug.0)
    }
}

/// Runs `body` on a handle. A panic becomes an error that names the place and marks the handle as `poisoned`; a poisoned handle
/// refuses to run, because a panic may have left it half changed.
pub fn guard<T, E: From<Bug>>(poisoned: &mut bool, body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    if *poisoned {
        return Err(E::from(Bug("it failed before because of a bug in deepion and cannot be used any more".into())));
    }
    guard_free(body).map_err(|failure| {
        *poisoned = matches!(failure, Failure::Panic(_));
        failure.into_error()
    })
}

/// Runs a `body` that has no handle, or only reads it. A panic becomes an error that names the place.
pub fn guard_only<T, E: From<Bug>>(body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    guard_free(body).map_err(Failure::into_error)
}

enum Failure<E> {
    Error(E),
    Panic(Bug),
}

impl<E: From<Bug>> Failure<E> {
    fn into_error(self) -> E {
        match self {
            Self::Error(error) => error,
            Self::Panic(bug) => E::from(bug),
        }
    }
}

fn guard_free<T, E>(body: impl FnOnce() -> Result<T, E>) -> Result<T, Failure<E>> {
    let body = || {
        crate::collector::start();
        body()
    };
    caught(body).map_err(|text| Failure::Panic(Bug(text)))?.map_err(Failure::Error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepion_potential::{Error, Result};

    /// One test, as places are kept for the whole process.
    #[test]
    fn panic_becomes_an_error_with_its_place_and_poisons() {
        let mut poisoned = false;
        let line = line!() + 1;
        let first = guard(&mut poisoned, || -> Result<()> { panic!("index 7 of 3") }).unwrap_err();
        assert_eq!(
            first.to_string(),
            format!("internal error: index 7 of 3 (at {}:{line}); this is a bug in deepion, please report it", file!())
        );
        assert!(matches!(first, Error::Internal(_)), "{first:?}");
        assert!(poisoned);
        let second = guard(&mut poisoned, || -> Result<()> { Ok(()) });
        assert!(second.unwrap_err().to_string().contains("cannot be used any more"));

        let run = || -> Result<()> {
            let worker = std::thread::spawn(|| panic!("in a worker"));
            std::panic::resume_unwind(worker.join().unwrap_err());
        };
        let text = guard_only(run).unwrap_err().to_string();
        assert!(text.contains("in a worker (at ") && text.contains("guard.rs:"), "{text}");

        let run = || -> deepion_analysis::Result<()> { panic!("oops") };
        assert!(matches!(guard_only(run), Err(deepion_analysis::Error::Internal(_))));
    }

    #[test]
    fn ordinary_error_neither_changes_nor_poisons() {
        let mut poisoned = false;
        let error = guard(&mut poisoned, || -> Result<()> { Err(Error::Input("no".into())) }).unwrap_err();
        assert!(matches!(error, Error::Input(_)) && !poisoned);
        assert!(matches!(guard_only(|| -> Result<()> { Err(Error::Sel("no".into())) }), Err(Error::Sel(_))));
    }
}
