// SPDX-License-Identifier: MIT
//! Sums that do not depend on the order of their terms.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A sum of floating-point numbers in fixed point: an integer multiple of 2^-`BITS`. Each term is rounded once, to the
/// nearest; adding is exact, so neither the order of atoms nor the number of ranks or threads changes a bit, and two
/// sums can be merged or split at will. Range: +-2^(127 - `BITS`), beyond which adding is an error.
///
/// ```
/// use deepion_analysis::Exact;
///
/// let sum = |values: &[f64]| -> deepion_analysis::Result<f64> {
///     let mut sum = Exact::<60>::default();
///     values.iter().try_for_each(|&value| sum.add(value))?;
///     Ok(sum.value())
/// };
/// assert_eq!(sum(&[0.1, 1e8, -1e8])?, sum(&[1e8, -1e8, 0.1])?); // floating-point addition gives two results
/// assert!(sum(&[f64::NAN]).is_err());
/// # Ok::<(), deepion_analysis::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Exact<const BITS: u32>(i128);

/// Integers that stand for one sum on its way through an `MPI_SUM`: 32 bits each, with room for carries of 2^31 ranks.
pub const LIMBS: usize = 4;

/// 2^52, the leading bit of a floating-point number's mantissa; it has no fraction from this number on.
const MANTISSA: u64 = 1 << 52;
/// The exponent of that number as it is stored, and the largest with which all bits fit an `i128`.
const WHOLE: u64 = 1023 + 52;
/// See above.
const LARGEST: u64 = WHOLE + 127 - 53;

/// Terms that are added in two parts, a multiple of 2^[`UPPER`] and the rest: so many at once that their sums fit 64 bits, and none
/// of this size or above.
const PART: usize = 1 << 10;
const UPPER: u32 = 40;
const MOST_IN_PARTS: f64 = (1u128 << 90) as f64;
/// Added to this, where numbers are 1 apart, one below 2^51 is rounded to the nearest integer, and that stands in the lowest bits: without
/// the function call that rounding is on the oldest processors that we build for.
pub(crate) const ROUNDER: f64 = 1.5 * MANTISSA as f64;
/// Rows that are sorted into columns at once.
const ROWS: usize = 1 << 7;

impl<const BITS: u32> Exact<BITS> {
    /// `value` rounded to the next multiple of 2^-`BITS`; infinite and NaN values become a value that [`Exact::add`]
    /// refuses.
    #[must_use]
    #[inline]
    pub fn term(value: f64) -> i128 {
        let scaled = value * (1u128 << BITS) as f64;
        // What the last arm says, in a few instructions where the processor that this is built for has none for it.
        let (size, exponent) = (scaled.abs(), (scaled.to_bits() >> 52) & 0x7ff);
        let whole = match exponent {
            // Added, the least number without a fraction leaves none.
            ..WHOLE => i128::from((size + MANTISSA as f64 - MANTISSA as f64) as u64),
            WHOLE..=LARGEST => i128::from(size.to_bits() & (MANTISSA - 1) | MANTISSA) << (exponent - WHOLE),
            _ => return if scaled.is_finite() { scaled.round_ties_even() as i128 } else { i128::MAX },
        };
        if scaled < 0.0 { -whole } else { whole }
    }

    /// Adds one number.
    ///
    /// # Errors
    /// Where the number is not finite, or the sum leaves its range.
    #[inline]
    pub fn add(&mut self, value: f64) -> Result<()> {
        self.add_term(Self::term(value))
    }

    /// Adds many numbers: the same sum as of [`Exact::add`] one by one, in a fraction of the time.
    ///
    /// # Errors
    /// As [`Exact::add`].
    pub fn add_all(&mut self, values: &[f64]) -> Result<()> {
        for part in values.chunks(PART) {
            match Self::sum_of(part) {
                Some(sum) => self.add_term(sum)?,
                None => part.iter().try_for_each(|&value| self.add(value))?,
            }
        }
        Ok(())
    }

    /// Adds many rows of numbers, each number to the sum of its column.
    ///
    /// # Errors
    /// As [`Exact::add`].
    pub fn add_rows<const N: usize>(sums: &mut [Self; N], rows: impl IntoIterator<Item = [f64; N]>) -> Result<()> {
        let mut columns = [[0.0; ROWS]; N];
        let mut rows = rows.into_iter();
        loop {
            let mut taken = 0;
            for row in rows.by_ref().take(ROWS) {
                (0..N).for_each(|k| columns[k][taken] = row[k]);
                taken += 1;
            }
            for (sum, column) in sums.iter_mut().zip(&columns) {
                sum.add_all(&column[..taken])?;
            }
            if taken < ROWS {
                return Ok(());
            }
        }
    }

    /// Sum of the terms of at most [`PART`] numbers, none of them too large for two integers of 64 bits: loops over these become vector
    /// instructions, and branches and integers of 128 bits do not.
    fn sum_of(values: &[f64]) -> Option<i128> {
        const UNIT: f64 = (1u64 << UPPER) as f64;
        let (mut upper, mut lower, mut fits) = (0u64, 0u64, true);
        for &value in values {
            let scaled = value * (1u128 << BITS) as f64;
            let above = scaled * (1.0 / UNIT) + ROUNDER;
            // exact: a multiple of the unit is taken off
            let below = (scaled - (above - ROUNDER) * UNIT) + ROUNDER;
            upper = upper.wrapping_add(above.to_bits());
            lower = lower.wrapping_add(below.to_bits());
            fits &= scaled.abs() < MOST_IN_PARTS;
        }
        let of_rounders = ROUNDER.to_bits().wrapping_mul(values.len() as u64);
        let [upper, lower] = [upper, lower].map(|sum| i128::from(sum.wrapping_sub(of_rounders) as i64));
        fits.then_some((upper << UPPER) + lower)
    }

    /// Adds a number `times` times, exactly: the number is rounded once.
    ///
    /// # Errors
    /// As [`Exact::add`].
    #[inline]
    pub fn add_multiple(&mut self, value: f64, times: u64) -> Result<()> {
        self.add_term(Self::term(value).checked_mul(i128::from(times)).ok_or_else(too_large)?)
    }

    /// Adds another sum.
    ///
    /// # Errors
    /// Where the sum leaves its range.
    #[inline]
    pub fn merge(&mut self, other: Self) -> Result<()> {
        self.add_term(other.0)
    }

    #[inline]
    fn add_term(&mut self, term: i128) -> Result<()> {
        // half the range is kept free: a term of i128::MAX, which stands for NaN, always overflows it
        match self.0.checked_add(term) {
            Some(sum) if sum.unsigned_abs() <= i128::MAX.unsigned_abs() / 2 => {
                self.0 = sum;
                Ok(())
            }
            _ => Err(too_large()),
        }
    }

    /// The sum as a floating-point number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0 as f64 / (1u128 << BITS) as f64
    }

    /// The sum in pieces that can be added over ranks as 64-bit integers.
    #[must_use]
    pub fn limbs(self) -> [i64; LIMBS] {
        let low = |shift: u32| ((self.0 >> shift) & 0xffff_ffff) as i64;
        [low(0), low(32), low(64), (self.0 >> 96) as i64]
    }

    /// The sum back from pieces added over ranks.
    ///
    /// # Errors
    /// Where the sum leaves its range.
    pub fn from_limbs(limbs: &[i64]) -> Result<Self> {
        let shifted = |sum: i128, &limb: &i64| sum.checked_mul(1 << 32)?.checked_add(i128::from(limb));
        let sum = limbs.iter().rev().try_fold(0, shifted).ok_or_else(too_large)?;
        let mut exact = Self::default();
        exact.add_term(sum)?;
        Ok(exact)
    }
}

fn too_large() -> Error {
    Error::Data(
        "a sum is not finite or too large: positions or velocities are NaN, or atoms have left for infinity".into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_terms_does_not_matter() {
        let terms: Vec<f64> = (0..1000).map(|i| (f64::from(i) * 1.7).sin() * 10f64.powi(i % 9 - 4)).collect();
        let sum = |terms: &mut dyn Iterator<Item = &f64>| {
            let mut sum = Exact::<60>::default();
            terms.for_each(|&term| sum.add(term).unwrap());
            sum
        };
        let forward = sum(&mut terms.iter());
        assert_eq!(forward, sum(&mut terms.iter().rev()));
        let plain: f64 = terms.iter().sum();
        assert!((forward.value() - plain).abs() < 1e-10);
        assert!(plain.abs() > 1.0);
    }

    #[test]
    fn every_number_is_rounded_to_the_nearest() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        let random = std::iter::repeat_with(|| {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // exponents about those where the formula changes
            f64::from_bits(bits & !(0x7ff << 52) | (1023 - 70 + (bits >> 11) % 210) << 52)
        });
        let halves = (-20..20).flat_map(|k| [f64::from(k) + 0.5, f64::from(k)].map(|k| k * 0.5f64.powi(60)));
        let edges = [0.0, -0.0, 2f64.powi(-9), 2f64.powi(-8), 2f64.powi(66), -(2f64.powi(66)), 1e30, -1e30];
        for value in random.take(100_000).chain(halves).chain(edges) {
            let scaled = value * 2f64.powi(60);
            assert_eq!(Exact::<60>::term(value), scaled.round_ties_even() as i128, "{value:e}");
        }
    }

    #[test]
    fn many_numbers_at_once_as_one_by_one() {
        let mut bits = 0x243f_6a88_85a3_08d3_u64;
        let mut random = |exponents: std::ops::Range<u64>| {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let exponent = 1023 - 100 + exponents.start + (bits >> 11) % (exponents.end - exponents.start);
            f64::from_bits(bits & !(0x7ff << 52) | exponent << 52)
        };
        // all sizes, those about the largest that are added in parts, squares of lengths, and what only just is not rounded away
        for exponents in [0..160, 128..133, 90..110, 38..42, 76..82] {
            for length in [0, 1, 5, PART - 1, PART, 3 * PART + 7] {
                let values: Vec<f64> = (0..length).map(|_| random(exponents.clone())).collect();
                let (mut all, mut each) = (Exact::<60>(7), Exact::<60>(7));
                all.add_all(&values).unwrap();
                values.iter().try_for_each(|&value| each.add(value)).unwrap();
                assert_eq!(all, each, "{length} numbers of exponents {exponents:?}");
            }
        }
        for halves in [[0.5, 1.5, 2.5, -0.5], [-1.5, -2.5, 1.0, 0.25]] {
            let values: Vec<f64> = [0.0, 2f64.powi(40), 2f64.powi(41), -(2f64.powi(50))]
                .iter()
                .flat_map(|far| halves.map(|half| (far + half) * 0.5f64.powi(60)))
                .collect();
            let (mut all, mut each) = (Exact::<60>::default(), Exact::<60>::default());
            all.add_all(&values).unwrap();
            values.iter().try_for_each(|&value| each.add(value)).unwrap();
            assert_eq!(all, each);
        }
        for rows in [0, 1, ROWS, 3 * ROWS + 2] {
            let row = |k: usize| [k as f64, -0.1 * k as f64];
            let mut sums = [Exact::<60>::default(); 2];
            Exact::add_rows(&mut sums, (0..rows).map(row)).unwrap();
            let mut each = sums.map(|_| Exact::<60>::default());
            (0..rows).map(row).for_each(|row| (0..2).for_each(|k| each[k].add(row[k]).unwrap()));
            assert_eq!(sums, each, "{rows} rows");
        }
        let same = vec![2f64.powi(29); PART]; // the largest sum of a part
        let mut sum = Exact::<60>::default();
        sum.add_all(&same).unwrap();
        assert_eq!(sum.0, (PART as i128) << 89);
    }

    #[test]
    fn a_number_added_several_times() {
        let (mut once, mut each) = (Exact::<60>::default(), Exact::<60>::default());
        once.add_multiple(0.1, 1000).unwrap();
        (0..1000).for_each(|_| each.add(0.1).unwrap());
        assert_eq!(once, each);
        assert!(once.add_multiple(1e9, u64::MAX).is_err() && once.add_multiple(f64::NAN, 3).is_err());
    }

    #[test]
    fn limbs_add_up_over_ranks() {
        let values = [-1.25e9, 3.5, 1e-12, -7.0e12, 0.1];
        let mut whole = Exact::<60>::default();
        let mut limbs = [0i64; LIMBS];
        for value in values {
            whole.add(value).unwrap();
            let mut part = Exact::<60>::default();
            part.add(value).unwrap();
            limbs.iter_mut().zip(part.limbs()).for_each(|(sum, limb)| *sum += limb);
        }
        assert_eq!(Exact::<60>::from_limbs(&limbs).unwrap(), whole);
    }

    #[test]
    fn sum_over_ranks_beyond_the_range_is_refused() {
        // four ranks with a quarter of the whole range of 128 bits each
        let mut part = Exact::<60>::default();
        part.add_term(i128::MAX / 4).unwrap();
        let sum = part.limbs().map(|limb| 4 * limb);
        assert!(Exact::<60>::from_limbs(&sum).is_err());
        assert!(Exact::<60>::from_limbs(&[0, 0, 0, i64::MAX]).is_err());
        assert_eq!(Exact::<60>::from_limbs(&part.limbs()).unwrap(), part);
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e30] {
            let mut sum = Exact::<60>::default();
            sum.add(-5.0).unwrap();
            assert!(sum.add(value).is_err(), "{value}");
            assert_eq!(sum, Exact::<60>(-5 << 60));
            assert!(sum.add_all(&[0.0, value, 1.0]).is_err(), "{value}");
        }
    }
}
