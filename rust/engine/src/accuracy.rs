// SPDX-License-Identifier: MIT
//! How accurate a model is by default, and how accurate it must be found by its self-check.

use crate::settings::{Precision, Settings};

/// Force error of reduced networks where the user does not choose, eV/A RMS: far below the error of any trained model (the
/// best reach several 1e-3), while ten times more would save only a quarter of the time.
const DEFAULT_REDUCE: f64 = 1e-4;

/// The same for the models that do not drive: it adds up in quadrature with deviations between models, of which those below several
/// 1e-2 eV/A are of no interest, and makes four models three times as expensive as one instead of four times.
const DEFAULT_REDUCE_OF_OTHERS: f64 = 1e-3;

/// A largest force error on sampled atoms that agrees with an RMS force error of 1.
const LARGEST_TO_RMS: f64 = 50.0;

/// Errors of most atoms above this part of the limit of one: it is the system that errs, no single atom.
pub(crate) const TYPICAL_TO_LIMIT: f64 = 0.05;

/// The settings with the default of the precision for the table error that the user did not choose.
pub(crate) fn with_defaults(mut settings: Settings) -> Settings {
    let double = settings.precision == Precision::Double;
    if settings.table_error <= 0.0 {
        settings.table_error = if double { 1e-9 } else { 1e-6 };
    }
    settings
}

/// The force error of reduced networks that is wanted, eV/A RMS; 0: the full networks. Where the user did not choose, it
/// is only a wish: not every file has reduced networks.
pub(crate) fn wanted_reduction(settings: &Settings) -> f64 {
    match (settings.reduce < 0.0, settings.precision) {
        (false, _) => settings.reduce,
        (true, Precision::Double) => 0.0,
        (true, Precision::Mixed) if settings.drives => DEFAULT_REDUCE,
        (true, Precision::Mixed) => DEFAULT_REDUCE_OF_OTHERS,
    }
}

/// Default limit of the self-check, eV/A: `tabulate` is what the settings say, `reduced_error` the force error of reduced
/// networks (0: the full ones).
pub(crate) fn check_limit(precision: Precision, tabulate: bool, reduced_error: f64) -> f64 {
    if reduced_error > 0.0 {
        return (LARGEST_TO_RMS * reduced_error).max(1e-3);
    }
    match (precision, tabulate) {
        (Precision::Double, false) => 1e-8,
        (Precision::Double, true) => 1e-5,
        (Precision::Mixed, _) => 1e-3,
    }
}

/// Default limit of the error of an atom in the check of a run, eV/A: `check_limit` is that of the self-check. Single atoms of a
/// system like the sample err by up to 60 times the RMS error of reduced networks.
pub(crate) fn watch_limit(check_limit: f64, reduced_error: f64) -> f64 {
    check_limit.max(2.0 * LARGEST_TO_RMS * reduced_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(precision: Precision) -> Settings {
        let (onnxruntime, search) = (String::new(), Vec::new());
        Settings {
            precision,
            tabulate: false,
            table_error: 0.0,
            reduce: -1.0,
            drives: true,
            threads: 1,
            sel_error: false,
            onnxruntime,
            search,
        }
    }

    #[test]
    fn limits_of_the_self_check() {
        for (precision, tabulate, reduced_error, limit) in [
            (Precision::Mixed, true, 0.0, 1e-3),
            (Precision::Mixed, false, 0.0, 1e-3),
            (Precision::Double, true, 0.0, 1e-5),
            (Precision::Double, false, 0.0, 1e-8),
            (Precision::Mixed, true, 1e-6, 1e-3),
            (Precision::Mixed, true, 1e-4, 5e-3),
            (Precision::Double, true, 1e-4, 5e-3),
        ] {
            let found = check_limit(precision, tabulate, reduced_error);
            assert!((found / limit - 1.0).abs() < 1e-12, "{precision:?} {tabulate} {reduced_error}: {found}");
        }
    }

    #[test]
    fn double_precision_keeps_the_full_networks_unless_reduced_ones_are_wanted() {
        for (precision, drives, given, wanted) in [
            (Precision::Mixed, true, -1.0, DEFAULT_REDUCE),
            (Precision::Mixed, false, -1.0, DEFAULT_REDUCE_OF_OTHERS),
            (Precision::Mixed, false, 1e-4, 1e-4),
            (Precision::Mixed, true, 0.0, 0.0),
            (Precision::Double, true, -1.0, 0.0),
            (Precision::Double, false, -1.0, 0.0),
            (Precision::Double, true, 1e-3, 1e-3),
        ] {
            let settings = Settings { reduce: given, drives, ..settings(precision) };
            assert!((wanted_reduction(&settings) - wanted).abs() < 1e-15);
        }
    }

    #[test]
    fn only_a_table_error_that_was_not_chosen_is_replaced() {
        for (precision, given, used) in
            [(Precision::Mixed, 0.0, 1e-6), (Precision::Double, 0.0, 1e-9), (Precision::Double, 1e-4, 1e-4)]
        {
            let settings = Settings { table_error: given, ..settings(precision) };
            assert!((with_defaults(settings).table_error / used - 1.0).abs() < 1e-12);
        }
    }
}
