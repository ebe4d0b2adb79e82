// SPDX-License-Identifier: MIT
//! Builds and runs the tests of the C++ code from `cargo test`: see `tests/cpp` at the top of the repository. There is no library
//! here; the crate exists for its build script and its tests.
