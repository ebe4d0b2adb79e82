// SPDX-License-Identifier: MIT
//! What can go wrong, as messages that a user can act on.

/// An error of this crate. `Display` is the whole message for the user.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Settings that do not fit each other.
    #[error("{0}")]
    Settings(String),
    /// A saved state that cannot be read, or belongs to other settings.
    #[error("{0}")]
    State(String),
    /// Positions or velocities that cannot be right.
    #[error("{0}")]
    Data(String),
    /// A file that cannot be read or written.
    #[error("{0}")]
    File(String),
    /// A bug in deepion.
    #[error("{0}")]
    Internal(String),
}

/// Result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
