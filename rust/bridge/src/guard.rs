//! No panic crosses the border: cxx would abort the process.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A bug in deepion, in words.
pub struct Bug(String);

impl From<Bug> for deepion_potential::Error {
    fn from(bug: Bug) -> Self {
        Self::Engine(bug.0)
    }
}

impl From<Bug> for deepion_analysis::Error {
    fn from(bug: Bug) -> Self {
        Self::Data(bug.0)
    }
}

/// Runs `body`; a panic becomes an error that says it is a bug. Sets `poisoned` then, and refuses to run where it is set.
pub fn guard<T, E: From<Bug>>(poisoned: &mut bool, body: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    if *poisoned {
        return Err(E::from(Bug("it failed before because of a bug in deepion and cannot be used any more".into())));
    }
    silence_panic_messages();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        *poisoned = true;
        Err(E::from(Bug(format!(
            "internal error: {}; this is a bug in deepion, please report it",
            text(panic.as_ref())
        ))))
    })
}

/// The text reaches the user in the error, through LAMMPS, once; the default hook would print it on every rank besides.
fn silence_panic_messages() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| ())));
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let string = panic.downcast_ref::<String>().map(String::as_str);
    string.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use deepion_potential::Result;

    #[test]
    fn a_panic_becomes_an_error_and_poisons() {
        let mut poisoned = false;
        let first = guard(&mut poisoned, || -> Result<()> { panic!("index 7 of 3") });
        assert_eq!(
            first.unwrap_err().to_string(),
            "internal error: index 7 of 3; this is a bug in deepion, please report it"
        );
        assert!(poisoned);
        let second = guard(&mut poisoned, || -> Result<()> { Ok(()) });
        assert!(second.unwrap_err().to_string().contains("cannot be used any more"));
    }
}
