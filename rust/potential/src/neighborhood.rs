// SPDX-License-Identifier: MIT
//! The neighbors that count: within the cutoff, visible, grouped by type, at most `sel` (the nearest) of each type.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::guards::{ClosePair, Overflow, Sightings};
use crate::job::Job;
use crate::listing::Listing;

/// All pairs of a chunk of centers with neighbors of one type, center by center; an array for each of their properties, which may go on
/// after the last pair.
#[derive(Debug, Clone, Default)]
pub struct Block {
    j: Vec<i32>,
    x: [Vec<f64>; 3],
    r: Vec<f64>,
    /// Where the pairs of each center of the chunk start, and where the last ones end.
    pub start: Vec<usize>,
}

impl Block {
    /// Number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.start.last().copied().unwrap_or(0)
    }

    /// The pairs of one center of the chunk.
    #[must_use]
    pub fn of(&self, c: usize) -> Range<usize> {
        self.start[c]..self.start[c + 1]
    }

    /// All pairs: the center in the chunk, and the position here.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let centers = 0..self.start.len().saturating_sub(1);
        centers.flat_map(|c| self.of(c).map(move |k| (c, k)))
    }

    /// Indices of the neighbors of some pairs.
    #[must_use]
    pub fn j(&self, pairs: Range<usize>) -> &[i32] {
        &self.j[pairs]
    }

    /// Distances of some pairs, A.
    #[must_use]
    pub fn r(&self, pairs: Range<usize>) -> &[f64] {
        &self.r[pairs]
    }

    /// Vectors of some pairs from the center to the neighbor, A.
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

    /// Makes room for so many pairs.
    fn reserve(&mut self, pairs: usize) {
        if self.j.len() < pairs {
            self.j.resize(pairs, 0);
            self.r.resize(pairs, 0.0);
            self.x.iter_mut().for_each(|x| x.resize(pairs, 0.0));
        }
    }

    /// Moves the first `kept[c]` pairs of each center together; the others are dropped.
    fn close_gaps(&mut self, kept: &[usize]) {
        let mut end = 0;
        for (c, &kept) in kept.iter().enumerate() {
            let first = self.start[c];
            self.start[c] = end;
            for from in first..first + kept {
                self.j[end] = self.j[from];
                self.r[end] = self.r[from];
                self.x.iter_mut().for_each(|x| x[end] = x[from]);
                end += 1;
            }
        }
        if let Some(last) = self.start.last_mut() {
            *last = end;
        }
    }

    /// DeePMD-kit's truncation: of the pairs `range`, only the `sel` nearest stay (in front).
    fn keep_nearest(&mut self, range: Range<usize>, sel: usize) {
        let mut order: Vec<usize> = range.clone().collect();
        order.sort_by(|&a, &b| self.r[a].total_cmp(&self.r[b]));
        order.truncate(sel);
        let kept: Vec<_> =
            order.iter().map(|&k| (self.j[k], [self.x[0][k], self.x[1][k], self.x[2][k]], self.r[k])).collect();
        for (to, (j, x, r)) in range.zip(kept) {
            (self.j[to], self.r[to]) = (j, r);
            self.x.iter_mut().zip(x).for_each(|(all, x)| all[to] = x);
        }
    }
}

/// The neighbors of a chunk of centers, for every listing of a model: all that a model sees of the atoms. Models that list alike see
/// the same.
#[derive(Debug, Default)]
pub struct Neighborhood {
    /// By the number of the listing and the type of the neighbors.
    blocks: Vec<Vec<Block>>,
    overflows: Sightings,
    /// The smallest distance, A.
    nearest: f64,
}

impl Neighborhood {
    /// Collects the neighbors of a job's centers.
    ///
    /// # Errors
    /// Two atoms at the same place, or too many neighbors where that is an error.
    pub fn collect(&mut self, job: Job) -> Result<()> {
        (self.overflows, self.nearest) = (Sightings::default(), f64::INFINITY);
        self.blocks.resize_with(job.model.listings().count(), Vec::new);
        for (of, blocks) in job.model.listings().zip(&mut self.blocks) {
            let nearest = collect(job, of, blocks, &mut self.overflows)?;
            self.nearest = self.nearest.min(nearest);
        }
        Ok(())
    }

    /// What a model's guards see in it.
    #[must_use]
    pub fn seen(&self, job: Job) -> Sightings {
        let (mut seen, limit) = (self.overflows, job.model.contract.closest_pair());
        if self.nearest < limit {
            // Every descriptor sees the same pairs: they are counted once.
            for block in &self.blocks[0] {
                let close = block.pairs().filter(|&(_, k)| block.r[k] < limit);
                close
                    .for_each(|(c, k)| seen.close(ClosePair { i: job.atom(c), j: block.j[k] as usize, r: block.r[k] }));
            }
        }
        seen
    }

    /// The neighbors of one listing, a block for each type of theirs.
    #[must_use]
    pub fn of(&self, listing: &Listing) -> &[Block] {
        &self.blocks[listing.number]
    }

    /// The smallest distance of all pairs that are listed, A.
    #[must_use]
    pub fn nearest(&self) -> f64 {
        self.nearest
    }

    /// Bytes of its arrays.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.blocks.iter().flatten().map(Block::bytes).sum()
    }
}

/// Collects the neighbors of a job's centers for one listing into one block per neighbor type; returns the smallest distance.
fn collect(job: Job, of: &Listing, blocks: &mut Vec<Block>, seen: &mut Sightings) -> Result<f64> {
    blocks.resize_with(of.ntypes, Block::default);
    let mut smallest = f64::INFINITY;
    for (neighbor_type, block) in blocks.iter_mut().enumerate() {
        smallest = collect_type(job, of, neighbor_type, block, seen)?.min(smallest);
    }
    if of.mixed_types {
        keep_nearest_of_all(job, of, blocks, seen)?;
    }
    for block in &mut *blocks {
        let pairs = block.len();
        block.r[..pairs].iter_mut().for_each(|r| *r = r.sqrt());
    }
    if smallest == 0.0 {
        for block in blocks {
            if let Some((c, k)) = block.pairs().find(|&(_, k)| block.r[k] == 0.0) {
                let (a, b) = (job.conf.name(job.atom(c)), job.conf.name(block.j[k] as usize));
                return Err(Error::NonFinite(format!("{a} and {b} are at the same place: their distance is 0")));
            }
        }
    }
    Ok(smallest.sqrt())
}

/// One block; `r` receives squares of distances, the smallest of which is returned.
fn collect_type(job: Job, of: &Listing, neighbor_type: usize, block: &mut Block, seen: &mut Sightings) -> Result<f64> {
    let Job { conf, members, .. } = job;
    let (positions, _) = conf.coordinates()?.as_chunks::<3>();
    let sel = if of.mixed_types { usize::MAX } else { of.sel[neighbor_type] };
    block.reserve(members.iter().map(|&k| job.neighbors(of, k, neighbor_type).len()).sum());
    block.start.clear();
    block.start.push(0);
    let (mut end, mut smallest) = (0, f64::INFINITY);
    for (c, &k) in members.iter().enumerate() {
        let first = end;
        let origin = positions[job.atom(c)];
        let listed = job.neighbors(of, k, neighbor_type);
        let here = first..first + listed.len();
        let [x, y, z] = block.x.each_mut().map(|x| &mut x[here.clone()]);
        let (of_j, r) = (&mut block.j[here.clone()], &mut block.r[here]);
        let mut found = 0;
        for &j in listed {
            let p = positions[j as usize];
            let d = [p[0] - origin[0], p[1] - origin[1], p[2] - origin[2]];
            let r_sq = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
            // Written in any case, and overwritten by the next one where it is too far: no branch to mispredict.
            of_j[found] = j;
            (x[found], y[found], z[found]) = (d[0], d[1], d[2]);
            r[found] = r_sq;
            found += usize::from(r_sq < of.rcut_sq);
            smallest = if r_sq < smallest { r_sq } else { smallest };
        }
        end = first + found;
        if found > sel {
            let neighbor_type = Some(neighbor_type);
            note_overflow(job, Overflow { center: job.atom(c), rcut: of.rcut, neighbor_type, found, kept: sel }, seen)?;
            block.keep_nearest(first..end, sel);
            end = first + sel;
        }
        block.start.push(end);
    }
    Ok(smallest)
}

/// Of each center's neighbors of all types, only the `sel` nearest stay.
fn keep_nearest_of_all(job: Job, of: &Listing, blocks: &mut [Block], seen: &mut Sightings) -> Result<()> {
    let sel = of.sel[0];
    let count = |blocks: &[Block], c: usize| blocks.iter().map(|b| b.of(c).len()).sum::<usize>();
    if (0..job.members.len()).all(|c| count(blocks, c) <= sel) {
        return Ok(());
    }
    // Per center, how many of each block stay.
    let mut kept: Vec<Vec<usize>> = blocks.iter().map(|_| Vec::with_capacity(job.members.len())).collect();
    for c in 0..job.members.len() {
        let found = count(blocks, c);
        if found <= sel {
            kept.iter_mut().zip(&*blocks).for_each(|(kept, block)| kept.push(block.of(c).len()));
            continue;
        }
        note_overflow(
            job,
            Overflow { center: job.atom(c), rcut: of.rcut, neighbor_type: None, found, kept: sel },
            seen,
        )?;
        let all = blocks.iter().enumerate().flat_map(|(b, block)| block.r[block.of(c)].iter().map(move |&r| (r, b)));
        let mut order: Vec<(f64, usize)> = all.collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (b, (block, kept)) in blocks.iter_mut().zip(&mut kept).enumerate() {
            let count = order[..sel].iter().filter(|(_, of_block)| *of_block == b).count();
            block.keep_nearest(block.of(c), count);
            kept.push(count);
        }
    }
    blocks.iter_mut().zip(&kept).for_each(|(block, kept)| block.close_gaps(kept));
    Ok(())
}

/// # Errors
/// Where more neighbors than `sel` are an error.
fn note_overflow(job: Job, overflow: Overflow, seen: &mut Sightings) -> Result<()> {
    if job.sel_error {
        return Err(Error::Sel(overflow.describe(job.model, job.conf)));
    }
    seen.overflow(overflow);
    Ok(())
}
