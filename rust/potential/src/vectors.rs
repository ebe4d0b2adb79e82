// SPDX-License-Identifier: MIT
//! Sums over vectors of pairs.

/// Components of the virial, in the order of [`Totals::virial`](crate::Totals::virial).
pub const VIRIAL: [(usize, usize); 9] = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (1, 0), (2, 0), (2, 1)];

/// The virial of pairs with forces `f` at vectors `x`: sums over the pairs of x(a) f(b).
#[allow(clippy::inline_always)] // target features only reach what is inlined
#[inline(always)]
pub fn virial(x: [&[f64]; 3], f: [&[f64]; 3]) -> [f64; 9] {
    let mut sums = [0.0; 9];
    // Not `map`: what it calls would not be inlined.
    for (sum, (a, b)) in sums.iter_mut().zip(VIRIAL) {
        *sum = dot(x[a], f[b]);
    }
    sums
}

/// A dot product in eight partial sums: the compiler turns them into vectors, and the bits are the same on every machine.
#[allow(clippy::inline_always)] // as above
#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a8.zip(b8) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7])) + rest
}
