// SPDX-License-Identifier: MIT
//! One chunk: a few centers of one type taken from positions to energies and forces by one worker.

use crate::descriptor::{self, Pairs};
use crate::environment::Radial;
use crate::error::Result;
use crate::job::Job;
use crate::model::{Model, PairKind};
use crate::neighborhood::{self, Block};
use crate::networks::Networks;
use crate::shapes::{matrix, matrix_mut};
use crate::share::Share;
use crate::times::Stopwatch;
use crate::vectors::virial;

/// One thread's way to evaluate a chunk.
pub trait ChunkWorker: Send {
    /// Centers per chunk that suit this worker.
    fn centers_per_chunk(&self) -> usize;

    /// Evaluates the centers of a job and adds their energies, forces and virials to `share`.
    ///
    /// # Errors
    /// What the networks report; a result that is not finite, with the atom; `sel` exceeded where that is an error.
    fn evaluate(&mut self, job: Job, share: &mut Share) -> Result<()>;

    /// Bytes of its buffers, without those of the networks.
    fn bytes(&self) -> usize;
}

/// The exact path: every network is run. Networks and the arrays that only live while a chunk is worked on.
pub struct Worker<N: ?Sized = dyn Networks> {
    pub(crate) networks: Box<N>,
    blocks: Vec<Block>,
    /// Per neighbor type: radial functions, s, G and dG/ds of all pairs of the chunk.
    radials: Vec<Vec<Radial>>,
    s: Vec<Vec<f64>>,
    g: Vec<Vec<f64>>,
    dg: Vec<Vec<f64>>,
    t: Vec<f64>,
    gt: Vec<f64>,
    d: Vec<f64>,
    gd: Vec<f64>,
    param: Vec<f64>,
    energies: Vec<f64>,
    f: [Vec<f64>; 3],
}

impl<N: Networks + ?Sized> ChunkWorker for Worker<N> {
    /// Few enough for the embeddings to stay in the cache.
    fn centers_per_chunk(&self) -> usize {
        32
    }

    fn bytes(&self) -> usize {
        let nested = [&self.s, &self.g, &self.dg].into_iter().flatten().map(Vec::capacity).sum::<usize>();
        let flat = [&self.t, &self.gt, &self.d, &self.gd, &self.param].map(Vec::capacity).iter().sum::<usize>();
        (nested + flat) * size_of::<f64>() + self.blocks.iter().map(Block::bytes).sum::<usize>()
    }

    fn evaluate(&mut self, job: Job, share: &mut Share) -> Result<()> {
        let Job { model, center_type: center, .. } = job;
        let n = job.members.len();
        let mut watch = Stopwatch::start();
        neighborhood::collect(job, &mut self.blocks, &mut share.seen)?;
        watch.lap(&mut share.times.neighbors);
        self.embed(model, center)?;
        watch.lap(&mut share.times.environment);
        self.describe(model, center, n);
        watch.lap(&mut share.times.descriptor);
        job.parameters(&mut self.param);
        self.energies.clear();
        self.energies.resize(n, 0.0);
        self.gd.resize(self.d.len(), 0.0);
        let inputs = model.contract.descriptor_len();
        self.networks.fit(
            center,
            matrix("descriptor", &self.d, [n, inputs])?,
            matrix("param", &self.param, [n, model.contract.numb_param()])?,
            &mut self.energies,
            matrix_mut("gradient", &mut self.gd, [n, inputs])?,
        )?;
        self.gd.iter_mut().for_each(|g| *g *= model.contract.energy_scale[center]);
        watch.lap(&mut share.times.fitting);
        self.forces(job, share)?;
        watch.lap(&mut share.times.descriptor);
        Ok(())
    }
}

impl<N: Networks + ?Sized> Worker<N> {
    /// A worker around its own networks.
    #[must_use]
    pub fn new(networks: Box<N>) -> Self {
        Self {
            networks,
            blocks: Vec::new(),
            radials: Vec::new(),
            s: Vec::new(),
            g: Vec::new(),
            dg: Vec::new(),
            t: Vec::new(),
            gt: Vec::new(),
            d: Vec::new(),
            gd: Vec::new(),
            param: Vec::new(),
            energies: Vec::new(),
            f: Default::default(),
        }
    }

    fn embed(&mut self, model: &Model, center: usize) -> Result<()> {
        let m = model.contract.width();
        self.radials.resize_with(self.blocks.len(), Vec::new);
        for buffers in [&mut self.s, &mut self.g, &mut self.dg] {
            buffers.resize_with(self.blocks.len(), Vec::new);
        }
        for (neighbor, block) in self.blocks.iter().enumerate() {
            let (s, g, dg) = (&mut self.s[neighbor], &mut self.g[neighbor], &mut self.dg[neighbor]);
            descriptor::environment(model, center, block, &mut self.radials[neighbor], s);
            if model.kind(center, neighbor) == PairKind::Active && !s.is_empty() {
                g.resize(s.len() * m, 0.0);
                dg.resize(s.len() * m, 0.0);
                let shape = [s.len(), m];
                self.networks.embed(center, neighbor, s, matrix_mut("g", g, shape)?, matrix_mut("dg", dg, shape)?)?;
            }
        }
        Ok(())
    }

    /// The pairs of a center of the chunk with neighbors of one type.
    fn pairs(&self, model: &Model, center: usize, neighbor: usize, c: usize) -> Pairs<'_> {
        let (block, m) = (&self.blocks[neighbor], model.contract.width());
        let range = block.of(c);
        let mut pairs = Pairs::new(block, range.clone(), &self.radials[neighbor], &self.s[neighbor]);
        if model.kind(center, neighbor) == PairKind::Active {
            let embedded = range.start * m..range.end * m;
            (pairs.g, pairs.dg) = (&self.g[neighbor][embedded.clone()], &self.dg[neighbor][embedded]);
        }
        pairs
    }

    /// T and D of all centers.
    fn describe(&mut self, model: &Model, center: usize, n: usize) {
        let (m, axis) = (model.contract.width(), model.contract.axis_neuron);
        let (mut t, mut d) = (std::mem::take(&mut self.t), std::mem::take(&mut self.d));
        t.resize(n * 4 * m, 0.0);
        d.resize(n * m * axis, 0.0);
        for (c, (t, d)) in t.chunks_exact_mut(4 * m).zip(d.chunks_exact_mut(m * axis)).enumerate() {
            descriptor::start(model, center, t);
            for neighbor in 0..self.blocks.len() {
                descriptor::add_neighbors(model, center, neighbor, self.pairs(model, center, neighbor, c), t);
            }
            descriptor::contract_t(t, d);
        }
        (self.t, self.d) = (t, d);
    }

    fn forces(&mut self, job: Job, share: &mut Share) -> Result<()> {
        let Job { model, center_type: center, .. } = job;
        let (m, axis) = (model.contract.width(), model.contract.axis_neuron);
        let (scale, shift) = (model.contract.energy_scale[center], model.contract.energy_shift[center]);
        let (mut gt, mut f) = (std::mem::take(&mut self.gt), std::mem::take(&mut self.f));
        gt.resize(4 * m, 0.0);
        for c in 0..job.members.len() {
            let gd = &self.gd[c * m * axis..(c + 1) * m * axis];
            descriptor::contract_t_backward(&self.t[c * 4 * m..(c + 1) * 4 * m], gd, &mut gt);
            let (mut reaction, mut neighbors) = ([0.0; 3], 0);
            for (neighbor, block) in self.blocks.iter().enumerate() {
                neighbors += block.of(c).len();
                if model.kind(center, neighbor) == PairKind::Active {
                    let pairs = self.pairs(model, center, neighbor, c);
                    descriptor::neighbor_forces(model, center, &gt, pairs, &mut f);
                    let (j, f) = (&block.j[block.of(c)], [&*f[0], &*f[1], &*f[2]]);
                    let of_block = share.add_forces(j, f);
                    share.add_virials(j, pairs.x, f, virial(pairs.x, f));
                    reaction.iter_mut().zip(of_block).for_each(|(r, b)| *r += b);
                }
            }
            share.add_center(job, c, self.energies[c] * scale + shift, reaction, neighbors)?;
        }
        (self.gt, self.f) = (gt, f);
        Ok(())
    }
}
