// SPDX-License-Identifier: MIT
//! From the velocity autocorrelation to the density of states.

use std::f64::consts::PI;
use std::sync::Arc;

use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

/// The cosine transform of functions of the lag, for one number of lags.
pub struct Cosines {
    lag_ps: f64,
    window: Vec<f64>,
    transform: Arc<dyn Fft<f64>>,
}

impl Cosines {
    /// For `lags` >= 2 lags, 0 included, `lag_ps` apart.
    #[must_use]
    pub fn new(lags: usize, lag_ps: f64) -> Self {
        let last = (lags - 1) as f64;
        // half a Hann window: 1 at lag 0, so that normalization survives, and 0 at the end, where the data stop
        let window = (0..lags).map(|lag| 0.5 * (1.0 + (PI * lag as f64 / last).cos())).collect();
        Self { lag_ps, window, transform: FftPlanner::new().plan_fft_forward(2 * (lags - 1)) }
    }

    /// Distance of neighboring frequencies, THz; the first is 0, and there are as many as lags.
    #[must_use]
    pub fn spacing(&self) -> f64 {
        1.0 / (2.0 * (self.window.len() - 1) as f64 * self.lag_ps)
    }

    /// Density of states, 1/THz per atom: g(nu) = 12 x integral over t >= 0 of w(t) C(t)/C(0) cos(2 pi nu t) dt, as a
    /// trapezoid sum (a DCT-I). As w(0) = 1, the trapezoid integral of g over the frequencies is exactly 3. Zeros where
    /// C(0) is 0.
    #[must_use]
    pub fn density_of_states(&self, vacf: &[f64]) -> Vec<f64> {
        let lags = self.window.len();
        if vacf[0] <= 0.0 {
            return vec![0.0; lags];
        }
        let mut data = vec![Complex64::default(); 2 * (lags - 1)];
        for lag in 0..lags {
            let value = Complex64::from(self.window[lag] * vacf[lag] / vacf[0]);
            // even: C(-t) = C(t); the two ends have no twin
            data[lag] = value;
            if lag > 0 && lag < lags - 1 {
                data[2 * (lags - 1) - lag] = value;
            }
        }
        self.transform.process(&mut data);
        // both signs of t are in the sum: half of 12
        data[..lags].iter().map(|value| 6.0 * self.lag_ps * value.re).collect()
    }
}

/// Integral over all frequencies by the trapezoid rule.
pub fn integral(values: &[f64], spacing: f64) -> f64 {
    let ends = values[0] + values[values.len() - 1];
    spacing * (values.iter().sum::<f64>() - 0.5 * ends)
}

/// A local maximum of a spectrum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Frequency, THz.
    pub thz: f64,
    /// Height, in units of the spectrum.
    pub height: f64,
}

/// A peak rises this many standard errors above its surroundings: with the hundreds of frequencies of a spectrum, three would let some
/// noise pass.
const ABOVE_NOISE: f64 = 4.0;

/// Local maxima that rise at least `fraction` of the highest value above the valleys that part them from higher ones, and above
/// the noise where the standard `errors` of the spectrum are known (empty: they are not), by frequency; tops of parabolas through
/// three points. The ends are no maxima.
#[must_use]
pub fn peaks(spectrum: &[f64], spacing: f64, fraction: f64, errors: &[f64]) -> Vec<Peak> {
    let highest = spectrum.iter().copied().fold(0.0, f64::max);
    let mut peaks = Vec::new();
    for (index, around) in spectrum.windows(3).enumerate() {
        let [left, top, right] = [around[0], around[1], around[2]];
        if top <= left || top < right {
            continue;
        }
        let valley =
            |side: &mut dyn Iterator<Item = &f64>| side.take_while(|v| **v <= top).fold(top, |low, v| low.min(*v));
        let valleys = [valley(&mut spectrum[..=index].iter().rev()), valley(&mut spectrum[index + 2..].iter())];
        let noise = ABOVE_NOISE * errors.get(index + 1).copied().unwrap_or(0.0);
        if top - valleys[0].max(valleys[1]) >= noise.max(fraction * highest) {
            let shift = 0.5 * (left - right) / (left - 2.0 * top + right);
            let thz = ((index + 1) as f64 + shift) * spacing;
            peaks.push(Peak { thz, height: top - 0.25 * (left - right) * shift });
        }
    }
    peaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_a_direct_sum_of_cosines_with_integral_3() {
        for lags in [2usize, 3, 8, 51, 98] {
            let vacf: Vec<f64> = (0..lags).map(|k| 40.0 * (k as f64 * 0.7).cos() * (-0.05 * k as f64).exp()).collect();
            let cosines = Cosines::new(lags, 0.004);
            let g = cosines.density_of_states(&vacf);
            let last = (lags - 1) as f64;
            for (k, value) in g.iter().enumerate() {
                let term = |j: usize| {
                    let window = (0.5 * PI * j as f64 / last).cos().powi(2);
                    window * vacf[j] / vacf[0] * (PI * (j * k) as f64 / last).cos()
                };
                let direct = 12.0 * 0.004 * (0.5 + (1..lags).map(term).sum::<f64>());
                assert!((value - direct).abs() < 1e-12, "{lags} {k}: {value} {direct}");
            }
            assert!((integral(&g, cosines.spacing()) - 3.0).abs() < 1e-12);
        }
        assert_eq!(Cosines::new(3, 1.0).density_of_states(&[0.0; 3]), [0.0; 3]);
    }

    #[test]
    fn tops_between_the_points() {
        let parabola = |center: f64, height: f64| move |k: usize| height - 0.1 * (k as f64 - center).powi(2);
        let (low, high) = (parabola(5.3, 1.0), parabola(20.8, 4.0));
        let spectrum: Vec<f64> = (0..30).map(|k| low(k).max(high(k)).max(0.0)).collect();
        let found = peaks(&spectrum, 0.5, 0.2, &[]);
        assert_eq!(found.len(), 2);
        assert!((found[0].thz - 2.65).abs() < 1e-12 && (found[0].height - 1.0).abs() < 1e-12);
        assert!((found[1].thz - 10.4).abs() < 1e-12 && (found[1].height - 4.0).abs() < 1e-12);
        assert_eq!(peaks(&spectrum, 0.5, 0.5, &[]).len(), 1);
        assert!(peaks(&[0.0; 9], 0.5, 0.1, &[]).is_empty());
        // what rises by 1 is a peak where it is known to 0.1, and noise where it is known to 0.5
        assert_eq!(peaks(&spectrum, 0.5, 0.2, &[0.1; 30]).len(), 2);
        assert_eq!(peaks(&spectrum, 0.5, 0.2, &[0.5; 30]).len(), 1);
        // a ripple on a slope is none, however high it lies
        let ripple: Vec<f64> = (0..30).map(|k| 50.0 - f64::from(k) + 1.2 * f64::from(k % 2)).collect();
        assert!(peaks(&ripple, 0.5, 0.05, &[]).is_empty());
        assert_eq!(peaks(&ripple, 0.5, 0.001, &[]).len(), 15 - 1);
    }
}
