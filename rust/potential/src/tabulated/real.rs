// SPDX-License-Identifier: MIT
//! The floating-point type that the tabulated path computes in.

#![allow(clippy::inline_always)] // a fused multiply-add is one instruction, or it is useless

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

/// `f32` or `f64`.
pub trait Real:
    Copy
    + Default
    + Debug
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + PartialEq
    + Neg<Output = Self>
    + AddAssign
{
    /// Rounds to this type.
    fn from_f64(value: f64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// `self * a + b`, rounded once.
    #[must_use]
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// The hyperbolic tangent to 3 units in the last place, without branches; `FMA`: whether a fused multiply-add is one instruction.
    #[must_use]
    fn tanh<const FMA: bool>(self) -> Self;
}

/// tanh x = -e / (e + 2) with e = exp(-2 |x|) - 1, and the sign of x. With -2 |x| = n ln 2 + r, e is 2^n (exp(r) - 1) + (2^n - 1): no
/// digits cancel, near zero either.
macro_rules! tanh {
    ($x:ident, $FMA:ident, lowest: $lowest:literal, round: $round:literal, ln2: [$high:literal, $low:literal],
     bits: $mantissa:literal, bias: $bias:literal, factorials: $factorials:expr) => {{
        let fma = |a: Self, b: Self, c: Self| if $FMA { a.mul_add(b, c) } else { a * b + c };
        let y = -2.0 * $x.abs();
        // Below, the result is 1; not a number stays so.
        let y = if y < $lowest { $lowest } else { y };
        // Added to a number of this size, others are rounded to whole ones, which are its last bits.
        let shifted = fma(y, std::f64::consts::LOG2_E as Self, $round);
        let n = shifted - $round;
        let r = fma(n, -$low, fma(n, -$high, y));
        let power = Self::from_bits((shifted.to_bits() << $mantissa).wrapping_add($bias << $mantissa));
        let mut series = 0.0;
        for factorial in $factorials.into_iter().rev() {
            series = fma(series, r, 1.0 / factorial);
        }
        let e = fma(power, series * r, power - 1.0);
        (-e / (e + 2.0)).copysign($x)
    }};
}

/// k! for k from 1.
const FACTORIALS: [f64; 14] = {
    let mut values = [1.0; 14];
    let mut k = 1;
    while k < values.len() {
        values[k] = values[k - 1] * (k + 1) as f64;
        k += 1;
    }
    values
};

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as Self
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self::mul_add(self, a, b)
    }
    #[inline(always)]
    fn tanh<const FMA: bool>(self) -> Self {
        const SERIES: [f32; 7] = {
            let mut values = [1.0; 7];
            let mut k = 0;
            while k < values.len() {
                values[k] = FACTORIALS[k] as f32;
                k += 1;
            }
            values
        };
        tanh!(self, FMA, lowest: -40.0, round: 12_582_912.0, ln2: [0.693_359_4, -2.121_944_4e-4], bits: 23, bias: 127_u32,
            factorials: SERIES)
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self::mul_add(self, a, b)
    }
    #[inline(always)]
    fn tanh<const FMA: bool>(self) -> Self {
        tanh!(self, FMA, lowest: -80.0, round: 6_755_399_441_055_744.0,
            ln2: [0.693_145_751_953_125, 1.428_606_820_309_417_2e-6], bits: 52, bias: 1023_u64, factorials: FACTORIALS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error in units in the last place of `R`, and what becomes of special numbers.
    fn worst<R: Real, const FMA: bool>(exact: impl Fn(f64) -> f64, last_place: f64) -> f64 {
        let mut worst: f64 = 0.0;
        for k in -400_000..=400_000 {
            // From 1e-30 to 30, either sign.
            let size = 10_f64.powf(-30.0 + f64::from(k % 4001).abs() * (31.5 / 4001.0)) * (1.0 + f64::from(k) * 1e-7);
            let x = R::from_f64(if k < 0 { -size } else { size });
            let found = x.tanh::<FMA>().to_f64();
            let wanted = exact(x.to_f64());
            worst = worst.max((found - wanted).abs() / (wanted.abs() * last_place));
        }
        assert!(R::from_f64(f64::NAN).tanh::<FMA>().to_f64().is_nan());
        for (x, wanted) in [(0.0, 0.0), (f64::INFINITY, 1.0), (f64::NEG_INFINITY, -1.0), (1e4, 1.0), (-1e4, -1.0)] {
            assert!((R::from_f64(x).tanh::<FMA>().to_f64() - wanted).abs() < f64::EPSILON, "tanh {x}");
        }
        worst
    }

    #[test]
    fn tanh_is_exact_to_the_last_places() {
        for worst in [worst::<f32, true>(f64::tanh, 2_f64.powi(-23)), worst::<f32, false>(f64::tanh, 2_f64.powi(-23))] {
            assert!(worst < 3.0, "float32: {worst}");
        }
        for worst in [worst::<f64, true>(f64::tanh, f64::EPSILON), worst::<f64, false>(f64::tanh, f64::EPSILON)] {
            assert!(worst < 4.0, "float64: {worst}");
        }
    }
}
