// SPDX-License-Identifier: MIT
//! Memory that begins where a cache line does: a vector register that lies across two lines is read at half the speed.

use aligned_vec::AVec;

/// A vector whose first element begins a cache line.
pub type Aligned<R> = AVec<R>;

/// An empty one.
pub fn aligned<R>() -> Aligned<R> {
    AVec::new(align_of::<R>())
}

/// A local array that begins a cache line.
#[repr(align(64))]
pub struct Line<T>(pub T);
