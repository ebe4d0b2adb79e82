// SPDX-License-Identifier: MIT
//! What all measurements share. A measurement fills in three traits:
//!
//! - [`Measure`]: samples add to increments on each rank, whose sum over ranks goes into the total;
//! - [`Save`]: the total as text, for restart files and `deepion-merge`. Measurements that keep their total in [`Sums`] get it from there;
//! - [`Report`]: the total as results, tables and numbers for thermo output.
//!
//! [`Accumulator`] is all of them together.

pub mod state;
mod sums;

use crate::Result;
use crate::results::{Column, ModelUse, Provenance, Quantity, Results, Table};

pub use sums::{KeepsSums, Layout, Sums, Total};

/// Gathers data on every rank.
///
/// Life of a measurement: samples add to increments on each rank; [`Measure::take_increments`] of all ranks are added as integers;
/// [`Measure::add_increments`] puts the sum into the total, which is the same on all ranks; results, tables and the saved state come from
/// the total alone. Increments must be taken before each of these, and before a sample for which [`Measure::full`] is true.
pub trait Measure {
    /// Numbers that each atom carries along in a row of its own, which the caller keeps with the atom; 0: none.
    fn row_width(&self) -> usize {
        0
    }

    /// Changes the time step, ps, before the first sample. Nothing depends on it unless a measurement says so.
    ///
    /// # Errors
    /// After the first sample, or where it is no positive time.
    fn set_timestep(&mut self, _timestep_ps: f64) -> Result<()> {
        Ok(())
    }

    /// Returns and clears what this rank gathered since the last call.
    fn take_increments(&mut self) -> Vec<i64>;

    /// Adds the sum over ranks of their increments to the total.
    ///
    /// # Errors
    /// Where these are not the increments of this measurement, or a sum leaves its range.
    fn add_increments(&mut self, sum: &[i64]) -> Result<()>;

    /// Whether increments must be taken before the next sample: it opens a new block.
    fn full(&self) -> bool;

    /// Bytes held.
    fn memory_bytes(&self) -> usize;
}

/// Can be saved, continued and joined.
pub trait Save {
    /// The total as text (JSON), with the settings it was made with.
    ///
    /// # Errors
    /// Where it cannot be written, or is too large for a restart file.
    fn state(&self, provenance: &Provenance) -> Result<String>;

    /// Replaces the total by a saved one.
    ///
    /// # Errors
    /// Where it is no state of this measurement, of another version, damaged, or made with other settings: both are named.
    fn restore(&mut self, state: &str) -> Result<()>;

    /// Adds the saved state of an independent run with the same settings to the results. Time goes on in none of them.
    ///
    /// # Errors
    /// As [`Save::restore`], and where it is a run that is there already.
    fn join(&mut self, state: &str) -> Result<()>;

    /// The potential in use from `step` on; empty: no model of deepion. Returns whether it is another one than before.
    fn set_model(&mut self, sha256: &str, step: i64) -> bool;

    /// All potentials that were used, in order.
    fn models(&self) -> &[ModelUse];
}

/// Says what was measured.
pub trait Report {
    /// Name of the style.
    fn style(&self) -> &'static str;

    /// The main results.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    fn results(&self) -> Result<Results>;

    /// The main table, with the main results.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    fn report(&self) -> Result<Table>;

    /// Numbers for thermo output.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    fn thermo(&self) -> Result<Thermo>;

    /// The numbers of a row of a file with a row per output, after the step.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    fn history(&self) -> Result<History>;
}

/// Numbers for thermo output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thermo {
    /// The main result.
    pub scalar: f64,
    /// One number each, in the order of the style's doc page.
    pub vector: Vec<f64>,
    /// Rows of the main table.
    pub array: Vec<Vec<f64>>,
}

/// A row of a file with a row per output, after the step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// What its numbers are.
    pub columns: Vec<Column>,
    /// The numbers.
    pub row: Vec<f64>,
}

impl History {
    /// Of quantities, each with its standard error where `with_error`.
    #[must_use]
    pub fn new<'a>(quantities: impl IntoIterator<Item = (&'a Quantity, bool)>) -> Self {
        let mut history = Self::default();
        for (quantity, with_error) in quantities {
            history.columns.push(Column::new(&quantity.name, &quantity.unit, &quantity.label));
            history.row.push(quantity.value.unwrap_or(0.0));
            if with_error {
                history.columns.push(Column::error(&quantity.name, &quantity.unit));
                history.row.push(quantity.error.unwrap_or(0.0));
            }
        }
        history
    }
}

/// A measurement.
pub trait Accumulator: Measure + Save + Report {
    /// The main table with the main results and all warnings, for a file.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    fn table(&self) -> Result<Table> {
        let mut table = self.report()?;
        table.results.warn_of_models(self.models());
        Ok(table)
    }

    /// What stands above the rows of a file with a row per output: no results, which the rows hold.
    fn history_head(&self) -> Results {
        let mut head = Results::new(self.style(), "history");
        head.warn_of_models(self.models());
        head
    }

    /// The main result in a few lines for the log, with all warnings.
    ///
    /// # Errors
    /// As [`Accumulator::table`].
    fn headline(&self) -> Result<Vec<String>> {
        let mut results = self.results()?;
        results.warn_of_models(self.models());
        Ok(results.log_lines())
    }
}

impl<M: Measure + Save + Report> Accumulator for M {}
