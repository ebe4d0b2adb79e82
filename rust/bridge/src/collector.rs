// SPDX-License-Identifier: MIT
//! The logger of the border: keeps what the crates say through `log` until it is taken.
//!
//! The environment variable `DEEPION_LOG` chooses how much: `error`, `warn` (default), `info` or `debug`.

use std::sync::{Mutex, Once, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};

/// Messages kept until they are taken; later ones are only counted.
const MOST_MESSAGES: usize = 1000;

/// One message, without a line end.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub level: Level,
    pub text: String,
}

#[derive(Default)]
struct Kept {
    messages: Vec<Message>,
    dropped: usize,
}

struct Collector {
    kept: Mutex<Kept>,
}

static COLLECTOR: Collector = Collector { kept: Mutex::new(Kept { messages: Vec::new(), dropped: 0 }) };

impl Log for Collector {
    /// Other libraries in the process are heard only where something is wrong.
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= Level::Warn || metadata.target().starts_with("deepion")
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.messages.len() >= MOST_MESSAGES {
            kept.dropped += 1;
            return;
        }
        kept.messages.push(Message { level: record.level(), text: record.args().to_string() });
    }

    fn flush(&self) {}
}

/// Starts collecting, once per process.
pub fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if log::set_logger(&COLLECTOR).is_err() {
            return; // another logger is in use
        }
        let chosen = std::env::var_os("DEEPION_LOG").map(|value| value.to_string_lossy().into_owned());
        let level = level(chosen.as_deref());
        log::set_max_level(level.unwrap_or(LevelFilter::Warn));
        if let (None, Some(chosen)) = (level, chosen) {
            log::warn!(
                "the environment variable DEEPION_LOG is '{chosen}', expected error, warn, info or debug: warn is used"
            );
        }
    });
}

/// What `DEEPION_LOG` chooses; none: it is none of the levels.
fn level(chosen: Option<&str>) -> Option<LevelFilter> {
    match chosen.unwrap_or_default() {
        "error" => Some(LevelFilter::Error),
        "warn" | "" => Some(LevelFilter::Warn),
        "info" => Some(LevelFilter::Info),
        "debug" => Some(LevelFilter::Debug),
        _ => None,
    }
}

/// Returns and clears the messages of this process since the last call.
pub fn take() -> Vec<Message> {
    COLLECTOR.take()
}

impl Collector {
    fn take(&self) -> Vec<Message> {
        let Kept { mut messages, dropped } =
            std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        if dropped > 0 {
            let text = format!("{dropped} more messages were dropped: only {MOST_MESSAGES} are kept at a time");
            messages.push(Message { level: Level::Warn, text });
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(collector: &Collector, level: Level, target: &str, text: &str) {
        collector.log(&Record::builder().level(level).target(target).args(format_args!("{text}")).build());
    }

    #[test]
    fn messages_are_taken_once_and_in_order() {
        let collector = Collector { kept: Mutex::default() };
        say(&collector, Level::Info, "deepion_onnx::library", "one");
        say(&collector, Level::Debug, "somebody_else", "unheard");
        say(&collector, Level::Warn, "somebody_else", "two");
        let taken = collector.take();
        assert_eq!(
            taken.iter().map(|r| (r.level, &*r.text)).collect::<Vec<_>>(),
            [(Level::Info, "one"), (Level::Warn, "two")]
        );
        assert!(collector.take().is_empty());
    }

    #[test]
    fn messages_are_bounded_and_the_rest_is_counted() {
        let collector = Collector { kept: Mutex::default() };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..MOST_MESSAGES).for_each(|_| say(&collector, Level::Info, "deepion", "again")));
            }
        });
        let taken = collector.take();
        assert_eq!(taken.len(), MOST_MESSAGES + 1);
        assert_eq!(taken[MOST_MESSAGES].text, "3000 more messages were dropped: only 1000 are kept at a time");
    }

    #[test]
    fn levels_by_name() {
        assert_eq!(level(None), Some(LevelFilter::Warn));
        assert_eq!(level(Some("")), Some(LevelFilter::Warn));
        assert_eq!(level(Some("debug")), Some(LevelFilter::Debug));
        assert_eq!(level(Some("loud")), None);
    }
}
