// SPDX-License-Identifier: MIT
//! Unwrapped positions in a box that changes.

use deepion_analysis::shapes::vectors;
use deepion_analysis::{Result, unwrapping};

use crate::guard::guard_only;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    extern "Rust" {
        /// Whether a box (xx, yy, zz, yz, xz, xy; A) was flipped between two steps, which unwrapping cannot follow.
        fn box_flipped(before: &[f64; 6], now: &[f64; 6]) -> Result<bool>;
        /// Advances unwrapped positions by one step. `positions`: n x 3, A; `images`: image flags, n x 3, of `period` values;
        /// `cell`: the box of this step; `slots`: number of each atom's row, n; `rows`: all rows, in tiles of `tile` as in
        /// `IonFrame`, of 9 numbers: unwrapped position, position, image flags.
        fn advance_unwrapped(
            positions: &[f64],
            images: &[i32],
            period: u32,
            cell: &[f64; 6],
            slots: &[i32],
            tile: usize,
            rows: &mut [f64],
        ) -> Result<()>;
    }
}

fn box_flipped(before: &[f64; 6], now: &[f64; 6]) -> Result<bool> {
    guard_only(|| Ok(unwrapping::flipped(before, now)))
}

fn advance_unwrapped(
    positions: &[f64],
    images: &[i32],
    period: u32,
    cell: &[f64; 6],
    slots: &[i32],
    tile: usize,
    rows: &mut [f64],
) -> Result<()> {
    guard_only(|| {
        let (positions, images) = (vectors("positions", positions)?, vectors("images", images)?);
        unwrapping::advance(&positions, &images, period, cell, slots, tile, rows)
    })
}
