// SPDX-License-Identifier: MIT
//! Where in a table a distance is.

/// Coefficients of a piece: a polynomial of degree 5.
pub const COEFFICIENTS: usize = 6;

/// The pieces of a table, found through bins as wide as the narrowest of them.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Smallest distance, A.
    pub nearest: f64,
    /// Bins per A.
    pub inv_bin: f64,
    /// Piece that each bin is in.
    pub piece: Vec<u32>,
    /// Where each piece starts, A.
    pub start: Vec<f64>,
    /// 1 / width of each piece, 1/A.
    pub inv_width: Vec<f64>,
}

impl Places {
    /// From the pieces' starts and widths, A, in ascending order. Widths are multiples of the narrowest one.
    pub fn new(pieces: impl ExactSizeIterator<Item = (f64, f64)> + Clone) -> Self {
        let bin = pieces.clone().map(|(_, width)| width).fold(f64::INFINITY, f64::min);
        let bins_of =
            |(k, (_, width)): (usize, (f64, f64))| std::iter::repeat_n(k as u32, (width / bin).round() as usize);
        Self {
            nearest: pieces.clone().map(|(start, _)| start).next().unwrap_or(0.0),
            inv_bin: 1.0 / bin,
            piece: pieces.clone().enumerate().flat_map(bins_of).collect(),
            start: pieces.clone().map(|(start, _)| start).collect(),
            inv_width: pieces.map(|(_, width)| 1.0 / width).collect(),
        }
    }
}
