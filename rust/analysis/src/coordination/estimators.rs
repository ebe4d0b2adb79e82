// SPDX-License-Identifier: MIT
//! P(n), mean coordination number and configurational entropy.
//!
//! The entropy is that of one ion's coordination number. It depends on the cut-off and knows nothing of correlations
//! between ions: a measure of local disorder, no thermodynamic total.

use super::histogram::Histogram;

/// Entropy of a distribution over k, -sum of P ln P with 0 ln 0 = 0; `p` need not be normalized, nor hold anything.
///
/// From N independent observations it comes out too small by about (occupied bins - 1) / 2N (Miller and Madow); N counts
/// ions times frames here, which makes that far smaller than the standard error, so that no correction is made.
///
/// ```
/// use deepion_analysis::coordination::entropy;
///
/// // Two numbers of neighbors that are equally frequent; then a single one.
/// assert!((entropy(&[0.0, 3.0, 3.0]) - 2.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(entropy(&[0.0, 7.0]), 0.0);
/// ```
#[must_use]
pub fn entropy(p: &[f64]) -> f64 {
    let total: f64 = p.iter().sum();
    // P ln(1/P) and a fold from 0: no -0 anywhere
    p.iter().filter(|&&p| p > 0.0).fold(0.0, |entropy, p| entropy + p / total * (total / p).ln())
}

/// What one cut-off's bins say.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimates {
    /// Mean coordination number.
    pub mean: f64,
    /// Configurational entropy over k, all bins.
    pub entropy: f64,
    /// The same over n = 1..=6 alone, renormalized, for comparison with published sums that leave out ions without
    /// neighbors.
    pub entropy_1to6: f64,
    /// P(0), ... P(most), P(> most): their sum is 1.
    pub probabilities: Vec<f64>,
}

impl Estimates {
    /// Of one cut-off; zeros where no ion was counted.
    #[must_use]
    pub fn new(histogram: &Histogram, cutoff: usize) -> Self {
        let bins = histogram.bins(cutoff);
        let ions = bins.iter().fold(0u64, |sum, &count| sum.saturating_add(count)).max(1) as f64;
        let probabilities: Vec<_> = bins.iter().map(|&count| count as f64 / ions).collect();
        // the last bin, "more than most", is not one coordination number
        let few = &probabilities[1..(bins.len() - 1).min(7)];
        Self {
            mean: histogram.sum(cutoff) as f64 / ions,
            entropy: entropy(&probabilities),
            entropy_1to6: entropy(few),
            probabilities,
        }
    }
}

/// Rows of what one histogram says, one for each cut-off: cut-off (A), mean coordination number, entropy over k, the same
/// over n = 1..=6 renormalized, P(0), ... P(most), P(> most).
#[must_use]
pub fn instantaneous(histogram: &Histogram, cutoffs: &[f64]) -> Vec<Vec<f64>> {
    let row = |(index, &cutoff)| {
        let estimates = Estimates::new(histogram, index);
        let mut row = vec![cutoff, estimates.mean, estimates.entropy, estimates.entropy_1to6];
        row.extend(estimates.probabilities);
        row
    };
    cutoffs.iter().enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coin_has_ln_2_and_certainty_has_none() {
        let mut histogram = Histogram::new(2, 6);
        histogram.add_frame(&[3, 4, 4, 4, 3, 4, 4, 4]).unwrap();
        let coin = Estimates::new(&histogram, 0);
        assert!((coin.entropy - 2f64.ln()).abs() < 1e-15);
        assert!((coin.entropy_1to6 - 2f64.ln()).abs() < 1e-15);
        assert!((coin.mean - 3.5).abs() < 1e-15);
        let certain = Estimates::new(&histogram, 1);
        assert_eq!(certain.entropy.to_bits(), 0);
        assert_eq!(certain.probabilities, [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(entropy(&[]).to_bits(), 0);
    }

    #[test]
    fn ions_without_neighbors_count_in_one_entropy_only() {
        let mut histogram = Histogram::new(1, 6);
        histogram.add_frame(&[0, 0, 2, 3, 9, 9]).unwrap();
        let estimates = Estimates::new(&histogram, 0);
        assert!((estimates.entropy_1to6 - 2f64.ln()).abs() < 1e-15);
        let all = 2.0 / 3.0 * 3f64.ln() + 2.0 / 6.0 * 6f64.ln();
        assert!((estimates.entropy - all).abs() < 1e-15);
        assert!((estimates.mean - 23.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn nothing_counted_is_zero() {
        let rows = instantaneous(&Histogram::new(2, 2), &[2.5, 3.0]);
        assert_eq!(rows, [vec![2.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], vec![3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]);
    }
}
