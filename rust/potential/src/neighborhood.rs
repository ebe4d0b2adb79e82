//! The neighbours that count: within the cutoff, visible, grouped by type, at most `sel` (the nearest) of each type.

use std::ops::Range;

use crate::chunk::Job;
use crate::error::{Error, Result};
use crate::guards::{ClosePair, Overflow, Sightings};
use crate::model::PairKind;

/// All pairs of a chunk of centres with neighbours of one type, centre by centre; an array for each of their properties.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// Index of the neighbour.
    pub j: Vec<i32>,
    /// Neighbour minus centre, A.
    pub x: [Vec<f64>; 3],
    /// Distance, A.
    pub r: Vec<f64>,
    /// Where the pairs of each centre of the chunk start, and where the last ones end.
    pub start: Vec<usize>,
}

impl Block {
    /// Number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.j.len()
    }

    /// The pairs of one centre of the chunk.
    #[must_use]
    pub fn of(&self, c: usize) -> Range<usize> {
        self.start[c]..self.start[c + 1]
    }

    /// The vectors of some pairs, A.
    #[must_use]
    pub fn vectors(&self, pairs: Range<usize>) -> [&[f64]; 3] {
        [&self.x[0][pairs.clone()], &self.x[1][pairs.clone()], &self.x[2][pairs]]
    }

    /// Bytes of its arrays.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let floats: usize = self.x.iter().chain([&self.r]).map(Vec::capacity).sum();
        8 * floats + 4 * self.j.capacity() + 8 * self.start.capacity()
    }

    fn clear(&mut self) {
        self.truncate(0);
        self.start.clear();
        self.start.push(0);
    }

    fn truncate(&mut self, pairs: usize) {
        self.j.truncate(pairs);
        self.r.truncate(pairs);
        self.x.iter_mut().for_each(|x| x.truncate(pairs));
    }

    fn push(&mut self, j: i32, x: [f64; 3], r_sq: f64) {
        self.j.push(j);
        self.r.push(r_sq);
        for (to, x) in self.x.iter_mut().zip(x) {
            to.push(x);
        }
    }

    /// DeePMD-kit's truncation: of the pairs from `first` on, only the `sel` nearest stay.
    fn keep_nearest(&mut self, first: usize, sel: usize) {
        let mut order: Vec<usize> = (first..self.len()).collect();
        order.sort_by(|&a, &b| self.r[a].total_cmp(&self.r[b]));
        order.truncate(sel);
        let kept: Vec<_> =
            order.iter().map(|&k| (self.j[k], [self.x[0][k], self.x[1][k], self.x[2][k]], self.r[k])).collect();
        self.truncate(first);
        for (j, x, r) in kept {
            self.push(j, x, r);
        }
    }
}

/// Collects the neighbours of a job's centres into one block per neighbour type.
///
/// # Errors
/// Two atoms at the same place, or too many neighbours where that is an error.
pub fn collect(job: Job, blocks: &mut Vec<Block>, seen: &mut Sightings) -> Result<()> {
    let Job { model, conf, center, members, sel_error } = job;
    let contract = &model.contract;
    blocks.resize_with(contract.ntypes(), Block::default);
    blocks.iter_mut().for_each(Block::clear);
    for &k in members {
        let k = k as usize;
        let i = conf.centers[k] as usize;
        let origin = conf.position(i);
        for &j in &conf.neighbors[conf.offsets[k]..conf.offsets[k + 1]] {
            let p = conf.position(j as usize);
            let x = [p[0] - origin[0], p[1] - origin[1], p[2] - origin[2]];
            let r_sq = x[0] * x[0] + x[1] * x[1] + x[2] * x[2];
            if r_sq < model.rcut_sq {
                let Ok(tj) = usize::try_from(conf.types[j as usize]) else { continue };
                if model.kind(center, tj) != PairKind::Absent {
                    blocks[tj].push(j, x, r_sq);
                }
            }
        }
        for (tj, block) in blocks.iter_mut().enumerate() {
            let first = block.start[block.start.len() - 1];
            let found = block.len() - first;
            let sel = contract.sel[tj];
            if found > sel {
                let overflow = Overflow { center: i, neighbor_type: tj, found };
                if sel_error {
                    return Err(Error::Sel(overflow.describe(model, conf)));
                }
                seen.overflow(overflow);
                block.keep_nearest(first, sel);
            }
            block.start.push(block.len());
        }
    }
    for block in blocks.iter_mut() {
        let mut nearest = f64::INFINITY;
        for r in &mut block.r {
            *r = r.sqrt();
            nearest = if *r < nearest { *r } else { nearest };
        }
        if nearest == 0.0 || contract.min_nbor_dist.is_some_and(|limit| nearest < limit) {
            note_close_pairs(job, block, seen)?;
        }
    }
    Ok(())
}

fn note_close_pairs(job: Job, block: &Block, seen: &mut Sightings) -> Result<()> {
    let conf = job.conf;
    for c in 0..job.members.len() {
        for k in block.of(c) {
            let (i, j, r) = (job.atom(c), block.j[k] as usize, block.r[k]);
            if r == 0.0 {
                let (a, b) = (conf.name(i), conf.name(j));
                return Err(Error::NonFinite(format!("{a} and {b} are at the same place: their distance is 0")));
            }
            if job.model.contract.min_nbor_dist.is_some_and(|limit| r < limit) {
                seen.close(ClosePair { i, j, r });
            }
        }
    }
    Ok(())
}
