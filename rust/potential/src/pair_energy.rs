// SPDX-License-Identifier: MIT
//! Energies of pairs from a table, added to the Deep Potential or, close in, in its place (DP-ZBL): E = (1 - w) `E_DP` + w `E_pair`
//! + shift, with a weight w that depends on the nearest neighbor ([`crate::contract::NearestSwitch`]).

use ndarray::Array2;

use crate::contract::{Contract, NearestSwitch, NeighborsOf, PairTable};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::listing::Listing;
use crate::neighborhood::{Block, Neighborhood};
use crate::share::Share;
use crate::tabulated::Real;
use crate::vectors::virial;

/// The table of a model.
#[derive(Debug, Clone)]
pub struct PairEnergy {
    /// Its part of the contract.
    pub table: PairTable,
    /// Its neighbors.
    pub listing: Listing,
    /// Cubic first, in the place 0 to 1 within the interval; row = pair x intervals + interval.
    coefficients: Vec<[f64; 4]>,
}

impl PairEnergy {
    /// From the coefficients in the model file, [pairs x intervals, 4].
    ///
    /// # Errors
    /// They have another shape.
    pub fn new(contract: &Contract, table: &PairTable, in_use: &[bool], coefficients: &Array2<f64>) -> Result<Self> {
        let rows = contract.ntypes() * contract.ntypes() * table.intervals;
        if coefficients.dim() != (rows, 4) {
            return Err(Error::Model(format!(
                "the table of pair energies has the shape {:?}, expected [{rows}, 4]",
                coefficients.shape()
            )));
        }
        let coefficients = coefficients.rows().into_iter().map(|row| [row[0], row[1], row[2], row[3]]).collect();
        let listing = Listing::of_table(contract, table, in_use);
        Ok(Self { table: table.clone(), listing, coefficients })
    }

    /// Energy of a pair, eV, and its slope, eV/A, at distance r (A).
    fn energy(&self, pair: usize, r: f64) -> (f64, f64) {
        let t = &self.table;
        if r >= t.rcut.min(t.start + t.intervals as f64 * t.step) {
            return (0.0, 0.0);
        }
        let place = (r - t.start) / t.step;
        // Closer than the table begins, its first polynomial goes on.
        let interval = (place.max(0.0) as usize).min(t.intervals - 1);
        let [a3, a2, a1, a0] = self.coefficients[pair * t.intervals + interval];
        let x = place - interval as f64;
        (((a3 * x + a2) * x + a1) * x + a0, ((3.0 * a3 * x + 2.0 * a2) * x + a1) / t.step)
    }
}

/// What became of the pairs of one center.
#[derive(Debug, Clone, Copy)]
struct Center {
    /// Half of the energies of its pairs, eV.
    energy: f64,
    /// Weight of the table, and its derivative by sigma, 1/A.
    weight: f64,
    slope: f64,
    sigma: f64,
    /// 1 / sum of exp(-(r - `nearest`)/alpha), and that distance.
    inv_sum: f64,
    nearest: f64,
}

/// Arrays of a chunk of centers.
#[derive(Default)]
pub struct PairWork {
    centers: Vec<Center>,
    f: [Vec<f64>; 3],
}

impl PairWork {
    /// Pair energies and weights of the centers of a job.
    pub fn weigh(&mut self, job: Job, of: &PairEnergy, around: &Neighborhood) {
        self.centers.clear();
        for c in 0..job.members.len() {
            let mut energy = 0.0;
            for (neighbor, block) in around.of(&of.listing).iter().enumerate() {
                let pair = job.center_type * of.listing.ntypes + neighbor;
                energy += block.r(block.of(c)).iter().map(|&r| 0.5 * of.energy(pair, r).0).sum::<f64>();
            }
            let alone = Center { energy, weight: 1.0, slope: 0.0, sigma: 0.0, inv_sum: 0.0, nearest: 0.0 };
            self.centers.push(match &of.table.switch {
                Some(switch) => weighed(alone, switch, switching(job, of, switch, around), c),
                None => alone,
            });
        }
    }

    /// Multiplies the gradient of each center, `inputs` values, with the Deep Potential's share in its energy.
    pub fn weigh_gradients<R: Real>(&self, of: &PairEnergy, gradients: &mut [R], inputs: usize) {
        if of.table.switch.is_none() {
            return;
        }
        for (center, gradient) in self.centers.iter().zip(gradients.chunks_exact_mut(inputs)) {
            let share = R::from_f64(1.0 - center.weight);
            for g in gradient {
                *g = *g * share;
            }
        }
    }

    /// Energy of center c from that of the Deep Potential; adds the forces that the table and the weight make to `share`, and the
    /// center's own to `reaction`.
    pub fn finish(
        &mut self,
        job: Job,
        of: &PairEnergy,
        around: &Neighborhood,
        (c, model): (usize, f64),
        share: &mut Share,
        reaction: &mut [f64; 3],
    ) -> f64 {
        let center = self.centers[c];
        let mut f = std::mem::take(&mut self.f);
        let mut add = |blocks: &[Block], slope_of: &dyn Fn(usize, f64) -> f64| {
            for (neighbor, block) in blocks.iter().enumerate() {
                let pairs = block.of(c);
                let x = block.vectors(pairs.clone());
                for (d, f) in f.iter_mut().enumerate() {
                    f.clear();
                    let r = block.r(pairs.clone());
                    f.extend(r.iter().zip(x[d]).map(|(&r, x)| -slope_of(neighbor, r) * x / r));
                }
                let (j, forces) = (block.j(pairs), [&*f[0], &*f[1], &*f[2]]);
                share.add_virials(j, x, forces, virial(x, forces));
                let of_block = share.add_forces(j, forces);
                reaction.iter_mut().zip(of_block).for_each(|(r, b)| *r += b);
            }
        };
        let ntypes = of.listing.ntypes;
        add(around.of(&of.listing), &|neighbor, r| {
            0.5 * center.weight * of.energy(job.center_type * ntypes + neighbor, r).1
        });
        let energy = match &of.table.switch {
            None => model + center.energy,
            Some(switch) => {
                let change = (center.energy - model) * center.slope * center.inv_sum;
                if change != 0.0 {
                    // d sigma/dr = e(r) (1 + (sigma - r)/alpha) / sum of e.
                    add(switching(job, of, switch, around), &|_, r| {
                        let share = (-(r - center.nearest) / switch.alpha).exp();
                        change * share * (1.0 + (center.sigma - r) / switch.alpha)
                    });
                }
                (1.0 - center.weight) * model + center.weight * center.energy + of.table.shift[job.center_type]
            }
        };
        self.f = f;
        energy
    }

    /// Bytes of its arrays.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.centers.capacity() * size_of::<Center>()
    }
}

/// The neighbors that the weight depends on: those of the table or of the first descriptor.
fn switching<'a>(job: Job, of: &PairEnergy, switch: &NearestSwitch, around: &'a Neighborhood) -> &'a [Block] {
    around.of(match switch.of {
        NeighborsOf::Table => &of.listing,
        NeighborsOf::Descriptor => &job.model.parts[0].listing,
    })
}

/// The weight by the neighbors of center c in `blocks`.
fn weighed(alone: Center, switch: &NearestSwitch, blocks: &[Block], c: usize) -> Center {
    let distances = || blocks.iter().flat_map(|b| b.r(b.of(c)));
    let nearest = distances().copied().fold(f64::INFINITY, f64::min);
    if nearest == f64::INFINITY {
        return Center { weight: 0.0, ..alone };
    }
    // Factors common to both sums are left out, so that neither vanishes where all neighbors are far.
    let (mut sum, mut moment) = (0.0, 0.0);
    for r in distances() {
        let share = (-(r - nearest) / switch.alpha).exp();
        sum += share;
        moment += r * share;
    }
    let sigma = moment / sum;
    let width = switch.rmax - switch.rmin;
    let u = ((sigma - switch.rmin) / width).clamp(0.0, 1.0);
    let weight = u * u * u * (-6.0 * u * u + 15.0 * u - 10.0) + 1.0;
    let slope = -30.0 * u * u * (u - 1.0) * (u - 1.0) / width;
    Center { weight, slope, sigma, inv_sum: 1.0 / sum, nearest, ..alone }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::Listing;

    #[test]
    fn first_polynomial_goes_on_below_the_table() {
        // 1 - x + 2 x^2 - x^3 with x = (r - 1) / 0.25 in the first interval, other polynomials beyond.
        let coefficients = vec![[-1.0, 2.0, -1.0, 1.0], [0.3, -1.0, 0.5, 1.0]];
        let table = PairTable {
            function: String::new(),
            rcut: 9.0,
            sel: 1,
            start: 1.0,
            step: 0.25,
            intervals: 2,
            switch: None,
            shift: vec![0.0],
        };
        let listing = Listing::of_one_type(9.0);
        let pairs = PairEnergy { table, listing, coefficients };
        for r in [0.01_f64, 0.3, 0.76, 0.99, 1.0, 1.2] {
            let x = (r - 1.0) / 0.25;
            let (energy, slope) = pairs.energy(0, r);
            assert!((energy - (1.0 - x + 2.0 * x * x - x * x * x)).abs() < 1e-12 * (1.0 + energy.abs()), "at {r}");
            assert!((slope * 0.25 - (-1.0 + 4.0 * x - 3.0 * x * x)).abs() < 1e-12 * (1.0 + slope.abs()), "at {r}");
        }
        assert!((pairs.energy(0, 1.25 + 0.125).0 - (1.0 + 0.25 - 0.25 + 0.0375)).abs() < 1e-12);
        assert!(pairs.energy(0, 1.5) == (0.0, 0.0), "beyond its end");
    }
}
