// SPDX-License-Identifier: MIT
//! Frames: atoms in a cell of their own, without the ghosts and neighbor lists of a molecular dynamics program.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deepion_potential::{
    Check, Configuration, Contract, Engine, Error, Results, Sightings, Totals, matrix, matrix_mut,
};

use crate::cell::{Cell, Vectors};
use crate::surroundings::Surroundings;
use crate::{Potential, Result};

/// Models with no more types are prepared for all at once; others for those that were met.
const FEW_TYPES: usize = 8;

/// Where each element of a tensor in the order of [`Totals::virial`] stands in DeePMD-kit's matrix, row by row: rows are components
/// of forces, columns of positions.
const PLACES: [usize; 9] = [0, 4, 8, 3, 6, 7, 1, 2, 5];

/// Atoms to evaluate; n of them.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Positions, A, n x 3; they may be outside the cell.
    pub x: &'a [f64],
    /// Model type of each atom; negative: invisible to the model.
    pub types: &'a [i32],
    /// Cell vectors, row by row, A; those of open directions are of no effect.
    pub vectors: Vectors,
    /// Along which vectors the atoms repeat.
    pub periodic: [bool; 3],
    /// `numb_fparam` values, or empty for the model's default.
    pub fparam: &'a [f64],
    /// `numb_aparam` values for each atom.
    pub aparam: &'a [f64],
}

/// What a frame's evaluation gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// eV.
    pub energy: f64,
    /// eV/A, n x 3.
    pub force: Vec<f64>,
    /// Sum of `f_a` `r_b`, eV, row by row: symmetric but for rounding.
    pub virial: [f64; 9],
    /// eV, n; empty: not wanted.
    pub atom_energy: Vec<f64>,
    /// Sum of `f_a` `r_b` of the pairs that end at an atom, eV, n x 9, row by row; empty: not wanted.
    pub atom_virial: Vec<f64>,
    /// More neighbors than `sel`, in words.
    pub overflow: Option<String>,
    /// A pair closer than the model knows, in words.
    pub close: Option<String>,
}

/// Which energies and virials of atoms are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Energy of each atom.
    pub energies: bool,
    /// Virial of each atom.
    pub virials: bool,
}

impl Potential {
    /// Prepares the model for the types of frames that come, besides those that came before.
    ///
    /// # Errors
    /// As [`Potential::prepare`].
    pub fn prepare_more<'a>(&mut self, types: impl IntoIterator<Item = &'a [i32]>) -> Result<()> {
        let ntypes = self.contract().ntypes();
        let mut in_use = self.engine.as_ref().map_or_else(|| vec![false; ntypes], |e| e.model().in_use.clone());
        for &t in types.into_iter().flatten().filter(|&&t| t >= 0) {
            let known = in_use.get_mut(t as usize);
            *known.ok_or_else(|| Error::Input(format!("type {t} given, but the model has {ntypes} types")))? = true;
        }
        if ntypes <= FEW_TYPES {
            in_use.fill(true);
        }
        let all: Vec<i32> = (0..ntypes as i32).filter(|&t| in_use[t as usize]).collect();
        self.prepare(&all)
    }

    /// Evaluates one frame with all threads. `near` is used where it serves for the frame, else made anew with a skin (A).
    ///
    /// # Errors
    /// A frame that does not fit the model or itself, or what [`Engine::compute`] reports.
    pub fn frame(
        &mut self,
        frame: &Frame,
        wanted: Wanted,
        near: &mut Option<Surroundings>,
        skin: f64,
    ) -> Result<Answer> {
        self.prepare_more([frame.types])?;
        let engine = self.engine()?;
        let cell = checked(frame, &engine.model().contract)?;
        let cutoff = engine.model().contract.rcut();
        let rebuilt = !near.as_ref().is_some_and(|near| near.serve(frame.x, frame.types, &cell));
        if rebuilt {
            *near = Some(Surroundings::new(frame.x, frame.types, cell.clone(), cutoff, skin)?);
        }
        let near = near.as_ref().ok_or_else(|| Error::Internal("no neighbors were listed".into()))?;
        evaluate(engine, frame, &cell, wanted, near, rebuilt)
    }

    /// Evaluates frames, each on one thread. Those that were not begun when `stop` became true are left out.
    ///
    /// # Errors
    /// As [`Potential::frame`], of the first frame with an error.
    pub fn frames(&mut self, frames: &[Frame], wanted: Wanted, stop: &AtomicBool) -> Result<Vec<Option<Answer>>> {
        self.prepare_more(frames.iter().map(|frame| frame.types))?;
        let threads = self.threads();
        let engine = self.engine()?;
        let next = AtomicUsize::new(0);
        let answers: Vec<Mutex<Option<Result<Answer>>>> = frames.iter().map(|_| Mutex::new(None)).collect();
        let alone = |engine: &mut Engine| {
            while !stop.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(frame) = frames.get(number) else { break };
                let answer = one(engine, frame, wanted);
                if answer.is_err() {
                    next.store(frames.len(), Ordering::Relaxed);
                }
                *answers[number].lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(answer);
            }
        };
        if frames.len() < threads {
            alone(engine);
        } else {
            engine.apart(alone);
        }
        let taken = answers.into_iter().map(|a| a.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
        taken.map(Option::transpose).collect()
    }

    /// Compares a sample of a frame's atoms with the model file's own graph in float64.
    ///
    /// # Errors
    /// As [`Potential::self_check`].
    pub fn check_frame(&mut self, frame: &Frame) -> Result<Check> {
        self.prepare_more([frame.types])?;
        let cell = checked(frame, self.contract())?;
        let near = Surroundings::new(frame.x, frame.types, cell.clone(), self.contract().rcut(), 0.0)?;
        let mut x = Vec::new();
        near.positions(frame.x, &cell, &mut x);
        let numb_aparam = self.contract().numb_aparam;
        self.self_check(&configuration(frame, &near, &x, numb_aparam, true)?)
    }
}

/// A frame by itself.
fn one(engine: &mut Engine, frame: &Frame, wanted: Wanted) -> Result<Answer> {
    let cell = checked(frame, &engine.model().contract)?;
    let near = Surroundings::new(frame.x, frame.types, cell.clone(), engine.model().contract.rcut(), 0.0)?;
    evaluate(engine, frame, &cell, wanted, &near, true)
}

/// The cell of a frame whose arrays fit each other.
pub(crate) fn checked(frame: &Frame, contract: &Contract) -> Result<Cell> {
    let n = frame.types.len();
    matrix("positions", frame.x, [n, 3])?;
    matrix("aparam", frame.aparam, [n, contract.numb_aparam])?;
    Cell::new(frame.vectors, frame.periodic)
}

pub(crate) fn configuration<'a>(
    frame: &Frame<'a>,
    near: &'a Surroundings,
    x: &'a [f64],
    numb_aparam: usize,
    rebuilt: bool,
) -> Result<Configuration<'a>> {
    Ok(Configuration {
        x: matrix("x", x, [near.types.len(), 3])?,
        types: &near.types,
        tags: &near.tags,
        centers: &near.centers,
        groups: &near.groups,
        offsets: &near.offsets,
        neighbors: &near.neighbors,
        rebuilt,
        fparam: frame.fparam,
        aparam: matrix("aparam", frame.aparam, [frame.types.len(), numb_aparam])?,
    })
}

fn evaluate(
    engine: &mut Engine,
    frame: &Frame,
    cell: &Cell,
    wanted: Wanted,
    near: &Surroundings,
    rebuilt: bool,
) -> Result<Answer> {
    let mut x = Vec::new();
    near.positions(frame.x, cell, &mut x);
    let conf = configuration(frame, near, &x, engine.model().contract.numb_aparam, rebuilt)?;
    let (n, nall) = (frame.types.len(), near.types.len());
    let mut f = vec![0.0; 3 * nall];
    let mut energies = vec![0.0; if wanted.energies { nall } else { 0 }];
    let mut v = vec![0.0; if wanted.virials { 9 * nall } else { 0 }];
    let mut results = Results {
        factor: 1.0,
        f: Some(matrix_mut("f", &mut f, [nall, 3])?),
        eatom: wanted.energies.then_some(&mut energies),
        vatom: None,
        cvatom: if wanted.virials { Some(matrix_mut("cvatom", &mut v, [nall, 9])?) } else { None },
    };
    let (totals, seen) = engine.compute(&conf, &mut results)?;
    onto_owners(&mut f, near, 3);
    onto_owners(&mut v, near, 9);
    energies.truncate(if wanted.energies { n } else { 0 });
    let Totals { energy, virial } = totals;
    let (overflow, close) = sightings(engine, &conf, &seen);
    Ok(Answer {
        energy,
        force: f,
        virial: by_rows(&virial),
        atom_energy: energies,
        atom_virial: v.as_chunks::<9>().0.iter().flat_map(by_rows).collect(),
        overflow,
        close,
    })
}

/// Adds the values of images to those of the atoms, which stay.
fn onto_owners(values: &mut Vec<f64>, near: &Surroundings, width: usize) {
    let end = (width * near.atoms()).min(values.len()); // no values where they are not wanted
    let (atoms, images) = values.split_at_mut(end);
    for (&owner, image) in near.owner[near.atoms()..].iter().zip(images.chunks_exact(width)) {
        let owner = &mut atoms[width * owner as usize..][..width];
        owner.iter_mut().zip(image).for_each(|(o, i)| *o += i);
    }
    values.truncate(end);
}

fn by_rows(tensor: &[f64; 9]) -> [f64; 9] {
    let mut rows = [0.0; 9];
    PLACES.into_iter().zip(tensor).for_each(|(place, v)| rows[place] = *v);
    rows
}

/// What the guards saw, in words.
fn sightings(engine: &Engine, conf: &Configuration, seen: &Sightings) -> (Option<String>, Option<String>) {
    let contract = &engine.model().contract;
    let overflow = seen.worst_overflow.map(|worst| worst.describe(engine.model(), conf));
    let close = seen.closest.map(|pair| {
        let limit = if contract.min_nbor_dist.is_some() { "in the training data" } else { "atoms are" };
        let (i, j, closest) = (conf.name(pair.i), conf.name(pair.j), contract.closest_pair());
        format!("{i} and {j} are {:.4} A apart, closer than {limit} ({closest:.4} A)", pair.r)
    });
    (overflow, close)
}
