// SPDX-License-Identifier: MIT
//! From sums to numbers.

use super::correlation::Correlation;
use super::entropy::{harmonic_entropy, modes_below};
use super::layout::{Evaluation, Split, VibrationsLayout};
use super::spectrum::Cosines;
use super::two_phase::{TwoPhase, two_phase};
use crate::constants::{BOLTZMANN_AMU, CM2_PER_S};

/// What one species, or all atoms together, say. Entropies over k, per atom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimates {
    /// VACF over its value at lag 0, at all lags.
    pub vacf: Vec<f64>,
    /// Density of states, 1/THz per atom.
    pub g: Vec<f64>,
    /// Temperature of the velocities, K.
    pub temperature: f64,
    /// Entropy, everything taken for harmonic.
    pub harmonic: f64,
    /// Entropy of the frequencies above the cut.
    pub cut: f64,
    /// Modes below the cut, of 3.
    pub modes_cut: f64,
    /// Split into solid and gas; averages over atoms where all are taken together.
    pub two_phase: TwoPhase,
    /// Diffusion coefficient from g(0), cm^2/s.
    pub diffusion: f64,
}

impl Estimates {
    /// The entropy that the settings ask for.
    pub fn entropy(&self, split: Split) -> f64 {
        match split {
            Split::None => self.harmonic,
            Split::Cut => self.cut,
            Split::TwoPhase => self.two_phase.entropy,
        }
    }
}

/// Estimates of every species and, last, of all measured atoms together; zeros before a window is complete.
///
/// Kinetic temperatures are from C(0) = 3 k T per atom: momentum that is conserved, 3 modes of the box, is not taken off.
pub fn estimates(
    sums: &Correlation,
    layout: &VibrationsLayout,
    evaluation: &Evaluation,
    cosines: &Cosines,
) -> Vec<Estimates> {
    let window = layout.window as usize;
    let zeros = || Estimates { vacf: vec![0.0; window], g: vec![0.0; window], ..Estimates::default() };
    let kinds = layout.types.len();
    let vacfs: Option<Vec<_>> = (0..kinds).map(|species| sums.vacf(layout, species)).collect();
    let Some(vacfs) = vacfs else { return (0..=kinds).map(|_| zeros()).collect() };

    let shares: Vec<_> = layout.types.iter().map(|species| species.atoms as f64 / layout.atoms() as f64).collect();
    let measured = vacfs.iter().zip(&shares).map(|(vacf, share)| share * vacf[0] / (3.0 * BOLTZMANN_AMU)).sum();
    let temperature = evaluation.temperature.unwrap_or(measured);
    let volume = sums.mean_volume();
    let density = if volume > 0.0 { layout.box_atoms as f64 / volume } else { 0.0 };

    let mut all: Vec<Estimates> = Vec::with_capacity(kinds + 1);
    for (vacf, species) in vacfs.iter().zip(&layout.types) {
        let g = cosines.density_of_states(vacf);
        let spacing = cosines.spacing();
        let temperature_here = vacf[0] / (3.0 * BOLTZMANN_AMU);
        all.push(Estimates {
            temperature: temperature_here,
            harmonic: harmonic_entropy(&g, spacing, temperature, 0.0),
            cut: harmonic_entropy(&g, spacing, temperature, evaluation.cut_thz),
            modes_cut: modes_below(&g, spacing, evaluation.cut_thz),
            two_phase: two_phase(&g, spacing, temperature, species.mass, density),
            // D = integral of <v.v>/3: the temperature is that of the velocities, whatever the entropies are made for
            diffusion: BOLTZMANN_AMU * temperature_here * g[0] / (12.0 * species.mass) * CM2_PER_S,
            vacf: normalized(vacf),
            g,
        });
    }
    let mut total = zeros();
    for (species, share) in all.iter().zip(&shares) {
        add(&mut total, species, *share);
    }
    let mut mean = vec![0.0; window];
    for (vacf, share) in vacfs.iter().zip(&shares) {
        mean.iter_mut().zip(vacf).for_each(|(mean, value)| *mean += share * value);
    }
    total.vacf = normalized(&mean);
    all.push(total);
    all
}

fn normalized(vacf: &[f64]) -> Vec<f64> {
    let scale = if vacf[0] > 0.0 { 1.0 / vacf[0] } else { 0.0 };
    vacf.iter().map(|value| value * scale).collect()
}

/// Adds a species, which makes `share` of all atoms, to the mean over atoms.
fn add(total: &mut Estimates, species: &Estimates, share: f64) {
    total.g.iter_mut().zip(&species.g).for_each(|(total, g)| *total += share * g);
    total.temperature += share * species.temperature;
    total.harmonic += share * species.harmonic;
    total.cut += share * species.cut;
    total.modes_cut += share * species.modes_cut;
    total.diffusion += share * species.diffusion;
    let (sum, part) = (&mut total.two_phase, &species.two_phase);
    sum.fluidicity += share * part.fluidicity;
    sum.packing += share * part.packing;
    sum.gas_modes += share * part.gas_modes;
    sum.entropy += share * part.entropy;
}
