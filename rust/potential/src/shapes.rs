// SPDX-License-Identifier: MIT
//! Arrays with shapes at this crate's interfaces: views whose shape was checked, with errors that name the array.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::error::{Error, Result};

/// The rows of a matrix that lie one behind the other in `values`.
///
/// ```
/// let x = deepion_potential::matrix("x", &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0], [2, 3])?;
/// assert_eq!(x[[1, 0]], 1.0);
/// let error = deepion_potential::matrix("x", &[0.0; 5], [2, 3]).unwrap_err();
/// assert_eq!(error.to_string(), "x has 5 values, expected 2 x 3");
/// # Ok::<(), deepion_potential::Error>(())
/// ```
///
/// # Errors
/// There are more or fewer values.
pub fn matrix<'a, T>(name: &str, values: &'a [T], shape: [usize; 2]) -> Result<ArrayView2<'a, T>> {
    let length = values.len();
    ArrayView2::from_shape(shape, values).ok().filter(|m| m.len() == length).ok_or_else(|| misfit(name, length, shape))
}

/// As [`matrix`], to be written to.
///
/// # Errors
/// There are more or fewer values.
pub fn matrix_mut<'a, T>(name: &str, values: &'a mut [T], shape: [usize; 2]) -> Result<ArrayViewMut2<'a, T>> {
    let length = values.len();
    let fitting = ArrayViewMut2::from_shape(shape, values).ok().filter(|m| m.len() == length);
    fitting.ok_or_else(|| misfit(name, length, shape))
}

/// The values of a matrix, row by row.
///
/// # Errors
/// They do not lie one behind the other in memory.
pub fn row_by_row<'a, T>(name: &str, matrix: ArrayView2<'a, T>) -> Result<&'a [T]> {
    matrix.to_slice().ok_or_else(|| Error::Input(format!("the rows of {name} do not lie one behind the other")))
}

/// As [`row_by_row`], to be written to.
///
/// # Errors
/// They do not lie one behind the other in memory.
pub fn row_by_row_mut<'a, T>(name: &str, matrix: ArrayViewMut2<'a, T>) -> Result<&'a mut [T]> {
    matrix.into_slice().ok_or_else(|| Error::Input(format!("the rows of {name} do not lie one behind the other")))
}

/// Refuses another shape than the expected one.
pub(crate) fn expect_shape(name: &str, got: &[usize], expected: [usize; 2]) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    Err(Error::Input(format!("{name} has the shape {got:?}, expected {expected:?}")))
}

fn misfit(name: &str, length: usize, [rows, columns]: [usize; 2]) -> Error {
    Error::Input(format!("{name} has {length} values, expected {rows} x {columns}"))
}
