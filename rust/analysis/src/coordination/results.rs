// SPDX-License-Identifier: MIT
//! Results of [`Coordination`]: P(n), mean and entropy for each cut-off.

use super::estimators::Estimates;
use super::histogram::Histogram;
use super::layout::CoordinationLayout;
use super::measure::Coordination;
use crate::Result;
use crate::jackknife::standard_errors;
use crate::measurement::{History, KeepsSums as _, Layout as _, Report, Thermo};
use crate::results::{Column, Digits, Quantity, Results, Table};

/// Fewer blocks make no standard error.
const FEWEST_BLOCKS: usize = 8;
const NO_ERROR: &str = "(error not known)";

impl Coordination {
    fn estimates(&self) -> Result<Vec<Estimates>> {
        let histogram = self.histogram()?;
        Ok((0..self.layout().cutoffs.len()).map(|cutoff| Estimates::new(&histogram, cutoff)).collect())
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
        let errors = standard_errors(&self.sums().runs(), 1, FEWEST_BLOCKS, numbers)?;
        Ok(errors.map(|errors| errors.chunks_exact(self.layout().most as usize + 4).map(<[f64]>::to_vec).collect()))
    }

    /// Mean and entropy for each cut-off.
    fn quantities(&self, errors: Option<&[Vec<f64>]>) -> Result<Vec<Quantity>> {
        let mut quantities = Vec::new();
        for (index, estimates) in self.estimates()?.iter().enumerate() {
            let cutoff = self.layout().cutoffs[index];
            let of = |name: &str, label: String, symbol: String, value: f64, number: usize, unit: &str| {
                Quantity::new(name, &label, value, unit)
                    .of(&cutoff.to_string())
                    .symbol(&symbol)
                    .with_error(errors.map(|errors| errors[index][number]))
                    .digits(Digits::Fixed)
            };
            let (mean, entropy) = (estimates.mean, estimates.entropy);
            let label = format!("mean coordination number within {cutoff} A");
            quantities.push(of("mean_n", label, format!("mean n within {cutoff} A"), mean, 0, ""));
            let label = format!("entropy of P(n) within {cutoff} A, per ion");
            quantities.push(of("S_config", label, format!("S_config within {cutoff} A"), entropy, 1, "kB"));
        }
        Ok(quantities)
    }

    fn results_with(&self, errors: Option<&[Vec<f64>]>) -> Result<Results> {
        let layout = self.layout();
        let mut results = Results::new(CoordinationLayout::STYLE, "coordination");
        results.setting("cutoffs_A", &layout.cutoffs);
        results.setting("most", layout.most);
        results.setting("every", layout.every);
        results.setting("ions", layout.ions);
        results.setting("neighbors", layout.neighbors);
        let frames = Quantity::new("samples", "frames", self.samples() as f64, "");
        results.say_quantity(frames.symbol("frames").digits(Digits::Shortest), "");
        let runs = self.sums().totals().count() as f64;
        results.quantity(Quantity::new("runs", "independent runs", runs, ""));
        results.say(format!("frames are {} time steps apart", layout.every));
        results.say(format!("ions = {}", layout.ions));
        if errors.is_none() {
            results.say(format!("standard errors are not known (0) before {FEWEST_BLOCKS} frames"));
        }
        for quantity in self.quantities(errors)? {
            results.say_quantity(quantity, NO_ERROR);
        }
        results.say(
            "S_config is the entropy of one ion's n: it depends on the cut-off and is no thermodynamic total".into(),
        );
        Ok(results)
    }

    /// One row for each cut-off, in the order of [`columns`].
    fn rows(&self, errors: Option<&[Vec<f64>]>) -> Result<Vec<Vec<f64>>> {
        let unknown = vec![0.0; self.layout().most as usize + 4];
        let row = |(index, estimates): (usize, Estimates)| {
            let errors = errors.map_or(&unknown, |errors| &errors[index]);
            let mut row = vec![
                self.layout().cutoffs[index],
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
}

fn columns(most: u32) -> Vec<Column> {
    let mut columns = vec![
        Column::new("rcut", "A", "cut-off"),
        Column::new("mean_n", "", "mean of n, the coordination number"),
        Column::error("mean_n", ""),
        Column::new("S_config", "kB", "entropy -sum P ln P over all n, per ion"),
        Column::error("S_config", "kB"),
        Column::new("S_config_1to6", "kB", "the same over n = 1 to 6 alone, renormalized"),
    ];
    let name = |n: u32| if n > most { format!("P_above_{most}") } else { format!("P_{n}") };
    for n in 0..=most + 1 {
        let meaning = if n > most { format!("more than {most}") } else { n.to_string() };
        columns.push(Column::new(&name(n), "", &format!("fraction of ions whose n is {meaning}")));
    }
    for n in 0..=most + 1 {
        columns.push(Column::error(&name(n), ""));
    }
    columns
}

impl Report for Coordination {
    fn style(&self) -> &'static str {
        CoordinationLayout::STYLE
    }

    fn results(&self) -> Result<Results> {
        self.results_with(self.errors()?.as_deref())
    }

    fn report(&self) -> Result<Table> {
        let errors = self.errors()?;
        Ok(Table {
            results: self.results_with(errors.as_deref())?,
            columns: columns(self.layout().most),
            rows: self.rows(errors.as_deref())?,
        })
    }

    /// Scalar: entropy at the first cut-off, kB per ion. Vector: frames. Array: a row for each cut-off with cut-off (A),
    /// mean coordination number and its standard error, entropy and its standard error, entropy over n = 1..=6, P(0), ...
    /// P(most), P(> most), then the standard error of each P.
    fn thermo(&self) -> Result<Thermo> {
        let array = self.rows(self.errors()?.as_deref())?;
        Ok(Thermo { scalar: array[0][3], vector: vec![self.samples() as f64], array })
    }

    /// For each cut-off the mean coordination number and the entropy.
    fn history(&self) -> Result<History> {
        Ok(History::new(self.quantities(None)?.iter().map(|quantity| (quantity, false))))
    }
}
