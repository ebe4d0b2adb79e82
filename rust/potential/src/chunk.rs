//! One chunk: a few centres of one type taken from positions to energies and pair forces by one worker.

use crate::configuration::Configuration;
use crate::descriptor;
use crate::error::{Error, Result};
use crate::guards::Sightings;
use crate::model::{Model, PairKind};
use crate::neighborhood::{self, Block};
use crate::networks::Networks;
use crate::tabulated::Real;

/// What a worker is asked for: some centres of one type.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The model.
    pub model: &'a Model,
    /// All atoms.
    pub conf: &'a Configuration<'a>,
    /// Type of the centres.
    pub center: usize,
    /// The centres, as positions in `conf.centers`.
    pub members: &'a [u32],
    /// Whether more neighbours than `sel` are an error.
    pub sel_error: bool,
}

impl Job<'_> {
    /// Index of centre `c` of the chunk among the atoms.
    #[must_use]
    pub fn atom(&self, c: usize) -> usize {
        self.conf.centers[self.members[c] as usize] as usize
    }

    /// Frame and atomic parameters of each centre, as the fitting nets take them.
    pub fn parameters<R: Real>(&self, to: &mut Vec<R>) {
        to.clear();
        let contract = &self.model.contract;
        let na = contract.numb_aparam;
        if contract.numb_param() > 0 {
            for c in 0..self.members.len() {
                let of_atom = &self.conf.aparam[self.atom(c) * na..(self.atom(c) + 1) * na];
                to.extend(self.conf.fparam_or_default(contract).iter().chain(of_atom).map(|&p| R::from_f64(p)));
            }
        }
    }
}

/// One thread's way to evaluate a chunk.
pub trait ChunkWorker: Send {
    /// Evaluates the centres of a job.
    ///
    /// # Errors
    /// What the networks report; a result that is not finite, with the atom; `sel` exceeded where that is an error.
    fn evaluate(&mut self, job: Job, chunk: &mut Chunk) -> Result<()>;

    /// Bytes of its buffers, without those of the networks.
    fn bytes(&self) -> usize;
}

/// The exact path: every network is run. Networks and the arrays that only live while a chunk is worked on.
pub struct Worker<N: ?Sized = dyn Networks> {
    pub(crate) networks: Box<N>,
    /// Per neighbour type: s, G and dG/ds of all pairs of the chunk.
    s: Vec<Vec<f64>>,
    g: Vec<Vec<f64>>,
    dg: Vec<Vec<f64>>,
    t: Vec<f64>,
    gt: Vec<f64>,
    d: Vec<f64>,
    gd: Vec<f64>,
    param: Vec<f64>,
}

/// What a chunk leaves behind for the ordered reduction.
#[derive(Debug, Default)]
pub struct Chunk {
    /// One block of pairs, with their forces, per neighbour type.
    pub blocks: Vec<Block>,
    /// Energy of each centre, eV.
    pub energies: Vec<f64>,
    /// What the guards saw.
    pub seen: Sightings,
}

impl Chunk {
    /// Starts anew with the neighbours of a job's centres.
    ///
    /// # Errors
    /// See [`neighborhood::collect`].
    pub(crate) fn collect(&mut self, job: Job) -> Result<()> {
        self.blocks.resize_with(job.model.contract.ntypes(), Block::default);
        self.seen = Sightings::default();
        neighborhood::collect(job, &mut self.blocks, &mut self.seen)
    }

    /// Nothing that is not finite leaves a chunk.
    pub(crate) fn check_finite(&self, job: Job) -> Result<()> {
        for (c, energy) in self.energies.iter().enumerate() {
            let forces_ok = self.blocks.iter().all(|b| b.of(c).iter().all(|p| p.f.iter().all(|f| f.is_finite())));
            if !forces_ok || !energy.is_finite() {
                let name = job.conf.name(job.atom(c));
                let neighbors: usize = self.blocks.iter().map(|b| b.of(c).len()).sum();
                return Err(Error::NonFinite(format!(
                    "energy or force of {name} is not finite (energy {energy} eV, {neighbors} neighbours): the model was left \
                     far outside its training data"
                )));
            }
        }
        Ok(())
    }

    /// Bytes of its buffers.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let pairs: usize = self.blocks.iter().map(|b| b.pairs.capacity()).sum();
        pairs * size_of::<neighborhood::Pair>() + self.energies.capacity() * size_of::<f64>()
    }
}

impl<N: Networks + ?Sized> ChunkWorker for Worker<N> {
    fn bytes(&self) -> usize {
        let nested = [&self.s, &self.g, &self.dg].into_iter().flatten().map(Vec::capacity).sum::<usize>();
        let flat = [&self.t, &self.gt, &self.d, &self.gd, &self.param].map(Vec::capacity).iter().sum::<usize>();
        (nested + flat) * size_of::<f64>()
    }

    fn evaluate(&mut self, job: Job, chunk: &mut Chunk) -> Result<()> {
        let Job { model, center, .. } = job;
        let n = job.members.len();
        chunk.collect(job)?;
        self.embed(model, center, &chunk.blocks)?;
        self.describe(model, center, n, &chunk.blocks);
        job.parameters(&mut self.param);
        chunk.energies.clear();
        chunk.energies.resize(n, 0.0);
        self.gd.resize(self.d.len(), 0.0);
        self.networks.fit(center, &self.d, &self.param, &mut chunk.energies, &mut self.gd)?;
        let (scale, shift) = (model.contract.energy_scale[center], model.contract.energy_shift[center]);
        chunk.energies.iter_mut().for_each(|e| *e = *e * scale + shift);
        self.gd.iter_mut().for_each(|g| *g *= scale);
        self.forces(model, center, n, &mut chunk.blocks);
        chunk.check_finite(job)
    }
}

impl<N: Networks + ?Sized> Worker<N> {
    /// A worker around its own networks.
    #[must_use]
    pub fn new(networks: Box<N>) -> Self {
        let (s, g, dg) = (Vec::new(), Vec::new(), Vec::new());
        Self { networks, s, g, dg, t: Vec::new(), gt: Vec::new(), d: Vec::new(), gd: Vec::new(), param: Vec::new() }
    }

    fn embed(&mut self, model: &Model, center: usize, blocks: &[Block]) -> Result<()> {
        let m = model.contract.width();
        for buffers in [&mut self.s, &mut self.g, &mut self.dg] {
            buffers.resize_with(blocks.len(), Vec::new);
        }
        for (neighbor, block) in blocks.iter().enumerate() {
            let (s, g, dg) = (&mut self.s[neighbor], &mut self.g[neighbor], &mut self.dg[neighbor]);
            descriptor::normalized_s(model, center, block, s);
            if model.kind(center, neighbor) == PairKind::Active && !s.is_empty() {
                g.resize(s.len() * m, 0.0);
                dg.resize(s.len() * m, 0.0);
                self.networks.embed(center, neighbor, s, g, dg)?;
            }
        }
        Ok(())
    }

    /// T and D of all centres.
    fn describe(&mut self, model: &Model, center: usize, n: usize, blocks: &[Block]) {
        let (m, axis) = (model.contract.width(), model.contract.axis_neuron);
        self.t.resize(n * 4 * m, 0.0);
        self.d.resize(n * m * axis, 0.0);
        for c in 0..n {
            let t = &mut self.t[c * 4 * m..(c + 1) * 4 * m];
            descriptor::start(model, center, t);
            for (neighbor, block) in blocks.iter().enumerate() {
                let (first, end) = (block.start[c], block.start[c + 1]);
                let active = model.kind(center, neighbor) == PairKind::Active;
                let g = if active { &self.g[neighbor][first * m..end * m] } else { &[] };
                descriptor::add_neighbors(model, center, neighbor, block.of(c), &self.s[neighbor][first..end], g, t);
            }
            descriptor::contract_t(t, axis, &mut self.d[c * m * axis..(c + 1) * m * axis]);
        }
    }

    fn forces(&mut self, model: &Model, center: usize, n: usize, blocks: &mut [Block]) {
        let (m, axis) = (model.contract.width(), model.contract.axis_neuron);
        self.gt.resize(4 * m, 0.0);
        for c in 0..n {
            let gd = &self.gd[c * m * axis..(c + 1) * m * axis];
            descriptor::contract_t_backward(&self.t[c * 4 * m..(c + 1) * 4 * m], axis, gd, &mut self.gt);
            for (neighbor, block) in blocks.iter_mut().enumerate() {
                if model.kind(center, neighbor) == PairKind::Active {
                    let (first, end) = (block.start[c], block.start[c + 1]);
                    let (g, dg) = (&self.g[neighbor][first * m..end * m], &self.dg[neighbor][first * m..end * m]);
                    let s = &self.s[neighbor][first..end];
                    descriptor::neighbor_forces(model, center, &self.gt, &mut block.pairs[first..end], s, g, dg);
                }
            }
        }
    }
}
