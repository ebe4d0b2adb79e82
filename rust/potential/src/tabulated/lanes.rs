// SPDX-License-Identifier: MIT
//! Vector registers that the kernels compute in, the same few operations for each instruction set.
//!
//! Types of one instruction set are only named by what [`super::simd`] dispatches to, on machines that were found to have it; that is
//! what every unsafe block here rests on.

#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // target features only reach what is inlined into the dispatching functions

use super::aligned::Line;
use super::real::Real;

/// Vectors whose lanes are added up together.
pub const GROUP: usize = 16;
/// Lanes of a vector, at most.
pub const MOST_LANES: usize = 16;

/// So many numbers that are computed with together.
pub trait Vector: Copy {
    /// Their type.
    type Real: Real;
    /// Half as many, for the columns that do not fill a whole one; itself where there is no half.
    type Half: Vector<Real = Self::Real>;
    /// How many.
    const LANES: usize;
    /// How many such vectors can be held at once.
    const REGISTERS: usize;
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
    /// Adds to the first lanes.
    fn add_half(self, half: Self::Half) -> Self;
    /// The sum of the lanes of each of [`GROUP`] vectors, which lie one after the other.
    fn totals(from: &[Self::Real], to: &mut [Self::Real; GROUP]);

    /// The hyperbolic tangent of one number, in operations that the compiler puts into registers.
    fn tanh(x: Self::Real) -> Self::Real;

    /// Zero in all lanes.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(Self::Real::default())
    }
}

/// Lanes that the compiler puts into registers as it can; `FMA`: whether a fused multiply-add is one instruction.
#[derive(Clone, Copy)]
pub struct Plain<R, const L: usize, const FMA: bool>([R; L]);

impl<R: Real, const L: usize, const FMA: bool> Vector for Plain<R, L, FMA> {
    type Real = R;
    type Half = Self;
    const LANES: usize = L;
    const REGISTERS: usize = 16;
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
    fn add_half(self, half: Self) -> Self {
        self.add(half)
    }
    #[inline(always)]
    fn totals(from: &[R], to: &mut [R; GROUP]) {
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

impl<V: Vector> Vector for Two<V> {
    type Real = V::Real;
    type Half = V;
    const LANES: usize = 2 * V::LANES;
    const REGISTERS: usize = V::REGISTERS / 2;
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
    fn add_half(self, half: V) -> Self {
        Self(self.0.add(half), self.1)
    }
    #[inline(always)]
    fn totals(from: &[V::Real], to: &mut [V::Real; GROUP]) {
        let mut sums = Line([V::Real::default(); GROUP * MOST_LANES]);
        for (sum, lanes) in sums.0.chunks_exact_mut(V::LANES).zip(from.chunks_exact(Self::LANES)) {
            let (low, high) = lanes.split_at(V::LANES);
            V::load(low).add(V::load(high)).store(sum);
        }
        V::totals(&sums.0, to);
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
        __m256, __m256d, __m512, __m512d, _mm256_add_pd, _mm256_add_ps, _mm256_castps_pd, _mm256_fmadd_pd,
        _mm256_fmadd_ps, _mm256_hadd_pd, _mm256_hadd_ps, _mm256_loadu_pd, _mm256_loadu_ps, _mm256_permute2f128_pd,
        _mm256_permute2f128_ps, _mm256_set1_pd, _mm256_set1_ps, _mm256_storeu_pd, _mm256_storeu_ps, _mm512_add_pd,
        _mm512_add_ps, _mm512_castpd_ps, _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps,
        _mm512_mask_blend_pd, _mm512_mask_blend_ps, _mm512_permute_pd, _mm512_permute_ps, _mm512_set1_pd,
        _mm512_set1_ps, _mm512_shuffle_f32x4, _mm512_shuffle_f64x2, _mm512_storeu_pd, _mm512_storeu_ps,
        _mm512_zextpd256_pd512,
    };

    use super::{GROUP, Real, Vector};

    /// The operations that differ in nothing but names.
    macro_rules! common {
        ($real:ty, $lanes:literal, $registers:literal, $set:ident, $load:ident, $store:ident, $fmadd:ident, $add:ident) => {
            type Real = $real;
            const LANES: usize = $lanes;
            const REGISTERS: usize = $registers;
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
        type Half = Self;
        common!(f32, 8, 16, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps, _mm256_add_ps);
        #[inline(always)]
        fn add_half(self, half: Self) -> Self {
            self.add(half)
        }
        #[inline(always)]
        fn totals(from: &[f32], to: &mut [f32; GROUP]) {
            for (from, to) in from.chunks_exact(8 * 8).zip(to.chunks_exact_mut(8)) {
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
        }
    }

    /// 4 of AVX2 with FMA.
    #[derive(Clone, Copy)]
    pub struct F64x4(__m256d);

    impl Vector for F64x4 {
        type Half = Self;
        common!(f64, 4, 16, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_fmadd_pd, _mm256_add_pd);
        #[inline(always)]
        fn add_half(self, half: Self) -> Self {
            self.add(half)
        }
        #[inline(always)]
        fn totals(from: &[f64], to: &mut [f64; GROUP]) {
            for (from, to) in from.chunks_exact(4 * 4).zip(to.chunks_exact_mut(4)) {
                let row = |k: usize| Self::load(&from[4 * k..]).0;
                // SAFETY: as `splat`.
                let sums = unsafe {
                    let (low, high) = (_mm256_hadd_pd(row(0), row(1)), _mm256_hadd_pd(row(2), row(3)));
                    _mm256_add_pd(_mm256_permute2f128_pd(low, high, 0x20), _mm256_permute2f128_pd(low, high, 0x31))
                };
                Self(sums).store(to);
            }
        }
    }

    /// 16 of AVX-512.
    #[derive(Clone, Copy)]
    pub struct F32x16(__m512);

    impl Vector for F32x16 {
        type Half = F32x8;
        common!(f32, 16, 32, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps, _mm512_add_ps);
        #[inline(always)]
        fn add_half(self, half: F32x8) -> Self {
            // SAFETY: as `splat`.
            let half = unsafe { _mm512_castpd_ps(_mm512_zextpd256_pd512(_mm256_castps_pd(half.0))) };
            self.add(Self(half))
        }
        /// Two vectors become one of half as many sums each, until one is left: at first of 8 lanes each, then 4, 2 and 1.
        #[inline(always)]
        fn totals(from: &[f32], to: &mut [f32; GROUP]) {
            let mut v = [Self::zero().0; GROUP];
            for k in 0..GROUP {
                v[k] = Self::load(&from[16 * k..]).0;
            }
            // Loops, not closures: what those call would not be inlined.
            // SAFETY: as `splat`.
            let sums = unsafe {
                for k in 0..8 {
                    let (a, b) = (v[k], v[k + 8]);
                    v[k] = _mm512_add_ps(_mm512_mask_blend_ps(0xff00, a, b), _mm512_shuffle_f32x4(a, b, 0x4e));
                }
                for k in 0..4 {
                    let (a, b) = (v[k], v[k + 4]);
                    let others = _mm512_mask_blend_ps(0x0f0f, a, b);
                    let others = _mm512_shuffle_f32x4(others, others, 0xb1);
                    v[k] = _mm512_add_ps(_mm512_mask_blend_ps(0xf0f0, a, b), others);
                }
                for k in 0..2 {
                    let (a, b) = (v[k], v[k + 2]);
                    let others = _mm512_permute_ps(_mm512_mask_blend_ps(0x3333, a, b), 0x4e);
                    v[k] = _mm512_add_ps(_mm512_mask_blend_ps(0xcccc, a, b), others);
                }
                let others = _mm512_permute_ps(_mm512_mask_blend_ps(0x5555, v[0], v[1]), 0xb1);
                _mm512_add_ps(_mm512_mask_blend_ps(0xaaaa, v[0], v[1]), others)
            };
            Self(sums).store(to);
        }
    }

    /// 8 of AVX-512.
    #[derive(Clone, Copy)]
    pub struct F64x8(__m512d);

    impl Vector for F64x8 {
        type Half = F64x4;
        common!(f64, 8, 32, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_fmadd_pd, _mm512_add_pd);
        #[inline(always)]
        fn add_half(self, half: F64x4) -> Self {
            // SAFETY: as `splat`.
            let half = unsafe { _mm512_zextpd256_pd512(half.0) };
            self.add(Self(half))
        }
        /// As [`F32x16`] does.
        #[inline(always)]
        fn totals(from: &[f64], to: &mut [f64; GROUP]) {
            for (from, to) in from.chunks_exact(8 * 8).zip(to.chunks_exact_mut(8)) {
                let mut v = [Self::zero().0; 8];
                for k in 0..8 {
                    v[k] = Self::load(&from[8 * k..]).0;
                }
                // SAFETY: as `splat`.
                let sums = unsafe {
                    for k in 0..4 {
                        let (a, b) = (v[k], v[k + 4]);
                        v[k] = _mm512_add_pd(_mm512_mask_blend_pd(0xf0, a, b), _mm512_shuffle_f64x2(a, b, 0x4e));
                    }
                    for k in 0..2 {
                        let (a, b) = (v[k], v[k + 2]);
                        let others = _mm512_mask_blend_pd(0x33, a, b);
                        let others = _mm512_shuffle_f64x2(others, others, 0xb1);
                        v[k] = _mm512_add_pd(_mm512_mask_blend_pd(0xcc, a, b), others);
                    }
                    let others = _mm512_permute_pd(_mm512_mask_blend_pd(0x55, v[0], v[1]), 0x55);
                    _mm512_add_pd(_mm512_mask_blend_pd(0xaa, v[0], v[1]), others)
                };
                Self(sums).store(to);
            }
        }
    }
}
