// SPDX-License-Identifier: MIT
//! The kernels compiled for each instruction set, chosen once at run time.

use std::ops::Range;

use super::basis_kernel::{accumulate, project};
use super::fitting::FittingProgram;
use super::fitting_kernel::{FittingRoom, fit};
use super::kernel::{self, Constants, PairRows, Rows, descriptor_backward, four_rows};
#[cfg(target_arch = "x86_64")]
use super::lanes::{F32x8, F32x16, F64x4, F64x8};
use super::lanes::{Plain, Two};
use super::places::Places;
use super::real::Real;

/// An instruction set that the kernels are compiled for and this machine was found to have: no other can be named.
///
/// ```
/// use deepion_potential::InstructionSet;
///
/// let all = InstructionSet::available();
/// assert_eq!(all[0], InstructionSet::best());
/// assert_eq!(all.last(), Some(&InstructionSet::PORTABLE));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstructionSet(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// x86-64 with AVX-512F.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// x86-64 with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

/// Whether the program's own instruction set has a fused multiply-add.
const PORTABLE_FMA: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

impl InstructionSet {
    /// The one that the program is compiled for: SSE2 on x86-64, NEON on `AArch64`.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// All that this machine runs, best first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if fma && is_x86_feature_detected!("avx512f") {
                all.push(Self(Kind::Avx512));
            }
            if fma {
                all.push(Self(Kind::Avx2));
            }
        }
        all.push(Self::PORTABLE);
        all
    }

    /// The best of this machine.
    #[must_use]
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// Name for summaries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            Kind::Portable if cfg!(target_arch = "aarch64") => "NEON",
            Kind::Portable => "portable",
        }
    }
}

/// A floating-point type with kernels. Arguments as in the module `kernel`.
#[allow(clippy::too_many_arguments, missing_docs)]
pub trait Kernels: Real {
    /// Columns and widths are padded to multiples of this.
    const LANES: usize;
    fn geometry(isa: InstructionSet, c: &Constants, places: &Places, x: [&[f64]; 3], r: &[f64], rows: &mut Rows<Self>);
    fn accumulate(
        isa: InstructionSet,
        table: &[Self],
        columns: usize,
        pairs: PairRows<Self>,
        a: &mut [Self],
        stride: usize,
    );
    fn project(
        isa: InstructionSet,
        table: &[Self],
        columns: usize,
        pairs: PairRows<Self>,
        ga: &[Self],
        stride: usize,
        out: [&mut [Self]; 5],
    );
    fn pair_forces(
        isa: InstructionSet,
        c: &Constants,
        products: &[Vec<Self>; 5],
        x: [&[f64]; 3],
        r: &[f64],
        rows: &Rows<Self>,
        f: &mut [Vec<f64>; 3],
    ) -> [f64; 9];
    fn features(isa: InstructionSet, a: &[Self], stride: usize, columns: (usize, usize), out: &mut [Self]);
    fn features_backward(
        isa: InstructionSet,
        a: &[Self],
        stride: usize,
        columns: (usize, usize),
        gradient: &[Self],
        square: &mut [Self],
        ga: &mut [Self],
    );
    fn four_rows(
        isa: InstructionSet,
        left: (&[Self], usize),
        right: &[Self],
        rows: Range<usize>,
        out: &mut [Self],
        width: usize,
        columns: Range<usize>,
    );
    fn fit(
        isa: InstructionSet,
        net: &FittingProgram<Self>,
        a: &[Self],
        columns: (usize, usize),
        param: &[Self],
        energy: &mut [Self],
        ga: &mut [Self],
        room: &mut FittingRoom<Self>,
    );
    fn descriptor(isa: InstructionSet, t: &[Self], axis: usize, d: &mut [Self]);
    fn descriptor_backward(isa: InstructionSet, t: &[Self], axis: usize, gd: &[Self], gt: &mut [Self]);
}

/// One kernel for one type: the same body under each set of target features, with the generic arguments of each.
macro_rules! dispatch {
    ($name:ident [$($avx512:ty),+] [$($avx2:ty),+] [$($portable:ty),+]
     ($($arg:ident: $kind:ty),*) $(-> $result:ty)?) => {
        dispatch!(@ $name [$name::<$($avx512),+>] [$name::<$($avx2),+>] [$name::<$($portable),+>]
            ($($arg: $kind),*) $(-> $result)?);
    };
    ($name:ident $real:ty, $lanes:literal: ($($arg:ident: $kind:ty),*) $(-> $result:ty)?) => {
        dispatch!(@ $name [kernel::$name::<$real, $lanes, true>] [kernel::$name::<$real, $lanes, true>]
            [kernel::$name::<$real, $lanes, PORTABLE_FMA>] ($($arg: $kind),*) $(-> $result)?);
    };
    (@ $name:ident [$avx512:expr] [$avx2:expr] [$portable:expr] ($($arg:ident: $kind:ty),*) $(-> $result:ty)?) => {
        fn $name(isa: InstructionSet, $($arg: $kind),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx2,fma")]
            fn avx512($($arg: $kind),*) $(-> $result)? {
                $avx512($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $kind),*) $(-> $result)? {
                $avx2($($arg),*)
            }
            match isa.0 {
                // SAFETY: only `InstructionSet::available` makes this value, where the machine has AVX-512F, AVX2 and FMA.
                #[cfg(target_arch = "x86_64")]
                Kind::Avx512 => unsafe { avx512($($arg),*) },
                // SAFETY: only `InstructionSet::available` makes this value, where the machine has AVX2 and FMA.
                #[cfg(target_arch = "x86_64")]
                Kind::Avx2 => unsafe { avx2($($arg),*) },
                Kind::Portable => $portable($($arg),*),
            }
        }
    };
}

/// `wide` and `narrow`: registers of AVX-512 and of AVX2.
macro_rules! kernels {
    ($real:ty, $lanes:literal, $wide:ty, $narrow:ty) => {
        #[allow(unsafe_code)]
        impl Kernels for $real {
            const LANES: usize = $lanes;
            dispatch!(geometry $real, $lanes: (c: &Constants, places: &Places, x: [&[f64]; 3], r: &[f64], rows: &mut Rows<$real>));
            dispatch!(accumulate [$wide, $narrow] [Two<$narrow>, $narrow] [Two<Portable<$real, $lanes>>, Portable<$real, $lanes>]
                (table: &[$real], columns: usize, pairs: PairRows<$real>, a: &mut [$real], stride: usize));
            dispatch!(project [$wide, $narrow] [Two<$narrow>, $narrow] [Two<Portable<$real, $lanes>>, Portable<$real, $lanes>]
                (table: &[$real], columns: usize, pairs: PairRows<$real>, ga: &[$real], stride: usize, out: [&mut [$real]; 5]));
            dispatch!(pair_forces $real, $lanes: (c: &Constants, products: &[Vec<$real>; 5], x: [&[f64]; 3], r: &[f64], rows: &Rows<$real>, f: &mut [Vec<f64>; 3]) -> [f64; 9]);
            dispatch!(fit [$wide, $narrow] [$narrow, $narrow] [Portable<$real, $lanes>, Portable<$real, $lanes>]
                (net: &FittingProgram<$real>, a: &[$real], columns: (usize, usize), param: &[$real], energy: &mut [$real], ga: &mut [$real], room: &mut FittingRoom<$real>));
            dispatch!(features $real, $lanes: (a: &[$real], stride: usize, columns: (usize, usize), out: &mut [$real]));
            dispatch!(features_backward $real, $lanes: (a: &[$real], stride: usize, columns: (usize, usize), gradient: &[$real], square: &mut [$real], ga: &mut [$real]));
            dispatch!(four_rows [Two<$wide>, $narrow] [Two<$narrow>, $narrow] [Two<Portable<$real, $lanes>>, Portable<$real, $lanes>]
                (left: (&[$real], usize), right: &[$real], rows: Range<usize>, out: &mut [$real], width: usize, columns: Range<usize>));
            dispatch!(descriptor $real, $lanes: (t: &[$real], axis: usize, d: &mut [$real]));
            dispatch!(descriptor_backward [$wide, $narrow] [Two<$narrow>, $narrow] [Two<Portable<$real, $lanes>>, Portable<$real, $lanes>]
                (t: &[$real], axis: usize, gd: &[$real], gt: &mut [$real]));
        }
    };
}

/// What the instruction set that the program is compiled for computes with.
type Portable<R, const L: usize> = Plain<R, L, PORTABLE_FMA>;

kernels!(f32, 8, F32x16, F32x8);
kernels!(f64, 4, F64x8, F64x4);

#[cfg(test)]
mod tests {
    use super::super::places::COEFFICIENTS;
    use super::*;
    use crate::steps::features_of;

    /// Numbers without a pattern, between -1 and 1.
    fn numbers<R: Real>(n: usize, seed: f64) -> Vec<R> {
        (0..n).map(|k| R::from_f64((12.9898 * (k as f64 + seed)).sin() * 43_758.545_3 % 1.0)).collect()
    }

    /// Everything the kernels compute, on one instruction set.
    fn all<R: Kernels>(isa: InstructionSet, tolerance: f64) -> Vec<f64> {
        let (columns, pairs, width, axis) = (3 * R::LANES, 5, 3 * R::LANES, R::LANES + 3);
        let table = numbers::<R>(4 * COEFFICIENTS * columns, 0.1);
        let x = [0.2, 0.3, 0.4].map(|seed| numbers::<f64>(pairs, seed).iter().map(|x| 3.0 * x).collect::<Vec<f64>>());
        let r: Vec<f64> =
            (0..pairs).map(|k| (x[0][k] * x[0][k] + x[1][k] * x[1][k] + x[2][k] * x[2][k]).sqrt()).collect();
        let x = [&*x[0], &*x[1], &*x[2]];
        let c =
            Constants { avg: 0.1, inv0: 2.0, inv1: 3.0, rcut_smth: 1.0, inv_switch: 0.2, protection: 0.01, scale: 1.5 };
        let places = Places {
            nearest: 0.0,
            inv_bin: 0.8,
            piece: vec![0, 1, 1, 2, 3],
            start: vec![0.0, 1.25, 3.75, 5.0],
            inv_width: vec![0.8, 0.4, 0.8, 0.8],
        };
        let mut rows = Rows::default();
        R::geometry(isa, &c, &places, x, &r, &mut rows);
        let zeros = |n: usize| vec![R::default(); n];
        let (mut a, mut f) = (zeros(4 * columns), Default::default());
        let mut products: [Vec<R>; 5] = std::array::from_fn(|_| zeros(pairs));
        R::accumulate(isa, &table, columns, rows.pairs(&[0, pairs]), &mut a, columns);
        R::project(isa, &table, columns, rows.pairs(&[0, pairs]), &a, columns, products.each_mut().map(|p| &mut p[..]));
        let virial = R::pair_forces(isa, &c, &products, x, &r, &rows, &mut f);
        // Three centers, of which kernels take two together or not.
        let (three, mut out) = ([&a[..], &a, &numbers(4 * columns, 0.9)].concat(), zeros(3 * 4 * width));
        let right = numbers::<R>(columns * width, 0.7);
        R::four_rows(isa, (&three, columns), &right, 1..columns, &mut out, width, 0..width);
        let of_first = (0..4 * width).map(|k| {
            let (c, m) = (k / width, k % width);
            (1..columns).map(|p| a[c * columns + p].to_f64() * right[p * width + m].to_f64()).sum::<f64>()
        });
        for (k, wanted) in of_first.enumerate() {
            assert!(
                (out[k].to_f64() - wanted).abs() < 10.0 * tolerance * (1.0 + wanted.abs()),
                "{}: {wanted}",
                isa.name()
            );
        }
        assert!(out[..4 * width] == out[4 * width..8 * width], "{}", isa.name());
        let others = out.split_off(4 * width);
        let mut d = zeros(width * axis);
        R::descriptor(isa, &out, axis, &mut d);
        let mut gt = zeros(4 * width);
        R::descriptor_backward(isa, &out, axis, &d, &mut gt);
        let (n, axis) = (columns - 3, columns - 5);
        let (mut features, mut square, mut ga) = (zeros(features_of(axis, n)), zeros(n * columns), zeros(4 * columns));
        R::features(isa, &a, columns, (n, axis), &mut features);
        R::features_backward(isa, &a, columns, (n, axis), &features, &mut square, &mut ga);
        let of_pairs = products.iter().flatten().map(|v| v.to_f64()).chain(f.iter().flatten().copied()).chain(virial);
        let flat = a.iter().chain(&out).chain(&others).chain(&d).chain(&gt).chain(&features).chain(&ga);
        of_pairs.chain(flat.map(|v| v.to_f64())).collect()
    }

    fn compare<R: Kernels>(tolerance: f64) {
        let reference = all::<R>(InstructionSet::PORTABLE, tolerance);
        let largest = reference.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        assert!(largest > 1.0);
        for isa in InstructionSet::available() {
            for (k, (a, b)) in all::<R>(isa, tolerance).iter().zip(&reference).enumerate() {
                assert!((a - b).abs() <= tolerance * largest, "{}: value {k} is {a}, portable {b}", isa.name());
            }
        }
    }

    #[test]
    fn every_instruction_set_computes_the_same() {
        compare::<f32>(1e-5);
        compare::<f64>(1e-14);
    }
}
