// SPDX-License-Identifier: MIT
//! The tabulated path: a chunk of centers from positions to energies and forces with tables instead of embedding nets.

use std::ops::Range;
use std::sync::Arc;

use crate::chunk::{ChunkWorker, Worker};
use crate::error::Result;
use crate::guards::Sightings;
use crate::job::Job;
use crate::model::Model;
use crate::neighborhood::{self, Block};
use crate::networks::TypedNetworks;
use crate::shapes::{matrix, matrix_mut};
use crate::share::Share;
use crate::times::Stopwatch;

use super::kernel::Rows;
use super::nearby::Nearby;
use super::simd::{InstructionSet, Kernels};
use super::tables::{CenterTables, Head, Tables};

/// A worker thread of the tabulated path.
pub struct TabulatedWorker<R> {
    tables: Arc<Tables<R>>,
    isa: InstructionSet,
    /// The exact path: its nets serve this one too, and it takes over chunks of the full networks with a pair closer than
    /// the tables reach.
    exact: Worker<dyn TypedNetworks<R>>,
    blocks: Vec<Block>,
    /// Per neighbor type, for all pairs of the chunk.
    rows: Vec<Rows<R>>,
    /// Basis functions of blocks with pairs closer than the tables reach (reduced networks only).
    nearby: Vec<Option<Nearby<R>>>,
    /// Per center: A, T (of the full networks) and the fitting net's input, then its gradient.
    a: Vec<R>,
    t: Vec<R>,
    d: Vec<R>,
    gd: Vec<R>,
    energy: Vec<R>,
    param: Vec<R>,
    /// Per center: dE/dA and the center's own force.
    ga: Vec<R>,
    reactions: Vec<[f64; 3]>,
    /// dE/dA of one center and one neighbor type, as the kernel reads it.
    gi: Vec<R>,
    /// dE/dT of one center, or room for a square matrix.
    gt: Vec<R>,
    /// Of the pairs of a block.
    products: [Vec<R>; 5],
    f: [Vec<f64>; 3],
}

impl<R: Kernels> TabulatedWorker<R> {
    /// A worker on tables shared by all, around an exact one.
    #[must_use]
    pub fn new(tables: Arc<Tables<R>>, isa: InstructionSet, exact: Worker<dyn TypedNetworks<R>>) -> Self {
        let empty = Vec::new;
        Self {
            tables,
            isa,
            exact,
            blocks: Vec::new(),
            rows: Vec::new(),
            nearby: Vec::new(),
            a: empty(),
            t: empty(),
            d: empty(),
            gd: empty(),
            energy: empty(),
            param: empty(),
            ga: empty(),
            reactions: Vec::new(),
            gi: empty(),
            gt: empty(),
            products: Default::default(),
            f: Default::default(),
        }
    }
}

impl<R: Kernels> ChunkWorker for TabulatedWorker<R> {
    /// As measured: enough rows for an efficient matrix product, few enough for the descriptors to stay near the core. In
    /// float64 the matrix products of ONNX Runtime gain more from many rows than the rest loses.
    fn centers_per_chunk(&self) -> usize {
        match self.tables.centers.first().map(|c| &c.head) {
            Some(Head::Reduced { .. }) => 64,
            _ if size_of::<R>() == size_of::<f64>() => 256,
            _ => 32,
        }
    }

    fn bytes(&self) -> usize {
        let flat = [&self.a, &self.t, &self.d, &self.gd, &self.energy, &self.param, &self.ga, &self.gt];
        let flat: usize = flat.iter().map(|v| v.capacity()).sum();
        let pairs: usize = self.rows.iter().map(Rows::bytes).chain(self.blocks.iter().map(Block::bytes)).sum();
        pairs + flat * size_of::<R>() + self.exact.bytes()
    }

    fn evaluate(&mut self, job: Job, share: &mut Share) -> Result<()> {
        let Job { model, center_type: center, .. } = job;
        let n = job.members.len();
        let tables = Arc::clone(&self.tables);
        let of_center = &tables.centers[center];
        let mut watch = Stopwatch::start();
        let mut seen = Sightings::default();
        neighborhood::collect(job, &mut self.blocks, &mut seen)?;
        watch.lap(&mut share.times.neighbors);
        let near = self.blocks.iter().any(|b| b.r.iter().any(|r| *r < tables.nearest));
        if near && matches!(of_center.head, Head::Full { .. }) {
            return self.exact.evaluate(job, share); // which collects, and sees, by itself
        }
        share.seen.merge(&seen);
        self.rows.resize_with(self.blocks.len(), Rows::default);
        self.nearby.clear();
        self.nearby.resize_with(self.blocks.len(), || None);
        for (neighbor, (block, of_neighbor)) in self.blocks.iter().zip(&of_center.neighbors).enumerate() {
            let (Some(of_neighbor), rows) = (of_neighbor, &mut self.rows[neighbor]) else { continue };
            let (constants, places) = (&of_neighbor.constants, &of_neighbor.table.places);
            R::geometry(self.isa, constants, places, block.vectors(0..block.len()), &block.r, rows);
            if let (true, Head::Reduced { basis, .. }) = (near, &of_center.head) {
                let networks = self.exact.networks.as_mut();
                let pair = (center, neighbor);
                self.nearby[neighbor] = Some(Nearby::new(model, networks, pair, &block.r, basis, &rows.inv_width)?);
            }
        }
        watch.lap(&mut share.times.environment);
        self.describe(model, n, of_center);
        watch.lap(&mut share.times.descriptor);
        job.parameters(&mut self.param);
        self.energy.resize(n, R::default());
        self.gd.resize(self.d.len(), R::default());
        let inputs = self.d.len() / n;
        self.exact.networks.fit_typed(
            center,
            matrix("descriptor", &self.d, [n, inputs])?,
            matrix("param", &self.param, [n, model.contract.numb_param()])?,
            &mut self.energy,
            matrix_mut("gradient", &mut self.gd, [n, inputs])?,
        )?;
        watch.lap(&mut share.times.fitting);
        self.descriptor_backward(job, of_center);
        watch.lap(&mut share.times.descriptor);
        self.forces(job, of_center, share, watch)
    }
}

impl<R: Kernels> TabulatedWorker<R> {
    /// A and the fitting net's input of all centers.
    fn describe(&mut self, model: &Model, n: usize, of_center: &CenterTables<R>) {
        let (columns, width, axis) = (of_center.columns, self.tables.width, model.contract.axis_neuron);
        let inputs = match &of_center.head {
            Head::Full { .. } => model.contract.descriptor_len(),
            Head::Reduced { columns, .. } => columns * (columns + 3) / 2,
        };
        self.a.resize(n * 4 * columns, R::default());
        self.d.resize(n * inputs, R::default());
        for a in self.a.chunks_exact_mut(4 * columns) {
            a[..columns].copy_from_slice(&of_center.start);
            a[columns..].fill(R::default());
        }
        // Neighbor type by neighbor type: one table at a time is in the cache.
        for (neighbor, (block, of_neighbor)) in self.blocks.iter().zip(&of_center.neighbors).enumerate() {
            let Some(of_neighbor) = of_neighbor else { continue };
            let (table, k) = (&of_neighbor.table.coefficients, of_neighbor.table.columns);
            for (c, a) in self.a.chunks_exact_mut(4 * columns).enumerate() {
                let (pairs, a) = (block.of(c), &mut a[of_neighbor.first..]);
                take_off(a, &of_neighbor.padding, pairs.len());
                let rows = self.rows[neighbor].part(pairs.clone());
                match &self.nearby[neighbor] {
                    Some(nearby) => nearby.accumulate(pairs, rows.row, a),
                    None => R::accumulate(self.isa, table, k, rows, a, columns),
                }
            }
        }
        self.t.resize(n * 4 * width, R::default());
        for (c, (a, d)) in self.a.chunks_exact_mut(4 * columns).zip(self.d.chunks_exact_mut(inputs)).enumerate() {
            match &of_center.head {
                Head::Full { expand, constant, masked, .. } => {
                    let t = &mut self.t[c * 4 * width..(c + 1) * 4 * width];
                    t[..width].copy_from_slice(constant);
                    t[width..].fill(R::default());
                    for columns in columns_in_use(&self.blocks, of_center) {
                        R::four_rows(self.isa, a, expand, columns, t, width, 0..width);
                    }
                    for (block, masked) in self.blocks.iter().zip(masked) {
                        take_off(t, masked.as_deref().unwrap_or_default(), block.of(c).len());
                    }
                    R::descriptor(self.isa, t, axis, d);
                }
                Head::Reduced { columns: used, masked, .. } => {
                    for (block, masked) in self.blocks.iter().zip(masked) {
                        take_off(a, masked.as_deref().unwrap_or_default(), block.of(c).len());
                    }
                    R::features(self.isa, a, columns, *used, d);
                }
            }
        }
    }

    /// From the gradient by the fitting net's input to dE/dA.
    fn descriptor_backward(&mut self, job: Job, of_center: &CenterTables<R>) {
        let Job { model, members, .. } = job;
        let (columns, width, axis) = (of_center.columns, self.tables.width, model.contract.axis_neuron);
        let inputs = self.d.len() / members.len();
        self.ga.resize(members.len() * 4 * columns, R::default());
        for (c, (ga, gd)) in self.ga.chunks_exact_mut(4 * columns).zip(self.gd.chunks_exact(inputs)).enumerate() {
            match &of_center.head {
                Head::Full { contract, .. } => {
                    self.gt.resize(4 * width, R::default());
                    let t = &self.t[c * 4 * width..(c + 1) * 4 * width];
                    R::descriptor_backward(self.isa, t, axis, gd, &mut self.gt);
                    ga.fill(R::default());
                    for of_block in columns_in_use(&self.blocks, of_center) {
                        R::four_rows(self.isa, &self.gt, contract, 0..width, ga, columns, of_block);
                    }
                }
                Head::Reduced { columns: used, .. } => {
                    let a = &self.a[c * 4 * columns..(c + 1) * 4 * columns];
                    self.gt.resize(used * columns, R::default());
                    R::features_backward(self.isa, a, columns, *used, gd, &mut self.gt, ga);
                }
            }
        }
    }

    /// From dE/dA to energies and forces.
    fn forces(&mut self, job: Job, of_center: &CenterTables<R>, share: &mut Share, mut watch: Stopwatch) -> Result<()> {
        let Job { model, center_type: center, members, .. } = job;
        let columns = of_center.columns;
        self.reactions.clear();
        self.reactions.resize(members.len(), [0.0; 3]);
        for (neighbor, (block, of_neighbor)) in self.blocks.iter().zip(&of_center.neighbors).enumerate() {
            let (Some(of_neighbor), rows) = (of_neighbor, &self.rows[neighbor]) else { continue };
            self.products.iter_mut().for_each(|p| p.resize(block.len(), R::default()));
            for (c, ga) in self.ga.chunks_exact(4 * columns).enumerate() {
                let pairs = block.of(c);
                let ga = interleaved(ga, columns, of_neighbor.first, of_neighbor.table.columns, &mut self.gi);
                let products = self.products.each_mut().map(|p| &mut p[pairs.clone()]);
                let (table, k) = (&of_neighbor.table.coefficients, of_neighbor.table.columns);
                let part = rows.part(pairs.clone());
                match &self.nearby[neighbor] {
                    Some(nearby) => nearby.project(pairs, part.row, ga, R::LANES, products),
                    None => R::project(self.isa, table, k, part, ga, products),
                }
            }
            watch.lap(&mut share.times.descriptor);
            let (x, constants) = (block.vectors(0..block.len()), &of_neighbor.constants);
            let virial = R::pair_forces(self.isa, constants, &self.products, x, &block.r, rows, &mut self.f);
            share.add_virials(&block.j, x, [&self.f[0], &self.f[1], &self.f[2]], virial);
            for (c, reaction) in self.reactions.iter_mut().enumerate() {
                let pairs = block.of(c);
                let f = [0, 1, 2].map(|d| &self.f[d][pairs.clone()]);
                let of_block = share.add_forces(&block.j[pairs], f);
                reaction.iter_mut().zip(of_block).for_each(|(r, b)| *r += b);
            }
            watch.lap(&mut share.times.scatter);
        }
        let (scale, shift) = (model.contract.energy_scale[center], model.contract.energy_shift[center]);
        for (c, (reaction, energy)) in self.reactions.iter().zip(&self.energy).enumerate() {
            let neighbors = self.blocks.iter().map(|b| b.of(c).len()).sum();
            share.add_center(job, c, energy.to_f64() * scale + shift, *reaction, neighbors)?;
        }
        watch.lap(&mut share.times.scatter);
        Ok(())
    }
}

/// Takes `count` times `values` off the first row.
fn take_off<R: Kernels>(row: &mut [R], values: &[R], count: usize) {
    let count = R::from_f64(count as f64);
    row.iter_mut().zip(values).for_each(|(to, v)| *to += -(*v * count));
}

/// Columns of A for neighbor types that the chunk has neighbors of.
fn columns_in_use<R: Kernels>(blocks: &[Block], of_center: &CenterTables<R>) -> impl Iterator<Item = Range<usize>> {
    let in_use = blocks.iter().zip(&of_center.neighbors).filter(|(block, _)| block.len() > 0);
    in_use.filter_map(|(_, of_neighbor)| of_neighbor.as_ref()).map(|n| n.first..n.first + n.table.columns)
}

/// Columns `first..first + columns` of a matrix of 4 rows of `stride`, in blocks of whole lanes: 4 rows of the block's
/// columns each.
fn interleaved<'a, R: Kernels>(
    matrix: &[R],
    stride: usize,
    first: usize,
    columns: usize,
    to: &'a mut Vec<R>,
) -> &'a [R] {
    to.clear();
    for block in (first..first + columns).step_by(R::LANES) {
        for c in 0..4 {
            to.extend_from_slice(&matrix[c * stride + block..][..R::LANES]);
        }
    }
    to
}
