// SPDX-License-Identifier: MIT
//! Whittle's likelihood of a spectrum near frequency 0.
//!
//! Periodograms of a stationary motion at different frequencies are independent, each S(f) times a third of a chi^2 of six degrees of freedom
//! over two where it is the mean over three axes. So -ln likelihood is 3 sum [ln S + I / S] (Whittle, J. R. Stat. Soc. B 15, 125 (1953)).

use super::series::Ordinate;

/// Axes behind an ordinate.
const AXES: f64 = 3.0;
const MOST_ROUNDS: usize = 60;
const TERMS: usize = 3;

/// S = a + b x^2 + c x^4, x the frequency over the highest one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polynomial {
    /// a: the spectrum at frequency 0.
    pub level: f64,
    /// Of the level.
    pub variance: f64,
    /// -ln likelihood.
    pub cost: f64,
}

/// The polynomial of so many `terms`, 3 at most, that makes the ordinates likeliest; `None` where none is positive at all of them or
/// rounding decides. By scoring: Newton's method with the information for the curvature.
#[must_use]
pub fn fit(ordinates: &[Ordinate], terms: usize) -> Option<Polynomial> {
    let highest = ordinates.last()?.frequency;
    let basis: Vec<[f64; TERMS]> = ordinates
        .iter()
        .map(|ordinate| {
            let x2 = (ordinate.frequency / highest).powi(2);
            [1.0, x2, x2 * x2]
        })
        .collect();
    let spectrum = |a: &[f64; TERMS], at: &[f64; TERMS]| -> f64 { (0..terms).map(|k| a[k] * at[k]).sum() };
    let cost = |a: &[f64; TERMS]| {
        let mut sum = 0.0;
        for (at, ordinate) in basis.iter().zip(ordinates) {
            let s = spectrum(a, at);
            if s.is_nan() || s <= 0.0 {
                return f64::INFINITY;
            }
            sum += AXES * (s.ln() + ordinate.power / s);
        }
        sum
    };
    let scores = |a: &[f64; TERMS]| {
        let (mut information, mut score) = ([[0.0; TERMS]; TERMS], [0.0; TERMS]);
        for (at, ordinate) in basis.iter().zip(ordinates) {
            let s = spectrum(a, at);
            let weight = AXES / (s * s);
            for i in 0..terms {
                score[i] += weight * at[i] * (ordinate.power - s);
                (0..terms).for_each(|j| information[i][j] += weight * at[i] * at[j]);
            }
        }
        (information, score)
    };

    let mut a = [0.0; TERMS];
    a[0] = ordinates.iter().map(|ordinate| ordinate.power).sum::<f64>() / ordinates.len() as f64;
    let mut now = cost(&a);
    for _ in 0..MOST_ROUNDS {
        let (information, score) = scores(&a);
        let step = solve(&information, &score, terms)?;
        let mut part = 1.0;
        let next = loop {
            let next: [f64; TERMS] = std::array::from_fn(|k| a[k] + part * step[k]);
            if cost(&next) <= now {
                break next;
            }
            part *= 0.5;
            if part < 1e-9 {
                break a;
            }
        };
        let gained = now - cost(&next);
        (a, now) = (next, now - gained);
        if gained < 1e-10 {
            break;
        }
    }
    let (information, _) = scores(&a);
    let mut first = [0.0; TERMS];
    first[0] = 1.0;
    let variance = solve(&information, &first, terms)?[0];
    let usable = now.is_finite() && a[0] > 0.0 && variance > 0.0 && variance.is_finite();
    usable.then_some(Polynomial { level: a[0], variance, cost: now })
}

/// m x = y for the leading `size` rows of a positive matrix, by Cholesky.
fn solve(matrix: &[[f64; TERMS]; TERMS], y: &[f64; TERMS], size: usize) -> Option<[f64; TERMS]> {
    let mut factor = [[0.0; TERMS]; TERMS];
    for i in 0..size {
        for j in 0..=i {
            let value = matrix[i][j] - (0..j).map(|k| factor[i][k] * factor[j][k]).sum::<f64>();
            factor[i][j] = if i == j { (value > 0.0).then(|| value.sqrt())? } else { value / factor[j][j] };
        }
    }
    let mut x = *y;
    for i in 0..size {
        x[i] = (x[i] - (0..i).map(|k| factor[i][k] * x[k]).sum::<f64>()) / factor[i][i];
    }
    for i in (0..size).rev() {
        x[i] = (x[i] - (i + 1..size).map(|k| factor[k][i] * x[k]).sum::<f64>()) / factor[i][i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordinates(of: impl Fn(f64) -> f64) -> Vec<Ordinate> {
        (1..=50).map(|k| f64::from(k) / 100.0).map(|frequency| Ordinate { frequency, power: of(frequency) }).collect()
    }

    #[test]
    fn a_spectrum_of_the_right_shape_is_found() {
        let exact = ordinates(|f| 2.0 + 12.0 * f * f);
        for terms in [2, 3] {
            let found = fit(&exact, terms).unwrap();
            assert!((found.level - 2.0).abs() < 1e-5, "{found:?}");
        }
        // of a constant alone the level is the mean, with its plain error
        let flat = fit(&ordinates(|f| 1.0 + (1000.0 * f).sin() / 2.0), 1).unwrap();
        let mean = (1..=50).map(|k| 1.0 + (10.0 * f64::from(k)).sin() / 2.0).sum::<f64>() / 50.0;
        assert!((flat.level - mean).abs() < 1e-6 && (flat.variance - mean * mean / 150.0).abs() < 1e-6);
        assert!(fit(&exact, 3).unwrap().variance > fit(&exact, 2).unwrap().variance);
    }

    #[test]
    fn more_terms_are_never_less_likely() {
        let rough = ordinates(|f| (3.0 + 20.0 * f.powi(4)) * (1.0 + 0.9 * (777.0 * f).sin()));
        let costs: Vec<f64> = (1..=3).map(|terms| fit(&rough, terms).unwrap().cost).collect();
        assert!(costs[0] >= costs[1] && costs[1] >= costs[2], "{costs:?}");
    }

    #[test]
    fn nothing_to_fit() {
        assert_eq!(fit(&[], 2), None);
        assert_eq!(fit(&ordinates(|_| 0.0), 2), None);
        assert_eq!(fit(&ordinates(|_| f64::NAN), 2), None);
        assert_eq!(fit(&ordinates(|_| 1.0)[..1], 2), None);
    }
}
