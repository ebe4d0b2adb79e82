// SPDX-License-Identifier: MIT
//! Model deviation, as DeePMD-kit defines it (DP-GEN reads it).

use ndarray::{Array3, ArrayView1, ArrayView2, ArrayView3, Axis};

/// Standard deviation over models of each atom's force vector: sqrt(mean over models of |F - mean F|^2), n values.
///
/// `forces`: models x n x 3. `relative` >= 0: divided by (|mean F| + `relative`).
///
/// ```
/// use ndarray::array;
/// // Two models, one atom: the mean is (2, 0, 0), both are 1 away from it.
/// let forces = array![[[1.0, 0.0, 0.0]], [[3.0, 0.0, 0.0]]];
/// assert_eq!(deepion_potential::model_deviation(forces.view(), -1.0), [1.0]);
/// assert_eq!(deepion_potential::model_deviation(forces.view(), 2.0), [0.25]);
/// ```
#[must_use]
pub fn model_deviation(forces: ArrayView3<f64>, relative: f64) -> Vec<f64> {
    let count = forces.len_of(Axis(0)) as f64;
    let deviation = |i: usize| {
        let of_models = forces.index_axis(Axis(1), i);
        let mut mean = [0.0; 3];
        for f in of_models.rows() {
            mean.iter_mut().zip(f).for_each(|(m, f)| *m += f / count);
        }
        let square = |f: ArrayView1<f64>| f.iter().zip(mean).map(|(f, m)| (f - m).powi(2)).sum::<f64>();
        let variance = of_models.rows().into_iter().map(square).sum::<f64>() / count;
        let norm = mean.iter().map(|m| m * m).sum::<f64>().sqrt();
        if relative >= 0.0 { variance.sqrt() / (norm + relative) } else { variance.sqrt() }
    };
    (0..forces.len_of(Axis(1))).map(deviation).collect()
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
/// let mut virials = ndarray::Array2::zeros((2, 9)); // two models, which differ in one element
/// (virials[[0, 0]], virials[[1, 0]]) = (8.0, 4.0);
/// let found = deepion_potential::virial_deviation(virials.view(), 2.0, -1.0);
/// assert_eq!((found.largest, found.smallest), (1.0, 0.0));
/// assert!((found.rms - (1.0_f64 / 9.0).sqrt()).abs() < 1e-15);
/// ```
#[must_use]
pub fn virial_deviation(virials: ArrayView2<f64>, atoms: f64, relative: f64) -> Deviations {
    // each element is a vector of one component
    let mut vectors = Array3::zeros((virials.nrows(), virials.ncols(), 3));
    vectors.index_axis_mut(Axis(2), 0).assign(&virials.mapv(|virial| virial / atoms));
    let values = model_deviation(vectors.view(), relative);
    Deviations {
        largest: values.iter().copied().fold(0.0, f64::max),
        smallest: values.iter().copied().fold(f64::INFINITY, f64::min),
        rms: (values.iter().map(|value| value * value).sum::<f64>() / 9.0).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_numbers() {
        // Two models, two atoms: means (2,0,0) and (0,3,0), deviations 1 and 2.
        let forces = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 3.0, 0.0, 0.0, 0.0, 5.0, 0.0];
        let forces = ArrayView3::from_shape((2, 2, 3), &forces).unwrap();
        assert_eq!(model_deviation(forces, -1.0), [1.0, 2.0]);
        assert_eq!(model_deviation(forces, 2.0), [0.25, 0.4]);
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
            let found = virial_deviation(ArrayView2::from_shape((models, 9), &virials).unwrap(), atoms, relative);
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
            assert!(near(found.largest, values.iter().copied().fold(f64::MIN, f64::max)));
            assert!(near(found.smallest, values.iter().copied().fold(f64::MAX, f64::min)));
            assert!(near(found.rms, (values.iter().map(|v| v * v).sum::<f64>() / 9.0).sqrt()));
        }
    }
}
