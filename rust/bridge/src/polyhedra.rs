// SPDX-License-Identifier: MIT
//! `fix ion/polyhedra`.

use std::pin::Pin;

use deepion_analysis::Result;
use deepion_analysis::polyhedra::{self, PolyhedraLayout};
use deepion_analysis::rdf::Pairs;
use deepion_analysis::shapes::vectors;

use crate::guard::guard_only;
use crate::measurement::{Measurement, Sampler};

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    /// Settings of `fix ion/polyhedra`.
    struct PolyhedraSettings {
        /// Bonds are made where a ligand is nearer than this, and broken where it is farther away than that, A.
        made: f64,
        broken: f64,
        lags_per_level: u64,
        levels: u64,
        /// Time steps between samples.
        every: u64,
        /// Time step, ps.
        timestep: f64,
        centers: u64,
        ligands: u64,
        /// What both are called in the names of clusters.
        center_name: String,
        ligand_name: String,
    }

    unsafe extern "C++" {
        include!("deepion-bridge/src/measurement.rs.h");
        type Measurement = crate::measurement::Measurement;
    }

    extern "Rust" {
        type Polyhedra;

        /// Rotation of units, speciation and lifetimes.
        fn open_polyhedra(settings: &PolyhedraSettings) -> Result<Box<Polyhedra>>;
        /// What it has in common with all measurements.
        fn measurement(self: &mut Polyhedra) -> Pin<&mut Measurement>;
        /// This rank's part of a frame, to be put behind those of the other ranks. `positions`, A, n x 3, and `ids`, n, of all atoms this rank
        /// knows; what may be near `centers[k]`: `neighbors[offsets[k]..offsets[k + 1]]`.
        fn near(
            self: &Polyhedra,
            positions: &[f64],
            ids: &[i64],
            centers: &[i32],
            offsets: &[usize],
            neighbors: &[i32],
        ) -> Result<Vec<i64>>;
        /// Takes a frame: the parts of all ranks. This is rank number `rank` of `ranks`.
        fn sample(self: &mut Polyhedra, rows: &[i64], rank: usize, ranks: usize) -> Result<()>;
    }
}

/// Rotation of units, speciation and lifetimes.
struct Polyhedra(Sampler<polyhedra::Polyhedra>);

fn open_polyhedra(settings: &ffi::PolyhedraSettings) -> Result<Box<Polyhedra>> {
    guard_only(|| {
        let layout = PolyhedraLayout {
            made: settings.made,
            broken: settings.broken,
            lags_per_level: settings.lags_per_level,
            levels: settings.levels,
            every: settings.every,
            timestep_ps: settings.timestep,
            centers: settings.centers,
            ligands: settings.ligands,
            names: [settings.center_name.clone(), settings.ligand_name.clone()],
        };
        Ok(Box::new(Polyhedra(Sampler::new(polyhedra::Polyhedra::new(layout)?))))
    })
}

impl Polyhedra {
    fn measurement(&mut self) -> Pin<&mut Measurement> {
        self.0.common()
    }

    fn near(
        &self,
        positions: &[f64],
        ids: &[i64],
        centers: &[i32],
        offsets: &[usize],
        neighbors: &[i32],
    ) -> Result<Vec<i64>> {
        self.0.guarded(|polyhedra| {
            let positions = vectors("positions", positions)?;
            let PolyhedraLayout { made, broken, .. } = *polyhedra.layout();
            polyhedra::near(&Pairs { positions, centers, offsets, neighbors }, ids, made, broken)
        })
    }

    fn sample(&mut self, rows: &[i64], rank: usize, ranks: usize) -> Result<()> {
        self.0.guarded(|polyhedra| polyhedra.sample(rows, rank, ranks))
    }
}
