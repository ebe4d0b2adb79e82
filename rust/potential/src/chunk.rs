// SPDX-License-Identifier: MIT
//! One chunk: a few centers of one type taken from positions to energies and forces by one worker.

use crate::descriptor::{self, Pairs};
use crate::environment::Radial;
use crate::error::Result;
use crate::job::Job;
use crate::listing::PairKind;
use crate::model::Descriptor;
use crate::neighborhood::{Block, Neighborhood};
use crate::networks::Networks;
use crate::pair_energy::PairWork;
use crate::shapes::{matrix, matrix_mut};
use crate::share::Share;
use crate::times::Stopwatch;
use crate::vectors::virial;

/// One thread's way to evaluate a chunk.
pub trait ChunkWorker: Send {
    /// Centers per chunk that suit this worker.
    fn centers_per_chunk(&self) -> usize;

    /// Evaluates the centers of a job, which have the neighbors `around`, and adds their energies, forces and virials to `share`.
    ///
    /// # Errors
    /// What the networks report; a result that is not finite, with the atom.
    fn evaluate(&mut self, job: Job, around: &Neighborhood, share: &mut Share) -> Result<()>;

    /// Bytes of its buffers, without those of the networks.
    fn bytes(&self) -> usize;
}

/// The exact path: every network is run. Networks and the arrays that only live while a chunk is worked on.
pub struct Worker<N: ?Sized = dyn Networks> {
    pub(crate) networks: Box<N>,
    parts: Vec<PartWork>,
    pairs: PairWork,
    gt: Vec<f64>,
    d: Vec<f64>,
    gd: Vec<f64>,
    param: Vec<f64>,
    energies: Vec<f64>,
    f: [Vec<f64>; 3],
}

/// The arrays of one descriptor.
#[derive(Default)]
struct PartWork {
    /// Per neighbor type: radial functions, s, G and dG/ds of all pairs of the chunk.
    radials: Vec<Vec<Radial>>,
    s: Vec<Vec<f64>>,
    g: Vec<Vec<f64>>,
    dg: Vec<Vec<f64>>,
    t: Vec<f64>,
}

impl<N: Networks + ?Sized> ChunkWorker for Worker<N> {
    /// Few enough for the embeddings to stay in the cache.
    fn centers_per_chunk(&self) -> usize {
        32
    }

    fn bytes(&self) -> usize {
        let parts: usize = self.parts.iter().map(PartWork::bytes).sum();
        let flat = [&self.gt, &self.d, &self.gd, &self.param].map(Vec::capacity).iter().sum::<usize>();
        parts + self.pairs.bytes() + flat * size_of::<f64>()
    }

    fn evaluate(&mut self, job: Job, around: &Neighborhood, share: &mut Share) -> Result<()> {
        let Job { model, center_type: center, .. } = job;
        let n = job.members.len();
        let mut watch = Stopwatch::start();
        if let Some(of) = &model.pair_energy {
            self.pairs.weigh(job, of, around);
        }
        watch.lap(&mut share.times.neighbors);
        self.parts.resize_with(model.parts.len(), PartWork::default);
        for (of, part) in model.parts.iter().zip(&mut self.parts) {
            part.embed(of, center, around.of(&of.listing), self.networks.as_mut())?;
        }
        watch.lap(&mut share.times.environment);
        let inputs = model.contract.descriptor_len();
        self.d.resize(n * inputs, 0.0);
        for (of, part) in model.parts.iter().zip(&mut self.parts) {
            part.describe(of, center, around.of(&of.listing), &mut self.d, inputs);
        }
        watch.lap(&mut share.times.descriptor);
        job.parameters(&mut self.param);
        self.energies.clear();
        self.energies.resize(n, 0.0);
        self.gd.resize(self.d.len(), 0.0);
        self.networks.fit(
            center,
            matrix("descriptor", &self.d, [n, inputs])?,
            matrix("param", &self.param, [n, model.contract.numb_param()])?,
            &mut self.energies,
            matrix_mut("gradient", &mut self.gd, [n, inputs])?,
        )?;
        self.gd.iter_mut().for_each(|g| *g *= model.contract.energy_scale[center]);
        if let Some(of) = &model.pair_energy {
            self.pairs.weigh_gradients(of, &mut self.gd, inputs);
        }
        watch.lap(&mut share.times.fitting);
        self.forces(job, around, share)?;
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
            parts: Vec::new(),
            pairs: PairWork::default(),
            gt: Vec::new(),
            d: Vec::new(),
            gd: Vec::new(),
            param: Vec::new(),
            energies: Vec::new(),
            f: Default::default(),
        }
    }

    fn forces(&mut self, job: Job, around: &Neighborhood, share: &mut Share) -> Result<()> {
        let Job { model, center_type: center, .. } = job;
        let inputs = model.contract.descriptor_len();
        let (scale, shift) = (model.contract.energy_scale[center], model.contract.energy_shift[center]);
        for c in 0..job.members.len() {
            let (mut reaction, mut neighbors) = ([0.0; 3], 0);
            for (of, part) in model.parts.iter().zip(&self.parts) {
                let first = c * inputs + of.first;
                let (m, gd) = (of.part.width(), &self.gd[first..first + of.part.len()]);
                self.gt.resize(4 * m, 0.0);
                of.contraction.backward(&part.t[c * 4 * m..(c + 1) * 4 * m], gd, &mut self.gt);
                for (neighbor, block) in around.of(&of.listing).iter().enumerate() {
                    neighbors += block.of(c).len();
                    if of.kind(center, neighbor) == PairKind::Active {
                        let pairs = part.pairs(of, center, (neighbor, block), c);
                        descriptor::neighbor_forces(of, center, &self.gt, pairs, &mut self.f);
                        let (j, f) = (block.j(block.of(c)), [&*self.f[0], &*self.f[1], &*self.f[2]]);
                        let of_block = share.add_forces(j, f);
                        share.add_virials(j, pairs.x, f, virial(pairs.x, f));
                        reaction.iter_mut().zip(of_block).for_each(|(r, b)| *r += b);
                    }
                }
            }
            let mut energy = self.energies[c] * scale + shift;
            if let Some(of) = &model.pair_energy {
                energy = self.pairs.finish(job, of, around, (c, energy), share, &mut reaction);
            }
            share.add_center(job, c, energy, reaction, neighbors)?;
        }
        Ok(())
    }
}

impl PartWork {
    fn embed(
        &mut self,
        of: &Descriptor,
        center: usize,
        blocks: &[Block],
        networks: &mut (impl Networks + ?Sized),
    ) -> Result<()> {
        let m = of.part.width();
        self.radials.resize_with(blocks.len(), Vec::new);
        for buffers in [&mut self.s, &mut self.g, &mut self.dg] {
            buffers.resize_with(blocks.len(), Vec::new);
        }
        for (neighbor, block) in blocks.iter().enumerate() {
            let (s, g, dg) = (&mut self.s[neighbor], &mut self.g[neighbor], &mut self.dg[neighbor]);
            let radials = &mut self.radials[neighbor];
            descriptor::environment(of, center, block, radials, s);
            if of.kind(center, neighbor) == PairKind::Active && !s.is_empty() {
                g.resize(s.len() * m, 0.0);
                dg.resize(s.len() * m, 0.0);
                let shape = [s.len(), m];
                networks.embed(
                    of.pair(center, neighbor),
                    s,
                    matrix_mut("g", g, shape)?,
                    matrix_mut("dg", dg, shape)?,
                )?;
                if let Some(gate) = of.gate(center, neighbor) {
                    gate.apply_by_s(radials, of.part.dstd[center][0], g, dg);
                }
            }
        }
        Ok(())
    }

    /// The pairs of a center of the chunk with neighbors of one type.
    fn pairs<'a>(
        &'a self,
        of: &Descriptor,
        center: usize,
        (neighbor, block): (usize, &'a Block),
        c: usize,
    ) -> Pairs<'a> {
        let m = of.part.width();
        let range = block.of(c);
        let mut pairs = Pairs::new(block, range.clone(), &self.radials[neighbor], &self.s[neighbor]);
        if of.kind(center, neighbor) == PairKind::Active {
            let embedded = range.start * m..range.end * m;
            (pairs.g, pairs.dg) = (&self.g[neighbor][embedded.clone()], &self.dg[neighbor][embedded]);
        }
        pairs
    }

    /// T of all centers, and this descriptor's values among the `inputs` of each.
    fn describe(&mut self, of: &Descriptor, center: usize, blocks: &[Block], d: &mut [f64], inputs: usize) {
        let m = of.part.width();
        let mut t = std::mem::take(&mut self.t);
        t.resize(d.len() / inputs * 4 * m, 0.0);
        for (c, (t, d)) in t.chunks_exact_mut(4 * m).zip(d.chunks_exact_mut(inputs)).enumerate() {
            descriptor::start(of, center, t);
            for (neighbor, block) in blocks.iter().enumerate() {
                let pairs = self.pairs(of, center, (neighbor, block), c);
                descriptor::add_neighbors(of, center, neighbor, pairs, t);
            }
            of.contraction.apply(t, &mut d[of.first..of.first + of.part.len()]);
        }
        self.t = t;
    }

    fn bytes(&self) -> usize {
        let nested = [&self.s, &self.g, &self.dg].into_iter().flatten().map(Vec::capacity).sum::<usize>();
        (nested + self.t.capacity()) * size_of::<f64>()
    }
}
