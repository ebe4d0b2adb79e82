// SPDX-License-Identifier: MIT
//! The tabulated path: a chunk of centers from positions to energies and forces with tables instead of embedding nets.

use std::ops::Range;
use std::sync::Arc;

use crate::chunk::{ChunkWorker, Worker};
use crate::error::{Error, Result};
use crate::job::Job;
use crate::model::Descriptor;
use crate::neighborhood::{Block, Neighborhood};
use crate::networks::TypedNetworks;
use crate::pair_energy::PairWork;
use crate::shapes::{matrix, matrix_mut};
use crate::share::Share;
use crate::steps::features_of;
use crate::times::{Stopwatch, Times};

use super::aligned::{Aligned, aligned};
use super::fitting::FittingProgram;
use super::fitting_kernel::{CENTERS, FittingRoom};
use super::kernel::Rows;
use super::nearby::Nearby;
use super::simd::{InstructionSet, Kernels};
use super::tables::{CenterTables, Head, PartTables, Tables};

/// A worker thread of the tabulated path.
pub struct TabulatedWorker<R> {
    tables: Arc<Tables<R>>,
    isa: InstructionSet,
    /// The exact path: its nets serve this one too, and it takes over chunks of the full networks with a pair closer than
    /// the tables reach.
    exact: Worker<dyn TypedNetworks<R>>,
    parts: Vec<PartWork<R>>,
    pairs: PairWork,
    /// Per center: the fitting net's input, then its gradient.
    d: Aligned<R>,
    gd: Aligned<R>,
    energy: Vec<R>,
    param: Vec<R>,
    /// Per center: its own force.
    reactions: Vec<[f64; 3]>,
    room: Room<R>,
}

/// The arrays of one descriptor.
struct PartWork<R> {
    /// Per neighbor type, for all pairs of the chunk.
    rows: Vec<Rows<R>>,
    /// Basis functions of blocks with pairs closer than the tables reach (reduced networks only).
    nearby: Vec<Option<Nearby<R>>>,
    /// Per center: A, T (of the full networks), and the gradients by them.
    a: Aligned<R>,
    t: Aligned<R>,
    ga: Aligned<R>,
    gt: Aligned<R>,
}

/// A descriptor with the neighbors of a chunk of centers of one type, and their tables.
#[derive(Clone, Copy)]
struct Site<'a, R> {
    isa: InstructionSet,
    of: &'a Descriptor,
    center: usize,
    tables: &'a CenterTables<R>,
    /// Of T, padded to whole lanes.
    width: usize,
    /// Per neighbor type.
    blocks: &'a [Block],
}

/// Arrays for intermediate results.
struct Room<R> {
    /// For a square matrix.
    square: Aligned<R>,
    /// Of the pairs of a block.
    products: [Vec<R>; 5],
    f: [Vec<f64>; 3],
    fitting: FittingRoom<R>,
}

impl<R: Kernels> TabulatedWorker<R> {
    /// A worker on tables shared by all, around an exact one.
    #[must_use]
    pub fn new(tables: Arc<Tables<R>>, isa: InstructionSet, exact: Worker<dyn TypedNetworks<R>>) -> Self {
        let part = |_: &_| {
            let [a, t, ga, gt] = std::array::from_fn(|_| aligned());
            PartWork { rows: Vec::new(), nearby: Vec::new(), a, t, ga, gt }
        };
        let parts = tables.parts.iter().map(part).collect();
        let room = Room {
            square: aligned(),
            products: Default::default(),
            f: Default::default(),
            fitting: FittingRoom::default(),
        };
        let (d, gd, energy, param) = (aligned(), aligned(), Vec::new(), Vec::new());
        Self {
            tables,
            isa,
            exact,
            parts,
            pairs: PairWork::default(),
            d,
            gd,
            energy,
            param,
            reactions: Vec::new(),
            room,
        }
    }
}

impl<R: Kernels> ChunkWorker for TabulatedWorker<R> {
    /// As measured: as many as the kernel of fitting nets works on at a time, or enough rows for an efficient matrix product of ONNX
    /// Runtime, few enough for the descriptors to stay near the core. Its products in float64 gain more from many rows than the rest loses.
    fn centers_per_chunk(&self) -> usize {
        match self.tables.own_fitting() {
            true => CENTERS,
            _ if size_of::<R>() == size_of::<f64>() => 256,
            _ => 32,
        }
    }

    fn bytes(&self) -> usize {
        let flat = [&self.d, &self.gd, &self.room.square].map(Aligned::capacity).iter().sum::<usize>();
        let flat = flat + self.energy.capacity() + self.param.capacity();
        self.parts.iter().map(PartWork::bytes).sum::<usize>()
            + self.pairs.bytes()
            + self.room.fitting.bytes()
            + flat * size_of::<R>()
            + self.exact.bytes()
    }

    fn evaluate(&mut self, job: Job, around: &Neighborhood, share: &mut Share) -> Result<()> {
        let Job { model, center_type: center, .. } = job;
        let n = job.members.len();
        let tables = Arc::clone(&self.tables);
        let mut watch = Stopwatch::start();
        let near = around.nearest() < tables.nearest;
        if near && !tables.reduced {
            return self.exact.evaluate(job, around, share);
        }
        if let Some(of) = &model.pair_energy {
            self.pairs.weigh(job, of, around);
        }
        watch.lap(&mut share.times.neighbors);
        let site = |(of, tables)| Site::new(self.isa, (of, center), tables, around);
        let sites = model.parts.iter().zip(&tables.parts).map(site).collect::<Result<Vec<_>>>()?;
        for (part, site) in self.parts.iter_mut().zip(&sites) {
            part.place(*site, near.then_some(self.exact.networks.as_mut()))?;
        }
        watch.lap(&mut share.times.environment);
        for (part, site) in self.parts.iter_mut().zip(&sites) {
            part.add_neighbors(*site, n);
        }
        watch.lap(&mut share.times.descriptor);
        job.parameters(&mut self.param);
        self.energy.resize(n, R::default());
        let own = if let [site] = &*sites { site.tables.fitting.as_ref().map(|net| (*site, net)) } else { None };
        watch = match own {
            Some((site, net)) => self.fit(job, site, net, &mut share.times, watch),
            None => self.fit_by_networks(job, &sites, &mut share.times, watch)?,
        };
        self.reactions.clear();
        self.reactions.resize(n, [0.0; 3]);
        for (part, site) in self.parts.iter_mut().zip(&sites) {
            watch = part.forces(*site, share, &mut self.reactions, &mut self.room, watch);
        }
        let (scale, shift) = (model.contract.energy_scale[center], model.contract.energy_shift[center]);
        for (c, (reaction, energy)) in self.reactions.iter_mut().zip(&self.energy).enumerate() {
            let neighbors = sites.iter().flat_map(|site| site.blocks).map(|b| b.of(c).len()).sum();
            let mut energy = energy.to_f64() * scale + shift;
            if let Some(of) = &model.pair_energy {
                energy = self.pairs.finish(job, of, around, (c, energy), share, reaction);
            }
            share.add_center(job, c, energy, *reaction, neighbors)?;
        }
        watch.lap(&mut share.times.scatter);
        Ok(())
    }
}

impl<R: Kernels> TabulatedWorker<R> {
    /// Energies and dE/dA from A.
    fn fit(
        &mut self,
        job: Job,
        site: Site<R>,
        net: &FittingProgram<R>,
        times: &mut Times,
        mut watch: Stopwatch,
    ) -> Stopwatch {
        let (n, part) = (job.members.len(), &mut self.parts[0]);
        let (used, stride, of_net, by_net) = match site.tables.head {
            Head::Full { .. } => {
                part.expand(site, n);
                (site.of.part.width(), site.width, &part.t, &mut part.gt)
            }
            Head::Reduced { columns, .. } => (columns, site.tables.columns, &part.a, &mut part.ga),
        };
        watch.lap(&mut times.descriptor);
        by_net.resize(of_net.len(), R::default());
        R::fit(self.isa, net, of_net, (used, stride), &self.param, &mut self.energy, by_net, &mut self.room.fitting);
        if let Some(of) = &job.model.pair_energy {
            self.pairs.weigh_gradients(of, by_net, 4 * stride);
        }
        watch.lap(&mut times.fitting);
        part.contract(site, n);
        watch.lap(&mut times.descriptor);
        watch
    }

    /// The same with fitting nets that others run, of the descriptor or of features.
    fn fit_by_networks(
        &mut self,
        job: Job,
        sites: &[Site<R>],
        times: &mut Times,
        mut watch: Stopwatch,
    ) -> Result<Stopwatch> {
        let Job { model, center_type: center, .. } = job;
        let n = job.members.len();
        let inputs = sites.iter().map(|site| site.tables.head.inputs(site.of)).sum::<usize>();
        self.d.resize(n * inputs, R::default());
        for (part, site) in self.parts.iter_mut().zip(sites) {
            part.describe(*site, (&mut self.d, inputs));
        }
        watch.lap(&mut times.descriptor);
        self.gd.resize(self.d.len(), R::default());
        self.exact.networks.fit_typed(
            center,
            matrix("descriptor", &self.d, [n, inputs])?,
            matrix("param", &self.param, [n, model.contract.numb_param()])?,
            &mut self.energy,
            matrix_mut("gradient", &mut self.gd, [n, inputs])?,
        )?;
        watch.lap(&mut times.fitting);
        if let Some(of) = &model.pair_energy {
            self.pairs.weigh_gradients(of, &mut self.gd, inputs);
        }
        for (part, site) in self.parts.iter_mut().zip(sites) {
            part.describe_backward(*site, (&self.gd, inputs), &mut self.room);
        }
        watch.lap(&mut times.descriptor);
        Ok(watch)
    }
}

impl<'a, R: Kernels> Site<'a, R> {
    fn new(
        isa: InstructionSet,
        (of, center): (&'a Descriptor, usize),
        tables: &'a PartTables<R>,
        around: &'a Neighborhood,
    ) -> Result<Self> {
        let (width, blocks) = (tables.width, around.of(&of.listing));
        let tables = tables.centers[center].as_ref();
        let tables = tables.ok_or_else(|| Error::Internal(format!("type {center} has no tables")))?;
        Ok(Self { isa, of, center, tables, width, blocks })
    }
}

impl<R: Kernels> Head<R> {
    /// Values that a descriptor gives to the fitting net.
    fn inputs(&self, of: &Descriptor) -> usize {
        match self {
            Self::Full { .. } => of.part.len(),
            Self::Reduced { columns, products, .. } => features_of(*products, *columns),
        }
    }
}

impl<R: Kernels> PartWork<R> {
    /// The rows of the environment matrix, and where in the tables the pairs are. `networks`: where some pair is closer than tables
    /// of reduced networks reach.
    fn place(
        &mut self,
        Site { isa, of, center, tables, blocks, .. }: Site<R>,
        mut networks: Option<&mut (dyn TypedNetworks<R> + 'static)>,
    ) -> Result<()> {
        self.rows.resize_with(blocks.len(), Rows::default);
        self.nearby.clear();
        self.nearby.resize_with(blocks.len(), || None);
        for (neighbor, (block, of_neighbor)) in blocks.iter().zip(&tables.neighbors).enumerate() {
            let (Some(of_neighbor), rows) = (of_neighbor, &mut self.rows[neighbor]) else { continue };
            let (constants, places) = (&of_neighbor.constants, &of_neighbor.table.places);
            R::geometry(isa, constants, places, block.vectors(0..block.len()), block.r(0..block.len()), rows);
            if !of.contraction.rows_change() {
                rows.set_all(of.contraction.row(0.0, [0.0; 3]));
            }
            if let (Some(networks), Head::Reduced { basis, .. }) = (networks.as_mut(), &tables.head) {
                let pair = (center, neighbor);
                self.nearby[neighbor] =
                    Some(Nearby::new(of, *networks, pair, block.r(0..block.len()), basis, &rows.inv_width)?);
            }
        }
        Ok(())
    }

    /// A of all n centers.
    fn add_neighbors(&mut self, site: Site<R>, n: usize) {
        let Site { isa, tables: of_center, blocks, .. } = site;
        let columns = of_center.columns;
        self.a.resize(n * 4 * columns, R::default());
        for a in self.a.chunks_exact_mut(4 * columns) {
            a[..columns].copy_from_slice(&of_center.start);
            a[columns..].fill(R::default());
        }
        // Neighbor type by neighbor type: one table at a time is in the cache.
        for (neighbor, (block, of_neighbor)) in blocks.iter().zip(&of_center.neighbors).enumerate() {
            let Some(of_neighbor) = of_neighbor else { continue };
            for (c, a) in self.a.chunks_exact_mut(4 * columns).enumerate() {
                take_off(&mut a[of_neighbor.first..], &of_neighbor.padding, block.of(c).len());
            }
            let (table, k) = (&of_neighbor.table.coefficients, of_neighbor.table.columns);
            let (pairs, a) = (self.rows[neighbor].pairs(&block.start), &mut self.a[of_neighbor.first..]);
            match &self.nearby[neighbor] {
                Some(nearby) => nearby.accumulate(pairs, a, columns),
                None => R::accumulate(isa, table, k, pairs, a, columns),
            }
        }
        let Head::Reduced { masked, .. } = &of_center.head else { return };
        take_off_masked(&mut self.a, columns, blocks, masked);
    }

    /// T of all n centers of a full network from A.
    fn expand(&mut self, Site { isa, tables: of_center, width, blocks, .. }: Site<R>, n: usize) {
        let Head::Full { expand, constant, masked, .. } = &of_center.head else { return };
        let columns = of_center.columns;
        self.t.resize(n * 4 * width, R::default());
        for t in self.t.chunks_exact_mut(4 * width) {
            t[..width].copy_from_slice(constant);
            t[width..].fill(R::default());
        }
        for of_block in columns_in_use(blocks, of_center) {
            R::four_rows(isa, (&self.a, columns), expand, of_block, &mut self.t, width, 0..width);
        }
        take_off_masked(&mut self.t, width, blocks, masked);
    }

    /// From dE/dT of all n centers of a full network to dE/dA.
    fn contract(&mut self, Site { isa, tables: of_center, width, blocks, .. }: Site<R>, n: usize) {
        let Head::Full { contract, .. } = &of_center.head else { return };
        let columns = of_center.columns;
        self.ga.resize(n * 4 * columns, R::default());
        self.ga.fill(R::default());
        for of_block in columns_in_use(blocks, of_center) {
            R::four_rows(isa, (&self.gt, width), contract, 0..width, &mut self.ga, columns, of_block);
        }
    }

    /// From A to this descriptor's values among the `inputs` of each center.
    fn describe(&mut self, site: Site<R>, (d, inputs): (&mut [R], usize)) {
        let Site { isa, of, tables: of_center, width, .. } = site;
        self.expand(site, d.len() / inputs);
        let values = of.first..of.first + of_center.head.inputs(of);
        for (c, d) in d.chunks_exact_mut(inputs).enumerate() {
            let d = &mut d[values.clone()];
            match &of_center.head {
                Head::Full { .. } => of.contraction.apply_with(isa, &self.t[c * 4 * width..(c + 1) * 4 * width], d),
                Head::Reduced { columns: used, products, .. } => {
                    let columns = of_center.columns;
                    R::features(isa, &self.a[c * 4 * columns..(c + 1) * 4 * columns], columns, (*used, *products), d);
                }
            }
        }
    }

    /// From the gradient by the fitting net's input to dE/dA.
    fn describe_backward(&mut self, site: Site<R>, (gd, inputs): (&[R], usize), room: &mut Room<R>) {
        let Site { isa, of, tables: of_center, width, .. } = site;
        let (n, columns) = (gd.len() / inputs, of_center.columns);
        let gradients = gd.chunks_exact(inputs).map(|gd| &gd[of.first..of.first + of_center.head.inputs(of)]);
        match &of_center.head {
            Head::Full { .. } => {
                self.gt.resize(n * 4 * width, R::default());
                let of_centers = self.t.chunks_exact(4 * width).zip(self.gt.chunks_exact_mut(4 * width));
                for ((t, gt), gd) in of_centers.zip(gradients) {
                    of.contraction.backward_with(isa, t, gd, gt);
                }
                self.contract(site, n);
            }
            Head::Reduced { columns: used, products, .. } => {
                self.ga.resize(n * 4 * columns, R::default());
                room.square.resize(used * columns, R::default());
                let of_centers = self.a.chunks_exact(4 * columns).zip(self.ga.chunks_exact_mut(4 * columns));
                for ((a, ga), gd) in of_centers.zip(gradients) {
                    R::features_backward(isa, a, columns, (*used, *products), gd, &mut room.square, ga);
                }
            }
        }
    }

    /// From dE/dA to forces; those of the centers are added to `reactions`.
    fn forces(
        &self,
        Site { isa, tables: of_center, blocks, .. }: Site<R>,
        share: &mut Share,
        reactions: &mut [[f64; 3]],
        room: &mut Room<R>,
        mut watch: Stopwatch,
    ) -> Stopwatch {
        let columns = of_center.columns;
        for (neighbor, (block, of_neighbor)) in blocks.iter().zip(&of_center.neighbors).enumerate() {
            let (Some(of_neighbor), rows) = (of_neighbor, &self.rows[neighbor]) else { continue };
            room.products.iter_mut().for_each(|p| p.resize(p.len().max(block.len()), R::default()));
            let (table, k) = (&of_neighbor.table.coefficients, of_neighbor.table.columns);
            let (pairs, ga) = (rows.pairs(&block.start), &self.ga[of_neighbor.first..]);
            let products = room.products.each_mut().map(|p| &mut p[..]);
            match &self.nearby[neighbor] {
                Some(nearby) => nearby.project(pairs, ga, columns, products),
                None => R::project(isa, table, k, pairs, ga, columns, products),
            }
            watch.lap(&mut share.times.descriptor);
            let all = 0..block.len();
            let (x, constants) = (block.vectors(all.clone()), &of_neighbor.constants);
            let virial = R::pair_forces(isa, constants, &room.products, x, block.r(all.clone()), rows, &mut room.f);
            share.add_virials(block.j(all), x, [&room.f[0], &room.f[1], &room.f[2]], virial);
            for (c, reaction) in reactions.iter_mut().enumerate() {
                let pairs = block.of(c);
                let f = [0, 1, 2].map(|d| &room.f[d][pairs.clone()]);
                let of_block = share.add_forces(block.j(pairs), f);
                reaction.iter_mut().zip(of_block).for_each(|(r, b)| *r += b);
            }
            watch.lap(&mut share.times.scatter);
        }
        watch
    }

    fn bytes(&self) -> usize {
        let pairs: usize = self.rows.iter().map(Rows::bytes).sum();
        pairs + [&self.a, &self.t, &self.ga, &self.gt].map(Aligned::capacity).iter().sum::<usize>() * size_of::<R>()
    }
}

/// Takes `count` times `values` off the first row.
fn take_off<R: Kernels>(row: &mut [R], values: &[R], count: usize) {
    let count = R::from_f64(count as f64);
    row.iter_mut().zip(values).for_each(|(to, v)| *to += -(*v * count));
}

/// Takes what masked neighbors of each type add off the first rows of all centers, which have 4 of `stride` each.
fn take_off_masked<R: Kernels>(rows: &mut [R], stride: usize, blocks: &[Block], masked: &[Option<Vec<R>>]) {
    for (block, masked) in blocks.iter().zip(masked).filter_map(|(block, masked)| Some((block, masked.as_ref()?))) {
        for (c, rows) in rows.chunks_exact_mut(4 * stride).enumerate() {
            take_off(rows, masked, block.of(c).len());
        }
    }
}

/// Columns of A for neighbor types that the chunk has neighbors of.
fn columns_in_use<R: Kernels>(blocks: &[Block], of_center: &CenterTables<R>) -> impl Iterator<Item = Range<usize>> {
    let in_use = blocks.iter().zip(&of_center.neighbors).filter(|(block, _)| block.len() > 0);
    in_use.filter_map(|(_, of_neighbor)| of_neighbor.as_ref()).map(|n| n.first..n.first + n.table.columns)
}
