// SPDX-License-Identifier: MIT
//! Sums over vectors of pairs.

/// Components of the virial, in the order of [`Totals::virial`](crate::Totals::virial).
pub const VIRIAL: [(usize, usize); 9] = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (1, 0), (2, 0), (2, 1)];

/// Pairs whose products are added up side by side.
const LANES: usize = 8;

/// The virial of pairs with forces `f` at vectors `x`: sums over the pairs of x(a) f(b), each in eight partial sums. The compiler
/// turns them into vectors, and the bits are the same on every machine.
#[allow(clippy::inline_always)] // target features only reach what is inlined
#[inline(always)]
pub fn virial(x: [&[f64]; 3], f: [&[f64]; 3]) -> [f64; 9] {
    let pairs = x[0].len();
    let whole = pairs - pairs % LANES;
    let mut sums = [[0.0; LANES]; 9];
    let mut first = 0;
    while first < whole {
        let lanes = |values: &[f64]| {
            let mut lanes = [0.0; LANES];
            lanes.copy_from_slice(&values[first..first + LANES]);
            lanes
        };
        let (x, f) = ([lanes(x[0]), lanes(x[1]), lanes(x[2])], [lanes(f[0]), lanes(f[1]), lanes(f[2])]);
        for (sum, (a, b)) in sums.iter_mut().zip(VIRIAL) {
            for l in 0..LANES {
                sum[l] += x[a][l] * f[b][l];
            }
        }
        first += LANES;
    }
    let mut totals = [0.0; 9];
    for (total, (s, (a, b))) in totals.iter_mut().zip(sums.iter().zip(VIRIAL)) {
        let rest: f64 = x[a][whole..pairs].iter().zip(&f[b][whole..pairs]).map(|(x, f)| x * f).sum();
        *total = ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7])) + rest;
    }
    totals
}
