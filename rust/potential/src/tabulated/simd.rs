//! The kernels compiled for each instruction set, chosen once at run time.

use super::kernel::{self, PairRows};
use super::real::Real;

/// Instruction sets the kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstructionSet {
    /// x86-64 with AVX-512F.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// x86-64 with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Whatever the program is compiled for: SSE2 on x86-64, NEON on `AArch64`.
    Portable,
}

/// Whether the program's own instruction set has a fused multiply-add.
const PORTABLE_FMA: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

impl InstructionSet {
    /// All that this machine runs, best first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if fma && is_x86_feature_detected!("avx512f") {
                all.push(Self::Avx512);
            }
            if fma {
                all.push(Self::Avx2);
            }
        }
        all.push(Self::Portable);
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
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2",
            Self::Portable if cfg!(target_arch = "aarch64") => "NEON",
            Self::Portable => "portable",
        }
    }
}

/// A floating-point type with kernels. Arguments as in [`kernel`].
#[allow(clippy::too_many_arguments, missing_docs)]
pub trait Kernels: Real {
    /// Columns and widths are padded to multiples of this.
    const LANES: usize;
    fn accumulate(
        isa: InstructionSet,
        table: &[Self],
        columns: usize,
        pairs: PairRows<Self>,
        psi: &mut [Self],
        slope: &mut [Self],
        a: &mut [Self],
        stride: usize,
    );
    fn project(
        isa: InstructionSet,
        columns: usize,
        rows: &[[Self; 4]],
        psi: &[Self],
        slope: &[Self],
        ga: &[Self],
        stride: usize,
        out: &mut [[Self; 5]],
    );
    fn four_rows(isa: InstructionSet, left: &[Self], right: &[Self], out: &mut [Self], width: usize);
    fn descriptor(isa: InstructionSet, t: &[Self], axis: usize, d: &mut [Self]);
    fn descriptor_backward(isa: InstructionSet, t: &[Self], axis: usize, gd: &[Self], gt: &mut [Self]);
}

/// One kernel for one type: the same body under each set of target features.
macro_rules! dispatch {
    ($real:ty, $lanes:literal, $name:ident($($arg:ident: $kind:ty),*)) => {
        fn $name(isa: InstructionSet, $($arg: $kind),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx2,fma")]
            fn avx512($($arg: $kind),*) {
                kernel::$name::<$real, $lanes, true>($($arg),*);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $kind),*) {
                kernel::$name::<$real, $lanes, true>($($arg),*);
            }
            match isa {
                // # Safety
                // `available` only names an instruction set that this machine was found to have.
                #[cfg(target_arch = "x86_64")]
                InstructionSet::Avx512 => unsafe { avx512($($arg),*) },
                // # Safety
                // As above.
                #[cfg(target_arch = "x86_64")]
                InstructionSet::Avx2 => unsafe { avx2($($arg),*) },
                InstructionSet::Portable => kernel::$name::<$real, $lanes, PORTABLE_FMA>($($arg),*),
            }
        }
    };
}

macro_rules! kernels {
    ($real:ty, $lanes:literal) => {
        #[allow(unsafe_code)]
        impl Kernels for $real {
            const LANES: usize = $lanes;
            dispatch!($real, $lanes, accumulate(table: &[$real], columns: usize, pairs: PairRows<$real>, psi: &mut [$real], slope: &mut [$real], a: &mut [$real], stride: usize));
            dispatch!($real, $lanes, project(columns: usize, rows: &[[$real; 4]], psi: &[$real], slope: &[$real], ga: &[$real], stride: usize, out: &mut [[$real; 5]]));
            dispatch!($real, $lanes, four_rows(left: &[$real], right: &[$real], out: &mut [$real], width: usize));
            dispatch!($real, $lanes, descriptor(t: &[$real], axis: usize, d: &mut [$real]));
            dispatch!($real, $lanes, descriptor_backward(t: &[$real], axis: usize, gd: &[$real], gt: &mut [$real]));
        }
    };
}

kernels!(f32, 8);
kernels!(f64, 4);

#[cfg(test)]
mod tests {
    use super::super::table::COEFFICIENTS;
    use super::*;

    /// Numbers without a pattern, between -1 and 1.
    fn numbers<R: Real>(n: usize, seed: f64) -> Vec<R> {
        (0..n).map(|k| R::from_f64((12.9898 * (k as f64 + seed)).sin() * 43_758.545_3 % 1.0)).collect()
    }

    /// Everything the kernels compute, on one instruction set.
    fn all<R: Kernels>(isa: InstructionSet) -> Vec<f64> {
        let (columns, pairs, width, axis) = (2 * R::LANES, 5, 3 * R::LANES, R::LANES + 3);
        let table = numbers::<R>(4 * COEFFICIENTS * columns, 0.1);
        let t: Vec<R> = numbers::<R>(pairs, 0.2).iter().map(|v| *v * *v).collect();
        let row: Vec<[R; 4]> =
            (0..pairs).map(|k| [0, 1, 2, 3].map(|c| R::from_f64(0.3 * f64::from(c) - 0.1 * k as f64))).collect();
        let piece = [0, 3, 1, 2, 0];
        let zeros = |n: usize| vec![R::default(); n];
        let (mut psi, mut slope, mut a) = (zeros(pairs * columns), zeros(pairs * columns), zeros(4 * columns));
        R::accumulate(
            isa,
            &table,
            columns,
            PairRows { piece: &piece, t: &t, row: &row },
            &mut psi,
            &mut slope,
            &mut a,
            columns,
        );
        let mut products = vec![[R::default(); 5]; pairs];
        R::project(isa, columns, &row, &psi, &slope, &a, columns, &mut products);
        let mut out = zeros(4 * width);
        R::four_rows(isa, &a, &numbers::<R>(columns * width, 0.7), &mut out, width);
        let mut d = zeros(width * axis);
        R::descriptor(isa, &out, axis, &mut d);
        let mut gt = zeros(4 * width);
        R::descriptor_backward(isa, &out, axis, &d, &mut gt);
        let flat = products.iter().flatten();
        psi.iter().chain(&slope).chain(&a).chain(flat).chain(&out).chain(&d).chain(&gt).map(|v| v.to_f64()).collect()
    }

    fn compare<R: Kernels>(tolerance: f64) {
        let reference = all::<R>(InstructionSet::Portable);
        let largest = reference.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        assert!(largest > 1.0);
        for isa in InstructionSet::available() {
            for (k, (a, b)) in all::<R>(isa).iter().zip(&reference).enumerate() {
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
