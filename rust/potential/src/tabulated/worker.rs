//! The tabulated path: a chunk of centres from positions to energies and forces with tables instead of embedding nets.

use std::sync::Arc;

use crate::chunk::{ChunkWorker, Job, Worker};
use crate::error::Result;
use crate::lane::Lane;
use crate::model::Model;
use crate::neighborhood::{self, Block};
use crate::networks::TypedNetworks;

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
    /// Per neighbour type, for all pairs of the chunk.
    rows: Vec<Rows<R>>,
    /// Basis functions of blocks with pairs closer than the tables reach (reduced networks only).
    nearby: Vec<Option<Nearby<R>>>,
    /// Per centre: A, T (of the full networks) and the fitting net's input, then its gradient.
    a: Vec<R>,
    t: Vec<R>,
    d: Vec<R>,
    gd: Vec<R>,
    energy: Vec<R>,
    param: Vec<R>,
    /// Of one centre.
    ga: Vec<R>,
    gt: Vec<R>,
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
            gt: empty(),
            products: Default::default(),
            f: Default::default(),
        }
    }
}

impl<R: Kernels> ChunkWorker for TabulatedWorker<R> {
    fn centers_per_chunk(&self) -> usize {
        match self.tables.centers.first().map(|c| &c.head) {
            Some(Head::Reduced { .. }) => 64,
            _ => 32,
        }
    }

    fn bytes(&self) -> usize {
        let flat = [&self.a, &self.t, &self.d, &self.gd, &self.energy, &self.param, &self.ga, &self.gt];
        let flat: usize = flat.iter().map(|v| v.capacity()).sum();
        let pairs: usize = self.rows.iter().map(Rows::bytes).chain(self.blocks.iter().map(Block::bytes)).sum();
        pairs + flat * size_of::<R>() + self.exact.bytes()
    }

    fn evaluate(&mut self, job: Job, lane: &mut Lane) -> Result<()> {
        let Job { model, center, .. } = job;
        let n = job.members.len();
        let tables = Arc::clone(&self.tables);
        let of_center = &tables.centers[center];
        neighborhood::collect(job, &mut self.blocks, &mut lane.seen)?;
        let near = self.blocks.iter().any(|b| b.r.iter().any(|r| *r < tables.nearest));
        self.nearby.clear();
        self.nearby.resize_with(self.blocks.len(), || None);
        if near {
            let Head::Reduced { basis, .. } = &of_center.head else {
                return self.exact.evaluate(job, lane);
            };
            for (neighbor, block) in self.blocks.iter().enumerate() {
                if let Some(table) = &of_center.neighbors[neighbor] {
                    let networks = self.exact.networks.as_mut();
                    let per_length = table.constants.inv_step;
                    self.nearby[neighbor] =
                        Some(Nearby::new(model, networks, (center, neighbor), &block.r, basis, per_length)?);
                }
            }
        }
        self.rows.resize_with(self.blocks.len(), Rows::default);
        for ((block, of_neighbor), rows) in self.blocks.iter().zip(&of_center.neighbors).zip(&mut self.rows) {
            if let Some(of_neighbor) = of_neighbor {
                R::geometry(self.isa, &of_neighbor.constants, block.vectors(0..block.len()), &block.r, rows);
            }
        }
        self.describe(model, n, of_center);
        job.parameters(&mut self.param);
        self.energy.resize(n, R::default());
        self.gd.resize(self.d.len(), R::default());
        self.exact.networks.fit_typed(center, &self.d, &self.param, &mut self.energy, &mut self.gd)?;
        self.forces(job, of_center, lane)
    }
}

impl<R: Kernels> TabulatedWorker<R> {
    /// A and the fitting net's input of all centres.
    fn describe(&mut self, model: &Model, n: usize, of_center: &CenterTables<R>) {
        let (columns, width, axis) = (of_center.columns, self.tables.width, model.contract.axis_neuron);
        let inputs = match &of_center.head {
            Head::Full { .. } => model.contract.descriptor_len(),
            Head::Reduced { columns, .. } => columns * (columns + 3) / 2,
        };
        self.a.resize(n * 4 * columns, R::default());
        self.d.resize(n * inputs, R::default());
        for c in 0..n {
            let a = &mut self.a[c * 4 * columns..(c + 1) * 4 * columns];
            let d = &mut self.d[c * inputs..(c + 1) * inputs];
            a[..columns].copy_from_slice(&of_center.start);
            a[columns..].fill(R::default());
            for (neighbor, (block, of_neighbor)) in self.blocks.iter().zip(&of_center.neighbors).enumerate() {
                let (Some(of_neighbor), pairs) = (of_neighbor, block.of(c)) else { continue };
                let a = &mut a[of_neighbor.first..];
                take_off(a, &of_neighbor.padding, pairs.len());
                let rows = self.rows[neighbor].part(pairs.clone());
                let (table, k) = (&of_neighbor.table.coefficients, of_neighbor.table.columns);
                match &self.nearby[neighbor] {
                    Some(nearby) => nearby.accumulate(pairs, rows.row, a),
                    None => R::accumulate(self.isa, table, k, rows, a, columns),
                }
            }
            match &of_center.head {
                Head::Full { expand, constant, masked, .. } => {
                    self.t.resize(n * 4 * width, R::default());
                    let t = &mut self.t[c * 4 * width..(c + 1) * 4 * width];
                    R::four_rows(self.isa, a, expand, t, width);
                    t.iter_mut().zip(constant).for_each(|(t, constant)| *t += *constant);
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

    fn forces(&mut self, job: Job, of_center: &CenterTables<R>, lane: &mut Lane) -> Result<()> {
        let Job { model, center, members, .. } = job;
        let (columns, width, axis) = (of_center.columns, self.tables.width, model.contract.axis_neuron);
        let inputs = self.d.len() / members.len();
        let (scale, shift) = (model.contract.energy_scale[center], model.contract.energy_shift[center]);
        self.ga.resize(4 * columns, R::default());
        for c in 0..members.len() {
            let gd = &self.gd[c * inputs..(c + 1) * inputs];
            match &of_center.head {
                Head::Full { contract, .. } => {
                    self.gt.resize(4 * width, R::default());
                    let t = &self.t[c * 4 * width..(c + 1) * 4 * width];
                    R::descriptor_backward(self.isa, t, axis, gd, &mut self.gt);
                    R::four_rows(self.isa, &self.gt, contract, &mut self.ga, columns);
                }
                Head::Reduced { columns: used, .. } => {
                    let a = &self.a[c * 4 * columns..(c + 1) * 4 * columns];
                    self.gt.resize(used * columns, R::default());
                    R::features_backward(self.isa, a, columns, *used, gd, &mut self.gt, &mut self.ga);
                }
            }
            let (mut reaction, mut neighbors) = ([0.0; 3], 0);
            for (neighbor, (block, of_neighbor)) in self.blocks.iter().zip(&of_center.neighbors).enumerate() {
                let pairs = block.of(c);
                neighbors += pairs.len();
                let Some(of_neighbor) = of_neighbor else { continue };
                let (rows, ga) = (&self.rows[neighbor], &self.ga[of_neighbor.first..]);
                let (table, k) = (&of_neighbor.table.coefficients, of_neighbor.table.columns);
                let part = rows.part(pairs.clone());
                match &self.nearby[neighbor] {
                    Some(nearby) => nearby.project(pairs.clone(), part.row, ga, &mut self.products),
                    None => R::project(self.isa, table, k, part, ga, columns, &mut self.products),
                }
                let radial = [&rows.da, &rows.b, &rows.db].map(|v| &v[pairs.clone()]);
                let (x, r) = (block.vectors(pairs.clone()), &block.r[pairs.clone()]);
                R::pair_forces(self.isa, &of_neighbor.constants, &self.products, x, r, radial, &mut self.f);
                let of_block = lane.add_pairs(&block.j[pairs], x, [&self.f[0], &self.f[1], &self.f[2]]);
                reaction.iter_mut().zip(of_block).for_each(|(r, b)| *r += b);
            }
            lane.add_center(job, c, self.energy[c].to_f64() * scale + shift, reaction, neighbors)?;
        }
        Ok(())
    }
}

/// Takes `count` times `values` off the first row.
fn take_off<R: Kernels>(row: &mut [R], values: &[R], count: usize) {
    let count = R::from_f64(count as f64);
    row.iter_mut().zip(values).for_each(|(to, v)| *to += -(*v * count));
}
