// SPDX-License-Identifier: MIT
//! Whether independent runs agree within their errors.

use crate::results::{Quantity, Results, Warning};
use crate::transport::Value;

/// Standard deviations of chi^2 beyond which a scatter is called too large.
const TOO_FAR: f64 = 3.0;

/// Scatter of independent values of one quantity about their mean, weighted with 1 / error^2: chi^2 per degree of freedom, 1
/// where their errors are right, and how many there are. `None` with fewer than two values of known error.
#[must_use]
pub fn scatter(values: &[Value]) -> Option<(f64, usize)> {
    let known: Vec<(f64, f64)> =
        values.iter().filter_map(|of| of.error.filter(|error| *error > 0.0).map(|error| (of.value, error))).collect();
    if known.len() < 2 {
        return None;
    }
    let weight: f64 = known.iter().map(|(_, error)| error.powi(-2)).sum();
    let mean = known.iter().map(|(value, error)| value / error.powi(2)).sum::<f64>() / weight;
    let chi2: f64 = known.iter().map(|(value, error)| ((value - mean) / error).powi(2)).sum();
    Some((chi2 / (known.len() - 1) as f64, known.len()))
}

/// Relative variance between runs that should agree, beyond their own errors, from the runs at several temperatures together: random effects
/// by the method of moments (Control. Clin. Trials 7, 177 (1986)) on relative deviations. `None`: no temperature has two runs
/// with errors.
#[must_use]
pub fn between(temperatures: &[Vec<Value>]) -> Option<f64> {
    let (mut excess, mut scale, mut freedom) = (0.0, 0.0, 0usize);
    for values in temperatures {
        let known = values.iter().filter(|of| of.value > 0.0);
        let weights: Vec<(f64, f64)> = known
            .filter_map(|of| Some((of.value, of.relative().filter(|relative| *relative > 0.0)?.powi(-2))))
            .collect();
        if weights.len() < 2 {
            continue;
        }
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mean = weights.iter().map(|(value, weight)| weight * value.ln()).sum::<f64>() / total;
        excess += weights.iter().map(|(value, weight)| weight * (value.ln() - mean).powi(2)).sum::<f64>();
        scale += total - weights.iter().map(|(_, weight)| weight * weight).sum::<f64>() / total;
        freedom += weights.len() - 1;
    }
    (freedom > 0).then(|| ((excess - freedom as f64) / scale).max(0.0))
}

/// The error of what so many runs make together, with what they differ by beyond their own errors inside.
#[must_use]
pub fn with_between(of: Value, between: Option<f64>, runs: usize) -> Value {
    let relative = (between.unwrap_or(0.0) / runs.max(1) as f64).sqrt();
    Value { error: of.error.map(|error| error.hypot(relative * of.value)), ..of }
}

/// Puts that difference into results, where it is known; `what` differs.
pub(crate) fn say_between(results: &mut Results, between: Option<f64>, what: &str) {
    let Some(between) = between else { return };
    let label = format!("relative scatter of {what} between replicas beyond their errors");
    results.quantity(Quantity::new("replica_scatter", &label, between.sqrt(), ""));
    results.say(format!(
        "replicas at one temperature scatter by {:.1} % beyond their own errors, which is inside all errors here",
        100.0 * between.sqrt()
    ));
}

/// A warning where `values` of the quantity `name` scatter by more than chance and their errors explain: the runs began from
/// structures that differ, and the error of their mean is too small. chi^2 of n values scatters by sqrt(2 / (n - 1)) about 1.
#[must_use]
pub fn warning(name: &str, values: &[Value]) -> Option<Warning> {
    let (chi2, runs) = scatter(values)?;
    let expected = (2.0 / (runs - 1) as f64).sqrt();
    (chi2 > TOO_FAR.mul_add(expected, 1.0)).then(|| Warning {
        code: "replicas_differ",
        text: format!(
            "{name} of {runs} runs differ by more than their errors say (chi^2 per degree of freedom {chi2:.1}): \
             their structures differ; the error of their mean is too small"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(value: f64, error: Option<f64>) -> Value {
        Value { value, error }
    }

    /// Two values d apart with errors a and b: chi^2 = d^2 / (a^2 + b^2).
    #[test]
    fn two_values() {
        let (found, runs) = scatter(&[value(1.0, Some(0.3)), value(2.0, Some(0.4)), value(9.0, None)]).unwrap();
        assert!((found - 1.0 / (0.09 + 0.16)).abs() < 1e-12 && runs == 2);
        assert_eq!(scatter(&[value(1.0, Some(0.3)), value(2.0, None)]), None);
    }

    /// Equal errors e and two values at each of many temperatures: the excess of their variance over e^2.
    #[test]
    fn between_runs_is_what_their_errors_do_not_explain() {
        let pair = |off: f64| vec![value(1.0, Some(0.05)), value(off.exp(), Some(0.05 * off.exp()))];
        let found = between(&[pair(0.2), pair(-0.2), vec![value(3.0, Some(0.1))]]).unwrap();
        assert!((found - (0.02 - 0.0025)).abs() < 1e-12, "{found}");
        assert_eq!(between(&[pair(0.01)]), Some(0.0));
        assert_eq!(between(&[vec![value(1.0, Some(0.1))], vec![value(1.0, None), value(2.0, Some(0.1))]]), None);
    }

    #[test]
    fn only_what_chance_does_not_explain_is_a_warning() {
        assert_eq!(warning("D", &[value(1.0, Some(0.1)), value(1.2, Some(0.1))]), None);
        let words = warning("D", &[value(1.0, Some(0.1)), value(1.5, Some(0.1))]).unwrap().text;
        assert!(words.starts_with("D of 2 runs") && words.contains("freedom 12.5"), "{words}");
    }
}
