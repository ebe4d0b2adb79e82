// SPDX-License-Identifier: MIT
//! A straight line through logarithms against 1/T, in sentences, as quantities and as what it takes to draw it.

use serde_json::json;

use crate::arrhenius::{Arrhenius, Point};
use crate::results::{Quantity, Results};

/// A quantity whose logarithm is a straight line against 1/T.
pub(crate) struct Line<'a> {
    /// Name of the quantity in results.
    pub name: &'static str,
    /// In sentences.
    pub symbol: &'static str,
    /// Of the quantity.
    pub unit: &'a str,
    /// Whether the line goes through the product with T.
    pub times_temperature: bool,
}

impl Line<'_> {
    /// Fits the line and says what it says; its data, where there is one.
    pub fn fit(&self, results: &mut Results, points: &[Point], predict: f64) -> Option<serde_json::Value> {
        match Arrhenius::fit(points) {
            Ok(fit) => {
                self.describe(results, &fit, points.len(), predict);
                Some(self.data(&fit, points))
            }
            Err(error) => {
                results.say(format!("{}: {error}", self.symbol));
                None
            }
        }
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

/// A line says nothing of temperatures outside those it goes through: the motion may change there.
pub(crate) fn warn_of_extrapolation(
    results: &mut Results,
    temperatures: impl Iterator<Item = f64> + Clone,
    predict: f64,
) {
    let (low, high) = temperatures.clone().fold((f64::INFINITY, 0.0f64), |(low, high), t| (low.min(t), high.max(t)));
    if low < high && !(low..=high).contains(&predict) {
        let text = format!(
            "values at {predict} K lie outside the temperatures measured, {low} to {high} K: their band is that of a straight line, and \
             nothing says that it goes on"
        );
        results.warn("extrapolated", text);
    }
}

/// Two temperatures make a line, whatever they are.
pub(crate) fn warn_of_two(results: &mut Results) {
    results.warn(
        "two_temperatures",
        "two temperatures make a line, and nothing says whether others would lie on it".into(),
    );
}
