// SPDX-License-Identifier: MIT
//! Arrays of vectors at the interfaces of this crate: n x 3 numbers, one after the other.

use ndarray::ArrayView2;

use crate::{Error, Result};

/// A list of numbers as n vectors.
///
/// ```
/// use deepion_analysis::shapes::vectors;
///
/// let numbers = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
/// assert_eq!(vectors("positions", &numbers).unwrap()[[1, 0]], 3.0);
/// let error = vectors("positions", &numbers[..4]).unwrap_err();
/// assert_eq!(error.to_string(), "positions have 4 numbers, not 3 for each atom");
/// ```
///
/// # Errors
/// Where these are not three for each, with the name.
pub fn vectors<'a, T>(name: &str, numbers: &'a [T]) -> Result<ArrayView2<'a, T>> {
    let wrong = || Error::Internal(format!("{name} have {} numbers, not 3 for each atom", numbers.len()));
    // a view may be shorter than what it looks at
    if !numbers.len().is_multiple_of(3) {
        return Err(wrong());
    }
    ArrayView2::from_shape((numbers.len() / 3, 3), numbers).map_err(|_| wrong())
}

/// The numbers of n vectors, for kernels.
///
/// # Errors
/// Where they have another shape, or do not lie one after the other, with the name.
pub fn numbers<'a>(name: &str, vectors: &ArrayView2<'a, f64>) -> Result<&'a [f64]> {
    let plain = vectors.to_slice().filter(|_| vectors.ncols() == 3);
    plain
        .ok_or_else(|| Error::Internal(format!("{name} are no n x 3 numbers one after the other: {:?}", vectors.dim())))
}

/// Checks that a list has one entry for each of n atoms.
///
/// # Errors
/// Where it has not, with the name.
pub fn one_each(name: &str, length: usize, atoms: usize) -> Result<()> {
    if length == atoms {
        return Ok(());
    }
    Err(Error::Internal(format!("{length} {name} do not belong to {atoms} atoms")))
}
