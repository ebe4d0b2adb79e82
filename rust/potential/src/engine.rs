//! The step: centres in chunks of one type, chunks shared out to threads, results added up in a fixed order.
//!
//! Chunks and their order depend on the configuration alone, and sums over chunks are made by one thread in that order:
//! the same bits for any number of threads. Chunks are worked on in waves of [`WAVE`], so memory does not grow with the
//! number of atoms beyond the per-atom sums.

use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

use crate::check::{self, Check};
use crate::chunk::{Chunk, ChunkWorker, Job, Worker};
use crate::configuration::{Configuration, Results, Totals};
use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::guards::Sightings;
use crate::model::Model;
use crate::networks::{Networks, TypedNetworks, WholeModel};
use crate::tabulated::{InstructionSet, Kernels, TableSettings, TableSummary, Tables, TabulatedWorker};

/// Centres per chunk: enough rows for an efficient matrix product, few enough for the embeddings to stay in the cache.
const CHUNK: usize = 32;
/// Chunks between two reductions.
const WAVE: usize = 32;

/// Centres of one type, as positions in the list of centres.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) center_type: usize,
    pub(crate) members: Vec<u32>,
}

/// A Deep Potential ready to evaluate configurations.
pub struct Engine {
    model: Model,
    sel_error: bool,
    workers: Vec<Mutex<Box<dyn ChunkWorker>>>,
    tables: Option<TableSummary>,
    /// None: everything runs on the caller's thread.
    pool: Option<rayon::ThreadPool>,
    groups: Vec<Group>,
    chunks: Vec<Chunk>,
    sums: Sums,
}

/// Per-atom sums of one evaluation, kept apart from the caller's arrays so that an error leaves those untouched.
#[derive(Debug, Default)]
struct Sums {
    f: Vec<f64>,
    e: Vec<f64>,
    /// 9 per atom, in the order of [`Totals::virial`]; empty: not wanted.
    v: Vec<f64>,
}

impl Engine {
    /// An engine with one thread per element of `networks`. `exact` gives, in float64, what is prepared once.
    ///
    /// # Errors
    /// No networks, or whatever they report.
    pub fn new(
        contract: Contract,
        exact: &mut dyn Networks,
        networks: Vec<Box<dyn Networks>>,
        sel_error: bool,
    ) -> Result<Self> {
        let model = Model::new(contract, exact)?;
        let workers = networks.into_iter().map(|n| Box::new(Worker::new(n)) as Box<dyn ChunkWorker>).collect();
        Self::with_workers(model, workers, None, sel_error)
    }

    /// An engine with tables instead of embedding nets; beyond their reach the nets themselves are run.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn tabulated<R: Kernels>(
        contract: Contract,
        exact: &mut dyn Networks,
        networks: Vec<Box<dyn TypedNetworks<R>>>,
        settings: TableSettings,
        sel_error: bool,
    ) -> Result<Self> {
        let model = Model::new(contract, exact)?;
        let tables = Arc::new(Tables::<R>::build(&model, exact, settings)?);
        let isa = InstructionSet::best();
        let summary = tables.summary(isa);
        let worker =
            |n| Box::new(TabulatedWorker::new(Arc::clone(&tables), isa, Worker::new(n))) as Box<dyn ChunkWorker>;
        Self::with_workers(model, networks.into_iter().map(worker).collect(), Some(summary), sel_error)
    }

    fn with_workers(
        model: Model,
        workers: Vec<Box<dyn ChunkWorker>>,
        tables: Option<TableSummary>,
        sel_error: bool,
    ) -> Result<Self> {
        if workers.is_empty() {
            return Err(Error::Input("at least one thread is needed".into()));
        }
        let threads = workers.len();
        let pool = (threads > 1)
            .then(|| {
                rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("deepion-{i}")).build()
            })
            .transpose()
            .map_err(|e| Error::Engine(format!("cannot start {threads} threads: {e}")))?;
        let workers = workers.into_iter().map(Mutex::new).collect();
        Ok(Self {
            model,
            sel_error,
            workers,
            tables,
            pool,
            groups: Vec::new(),
            chunks: Vec::new(),
            sums: Sums::default(),
        })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What is to be said of the tables, where there are any.
    #[must_use]
    pub fn tables(&self) -> Option<&TableSummary> {
        self.tables.as_ref()
    }

    /// Number of worker threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.len()
    }

    /// Bytes held by the engine's buffers, without the networks.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let sums = (self.sums.f.capacity() + self.sums.e.capacity() + self.sums.v.capacity()) * size_of::<f64>();
        let groups: usize = self.groups.iter().map(|g| g.members.capacity() * size_of::<u32>()).sum();
        let workers: usize = self.workers.iter().map(|w| lock(w).bytes()).sum();
        sums + groups
            + workers
            + self.tables.as_ref().map_or(0, |t| t.bytes)
            + self.chunks.iter().map(Chunk::bytes).sum::<usize>()
    }

    /// Adds energies, forces and virials of all centres to `results`.
    ///
    /// Forces and virials go to centres and neighbours alike, ghosts included: the caller sums ghosts onto their owners.
    /// The virial of a pair is given to the neighbour (DeePMD-kit's `atom_virial`, the form the heat flux needs).
    ///
    /// # Errors
    /// Input that does not fit, values that are not finite, failures of the networks. Then `results` is unchanged.
    pub fn compute(&mut self, conf: &Configuration, results: &mut Results) -> Result<(Totals, Sightings)> {
        self.prepare(conf)?;
        results.check(conf.nall())?;
        let nall = conf.nall();
        let want_virial = !(results.vatom.is_empty() && results.cvatom.is_empty());
        reset(&mut self.sums.f, 3 * nall);
        reset(&mut self.sums.e, if results.eatom.is_empty() { 0 } else { nall });
        reset(&mut self.sums.v, if want_virial { 9 * nall } else { 0 });

        let (model, sel_error) = (&self.model, self.sel_error);
        let mut jobs = Vec::new();
        for Group { center_type, members } in &self.groups {
            let center = *center_type;
            jobs.extend(members.chunks(CHUNK).map(|members| Job { model, conf, center, members, sel_error }));
        }
        self.chunks.resize_with(jobs.len().min(WAVE), Chunk::default);
        let (mut totals, mut seen) = (Totals::default(), Sightings::default());
        for wave in jobs.chunks(WAVE) {
            run(&self.workers, self.pool.as_ref(), wave, &mut self.chunks)?;
            for (job, chunk) in wave.iter().zip(&self.chunks) {
                self.sums.add(*job, chunk, &mut totals);
                seen.merge(&chunk.seen);
            }
        }
        totals.energy *= results.factor;
        totals.virial.iter_mut().for_each(|v| *v *= results.factor);
        self.sums.write(results);
        Ok((totals, seen))
    }

    /// Compares a sample of the configuration's own centres with the model file's own graph in float64.
    ///
    /// # Errors
    /// As [`Engine::compute`], or a failure of the graph.
    pub fn self_check(&mut self, conf: &Configuration, reference: &mut dyn WholeModel) -> Result<Check> {
        self.prepare(conf)?;
        check::run(&self.model, conf, &self.groups, lock(&self.workers[0]).as_mut(), reference)
    }

    fn prepare(&mut self, conf: &Configuration) -> Result<()> {
        conf.check_step(&self.model)?;
        if conf.rebuilt {
            conf.check_rebuild(&self.model)?;
            self.groups.clear();
            for center_type in 0..self.model.contract.ntypes() {
                let of_type = |k: &u32| conf.types[conf.centers[*k as usize] as usize] == center_type as i32;
                let members = (0..conf.centers.len() as u32).filter(of_type).collect();
                self.groups.push(Group { center_type, members });
            }
        }
        Ok(())
    }
}

/// Evaluates one wave; `chunks[k]` receives the result of `wave[k]`. The first error in the order of the wave wins.
fn run(
    workers: &[Mutex<Box<dyn ChunkWorker>>],
    pool: Option<&rayon::ThreadPool>,
    wave: &[Job],
    chunks: &mut [Chunk],
) -> Result<()> {
    let Some(pool) = pool else {
        let mut worker = lock(&workers[0]);
        return wave.iter().zip(chunks).try_for_each(|(job, chunk)| worker.evaluate(*job, chunk));
    };
    let outcome: Vec<Result<()>> = pool.install(|| {
        wave.par_iter()
            .zip(chunks.par_iter_mut())
            .with_max_len(1)
            .map(|(job, chunk)| {
                let thread = rayon::current_thread_index().unwrap_or(0);
                lock(&workers[thread]).evaluate(*job, chunk)
            })
            .collect()
    });
    outcome.into_iter().collect()
}

impl Sums {
    fn add(&mut self, job: Job, chunk: &Chunk, totals: &mut Totals) {
        for (c, &energy) in chunk.energies.iter().enumerate() {
            let i = job.atom(c);
            totals.energy += energy;
            if let Some(e) = self.e.get_mut(i) {
                *e += energy;
            }
            let mut reaction = [0.0; 3];
            for pair in chunk.blocks.iter().flat_map(|b| b.of(c)) {
                let j = pair.j as usize;
                let ([x, y, z], [fx, fy, fz]) = (pair.x, pair.f);
                for (k, f) in pair.f.iter().enumerate() {
                    self.f[3 * j + k] += f;
                    reaction[k] -= f;
                }
                let virial = [x * fx, y * fy, z * fz, x * fy, x * fz, y * fz, y * fx, z * fx, z * fy];
                totals.virial.iter_mut().zip(virial).for_each(|(t, v)| *t += v);
                if let Some(of_atom) = self.v.get_mut(9 * j..9 * j + 9) {
                    of_atom.iter_mut().zip(virial).for_each(|(t, v)| *t += v);
                }
            }
            for k in 0..3 {
                self.f[3 * i + k] += reaction[k];
            }
        }
    }

    fn write(&self, results: &mut Results) {
        let factor = results.factor;
        let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(t, v)| *t += v * factor);
        add(results.f, &self.f);
        add(results.eatom, &self.e);
        add(results.cvatom, &self.v);
        for (to, v) in results.vatom.chunks_exact_mut(6).zip(self.v.chunks_exact(9)) {
            let symmetric = [v[0], v[1], v[2], 0.5 * (v[3] + v[6]), 0.5 * (v[4] + v[7]), 0.5 * (v[5] + v[8])];
            add(to, &symmetric);
        }
    }
}

fn reset(values: &mut Vec<f64>, len: usize) {
    values.clear();
    values.resize(len, 0.0);
}

/// A worker's state is rewritten by every evaluation: nothing a panic left behind is read again.
fn lock<T>(worker: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    worker.lock().unwrap_or_else(PoisonError::into_inner)
}
