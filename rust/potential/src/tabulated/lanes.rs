// SPDX-License-Identifier: MIT
//! Vector registers that the kernels compute in, the same few operations for each instruction set.
//!
//! Types of one instruction set are only named by what [`super::simd`] dispatches to, on machines that were found to have it; that is
//! what every unsafe block here rests on.

#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // target features only reach what is inlined into the dispatching functions

use super::real::Real;

/// So many numbers that are computed with together.
pub trait Vector: Copy {
    /// Their type.
    type Real: Real;
    /// What is left when the upper half is added to the lower one, where that helps to add up all lanes.
    type Folded: Vector<Real = Self::Real>;
    /// How many.
    const LANES: usize;
    /// The same number in all lanes.
    fn splat(value: Self::Real) -> Self;
    /// The first [`Vector::LANES`] of a slice.
    fn load(from: &[Self::Real]) -> Self;
    /// Into the first [`Vector::LANES`] of a slice.
    fn store(self, to: &mut [Self::Real]);
    /// `self * a + b`.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// `a * b + c` of single numbers, rounded as the lanes are.
    fn one_mul_add(a: Self::Real, b: Self::Real, c: Self::Real) -> Self::Real;
    /// Lane by lane.
    fn add(self, other: Self) -> Self;
    /// See [`Vector::Folded`].
    fn fold(self) -> Self::Folded;

    /// The hyperbolic tangent of one number, in operations that the compiler puts into registers.
    fn tanh(x: Self::Real) -> Self::Real;

    /// Zero in all lanes.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(Self::Real::default())
    }
}

/// Vectors whose lanes can be added up: what others fold to.
pub trait Narrow: Vector<Folded = Self> {
    /// The sum of the lanes of each vector in `from`, one after the other; `to`: one value each.
    fn totals(from: &[Self::Real], to: &mut [Self::Real]);
}

/// Lanes that the compiler puts into registers as it can; `FMA`: whether a fused multiply-add is one instruction.
#[derive(Clone, Copy)]
pub struct Plain<R, const L: usize, const FMA: bool>([R; L]);

impl<R: Real, const L: usize, const FMA: bool> Vector for Plain<R, L, FMA> {
    type Real = R;
    type Folded = Self;
    const LANES: usize = L;
    #[inline(always)]
    fn splat(value: R) -> Self {
        Self([value; L])
    }
    #[inline(always)]
    fn load(from: &[R]) -> Self {
        let mut lanes = [R::default(); L];
        lanes.copy_from_slice(&from[..L]);
        Self(lanes)
    }
    #[inline(always)]
    fn store(self, to: &mut [R]) {
        to[..L].copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        let mut sum = b.0;
        for l in 0..L {
            sum[l] = Self::one_mul_add(self.0[l], a.0[l], sum[l]);
        }
        Self(sum)
    }
    #[inline(always)]
    fn one_mul_add(a: R, b: R, c: R) -> R {
        if FMA { a.mul_add(b, c) } else { a * b + c }
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut sum = self.0;
        for l in 0..L {
            sum[l] += other.0[l];
        }
        Self(sum)
    }
    #[inline(always)]
    fn tanh(x: R) -> R {
        x.tanh::<FMA>()
    }
    #[inline(always)]
    fn fold(self) -> Self {
        self
    }
}

impl<R: Real, const L: usize, const FMA: bool> Narrow for Plain<R, L, FMA> {
    #[inline(always)]
    fn totals(from: &[R], to: &mut [R]) {
        for (to, lanes) in to.iter_mut().zip(from.chunks_exact(L)) {
            let mut lanes = Self::load(lanes).0;
            let mut half = L / 2;
            while half > 0 {
                for l in 0..half {
                    lanes[l] += lanes[l + half];
                }
                half /= 2;
            }
            *to = lanes[0];
        }
    }
}

/// Two vectors side by side.
#[derive(Clone, Copy)]
pub struct Two<V>(V, V);

impl<V: Vector> Vector for Two<V>
where
    V::Folded: Vector<Real = V::Real>,
{
    type Real = V::Real;
    type Folded = V::Folded;
    const LANES: usize = 2 * V::LANES;
    #[inline(always)]
    fn splat(value: V::Real) -> Self {
        Self(V::splat(value), V::splat(value))
    }
    #[inline(always)]
    fn load(from: &[V::Real]) -> Self {
        let (low, high) = from.split_at(V::LANES);
        Self(V::load(low), V::load(high))
    }
    #[inline(always)]
    fn store(self, to: &mut [V::Real]) {
        let (low, high) = to.split_at_mut(V::LANES);
        self.0.store(low);
        self.1.store(high);
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self(self.0.mul_add(a.0, b.0), self.1.mul_add(a.1, b.1))
    }
    #[inline(always)]
    fn one_mul_add(a: V::Real, b: V::Real, c: V::Real) -> V::Real {
        V::one_mul_add(a, b, c)
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0), self.1.add(other.1))
    }
    #[inline(always)]
    fn tanh(x: V::Real) -> V::Real {
        V::tanh(x)
    }
    #[inline(always)]
    fn fold(self) -> V::Folded {
        self.0.add(self.1).fold()
    }
}

/// The parts in which columns are computed: of two times `lanes`, and what is left.
pub fn blocks(columns: std::ops::Range<usize>, lanes: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let end = columns.end;
    columns.step_by(2 * lanes).map(move |first| first..(first + 2 * lanes).min(end))
}

#[cfg(target_arch = "x86_64")]
pub use x86::{F32x8, F32x16, F64x4, F64x8};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m256d, __m512, __m512d, _mm256_add_pd, _mm256_add_ps, _mm256_castpd_ps, _mm256_fmadd_pd,
        _mm256_fmadd_ps, _mm256_hadd_pd, _mm256_hadd_ps, _mm256_loadu_pd, _mm256_loadu_ps, _mm256_permute2f128_pd,
        _mm256_permute2f128_ps, _mm256_set1_pd, _mm256_set1_ps, _mm256_storeu_pd, _mm256_storeu_ps, _mm512_add_pd,
        _mm512_add_ps, _mm512_castpd512_pd256, _mm512_castps_pd, _mm512_castps512_ps256, _mm512_extractf64x4_pd,
        _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_set1_pd, _mm512_set1_ps,
        _mm512_storeu_pd, _mm512_storeu_ps,
    };

    use super::{Narrow, Real, Vector};

    /// Sums of `lanes` values each, one after the other: of the vectors that are too few to be added up together.
    #[inline(always)]
    fn sum_each<R: Real>(from: &[R], to: &mut [R], lanes: usize) {
        for (to, lanes) in to.iter_mut().zip(from.chunks_exact(lanes)) {
            let mut sum = R::default();
            for value in lanes {
                sum += *value;
            }
            *to = sum;
        }
    }

    /// The operations that differ in nothing but names.
    macro_rules! common {
        ($real:ty, $lanes:literal, $set:ident, $load:ident, $store:ident, $fmadd:ident, $add:ident) => {
            type Real = $real;
            const LANES: usize = $lanes;
            #[inline(always)]
            fn splat(value: $real) -> Self {
                // SAFETY: this type is only used where the machine has the instruction (see the module).
                Self(unsafe { $set(value) })
            }
            #[inline(always)]
            fn load(from: &[$real]) -> Self {
                let from = &from[..$lanes];
                // SAFETY: as `splat`; the slice has as many values as are read.
                Self(unsafe { $load(from.as_ptr()) })
            }
            #[inline(always)]
            fn store(self, to: &mut [$real]) {
                let to = &mut to[..$lanes];
                // SAFETY: as `splat`; the slice has as many values as are written.
                unsafe { $store(to.as_mut_ptr(), self.0) }
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                // SAFETY: as `splat`.
                Self(unsafe { $fmadd(self.0, a.0, b.0) })
            }
            #[inline(always)]
            fn one_mul_add(a: $real, b: $real, c: $real) -> $real {
                a.mul_add(b, c)
            }
            #[inline(always)]
            fn tanh(x: $real) -> $real {
                Real::tanh::<true>(x)
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: as `splat`.
                Self(unsafe { $add(self.0, other.0) })
            }
        };
    }

    /// 8 of AVX2 with FMA.
    #[derive(Clone, Copy)]
    pub struct F32x8(__m256);

    impl Vector for F32x8 {
        type Folded = Self;
        common!(f32, 8, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps, _mm256_add_ps);
        #[inline(always)]
        fn fold(self) -> Self {
            self
        }
    }

    impl Narrow for F32x8 {
        #[inline(always)]
        fn totals(from: &[f32], to: &mut [f32]) {
            let (mut from, mut to) = (from.chunks_exact(8 * 8), to.chunks_exact_mut(8));
            for (from, to) in (&mut from).zip(&mut to) {
                let row = |k: usize| Self::load(&from[8 * k..]).0;
                // SAFETY: as `splat`.
                let sums = unsafe {
                    let pairs = |k| _mm256_hadd_ps(row(k), row(k + 1));
                    // Sums of the lower and of the upper four lanes, of vectors 0 to 3 and 4 to 7.
                    let low = _mm256_hadd_ps(pairs(0), pairs(2));
                    let high = _mm256_hadd_ps(pairs(4), pairs(6));
                    _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31))
                };
                Self(sums).store(to);
            }
            sum_each(from.remainder(), to.into_remainder(), 8);
        }
    }

    /// 4 of AVX2 with FMA.
    #[derive(Clone, Copy)]
    pub struct F64x4(__m256d);

    impl Vector for F64x4 {
        type Folded = Self;
        common!(f64, 4, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_fmadd_pd, _mm256_add_pd);
        #[inline(always)]
        fn fold(self) -> Self {
            self
        }
    }

    impl Narrow for F64x4 {
        #[inline(always)]
        fn totals(from: &[f64], to: &mut [f64]) {
            let (mut from, mut to) = (from.chunks_exact(4 * 4), to.chunks_exact_mut(4));
            for (from, to) in (&mut from).zip(&mut to) {
                let row = |k: usize| Self::load(&from[4 * k..]).0;
                // SAFETY: as `splat`.
                let sums = unsafe {
                    let (low, high) = (_mm256_hadd_pd(row(0), row(1)), _mm256_hadd_pd(row(2), row(3)));
                    _mm256_add_pd(_mm256_permute2f128_pd(low, high, 0x20), _mm256_permute2f128_pd(low, high, 0x31))
                };
                Self(sums).store(to);
            }
            sum_each(from.remainder(), to.into_remainder(), 4);
        }
    }

    /// 16 of AVX-512.
    #[derive(Clone, Copy)]
    pub struct F32x16(__m512);

    impl Vector for F32x16 {
        type Folded = F32x8;
        common!(f32, 16, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps, _mm512_add_ps);
        #[inline(always)]
        fn fold(self) -> F32x8 {
            // SAFETY: as `splat`.
            F32x8(unsafe {
                let high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(self.0), 1));
                _mm256_add_ps(_mm512_castps512_ps256(self.0), high)
            })
        }
    }

    /// 8 of AVX-512.
    #[derive(Clone, Copy)]
    pub struct F64x8(__m512d);

    impl Vector for F64x8 {
        type Folded = F64x4;
        common!(f64, 8, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_fmadd_pd, _mm512_add_pd);
        #[inline(always)]
        fn fold(self) -> F64x4 {
            // SAFETY: as `splat`.
            F64x4(unsafe { _mm256_add_pd(_mm512_castpd512_pd256(self.0), _mm512_extractf64x4_pd(self.0, 1)) })
        }
    }
}
