//! The tabulated path: a chunk of centres from positions to energies and pair forces with tables instead of embedding nets.

use std::sync::Arc;

use crate::chunk::{Chunk, ChunkWorker, Job, Worker};
use crate::error::Result;
use crate::model::Model;
use crate::neighborhood::{Block, Pair};
use crate::networks::TypedNetworks;

use super::kernel::PairRows;
use super::simd::{InstructionSet, Kernels};
use super::tables::{CenterTables, Tables};

/// A worker thread of the tabulated path.
pub struct TabulatedWorker<R> {
    tables: Arc<Tables<R>>,
    isa: InstructionSet,
    /// The exact path: its fitting nets serve this one too, and it takes over chunks with a pair closer than the tables reach.
    exact: Worker<dyn TypedNetworks<R>>,
    /// Per neighbour type, for all pairs of the chunk.
    rows: Vec<Rows<R>>,
    a: Vec<R>,
    ga: Vec<R>,
    t: Vec<R>,
    gt: Vec<R>,
    d: Vec<R>,
    gd: Vec<R>,
    energy: Vec<R>,
    param: Vec<R>,
    products: Vec<[R; 5]>,
}

/// Table positions, rows and basis functions of the pairs of a block.
#[derive(Default)]
struct Rows<R> {
    piece: Vec<u32>,
    t: Vec<R>,
    row: Vec<[R; 4]>,
    psi: Vec<R>,
    slope: Vec<R>,
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
            rows: Vec::new(),
            a: empty(),
            ga: empty(),
            t: empty(),
            gt: empty(),
            d: empty(),
            gd: empty(),
            energy: empty(),
            param: empty(),
            products: Vec::new(),
        }
    }
}

impl<R: Kernels> ChunkWorker for TabulatedWorker<R> {
    fn bytes(&self) -> usize {
        let of_rows = |r: &Rows<R>| {
            (r.t.capacity() + 4 * r.row.capacity() + r.psi.capacity() + r.slope.capacity()) * size_of::<R>()
                + 4 * r.piece.capacity()
        };
        let flat =
            [&self.a, &self.ga, &self.t, &self.gt, &self.d, &self.gd, &self.energy, &self.param].map(Vec::capacity);
        self.rows.iter().map(of_rows).sum::<usize>() + flat.iter().sum::<usize>() * size_of::<R>() + self.exact.bytes()
    }

    fn evaluate(&mut self, job: Job, chunk: &mut Chunk) -> Result<()> {
        let Job { model, center, .. } = job;
        let n = job.members.len();
        chunk.collect(job)?;
        let tables = Arc::clone(&self.tables);
        if chunk.blocks.iter().flat_map(|b| &b.pairs).any(|p| p.r < tables.nearest) {
            return self.exact.evaluate(job, chunk);
        }
        let of_center = &tables.centers[center];
        self.locate(model, center, of_center, &chunk.blocks);
        self.describe(model, n, of_center, &chunk.blocks);
        job.parameters(&mut self.param);
        self.energy.resize(n, R::default());
        self.gd.resize(self.d.len(), R::default());
        self.exact.networks.fit_typed(center, &self.d, &self.param, &mut self.energy, &mut self.gd)?;
        let (scale, shift) = (model.contract.energy_scale[center], model.contract.energy_shift[center]);
        chunk.energies.clear();
        chunk.energies.extend(self.energy.iter().map(|e| e.to_f64() * scale + shift));
        self.forces(model, center, n, of_center, &mut chunk.blocks);
        chunk.check_finite(job)
    }
}

impl<R: Kernels> TabulatedWorker<R> {
    /// Where in the tables each pair is, and its row of the environment matrix.
    fn locate(&mut self, model: &Model, center: usize, of_center: &CenterTables<R>, blocks: &[Block]) {
        let (avg, [std0, std1]) = (model.contract.davg[center], model.contract.dstd[center]);
        let (inv0, inv1) = (1.0 / std0, 1.0 / std1);
        self.rows.resize_with(blocks.len(), Rows::default);
        for ((block, of_neighbor), rows) in blocks.iter().zip(&of_center.neighbors).zip(&mut self.rows) {
            rows.piece.clear();
            rows.t.clear();
            rows.row.clear();
            let Some(of_neighbor) = of_neighbor else { continue };
            for Pair { x, r, radial, .. } in &block.pairs {
                let (piece, t) = of_neighbor.table.locate(*r);
                rows.piece.push(piece as u32);
                rows.t.push(R::from_f64(t));
                let b = radial.b * inv1;
                rows.row.push([(radial.a - avg) * inv0, x[0] * b, x[1] * b, x[2] * b].map(R::from_f64));
            }
            let values = block.pairs.len() * of_neighbor.table.columns;
            rows.psi.resize(values, R::default());
            rows.slope.resize(values, R::default());
        }
    }

    /// A, T and D of all centres.
    fn describe(&mut self, model: &Model, n: usize, of_center: &CenterTables<R>, blocks: &[Block]) {
        let (columns, width) = (of_center.columns, self.tables.width);
        let descriptor_len = model.contract.descriptor_len();
        self.a.resize(4 * columns, R::default());
        self.t.resize(n * 4 * width, R::default());
        self.d.resize(n * descriptor_len, R::default());
        for c in 0..n {
            self.a.fill(R::default());
            for (neighbor, (block, of_neighbor)) in blocks.iter().zip(&of_center.neighbors).enumerate() {
                let Some(of_neighbor) = of_neighbor else { continue };
                let (first, end) = (block.start[c], block.start[c + 1]);
                let a = &mut self.a[of_neighbor.first..];
                let real = R::from_f64((end - first) as f64);
                for (a, p) in a.iter_mut().zip(&of_neighbor.padding) {
                    *a = -(*p * real);
                }
                if first < end {
                    let rows = &mut self.rows[neighbor];
                    let k = of_neighbor.table.columns;
                    let pairs =
                        PairRows { piece: &rows.piece[first..end], t: &rows.t[first..end], row: &rows.row[first..end] };
                    let (psi, slope) = (&mut rows.psi[first * k..end * k], &mut rows.slope[first * k..end * k]);
                    R::accumulate(self.isa, &of_neighbor.table.coefficients, k, pairs, psi, slope, a, columns);
                }
            }
            let t = &mut self.t[c * 4 * width..(c + 1) * 4 * width];
            R::four_rows(self.isa, &self.a, &of_center.expand, t, width);
            for (t, constant) in t.iter_mut().zip(&of_center.constant) {
                *t += *constant;
            }
            for (block, masked) in blocks.iter().zip(&of_center.masked) {
                let Some(masked) = masked else { continue };
                let real = R::from_f64(block.of(c).len() as f64);
                for (t, m) in t.iter_mut().zip(masked) {
                    *t += -(*m * real);
                }
            }
            R::descriptor(
                self.isa,
                t,
                model.contract.axis_neuron,
                &mut self.d[c * descriptor_len..(c + 1) * descriptor_len],
            );
        }
    }

    fn forces(&mut self, model: &Model, center: usize, n: usize, of_center: &CenterTables<R>, blocks: &mut [Block]) {
        let (columns, width) = (of_center.columns, self.tables.width);
        let descriptor_len = model.contract.descriptor_len();
        let [std0, std1] = model.contract.dstd[center];
        let scale = model.contract.energy_scale[center];
        let (inv0, inv1) = (scale / std0, scale / std1);
        self.gt.resize(4 * width, R::default());
        self.ga.resize(4 * columns, R::default());
        for c in 0..n {
            let t = &self.t[c * 4 * width..(c + 1) * 4 * width];
            let gd = &self.gd[c * descriptor_len..(c + 1) * descriptor_len];
            R::descriptor_backward(self.isa, t, model.contract.axis_neuron, gd, &mut self.gt);
            R::four_rows(self.isa, &self.gt, &of_center.contract, &mut self.ga, columns);
            for (neighbor, (block, of_neighbor)) in blocks.iter_mut().zip(&of_center.neighbors).enumerate() {
                let Some(of_neighbor) = of_neighbor else { continue };
                let (first, end) = (block.start[c], block.start[c + 1]);
                let (rows, k) = (&self.rows[neighbor], of_neighbor.table.columns);
                self.products.resize(end - first, [R::default(); 5]);
                let (psi, slope) = (&rows.psi[first * k..end * k], &rows.slope[first * k..end * k]);
                let ga = &self.ga[of_neighbor.first..];
                R::project(self.isa, k, &rows.row[first..end], psi, slope, ga, columns, &mut self.products);
                let per_length = of_neighbor.table.inv_step * scale;
                for (pair, products) in block.pairs[first..end].iter_mut().zip(&self.products) {
                    let [e0, e1, e2, e3, slope] = products.map(R::to_f64);
                    let q = [e1 * inv1, e2 * inv1, e3 * inv1];
                    let qx = q[0] * pair.x[0] + q[1] * pair.x[1] + q[2] * pair.x[2];
                    let radial = (e0 * inv0 * pair.radial.da + slope * per_length + pair.radial.db * qx) / pair.r;
                    for d in 0..3 {
                        pair.f[d] = -(radial * pair.x[d] + pair.radial.b * q[d]);
                    }
                }
            }
        }
    }
}
