// SPDX-License-Identifier: MIT
//! Kinetic temperature of all atoms, to be compared with the one that a user gives.

use ndarray::{ArrayView1, ArrayView2};

use crate::constants::BOLTZMANN_AMU;
use crate::exact::LIMBS;
use crate::{Error, Exact, Result};

/// Sum of m v^2, amu (A/ps)^2, in steps of 1e-12: the same bits for any number of ranks.
type Sum = Exact<40>;

/// Sum of m v^2 over this rank's atoms, as integers to be added over ranks.
///
/// `velocities`: n x 3, of `unit` A/ps; `masses`: of each atom, n, amu.
///
/// ```
/// use deepion_analysis::kinetic;
/// use ndarray::array;
/// let velocities = array![[1.0, 2.0, 2.0], [0.0, 3.0, 0.0]];
/// let sum = kinetic::sum(&velocities.view(), 1.0, [10.0, 20.0].into_iter())?;
/// let kelvin = kinetic::temperature(&sum, 3.0)?; // 270 amu (A/ps)^2 in three degrees of freedom
/// assert!((kelvin - 108.245).abs() < 1e-3);
/// # Ok::<(), deepion_analysis::Error>(())
/// ```
///
/// # Errors
/// Where a velocity is not finite.
pub fn sum(velocities: &ArrayView2<'_, f64>, unit: f64, masses: impl Iterator<Item = f64>) -> Result<Vec<i64>> {
    let mut sum = [Sum::default()];
    let of_atom = |(v, mass): (ArrayView1<'_, f64>, f64)| {
        let [x, y, z] = [v[0] * unit, v[1] * unit, v[2] * unit];
        [mass * (x * x + y * y + z * z)]
    };
    Sum::add_rows(&mut sum, velocities.outer_iter().zip(masses).map(of_atom))?;
    Ok(sum[0].limbs().to_vec())
}

/// The temperature, K, of the sum over ranks of [`sum`]; 0 without degrees of freedom.
///
/// # Errors
/// Where `sum` is something else.
pub fn temperature(sum: &[i64], degrees_of_freedom: f64) -> Result<f64> {
    if sum.len() != LIMBS {
        return Err(Error::Internal(format!("kinetic energy in {} integers, expected {LIMBS}", sum.len())));
    }
    if degrees_of_freedom <= 0.0 {
        return Ok(0.0);
    }
    Ok(Sum::from_limbs(sum)?.value() / (degrees_of_freedom * BOLTZMANN_AMU))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

    #[test]
    fn the_naive_sum_and_the_same_bits_in_any_order_and_in_parts() {
        let mut rng = StdRng::seed_from_u64(1);
        let velocities = Array2::from_shape_fn((1000, 3), |_| rng.random_range(-20.0..20.0));
        let masses: Vec<f64> = (0..1000).map(|_| rng.random_range(1.0..200.0)).collect();
        let unit = 1000.0;
        let all = sum(&velocities.view(), unit, masses.iter().copied()).unwrap();
        let naive: f64 = velocities
            .outer_iter()
            .zip(&masses)
            .map(|(v, m)| m * v.iter().map(|v| (v * unit).powi(2)).sum::<f64>())
            .sum();
        let kelvin = temperature(&all, 2997.0).unwrap();
        assert!((kelvin / (naive / 2997.0 / BOLTZMANN_AMU) - 1.0).abs() < 1e-12);

        let (one, two) = velocities.view().split_at(ndarray::Axis(0), 300);
        let one = sum(&one, unit, masses[..300].iter().copied()).unwrap();
        let two = sum(&two, unit, masses[300..].iter().copied()).unwrap();
        let parts: Vec<i64> = one.iter().zip(two).map(|(a, b)| a + b).collect();
        assert_eq!(temperature(&parts, 2997.0).unwrap().to_bits(), kelvin.to_bits());
    }

    #[test]
    fn what_is_no_kinetic_energy() {
        let nan = Array2::from_elem((1, 3), f64::NAN);
        assert!(sum(&nan.view(), 1.0, [1.0].into_iter()).is_err());
        assert!(temperature(&[1, 2], 3.0).is_err());
        assert_eq!(temperature(&[5, 0, 0, 0], 0.0).unwrap().to_bits(), 0);
    }
}
