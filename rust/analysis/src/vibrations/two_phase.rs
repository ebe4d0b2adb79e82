// SPDX-License-Identifier: MIT
//! Two-phase thermodynamics (2PT): Lin, Blanco and Goddard, J. Chem. Phys. 119, 11792 (2003). The density of states is that
//! of a solid, with none at zero frequency, and of a gas of hard spheres, which diffuses as the atoms do.
//!
//! Choices: a species' partial volume is its share of all atoms in the box by number, so that every species sees the
//! number density of the whole box. The entropy of the gas is the paper's, with ln z(y) (later variants leave it out).
//! Where atoms hardly diffuse, the hard spheres of the method are packed closer than they freeze (y = 0.494): its gas is
//! then no gas, and its entropy only a small correction.

use std::f64::consts::PI;

use super::entropy::harmonic_entropy;
use super::spectrum::integral;
use crate::constants::{ATOMIC_MASS, BOLTZMANN_AMU, PLANCK};

/// Planck constant, amu A^2/ps.
const PLANCK_AMU: f64 = PLANCK / ATOMIC_MASS * 1e8;
/// Packing fraction at which hard spheres freeze.
pub const FREEZING: f64 = 0.494;

/// The split of one species.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TwoPhase {
    /// Fluidicity f: the part of all modes that is gas.
    pub fluidicity: f64,
    /// Packing fraction y of the hard spheres.
    pub packing: f64,
    /// Modes of the gas on the frequencies at hand, 3 f but for what lies beyond them.
    pub gas_modes: f64,
    /// Entropy of solid and gas over k, per atom.
    pub entropy: f64,
}

/// Splits the density of states `g` (1/THz per atom, at multiples of `spacing` THz from 0 on, integral 3).
/// `temperature`: K; `mass`: amu; `density`: all atoms per A^3.
#[must_use]
pub fn two_phase(g: &[f64], spacing: f64, temperature: f64, mass: f64, density: f64) -> TwoPhase {
    if temperature <= 0.0 || density <= 0.0 || g[0] <= 0.0 {
        return TwoPhase { entropy: harmonic_entropy(g, spacing, temperature, 0.0), ..TwoPhase::default() };
    }
    let diffusivity = 2.0 / 9.0
        * g[0]
        * (PI * BOLTZMANN_AMU * temperature / mass).sqrt()
        * density.cbrt()
        * (6.0 / PI).powf(2.0 / 3.0);
    let (fluidicity, packing) = fluidicity(diffusivity);
    let gas: Vec<f64> = (0..g.len()).map(|k| gas(g[0], fluidicity, k as f64 * spacing)).collect();
    let solid: Vec<f64> = g.iter().zip(&gas).map(|(g, gas)| g - gas).collect();
    // by the same rule as the solid's, so that both together are all modes
    let gas_modes = integral(&gas, spacing);
    let spheres = hard_sphere_entropy(temperature, mass, fluidicity * density, packing);
    let entropy = harmonic_entropy(&solid, spacing, temperature, 0.0) + gas_modes / 3.0 * spheres;
    TwoPhase { fluidicity, packing, gas_modes, entropy }
}

/// Density of states of the gas, 1/THz per atom; its integral over all frequencies is 3 f.
fn gas(g0: f64, fluidicity: f64, thz: f64) -> f64 {
    g0 / (1.0 + (PI * g0 * thz / (6.0 * fluidicity)).powi(2))
}

/// Fluidicity f and packing fraction y for the normalized diffusivity Delta > 0. The paper's equation
/// 2 D^-9/2 f^15/2 - 6 D^-3 f^5 - D^-3/2 f^7/2 + 6 D^-3/2 f^5/2 + 2 f - 2 = 0 is, with y = f^5/2 / D^3/2,
/// f (2 - y) = 2 (1 - y)^3: one side rises with y from 0, the other falls to 0 at y = 1, so that there is one root between.
///
/// ```
/// use deepion_analysis::vibrations::fluidicity;
///
/// let (f, y) = fluidicity(0.3);
/// assert!((f * (2.0 - y) - 2.0 * (1.0 - y).powi(3)).abs() < 1e-12);
/// assert!(fluidicity(1e-6).0 < 1e-3, "a solid");
/// assert!(fluidicity(1e4).0 > 0.99, "a gas");
/// ```
#[must_use]
pub fn fluidicity(diffusivity: f64) -> (f64, f64) {
    let fluidicity = |packing: f64| packing.powf(0.4) * diffusivity.powf(0.6);
    let (mut low, mut high) = (0.0, 1.0);
    // until the ends are neighboring numbers
    for _ in 0..1100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if fluidicity(middle) * (2.0 - middle) < 2.0 * (1.0 - middle).powi(3) { low = middle } else { high = middle }
    }
    (fluidicity(low), low)
}

/// Entropy over k per particle of hard spheres of `mass` (amu) at `temperature` (K), number `density` (1/A^3) and packing
/// fraction y: that of an ideal gas + ln z(y) + y (3y - 4)/(1 - y)^2, with z(y) = (1 + y + y^2 - y^3)/(1 - y)^3 of
/// Carnahan and Starling.
#[must_use]
pub fn hard_sphere_entropy(temperature: f64, mass: f64, density: f64, packing: f64) -> f64 {
    let wavelength = PLANCK_AMU / (2.0 * PI * mass * BOLTZMANN_AMU * temperature).sqrt();
    let y = packing;
    let compressibility = (1.0 + y + y * y - y * y * y) / (1.0 - y).powi(3);
    2.5 - (density * wavelength.powi(3)).ln() + compressibility.ln() + y * (3.0 * y - 4.0) / (1.0 - y).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_solves_the_papers_equation() {
        let mut last = 0.0;
        for exponent in -40..=40 {
            let d = 10f64.powf(f64::from(exponent) / 5.0);
            let (f, y) = fluidicity(d);
            assert!(f > last && f < 1.0 && y > 0.0 && y < 1.0, "{d}: {f} {y}");
            last = f;
            let terms = [
                2.0 * d.powf(-4.5) * f.powf(7.5),
                -6.0 * d.powi(-3) * f.powi(5),
                -d.powf(-1.5) * f.powf(3.5),
                6.0 * d.powf(-1.5) * f.powf(2.5),
                2.0 * f,
                -2.0,
            ];
            assert!(terms.iter().sum::<f64>().abs() < 1e-10, "{d}: {f}");
        }
        assert!(fluidicity(1e-12).0 < 1e-7);
        assert!(fluidicity(1e12).0 > 1.0 - 1e-6);
    }

    #[test]
    fn a_dilute_gas_has_the_entropy_of_sackur_and_tetrode() {
        // argon at 298.15 K and 1 bar: 154.85 J/mol/K in tables
        let density = 1e5 / (crate::constants::BOLTZMANN * 298.15) * 1e-30;
        let entropy = hard_sphere_entropy(298.15, 39.948, density, 0.0);
        assert!((entropy * 8.314_462_618 - 154.85).abs() < 0.01, "{entropy}");
    }

    #[test]
    fn a_gas_is_all_gas_and_a_solid_none() {
        let (spacing, temperature, mass) = (0.0002, 500.0, 40.0);
        let (density, g0) = (0.05, 600.0);
        let g: Vec<f64> = (0..200_000).map(|k| gas(g0, 1.0, f64::from(k) * spacing)).collect();
        let split = two_phase(&g, spacing, temperature, mass, density);
        assert!(split.fluidicity > 0.999 && split.fluidicity < 1.0, "{split:?}");
        // the Lorentzian's tail beyond 40 THz: 3 (2/pi) (6/(pi g0)) / 40
        assert!((split.gas_modes - 3.0 * split.fluidicity).abs() < 2e-4, "{split:?}");
        let ideal = hard_sphere_entropy(temperature, mass, density, 0.0);
        assert!((split.entropy - ideal).abs() < 0.01, "{split:?} {ideal}");

        let mut solid = vec![0.0; 1000];
        solid[300] = 3.0 / spacing;
        let split = two_phase(&solid, spacing, temperature, mass, 0.05);
        assert_eq!((split.fluidicity, split.gas_modes), (0.0, 0.0));
        assert!((split.entropy - harmonic_entropy(&solid, spacing, temperature, 0.0)).abs() < 1e-12);
    }
}
