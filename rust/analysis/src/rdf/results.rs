// SPDX-License-Identifier: MIT
//! Results of [`Rdf`]: g(r) and the running coordination number with standard errors.

use super::layout::RdfLayout;
use super::measure::Rdf;
use super::shells::Shells;
use crate::Result;
use crate::jackknife::standard_errors;
use crate::measurement::{History, KeepsSums as _, Layout as _, Report, Thermo};
use crate::results::{Column, Digits, Quantity, Results, Table};

/// Fewer blocks make no standard error.
const FEWEST_BLOCKS: usize = 8;

/// g(r) and running coordination number in each shell.
struct Curves {
    g: Vec<f64>,
    coordination: Vec<f64>,
    /// Standard errors of both, one after the other.
    errors: Option<Vec<f64>>,
}

impl Rdf {
    fn sum(&self) -> Result<Shells> {
        Ok(self.sums().runs().total()?.unwrap_or_else(|| Shells::empty(self.layout())))
    }

    fn curves(&self) -> Result<Curves> {
        let layout = self.layout();
        let numbers = |shells: &Shells| [shells.g(layout), shells.coordination(layout)].concat();
        let errors = standard_errors(&self.sums().runs(), 1, FEWEST_BLOCKS, numbers)?;
        let sum = self.sum()?;
        Ok(Curves { g: sum.g(layout), coordination: sum.coordination(layout), errors })
    }

    fn results_of(&self, curves: &Curves) -> Results {
        let layout = self.layout();
        let mut results = Results::new(RdfLayout::STYLE, "rdf");
        results.setting("rmax_A", layout.rmax);
        results.setting("bins", layout.bins);
        results.setting("every", layout.every);
        results.setting("ions", layout.ions);
        results.setting("neighbors", layout.neighbors);
        results.setting("shared", layout.shared);
        let samples = Quantity::new("samples", "frames", self.sums().samples() as f64, "").symbol("frames");
        results.say_quantity(samples.digits(Digits::Shortest), "");
        let runs = self.sums().totals().count() as f64;
        results.quantity(Quantity::new("runs", "independent runs", runs, ""));
        results.say(format!(
            "frames are {} time steps apart, {} ions, {} atoms around them",
            layout.every, layout.ions, layout.neighbors
        ));
        if curves.errors.is_none() {
            results.say(format!("standard errors are not known (0) before {FEWEST_BLOCKS} frames"));
        }
        let (peak, bin) = highest(&curves.g);
        let found = peak > 0.0;
        let error = curves.errors.as_ref().map(|errors| errors[bin]);
        let middle = (bin as f64 + 0.5) * layout.width();
        results.headline(
            Quantity::new("r_peak", "distance of the highest value of g(r)", middle, "A")
                .symbol("highest g(r) at r")
                .only_if(found)
                .digits(Digits::Fixed),
            "",
        );
        results.headline(
            Quantity::new("g_peak", "highest value of g(r)", peak, "")
                .symbol("g(r) there")
                .with_error(error)
                .only_if(found)
                .digits(Digits::Fixed),
            "(error not known)",
        );
        results
    }
}

/// The highest value and where it is.
fn highest(g: &[f64]) -> (f64, usize) {
    let mut highest = (0.0, 0);
    for (bin, &g) in g.iter().enumerate() {
        if g > highest.0 {
            highest = (g, bin);
        }
    }
    highest
}

impl Report for Rdf {
    fn style(&self) -> &'static str {
        RdfLayout::STYLE
    }

    fn results(&self) -> Result<Results> {
        Ok(self.results_of(&self.curves()?))
    }

    fn report(&self) -> Result<Table> {
        let curves = self.curves()?;
        let columns = vec![
            Column::new("r", "A", "middle of the shell"),
            Column::new("g", "", "radial distribution function"),
            Column::error("g", ""),
            Column::new("n", "", "running coordination number: neighbors nearer than the outer border of the shell"),
            Column::error("n", ""),
        ];
        let bins = curves.g.len();
        let error = |number: usize| curves.errors.as_ref().map_or(0.0, |errors| errors[number]);
        let row = |bin: usize| {
            let middle = (bin as f64 + 0.5) * self.layout().width();
            vec![middle, curves.g[bin], error(bin), curves.coordination[bin], error(bins + bin)]
        };
        let rows = (0..bins).map(row).collect();
        Ok(Table { results: self.results_of(&curves), columns, rows })
    }

    /// Scalar: highest g(r). Vector: frames. Array: a row for each shell with r (A), g(r) and the running coordination number, as of
    /// LAMMPS' compute rdf.
    fn thermo(&self) -> Result<Thermo> {
        let (sum, layout) = (self.sum()?, self.layout());
        let (g, coordination) = (sum.g(layout), sum.coordination(layout));
        let row = |bin: usize| vec![(bin as f64 + 0.5) * layout.width(), g[bin], coordination[bin]];
        let array = (0..g.len()).map(row).collect();
        Ok(Thermo { scalar: highest(&g).0, vector: vec![self.sums().samples() as f64], array })
    }

    /// Distance and height of the highest peak, coordination number within the largest distance.
    fn history(&self) -> Result<History> {
        let (sum, layout) = (self.sum()?, self.layout());
        let (peak, bin) = highest(&sum.g(layout));
        let middle = (bin as f64 + 0.5) * layout.width();
        let all = sum.coordination(layout).last().copied().unwrap_or(0.0);
        let quantities = [
            Quantity::new("r_peak", "distance of the highest value of g(r)", middle, "A").only_if(peak > 0.0),
            Quantity::new("g_peak", "highest value of g(r)", peak, ""),
            Quantity::new("n_rmax", "neighbors within the largest distance", all, ""),
        ];
        Ok(History::new(quantities.iter().map(|quantity| (quantity, false))))
    }
}
