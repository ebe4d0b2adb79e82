// SPDX-License-Identifier: MIT
//! No panic crosses a border, to C++ or to Python: it becomes a text that names the place.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, Once, PoisonError};

thread_local! {
    /// Where this thread panicked last.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Where any thread panicked last: a worker's panic continues on the thread that waits for it.
static LAST_PLACE: Mutex<Option<String>> = Mutex::new(None);

/// Runs `body`.
///
/// # Errors
/// It panicked: a text that names the place and asks for a report.
pub fn caught<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    remember_places();
    catch_unwind(AssertUnwindSafe(body)).map_err(|panic| {
        let (text, place) = (text(panic.as_ref()), place());
        format!("internal error: {text} (at {place}); this is a bug in deepion, please report it")
    })
}

/// The text of a panic reaches the user once, in the error that is reported; the default hook would print it besides, on every
/// rank. Only the hook is given the place.
fn remember_places() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
            PLACE.set(place.clone());
            *LAST_PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
        }));
    });
}

fn place() -> String {
    let last = LAST_PLACE.lock().unwrap_or_else(PoisonError::into_inner).take();
    PLACE.take().or(last).unwrap_or_else(|| "an unknown place".into())
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let string = panic.downcast_ref::<String>().map(String::as_str);
    string.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, as places are kept for the whole process.
    #[test]
    fn a_panic_becomes_a_text_with_its_place() {
        assert_eq!(caught(|| 3), Ok(3));
        let line = line!() + 1;
        let found = caught(|| -> i32 { panic!("index 7 of 3") }).unwrap_err();
        let expected =
            format!("internal error: index 7 of 3 (at {}:{line}); this is a bug in deepion, please report it", file!());
        assert_eq!(found, expected);
        let found = caught(|| {
            let worker = std::thread::spawn(|| panic!("in a worker"));
            std::panic::resume_unwind(worker.join().unwrap_err());
        });
        assert!(found.unwrap_err().contains("in a worker (at "));
    }
}
