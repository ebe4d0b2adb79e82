// SPDX-License-Identifier: MIT
//! How a model is to be opened.

/// What the networks run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Networks in float32, geometry and sums in float64.
    Mixed,
    /// Everything in float64.
    Double,
}

/// How to open a model.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the networks run in.
    pub precision: Precision,
    /// Whether embedding nets are tabulated; they are run where tables cannot reach `table_error`.
    pub tabulate: bool,
    /// Largest relative error of a table, 0: the default of the precision; reduced networks are always tabulated.
    pub table_error: f64,
    /// Largest force error of a reduced network, eV/A RMS; 0: the full network; negative: the default.
    pub reduce: f64,
    /// Whether its forces move the atoms; the default of `reduce` is larger for a model that is only compared with one that does.
    pub drives: bool,
    /// Worker threads of this potential, >= 1.
    pub threads: usize,
    /// Whether more neighbors of a type than `sel` are an error.
    pub sel_error: bool,
    /// ONNX Runtime library chosen by the user; empty: search.
    pub onnxruntime: String,
    /// Files or folders to search for ONNX Runtime after `ORT_DYLIB_PATH`, in order.
    pub search: Vec<String>,
}
