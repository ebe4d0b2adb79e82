// SPDX-License-Identifier: MIT
//! Features of a network and their gradient, a block of features at a time, with one center in each lane.
//!
//! Those of a reduced network are a(p) . a(q) of the columns of A for p < products and p <= q (p first, q faster), then the first row of
//! A; those of a full network are the same of T with axis for products: the different values among D. A and T are laid out as columns x
//! 4 x lanes here.

#![allow(clippy::inline_always)] // target features only reach what is inlined into the dispatching functions

use super::lanes::Vector;

/// Where a block of features begins: a product of two columns, or, with `p` after the last one for products, an element of the first row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Feature {
    p: usize,
    q: usize,
}

impl Feature {
    /// After the features of `p` up to that with `last`.
    fn after(self, last: usize, columns: usize, products: usize) -> Self {
        match (last == columns, self.p + 1 < products) {
            (false, _) => Self { p: self.p, q: last },
            (true, true) => Self { p: self.p + 1, q: self.p + 1 },
            (true, false) => Self { p: products, q: 0 },
        }
    }
}

/// The four elements of a column of A.
#[inline(always)]
fn column<V: Vector>(of_column: &[V::Real]) -> [V; 4] {
    let mut elements = [V::zero(); 4];
    for c in 0..4 {
        elements[c] = V::load(&of_column[c * V::LANES..]);
    }
    elements
}

/// Fills `to` with the features from `next`; returns the one after them. There are products of the first `products` columns.
#[inline(always)]
pub fn features<V: Vector>(a: &[V::Real], products: usize, mut next: Feature, to: &mut [V::Real]) -> Feature {
    let columns = a.len() / (4 * V::LANES);
    let mut to = to.chunks_exact_mut(V::LANES);
    while to.len() > 0 {
        let Feature { p, q } = next;
        let last = columns.min(q + to.len());
        let others = a[q * 4 * V::LANES..last * 4 * V::LANES].chunks_exact(4 * V::LANES);
        if p == products {
            others.zip(to).for_each(|(a, to)| to.copy_from_slice(&a[..V::LANES]));
            return Feature { p, q: last };
        }
        let of_p = column::<V>(&a[p * 4 * V::LANES..]);
        for (of_q, to) in others.zip(&mut to) {
            let of_q = column::<V>(of_q);
            let mut sum = V::zero();
            for c in 0..4 {
                sum = of_p[c].mul_add(of_q[c], sum);
            }
            sum.store(to);
        }
        next = next.after(last, columns, products);
    }
    next
}

/// Adds to dE/dA what the gradient by the features from `next` gives; returns the feature after them.
#[inline(always)]
pub fn features_backward<V: Vector>(
    a: &[V::Real],
    products: usize,
    mut next: Feature,
    gradient: &[V::Real],
    ga: &mut [V::Real],
) -> Feature {
    let columns = a.len() / (4 * V::LANES);
    let mut gradient = gradient.chunks_exact(V::LANES);
    while gradient.len() > 0 {
        let Feature { p, q } = next;
        let last = columns.min(q + gradient.len());
        let part = q * 4 * V::LANES..last * 4 * V::LANES;
        if p == products {
            for (g, to) in gradient.zip(ga[part].chunks_exact_mut(4 * V::LANES)) {
                V::load(g).add(V::load(to)).store(to);
            }
            return Feature { p, q: last };
        }
        let of_p = column::<V>(&a[p * 4 * V::LANES..]);
        // Added to dE/da(p) at the end: with q = p, the product of a column with itself counts twice, as it should.
        let mut sums = [V::zero(); 4];
        let others = a[part.clone()].chunks_exact(4 * V::LANES).zip(ga[part].chunks_exact_mut(4 * V::LANES));
        for ((of_q, to), g) in others.zip(&mut gradient) {
            let (g, of_q, to_q) = (V::load(g), column::<V>(of_q), column::<V>(to));
            for c in 0..4 {
                sums[c] = g.mul_add(of_q[c], sums[c]);
                g.mul_add(of_p[c], to_q[c]).store(&mut to[c * V::LANES..]);
            }
        }
        let to = &mut ga[p * 4 * V::LANES..][..4 * V::LANES];
        for c in 0..4 {
            let to = &mut to[c * V::LANES..];
            sums[c].add(V::load(to)).store(to);
        }
        next = next.after(last, columns, products);
    }
    next
}
