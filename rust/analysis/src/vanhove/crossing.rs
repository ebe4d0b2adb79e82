// SPDX-License-Identifier: MIT
//! Times that are read off curves: where one has fallen to a level, and where one is highest.

use super::curves::Known;

/// Where a curve that begins at 1 first falls below `level`: by straight lines between its points (time, value). `None`: not yet. The
/// error is that of the curve there over its slope.
pub(super) fn falls_below(curve: &[(f64, Known)], level: f64) -> Option<Known> {
    let start = (0.0, Known { value: 1.0, error: Some(0.0) });
    let at = curve.iter().position(|(_, known)| known.value < level)?;
    let (early, late) = (if at == 0 { start } else { curve[at - 1] }, curve[at]);
    let slope = (late.1.value - early.1.value) / (late.0 - early.0);
    let value = early.0 + (level - early.1.value) / slope;
    let error = early.1.error.zip(late.1.error).map(|(early, late)| (early.max(late) / slope).abs());
    Some(Known { value, error }).filter(|found| found.value.is_finite())
}

/// The highest point, where the curve falls again behind it.
pub(super) fn peak(curve: &[(f64, Known)]) -> Option<(f64, Known)> {
    let mut highest = *curve.first()?;
    for point in &curve[1..] {
        if point.1.value > highest.1.value {
            highest = *point;
        }
    }
    (highest.1.value > 0.0 && curve.last()?.0 > highest.0).then_some(highest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is a failed test

    use super::*;

    fn known(value: f64) -> Known {
        Known { value, error: Some(0.1) }
    }

    #[test]
    fn times_between_points() {
        let curve = [(1.0, known(0.8)), (2.0, known(0.4)), (4.0, known(0.5)), (8.0, known(0.1))];
        let half = falls_below(&curve, 0.5).unwrap();
        assert!((half.value - 1.75).abs() < 1e-12 && (half.error.unwrap() - 0.25).abs() < 1e-12);
        let first = falls_below(&curve, 0.9).unwrap();
        assert!((first.value - 0.5).abs() < 1e-12);
        assert_eq!(falls_below(&curve, 0.05), None);
        let unknown = [(1.0, Known { value: 0.2, error: None })];
        assert_eq!(falls_below(&unknown, 0.6).unwrap(), Known { value: 0.5, error: None });
        assert_eq!(falls_below(&[], 0.5), None);
    }

    #[test]
    fn a_peak_has_lower_points_behind_it() {
        let (low, high) = (known(1.0), known(2.0));
        assert_eq!(peak(&[(1.0, low), (2.0, high), (3.0, low)]), Some((2.0, high)));
        assert_eq!(peak(&[(1.0, low), (2.0, high)]), None);
        assert_eq!(peak(&[(1.0, known(0.0)), (2.0, known(0.0))]), None);
        assert_eq!(peak(&[]), None);
    }
}
