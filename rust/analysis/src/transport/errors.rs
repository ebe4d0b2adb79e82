// SPDX-License-Identifier: MIT
//! Standard errors from blocks of time, groups of ions and the motion's own statistics.

/// Fewer blocks say nothing of an error.
pub(super) const FEWEST_BLOCKS: usize = 4;
/// What the other sources of an error count for beside n blocks, in degrees of freedom: an error from few blocks is itself known
/// badly.
const OTHERS: f64 = 4.0;

/// Where the error of D comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Blocks of time, with the larger of the two others for four more degrees of freedom: valid for ions that move together, too.
    Blocks,
    /// The scatter between groups of ions, which takes ions for independent.
    IonGroups,
    /// The covariance of a random walk and the number of hops, which take ions for independent.
    Motion,
}

impl Source {
    /// In settings of files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocks => "time_blocks",
            Self::IonGroups => "ion_groups",
            Self::Motion => "motion",
        }
    }
}

/// Variance of the mean of block values, where there are enough; `other`: what is known without them.
pub(super) fn with_blocks(values: &[f64], overlap: f64, other: f64) -> f64 {
    match standard_error(values, overlap) {
        Some(error) => {
            let freedom = values.len() as f64 - 1.0;
            (freedom * error * error + OTHERS * other) / (freedom + OTHERS)
        }
        None => other,
    }
}

/// Standard error of the mean of block values, neighbors of which are correlated by `overlap`; `None` for fewer than four.
#[must_use]
pub fn standard_error(values: &[f64], overlap: f64) -> Option<f64> {
    if values.len() < FEWEST_BLOCKS {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let correction = (1.0 + 2.0 * overlap * (1.0 - 1.0 / n)) / (1.0 - 2.0 * overlap / n);
    Some((variance / n * correction).sqrt())
}

/// Correlation of the MSD at `lag` between neighboring blocks: displacements that begin in one block and end in the next
/// count in both. For a random walk two displacements shifted by u share (1 - u/lag)^2 of their variance.
pub(super) fn overlap_correlation(lag: f64, block: f64) -> f64 {
    let between = lag * lag / 12.0;
    let within = 2.0 * (block * lag / 3.0 - lag * lag / 12.0);
    between / within
}

/// Probability that a normal deviate is further from 0 than `z` (Abramowitz and Stegun, 7.1.26: to 2e-7).
#[must_use]
pub fn two_sided(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / 0.327_591_1f64.mul_add(x, 1.0);
    let series = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
    series.iter().fold(0.0, |sum, term| (sum + term) * t) * (-x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_probabilities() {
        for (z, p) in [(0.0, 1.0), (1.0, 0.317_310_5), (-1.959_964, 0.05), (3.0, 0.002_699_8)] {
            assert!((two_sided(z) - p).abs() < 1e-6, "{z}");
        }
    }

    #[test]
    fn few_blocks_count_little() {
        let values = [1.0, 2.0, 3.0, 4.0];
        let blocks = standard_error(&values, 0.0).unwrap().powi(2);
        assert!((with_blocks(&values, 0.0, 2.0) - (3.0 * blocks + 4.0 * 2.0) / 7.0).abs() < 1e-12);
        assert!((with_blocks(&values[..3], 0.0, 2.0) - 2.0).abs() < 1e-12);
    }
}
