// SPDX-License-Identifier: MIT
//! Numbers from sums, in the units asked for.

use super::diffusion::{Diffusion, NotYet, Value, diffusion, haven_ratio, nernst_einstein};
use super::layout::Evaluation;
use super::moments::{Average, Moments};
use super::onsager::Species;
use super::total::TransportTotal;
use crate::Result;
use crate::measurement::Sums;

/// Given and kinetic temperature differ where they do by more than this part.
const OTHER_TEMPERATURE: f64 = 0.05;
/// A temperature drifts where the means of the first and the last third of a run differ by more than this part.
const RAMP: f64 = 0.05;

/// Everything that comes out of one evaluation, in the units asked for.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The fit; `None` where there is no window yet, and then everything that follows from it is 0.
    pub found: Option<Diffusion>,
    /// Why there is none.
    pub not_yet: Option<NotYet>,
    /// Self-diffusion coefficient.
    pub own: Value,
    /// The same along x, y, z.
    pub axis: [Value; 3],
    /// The paper's eq. 2: MSD / (6 t) at the end of the window.
    pub ratio: f64,
    /// Collective (charge) diffusion coefficient.
    pub collective: Value,
    /// Nernst-Einstein conductivity; 0 without a temperature.
    pub sigma: Value,
    /// Conductivity from the collective displacement.
    pub sigma_collective: Value,
    /// Conductivity of all charges; 0 where only the ions are followed.
    pub sigma_total: Value,
    /// D of the charge from the spectrum of its flux: collective D where the ions alone carry any; 0 without an answer.
    pub spectrum: Value,
    /// Conductivity from it.
    pub sigma_spectrum: Value,
    /// Self over collective diffusion.
    pub haven: Value,
    /// Mean of the temperature that was given, K; 0: not given.
    pub temperature: f64,
    /// Mean kinetic temperature of the samples, K; 0: not known.
    pub kinetic: f64,
    /// Kinetic temperature of the first and the last third of the run, K, where they differ by much.
    pub ramp: Option<(f64, f64)>,
    /// Mean volume, A^3.
    pub volume: f64,
    /// Length of all runs together, ps.
    pub time: f64,
}

impl Findings {
    /// # Errors
    /// Where a sum leaves its range.
    pub fn of(sums: &Sums<TransportTotal>, evaluation: &Evaluation) -> Result<Self> {
        let layout = &sums.layout;
        let (found, not_yet) = match diffusion(sums, evaluation.fit)? {
            Ok(found) => (Some(found), None),
            Err(why) => (None, Some(why)),
        };
        let (mut volume, mut temperature, mut thermal) = (0.0, 0.0, 0.0);
        let (mut kinetic, mut ramp) = (Mean::default(), None);
        for run in sums.totals() {
            volume += run.volume.value();
            temperature += run.temperature.value();
            thermal += run.thermal_samples as f64;
            kinetic.add(run.blocks.all());
            ramp = ramp.or_else(|| drift(run.blocks.all()));
        }
        let mean = |sum: f64, count: f64| if count == 0.0 { 0.0 } else { sum / count };
        let (volume, temperature) = (mean(volume, sums.samples() as f64), mean(temperature, thermal));
        let own = found.as_ref().map_or_else(Value::default, |found| found.own);
        let collective = found.as_ref().map_or_else(Value::default, |found| found.collective);
        let sigma = |diffusion: Value| {
            if temperature > 0.0 && volume > 0.0 {
                let density = layout.ions as f64 / volume;
                nernst_einstein(diffusion, density, layout.charge, temperature)
                    .scaled(evaluation.units.conductivity().0)
            } else {
                Value::default()
            }
        };
        let total =
            found.as_ref().and_then(|found| found.onsager.as_ref()).map_or_else(Value::default, |all| all.total);
        // D of a sum over the box, in units of elementary charges, is the diffusion coefficient of one ion of charge 1 in it
        let of_box = |diffusion: Value| {
            if temperature > 0.0 && volume > 0.0 {
                nernst_einstein(diffusion, 1.0 / volume, 1.0, temperature).scaled(evaluation.units.conductivity().0)
            } else {
                Value::default()
            }
        };
        let spectrum =
            found.as_ref().and_then(|found| found.spectrum.ok()).map_or_else(Value::default, |it| it.diffusion);
        let alone = layout.species.is_empty();
        let squares = if alone { layout.ions as f64 } else { layout.species.iter().map(Species::square).sum() };
        let (factor, _) = evaluation.units.diffusion();
        Ok(Self {
            own: own.scaled(factor),
            axis: found.as_ref().map_or_else(Default::default, |found| found.axis.map(|value| value.scaled(factor))),
            ratio: found.as_ref().map_or(0.0, |found| found.ratio * factor),
            collective: collective.scaled(factor),
            sigma: sigma(own),
            sigma_collective: sigma(collective),
            sigma_total: of_box(total),
            spectrum: if squares > 0.0 { spectrum.scaled(factor / squares) } else { Value::default() },
            sigma_spectrum: of_box(spectrum.scaled(if alone { layout.charge.powi(2) } else { 1.0 })),
            haven: haven_ratio(own, collective),
            found,
            not_yet,
            temperature,
            kinetic: kinetic.value(),
            ramp,
            volume,
            time: sums.totals().map(|run| run.samples.saturating_sub(1) as f64 * layout.interval()).sum(),
        })
    }

    /// Whether the kinetic temperature is known and far from the one that was given.
    #[must_use]
    pub fn temperature_differs(&self) -> bool {
        let (given, kinetic) = (self.temperature, self.kinetic);
        given > 0.0 && kinetic > 0.0 && (kinetic / given - 1.0).abs() > OTHER_TEMPERATURE
    }

    /// First and last lag of the fit, ps; zeros without one.
    #[must_use]
    pub fn window(&self) -> (f64, f64) {
        self.found.as_ref().map_or((0.0, 0.0), |found| found.window)
    }
}

/// Mean kinetic temperature of some blocks.
#[derive(Default)]
struct Mean {
    sum: f64,
    samples: f64,
}

impl Mean {
    fn add(&mut self, blocks: &[Moments]) {
        for block in blocks {
            self.sum += Average::value(block.kinetic);
            self.samples += block.kinetic_samples as f64;
        }
    }

    fn value(&self) -> f64 {
        if self.samples > 0.0 { self.sum / self.samples } else { 0.0 }
    }
}

/// Kinetic temperature of the first and the last third of the blocks of one run, where they differ by much.
fn drift(blocks: &[Moments]) -> Option<(f64, f64)> {
    let third = blocks.len() / 3;
    let of = |blocks: &[Moments]| {
        let mut mean = Mean::default();
        mean.add(blocks);
        mean.value()
    };
    let (first, last) = (of(&blocks[..third]), of(&blocks[blocks.len() - third..]));
    (first > 0.0 && last > 0.0 && (last / first - 1.0).abs() > RAMP).then_some((first, last))
}
