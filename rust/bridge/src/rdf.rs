// SPDX-License-Identifier: MIT
//! `fix ion/rdf`.

use std::pin::Pin;

use deepion_analysis::Result;
use deepion_analysis::rdf::{self, Pairs, RdfLayout};
use deepion_analysis::shapes::vectors;

use crate::guard::guard_only;
use crate::measurement::{Measurement, Sampler};

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    /// Settings of `fix ion/rdf`.
    struct RdfSettings {
        /// Largest distance, A.
        rmax: f64,
        /// Shells of equal width.
        bins: u64,
        /// Time steps between samples.
        every: u64,
        ions: u64,
        /// Atoms of the neighbor group, and how many of these are ions, too.
        neighbors: u64,
        shared: u64,
    }

    unsafe extern "C++" {
        include!("deepion-bridge/src/measurement.rs.h");
        type Measurement = crate::measurement::Measurement;
    }

    extern "Rust" {
        type Rdf;

        /// Radial distribution function and running coordination number.
        fn open_rdf(settings: &RdfSettings) -> Result<Box<Rdf>>;
        /// What it has in common with all measurements.
        fn measurement(self: &mut Rdf) -> Pin<&mut Measurement>;
        /// Takes a frame. `positions` of all atoms this rank knows, A, n x 3; neighbors of `centers[k]`:
        /// `neighbors[offsets[k]..offsets[k + 1]]`; `volume`: A^3.
        fn sample(
            self: &mut Rdf,
            positions: &[f64],
            centers: &[i32],
            offsets: &[usize],
            neighbors: &[i32],
            volume: f64,
        ) -> Result<()>;
    }
}

/// Radial distribution function.
struct Rdf(Sampler<rdf::Rdf>);

fn open_rdf(settings: &ffi::RdfSettings) -> Result<Box<Rdf>> {
    guard_only(|| {
        let ffi::RdfSettings { rmax, bins, every, ions, neighbors, shared } = *settings;
        let layout = RdfLayout { rmax, bins, every, ions, neighbors, shared };
        Ok(Box::new(Rdf(Sampler::new(rdf::Rdf::new(layout)?))))
    })
}

impl Rdf {
    fn measurement(&mut self) -> Pin<&mut Measurement> {
        self.0.common()
    }

    fn sample(
        &mut self,
        positions: &[f64],
        centers: &[i32],
        offsets: &[usize],
        neighbors: &[i32],
        volume: f64,
    ) -> Result<()> {
        self.0.guarded(|rdf| {
            let positions = vectors("positions", positions)?;
            rdf.sample(&Pairs { positions, centers, offsets, neighbors }, volume)
        })
    }
}
