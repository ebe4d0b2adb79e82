// SPDX-License-Identifier: MIT
//! `fix ion/vdos`.

use std::pin::Pin;

use deepion_analysis::shapes::vectors;
use deepion_analysis::vibrations::{self, Evaluation, SpeciesLayout, VibrationsLayout};
use deepion_analysis::{Result, Save as _, files};

use crate::files::path_of;
use crate::guard::guard_only;
use crate::measurement::{Measurement, Sampler};

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    /// How the diffusive part of the density of states enters the entropy.
    enum Split {
        /// Everything is taken for harmonic.
        None,
        /// Frequencies below a cut are left out.
        Cut,
        /// As a gas of hard spheres.
        TwoPhase,
    }

    /// A kind of atoms whose velocities are correlated.
    struct Species {
        name: String,
        /// amu.
        mass: f64,
        atoms: u64,
    }

    /// Settings of `fix ion/vdos`.
    struct VibrationsSettings {
        /// Lags, 0 included, in samples.
        window: u64,
        /// Samples between time origins.
        spacing: u64,
        /// Time steps between samples.
        every: u64,
        /// Time step, ps.
        timestep: f64,
        species: Vec<Species>,
        /// All atoms of the box, measured or not.
        box_atoms: u64,
        /// Of the entropies, K; 0: that of the velocities.
        temperature: f64,
        split: Split,
        /// Lowest frequency of `Split::Cut`, THz.
        cut: f64,
    }

    unsafe extern "C++" {
        include!("deepion-bridge/src/measurement.rs.h");
        type Measurement = crate::measurement::Measurement;
        type Provenance = crate::measurement::ffi::Provenance;
    }

    extern "Rust" {
        type Vibrations;

        /// Velocity autocorrelation, density of states, entropy.
        fn open_vibrations(settings: &VibrationsSettings) -> Result<Box<Vibrations>>;
        /// What it has in common with all measurements.
        fn measurement(self: &mut Vibrations) -> Pin<&mut Measurement>;
        /// Takes a frame. `velocities`: n x 3, A/ps; `species`: index into the settings', -1: not measured; `rows`, `slots` and
        /// `tile` as in `IonFrame`; `volume`: A^3.
        fn sample(
            self: &mut Vibrations,
            velocities: &[f64],
            species: &[i32],
            rows: &mut [f64],
            slots: &[i32],
            tile: usize,
            volume: f64,
        ) -> Result<()>;
        /// Replaces a file by the table of velocity autocorrelations.
        fn write_vacf(self: &Vibrations, path: &[u8], provenance: &Provenance) -> Result<()>;
    }
}

/// Velocity autocorrelations.
struct Vibrations(Sampler<vibrations::Vibrations>);

fn open_vibrations(settings: &ffi::VibrationsSettings) -> Result<Box<Vibrations>> {
    guard_only(|| {
        let of_species =
            |one: &ffi::Species| SpeciesLayout { name: one.name.clone(), mass: one.mass, atoms: one.atoms };
        let layout = VibrationsLayout {
            window: settings.window,
            spacing: settings.spacing,
            every: settings.every,
            timestep_ps: settings.timestep,
            types: settings.species.iter().map(of_species).collect(),
            box_atoms: settings.box_atoms,
        };
        let split = match settings.split {
            ffi::Split::Cut => vibrations::Split::Cut,
            ffi::Split::TwoPhase => vibrations::Split::TwoPhase,
            _ => vibrations::Split::None,
        };
        let temperature = (settings.temperature > 0.0).then_some(settings.temperature);
        let evaluation = Evaluation { temperature, cut_thz: settings.cut, split };
        Ok(Box::new(Vibrations(Sampler::new(vibrations::Vibrations::new(layout, evaluation)?))))
    })
}

impl Vibrations {
    fn measurement(&mut self) -> Pin<&mut Measurement> {
        self.0.common()
    }

    fn sample(
        &mut self,
        velocities: &[f64],
        species: &[i32],
        rows: &mut [f64],
        slots: &[i32],
        tile: usize,
        volume: f64,
    ) -> Result<()> {
        self.0.guarded(|vibrations| {
            vibrations.sample(&vectors("velocities", velocities)?, species, rows, slots, tile, volume)
        })
    }

    fn write_vacf(&self, path: &[u8], provenance: &ffi::Provenance) -> Result<()> {
        self.0.guarded(|vibrations| {
            let text = vibrations.vacf_table()?.text(&provenance.into(), vibrations.models());
            files::replace(&path_of(path), text.as_bytes())
        })
    }
}
