// SPDX-License-Identifier: MIT
//! Coefficients, contributions to the conductivity and transport numbers as results; the table of correlations.

use serde_json::json;

use super::species::{Species, pairs};
use crate::Result;
use crate::constants::{AVOGADRO, BOLTZMANN};
use crate::measurement::Sums;
use crate::results::{Column, Digits, Quantity, Results, Table};
use crate::transport::curve::Curve;
use crate::transport::errors::standard_error;
use crate::transport::findings::Findings;
use crate::transport::layout::{Evaluation, TransportLayout};
use crate::transport::total::TransportTotal;
use crate::transport::{Reference, Value, nernst_einstein};

const NO_ERROR: &str = "(error not known: too few independent blocks)";
/// Charges that add up to less than this part of their own size add up to nothing.
const NEUTRAL: f64 = 1e-9;

/// L in mol^2/(J m s) of a slope over 6 in `A^2/ps`.
fn coefficient(slope: Value, volume: f64, temperature: f64) -> Value {
    slope.scaled(1e-8 / (volume * 1e-30) / (BOLTZMANN * temperature) / (AVOGADRO * AVOGADRO))
}

/// Names of the quantities that a row of the history holds, each with its error.
pub(in crate::transport) fn history(species: &[Species]) -> impl Iterator<Item = String> + '_ {
    let total = (!species.is_empty()).then(|| "sigma_total".to_owned());
    total.into_iter().chain(species.iter().map(|one| format!("t_{}", one.name)))
}

/// Adds everything that follows from the matrix, where there are several species.
pub(in crate::transport) fn add_quantities(
    results: &mut Results,
    layout: &TransportLayout,
    evaluation: &Evaluation,
    findings: &Findings,
) {
    let species = &layout.species;
    if species.is_empty() {
        return;
    }
    settings(results, layout);
    let ((factor, diffusion), (conductance, conductivity)) =
        (evaluation.units.diffusion(), evaluation.units.conductivity());
    let found = findings.found.as_ref().and_then(|found| found.onsager.as_ref());
    let (volume, temperature) = (findings.volume, findings.temperature);
    let warm = found.is_some() && temperature > 0.0 && volume > 0.0;
    // a slope over 6 is the diffusion coefficient of one ion in the box
    let sigma = |slope: Value| nernst_einstein(slope, 1.0 / volume, 1.0, temperature).scaled(conductance);
    let quantity = |name: &str, label: &str, value: Value, unit: &str, there: bool| {
        Quantity::new(name, label, value.value, unit).with_error(value.error).only_if(there)
    };

    let all = quantity(
        "sigma_total",
        "conductivity of all charges, from their collective displacements",
        findings.sigma_total,
        conductivity,
        warm,
    )
    .symbol("sigma_total (all charges)");
    say(results, all, true);

    let shares = found.and_then(|found| found.shares.as_ref());
    for (k, one) in species.iter().enumerate() {
        let value = shares.map_or_else(Value::default, |shares| shares[k]);
        let label = format!("transport number of {}: its share in the conductivity", one.name);
        let share = quantity("t", &label, value, "", shares.is_some()).of(&one.name).digits(Digits::Fixed);
        let symbol = format!("t {}", one.name);
        say(results, share.symbol(&symbol), true);
    }
    if found.is_some() && shares.is_none() {
        results.say("no transport numbers: the conductivity of all charges is not larger than twice its error".into());
        results.for_the_log();
    }

    for (pair, (i, j)) in pairs(species.len()).enumerate() {
        let (one, other) = (&species[i], &species[j]);
        let (name, words) = (format!("{}_{}", one.name, other.name), format!("{} {}", one.name, other.name));
        let slope = found.map_or_else(Value::default, |found| found.pairs[pair]);
        let per_ion = 1.0 / ((one.atoms * other.atoms) as f64).sqrt();
        let quantities = [
            quantity(
                "D",
                &format!("collective diffusion coefficient of {words}: slope of their correlation / (6 sqrt(n n'))"),
                slope.scaled(per_ion * factor),
                diffusion,
                found.is_some(),
            ),
            quantity(
                "L",
                &format!("Onsager coefficient of {words}"),
                coefficient(slope, volume, temperature),
                "mol^2/(J m s)",
                warm,
            ),
            quantity(
                "sigma",
                &format!("contribution of {words} to the conductivity{}", if i == j { "" } else { ", both orders" }),
                sigma(slope.scaled(one.charge * other.charge * if i == j { 1.0 } else { 2.0 })),
                conductivity,
                warm,
            ),
        ];
        for quantity in quantities {
            let symbol = format!("{} {words}", quantity.name);
            say(results, quantity.of(&name).symbol(&symbol), false);
        }
    }
}

/// Adds a quantity, with its sentence where it is available.
fn say(results: &mut Results, quantity: Quantity, in_log: bool) {
    match (quantity.value.is_some(), in_log) {
        (false, _) => results.quantity(quantity),
        (true, true) => results.headline(quantity, NO_ERROR),
        (true, false) => results.say_quantity(quantity, NO_ERROR),
    }
}

fn settings(results: &mut Results, layout: &TransportLayout) {
    let species = &layout.species;
    let list: Vec<_> =
        species.iter().map(|one| json!({"name": one.name, "atoms": one.atoms, "charge": one.charge})).collect();
    results.setting("species", list);
    let charge = |of: &dyn Fn(f64) -> f64| -> f64 { species.iter().map(|one| of(one.charge) * one.atoms as f64).sum() };
    let (sum, size) = (charge(&|charge| charge), charge(&f64::abs));
    let neutral = sum.abs() <= NEUTRAL * size;
    results.setting("charges_sum", if neutral { 0.0 } else { sum });
    let each: Vec<_> = species.iter().map(|one| format!("{} {} of {} e", one.atoms, one.name, one.charge)).collect();
    let frame = match layout.drift {
        Reference::Framework => "the frame of all atoms outside the group",
        Reference::Com => "the frame of the center of mass",
        Reference::None => "the frame of the box",
    };
    results.say(format!(
        "species: {}, in {frame}; their charges add up to {}",
        each.join(", "),
        if neutral {
            "0: sigma_total is the same in all frames".into()
        } else {
            format!("{sum:.6} e: sigma_total is that of these charges against the frame")
        }
    ));
}

/// Correlations of collective displacements at all lags, with the results above them; `results`: those of the measurement.
///
/// # Errors
/// Where a sum leaves its range.
pub(in crate::transport) fn table(mut results: Results, sums: &Sums<TransportTotal>) -> Result<Table> {
    let layout = &sums.layout;
    results.table = "onsager";
    let mut columns = vec![
        Column::new("lag", "ps", "time between origin and end of a displacement"),
        Column::new("origins", "", "time origins averaged over"),
    ];
    let scale: Vec<f64> = pairs(layout.species.len())
        .map(|(i, j)| 1.0 / ((layout.species[i].atoms * layout.species[j].atoms) as f64).sqrt())
        .collect();
    for (i, j) in pairs(layout.species.len()) {
        let (one, other) = (&layout.species[i].name, &layout.species[j].name);
        let meaning = format!("mean product of the summed displacements of {one} and {other}, over sqrt(n n')");
        columns.push(Column::new(&format!("c_{one}_{other}"), "A^2", &meaning));
        columns.push(Column::error(&format!("c_{one}_{other}"), "A^2"));
    }
    let mut rows = Vec::new();
    if let Some(sum) = sums.runs().total()? {
        let curve = Curve::new(&sum, &layout.lags_ps(), layout.ions);
        let lags = layout.lags().all();
        for k in 0..curve.lag.len() {
            let index = curve.index[k];
            let blocks = sums.runs().coarse(2 * lags[index])?;
            let mut row = vec![curve.lag[k], curve.origins[k] as f64];
            for (pair, scale) in scale.iter().enumerate() {
                let filled = blocks.iter().filter(|block| block.origins[index] > 0);
                let values: Vec<f64> =
                    filled.map(|block| block.cross[index][pair].value() / block.origins[index] as f64).collect();
                // neighboring blocks of twice the lag share a fourteenth of their variance
                let error = standard_error(&values, 1.0 / 14.0).unwrap_or(0.0);
                row.extend([curve.cross[k][pair] * scale, error * scale]);
            }
            rows.push(row);
        }
    }
    Ok(Table { results, columns, rows })
}
