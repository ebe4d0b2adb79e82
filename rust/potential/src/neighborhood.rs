//! The neighbours that count: within the cutoff, visible, grouped by type, at most `sel` (the nearest) of each type.

use crate::chunk::Job;
use crate::environment::{Radial, radial};
use crate::error::{Error, Result};
use crate::guards::{ClosePair, Overflow, Sightings};
use crate::model::PairKind;

/// A centre and one of its neighbours.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Index of the neighbour.
    pub j: i32,
    /// Neighbour minus centre, A.
    pub x: [f64; 3],
    /// Distance, A.
    pub r: f64,
    /// Radial functions at `r`.
    pub radial: Radial,
    /// Force on the neighbour from the centre's energy, eV/A. The centre receives the opposite.
    pub f: [f64; 3],
}

/// All pairs of a chunk of centres with neighbours of one type.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// Pairs, centre by centre.
    pub pairs: Vec<Pair>,
    /// Pairs of centre c of the chunk: `pairs[start[c]..start[c + 1]]`.
    pub start: Vec<usize>,
}

impl Block {
    /// Pairs of one centre of the chunk.
    #[must_use]
    pub fn of(&self, c: usize) -> &[Pair] {
        &self.pairs[self.start[c]..self.start[c + 1]]
    }

    fn clear(&mut self) {
        self.pairs.clear();
        self.start.clear();
        self.start.push(0);
    }
}

/// Collects the neighbours of a job's centres into one block per neighbour type.
///
/// # Errors
/// Two atoms at the same place, or too many neighbours where that is an error.
pub fn collect(job: Job, blocks: &mut [Block], seen: &mut Sightings) -> Result<()> {
    let Job { model, conf, center, members, sel_error } = job;
    let contract = &model.contract;
    blocks.iter_mut().for_each(Block::clear);
    for &k in members {
        let k = k as usize;
        let i = conf.centers[k] as usize;
        let origin = conf.position(i);
        for &j in &conf.neighbors[conf.offsets[k]..conf.offsets[k + 1]] {
            let Ok(tj) = usize::try_from(conf.types[j as usize]) else { continue };
            if model.kind(center, tj) == PairKind::Absent {
                continue;
            }
            let p = conf.position(j as usize);
            let x = [p[0] - origin[0], p[1] - origin[1], p[2] - origin[2]];
            let r_sq = x[0] * x[0] + x[1] * x[1] + x[2] * x[2];
            if r_sq < model.rcut_sq {
                let r = r_sq.sqrt();
                blocks[tj].pairs.push(Pair { j, x, r, radial: Radial::default(), f: [0.0; 3] });
            }
        }
        for (tj, block) in blocks.iter_mut().enumerate() {
            let first = block.start[block.start.len() - 1];
            let found = block.pairs.len() - first;
            let sel = contract.sel[tj];
            if found > sel {
                let overflow = Overflow { center: i, neighbor_type: tj, found };
                if sel_error {
                    return Err(Error::Sel(overflow.describe(model, conf)));
                }
                seen.overflow(overflow);
                keep_nearest(&mut block.pairs, first, sel);
            }
            for pair in &mut block.pairs[first..] {
                if pair.r == 0.0 {
                    let (a, b) = (conf.name(i), conf.name(pair.j as usize));
                    return Err(Error::NonFinite(format!("{a} and {b} are at the same place: their distance is 0")));
                }
                if contract.min_nbor_dist.is_some_and(|limit| pair.r < limit) {
                    seen.close(ClosePair { i, j: pair.j as usize, r: pair.r });
                }
                pair.radial = radial(pair.r, contract.rcut_smth, contract.rcut, contract.env_protection);
            }
            block.start.push(block.pairs.len());
        }
    }
    Ok(())
}

/// DeePMD-kit's truncation: of the pairs from `first` on, only the `sel` nearest stay.
fn keep_nearest(pairs: &mut Vec<Pair>, first: usize, sel: usize) {
    pairs[first..].sort_by(|a, b| a.r.total_cmp(&b.r));
    pairs.truncate(first + sel);
}
