// SPDX-License-Identifier: MIT
//! Results of [`Hops`]: rate, lengths, residence times and returns, with standard errors.

use super::layout::HopsLayout;
use super::measure::Hops;
use super::residence;
use super::sums::Counted;
use crate::Result;
use crate::jackknife::standard_errors;
use crate::measurement::{History, KeepsSums as _, Layout as _, Report, Save as _, Thermo};
use crate::results::{Column, Digits, Quantity, Results, Table};
use crate::transport::Value;

/// Fewer blocks make no standard error.
const FEWEST_BLOCKS: usize = 8;
const NO_ERROR: &str = "(error not known)";
/// Places in the list of numbers; then lengths and residence times by shell.
const RATE: usize = 0;
const RESIDENCE: usize = 1;
const LENGTH: usize = 2;
const RETURNS: usize = 3;
const SHELLS: usize = 4;

/// Everything that has an error.
pub(super) struct Found {
    pub sum: Counted,
    numbers: Vec<f64>,
    errors: Option<Vec<f64>>,
}

impl Found {
    fn error(&self, number: usize) -> Option<f64> {
        self.errors.as_ref().map(|errors| errors[number])
    }
}

fn numbers(sum: &Counted, layout: &HopsLayout) -> Vec<f64> {
    let over = |value: f64, count: u64| if count > 0 { value / count as f64 } else { 0.0 };
    let (interval, hops, followers) = (layout.interval(), sum.hops, sum.followers);
    let mut all = vec![
        over(hops as f64 / (layout.ions as f64 * interval), sum.frames),
        over(sum.residence as f64 * interval, followers),
        over(sum.length.value(), hops),
        over(sum.returns as f64, followers),
    ];
    all.extend(sum.lengths.iter().map(|&count| over(count as f64 / layout.width(), hops)));
    let edges = residence::edges();
    let width =
        |shell: usize| edges.get(shell + 1).map_or(f64::INFINITY, |next| (next - edges[shell]) as f64 * interval);
    all.extend(sum.residences.iter().enumerate().map(|(shell, &count)| over(count as f64 / width(shell), followers)));
    all
}

impl Hops {
    pub(super) fn found(&self) -> Result<Found> {
        let (layout, sums) = (self.layout(), self.sums());
        let estimate = |sum: &Counted| numbers(sum, layout);
        let errors = standard_errors(&sums.runs(), 2 * layout.window, FEWEST_BLOCKS, estimate)?;
        let sum = sums.runs().total()?.unwrap_or_else(|| Counted::empty(layout));
        Ok(Found { numbers: numbers(&sum, layout), sum, errors })
    }

    /// Hop rate, residence time, length, share of returns.
    /// Hops of an ion in a time, 1/ps.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn rate(&self) -> Result<Value> {
        let found = self.found()?;
        let [rate, ..] = self.quantities(&found);
        Ok(Value { value: rate.value.unwrap_or(0.0), error: rate.error })
    }

    pub(super) fn quantities(&self, found: &Found) -> [Quantity; 4] {
        let layout = self.layout();
        let (hopped, followed) = (found.sum.hops > 0, found.sum.followers > 0);
        let quantity = |name: &str, label: &str, number: usize, unit: &str| {
            Quantity::new(name, label, found.numbers[number], unit).with_error(found.error(number))
        };
        let back = format!("share of hops that end within {} A of where the ion's hop before began", layout.back);
        [
            quantity("rate", "hops of an ion in a time", RATE, "1/ps").symbol("hop rate").only_if(found.sum.frames > 0),
            quantity("residence", "mean time between two hops of an ion", RESIDENCE, "ps")
                .symbol("mean residence time")
                .only_if(followed)
                .digits(Digits::Fixed),
            quantity("length", "mean distance between the cages of a hop", LENGTH, "A")
                .symbol("mean hop length")
                .only_if(hopped)
                .digits(Digits::Fixed),
            quantity("returns", &back, RETURNS, "")
                .symbol("share of hops that return")
                .only_if(followed)
                .digits(Digits::Fixed),
        ]
    }

    fn results_of(&self, found: &Found, table: &'static str) -> Results {
        let layout = self.layout();
        let mut results = Results::new(HopsLayout::STYLE, table);
        results.setting("window", layout.window);
        results.setting("cut_A", layout.cut);
        results.setting("back_A", layout.back);
        results.setting("rmax_A", layout.rmax);
        results.setting("bins", layout.bins);
        results.setting("temperature_K", layout.temperature);
        results.setting("every", layout.every);
        results.setting("timestep_ps", layout.timestep_ps);
        results.setting("ions", layout.ions);
        results.setting("drift", layout.drift);
        let samples = Quantity::new("samples", "samples", self.sums().samples() as f64, "").digits(Digits::Shortest);
        results.say_quantity(samples, "");
        let runs = self.sums().totals().count() as f64;
        results.quantity(Quantity::new("runs", "independent runs", runs, ""));
        results.say(format!(
            "samples are {} ps apart, {} ions, windows of {} samples, cages more than {} A apart",
            layout.interval(),
            layout.ions,
            layout.window,
            layout.cut
        ));
        if found.errors.is_none() {
            results.say(format!(
                "standard errors are not known (0) before {FEWEST_BLOCKS} blocks of {} samples",
                2 * layout.window
            ));
        }
        let hops = Quantity::new("hops", "hops of all ions", found.sum.hops as f64, "").digits(Digits::Shortest);
        results.headline(hops, "");
        let excursions = found.sum.excursions as f64;
        let label = "times that an ion left its cage and came back within half a window";
        results.say_quantity(Quantity::new("excursions", label, excursions, "").digits(Digits::Shortest), "");
        for quantity in self.quantities(found) {
            if quantity.value.is_some() {
                results.headline(quantity, NO_ERROR);
            } else {
                results.quantity(quantity);
            }
        }
        self.warn_of_window(&mut results, found);
        results
    }

    /// Hops that follow each other within half a window are one event, or none.
    fn warn_of_window(&self, results: &mut Results, found: &Found) {
        let window = self.layout().window as f64 * self.layout().interval();
        let rate = found.numbers[RATE];
        if found.sum.hops > 0 && rate * window > 0.5 {
            let text = format!(
                "ions hop every {:.3} ps, and two hops within half a window ({:.3} ps) are taken for one: use a shorter window",
                1.0 / rate,
                0.5 * window
            );
            results.warn("window_too_long", text);
        }
    }

    fn length_rows(&self, found: &Found) -> Vec<Vec<f64>> {
        let row = |(bin, &count): (usize, &u64)| {
            let number = SHELLS + bin;
            let middle = (bin as f64 + 0.5) * self.layout().width();
            vec![middle, found.numbers[number], found.error(number).unwrap_or(0.0), count as f64]
        };
        found.sum.lengths.iter().enumerate().map(row).collect()
    }

    /// The distribution of residence times: a row for each shell that has a time.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn residence_table(&self) -> Result<Table> {
        let found = self.found()?;
        let (interval, edges) = (self.layout().interval(), residence::edges());
        let last = found.sum.residences.iter().rposition(|&count| count > 0).map_or(0, |last| last + 1);
        let rows = (0..last.min(edges.len() - 1)).map(|shell| {
            let number = SHELLS + found.sum.lengths.len() + shell;
            vec![
                (edges[shell] as f64 - 0.5) * interval,
                (edges[shell + 1] as f64 - 0.5) * interval,
                found.numbers[number],
                found.error(number).unwrap_or(0.0),
                found.sum.residences[shell] as f64,
            ]
        });
        let columns = vec![
            Column::new("from", "ps", "shortest time of the shell"),
            Column::new("to", "ps", "longest time of the shell"),
            Column::new("p", "1/ps", "probability density of the time between two hops of an ion"),
            Column::error("p", "1/ps"),
            Column::new("count", "", "times in the shell"),
        ];
        let rows = rows.collect();
        let mut results = self.results_of(&found, "residence");
        results.warn_of_models(self.models());
        Ok(Table { results, columns, rows })
    }
}

impl Report for Hops {
    fn style(&self) -> &'static str {
        HopsLayout::STYLE
    }

    fn results(&self) -> Result<Results> {
        Ok(self.results_of(&self.found()?, "hops"))
    }

    fn report(&self) -> Result<Table> {
        let found = self.found()?;
        let columns = vec![
            Column::new("r", "A", "middle of the shell"),
            Column::new("p", "1/A", "probability density of hops of this length"),
            Column::error("p", "1/A"),
            Column::new("count", "", "hops in the shell"),
        ];
        Ok(Table { results: self.results_of(&found, "hops"), columns, rows: self.length_rows(&found) })
    }

    /// Scalar: hop rate, 1/ps. Vector: samples, hops, excursions, then rate, mean residence time, mean length and share of returns, each with its
    /// standard error. Array: a row for each shell of lengths.
    fn thermo(&self) -> Result<Thermo> {
        let found = self.found()?;
        let mut vector = vec![self.sums().samples() as f64, found.sum.hops as f64, found.sum.excursions as f64];
        for quantity in self.quantities(&found) {
            vector.extend([quantity.value.unwrap_or(0.0), quantity.error.unwrap_or(0.0)]);
        }
        Ok(Thermo { scalar: vector[3], vector, array: self.length_rows(&found) })
    }

    /// Rate, mean residence time, mean length and share of returns.
    fn history(&self) -> Result<History> {
        let quantities = self.quantities(&self.found()?);
        Ok(History::new(quantities.iter().map(|quantity| (quantity, true))))
    }
}
