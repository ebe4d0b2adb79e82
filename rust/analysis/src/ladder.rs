// SPDX-License-Identifier: MIT
//! Conductivity at several temperatures and the activation energy.

use crate::Result;
use crate::arrhenius::Point;
use crate::arrhenius_line::{Line, warn_of_extrapolation, warn_of_two};
use crate::measurement::Layout as _;
use crate::results::{Column, Results, Table};
use crate::scatter;
use crate::transport::{DIFFUSIVE, Findings, Species, Transport, TransportLayout, Value, haven_ratio};

/// Runs whose mean temperatures are this close, K, are replicas of each other.
pub const SAME_TEMPERATURE: f64 = 1.0;

/// What a line is of.
type Of = fn(&Findings) -> Value;

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
        for of in [&mut found.own, &mut found.sigma, &mut found.collective, &mut found.sigma_collective] {
            *of = scatter::with_between(*of, between, each.len());
        }
        found.haven = haven_ratio(found.own, found.collective);
    }
    findings.sort_by(|a, b| a.temperature.total_cmp(&b.temperature));
    let units = rungs.first().map(|rung| rung.evaluation().units).unwrap_or_default();
    let ((_, diffusion), (_, conductivity)) = (units.diffusion(), units.conductivity());

    let mut results = Results::new(TransportLayout::STYLE, "ladder");
    results.setting("predict_K", predict);
    scatter::say_between(&mut results, between, "D");
    let line = |name, symbol, unit, times_temperature| Line { name, symbol, unit, times_temperature };
    let mut lines: Vec<(Line<'_>, Of)> = vec![
        (line("D", "D", diffusion, false), |found| found.own),
        (line("sigma", "sigma T (Nernst-Einstein)", conductivity, true), |found| found.sigma),
        (line("sigma_collective", "sigma T (collective)", conductivity, true), |found| found.sigma_collective),
    ];
    let species = species(rungs);
    if !species.is_empty() {
        lines.push((line("sigma_total", "sigma T (all charges)", conductivity, true), |found| found.sigma_total));
    }
    let (mut series, mut two) = (Vec::new(), false);
    for (line, of) in &lines {
        let points = points(line, of, &findings);
        two |= points.len() == 2;
        series.extend(line.fit(&mut results, &points, predict));
    }
    results.list("lines", series);
    let used = findings.iter().filter(|found| found.found.is_some()).map(|found| found.temperature);
    warn_of_extrapolation(&mut results, used, predict);
    let left_out: Vec<f64> =
        findings.iter().filter(|found| found.found.is_none()).map(|found| found.temperature).collect();
    for temperature in &left_out {
        results.say(format!("{temperature} K: no diffusive window, left out of the lines"));
    }
    results.list("left_out_K", left_out);
    if two {
        warn_of_two(&mut results);
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
        if !species.is_empty() {
            let all = found.found.as_ref().and_then(|found| found.onsager.as_ref()).and_then(|all| all.shares.as_ref());
            let shares = (0..species.len()).map(|k| all.map_or_else(Value::default, |shares| shares[k]));
            for value in std::iter::once(found.sigma_total).chain(shares) {
                row.extend([value.value, error(value)]);
            }
        }
        row
    });
    Ok(Table { results, columns: columns(diffusion, conductivity, species), rows: rows.collect() })
}

/// The species that all rungs follow.
fn species(rungs: &[Transport]) -> &[Species] {
    match rungs.split_first() {
        Some((first, rest)) if rest.iter().all(|rung| rung.layout().species == first.layout().species) => {
            &first.layout().species
        }
        _ => &[],
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

fn columns(diffusion: &str, conductivity: &str, species: &[Species]) -> Vec<Column> {
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
    if !species.is_empty() {
        columns.push(Column::new("sigma_total", conductivity, "conductivity of all charges"));
        columns.push(Column::error("sigma_total", conductivity));
    }
    for one in species {
        let name = format!("t_{}", one.name);
        columns.push(Column::new(&name, "", &format!("transport number of {}; 0: not known", one.name)));
        columns.push(Column::error(&name, ""));
    }
    columns
}

fn points(line: &Line<'_>, of: &impl Fn(&Findings) -> Value, findings: &[Findings]) -> Vec<Point> {
    let point = |found: &Findings| {
        let factor = if line.times_temperature { found.temperature } else { 1.0 };
        let Value { value, error } = of(found).scaled(factor);
        Point { temperature: found.temperature, value, error }
    };
    findings.iter().filter(|found| found.found.is_some()).map(point).collect()
}
