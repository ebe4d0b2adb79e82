//! Where chunks leave their results: per-atom sums of a fixed share of the work, added up over the shares in a fixed order.

use std::time::Instant;

use rayon::prelude::*;

use crate::chunk::Job;
use crate::configuration::{Results, Totals};
use crate::error::{Error, Result};
use crate::guards::Sightings;

/// Seconds of worker threads in the parts of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Times {
    /// Sorting neighbour lists and finding who is within the cutoff.
    pub neighbors: f64,
    /// Distances to places in tables and rows of the environment matrix; running embedding nets where there are no tables.
    pub environment: f64,
    /// From rows to the fitting nets' input, and back from its gradient.
    pub descriptor: f64,
    /// Fitting nets.
    pub fitting: f64,
    /// Forces of pairs, and adding up.
    pub scatter: f64,
}

impl Times {
    /// Adds other times.
    pub fn add(&mut self, other: &Self) {
        self.neighbors += other.neighbors;
        self.environment += other.environment;
        self.descriptor += other.descriptor;
        self.fitting += other.fitting;
        self.scatter += other.scatter;
    }

    /// The parts with their names, in the order of a step.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, f64); 5] {
        [
            ("neighbors", self.neighbors),
            ("environment", self.environment),
            ("descriptor", self.descriptor),
            ("fitting nets", self.fitting),
            ("scatter", self.scatter),
        ]
    }
}

/// Time since it was started or last read.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Adds the seconds since the last reading.
    pub fn lap(&mut self, to: &mut f64) {
        let now = Instant::now();
        *to += now.duration_since(self.0).as_secs_f64();
        self.0 = now;
    }
}

/// Sums over the chunks of one share of the work.
#[derive(Debug, Default)]
pub struct Lane {
    /// Force on each atom, eV/A, nall x 3.
    pub f: Vec<f64>,
    /// Energies of centres, eV; empty: not wanted.
    pub energies: Vec<(u32, f64)>,
    /// 9 per atom, in the order of [`Totals::virial`]; empty: not wanted.
    pub v: Vec<f64>,
    /// Totals over the centres.
    pub totals: Totals,
    /// What the guards saw.
    pub seen: Sightings,
    /// Where the time went.
    pub times: Times,
    want_energies: bool,
}

impl Lane {
    /// Everything zero, for `nall` atoms.
    pub fn reset(&mut self, nall: usize, want_energies: bool, want_virials: bool) {
        reset(&mut self.f, 3 * nall);
        reset(&mut self.v, if want_virials { 9 * nall } else { 0 });
        self.energies.clear();
        self.totals = Totals::default();
        self.seen = Sightings::default();
        self.times = Times::default();
        self.want_energies = want_energies;
    }

    /// Adds the forces `f` of a centre on its neighbours `j`. The centre's own force is the opposite of their sum, which is
    /// returned with its sign.
    pub fn add_forces(&mut self, j: &[i32], f: [&[f64]; 3]) -> [f64; 3] {
        let n = j.len();
        let [fx, fy, fz] = f.map(|f| &f[..n]);
        let mut reaction = [0.0; 3];
        for k in 0..n {
            let on_j = &mut self.f[3 * j[k] as usize..3 * j[k] as usize + 3];
            let f = [fx[k], fy[k], fz[k]];
            for d in 0..3 {
                on_j[d] += f[d];
                reaction[d] -= f[d];
            }
        }
        reaction
    }

    /// Adds the virials of pairs with forces `f` on neighbours `j` at vectors `x`, which sum to `virial`. That of a pair is
    /// given to the neighbour (DeePMD-kit's `atom_virial`, the form the heat flux needs).
    pub fn add_virials(&mut self, j: &[i32], x: [&[f64]; 3], f: [&[f64]; 3], virial: [f64; 9]) {
        self.totals.virial.iter_mut().zip(virial).for_each(|(t, v)| *t += v);
        if self.v.is_empty() {
            return;
        }
        for (k, &j) in j.iter().enumerate() {
            let of_j = &mut self.v[9 * j as usize..9 * j as usize + 9];
            of_j.iter_mut().zip(VIRIAL).for_each(|(v, (a, b))| *v += x[a][k] * f[b][k]);
        }
    }

    /// Adds centre `c` of a job: its energy (eV) and its own force.
    ///
    /// # Errors
    /// Either is not finite; a pair force that is not finite shows in the centre's own.
    pub fn add_center(&mut self, job: Job, c: usize, energy: f64, reaction: [f64; 3], neighbors: usize) -> Result<()> {
        let i = job.atom(c);
        if !(energy.is_finite() && reaction.iter().all(|f| f.is_finite())) {
            let name = job.conf.name(i);
            return Err(Error::NonFinite(format!(
                "energy or force of {name} is not finite (energy {energy} eV, {neighbors} neighbours): the model was left \
                 far outside its training data"
            )));
        }
        for (f, r) in self.f[3 * i..3 * i + 3].iter_mut().zip(reaction) {
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
        (self.f.capacity() + self.v.capacity()) * size_of::<f64>() + self.energies.capacity() * size_of::<(u32, f64)>()
    }
}

/// Adds all lanes, in order, to the caller's arrays; returns their totals.
pub fn add_up(lanes: &[Lane], results: &mut Results, pool: Option<&rayon::ThreadPool>) -> (Totals, Sightings) {
    let factor = results.factor;
    add_arrays(lanes, |l| &l.f, results.f, factor, pool);
    add_arrays(lanes, |l| &l.v, results.cvatom, factor, pool);
    for (k, to) in results.vatom.chunks_exact_mut(6).enumerate() {
        let mut v = [0.0; 9];
        for lane in lanes {
            v.iter_mut().zip(&lane.v[9 * k..9 * k + 9]).for_each(|(v, l)| *v += l);
        }
        let symmetric = [v[0], v[1], v[2], 0.5 * (v[3] + v[6]), 0.5 * (v[4] + v[7]), 0.5 * (v[5] + v[8])];
        to.iter_mut().zip(symmetric).for_each(|(t, v)| *t += v * factor);
    }
    let (mut totals, mut seen) = (Totals::default(), Sightings::default());
    for lane in lanes {
        for &(i, energy) in &lane.energies {
            results.eatom[i as usize] += energy * factor;
        }
        totals.energy += lane.totals.energy * factor;
        totals.virial.iter_mut().zip(lane.totals.virial).for_each(|(t, v)| *t += v * factor);
        seen.merge(&lane.seen);
    }
    (totals, seen)
}

/// Values added up at a time.
const PART: usize = 3 * 512;

fn add_arrays(
    lanes: &[Lane],
    of: impl Fn(&Lane) -> &[f64] + Sync,
    to: &mut [f64],
    factor: f64,
    pool: Option<&rayon::ThreadPool>,
) {
    let add = |(part, to): (usize, &mut [f64])| {
        let mut sums = [0.0; PART];
        for lane in lanes {
            sums.iter_mut().zip(&of(lane)[part * PART..]).for_each(|(s, l)| *s += l);
        }
        to.iter_mut().zip(sums).for_each(|(t, s)| *t += s * factor);
    };
    match pool {
        Some(pool) => pool.install(|| to.par_chunks_mut(PART).enumerate().for_each(add)),
        None => to.chunks_mut(PART).enumerate().for_each(add),
    }
}

fn reset(values: &mut Vec<f64>, len: usize) {
    values.clear();
    values.resize(len, 0.0);
}

/// Components of the virial, in the order of [`Totals::virial`].
const VIRIAL: [(usize, usize); 9] = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (1, 0), (2, 0), (2, 1)];

/// The virial of pairs with forces `f` at vectors `x`: sums over the pairs of x(a) f(b).
#[allow(clippy::inline_always)] // target features only reach what is inlined
#[inline(always)]
pub fn virial(x: [&[f64]; 3], f: [&[f64]; 3]) -> [f64; 9] {
    VIRIAL.map(|(a, b)| dot(x[a], f[b]))
}

/// In eight partial sums, which vectorise; the same bits on every machine.
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
