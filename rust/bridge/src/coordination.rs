// SPDX-License-Identifier: MIT
//! `fix ion/coordination` and `compute ion/coordination`.

use std::pin::Pin;

use deepion_analysis::Result;
use deepion_analysis::coordination::{self, CoordinationLayout, Histogram, count, instantaneous};
use deepion_analysis::shapes::vectors;

use crate::guard::guard_only;
use crate::measurement::{Measurement, Sampler};

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    /// Settings of `fix ion/coordination`.
    struct CoordinationSettings {
        /// A, ascending.
        cutoffs: Vec<f64>,
        /// Coordination numbers 0..=most have bins of their own.
        most: u32,
        /// Time steps between samples.
        every: u64,
        ions: u64,
        /// Atoms of the neighbor group.
        neighbors: u64,
    }

    unsafe extern "C++" {
        include!("deepion-bridge/src/measurement.rs.h");
        type Measurement = crate::measurement::Measurement;
    }

    extern "Rust" {
        type Coordination;

        /// Distribution of coordination numbers.
        fn open_coordination(settings: &CoordinationSettings) -> Result<Box<Coordination>>;
        /// What it has in common with all measurements.
        fn measurement(self: &mut Coordination) -> Pin<&mut Measurement>;
        /// Takes a frame: `counts` of this rank's ions.
        fn sample(self: &mut Coordination, counts: &[u32]) -> Result<()>;

        /// Replaces `counts` (n x cut-offs) by the numbers of neighbors of the n `centers` within each of `cutoffs` (A, ascending).
        /// `x`: of all atoms, A; neighbors of `centers[k]`: `neighbors[offsets[k]..offsets[k + 1]]`.
        fn count_neighbors(
            x: &[f64],
            centers: &[i32],
            offsets: &[usize],
            neighbors: &[i32],
            cutoffs: &[f64],
            counts: &mut Vec<u32>,
        ) -> Result<()>;
        /// One frame alone: this rank's `counts` as integers to be added over ranks.
        fn coordination_histogram(counts: &[u32], cutoffs: usize, most: u32) -> Result<Vec<i64>>;
        /// What their sum says, a row for each cut-off: A, mean n, entropy and entropy over n = 1..=6 (kB per ion), P(0), ...
        /// P(most), P(> most).
        fn instantaneous_coordination(sum: &[i64], cutoffs: &[f64], most: u32) -> Result<Vec<f64>>;
    }
}

/// Distribution of coordination numbers.
struct Coordination(Sampler<coordination::Coordination>);

fn open_coordination(settings: &ffi::CoordinationSettings) -> Result<Box<Coordination>> {
    guard_only(|| {
        let ffi::CoordinationSettings { ref cutoffs, most, every, ions, neighbors } = *settings;
        let layout = CoordinationLayout { cutoffs: cutoffs.clone(), most, every, ions, neighbors };
        Ok(Box::new(Coordination(Sampler::new(coordination::Coordination::new(layout)?))))
    })
}

fn count_neighbors(
    x: &[f64],
    centers: &[i32],
    offsets: &[usize],
    neighbors: &[i32],
    cutoffs: &[f64],
    counts: &mut Vec<u32>,
) -> Result<()> {
    guard_only(|| count(&vectors("positions", x)?, centers, offsets, neighbors, cutoffs, counts))
}

fn coordination_histogram(counts: &[u32], cutoffs: usize, most: u32) -> Result<Vec<i64>> {
    guard_only(|| {
        let mut histogram = Histogram::new(cutoffs, most);
        histogram.add_frame(counts)?;
        Ok(histogram.integers())
    })
}

fn instantaneous_coordination(sum: &[i64], cutoffs: &[f64], most: u32) -> Result<Vec<f64>> {
    guard_only(|| {
        let mut histogram = Histogram::new(cutoffs.len(), most);
        histogram.add_integers(sum)?;
        Ok(instantaneous(&histogram, cutoffs).concat())
    })
}

impl Coordination {
    fn measurement(&mut self) -> Pin<&mut Measurement> {
        self.0.common()
    }

    fn sample(&mut self, counts: &[u32]) -> Result<()> {
        self.0.guarded(|coordination| coordination.sample(counts))
    }
}
