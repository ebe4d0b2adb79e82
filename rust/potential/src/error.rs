// SPDX-License-Identifier: MIT
//! What can go wrong, in words a user can act on.

/// An error of this crate or of whoever runs the networks. `Display` is the whole message for the user.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model file is not what it must be.
    #[error("{0}")]
    Model(String),
    /// The caller handed over something that does not fit the model or itself.
    #[error("{0}")]
    Input(String),
    /// The library that runs the networks failed.
    #[error("{0}")]
    Engine(String),
    /// A position or a result is NaN or infinite.
    #[error("{0}")]
    NonFinite(String),
    /// More neighbors of a type than `sel`, where the user asked for an error.
    #[error("{0}")]
    Sel(String),
    /// A bug in deepion.
    #[error("{0}")]
    Internal(String),
}

/// Result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
