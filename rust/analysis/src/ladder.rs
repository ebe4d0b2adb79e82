//! Conductivity at several temperatures and the activation energy.

use crate::Result;
use crate::arrhenius::{Arrhenius, Point};
use crate::files::{Column, Table};
use crate::transport::{DIFFUSIVE, Findings, Transport, Value};

/// Runs whose mean temperatures are this close, K, are replicas of each other.
pub const SAME_TEMPERATURE: f64 = 1.0;

/// Takes one quantity out of the results.
type Pick<'a> = &'a dyn Fn(&Findings) -> Value;

/// A table with a row for each temperature, and the activation energies of D and of sigma T (eq. 4 of the paper) above it,
/// with what the lines say at `predict` K. `rungs`: one measurement for each temperature, in any order.
///
/// # Errors
/// Where a sum leaves its range.
pub fn ladder(rungs: &[Transport], predict: f64) -> Result<Table> {
    let mut findings = rungs.iter().map(Findings::of).collect::<Result<Vec<_>>>()?;
    findings.sort_by(|a, b| a.temperature.total_cmp(&b.temperature));
    let units = rungs.first().map(|rung| rung.evaluation().units).unwrap_or_default();
    let ((_, diffusion), (_, conductivity)) = (units.diffusion(), units.conductivity());

    let (mut summary, mut two) = (Vec::new(), false);
    let sigma_t = |value: Value, kelvin: f64| value.scaled(kelvin);
    let quantities: [(&str, &str, bool, Pick<'_>); 3] = [
        ("D", diffusion, false, &|found| found.own),
        ("sigma T (Nernst-Einstein)", conductivity, true, &|found| sigma_t(found.sigma, found.temperature)),
        ("sigma T (collective)", conductivity, true, &|found| sigma_t(found.sigma_collective, found.temperature)),
    ];
    for (name, unit, times_kelvin, pick) in quantities {
        let known: Vec<Point> = findings
            .iter()
            .filter(|found| found.found.is_some())
            .map(|found| {
                let Value { value, error } = pick(found);
                Point { temperature: found.temperature, value, error }
            })
            .collect();
        two |= known.len() == 2;
        summary.extend(match Arrhenius::fit(&known) {
            Ok(fit) => describe(name, unit, times_kelvin, &fit, known.len(), predict),
            Err(error) => vec![format!("{name}: {error}")],
        });
    }
    for found in findings.iter().filter(|found| found.found.is_none()) {
        summary.push(format!("{} K: no diffusive window, left out of the lines", found.temperature));
    }

    if two {
        summary.push("WARNING: two temperatures make a line, and nothing says whether others would lie on it".into());
    }
    summary.extend(not_diffusive(&findings));

    let error = |value: Value| value.error.unwrap_or(0.0);
    let rows = findings.iter().map(|found| {
        let window = found.found.as_ref().map_or((0.0, 0.0), |fit| fit.window);
        let mut row = vec![found.temperature, 1000.0 / found.temperature, found.time, found.volume];
        for value in [found.own, found.collective, found.sigma, found.sigma_collective, found.haven] {
            row.extend([value.value, error(value)]);
        }
        row.extend([found.found.as_ref().map_or(0.0, |fit| fit.beta), window.0, window.1]);
        row
    });
    Ok(Table { summary, columns: columns(diffusion, conductivity), rows: rows.collect() })
}

/// One warning for all temperatures whose window is not diffusive.
fn not_diffusive(findings: &[Findings]) -> Option<String> {
    let beta = |found: &Findings| {
        let beta = found.found.as_ref()?.beta;
        ((beta - 1.0).abs() >= DIFFUSIVE).then(|| format!("{} K ({beta:.3})", found.temperature))
    };
    let named: Vec<String> = findings.iter().filter_map(beta).collect();
    let all = named.join(", ");
    (!named.is_empty()).then(|| format!("WARNING: beta is not 1 in the window of {all}: D depends on it there"))
}

fn columns(diffusion: &str, conductivity: &str) -> Vec<Column> {
    let mut columns = vec![
        Column::new("temperature_K", "mean temperature"),
        Column::new("1000/T_1/K", "its inverse, times 1000"),
        Column::new("time_ps", "length of all runs at this temperature together"),
        Column::new("volume_A^3", "mean volume"),
    ];
    for (name, unit, meaning) in [
        ("D", diffusion, "self-diffusion coefficient; 0: no diffusive window"),
        ("D_collective", diffusion, "collective (charge) diffusion coefficient"),
        ("sigma", conductivity, "Nernst-Einstein conductivity"),
        ("sigma_collective", conductivity, "conductivity from the collective displacement"),
        ("haven", "1", "Haven ratio"),
    ] {
        columns.push(Column::new(&format!("{name}_{unit}"), meaning));
        columns.push(Column::new(&format!("{name}_se_{unit}"), "its standard error; 0: not known"));
    }
    columns.extend([
        Column::new("beta", "slope of log MSD over the window"),
        Column::new("fit_from_ps", "first lag of the window"),
        Column::new("fit_to_ps", "last lag of the window"),
    ]);
    columns
}

fn describe(name: &str, unit: &str, times_kelvin: bool, fit: &Arrhenius, points: usize, predict: f64) -> Vec<String> {
    let error = fit.energy_error.map_or("(error not known)".into(), |error| format!("+- {error:.4}"));
    let weights = if fit.weighted { "weighted with the errors" } else { "all temperatures alike" };
    let chi2 = fit.chi2.map_or(String::new(), |chi2| format!(", chi^2 per degree of freedom {chi2:.2}"));
    let (value, factor) = fit.predict(predict);
    let (value, what) =
        if times_kelvin { (value / predict, name.replacen("sigma T", "sigma", 1)) } else { (value, name.to_owned()) };
    let factor = factor.map_or(String::new(), |factor| format!(", within a factor of {factor:.2}"));
    vec![
        format!("E_a from {name} = {:.4} {error} eV ({points} temperatures, {weights}{chi2})", fit.energy),
        format!("ln prefactor of {name} = {:.6}", fit.intercept),
        format!("{what} at {predict} K from this line = {value:.4e} {unit}{factor}"),
    ]
}
