// SPDX-License-Identifier: MIT
//! Conductivity at several temperatures and the activation energy.

use serde_json::json;

use crate::Result;
use crate::arrhenius::{Arrhenius, Point};
use crate::measurement::Layout as _;
use crate::results::{Column, Quantity, Results, Table};
use crate::scatter;
use crate::transport::{DIFFUSIVE, Findings, Transport, TransportLayout, Value, haven_ratio};

/// Runs whose mean temperatures are this close, K, are replicas of each other.
pub const SAME_TEMPERATURE: f64 = 1.0;

/// A quantity whose logarithm is a straight line against 1/T.
struct Line<'a> {
    /// Name of the quantity in results.
    name: &'static str,
    /// In sentences.
    symbol: &'static str,
    unit: &'a str,
    /// Whether the line goes through the product with T.
    times_temperature: bool,
    of: &'a dyn Fn(&Findings) -> Value,
}

/// A table with a row for each temperature, and the activation energies of D and of sigma T (eq. 4 of the paper) above it,
/// with what the lines say at `predict` K. `rungs`: one measurement for each temperature, in any order; `replicas`: D of each run
/// that makes one. What replicas differ by beyond their own errors goes into the errors of all.
///
/// # Errors
/// Where a sum leaves its range.
pub fn ladder(rungs: &[Transport], replicas: &[Vec<Value>], predict: f64) -> Result<Table> {
    let mut findings = rungs.iter().map(Transport::findings).collect::<Result<Vec<_>>>()?;
    let between = scatter::between(replicas);
    for (found, each) in findings.iter_mut().zip(replicas) {
        let relative = (between.unwrap_or(0.0) / each.len().max(1) as f64).sqrt();
        for of in [&mut found.own, &mut found.sigma, &mut found.collective, &mut found.sigma_collective] {
            of.error = of.error.map(|error| error.hypot(relative * of.value));
        }
        found.haven = haven_ratio(found.own, found.collective);
    }
    findings.sort_by(|a, b| a.temperature.total_cmp(&b.temperature));
    let units = rungs.first().map(|rung| rung.evaluation().units).unwrap_or_default();
    let ((_, diffusion), (_, conductivity)) = (units.diffusion(), units.conductivity());

    let mut results = Results::new(TransportLayout::STYLE, "ladder");
    results.setting("predict_K", predict);
    if let Some(between) = between {
        let scatter = Quantity::new(
            "replica_scatter",
            "relative scatter of D between replicas beyond their errors",
            between.sqrt(),
            "",
        );
        results.quantity(scatter);
        results.say(format!(
            "replicas at one temperature scatter by {:.1} % beyond their own errors, which is inside all errors here",
            100.0 * between.sqrt()
        ));
    }
    let lines = [
        Line { name: "D", symbol: "D", unit: diffusion, times_temperature: false, of: &|found| found.own },
        Line {
            name: "sigma",
            symbol: "sigma T (Nernst-Einstein)",
            unit: conductivity,
            times_temperature: true,
            of: &|found| found.sigma,
        },
        Line {
            name: "sigma_collective",
            symbol: "sigma T (collective)",
            unit: conductivity,
            times_temperature: true,
            of: &|found| found.sigma_collective,
        },
    ];
    let (mut series, mut two) = (Vec::new(), false);
    for line in &lines {
        let points = line.points(&findings);
        two |= points.len() == 2;
        match Arrhenius::fit(&points) {
            Ok(fit) => {
                line.describe(&mut results, &fit, points.len(), predict);
                series.push(line.data(&fit, &points));
            }
            Err(error) => results.say(format!("{}: {error}", line.symbol)),
        }
    }
    results.list("lines", series);
    warn_of_extrapolation(&mut results, &findings, predict);
    let left_out: Vec<f64> =
        findings.iter().filter(|found| found.found.is_none()).map(|found| found.temperature).collect();
    for temperature in &left_out {
        results.say(format!("{temperature} K: no diffusive window, left out of the lines"));
    }
    results.list("left_out_K", left_out);
    if two {
        results.warn(
            "two_temperatures",
            "two temperatures make a line, and nothing says whether others would lie on it".into(),
        );
    }
    warn_of_temperatures(&mut results, &findings);

    let error = |value: Value| value.error.unwrap_or(0.0);
    let rows = findings.iter().map(|found| {
        let window = found.window();
        let mut row = vec![found.temperature, 1000.0 / found.temperature, found.time, found.volume];
        for value in [found.own, found.collective, found.sigma, found.sigma_collective, found.haven] {
            row.extend([value.value, error(value)]);
        }
        row.extend([found.found.as_ref().map_or(0.0, |fit| fit.beta), window.0, window.1, found.kinetic]);
        row
    });
    Ok(Table { results, columns: columns(diffusion, conductivity), rows: rows.collect() })
}

/// A line says nothing of temperatures outside those it goes through: the motion may change there.
fn warn_of_extrapolation(results: &mut Results, findings: &[Findings], predict: f64) {
    let measured = findings.iter().filter(|found| found.found.is_some()).map(|found| found.temperature);
    let (low, high) = measured.fold((f64::INFINITY, 0.0f64), |(low, high), t| (low.min(t), high.max(t)));
    if low < high && !(low..=high).contains(&predict) {
        let text = format!(
            "values at {predict} K lie outside the temperatures measured, {low} to {high} K: their band is that of a straight line, and \
             nothing says that it goes on"
        );
        results.warn("extrapolated", text);
    }
}

/// One warning each for all temperatures that have a problem.
fn warn_of_temperatures(results: &mut Results, findings: &[Findings]) {
    let named = |problem: &dyn Fn(&Findings) -> Option<String>| {
        let each = findings.iter().filter_map(|found| Some(format!("{} K ({})", found.temperature, problem(found)?)));
        each.collect::<Vec<_>>().join(", ")
    };
    let beta = |found: &Findings| {
        let beta = found.found.as_ref().filter(|found| found.stationary.is_none())?.beta;
        ((beta - 1.0).abs() >= DIFFUSIVE).then(|| format!("{beta:.3}"))
    };
    let not_diffusive = named(&beta);
    if !not_diffusive.is_empty() {
        let text = format!("beta is not 1 in the window of {not_diffusive}: D depends on it there");
        results.warn("not_diffusive", text);
    }
    let differs = named(&|found| found.temperature_differs().then(|| format!("{:.1} K", found.kinetic)));
    if !differs.is_empty() {
        let text = format!("the kinetic temperature is another one than the one given at {differs}");
        results.warn("temperature_differs", text);
    }
    let ramps = named(&|found| found.ramp.map(|(first, last)| format!("{first:.1} to {last:.1} K")));
    if !ramps.is_empty() {
        results.warn("temperature_ramp", format!("the kinetic temperature drifts over the run at {ramps}"));
    }
}

fn columns(diffusion: &str, conductivity: &str) -> Vec<Column> {
    let mut columns = vec![
        Column::new("temperature", "K", "mean temperature, as given"),
        Column::new("1000/T", "1/K", "its inverse, times 1000"),
        Column::new("time", "ps", "length of all runs at this temperature together"),
        Column::new("volume", "A^3", "mean volume"),
    ];
    for (name, unit, meaning) in [
        ("D", diffusion, "self-diffusion coefficient; 0: no diffusive window"),
        ("D_collective", diffusion, "collective (charge) diffusion coefficient"),
        ("sigma", conductivity, "Nernst-Einstein conductivity"),
        ("sigma_collective", conductivity, "conductivity from the collective displacement"),
        ("haven", "", "Haven ratio"),
    ] {
        columns.push(Column::new(name, unit, meaning));
        columns.push(Column::error(name, unit));
    }
    columns.extend([
        Column::new("beta", "", "slope of log MSD over the window"),
        Column::new("fit_from", "ps", "first lag of the window"),
        Column::new("fit_to", "ps", "last lag of the window"),
        Column::new("temperature_kinetic", "K", "mean kinetic temperature; 0: not known"),
    ]);
    columns
}

impl Line<'_> {
    fn points(&self, findings: &[Findings]) -> Vec<Point> {
        let point = |found: &Findings| {
            let factor = if self.times_temperature { found.temperature } else { 1.0 };
            let Value { value, error } = (self.of)(found).scaled(factor);
            Point { temperature: found.temperature, value, error }
        };
        findings.iter().filter(|found| found.found.is_some()).map(point).collect()
    }

    fn describe(&self, results: &mut Results, fit: &Arrhenius, points: usize, predict: f64) {
        let (name, symbol) = (self.name, self.symbol);
        let error = fit.energy_error.map_or("(error not known)".into(), |error| format!("+- {error:.4}"));
        let weights = if fit.weighted { "weighted with the errors" } else { "all temperatures alike" };
        let chi2 = fit.chi2.map_or(String::new(), |chi2| format!(", chi^2 per degree of freedom {chi2:.2}"));
        let (value, factor) = fit.predict(predict);
        let (value, what) = if self.times_temperature {
            (value / predict, symbol.replacen("sigma T", "sigma", 1))
        } else {
            (value, symbol.to_owned())
        };
        // one standard error of a logarithm is about a relative error
        let value_error = factor.map(|factor| value * factor.ln());
        let factor = factor.map_or(String::new(), |factor| format!(", within a factor of {factor:.2}"));
        let energy = Quantity::new(&format!("E_a_{name}"), &format!("activation energy of {symbol}"), fit.energy, "eV");
        results.quantity(energy.with_error(fit.energy_error));
        let label = format!("{what} at {predict} K from the line");
        let predicted = Quantity::new(&format!("{name}_predicted"), &label, value, self.unit);
        results.quantity(predicted.with_error(value_error));
        results
            .say(format!("E_a from {symbol} = {:.4} {error} eV ({points} temperatures, {weights}{chi2})", fit.energy));
        results.for_the_log();
        results.say(format!("ln prefactor of {symbol} = {:.6}", fit.intercept));
        results.say(format!("{what} at {predict} K from this line = {value:.4e} {}{factor}", self.unit));
    }

    /// What it takes to draw the line with its band: y = D or sigma T, x = 1/(k T) in 1/eV, ln y = `ln_prefactor` - `energy_eV` x, and the
    /// variance of ln y is `height_variance` + `slope_variance` (x - `mean_x`)^2.
    fn data(&self, fit: &Arrhenius, points: &[Point]) -> serde_json::Value {
        json!({
            "quantity": self.name,
            "unit": self.unit,
            "times_temperature": self.times_temperature,
            "energy_eV": fit.energy,
            "energy_error_eV": fit.energy_error,
            "ln_prefactor": fit.intercept,
            "mean_x": fit.mean_x,
            "height_variance": fit.height_variance,
            "slope_variance": fit.slope_variance,
            "weighted": fit.weighted,
            "chi2": fit.chi2,
            "temperatures_K": points.iter().map(|point| point.temperature).collect::<Vec<_>>(),
        })
    }
}
