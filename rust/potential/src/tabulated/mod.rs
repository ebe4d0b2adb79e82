// SPDX-License-Identifier: MIT
//! The fast path: embedding nets tabulated at load, and a fused descriptor that never holds atoms x slots x M.
//!
//! Per pair of types the embedding is expressed in a small basis (`basis`), whose functions of the distance are tabulated
//! (`table`); T = C + A B, where A (4 x n) is all that neighbors add to (`basis_kernel`; all kernels
//! are compiled per instruction set in `simd`).

mod aligned;
mod basis;
mod basis_kernel;
mod feature_kernel;
mod fitting;
mod fitting_kernel;
mod kernel;
mod lanes;
mod nearby;
mod places;
mod radial_functions;
mod real;
mod simd;
mod table;
mod tables;
mod worker;

/// What the kernels work on.
pub mod kernels {
    pub use super::fitting::FittingProgram;
    pub use super::fitting_kernel::FittingRoom;
    pub use super::kernel::{Constants, PairRows, Rows};
    pub use super::places::Places;
}

pub use real::Real;
pub use simd::{InstructionSet, Kernels};
pub use tables::{Reduction, TableSettings, TableSummary, Tables};
pub use worker::TabulatedWorker;
