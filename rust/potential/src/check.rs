// SPDX-License-Identifier: MIT
//! The self-check: a sample of the user's own atoms, evaluated by the engine and by the model file's own graph in float64.

use std::collections::HashMap;

use ndarray::{Array2, Axis};

use crate::chunk::ChunkWorker;
use crate::configuration::Configuration;
use crate::error::{Error, Result};
use crate::job::{Group, Job};
use crate::listing::Listing;
use crate::model::Model;
use crate::neighborhood::Neighborhood;
use crate::networks::WholeModel;
use crate::shapes::matrix;
use crate::share::Share;

/// Atoms sampled of each type.
const PER_TYPE: usize = 4;

/// Differences found.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Check {
    /// Atoms sampled.
    pub sampled: usize,
    /// Largest between force components of the sample's energy, eV/A.
    pub force_difference: f64,
    /// Sum of squares of all these differences, eV^2/A^2. The errors of different centers being independent, the force
    /// error of a whole system is about sqrt(squares / (3 sampled)) RMS.
    pub squares: f64,
    /// Largest between energies of sampled atoms, eV.
    pub energy_difference: f64,
}

/// The atoms of the sample and their neighbors, numbered as the graph sees them: centers first.
struct Cluster {
    atoms: Vec<usize>,
    index: HashMap<usize, usize>,
}

impl Cluster {
    fn number(&mut self, atom: usize) -> usize {
        *self.index.entry(atom).or_insert_with(|| {
            self.atoms.push(atom);
            self.atoms.len() - 1
        })
    }
}

pub(crate) fn run(
    model: &Model,
    conf: &Configuration,
    (group_of, groups): (&[Option<usize>], &[Group]),
    worker: &mut dyn ChunkWorker,
    reference: &mut dyn WholeModel,
) -> Result<Check> {
    let contract = &model.contract;
    let samples: Vec<(usize, Vec<u32>)> = groups.iter().map(|g| (g.center_type, spread(&g.members))).collect();
    let mut cluster = Cluster { atoms: Vec::new(), index: HashMap::new() };
    for &k in samples.iter().flat_map(|(_, members)| members) {
        cluster.number(conf.centers[k as usize] as usize);
    }
    let sampled = cluster.atoms.len();
    if sampled == 0 {
        return Ok(Check::default());
    }

    let slots: usize = model.listings().map(Listing::slots).sum();
    let mut nlist = vec![-1; sampled * slots];
    let (mut share, mut around) = (Share::default(), Neighborhood::default());
    share.reset(conf.nall(), true, false);
    let mut row = 0;
    for (center_type, members) in samples.iter().filter(|(_, members)| !members.is_empty()) {
        let job = Job { model, conf, group_of, center_type: *center_type, members, sel_error: false };
        around.collect(job)?;
        worker.evaluate(job, &around, &mut share)?;
        let mut first = row * slots;
        for of in model.listings() {
            let blocks = around.of(of);
            for c in 0..members.len() {
                let mut slot = first + c * slots;
                for (neighbor, block) in blocks.iter().enumerate() {
                    let found = block.j(block.of(c));
                    for (&j, place) in found.iter().zip(slot..) {
                        nlist[place] = cluster.number(j as usize) as i64;
                    }
                    slot += if of.mixed_types { found.len() } else { of.sel[neighbor] };
                }
            }
            first += of.slots();
        }
        row += members.len();
    }

    let coord: Vec<f64> = cluster.atoms.iter().flat_map(|&i| conf.position(i)).collect();
    let types: Vec<i64> = cluster.atoms.iter().map(|&i| i64::from(conf.types[i])).collect();
    let fparam = conf.fparam_or_default(contract);
    let aparam = match contract.numb_aparam {
        0 => Array2::zeros((sampled, 0)),
        _ => conf.aparam.select(Axis(0), &cluster.atoms[..sampled]),
    };
    let (reference_energies, reference_forces) = reference.evaluate(
        matrix("coord", &coord, [types.len(), 3])?,
        &types,
        matrix("nlist", &nlist, [sampled, slots])?,
        fparam,
        aparam.view(),
    )?;
    if reference_energies.len() != sampled || reference_forces.dim() != (types.len(), 3) {
        return Err(Error::Model(
            "the model file's graph returned arrays of another shape than its inputs ask for".into(),
        ));
    }

    let forces = cluster.atoms.iter().flat_map(|&i| share.f.get(i));
    let difference: Vec<f64> = forces.zip(&reference_forces).map(|(a, b)| a - b).collect();
    let check = Check {
        sampled,
        force_difference: largest(difference.iter().copied()),
        squares: difference.iter().map(|d| d * d).sum(),
        energy_difference: largest(share.energies.iter().zip(&reference_energies).map(|((_, a), b)| a - b)),
    };
    log::debug!(
        "self-check of this rank: {sampled} atoms with {} neighbors; largest differences {:.2e} eV/A and {:.2e} eV per atom",
        coord.len() / 3 - sampled,
        check.force_difference,
        check.energy_difference
    );
    Ok(check)
}

/// Up to [`PER_TYPE`] members, evenly spread.
fn spread(members: &[u32]) -> Vec<u32> {
    let n = members.len().min(PER_TYPE);
    (0..n).map(|k| members[k * members.len() / n]).collect()
}

/// Largest magnitude; NaN counts as infinite.
fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().map(|v| if v.is_nan() { f64::INFINITY } else { v.abs() }).fold(0.0, f64::max)
}
