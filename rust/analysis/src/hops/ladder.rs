// SPDX-License-Identifier: MIT
//! Hop rates at several temperatures and their activation energy.

use super::layout::HopsLayout;
use super::measure::Hops;
use crate::Result;
use crate::arrhenius::Point;
use crate::arrhenius_line::{Line, warn_of_extrapolation, warn_of_two};
use crate::measurement::{KeepsSums as _, Layout as _};
use crate::results::{Column, Results, Table};
use crate::scatter;
use crate::transport::Value;

/// A table with a row for each temperature, and the activation energy of the hop rate above it, with what its line says at `predict` K.
/// `rungs`: one measurement for each temperature, in any order; `replicas`: the rate of each run that makes one, by [`Hops::rate`]. What
/// replicas differ by beyond their own errors goes into the errors of rates and of the mean time between hops.
///
/// # Errors
/// Where a sum leaves its range.
pub fn ladder(rungs: &[Hops], replicas: &[Vec<Value>], predict: f64) -> Result<Table> {
    let between = scatter::between(replicas);
    let mut rungs: Vec<(&Hops, usize)> = rungs.iter().zip(replicas.iter().map(Vec::len)).collect();
    rungs.sort_by(|(a, _), (b, _)| a.layout().temperature.total_cmp(&b.layout().temperature));
    let mut results = Results::new(HopsLayout::STYLE, "ladder");
    results.setting("predict_K", predict);
    let (mut points, mut rows) = (Vec::new(), Vec::new());
    scatter::say_between(&mut results, between, "the hop rate");
    for (hops, runs) in rungs {
        let found = hops.found()?;
        let mut quantities = hops.quantities(&found);
        for of in &mut quantities[..2] {
            let value = Value { value: of.value.unwrap_or(0.0), error: of.error };
            of.error = scatter::with_between(value, between, runs).error;
        }
        let temperature = hops.layout().temperature;
        let time = hops.sums().samples() as f64 * hops.layout().interval();
        if let Some(value) = quantities[0].value.filter(|&rate| rate > 0.0) {
            points.push(Point { temperature, value, error: quantities[0].error });
        }
        let mut row = vec![temperature, 1000.0 / temperature, time, found.sum.hops as f64];
        for quantity in quantities {
            row.extend([quantity.value.unwrap_or(0.0), quantity.error.unwrap_or(0.0)]);
        }
        rows.push(row);
    }
    let line = Line { name: "rate", symbol: "hop rate", unit: "1/ps", times_temperature: false };
    let series: Vec<_> = line.fit(&mut results, &points, predict).into_iter().collect();
    results.list("lines", series);
    warn_of_extrapolation(&mut results, points.iter().map(|point| point.temperature), predict);
    if points.len() == 2 {
        warn_of_two(&mut results);
    }
    let mut columns = vec![
        Column::new("temperature", "K", "temperature, as given"),
        Column::new("1000/T", "1/K", "its inverse, times 1000"),
        Column::new("time", "ps", "length of all runs at this temperature together"),
        Column::new("hops", "", "hops of all ions"),
    ];
    for (name, unit, meaning) in [
        ("rate", "1/ps", "hops of an ion in a time"),
        ("residence", "ps", "mean time between two hops of an ion"),
        ("length", "A", "mean distance between the cages of a hop"),
        ("returns", "", "share of hops that return"),
    ] {
        columns.extend([Column::new(name, unit, meaning), Column::error(name, unit)]);
    }
    Ok(Table { results, columns, rows })
}
