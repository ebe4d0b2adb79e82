// SPDX-License-Identifier: MIT
//! Model deviation, as DeePMD-kit defines it (DP-GEN reads it).

use crate::error::{Error, Result};

/// Standard deviation over models of each atom's force vector: sqrt(mean over models of |F - mean F|^2), n values.
///
/// `forces`: models x n x 3. `relative` >= 0: divided by (|mean F| + `relative`).
///
/// # Errors
/// A length that is no multiple of 3 x models.
pub fn model_deviation(forces: &[f64], models: usize, relative: f64) -> Result<Vec<f64>> {
    if models == 0 || !forces.len().is_multiple_of(3 * models) {
        return Err(Error::Input(format!("{} force components cannot belong to {models} models", forces.len())));
    }
    let per_model = forces.len() / models;
    let count = models as f64;
    let deviation = |i: usize| {
        let of_models = (0..models).map(|k| &forces[k * per_model + 3 * i..k * per_model + 3 * i + 3]);
        let mut mean = [0.0; 3];
        for f in of_models.clone() {
            mean.iter_mut().zip(f).for_each(|(m, f)| *m += f / count);
        }
        let variance: f64 =
            of_models.map(|f| f.iter().zip(mean).map(|(f, m)| (f - m).powi(2)).sum::<f64>()).sum::<f64>() / count;
        let norm = mean.iter().map(|m| m * m).sum::<f64>().sqrt();
        if relative >= 0.0 { variance.sqrt() / (norm + relative) } else { variance.sqrt() }
    };
    Ok((0..per_model / 3).map(deviation).collect())
}

/// Largest, smallest and typical deviation of a quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviations {
    /// Largest value.
    pub largest: f64,
    /// Smallest value.
    pub smallest: f64,
    /// Root mean square.
    pub rms: f64,
}

/// Standard deviations over models of the nine elements of the virial per atom, eV, as one triple of numbers.
///
/// `virials`: models x 9, eV, of all `atoms`. `relative` >= 0: each divided by (|mean| + `relative`).
///
/// ```
/// use deepion_potential::virial_deviation;
/// let mut virials = [0.0; 18]; // two models, which differ in one element
/// (virials[0], virials[9]) = (8.0, 4.0);
/// let found = virial_deviation(&virials, 2, 2.0, -1.0).unwrap();
/// assert_eq!((found.largest, found.smallest), (1.0, 0.0));
/// assert!((found.rms - (1.0_f64 / 9.0).sqrt()).abs() < 1e-15);
/// ```
///
/// # Errors
/// A length that is not 9 x models.
pub fn virial_deviation(virials: &[f64], models: usize, atoms: f64, relative: f64) -> Result<Deviations> {
    if virials.len() != 9 * models {
        return Err(Error::Input(format!("{} virial elements cannot belong to {models} models", virials.len())));
    }
    // each element is a vector of one component
    let vectors: Vec<f64> = virials.iter().flat_map(|virial| [virial / atoms, 0.0, 0.0]).collect();
    let values = model_deviation(&vectors, models, relative)?;
    Ok(Deviations {
        largest: values.iter().copied().fold(0.0, f64::max),
        smallest: values.iter().copied().fold(f64::INFINITY, f64::min),
        rms: (values.iter().map(|value| value * value).sum::<f64>() / 9.0).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_numbers() {
        // Two models, two atoms: means (2,0,0) and (0,3,0), deviations 1 and 2.
        let forces = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 3.0, 0.0, 0.0, 0.0, 5.0, 0.0];
        assert_eq!(model_deviation(&forces, 2, -1.0).unwrap(), [1.0, 2.0]);
        assert_eq!(model_deviation(&forces, 2, 2.0).unwrap(), [0.25, 0.4]);
        assert!(model_deviation(&forces, 5, -1.0).is_err());
    }

    #[test]
    fn virials_against_a_plain_loop() {
        let (models, atoms) = (3, 7.0);
        let virials: Vec<f64> = (0..27).map(|i| f64::from(i * i % 11) - 0.3 * f64::from(i)).collect();
        for relative in [-1.0, 0.0, 0.5] {
            let mut values = Vec::new();
            for element in 0..9 {
                let of_models: Vec<f64> = (0..models).map(|k| virials[9 * k + element] / atoms).collect();
                let mean = of_models.iter().sum::<f64>() / 3.0;
                let spread = (of_models.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 3.0).sqrt();
                values.push(if relative < 0.0 { spread } else { spread / (mean.abs() + relative) });
            }
            let found = virial_deviation(&virials, models, atoms, relative).unwrap();
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
            assert!(near(found.largest, values.iter().copied().fold(f64::MIN, f64::max)));
            assert!(near(found.smallest, values.iter().copied().fold(f64::MAX, f64::min)));
            assert!(near(found.rms, (values.iter().map(|v| v * v).sum::<f64>() / 9.0).sqrt()));
        }
        assert!(virial_deviation(&virials, 2, atoms, -1.0).is_err());
    }
}
