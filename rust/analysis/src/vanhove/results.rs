// SPDX-License-Identifier: MIT
//! Results of [`VanHove`]: times of relaxation and of largest heterogeneity, and a row for each lag.

use std::f64::consts::E;

use super::crossing::{falls_below, peak};
use super::curves::{Curves, FEWEST_BLOCKS, Known};
use super::layout::VanHoveLayout;
use super::measure::VanHove;
use crate::Result;
use crate::measurement::{History, KeepsSums as _, Layout as _, Report, Thermo};
use crate::results::{Column, Digits, Quantity, Results, Table};

const NO_ERROR: &str = "(error not known)";
/// Peaks are looked for at lags up to this share of the run: later there are too few origins that do not overlap.
const LONGEST_SHARE: f64 = 0.1;

impl VanHove {
    /// Points (lag in ps, value) of a curve at the lags that have data.
    fn curve(&self, curves: &Curves, of: impl Fn(usize) -> Known) -> Vec<(f64, Known)> {
        let lags = self.layout().lags().all();
        let ps = |lag: usize| lags[lag] as f64 * self.layout().interval();
        (0..lags.len()).filter(|&lag| curves.origins(lag) > 0).map(|lag| (ps(lag), of(lag))).collect()
    }

    /// Relaxation times of the overlap and of each scattering function, then height and place of the highest `chi_4` and non-Gaussian
    /// parameter.
    fn quantities(&self, curves: &Curves) -> Vec<Quantity> {
        let layout = self.layout();
        let longest = self.sums().totals().map(|run| run.samples).max().unwrap_or(0) as f64 * layout.interval();
        let known = |quantity: Quantity, found: Option<Known>| {
            let error = found.and_then(|found| found.error);
            quantity.with_error(error).only_if(found.is_some()).digits(Digits::Fixed)
        };
        let mut all = Vec::new();
        for (k, q) in layout.q.iter().enumerate() {
            let found = falls_below(&self.curve(curves, |lag| curves.wave(lag, k)), 1.0 / E);
            let label = format!("time at which F_s(q = {q} 1/A) is 1/e");
            let tau = Quantity::new("tau_Fs", &label, found.map_or(0.0, |found| found.value), "ps");
            all.push(known(tau.of(&q.to_string()).symbol(&format!("tau of F_s(q = {q} 1/A)")), found));
        }
        let found = falls_below(&self.curve(curves, |lag| curves.overlap(lag)), 1.0 / E);
        let label = "time at which the overlap Q is 1/e";
        let tau = Quantity::new("tau_Q", label, found.map_or(0.0, |found| found.value), "ps");
        all.push(known(tau.symbol(&format!("tau of the overlap within {} A", layout.overlap)), found));
        let early = |of: &dyn Fn(usize) -> Known| {
            let mut curve = self.curve(curves, of);
            curve.retain(|(lag, _)| *lag <= LONGEST_SHARE * longest);
            peak(&curve)
        };
        for (name, symbol, label, found) in [
            ("chi4", "chi_4", "the highest chi_4", early(&|lag| curves.chi4(lag))),
            (
                "ngp",
                "non-Gaussian parameter",
                "the highest non-Gaussian parameter",
                early(&|lag| curves.non_gaussian(lag)),
            ),
        ] {
            let height = Quantity::new(&format!("{name}_peak"), label, found.map_or(0.0, |found| found.1.value), "");
            all.push(known(height.symbol(&format!("highest {symbol}")), found.map(|found| found.1)));
            let (place, at) = (format!("{name}_time"), found.map_or(0.0, |found| found.0));
            let time = Quantity::new(&place, &format!("lag of {label}"), at, "ps");
            all.push(time.symbol(&format!("lag of the highest {symbol}")).only_if(found.is_some()));
        }
        all
    }

    pub(super) fn results_of(&self, curves: &Curves, table: &'static str) -> Results {
        let layout = self.layout();
        let mut results = Results::new(VanHoveLayout::STYLE, table);
        results.setting("rmax_A", layout.rmax);
        results.setting("bins", layout.bins);
        results.setting("q_1/A", &layout.q);
        results.setting("overlap_A", layout.overlap);
        results.setting("lags_per_level", layout.lags_per_level);
        results.setting("levels", layout.levels);
        results.setting("origins", layout.origins);
        results.setting("every", layout.every);
        results.setting("timestep_ps", layout.timestep_ps);
        results.setting("ions", layout.ions);
        results.setting("drift", layout.drift);
        if let Some(distinct) = &layout.distinct {
            results.setting("distinct_neighbors", distinct.neighbors);
            results.setting("distinct_shared", distinct.shared);
            results.setting("distinct_spacing", distinct.spacing);
        }
        let samples = Quantity::new("samples", "samples", self.sums().samples() as f64, "").digits(Digits::Shortest);
        results.say_quantity(samples, "");
        let runs = self.sums().totals().count() as f64;
        results.quantity(Quantity::new("runs", "independent runs", runs, ""));
        results.say(format!("samples are {} ps apart, {} ions", layout.interval(), layout.ions));
        results.say(format!(
            "standard errors are not known (0) where the run has fewer than {FEWEST_BLOCKS} blocks of twice the lag"
        ));
        for quantity in self.quantities(curves) {
            let unknown = if quantity.name.ends_with("_time") { "" } else { NO_ERROR };
            match (quantity.value, quantity.name.starts_with("tau_") || quantity.name.starts_with("chi4_")) {
                (None, _) => results.quantity(quantity),
                (_, true) => results.headline(quantity, unknown),
                (_, false) => results.say_quantity(quantity, unknown),
            }
        }
        if self.sums().samples() > 0 && results.log_lines().is_empty() {
            results.say("no relaxation yet: neither F_s nor the overlap has fallen to 1/e: run longer".into());
            results.for_the_log();
        }
        results
    }

    /// The columns of [`VanHove::row`].
    fn columns(&self) -> Vec<Column> {
        let overlap = format!("overlap: share of ions less than {} A from where they were", self.layout().overlap);
        let mut columns = vec![
            Column::new("lag", "ps", "time"),
            Column::new("origins", "", "time origins"),
            Column::new("msd", "A^2", "mean-square displacement"),
            Column::new("beyond", "", "share of displacements of rmax and more"),
            Column::new("ngp", "", "non-Gaussian parameter 3 <d^4> / (5 <d^2>^2) - 1"),
            Column::error("ngp", ""),
            Column::new("Q", "", &overlap),
            Column::error("Q", ""),
            Column::new("chi4", "", "ions times the variance of the overlap between origins"),
            Column::error("chi4", ""),
        ];
        for q in &self.layout().q {
            columns.push(Column::new(&format!("Fs_{q}"), "", &format!("<sin(q d) / (q d)> for q = {q} 1/A")));
            columns.push(Column::error(&format!("Fs_{q}"), ""));
        }
        columns
    }

    fn row(&self, curves: &Curves, lag: usize, samples: u64) -> Vec<f64> {
        let layout = self.layout();
        let time = samples as f64 * layout.interval();
        let mut row = vec![time, curves.origins(lag) as f64, curves.msd(lag), curves.beyond(lag)];
        let waves = (0..layout.q.len()).map(|q| curves.wave(lag, q));
        for known in [curves.non_gaussian(lag), curves.overlap(lag), curves.chi4(lag)].into_iter().chain(waves) {
            row.extend([known.value, known.error.unwrap_or(0.0)]);
        }
        row
    }

    fn rows(&self, curves: &Curves) -> Vec<Vec<f64>> {
        let lags = self.layout().lags().all();
        lags.iter().enumerate().map(|(lag, &samples)| self.row(curves, lag, samples)).collect()
    }
}

impl Report for VanHove {
    fn style(&self) -> &'static str {
        VanHoveLayout::STYLE
    }

    fn results(&self) -> Result<Results> {
        Ok(self.results_of(&Curves::new(self)?, "vanhove"))
    }

    fn report(&self) -> Result<Table> {
        let curves = Curves::new(self)?;
        let mut rows = self.rows(&curves);
        rows.retain(|row| row[1] > 0.0);
        Ok(Table { results: self.results_of(&curves, "vanhove"), columns: self.columns(), rows })
    }

    /// Scalar: relaxation time of the first scattering function, ps. Vector: samples, then relaxation time and its error of each scattering
    /// function and of the overlap, highest `chi_4`, its error and its lag, highest non-Gaussian parameter, its error and its lag. Array:
    /// a row for every lag with the columns of the table.
    fn thermo(&self) -> Result<Thermo> {
        let curves = Curves::new(self)?;
        let quantities = self.quantities(&curves);
        let mut vector = vec![self.sums().samples() as f64];
        for quantity in &quantities {
            vector.push(quantity.value.unwrap_or(0.0));
            if !quantity.name.ends_with("_time") {
                vector.push(quantity.error.unwrap_or(0.0));
            }
        }
        Ok(Thermo { scalar: vector[1], vector, array: self.rows(&curves) })
    }

    /// What stands in the vector, after the samples.
    fn history(&self) -> Result<History> {
        let quantities = self.quantities(&Curves::new(self)?);
        Ok(History::new(quantities.iter().map(|quantity| (quantity, !quantity.name.ends_with("_time")))))
    }
}
