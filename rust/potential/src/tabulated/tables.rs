// SPDX-License-Identifier: MIT
//! Everything that is prepared at load for the tabulated path: per center type a basis, a table and their matrices.

use ndarray::Array2;

use crate::contract::{Contract, ReducedLevel};
use crate::contraction::Contraction;
use crate::error::{Error, Result};
use crate::listing::PairKind;
use crate::model::{Descriptor, Model};
use crate::networks::Networks;
use crate::steps::{FittingSteps, products_of};

use super::aligned::{Aligned, aligned};
use super::basis::{self, Basis};
use super::fitting::FittingProgram;
use super::kernel::Constants;
use super::simd::{InstructionSet, Kernels};
use super::table::Table;

/// How accurate tables are and where they begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TableSettings {
    /// Largest relative error of a row of T and of a tabulated function.
    pub tolerance: f64,
    /// Smallest distance tabulated, A; closer pairs are evaluated exactly.
    pub nearest: f64,
}

/// What makes a reduced network of a model.
#[derive(Clone, Copy)]
pub struct Reduction<'a> {
    /// Per center type: M x columns.
    pub basis: &'a [Array2<f64>],
    /// The level.
    pub level: &'a ReducedLevel,
    /// Per center type: the level's fitting net; none: the networks run it.
    pub fitting: &'a [Option<FittingSteps>],
}

/// What a user should know of the tables of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSummary {
    /// Basis functions of each center type, over all its neighbor types.
    pub columns: Vec<usize>,
    /// Pieces of the finest table.
    pub most_pieces: usize,
    /// Distance from which all tables are valid, A.
    pub nearest: f64,
    /// Largest relative error of a basis or a table.
    pub error: f64,
    /// Memory of the tables.
    pub bytes: usize,
    /// Instruction set of the kernels.
    pub instruction_set: &'static str,
}

/// Tables of one center type. n is the number of columns of A, to which neighbors add basis functions.
pub struct CenterTables<R> {
    /// Per neighbor type; none: no such neighbors, or they add nothing but what [`CenterTables::masked`] says.
    pub neighbors: Vec<Option<NeighborTable<R>>>,
    /// n, padded to whole lanes.
    pub columns: usize,
    /// First row of A before any neighbor.
    pub start: Vec<R>,
    /// From A to the fitting net and back.
    pub head: Head<R>,
    /// The fitting net, of T (full) or A (reduced); none: the networks run it, of the descriptor or of features.
    pub fitting: Option<FittingProgram<R>>,
}

/// What follows A.
pub enum Head<R> {
    /// T = C + A B and D = T^T T[:, :axis]: the full networks. Every neighbor type has columns of its own.
    Full {
        /// B divided by the number of slots, from basis to embedding: n x width.
        expand: Aligned<R>,
        /// The same, transposed: width x n (both padded to whole lanes).
        contract: Aligned<R>,
        /// T of an atom without neighbors, first row: width values.
        constant: Vec<R>,
        /// Per neighbor type: what a masked neighbor takes off the first row of T, for the slot it fills.
        masked: Vec<Option<Vec<R>>>,
    },
    /// Products of the columns of A: a reduced network. All neighbor types share the columns.
    Reduced {
        /// n without padding.
        columns: usize,
        /// Columns whose products with all are features.
        products: usize,
        /// Per neighbor type: what a masked neighbor takes off the first row of A.
        masked: Vec<Option<Vec<R>>>,
        /// From the embedding to the columns, divided by the number of slots: n rows of M.
        basis: Vec<Vec<f64>>,
    },
}

/// Table of one neighbor type.
pub struct NeighborTable<R> {
    /// Its basis functions.
    pub table: Table<R>,
    /// First of its columns among the n.
    pub first: usize,
    /// `g_p` psi of an empty slot, to be taken off for every real neighbor.
    pub padding: Vec<R>,
    /// For the kernels.
    pub constants: Constants,
}

/// The tables of one descriptor.
pub struct PartTables<R> {
    /// Per center type; none where the type is not in use.
    pub centers: Vec<Option<CenterTables<R>>>,
    /// Width of T, padded to whole lanes.
    pub width: usize,
}

/// The tables of a model.
pub struct Tables<R> {
    /// Per descriptor.
    pub parts: Vec<PartTables<R>>,
    /// Whether the networks are reduced ones.
    pub reduced: bool,
    /// Largest relative error of all tables and bases.
    pub error: f64,
    /// Distance from which all tables are valid, A.
    pub nearest: f64,
}

impl TableSettings {
    /// Distance from which tables are made where the training data do not say more, A: closer pairs are rare enough to be
    /// evaluated exactly.
    const NEAREST: f64 = 0.9;
    /// Tables never reach below this, A: 1/r varies too fast there.
    const CLOSEST: f64 = 0.5;

    /// Tables of the given accuracy for the distances that a model can meet.
    #[must_use]
    pub fn for_model(contract: &Contract, tolerance: f64) -> Self {
        let known = contract.min_nbor_dist.map_or(Self::NEAREST, |d| 0.9 * d);
        let shortest = contract.parts.iter().map(|p| p.rcut).fold(f64::INFINITY, f64::min);
        Self { tolerance, nearest: known.clamp(Self::CLOSEST, Self::NEAREST).min(0.5 * shortest) }
    }
}

impl<R: Kernels> Tables<R> {
    /// Tables for the full networks, from the model's own embedding nets in float64. `fitting`: per center type, the fitting net
    /// [of different products](FittingSteps::of_different_products); none: the networks run it.
    ///
    /// # Errors
    /// Whatever the networks report; a fitting net of another descriptor.
    pub fn build(
        model: &Model,
        exact: &mut dyn Networks,
        settings: TableSettings,
        fitting: &[Option<FittingSteps>],
    ) -> Result<Self> {
        let mut tables = Self { parts: Vec::new(), reduced: false, error: 0.0, nearest: 0.0 };
        for of in &model.parts {
            let width = of.part.width().next_multiple_of(R::LANES);
            let mut centers = Vec::new();
            for (center, &in_use) in model.in_use.iter().enumerate() {
                if !in_use {
                    centers.push(None);
                    continue;
                }
                let mut of_center = tables.full(model, of, center, exact, settings)?;
                if let Some(net) = fitting.get(center).and_then(Option::as_ref) {
                    let others = centers.iter().flatten().filter_map(|c: &CenterTables<R>| c.fitting.as_ref());
                    of_center.fitting = Some(full_fitting(model, net, others)?);
                }
                centers.push(Some(of_center));
            }
            tables.parts.push(PartTables { centers, width });
        }
        Ok(tables)
    }

    /// The tables of one center type for the full networks.
    fn full(
        &mut self,
        model: &Model,
        of: &Descriptor,
        center: usize,
        exact: &mut dyn Networks,
        settings: TableSettings,
    ) -> Result<CenterTables<R>> {
        let width = of.part.width().next_multiple_of(R::LANES);
        let (mut neighbors, mut masked, mut expand, mut columns) = (Vec::new(), Vec::new(), aligned(), 0);
        for neighbor in 0..of.ntypes() {
            let kind = of.kind(center, neighbor);
            let taken_off = || per_slot(of, of.masked(center, neighbor), width);
            masked.push((kind == PairKind::Masked).then(taken_off));
            if kind != PairKind::Active {
                neighbors.push(None);
                continue;
            }
            let pair = (center, neighbor);
            let basis = basis::build(of, exact, pair, settings.nearest, settings.tolerance, R::LANES)?;
            self.error = self.error.max(basis.error);
            neighbors.push(Some(self.tabulate((model, of), exact, pair, settings, &basis, columns)?));
            for row in &basis.rows {
                expand.extend_from_slice(&per_slot::<R>(of, row, width));
            }
            columns += basis.rows.len();
        }
        let contract = transposed(&expand, width);
        let constant = per_slot(of, of.constant(center), width);
        let head = Head::Full { expand, contract, constant, masked };
        Ok(CenterTables { neighbors, columns, start: vec![R::default(); columns], head, fitting: None })
    }

    /// Tables for reduced networks.
    ///
    /// # Errors
    /// A basis has not as many rows as the embedding, or fewer columns than the level uses; whatever the networks report.
    pub fn reduced(
        model: &Model,
        exact: &mut dyn Networks,
        settings: TableSettings,
        Reduction { basis, level, fitting }: Reduction,
    ) -> Result<Self> {
        let mut tables = Self { parts: Vec::new(), reduced: true, error: 0.0, nearest: 0.0 };
        let [of] = &*model.parts else {
            return Err(Error::Model("reduced networks need a model with one descriptor".into()));
        };
        let m = of.part.width();
        let mut centers = Vec::new();
        for (center, basis) in basis.iter().enumerate() {
            let used = level.columns[center];
            if basis.nrows() != m || basis.ncols() < used {
                return Err(Error::Model(format!(
                    "the basis of center type {} has the shape {:?}, expected {m} rows and {used} columns or more",
                    model.contract.type_map[center],
                    basis.shape()
                )));
            }
            if !model.in_use[center] {
                centers.push(None);
                continue;
            }
            let columns = used.next_multiple_of(R::LANES);
            let row = |p: usize| basis.column(p).iter().map(|v| v * of.inv_slots).collect();
            let mut rows: Vec<Vec<f64>> = (0..used).map(row).collect();
            rows.resize(columns, vec![0.0; m]);
            let basis = Basis { rows, error: 0.0 };
            let (mut neighbors, mut masked) = (Vec::new(), Vec::new());
            for neighbor in 0..of.ntypes() {
                let kind = of.kind(center, neighbor);
                let pair = (center, neighbor);
                masked.push((kind == PairKind::Masked).then(|| projected(of.masked(center, neighbor), &basis)));
                neighbors.push(match kind {
                    PairKind::Active => Some(tables.tabulate((model, of), exact, pair, settings, &basis, 0)?),
                    _ => None,
                });
            }
            let mut start: Vec<R> = level.mean[center].iter().map(|v| R::from_f64(-v)).collect();
            start.resize(columns, R::default());
            let fitting = fitting.get(center).and_then(Option::as_ref);
            if fitting.is_some_and(|net| net.widths[0] != level.features(center)) {
                return Err(Error::Internal(format!("a fitting net does not take the features of {used} columns")));
            }
            let products = level.products[center];
            let fitting = fitting.map(|net| FittingProgram::new(net, products, std::iter::empty()));
            let head = Head::Reduced { columns: used, products, masked, basis: basis.rows };
            centers.push(Some(CenterTables { neighbors, columns, start, head, fitting }));
        }
        tables.parts.push(PartTables { centers, width: m.next_multiple_of(R::LANES) });
        Ok(tables)
    }

    fn tabulate(
        &mut self,
        (model, of): (&Model, &Descriptor),
        exact: &mut dyn Networks,
        (center, neighbor): (usize, usize),
        settings: TableSettings,
        basis: &Basis,
        first: usize,
    ) -> Result<NeighborTable<R>> {
        let table = Table::build(of, exact, (center, neighbor), basis, settings.nearest, settings.tolerance)?;
        self.error = self.error.max(table.error);
        self.nearest = self.nearest.max(table.places.nearest);
        log::debug!(
            "table of center type {} and neighbor type {}: {} functions, {} pieces, relative error {:.1e}",
            model.contract.type_map[center],
            model.contract.type_map[neighbor],
            table.columns,
            table.pieces(),
            table.error
        );
        let c = &of.part;
        let [std0, std1] = c.dstd[center];
        let constants = Constants {
            avg: c.davg[center],
            inv0: 1.0 / std0,
            inv1: 1.0 / std1,
            rcut_smth: c.rcut_smth,
            inv_switch: 1.0 / (c.rcut - c.rcut_smth),
            protection: c.env_protection,
            scale: model.contract.energy_scale[center],
        };
        Ok(NeighborTable { table, first, padding: projected(of.padding(center, neighbor), basis), constants })
    }

    /// The tables of all descriptors and center types in use.
    fn centers(&self) -> impl Iterator<Item = &CenterTables<R>> {
        self.parts.iter().flat_map(|p| &p.centers).flatten()
    }

    /// Whether fitting nets run in their kernel, or do not matter for the size of chunks.
    #[must_use]
    pub fn own_fitting(&self) -> bool {
        self.reduced || self.centers().all(|c| c.fitting.is_some())
    }

    /// What is to be said of the tables.
    #[must_use]
    pub fn summary(&self, isa: InstructionSet) -> TableSummary {
        let tables = || self.centers().flat_map(|c| &c.neighbors).flatten().map(|t| &t.table);
        TableSummary {
            columns: self.centers().map(|c| c.columns).collect(),
            most_pieces: tables().map(Table::pieces).max().unwrap_or(0),
            nearest: self.nearest,
            error: self.error,
            bytes: self.bytes(),
            instruction_set: isa.name(),
        }
    }

    /// Bytes of all tables and matrices.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let of_center = |c: &CenterTables<R>| {
            let tables: usize = c.neighbors.iter().flatten().map(|t| t.table.bytes()).sum();
            let matrices = match &c.head {
                Head::Full { expand, contract, .. } => (expand.len() + contract.len()) * size_of::<R>(),
                Head::Reduced { .. } => 0,
            };
            tables + matrices
        };
        self.centers().map(of_center).sum::<usize>()
            + FittingProgram::bytes(self.centers().filter_map(|c| c.fitting.as_ref()))
    }
}

/// The fitting net of a model with one descriptor, prepared for its kernel.
fn full_fitting<'a, R: Kernels>(
    model: &Model,
    net: &FittingSteps,
    others: impl Iterator<Item = &'a FittingProgram<R>>,
) -> Result<FittingProgram<R>> {
    let [Descriptor { contraction: Contraction::Angular { axis }, part, .. }] = &*model.parts else {
        return Err(Error::Internal("the kernel of fitting nets is for one descriptor with directions".into()));
    };
    if net.widths[..2] != [products_of(*axis, part.width()), model.contract.numb_param()] {
        return Err(Error::Internal("a fitting net does not take the products and parameters of its model".into()));
    }
    Ok(FittingProgram::new(net, *axis, others))
}

/// What an embedding-wide vector adds to the columns; an empty one stands for zeros.
fn projected<R: Kernels>(values: &[f64], basis: &Basis) -> Vec<R> {
    let project = |row: &Vec<f64>| R::from_f64(row.iter().zip(values).map(|(a, b)| a * b).sum());
    basis.rows.iter().map(project).collect()
}

/// Values as wide as the embedding, divided by the number of slots and padded to `width`; an empty vector stands for zeros.
fn per_slot<R: Kernels>(of: &Descriptor, values: &[f64], width: usize) -> Vec<R> {
    let mut out: Vec<R> = values.iter().map(|v| R::from_f64(v * of.inv_slots)).collect();
    out.resize(width, R::default());
    out
}

fn transposed<R: Copy + Default>(matrix: &[R], width: usize) -> Aligned<R> {
    let rows = matrix.len() / width;
    let mut out = aligned();
    out.resize(matrix.len(), R::default());
    for (k, row) in matrix.chunks_exact(width).enumerate() {
        for (m, value) in row.iter().enumerate() {
            out[m * rows + k] = *value;
        }
    }
    out
}
