// SPDX-License-Identifier: MIT
//! The step: centers are divided into shares and these into chunks of one type; threads take shares, whose results are added up
//! in order. Several models that list neighbors alike are evaluated together, some chunks in turn: their neighbors are found once.
//!
//! Chunks, shares and their order depend on the configuration alone: the same bits for any number of threads.

use rayon::prelude::*;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::check::{self, Check};
use crate::chunk::{ChunkWorker, Worker};
use crate::configuration::{Configuration, Results, Totals};
use crate::error::{Error, Result};
use crate::guards::Sightings;
use crate::job::{Group, Job};
use crate::model::Model;
use crate::neighborhood::Neighborhood;
use crate::networks::{Networks, TypedNetworks, WholeModel};
use crate::share::{self, Share};
use crate::steps::FittingSteps;
use crate::tabulated::{InstructionSet, Kernels, Reduction, TableSettings, TableSummary, Tables, TabulatedWorker};
use crate::times::{Stopwatch, Times};
use crate::watch::{Turn, Watched, Watcher};

/// Largest number of shares of the work. A share is what a thread takes, so more threads than this are of no use.
pub const MOST_SHARES: usize = 16;
/// Centers of a share in small systems, enough of each type for whole chunks.
const CENTERS_PER_SHARE: usize = 192;
/// Centers that kernels handle at the cost of one, at most: shares begin at multiples of it.
const LANES: usize = 16;
/// Chunks that each of several models works on before the next model does: its tables and networks stay in the cache meanwhile.
const CHUNKS_IN_TURN: usize = 16;
/// From this number of centers on, there are at least two shares.
const WORTH_SHARING: usize = 64;

/// A Deep Potential ready to evaluate configurations.
pub struct Engine {
    model: Model,
    sel_error: bool,
    workers: Vec<Mutex<Box<dyn ChunkWorker>>>,
    /// For each worker, of the chunks that it works on.
    around: Vec<Mutex<Vec<Neighborhood>>>,
    tables: Option<TableSummary>,
    /// None: everything runs on the caller's thread.
    pool: Option<rayon::ThreadPool>,
    groups: Vec<Group>,
    /// Group of neighbors of each type, where it has one.
    group_of: Vec<Option<usize>>,
    shares: Vec<Share>,
    times: Times,
}

impl Engine {
    /// An engine with one thread per element of `networks`.
    ///
    /// # Errors
    /// No networks.
    pub fn new(model: Model, networks: Vec<Box<dyn Networks>>, sel_error: bool) -> Result<Self> {
        let workers = networks.into_iter().map(|n| Box::new(Worker::new(n)) as Box<dyn ChunkWorker>).collect();
        Self::with_workers(model, workers, None, sel_error)
    }

    /// An engine with tables instead of embedding nets; beyond their reach the nets themselves are run. `exact` gives, in float64,
    /// what is prepared once; `fitting` are, per center type, the fitting nets that the engine runs itself.
    ///
    /// # Errors
    /// No networks, or whatever they report; a fitting net of another descriptor.
    pub fn tabulated<R: Kernels>(
        model: Model,
        exact: &mut dyn Networks,
        networks: Vec<Box<dyn TypedNetworks<R>>>,
        settings: TableSettings,
        fitting: &[Option<FittingSteps>],
        sel_error: bool,
    ) -> Result<Self> {
        let tables = Tables::<R>::build(&model, exact, settings, fitting)?;
        Self::with_tables(model, tables, networks, sel_error)
    }

    /// An engine with reduced networks, on tables. The fitting nets of `networks` are the level's where `reduction` has none.
    ///
    /// # Errors
    /// As [`Engine::tabulated`].
    pub fn reduced<R: Kernels>(
        model: Model,
        exact: &mut dyn Networks,
        networks: Vec<Box<dyn TypedNetworks<R>>>,
        settings: TableSettings,
        reduction: Reduction,
        sel_error: bool,
    ) -> Result<Self> {
        let tables = Tables::<R>::reduced(&model, exact, settings, reduction)?;
        Self::with_tables(model, tables, networks, sel_error)
    }

    fn with_tables<R: Kernels>(
        model: Model,
        tables: Tables<R>,
        networks: Vec<Box<dyn TypedNetworks<R>>>,
        sel_error: bool,
    ) -> Result<Self> {
        let tables = Arc::new(tables);
        let isa = InstructionSet::best();
        let summary = tables.summary(isa);
        log::debug!("kernels for {}; this machine also has {:?}", isa.name(), {
            InstructionSet::available()[1..].iter().map(|i| i.name()).collect::<Vec<_>>()
        });
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
        if model.contract.pair_table.is_some() && model.pair_energy.is_none() {
            return Err(Error::Internal("the model's table of pair energies was not set".into()));
        }
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
        let around = (0..threads).map(|_| Mutex::default()).collect();
        Ok(Self {
            model,
            sel_error,
            workers,
            around,
            tables,
            pool,
            groups: Vec::new(),
            group_of: Vec::new(),
            shares: Vec::new(),
            times: Times::default(),
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

    /// Where the time went since the last call.
    pub fn take_times(&mut self) -> Times {
        std::mem::take(&mut self.times)
    }

    /// Bytes held by the engine's buffers, without the networks.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let groups: usize = self.groups.iter().map(|g| g.members.capacity() * size_of::<u32>()).sum();
        let workers: usize = self.workers.iter().map(|w| lock(w).bytes()).sum();
        let around: usize = self.around.iter().map(|a| lock(a).iter().map(Neighborhood::bytes).sum::<usize>()).sum();
        let shares: usize = self.shares.iter().map(Share::bytes).sum();
        groups + workers + around + shares + self.tables.as_ref().map_or(0, |t| t.bytes)
    }

    /// Adds energies, forces and virials of all centers to `results`.
    ///
    /// Forces and virials go to centers and neighbors alike, ghosts included: the caller sums ghosts onto their owners.
    /// The virial of a pair is given to the neighbor.
    ///
    /// # Errors
    /// Input that does not fit, values that are not finite, failures of the networks. Then `results` is unchanged.
    pub fn compute(&mut self, conf: &Configuration, results: &mut Results) -> Result<(Totals, Sightings)> {
        let sums = compute_all(&mut [Evaluation { engine: self, conf, results }])?;
        sums.into_iter().next().ok_or_else(|| Error::Internal("an evaluation is missing".into()))
    }

    /// Compares a sample of the configuration's own centers with the model file's own graph in float64.
    ///
    /// # Errors
    /// As [`Engine::compute`], or a failure of the graph.
    pub fn self_check(&mut self, conf: &Configuration, reference: &mut dyn WholeModel) -> Result<Check> {
        self.prepare(conf)?;
        check::run(&self.model, conf, (&self.group_of, &self.groups), lock(&self.workers[0]).as_mut(), reference)
    }

    /// Compares a few centers of a configuration with the full networks in float64: those whose turn it is, and those that
    /// look least like the others.
    ///
    /// # Errors
    /// As [`Engine::compute`].
    pub fn watch(&mut self, conf: &Configuration, turn: Turn, watcher: &mut Watcher) -> Result<Watched> {
        self.prepare(conf)?;
        watcher.watch(&self.model, conf, &self.group_of, lock(&self.workers[0]).as_mut(), turn)
    }

    /// Lends each of the engine's threads an engine of its own, which shares the tables: for many configurations at once, one
    /// on each thread. Results do not depend on the number of threads of an engine, so they are the same.
    pub fn apart<T: Send>(&mut self, work: impl Fn(&mut Self) -> T + Sync) -> Vec<T> {
        let workers = std::mem::take(&mut self.workers);
        let engines: Vec<Mutex<Self>> = workers.into_iter().map(|worker| Mutex::new(self.alone(worker))).collect();
        let done = match &self.pool {
            Some(pool) => pool.broadcast(|thread| work(&mut lock(&engines[thread.index()]))),
            None => engines.iter().map(|engine| work(&mut lock(engine))).collect(),
        };
        for engine in engines {
            let engine = engine.into_inner().unwrap_or_else(PoisonError::into_inner);
            self.times.add(&engine.times);
            self.workers.extend(engine.workers);
        }
        done
    }

    /// This engine with one of its workers alone.
    fn alone(&self, worker: Mutex<Box<dyn ChunkWorker>>) -> Self {
        Self {
            model: self.model.clone(),
            sel_error: self.sel_error,
            workers: vec![worker],
            around: vec![Mutex::default()],
            tables: self.tables.clone(),
            pool: None,
            groups: Vec::new(),
            group_of: Vec::new(),
            shares: Vec::new(),
            times: Times::default(),
        }
    }

    fn prepare(&mut self, conf: &Configuration) -> Result<()> {
        conf.check_step(&self.model)?;
        if conf.rebuilt {
            let mut watch = Stopwatch::start();
            conf.check_rebuild(&self.model)?;
            self.group_of = conf.group_of_types(self.model.contract.ntypes());
            self.groups.clear();
            for center_type in 0..self.model.contract.ntypes() {
                let of_type = |k: &u32| conf.types[conf.centers[*k as usize] as usize] == center_type as i32;
                let members = (0..conf.centers.len() as u32).filter(of_type).collect();
                self.groups.push(Group { center_type, members });
            }
            watch.lap(&mut self.times.neighbors);
        }
        Ok(())
    }
}

/// What [`compute_all`] is asked of one model.
pub struct Evaluation<'a, 'c, 'r> {
    /// The model.
    pub engine: &'a mut Engine,
    /// The atoms, by its own types.
    pub conf: &'a Configuration<'c>,
    /// Where its results are added.
    pub results: &'a mut Results<'r>,
}

/// Evaluates several models, as [`Engine::compute`] does each alone and with the same bits; what models that are alike see of the same
/// atoms is found once.
///
/// # Errors
/// As [`Engine::compute`], for any of them. Then no results are changed.
pub fn compute_all(evaluations: &mut [Evaluation]) -> Result<Vec<(Totals, Sightings)>> {
    for Evaluation { engine, conf, results } in &mut *evaluations {
        engine.prepare(conf)?;
        results.check(conf.nall())?;
    }
    evaluations.chunk_by_mut(Evaluation::sees_as).try_for_each(fill)?;
    Ok(evaluations.iter_mut().map(Evaluation::add_up).collect())
}

impl Evaluation<'_, '_, '_> {
    /// Whether the other model finds the same neighbors, and works on them in the same portions.
    fn sees_as(&self, other: &Self) -> bool {
        let (a, b) = (&*self.engine, &*other.engine);
        self.conf.same_atoms(other.conf)
            && a.model.listings().eq(b.model.listings())
            && a.sel_error == b.sel_error
            && a.threads() == b.threads()
            && lock(&a.workers[0]).centers_per_chunk() == lock(&b.workers[0]).centers_per_chunk()
    }

    fn add_up(&mut self) -> (Totals, Sightings) {
        let Engine { shares, times, pool, .. } = &mut *self.engine;
        for share in &*shares {
            times.add(&share.times);
        }
        let mut watch = Stopwatch::start();
        let sums = share::add_up(shares, self.results, pool.as_ref());
        watch.lap(&mut times.scatter);
        sums
    }
}

/// One of the models that are evaluated together.
struct Member<'a, 'c> {
    /// Without centers.
    job: Job<'a, 'c>,
    workers: &'a [Mutex<Box<dyn ChunkWorker>>],
    want_energies: bool,
    want_virials: bool,
}

/// Fills the shares of models that see the same.
fn fill(alike: &mut [Evaluation]) -> Result<()> {
    let centers = alike.first().map_or(0, |first| first.conf.centers.len());
    let fewest = if centers < WORTH_SHARING { 1 } else { 2 };
    let count = centers.div_ceil(CENTERS_PER_SHARE).clamp(fewest, MOST_SHARES);
    let mut shares: Vec<Vec<&mut Share>> = (0..count).map(|_| Vec::new()).collect();
    let (mut members, mut first) = (Vec::new(), None);
    for Evaluation { engine, conf, results } in alike {
        let Engine { model, workers, shares: of_engine, around, groups, group_of, sel_error, pool, .. } = &mut **engine;
        of_engine.resize_with(count, Share::default);
        shares.iter_mut().zip(of_engine).for_each(|(shares, share)| shares.push(share));
        let (want_energies, want_virials) =
            (results.eatom.is_some(), results.vatom.is_some() || results.cvatom.is_some());
        let job = Job { model, conf, group_of, center_type: 0, members: &[], sel_error: *sel_error };
        members.push(Member { job, workers, want_energies, want_virials });
        first.get_or_insert((&*groups, &*around, pool.as_ref()));
    }
    let Some((groups, around, pool)) = first else { return Ok(()) };
    run(pool, &mut shares, |thread, number, shares| {
        fill_share(&members, groups, (number, count), &mut lock(&around[thread]), thread, shares)
    })
}

/// Evaluates share `number` of `count` with the workers of a thread; `shares`: one of each member.
fn fill_share(
    members: &[Member],
    groups: &[Group],
    (number, count): (usize, usize),
    around: &mut Vec<Neighborhood>,
    thread: usize,
    shares: &mut [&mut Share],
) -> Result<()> {
    let mut workers: Vec<_> = members.iter().map(|m| lock(&m.workers[thread])).collect();
    let in_turn = if members.len() > 1 { CHUNKS_IN_TURN } else { 1 };
    for (Member { job, want_energies, want_virials, .. }, share) in members.iter().zip(&mut *shares) {
        share.reset(job.conf.nall(), *want_energies, *want_virials);
    }
    for &Group { center_type, members: ref all } in groups {
        let range = share_begin(all.len(), number, count)..share_begin(all.len(), number + 1, count);
        let size = workers[0].centers_per_chunk();
        for centers in all[range].chunks(in_turn * size) {
            let mut watch = Stopwatch::start();
            around.resize_with(around.len().max(centers.len().div_ceil(size)), Neighborhood::default);
            for (members_of_chunk, around) in centers.chunks(size).zip(&mut *around) {
                around.collect(Job { center_type, members: members_of_chunk, ..members[0].job })?;
            }
            watch.lap(&mut shares[0].times.neighbors);
            for ((member, worker), share) in members.iter().zip(&mut workers).zip(&mut *shares) {
                for (members_of_chunk, around) in centers.chunks(size).zip(&*around) {
                    let job = Job { center_type, members: members_of_chunk, ..member.job };
                    share.seen.merge(&around.seen(job));
                    worker.evaluate(job, around, share)?;
                }
            }
        }
    }
    Ok(())
}

/// Where share `number` of `count` begins in a group of centers: the last one has what does not fill [`LANES`].
fn share_begin(centers: usize, number: usize, count: usize) -> usize {
    let even = centers * number / count;
    if number == count { centers } else { (even + LANES / 2) / LANES * LANES }.min(centers)
}

/// Calls `fill` for all shares, with the number of the thread and of the share; the first error in their order wins.
fn run(
    pool: Option<&rayon::ThreadPool>,
    shares: &mut [Vec<&mut Share>],
    fill: impl Fn(usize, usize, &mut [&mut Share]) -> Result<()> + Sync,
) -> Result<()> {
    let Some(pool) = pool else {
        return shares.iter_mut().enumerate().try_for_each(|(number, shares)| fill(0, number, shares));
    };
    let failures = Mutex::new(Vec::new());
    pool.install(|| {
        shares.par_iter_mut().enumerate().with_max_len(1).for_each(|(number, shares)| {
            let thread = rayon::current_thread_index().unwrap_or(0);
            if let Err(error) = fill(thread, number, shares) {
                lock(&failures).push((number, error));
            }
        });
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.into_iter().min_by_key(|(number, _)| *number).map_or(Ok(()), |(_, error)| Err(error))
}

/// A worker's state is rewritten by every evaluation: nothing a panic left behind is read again.
fn lock<T>(worker: &Mutex<T>) -> MutexGuard<'_, T> {
    worker.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_whole_lanes_and_leave_no_center_out() {
        for centers in [0, 1, 15, 16, 36, 54, 100, 4500] {
            for count in [1, 2, 5, 16] {
                let begins: Vec<usize> = (0..=count).map(|number| share_begin(centers, number, count)).collect();
                assert!(begins.is_sorted() && begins[0] == 0 && begins[count] == centers, "{centers}, {begins:?}");
                assert!(begins.iter().all(|begin| begin % LANES == 0 || *begin == centers), "{centers}, {begins:?}");
                let largest = begins.windows(2).map(|ends| ends[1] - ends[0]).max().unwrap_or(0);
                assert!(largest <= centers.div_ceil(count) + LANES, "{centers}, {begins:?}");
            }
        }
    }
}
