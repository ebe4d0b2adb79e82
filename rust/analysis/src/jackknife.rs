// SPDX-License-Identifier: MIT
//! Standard errors of anything that can be estimated from a part of a run.

use crate::{Merge, Result, Runs};

/// Standard errors of the numbers that `estimate` makes of a sum of blocks; `None` while fewer than `fewest` (>= 2) blocks
/// of `shortest` samples are full.
///
/// Blocks that follow each other are correlated where they are short, which makes an error look smaller than it is. So
/// they are merged to twice the length, again and again while `fewest` remain, and the largest error of each number holds
/// (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461 (1989), whose plateau is this largest value).
///
/// # Errors
/// Where a merged sum leaves its range.
pub fn standard_errors<T: Merge + Clone>(
    runs: &Runs<T>,
    shortest: u64,
    fewest: usize,
    estimate: impl Fn(&T) -> Vec<f64>,
) -> Result<Option<Vec<f64>>> {
    let mut largest: Option<Vec<f64>> = None;
    let mut length = runs.rounded(shortest);
    loop {
        let merged = runs.coarse(length)?;
        if merged.len() < fewest {
            return Ok(largest);
        }
        let errors = jackknife(&merged, &estimate)?;
        largest = Some(match largest {
            None => errors,
            Some(others) => errors.iter().zip(others).map(|(error, other)| error.max(other)).collect(),
        });
        length *= 2;
    }
}

/// The same where each number needs blocks of a length of its own, `shortest(number)` samples; `None` for those that have fewer than
/// `fewest` of it. An empty list: no number has them.
///
/// # Errors
/// Where a merged sum leaves its range.
pub fn standard_errors_each<T: Merge + Clone>(
    runs: &Runs<T>,
    fewest: usize,
    shortest: impl Fn(usize) -> u64,
    estimate: impl Fn(&T) -> Vec<f64>,
) -> Result<Vec<Option<f64>>> {
    let mut largest: Vec<Option<f64>> = Vec::new();
    let mut length = runs.rounded(1);
    loop {
        let merged = runs.coarse(length)?;
        if merged.len() < fewest {
            return Ok(largest);
        }
        let errors = jackknife(&merged, &estimate)?;
        largest.resize(errors.len(), None);
        for (number, (largest, error)) in largest.iter_mut().zip(errors).enumerate() {
            if length >= shortest(number) {
                *largest = Some(largest.map_or(error, |other| other.max(error)));
            }
        }
        length *= 2;
    }
}

/// se^2 = (B-1)/B sum over blocks b of (estimate without b - their mean)^2: for a mean this is the textbook's standard
/// error, and it holds as well for estimates that are no means (entropies), which single short blocks would bias.
fn jackknife<T: Merge + Clone>(blocks: &[T], estimate: impl Fn(&T) -> Vec<f64>) -> Result<Vec<f64>> {
    // sums of all blocks before and of all blocks after each one: linear in the number of blocks
    let mut before: Vec<Option<T>> = vec![None];
    let mut after: Vec<Option<T>> = vec![None];
    for (first, last) in blocks.iter().zip(blocks.iter().rev()) {
        before.push(joined(before[before.len() - 1].as_ref(), Some(first))?);
        after.push(joined(after[after.len() - 1].as_ref(), Some(last))?);
    }
    let count = blocks.len();
    let mut without = Vec::with_capacity(count);
    for block in 0..count {
        if let Some(rest) = joined(before[block].as_ref(), after[count - 1 - block].as_ref())? {
            without.push(estimate(&rest));
        }
    }
    let numbers = without.first().map_or(0, Vec::len);
    let error = |number: usize| {
        let values = without.iter().map(|estimates| estimates[number]);
        let mean = values.clone().sum::<f64>() / count as f64;
        let spread: f64 = values.map(|value| (value - mean).powi(2)).sum();
        (spread * (count - 1) as f64 / count as f64).sqrt()
    };
    Ok((0..numbers).map(error).collect())
}

fn joined<T: Merge + Clone>(one: Option<&T>, other: Option<&T>) -> Result<Option<T>> {
    let (Some(one), Some(other)) = (one, other) else { return Ok(one.or(other).cloned()) };
    let mut sum = one.clone();
    sum.merge(other)?;
    Ok(Some(sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Blocks;

    #[derive(Clone)]
    struct Mean {
        count: f64,
        sum: f64,
    }

    impl Merge for Mean {
        fn merge(&mut self, other: &Self) -> Result<()> {
            self.count += other.count;
            self.sum += other.sum;
            Ok(())
        }
    }

    fn errors(values: &[f64], fewest: usize) -> Option<f64> {
        let mut blocks = Blocks::<Mean>::default();
        for (sample, value) in values.iter().enumerate() {
            let block = blocks.at(sample as u64, || Mean { count: 0.0, sum: 0.0 }).unwrap();
            block.count += 1.0;
            block.sum += value;
        }
        let mean = |mean: &Mean| vec![mean.sum / mean.count];
        standard_errors(&[(&blocks, values.len() as u64)].into_iter().collect(), 1, fewest, mean)
            .unwrap()
            .map(|errors| errors[0])
    }

    #[test]
    fn of_a_mean_is_the_textbooks() {
        let values = [1.0, 4.0, 2.0, 8.0, 5.0, 7.0];
        let mean = values.iter().sum::<f64>() / 6.0;
        let spread: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        assert!((errors(&values, 6).unwrap() - (spread / 30.0).sqrt()).abs() < 1e-12);
        assert_eq!(errors(&values, 7), None);
    }

    #[test]
    fn correlated_samples_make_it_larger() {
        // pairs of equal values: half as many independent ones
        let values: Vec<f64> = (0..32).map(|k| f64::from(((k / 2) * 7) % 16)).collect();
        let halves: Vec<f64> = values.iter().step_by(2).copied().collect();
        assert!((errors(&values, 16).unwrap() / errors(&halves, 16).unwrap() - 1.0).abs() < 1e-12);
    }
}
