// SPDX-License-Identifier: MIT
//! The path of the charge: where all ions are in sum, at equal times, with bounded memory.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex64;
use serde::{Deserialize, Serialize};

/// Positions kept at most, an even number: then every second one is left out, and those that remain are twice as far apart.
const MOST: usize = 4096;

/// Positions of one run, `stride` samples apart from sample `first` on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    stride: u64,
    first: u64,
    positions: Vec<[f64; 3]>,
}

impl Default for Series {
    fn default() -> Self {
        Self { stride: 1, first: 0, positions: Vec::new() }
    }
}

/// The mean of the periodogram over three axes at one frequency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ordinate {
    /// 1/ps.
    pub frequency: f64,
    /// `A^2/ps`: 2 D of all ions at frequency 0.
    pub power: f64,
}

impl Series {
    /// Bytes of a full one.
    pub const MOST_BYTES: usize = MOST * size_of::<[f64; 3]>();

    /// Takes the position at a sample; samples follow each other.
    pub fn push(&mut self, sample: u64, position: [f64; 3]) {
        if self.positions.is_empty() {
            self.first = sample;
        }
        if !(sample - self.first).is_multiple_of(self.stride) {
            return;
        }
        if self.positions.len() == MOST {
            self.positions = self.positions.iter().copied().step_by(2).collect();
            self.stride *= 2;
        }
        self.positions.push(position);
    }

    /// Whether this can be the series of so many samples: a saved one may be damaged. States of older versions have none.
    #[must_use]
    pub fn fits(&self, samples: u64) -> bool {
        let count = self.positions.len() as u64;
        let expected = samples.checked_sub(self.first).map(|samples| samples.div_ceil(self.stride.max(1)));
        let right =
            self.positions.len() <= MOST && self.positions.iter().flatten().all(|position| position.is_finite());
        right && self.stride.is_power_of_two() && (count == 0 || Some(count) == expected)
    }

    /// Periodogram of the steps from position to position, `interval` ps per sample: all frequencies but 0, where it is the square of the
    /// whole displacement, and the highest one.
    #[must_use]
    pub fn periodogram(&self, interval: f64) -> Vec<Ordinate> {
        let steps = self.positions.len().saturating_sub(1);
        if steps < 3 {
            return Vec::new();
        }
        let transform = FftPlanner::new().plan_fft_forward(steps);
        let time = steps as f64 * self.stride as f64 * interval;
        let mut power = vec![0.0; (steps - 1) / 2];
        for axis in 0..3 {
            let step = |pair: &[[f64; 3]]| Complex64::new(pair[1][axis] - pair[0][axis], 0.0);
            let mut flux: Vec<Complex64> = self.positions.windows(2).map(step).collect();
            transform.process(&mut flux);
            for (power, value) in power.iter_mut().zip(&flux[1..]) {
                *power += value.norm_sqr() / (3.0 * time);
            }
        }
        (1..).zip(power).map(|(k, power)| Ordinate { frequency: f64::from(k) / time, power }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(sample: u64) -> [f64; 3] {
        let t = sample as f64;
        [(0.3 * t).sin() * 2.0 + 0.01 * t, (0.7 * t).cos() - 0.002 * t, (0.1 * t * t).sin()]
    }

    #[test]
    fn memory_is_bounded_and_positions_stay_at_equal_times() {
        let mut series = Series::default();
        for sample in 7..50_007 {
            series.push(sample, path(sample));
            assert!(series.fits(sample + 1), "{sample}");
        }
        assert_eq!((series.stride, series.first, series.positions.len()), (16, 7, 3125));
        for (k, position) in (0..).zip(&series.positions) {
            assert_eq!(position.map(f64::to_bits), path(7 + 16 * k).map(f64::to_bits));
        }
        assert!(!series.fits(50_006 - 20) && !series.fits(3) && Series::default().fits(1000));
        assert!(!Series { stride: 0, ..series.clone() }.fits(50_007));
    }

    /// Against the sum of its definition.
    #[test]
    fn periodogram_of_the_steps() {
        let mut series = Series::default();
        (0..101).for_each(|sample| series.push(sample, path(sample)));
        let found = series.periodogram(0.5);
        assert_eq!(found.len(), 49);
        for (k, ordinate) in (1..).zip(&found) {
            let mut power = 0.0;
            for axis in 0..3 {
                let (mut re, mut im) = (0.0, 0.0);
                for sample in 0..100u32 {
                    let step = path(u64::from(sample) + 1)[axis] - path(u64::from(sample))[axis];
                    let angle = -std::f64::consts::TAU * f64::from(k * sample) / 100.0;
                    re += step * angle.cos();
                    im += step * angle.sin();
                }
                power += (re * re + im * im) / (3.0 * 50.0);
            }
            assert!((ordinate.power - power).abs() < 1e-10 && (ordinate.frequency - f64::from(k) / 50.0).abs() < 1e-12);
        }
        assert!(Series::default().periodogram(1.0).is_empty());
    }
}
