// SPDX-License-Identifier: MIT
//! How the errors of mean-square displacements at different lags depend on each other.
//!
//! For a Gaussian motion with the mean-square displacement 2 D phi(t) along each axis, two displacements over [o, o + a] and
//! [0, b] have the covariance 2 D g with
//!
//! ```text
//! g(o) = 1/2 [phi|o + a| + phi|o - b| - phi|o| - phi|o + a - b|]
//! ```
//!
//! and their squares 2 (2 D g)^2. Summed over all pairs of origins this is the covariance of two MSDs (Qian, Sheetz, Elson,
//! Biophys. J. 60, 910 (1991); Bullerjahn, von Buelow, Hummer, J. Chem. Phys. 153, 024116 (2020)). Here phi(t) = t + c for t > 0: a
//! walk whose positions carry noise without memory, as those of ions that rattle in their cages do where lags are longer than
//! the rattling lasts. Then g is the overlap of the two stretches of time, with c/2 more or less at four values of o.

use ndarray::Array2;

/// Offsets summed over for a pair of lags at most; of more, every second, third, ... is taken. The sum is one of a smooth
/// function, and lags so far apart hardly depend on each other.
const MOST_OFFSETS: i64 = 1024;

/// Origins of the MSD at some lags: all that are multiples of the lag's stride, in every run.
#[derive(Clone, Debug)]
pub struct Origins {
    /// Ascending, samples.
    pub lags: Vec<u64>,
    /// Samples between two origins: each divides the next one and its own lag.
    pub strides: Vec<u64>,
    /// Samples of each independent run, and how many runs have so many.
    pub runs: Vec<(u64, u64)>,
}

impl Origins {
    /// Of runs with these numbers of samples.
    #[must_use]
    pub fn new(lags: Vec<u64>, strides: Vec<u64>, samples: impl IntoIterator<Item = u64>) -> Self {
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for samples in samples {
            match runs.iter_mut().find(|run| run.0 == samples) {
                Some(run) => run.1 += 1,
                None => runs.push((samples, 1)),
            }
        }
        Self { lags, strides, runs }
    }

    /// The same for the lags at some places.
    #[must_use]
    pub fn pick(&self, places: &[usize]) -> Self {
        let of = |values: &[u64]| places.iter().map(|&place| values[place]).collect();
        Self { lags: of(&self.lags), strides: of(&self.strides), runs: self.runs.clone() }
    }

    /// Covariances of the MSDs in units of 2 / (d N) (2 d D)^2 samples^2, for N ions and d axes; `noise`: the offset c, samples.
    #[must_use]
    pub fn covariance(&self, noise: f64) -> Array2<f64> {
        let size = self.lags.len();
        let mut covariance = Array2::zeros((size, size));
        for i in 0..size {
            for j in i..size {
                let (mut sum, mut origins) = (0.0, [0.0; 2]);
                for &(samples, times) in &self.runs {
                    let counts = [i, j].map(|lag| self.count(lag, samples));
                    if counts[1] > 0 {
                        sum += times as f64 * self.pairs(i, j, counts, noise);
                    }
                    (0..2).for_each(|k| origins[k] += times as f64 * counts[k] as f64);
                }
                covariance[[i, j]] = sum / (origins[0] * origins[1]);
                covariance[[j, i]] = covariance[[i, j]];
            }
        }
        covariance
    }

    fn count(&self, lag: usize, samples: u64) -> i64 {
        let left = samples.checked_sub(self.lags[lag] + 1);
        left.map_or(0, |left| (left / self.strides[lag] + 1) as i64)
    }

    /// Sum over all pairs of origins of g^2, lag `i` not longer than lag `j`.
    fn pairs(&self, i: usize, j: usize, counts: [i64; 2], noise: f64) -> f64 {
        let stride = self.strides[i] as i64;
        let (a, b) = (self.lags[i] as i64, self.lags[j] as i64);
        let ratio = self.strides[j] as i64 / stride;
        // pairs whose origins are `offset` strides apart
        let pairs = |offset: i64| {
            let first = if offset >= 0 { 0 } else { (-offset + ratio - 1) / ratio };
            let last = (counts[1] - 1).min((counts[0] - 1 - offset).div_euclid(ratio));
            (last - first + 1).max(0) as f64
        };
        let overlap = |offset: i64| {
            let o = offset * stride;
            ((o + a).min(b) - o.max(0)).max(0) as f64
        };
        let (first, last) = (-a / stride, b / stride);
        let step = ((last - first) / MOST_OFFSETS).max(1);
        let smooth: f64 = (first..=last).step_by(step as usize).map(|k| pairs(k) * overlap(k).powi(2)).sum();
        let mut sum = smooth * step as f64;
        for (at, sign) in [(0, 1.0), ((b - a) / stride, 1.0), (first, -1.0), (last, -1.0)] {
            if at == 0 && a == b {
                // two of the four fall together
                sum += pairs(0) * ((a as f64 + noise).powi(2) - (a as f64).powi(2)) / 2.0;
            } else {
                let g = overlap(at);
                sum += pairs(at) * ((g + sign * noise / 2.0).powi(2) - g.powi(2));
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Lags;

    /// Plain loops over all pairs of origins of two runs.
    #[test]
    fn equals_the_sum_over_all_pairs_of_origins() {
        let lags = Lags::new(6, 3, 2);
        let runs = [301u64, 47];
        let origins = Origins::new(lags.all(), lags.strides(), runs).pick(&(0..13).collect::<Vec<_>>());
        let phi = |t: i64| if t == 0 { 0.0 } else { t.abs() as f64 + 7.0 };
        let found = origins.covariance(7.0);
        for i in 0..13 {
            for j in 0..13 {
                let (a, b) = (origins.lags[i] as i64, origins.lags[j] as i64);
                let (mut sum, mut count) = (0.0, [0.0; 2]);
                for run in runs {
                    let starts = |lag: usize| {
                        let longest = run as i64 - origins.lags[lag] as i64;
                        (0..longest.max(0)).step_by(origins.strides[lag] as usize).collect::<Vec<_>>()
                    };
                    let (one, other) = (starts(i), starts(j));
                    count[0] += one.len() as f64;
                    count[1] += other.len() as f64;
                    for p in &one {
                        for q in &other {
                            let o = p - q;
                            let g: f64 = 0.5 * (phi(o + a) + phi(o - b) - phi(o) - phi(o + a - b));
                            sum += g * g;
                        }
                    }
                }
                let expected = sum / (count[0] * count[1]);
                assert!((found[[i, j]] / expected - 1.0).abs() < 1e-12, "{a} {b}: {} {expected}", found[[i, j]]);
            }
        }
    }
}
