// SPDX-License-Identifier: MIT
//! Where ions are against a reference without drift, and the lags and time origins at which their displacements are taken: what all
//! measurements of motion share.

mod lags;
mod located;

pub use lags::{Lags, Pairing};
pub(crate) use located::Ions;
pub use located::{Frame, Group, ION_GROUPS, Located, Reference, group_of, locate};
