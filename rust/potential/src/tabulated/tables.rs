//! Everything that is prepared at load for the tabulated path: per centre type a basis, a table and their matrices.

use crate::contract::Contract;
use crate::error::Result;
use crate::model::{Model, PairKind};
use crate::networks::Networks;

use super::basis;
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

/// What a user should know of the tables of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSummary {
    /// Basis functions of each centre type, over all its neighbour types.
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

/// Tables of one centre type. n is the number of basis functions of all neighbour types together.
pub struct CenterTables<R> {
    /// Per neighbour type; none: no such neighbours, or they add nothing but what is in `masked`.
    pub neighbors: Vec<Option<NeighborTable<R>>>,
    /// Per neighbour type: what a neighbour whose row is masked takes off the first row of T, for the slot it fills.
    pub masked: Vec<Option<Vec<R>>>,
    /// n.
    pub columns: usize,
    /// From basis to embedding, divided by the number of slots: n x width.
    pub expand: Vec<R>,
    /// The same, transposed: width x n (both padded to whole lanes).
    pub contract: Vec<R>,
    /// T of an atom without neighbours, first row: width values.
    pub constant: Vec<R>,
}

/// Table of one neighbour type.
pub struct NeighborTable<R> {
    /// Its basis functions.
    pub table: Table<R>,
    /// First of its columns among the n.
    pub first: usize,
    /// `g_p` psi of an empty slot, to be taken off for every real neighbour.
    pub padding: Vec<R>,
}

/// The tables of a model.
pub struct Tables<R> {
    /// Per centre type.
    pub centers: Vec<CenterTables<R>>,
    /// Width of T, padded to whole lanes.
    pub width: usize,
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
        Self { tolerance, nearest: known.clamp(Self::CLOSEST, Self::NEAREST).min(0.5 * contract.rcut) }
    }
}

impl<R: Kernels> Tables<R> {
    /// Builds all tables from the model's own embedding nets in float64.
    ///
    /// # Errors
    /// Whatever the networks report.
    pub fn build(model: &Model, exact: &mut dyn Networks, settings: TableSettings) -> Result<Self> {
        let contract = &model.contract;
        let width = contract.width().next_multiple_of(R::LANES);
        let mut tables = Self { centers: Vec::new(), width, error: 0.0, nearest: 0.0 };
        for center in 0..contract.ntypes() {
            let mut of_center = CenterTables {
                neighbors: Vec::new(),
                masked: Vec::new(),
                columns: 0,
                expand: Vec::new(),
                contract: Vec::new(),
                constant: per_slot(model, model.constant(center), width),
            };
            for neighbor in 0..contract.ntypes() {
                let (table, masked) = match model.kind(center, neighbor) {
                    PairKind::Absent => (None, None),
                    PairKind::Masked => (None, Some(per_slot(model, model.padding(center, neighbor), width))),
                    PairKind::Active => {
                        (Some(tables.add(model, exact, (center, neighbor), settings, &mut of_center)?), None)
                    }
                };
                of_center.neighbors.push(table);
                of_center.masked.push(masked);
            }
            of_center.contract = transposed(&of_center.expand, width);
            tables.centers.push(of_center);
        }
        Ok(tables)
    }

    fn add(
        &mut self,
        model: &Model,
        exact: &mut dyn Networks,
        (center, neighbor): (usize, usize),
        settings: TableSettings,
        to: &mut CenterTables<R>,
    ) -> Result<NeighborTable<R>> {
        let basis = basis::build(model, exact, center, neighbor, settings.nearest, settings.tolerance, R::LANES)?;
        let table = Table::build(model, exact, (center, neighbor), &basis, settings.nearest, settings.tolerance)?;
        self.error = self.error.max(table.error).max(basis.error);
        self.nearest = self.nearest.max(table.nearest);
        let first = to.columns;
        to.columns += table.columns;
        for row in &basis.rows {
            to.expand.extend(per_slot::<R>(model, row, self.width));
        }
        let empty = model.padding(center, neighbor);
        let project = |row: &Vec<f64>| R::from_f64(row.iter().zip(empty).map(|(a, b)| a * b).sum());
        let padding = basis.rows.iter().map(project).collect();
        Ok(NeighborTable { table, first, padding })
    }

    /// What is to be said of the tables.
    #[must_use]
    pub fn summary(&self, isa: InstructionSet) -> TableSummary {
        let tables = || self.centers.iter().flat_map(|c| &c.neighbors).flatten().map(|t| &t.table);
        TableSummary {
            columns: self.centers.iter().map(|c| c.columns).collect(),
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
            tables + (c.expand.len() + c.contract.len()) * size_of::<R>()
        };
        self.centers.iter().map(of_center).sum()
    }
}

/// Values as wide as the embedding, divided by the number of slots and padded to `width`.
fn per_slot<R: Kernels>(model: &Model, values: &[f64], width: usize) -> Vec<R> {
    let mut out: Vec<R> = values.iter().map(|v| R::from_f64(v * model.inv_slots)).collect();
    out.resize(width, R::default());
    out
}

fn transposed<R: Copy + Default>(matrix: &[R], width: usize) -> Vec<R> {
    let rows = matrix.len() / width;
    let mut out = vec![R::default(); matrix.len()];
    for (k, row) in matrix.chunks_exact(width).enumerate() {
        for (m, value) in row.iter().enumerate() {
            out[m * rows + k] = *value;
        }
    }
    out
}
