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
const NO_ERROR: &str = "(error not known)";

/// g(r) and running coordination number in each shell.
struct Curves {
    g: Vec<f64>,
    coordination: Vec<f64>,
    /// Standard errors of both, one after the other.
    errors: Option<Vec<f64>>,
}

impl Curves {
    fn error(&self, number: usize) -> Option<f64> {
        self.errors.as_ref().map(|errors| errors[number])
    }
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
        let [n, r, g] = self.quantities(curves);
        results.headline(n, NO_ERROR);
        results.headline(r, "");
        results.headline(g, NO_ERROR);
        results
    }

    /// Middle of a shell, A.
    fn middle(&self, bin: usize) -> f64 {
        (bin as f64 + 0.5) * self.layout().width()
    }

    /// What the curves say in a few numbers: coordination number within the largest distance, distance and height of the highest g(r).
    fn quantities(&self, curves: &Curves) -> [Quantity; 3] {
        let (rmax, bins) = (self.layout().rmax, curves.g.len());
        let (peak, bin) = highest(&curves.g);
        let label = format!("coordination number within {rmax} A");
        let n = Quantity::new("n_rmax", &label, curves.coordination[bins - 1], "");
        let r = Quantity::new("r_peak", "distance of the highest value of g(r)", self.middle(bin), "A");
        let g = Quantity::new("g_peak", "highest value of g(r)", peak, "");
        [
            n.symbol(&format!("n within {rmax} A")).with_error(curves.error(2 * bins - 1)).digits(Digits::Fixed),
            r.symbol("highest g(r) at r").only_if(peak > 0.0).digits(Digits::Fixed),
            g.symbol("g(r) there").with_error(curves.error(bin)).only_if(peak > 0.0).digits(Digits::Fixed),
        ]
    }

    /// A row for each shell: distance, g(r) and its standard error, running coordination number and its standard error.
    fn rows(&self, curves: &Curves) -> Vec<Vec<f64>> {
        let bins = curves.g.len();
        let error = |number: usize| curves.error(number).unwrap_or(0.0);
        let row = |bin| vec![self.middle(bin), curves.g[bin], error(bin), curves.coordination[bin], error(bins + bin)];
        (0..bins).map(row).collect()
    }
}

/// The highest value, the first of equal ones, and where it is.
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
        Ok(Table { results: self.results_of(&curves), columns, rows: self.rows(&curves) })
    }

    /// Scalar: coordination number within the largest distance. Vector: frames, that number and its standard error, distance (A) and
    /// height of the highest g(r), standard error of the latter. Array: a row for each shell with distance (A), g(r) and its standard
    /// error, running coordination number and its standard error.
    fn thermo(&self) -> Result<Thermo> {
        let curves = self.curves()?;
        let [n, r, g] = self.quantities(&curves);
        let numbers = [n.value, n.error, r.value, g.value, g.error].map(|number| number.unwrap_or(0.0));
        Ok(Thermo {
            scalar: numbers[0],
            vector: [&[self.sums().samples() as f64], &numbers[..]].concat(),
            array: self.rows(&curves),
        })
    }

    /// Coordination number within the largest distance, distance and height of the highest g(r).
    fn history(&self) -> Result<History> {
        let [n, r, g] = self.quantities(&self.curves()?);
        Ok(History::new([(&n, true), (&r, false), (&g, true)]))
    }
}
