// SPDX-License-Identifier: MIT
//! The check while a run goes on: a few atoms at a time, evaluated by the path in use and by the full networks in float64.
//!
//! The error of an atom is sqrt(sum over coordinates of d^2 / 3), where d are the differences between the forces (eV/A) that its
//! energy causes on itself and its neighbors. Errors of different centers being nearly independent, the root of the mean
//! square of it over atoms is the RMS error of a force component, as the exporter measures it.

use std::ops::Range;

use ndarray::{Array2, Axis};

use crate::chunk::{ChunkWorker, Worker};
use crate::configuration::Configuration;
use crate::error::{Error, Result};
use crate::job::Job;
use crate::model::Model;
use crate::neighborhood::Neighborhood;
use crate::networks::Networks;
use crate::shapes::matrix;
use crate::share::Share;

/// Checks until every atom of a large system had its turn.
const TURNS: u64 = 1000;
/// Atoms in their turn at one check, or a few more, in smaller systems: enough to tell most atoms from one.
const FEWEST_IN_TURN: u64 = 8;

/// Centers evaluated together.
const MOST_AT_ONCE: usize = 32;

/// Errors found on the atoms of one rank at one step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Watched {
    /// Atoms compared in their turn.
    pub in_turn: usize,
    /// Of these, with an error above the typical one that was given.
    pub above: usize,
    /// Sum over these of the squares of their errors, eV^2/A^2.
    pub squares: f64,
    /// Atoms compared because they look unlike the others.
    pub unlike: usize,
    /// The largest error of all of them, eV/A.
    pub largest: f64,
    /// Index of that atom among the configuration's; none: no atom was compared.
    pub worst: Option<usize>,
}

/// Number, sum and sum of squares of the energies of atoms of each type. Those of all ranks are added up.
pub type Moments = Vec<[f64; 3]>;

/// Which atoms are compared. The same ones for any number of ranks: `tags` and energies decide.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// Counts the checks of a simulation.
    pub number: u64,
    /// Atoms on all ranks.
    pub atoms: u64,
    /// Energy of each atom of the configuration, in any unit.
    pub energies: &'a [f64],
    /// Of the energies of all ranks, by model type.
    pub moments: &'a [[f64; 3]],
    /// Atoms at least so unlike the others are compared, too ([`unlikeness`]).
    pub unlike: f64,
    /// An error, eV/A, above which an atom is counted ([`Watched::above`]).
    pub typical: f64,
}

/// The full networks in float64, for a few atoms at a time.
pub struct Watcher {
    exact: Worker<dyn Networks>,
}

impl Watcher {
    /// A watcher around the full networks in float64.
    #[must_use]
    pub fn new(networks: Box<dyn Networks>) -> Self {
        Self { exact: Worker::new(networks) }
    }

    /// Compares the atoms whose turn it is, and those that look least like the others.
    pub(crate) fn watch(
        &mut self,
        model: &Model,
        conf: &Configuration,
        group_of: &[Option<usize>],
        worker: &mut dyn ChunkWorker,
        turn: Turn,
    ) -> Result<Watched> {
        let of_turn = turns(turn.atoms);
        let mut chosen: Vec<Chosen> = Vec::new();
        for ((k, atom, center_type), unlike) in centers(conf).zip(unlikeness(conf, turn.energies, turn.moments)?) {
            let in_turn = of_turn.has(conf, atom, turn.number);
            if in_turn || unlike > 0.0 && unlike >= turn.unlike {
                chosen.push(Chosen { k: k as usize, atom, center_type, in_turn });
            }
        }
        chosen.sort_by_key(|c| c.center_type);
        let apart = Apart::new(conf, &chosen);
        let aparam = match model.contract.numb_aparam {
            0 => Array2::zeros((0, 0)),
            _ => conf.aparam.select(Axis(0), &chosen.iter().map(|c| c.atom).collect::<Vec<_>>()),
        };
        let conf = &Configuration {
            x: matrix("x", &apart.x, [apart.types.len(), 3])?,
            types: &apart.types,
            tags: &apart.tags,
            centers: &apart.centers,
            offsets: &apart.offsets,
            neighbors: &apart.neighbors,
            aparam: aparam.view(),
            ..*conf
        };
        let mut shares = [Share::default(), Share::default()];
        for share in &mut shares {
            share.reset(conf.nall(), false, false);
        }
        let (mut around, numbers) = (Neighborhood::default(), (0..chosen.len() as u32).collect::<Vec<_>>());
        for of_type in numbers.chunk_by(|&a, &b| chosen[a as usize].center_type == chosen[b as usize].center_type) {
            let center_type = chosen[of_type[0] as usize].center_type;
            for members in of_type.chunks(MOST_AT_ONCE) {
                let job = Job { model, conf, group_of, center_type, members, sel_error: false };
                around.collect(job)?;
                worker.evaluate(job, &around, &mut shares[0])?;
                self.exact.evaluate(job, &around, &mut shares[1])?;
            }
        }
        let mut watched = Watched::default();
        for (number, chosen) in chosen.iter().enumerate() {
            let square = apart.square(number, &shares) / 3.0;
            let error = square.sqrt();
            if chosen.in_turn {
                watched.in_turn += 1;
                watched.squares += square;
                watched.above += usize::from(error > turn.typical);
            } else {
                watched.unlike += 1;
            }
            if watched.worst.is_none() || error > watched.largest {
                (watched.largest, watched.worst) = (error, Some(chosen.atom));
            }
        }
        Ok(watched)
    }
}

/// The centers that the model sees: their position in the list of centers, index among the atoms, and type.
fn centers<'a>(conf: &'a Configuration) -> impl Iterator<Item = (u32, usize, usize)> + use<'a> {
    let types = conf.types;
    conf.centers.iter().zip(0..).filter_map(move |(&atom, k)| {
        let atom = atom as usize;
        usize::try_from(types[atom]).ok().map(|t| (k, atom, t))
    })
}

/// Moments of the energies (one per atom of the configuration) of the centers of this rank, by type.
///
/// # Errors
/// Not as many energies as atoms.
pub fn moments(conf: &Configuration, energies: &[f64], ntypes: usize) -> Result<Moments> {
    expect_energies(conf, energies)?;
    let mut moments = vec![[0.0; 3]; ntypes];
    for (_, atom, center_type) in centers(conf) {
        let (of, energy) = (&mut moments[center_type], energies[atom]);
        of.iter_mut().zip([1.0, energy, energy * energy]).for_each(|(sum, value)| *sum += value);
    }
    Ok(moments)
}

/// How unlike the others each center looks: by how many standard deviations its energy differs from the mean of its type. An
/// atom's energy is the one number that the reduced networks keep of its surroundings at the end.
///
/// # Errors
/// Not as many energies as atoms.
pub fn unlikeness(conf: &Configuration, energies: &[f64], moments: &[[f64; 3]]) -> Result<Vec<f64>> {
    expect_energies(conf, energies)?;
    let of = |(_, atom, center_type): (u32, usize, usize)| {
        let Some(&[n, sum, squares]) = moments.get(center_type) else { return 0.0 };
        let variance = squares / n - (sum / n).powi(2);
        // What rounding leaves of a variance of 0 is none.
        if variance > 1e-12 * squares / n { (energies[atom] - sum / n).abs() / variance.sqrt() } else { 0.0 }
    };
    Ok(centers(conf).map(of).collect())
}

fn expect_energies(conf: &Configuration, energies: &[f64]) -> Result<()> {
    if energies.len() == conf.nall() {
        return Ok(());
    }
    Err(Error::Input(format!("energies has {} values, expected {}", energies.len(), conf.nall())))
}

/// How atoms take turns.
struct Turns {
    period: u64,
    stride: u64,
}

/// Every atom has one turn in [`TURNS`] checks or fewer. By its ID, so that ranks do not matter.
fn turns(atoms: u64) -> Turns {
    let period = (atoms / FEWEST_IN_TURN).clamp(1, TURNS);
    // Atoms with IDs in a row are often neighbors: steps of the golden section are far apart.
    let mut stride = (period * 618 / 1000).max(1);
    while gcd(stride, period) > 1 {
        stride += 1;
    }
    Turns { period, stride }
}

impl Turns {
    fn has(&self, conf: &Configuration, atom: usize, number: u64) -> bool {
        let tag = conf.tags.get(atom).map_or(atom as u64, |tag| tag.unsigned_abs());
        tag % self.period * self.stride % self.period == number % self.period
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A center to compare: its position in the list of centers, index among the atoms, type, and whether it is its turn.
struct Chosen {
    k: usize,
    atom: usize,
    center_type: usize,
    in_turn: bool,
}

/// Centers with neighbors of their own, copies where several have the same: so are the forces that each causes, and all can be
/// evaluated together. First the centers, then the neighbors of each.
struct Apart {
    x: Vec<f64>,
    types: Vec<i32>,
    tags: Vec<i64>,
    centers: Vec<i32>,
    offsets: Vec<usize>,
    neighbors: Vec<i32>,
    /// Where the neighbors of each center begin, and the end of all.
    first: Vec<usize>,
}

impl Apart {
    fn new(conf: &Configuration, chosen: &[Chosen]) -> Self {
        let (n, groups) = (chosen.len(), conf.groups.len());
        let mut atoms: Vec<usize> = chosen.iter().map(|c| c.atom).collect();
        let (mut offsets, mut first) = (vec![0], vec![n]);
        for Chosen { k, .. } in chosen {
            for part in groups * k..groups * (k + 1) {
                let listed = &conf.neighbors[conf.offsets[part]..conf.offsets[part + 1]];
                atoms.extend(listed.iter().map(|&j| j as usize));
                offsets.push(atoms.len() - n);
            }
            first.push(atoms.len());
        }
        Self {
            x: atoms.iter().flat_map(|&i| conf.position(i)).collect(),
            types: atoms.iter().map(|&i| conf.types[i]).collect(),
            tags: atoms.iter().filter_map(|&i| conf.tags.get(i)).copied().collect(),
            centers: (0..n as i32).collect(),
            neighbors: (n as i32..atoms.len() as i32).collect(),
            offsets,
            first,
        }
    }

    /// The sum of squares of the differences of two shares' forces on a center and its neighbors.
    fn square(&self, number: usize, [found, exact]: &[Share; 2]) -> f64 {
        let of = |atoms: Range<usize>| {
            let apart = atoms.flat_map(|i| found.f.get(i).into_iter().zip(exact.f.get(i)));
            apart.map(|(f, e)| (f - e).powi(2)).sum::<f64>()
        };
        of(number..number + 1) + of(self.first[number]..self.first[number + 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn every_atom_has_its_turn_before_any_comes_again() {
        for atoms in [1_usize, 2, 7, 8, 15, 16, 420, 1001, 12_000] {
            let x = Array2::zeros((atoms, 3));
            let (tags, types): (Vec<i64>, _) = ((1..=atoms as i64).collect(), vec![0; atoms]);
            let conf = Configuration {
                x: x.view(),
                types: &types,
                tags: &tags,
                centers: &[],
                groups: &[],
                offsets: &[0],
                neighbors: &[],
                rebuilt: true,
                fparam: &[],
                aparam: x.view(),
            };
            let turns = turns(atoms as u64);
            let numbers = 7..7 + turns.period;
            let times = |atom| numbers.clone().filter(|&number| turns.has(&conf, atom, number)).count();
            assert!((0..atoms).all(|atom| times(atom) == 1), "{atoms}");
            for number in numbers.clone() {
                let now = (0..atoms).filter(|&atom| turns.has(&conf, atom, number)).count();
                assert!(now <= 16 && now >= atoms.min(8), "{atoms}: {now}");
            }
        }
    }
}
