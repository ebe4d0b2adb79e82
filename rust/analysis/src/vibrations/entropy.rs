// SPDX-License-Identifier: MIT
//! Entropy of harmonic oscillators with a given density of states.

use crate::constants::TERAHERTZ_KELVIN;

/// Entropy over k of a harmonic oscillator, x/(e^x - 1) - ln(1 - e^-x) with x = h nu / kT > 0.
#[must_use]
pub fn harmonic_weight(x: f64) -> f64 {
    without_logarithm(x) - x.ln()
}

/// The weight + ln x: 1 at x = 0 and smooth there.
fn without_logarithm(x: f64) -> f64 {
    if x > 0.0 { x / x.exp_m1() - (-(-x).exp_m1() / x).ln() } else { 1.0 }
}

/// Entropy over k per atom of the density of states `g` (1/THz per atom, at multiples of `spacing` THz from 0 on) at
/// `temperature` (K): the integral of g times [`harmonic_weight`] over frequencies above `from` (THz). 0 where there is no
/// temperature.
///
/// Each value of g stands for the cell around its frequency (half a cell at both ends). The weight is integrated over the
/// cell: -ln x exactly, which matters in the first cells and makes g(0) > 0 contribute its finite amount; the smooth rest
/// by its value in the middle.
#[must_use]
pub fn harmonic_entropy(g: &[f64], spacing: f64, temperature: f64, from: f64) -> f64 {
    if temperature <= 0.0 {
        return 0.0;
    }
    let scale = TERAHERTZ_KELVIN / temperature;
    let last = (g.len() - 1) as f64 * spacing;
    let cell = |(index, g): (usize, &f64)| {
        let center = index as f64 * spacing;
        let low = (center - 0.5 * spacing).max(from).max(0.0);
        let high = (center + 0.5 * spacing).min(last);
        if low < high {
            let smooth = (high - low) * without_logarithm(0.5 * scale * (low + high));
            g * (smooth - logarithm(high, scale) + logarithm(low, scale))
        } else {
            0.0
        }
    };
    g.iter().enumerate().map(cell).sum()
}

/// Integral of ln(scale nu) from 0 to nu.
fn logarithm(nu: f64, scale: f64) -> f64 {
    if nu > 0.0 { nu * ((scale * nu).ln() - 1.0) } else { 0.0 }
}

/// Number of modes, the integral of g, between 0 and `to` (THz); cells as in [`harmonic_entropy`].
pub fn modes_below(g: &[f64], spacing: f64, to: f64) -> f64 {
    let last = (g.len() - 1) as f64 * spacing;
    let cell = |(index, g): (usize, &f64)| {
        let center = index as f64 * spacing;
        let high = (center + 0.5 * spacing).min(to).min(last);
        g * (high - (center - 0.5 * spacing).max(0.0)).max(0.0)
    };
    g.iter().enumerate().map(cell).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vibrations::spectrum::integral;

    #[test]
    fn the_weight_is_the_closed_form() {
        for x in [1e-3, 0.1, 1.0, 5.0, 30.0f64] {
            let closed = x / (x.exp() - 1.0) - (1.0 - (-x).exp()).ln();
            assert!((harmonic_weight(x) - closed).abs() < 1e-12 * closed.max(1.0), "{x}");
        }
        // 1 - ln x + x^2/24 for small x; nothing for large x
        assert!((harmonic_weight(1e-6) - (1.0 - 1e-6f64.ln())).abs() < 1e-12);
        assert!(harmonic_weight(800.0).abs() < 1e-12);
    }

    /// A flat spectrum reaches down to 0, where the weight diverges: its entropy is known in closed form where x is small.
    #[test]
    fn a_flat_spectrum_is_integrated_through_its_singularity() {
        let (spacing, temperature) = (0.01, 3000.0);
        let g = vec![3.0; 101];
        let x = TERAHERTZ_KELVIN / temperature;
        // integral of 3 (1 - ln x + x^2/24) over 0..1 THz
        let exact = 3.0 * (2.0 - x.ln() + x * x / 72.0);
        assert!((harmonic_entropy(&g, spacing, temperature, 0.0) - exact).abs() < 1e-9);
        let cut = 0.337;
        let below = 3.0 * cut * (2.0 - (x * cut).ln() + (x * cut).powi(2) / 72.0);
        assert!((harmonic_entropy(&g, spacing, temperature, cut) - (exact - below)).abs() < 1e-9);
        assert!((modes_below(&g, spacing, cut) - 3.0 * cut).abs() < 1e-12);
        assert!((modes_below(&g, spacing, 9.0) - integral(&g, spacing)).abs() < 1e-12);
    }

    #[test]
    fn a_line_has_the_entropy_of_its_oscillators() {
        let (spacing, temperature) = (0.02, 300.0);
        let mut g = vec![0.0; 1000];
        g[250] = 3.0 / spacing;
        let exact = 3.0 * harmonic_weight(TERAHERTZ_KELVIN * 5.0 / temperature);
        // the cell's width adds weight'' spacing^2 / 24, where weight'' is about 1/nu^2
        let broadening = 3.0 * (0.02f64 / 5.0).powi(2) / 24.0;
        assert!((harmonic_entropy(&g, spacing, temperature, 0.0) - exact).abs() < 1.1 * broadening);
        assert_eq!(harmonic_entropy(&g, spacing, 0.0, 0.0).to_bits(), 0);
    }
}
