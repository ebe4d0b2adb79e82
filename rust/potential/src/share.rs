// SPDX-License-Identifier: MIT
//! A share of the work: chunks add their results to its sums, and the sums of all shares are added up in a fixed order.

use ndarray::ArrayViewMut2;
use rayon::prelude::*;

use crate::configuration::{Results, Totals};
use crate::error::{Error, Result};
use crate::guards::Sightings;
use crate::job::Job;
use crate::pages::{PAGE, Pages};
use crate::times::Times;
use crate::vectors::VIRIAL;

/// Sums over the chunks of one share of the work.
#[derive(Debug, Default)]
pub struct Share {
    /// Force on each atom, eV/A.
    pub f: Pages<3>,
    /// Energies of centers, eV; empty: not wanted.
    pub energies: Vec<(u32, f64)>,
    /// Virial of each atom, eV, in the order of [`Totals::virial`]; empty: not wanted.
    pub v: Pages<9>,
    /// Totals over the centers.
    pub totals: Totals,
    /// What the guards saw.
    pub seen: Sightings,
    /// Where the time went.
    pub times: Times,
    want_energies: bool,
}

impl Share {
    /// Everything zero, for `nall` atoms.
    pub fn reset(&mut self, nall: usize, want_energies: bool, want_virials: bool) {
        self.f.reset(nall);
        self.v.reset(if want_virials { nall } else { 0 });
        self.energies.clear();
        self.totals = Totals::default();
        self.seen = Sightings::default();
        self.times = Times::default();
        self.want_energies = want_energies;
    }

    /// Adds the forces `f` of a center on its neighbors `j`. The center's own force is the opposite of their sum, which is
    /// returned with its sign.
    pub fn add_forces(&mut self, j: &[i32], f: [&[f64]; 3]) -> [f64; 3] {
        let n = j.len();
        let [fx, fy, fz] = f.map(|f| &f[..n]);
        let mut reaction = [0.0; 3];
        for k in 0..n {
            let on_j = self.f.of(j[k] as usize);
            let f = [fx[k], fy[k], fz[k]];
            for d in 0..3 {
                on_j[d] += f[d];
                reaction[d] -= f[d];
            }
        }
        reaction
    }

    /// Adds the virials of pairs with forces `f` on neighbors `j` at vectors `x`, which sum to `virial`. That of a pair is
    /// given to the neighbor (DeePMD-kit's `atom_virial`, the form the heat flux needs).
    pub fn add_virials(&mut self, j: &[i32], x: [&[f64]; 3], f: [&[f64]; 3], virial: [f64; 9]) {
        self.totals.virial.iter_mut().zip(virial).for_each(|(t, v)| *t += v);
        if self.v.is_empty() {
            return;
        }
        for (k, &j) in j.iter().enumerate() {
            let of_j = self.v.of(j as usize);
            of_j.iter_mut().zip(VIRIAL).for_each(|(v, (a, b))| *v += x[a][k] * f[b][k]);
        }
    }

    /// Adds center `c` of a job: its energy (eV) and its own force.
    ///
    /// # Errors
    /// Either is not finite; a pair force that is not finite shows in the center's own.
    pub fn add_center(&mut self, job: Job, c: usize, energy: f64, reaction: [f64; 3], neighbors: usize) -> Result<()> {
        let i = job.atom(c);
        if !(energy.is_finite() && reaction.iter().all(|f| f.is_finite())) {
            let name = job.conf.name(i);
            return Err(Error::NonFinite(format!(
                "energy or force of {name} is not finite (energy {energy} eV, {neighbors} neighbors): the model was left \
                 far outside its training data"
            )));
        }
        for (f, r) in self.f.of(i).iter_mut().zip(reaction) {
            *f += r;
        }
        self.totals.energy += energy;
        if self.want_energies {
            self.energies.push((i as u32, energy));
        }
        Ok(())
    }

    /// Bytes of its arrays.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.f.bytes() + self.v.bytes() + self.energies.capacity() * size_of::<(u32, f64)>()
    }
}

/// Adds all shares, in order, to the caller's arrays; returns their totals.
pub fn add_up(shares: &[Share], results: &mut Results, pool: Option<&rayon::ThreadPool>) -> (Totals, Sightings) {
    let factor = results.factor;
    add_arrays(shares, |l| &l.f, values(&mut results.f), factor, pool);
    add_arrays(shares, |l| &l.v, values(&mut results.cvatom), factor, pool);
    for (k, to) in values(&mut results.vatom).chunks_exact_mut(6).enumerate() {
        let mut v = [0.0; 9];
        for share in shares {
            v.iter_mut().zip(share.v.get(k)).for_each(|(v, l)| *v += l);
        }
        let symmetric = [v[0], v[1], v[2], 0.5 * (v[3] + v[6]), 0.5 * (v[4] + v[7]), 0.5 * (v[5] + v[8])];
        to.iter_mut().zip(symmetric).for_each(|(t, v)| *t += v * factor);
    }
    let (mut totals, mut seen) = (Totals::default(), Sightings::default());
    for share in shares {
        for &(i, energy) in &share.energies {
            if let Some(eatom) = &mut results.eatom {
                eatom[i as usize] += energy * factor;
            }
        }
        totals.energy += share.totals.energy * factor;
        totals.virial.iter_mut().zip(share.totals.virial).for_each(|(t, v)| *t += v * factor);
        seen.merge(&share.seen);
    }
    (totals, seen)
}

/// Row by row, as [`Results::check`] has made sure; no values where they are not wanted.
fn values<'a>(matrix: &'a mut Option<ArrayViewMut2<f64>>) -> &'a mut [f64] {
    matrix.as_mut().and_then(|matrix| matrix.as_slice_mut()).unwrap_or_default()
}

fn add_arrays<const WIDTH: usize>(
    shares: &[Share],
    of: impl Fn(&Share) -> &Pages<WIDTH> + Sync,
    to: &mut [f64],
    factor: f64,
    pool: Option<&rayon::ThreadPool>,
) {
    let add = |(page, to): (usize, &mut [f64])| {
        let mut sums = [0.0; MOST_VALUES];
        for values in shares.iter().filter_map(|share| of(share).page(page)) {
            sums.iter_mut().zip(values).for_each(|(s, l)| *s += l);
        }
        to.iter_mut().zip(sums).for_each(|(t, s)| *t += s * factor);
    };
    match pool {
        Some(pool) => pool.install(|| to.par_chunks_mut(PAGE * WIDTH).enumerate().with_min_len(8).for_each(add)),
        None => to.chunks_mut(PAGE * WIDTH).enumerate().for_each(add),
    }
}

/// Of a page of virials.
const MOST_VALUES: usize = 9 * PAGE;
