// SPDX-License-Identifier: MIT
//! The conductivity a second time, from the spectrum of the charge flux near frequency 0 instead of from the slope of a displacement
//! (`doc/method/physics.md`, section 2).
//!
//! The steps of the summed position of all charges are the flux, averaged from sample to sample; no velocities are needed. Their spectrum
//! at frequency 0 is 2 D whatever the time between samples. Ions that rattle in cages make it rise with f^2, so it is
//! S = a + b f^2 in a band from 0 to half of one over the time from which the slope of the self MSD is constant. A further term
//! c f^4 must not make it likelier by more than chance; where it does, narrower bands are tried, and where all fail there is no answer.

mod series;
mod whittle;

use super::Value;
use super::errors::two_sided;
use series::Ordinate;
pub use series::Series;
use whittle::fit;

/// The widest band ends at this part of one over the start of the window.
const BAND: f64 = 0.5;
/// From band to band.
const NARROWER: f64 = std::f64::consts::FRAC_1_SQRT_2;
/// Frequencies in a band at least.
const FEWEST: usize = 8;
/// A term that is as likely as this by chance is none.
const CHANCE: f64 = 0.05;
/// Part of what the next term would have to be to be seen that goes into the error, as in the average over starts.
const UNSEEN: f64 = 0.4;

/// What a band says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spectrum {
    /// Half the spectrum at frequency 0, `A^2/ps`: D of the sum of all charges.
    pub diffusion: Value,
    /// Its end, 1/ps.
    pub band: f64,
    /// Frequencies in it.
    pub frequencies: usize,
    /// Probability of as large a further term by chance.
    pub p: f64,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NoSpectrum {
    /// So many frequencies in the widest band are too few: the run is too short.
    TooShort(usize),
    /// The spectrum is no a + b f^2 in any band; p of the narrowest.
    Curved(f64),
}

/// From the paths of independent runs, samples `interval` ps apart; `start`: from where on the slope of the MSD is constant, ps.
///
/// # Errors
/// Why not.
pub fn spectrum<'a>(runs: impl Iterator<Item = &'a Series>, interval: f64, start: f64) -> Result<Spectrum, NoSpectrum> {
    let mut ordinates: Vec<Ordinate> = runs.flat_map(|series| series.periodogram(interval)).collect();
    ordinates.sort_by(|a, b| a.frequency.total_cmp(&b.frequency));
    let mut end = BAND / start * (1.0 + 1e-9);
    let mut refused = None;
    loop {
        let band = &ordinates[..ordinates.partition_point(|ordinate| ordinate.frequency <= end)];
        if band.len() < FEWEST {
            return Err(refused.map_or(NoSpectrum::TooShort(band.len()), NoSpectrum::Curved));
        }
        if let Some((two, three)) = fit(band, 2).zip(fit(band, 3)) {
            let p = two_sided((2.0 * (two.cost - three.cost)).max(0.0).sqrt());
            if p >= CHANCE {
                let unseen = UNSEEN * UNSEEN * (three.variance - two.variance).max(0.0);
                let error = Some(0.5 * (two.variance + unseen).sqrt());
                let (band_end, frequencies) = (band[band.len() - 1].frequency, band.len());
                let diffusion = Value { value: 0.5 * two.level, error };
                return Ok(Spectrum { diffusion, band: band_end, frequencies, p });
            }
            refused = Some(p);
        } else {
            refused = refused.or(Some(0.0));
        }
        end *= NARROWER;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};
    use rand_distr::StandardNormal;

    /// One walker with D = 1/2 per sample; `rattle`: width and memory of what is added.
    fn walk(seed: u64, samples: u64, rattle: f64, memory: f64) -> Series {
        let mut random = StdRng::seed_from_u64(seed);
        let (mut place, mut around) = ([0.0; 3], [0.0; 3]);
        let mut series = Series::default();
        for sample in 0..samples {
            let mut normal = || -> f64 { random.sample(StandardNormal) };
            for axis in 0..3 {
                place[axis] += normal();
                around[axis] = memory * around[axis] + (1.0 - memory * memory).sqrt() * rattle * normal();
            }
            series.push(sample, std::array::from_fn(|axis| place[axis] + around[axis]));
        }
        series
    }

    /// Bias, and how often intervals of one and of two errors hold the truth.
    fn quality(runs: u64, of: impl Fn(u64) -> Result<Spectrum, NoSpectrum>) -> (f64, f64, f64) {
        let found: Vec<Spectrum> = (0..runs).map(|seed| of(seed).unwrap()).collect();
        let share = |errors: f64| {
            let inside = |one: &&Spectrum| (one.diffusion.value - 0.5).abs() < errors * one.diffusion.error.unwrap();
            found.iter().filter(inside).count() as f64 / runs as f64
        };
        let mean = found.iter().map(|one| one.diffusion.value).sum::<f64>() / runs as f64;
        (mean / 0.5 - 1.0, share(1.0), share(2.0))
    }

    #[test]
    fn walks_with_and_without_a_cage() {
        for (rattle, memory, samples) in [(0.0, 0.0, 1000), (2.2, 0.6, 1000), (2.2, 0.6, 20_000)] {
            let runs = if samples > 1000 { 60 } else { 200 };
            let (bias, one, two) =
                quality(runs, |seed| spectrum([&walk(seed, samples, rattle, memory)].into_iter(), 1.0, 10.0));
            assert!(bias.abs() < 0.06 && (0.57..0.80).contains(&one) && two > 0.89, "{rattle}: {bias} {one} {two}");
        }
    }

    /// A band so wide that the cage is inside is refused, and a narrower one taken.
    #[test]
    fn a_cage_inside_the_band_is_seen() {
        let series = walk(3, 4000, 2.2, 0.6);
        let found = spectrum([&series].into_iter(), 1.0, 1.0).unwrap();
        assert!(found.band < 0.2 && found.p >= CHANCE, "{found:?}");
        assert!((found.diffusion.value - 0.5).abs() < 3.0 * found.diffusion.error.unwrap(), "{found:?}");
    }

    #[test]
    fn runs_are_joined_and_short_ones_give_no_answer() {
        let short = walk(4, 100, 0.0, 0.0);
        assert_eq!(spectrum([&short].into_iter(), 1.0, 10.0), Err(NoSpectrum::TooShort(4)));
        let two = [short, walk(5, 100, 0.0, 0.0)];
        let found = spectrum(two.iter(), 1.0, 10.0).unwrap();
        assert_eq!(found.frequencies, 8);
        assert!(spectrum(std::iter::empty(), 1.0, 1.0).is_err());
    }

    /// A swing of the whole, five times in the run, is in every band.
    #[test]
    fn a_spectrum_that_is_not_flat_gives_no_answer() {
        let mut random = StdRng::seed_from_u64(6);
        let mut series = Series::default();
        let mut place = [0.0; 3];
        for sample in 0..401u64 {
            let swing = 200.0 * (std::f64::consts::TAU * 5.0 * sample as f64 / 400.0).sin();
            for c in &mut place {
                *c += random.sample::<f64, _>(StandardNormal);
            }
            series.push(sample, place.map(|c| c + swing));
        }
        let found = spectrum([&series].into_iter(), 1.0, 1.0);
        assert!(matches!(found, Err(NoSpectrum::Curved(_))), "{found:?}");
    }
}
