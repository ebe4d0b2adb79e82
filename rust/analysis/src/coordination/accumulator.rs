//! Coordination numbers of many frames, with standard errors.

use serde::{Deserialize, Serialize};

use super::estimators::Estimates;
use super::histogram::Histogram;
use crate::files::{Column, Table};
use crate::jackknife::standard_errors;
use crate::{Accumulator, Blocks, Error, MOST_BLOCKS, Merge, Result, Results, Runs, state};

const ANALYSIS: &str = "ion/coordination";

/// Fewer blocks make no standard error.
const FEWEST_BLOCKS: usize = 8;

/// Settings that decide what the counts mean; a saved state fits only the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoordinationLayout {
    /// Cut-offs, A, ascending.
    pub cutoffs: Vec<f64>,
    /// Coordination numbers 0..=most have bins of their own; larger ones share one.
    pub most: u32,
    /// Time steps between samples.
    pub every: u64,
    /// Number of ions, all ranks together.
    pub ions: u64,
    /// Number of atoms that are counted where they are near, all ranks together.
    pub neighbors: u64,
}

impl CoordinationLayout {
    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        if self.cutoffs.is_empty() {
            return wrong("coordination needs at least one cut-off".into());
        }
        if let Some(cutoff) = self.cutoffs.iter().find(|cutoff| !(cutoff.is_finite() && **cutoff > 0.0)) {
            return wrong(format!("cut-off {cutoff} is no positive length"));
        }
        if let Some((one, next)) = self.cutoffs.iter().zip(&self.cutoffs[1..]).find(|(one, next)| one >= next) {
            return wrong(format!("cut-offs must ascend, and {one} comes before {next}"));
        }
        if !(1..=1000).contains(&self.most) {
            return wrong(format!("largest coordination number {} is not between 1 and 1000", self.most));
        }
        if self.every == 0 {
            return wrong("samples must be at least one time step apart".into());
        }
        if self.ions == 0 {
            return wrong("the group of ions is empty".into());
        }
        Ok(())
    }
}

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Total {
    samples: u64,
    blocks: Blocks<Histogram>,
}

/// Distribution of coordination numbers over all ions and frames.
#[derive(Clone, Debug)]
pub struct Coordination {
    layout: CoordinationLayout,
    total: Total,
    /// Other runs that were joined.
    replicas: Vec<Total>,
    /// This rank's ions since increments were last taken.
    local: Histogram,
    /// Frames since increments were last added.
    pending: u64,
}

impl Coordination {
    /// # Errors
    /// Settings that cannot be right.
    pub fn new(layout: CoordinationLayout) -> Result<Self> {
        layout.check()?;
        let local = Histogram::new(layout.cutoffs.len(), layout.most);
        Ok(Self { layout, total: Total::default(), replicas: Vec::new(), local, pending: 0 })
    }

    /// A state saved by [`Accumulator::state`], with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this analysis or of another version.
    pub fn open(text: &str) -> Result<Self> {
        let (layout, _): (CoordinationLayout, Total) = state::load(ANALYSIS, text)?;
        let mut coordination = Self::new(layout)?;
        coordination.restore(text)?;
        Ok(coordination)
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &CoordinationLayout {
        &self.layout
    }

    /// Takes one frame; `counts`: coordination numbers of this rank's ions, ions x cut-offs ([`super::count`]).
    ///
    /// # Errors
    /// Where `counts` holds no whole number of rows.
    pub fn sample(&mut self, counts: &[u32]) -> Result<()> {
        debug_assert!(!self.full() || self.pending == 0, "increments of the last block were not taken");
        let (cutoffs, most) = (self.layout.cutoffs.len(), self.layout.most);
        self.local.add_frame(counts)?;
        self.total.blocks.at(self.total.samples, || Histogram::new(cutoffs, most))?.frames += 1;
        self.total.samples += 1;
        self.pending += 1;
        Ok(())
    }

    /// Histograms of this run and of all that were joined to it.
    #[must_use]
    pub fn runs(&self) -> Runs<'_, Histogram> {
        let all = std::iter::once(&self.total).chain(&self.replicas);
        all.map(|run| (&run.blocks, run.samples)).collect()
    }

    /// Frames of all runs.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.runs().samples()
    }

    /// All frames together.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn histogram(&self) -> Result<Histogram> {
        let empty = || Histogram::new(self.layout.cutoffs.len(), self.layout.most);
        Ok(self.runs().total()?.unwrap_or_else(empty))
    }

    fn load(&self, text: &str) -> Result<Total> {
        let total: Total = state::resume(ANALYSIS, text, &self.layout)?;
        if !total.blocks.all().iter().all(|block| block.fits(&self.local)) {
            return Err(state::damaged(ANALYSIS));
        }
        Ok(total)
    }

    fn estimates(&self) -> Result<Vec<Estimates>> {
        let histogram = self.histogram()?;
        Ok((0..self.layout.cutoffs.len()).map(|cutoff| Estimates::new(&histogram, cutoff)).collect())
    }

    /// Standard errors of mean, entropy and all probabilities, for each cut-off; `None` where there are too few frames.
    fn errors(&self) -> Result<Option<Vec<Vec<f64>>>> {
        let numbers = |histogram: &Histogram| {
            let of_cutoff = |cutoff| {
                let estimates = Estimates::new(histogram, cutoff);
                [estimates.mean, estimates.entropy].into_iter().chain(estimates.probabilities)
            };
            (0..histogram.cutoffs()).flat_map(of_cutoff).collect()
        };
        let errors = standard_errors(&self.runs(), 1, FEWEST_BLOCKS, numbers)?;
        Ok(errors.map(|errors| errors.chunks_exact(self.layout.most as usize + 4).map(<[f64]>::to_vec).collect()))
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![
            Column::new("rcut_A", "cut-off"),
            Column::new("mean_n", "mean of n, the coordination number"),
            Column::new("mean_n_se", "its standard error"),
            Column::new("S_config_kB", "entropy -sum P ln P over all n, per ion"),
            Column::new("S_config_kB_se", "its standard error"),
            Column::new("S_config_1to6_kB", "the same over n = 1 to 6 alone, renormalised"),
        ];
        let most = self.layout.most;
        let name = |n: u32| if n > most { format!("P_above_{most}") } else { format!("P_{n}") };
        for n in 0..=most + 1 {
            let meaning = if n > most { format!("more than {most}") } else { n.to_string() };
            columns.push(Column::new(&name(n), &format!("fraction of ions whose n is {meaning}")));
        }
        for n in 0..=most + 1 {
            columns.push(Column::new(&format!("{}_se", name(n)), "standard error"));
        }
        columns
    }

    /// One row for each cut-off, in the order of [`Coordination::columns`].
    fn rows(&self, errors: Option<&[Vec<f64>]>) -> Result<Vec<Vec<f64>>> {
        let unknown = vec![0.0; self.layout.most as usize + 4];
        let row = |(index, estimates): (usize, Estimates)| {
            let errors = errors.map_or(&unknown, |errors| &errors[index]);
            let mut row = vec![
                self.layout.cutoffs[index],
                estimates.mean,
                errors[0],
                estimates.entropy,
                errors[1],
                estimates.entropy_1to6,
            ];
            row.extend(estimates.probabilities);
            row.extend(&errors[2..]);
            row
        };
        Ok(self.estimates()?.into_iter().enumerate().map(row).collect())
    }

    fn summary(&self, rows: &[Vec<f64>], known: bool) -> Vec<String> {
        let mut lines = vec![
            format!("frames = {}", self.samples()),
            format!("frames are {} time steps apart", self.layout.every),
            format!("ions = {}", self.layout.ions),
        ];
        let words = |error: f64| if known { format!("+- {error:.2e}") } else { "(error not known)".into() };
        if !known {
            lines.push(format!("standard errors are not known (0) before {FEWEST_BLOCKS} frames"));
        }
        for row in rows {
            lines.push(format!("mean n within {} A = {:.6} {}", row[0], row[1], words(row[2])));
            lines.push(format!("S_config within {} A = {:.6} {} kB per ion", row[0], row[3], words(row[4])));
        }
        lines.push(
            "S_config is the entropy of one ion's n: it depends on the cut-off and is no thermodynamic total".into(),
        );
        lines
    }
}

impl Accumulator for Coordination {
    fn take_increments(&mut self) -> Vec<i64> {
        let increments = self.local.integers();
        self.local = Histogram::new(self.layout.cutoffs.len(), self.layout.most);
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        let mut increments = Histogram::new(self.layout.cutoffs.len(), self.layout.most);
        increments.add_integers(sum)?;
        let (found, expected) = (increments.bins(0).iter().sum::<u64>(), self.pending * self.layout.ions);
        if found != expected {
            return Err(Error::Data(format!(
                "{found} coordination numbers in {} frames of {} ions: ions were lost or added",
                self.pending, self.layout.ions
            )));
        }
        self.pending = 0;
        if let Some(last) = self.total.samples.checked_sub(1) {
            let (cutoffs, most) = (self.layout.cutoffs.len(), self.layout.most);
            self.total.blocks.at(last, || Histogram::new(cutoffs, most))?.merge(&increments)?;
        }
        Ok(())
    }

    fn full(&self) -> bool {
        self.total.blocks.opens(self.total.samples)
    }

    fn state(&self) -> Result<String> {
        state::save(ANALYSIS, &self.layout, &self.total)
    }

    fn restore(&mut self, text: &str) -> Result<()> {
        let total = self.load(text)?;
        *self = Self::new(self.layout.clone())?;
        self.total = total;
        Ok(())
    }

    fn join(&mut self, text: &str) -> Result<()> {
        let run = self.load(text)?;
        self.runs().check_other(&run.blocks, run.samples)?;
        self.replicas.push(run);
        Ok(())
    }

    /// Scalar: entropy at the first cut-off, kB per ion. Vector: frames. Array: a row for each cut-off with cut-off (A),
    /// mean coordination number and its standard error, entropy and its standard error, entropy over n = 1..=6, P(0), ...
    /// P(most), P(> most), then the standard error of each P.
    fn results(&self) -> Result<Results> {
        let array = self.rows(self.errors()?.as_deref())?;
        Ok(Results { scalar: array[0][3], vector: vec![self.samples() as f64], array })
    }

    fn table(&self) -> Result<Table> {
        let errors = self.errors()?;
        let rows = self.rows(errors.as_deref())?;
        Ok(Table { summary: self.summary(&rows, errors.is_some()), columns: self.columns(), rows })
    }

    /// For each cut-off the mean coordination number and the entropy.
    fn summary_columns(&self) -> Vec<Column> {
        let columns = |cutoff: &f64| {
            [
                Column::new(&format!("mean_n_{cutoff}"), &format!("mean coordination number within {cutoff} A")),
                Column::new(
                    &format!("S_config_{cutoff}_kB"),
                    &format!("entropy of P(n) within {cutoff} A, kB per ion"),
                ),
            ]
        };
        self.layout.cutoffs.iter().flat_map(columns).collect()
    }

    fn summary_row(&self) -> Result<Vec<f64>> {
        Ok(self.estimates()?.iter().flat_map(|estimates| [estimates.mean, estimates.entropy]).collect())
    }

    fn memory_bytes(&self) -> usize {
        let integers = self.layout.cutoffs.len() * (self.layout.most as usize + 3);
        size_of::<u64>() * integers * (MOST_BLOCKS + 1)
    }
}
