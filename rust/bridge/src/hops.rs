// SPDX-License-Identifier: MIT
//! `fix ion/hops`.

use std::pin::Pin;

use deepion_analysis::hops::{self, HopsLayout};
use deepion_analysis::{Result, Save as _, files};

use crate::files::path_of;
use crate::guard::guard_only;
use crate::measurement::{Measurement, Sampler};
use crate::transport::reference;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    /// Settings of `fix ion/hops`.
    struct HopsSettings {
        /// Samples in the window, even.
        window: u64,
        /// Distance between cages, A.
        cut: f64,
        /// A hop returns where it ends nearer than this to where the one before began, A.
        back: f64,
        /// Lengths of hops below this one are told apart, A.
        rmax: f64,
        /// Shells of equal width.
        bins: u64,
        /// K; 0: not given.
        temperature: f64,
        /// Time steps between samples.
        every: u64,
        /// Time step, ps.
        timestep: f64,
        ions: u64,
        drift: Drift,
        /// Atoms that make the reference; 0 for `Drift::None`.
        reference_atoms: u64,
    }

    unsafe extern "C++" {
        include!("deepion-bridge/src/measurement.rs.h");
        include!("deepion-bridge/src/transport.rs.h");
        type Measurement = crate::measurement::Measurement;
        type Provenance = crate::measurement::ffi::Provenance;
        type Drift = crate::transport::ffi::Drift;
        type IonFrame<'a> = crate::transport::ffi::IonFrame<'a>;
    }

    extern "Rust" {
        type Hops;

        /// Hops from cage to cage.
        fn open_hops(settings: &HopsSettings) -> Result<Box<Hops>>;
        /// What it has in common with all measurements.
        fn measurement(self: &mut Hops) -> Pin<&mut Measurement>;
        fn sample(self: &mut Hops, frame: IonFrame) -> Result<()>;
        /// Where in the row of an ion the number of its hops so far stands.
        fn count_place(self: &mut Hops) -> Result<usize>;
        /// Replaces a file by the table of residence times.
        fn write_residence(self: &Hops, path: &[u8], provenance: &Provenance) -> Result<()>;
    }
}

/// Hops.
struct Hops(Sampler<hops::Hops>);

fn open_hops(settings: &ffi::HopsSettings) -> Result<Box<Hops>> {
    guard_only(|| {
        let layout = HopsLayout {
            window: settings.window,
            cut: settings.cut,
            back: settings.back,
            rmax: settings.rmax,
            bins: settings.bins,
            temperature: settings.temperature,
            every: settings.every,
            timestep_ps: settings.timestep,
            ions: settings.ions,
            drift: reference(settings.drift),
            reference_atoms: settings.reference_atoms,
        };
        Ok(Box::new(Hops(Sampler::new(hops::Hops::new(layout)?))))
    })
}

impl Hops {
    fn measurement(&mut self) -> Pin<&mut Measurement> {
        self.0.common()
    }

    fn sample(&mut self, frame: ffi::IonFrame<'_>) -> Result<()> {
        self.0.guarded(|hops| {
            let (frame, rows) = frame.split()?;
            hops.sample(&frame, rows)
        })
    }

    fn count_place(&mut self) -> Result<usize> {
        self.0.guarded(|hops| Ok(hops.count_place()))
    }

    fn write_residence(&self, path: &[u8], provenance: &ffi::Provenance) -> Result<()> {
        self.0.guarded(|hops| {
            let text = hops.residence_table()?.text(&provenance.into(), hops.models());
            files::replace(&path_of(path), text.as_bytes())
        })
    }
}
