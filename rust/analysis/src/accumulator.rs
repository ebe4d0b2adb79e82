//! What all analyses have in common.

use crate::Result;
use crate::files::{Column, Table};

/// Numbers for thermo output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Results {
    /// The headline.
    pub scalar: f64,
    /// One number each, in the order of the style's doc page.
    pub vector: Vec<f64>,
    /// Rows of the main table.
    pub array: Vec<Vec<f64>>,
}

/// An analysis that gathers data on every rank and evaluates their sum.
///
/// Life of one: samples add to increments on each rank; [`Accumulator::take_increments`] of all ranks are added as integers;
/// [`Accumulator::add_increments`] puts the sum into the total, which is the same on all ranks; results, tables and the saved
/// state come from the total alone. Increments must be taken before each of these, and before a sample for which
/// [`Accumulator::full`] is true.
pub trait Accumulator {
    /// Numbers that each atom carries along in a row of its own, which the caller keeps with the atom; 0: none.
    fn row_width(&self) -> usize {
        0
    }

    /// Changes the time step, ps, before the first sample. Here nothing depends on it.
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
    /// Where a sum leaves its range.
    fn add_increments(&mut self, sum: &[i64]) -> Result<()>;

    /// Whether increments must be taken before the next sample: it opens a new block.
    fn full(&self) -> bool;

    /// The total as text (JSON), with its layout.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn state(&self) -> Result<String>;

    /// Replaces the total by a saved one.
    ///
    /// # Errors
    /// Where it is no state of this analysis, of another version, or was made with other settings: both are named.
    fn restore(&mut self, state: &str) -> Result<()>;

    /// Adds the saved state of an independent run with the same settings to the results. Time goes on in none of them.
    ///
    /// # Errors
    /// As [`Accumulator::restore`].
    fn join(&mut self, state: &str) -> Result<()>;

    /// Numbers for thermo output.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    fn results(&self) -> Result<Results>;

    /// The main table, for a file: all that was measured so far.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    fn table(&self) -> Result<Table>;

    /// The main result in words, for the log at the end of a run, with all warnings. Here only these.
    ///
    /// # Errors
    /// As [`Accumulator::table`].
    fn headline(&self) -> Result<Vec<String>> {
        Ok(self.table()?.summary.into_iter().filter(|line| line.contains("WARNING: ")).collect())
    }

    /// What [`Accumulator::summary_row`] holds.
    fn summary_columns(&self) -> Vec<Column>;

    /// The results in one row, for a file with a row per output.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    fn summary_row(&self) -> Result<Vec<f64>>;

    /// Bytes held.
    fn memory_bytes(&self) -> usize;
}
