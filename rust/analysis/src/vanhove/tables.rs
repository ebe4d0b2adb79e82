// SPDX-License-Identifier: MIT
//! Tables with a row for each lag and shell.

use super::curves::Curves;
use super::layout::VanHoveLayout;
use super::measure::VanHove;
use crate::Result;
use crate::measurement::Save as _;
use crate::results::{Column, Table};

impl VanHove {
    /// The self part: probability density of the length of displacements.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn self_table(&self) -> Result<Table> {
        let curves = Curves::new(self)?;
        let layout = self.layout();
        let mut rows = Vec::new();
        for (lag, samples) in layout.lags().all().into_iter().enumerate().filter(|(lag, _)| curves.origins(*lag) > 0) {
            for (bin, &count) in curves.counts(lag).iter().enumerate() {
                let p = curves.density(lag, bin);
                let mean = p.value * layout.width() / layout.volume(bin);
                rows.push(vec![
                    samples as f64 * layout.interval(),
                    middle(layout, bin),
                    p.value,
                    p.error.unwrap_or(0.0),
                    mean,
                    count as f64,
                ]);
            }
        }
        let columns = vec![
            Column::new("lag", "ps", "time"),
            Column::new("r", "A", "middle of the shell"),
            Column::new("P", "1/A", "4 pi r^2 G_s: probability density of displacements of this length"),
            Column::error("P", "1/A"),
            Column::new("Gs", "1/A^3", "self part G_s, mean over the shell"),
            Column::new("count", "", "displacements in the shell"),
        ];
        Ok(self.finished("self", &curves, columns, rows))
    }

    /// The distinct part: density of other atoms around places where ions were.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn distinct_table(&self) -> Result<Table> {
        let curves = Curves::new(self)?;
        let layout = self.layout();
        let mut rows = Vec::new();
        for (lag, (samples, _)) in
            layout.distinct_lags().into_iter().enumerate().filter(|(lag, _)| curves.frames(*lag) > 0)
        {
            for (bin, &pairs) in curves.pairs(lag).iter().enumerate() {
                let g = curves.distinct(lag, bin);
                let time = samples as f64 * layout.interval();
                rows.push(vec![time, middle(layout, bin), g.value, g.error.unwrap_or(0.0), pairs as f64]);
            }
        }
        let columns = vec![
            Column::new("lag", "ps", "time"),
            Column::new("r", "A", "middle of the shell"),
            Column::new("gd", "", "distinct part over the mean density of the partners"),
            Column::error("gd", ""),
            Column::new("count", "", "pairs in the shell"),
        ];
        Ok(self.finished("distinct", &curves, columns, rows))
    }

    fn finished(&self, name: &'static str, curves: &Curves, columns: Vec<Column>, rows: Vec<Vec<f64>>) -> Table {
        let mut results = self.results_of(curves, name);
        results.warn_of_models(self.models());
        Table { results, columns, rows }
    }
}

fn middle(layout: &VanHoveLayout, bin: usize) -> f64 {
    (bin as f64 + 0.5) * layout.width()
}
