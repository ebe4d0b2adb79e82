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
}
