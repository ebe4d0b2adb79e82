// SPDX-License-Identifier: MIT
//! The border for messages: what the crates say through `log`, collected until C++ prints it through LAMMPS.

use deepion_potential::Result;
use log::Level;

use crate::collector::{self, Message};
use crate::guard::guard_only;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    /// How important a message is.
    #[derive(Debug)]
    enum LogLevel {
        Error,
        Warn,
        Info,
        Debug,
    }

    /// One message, without a line end.
    #[derive(Debug, Clone, PartialEq)]
    struct LogRecord {
        level: LogLevel,
        text: String,
    }

    extern "Rust" {
        /// Returns and clears the messages of this process since the last call.
        fn take_log() -> Result<Vec<LogRecord>>;
    }
}

fn take_log() -> Result<Vec<ffi::LogRecord>> {
    guard_only(|| Ok(collector::take().into_iter().map(record).collect()))
}

fn record(message: Message) -> ffi::LogRecord {
    let level = match message.level {
        Level::Error => ffi::LogLevel::Error,
        Level::Warn => ffi::LogLevel::Warn,
        Level::Info => ffi::LogLevel::Info,
        Level::Debug | Level::Trace => ffi::LogLevel::Debug,
    };
    ffi::LogRecord { level, text: message.text }
}
