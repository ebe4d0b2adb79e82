// SPDX-License-Identifier: MIT
//! `fix ion/transport` and `compute ion/msd`: displacements of ions.

use std::pin::Pin;

use deepion_analysis::motion::{Frame, Group, Lags, Reference, locate};
use deepion_analysis::shapes::vectors;
use deepion_analysis::transport::{self, DiffusionUnits, Evaluation, Fit, Species, TransportLayout};
use deepion_analysis::{Result, Save as _, files};

use crate::files::path_of;
use crate::guard::guard_only;
use crate::measurement::{Measurement, Sampler};

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
pub(crate) mod ffi {
    /// What displacements are measured against.
    enum Drift {
        /// Mean position of all atoms outside the group of ions.
        Framework,
        /// Center of mass of all atoms.
        Com,
        /// Nothing.
        None,
    }

    /// Units of diffusion coefficients and conductivities.
    enum Units {
        /// cm^2/s and S/cm.
        Cgs,
        /// m^2/s and S/m.
        Si,
    }

    /// Atoms whose displacements are added up.
    struct IonSpecies {
        /// As results call it.
        name: String,
        atoms: u64,
        /// Elementary charges.
        charge: f64,
    }

    /// Settings of `fix ion/transport`.
    struct TransportSettings {
        lags_per_level: u64,
        levels: u64,
        /// Origins in each unit of the upper levels; 0: as many as is usual.
        origins: u64,
        /// Time steps between samples.
        every: u64,
        /// Time step, ps.
        timestep: f64,
        ions: u64,
        drift: Drift,
        /// Atoms that make the reference; 0 for `Drift::None`.
        reference_atoms: u64,
        /// Elementary charges.
        charge: f64,
        /// Window of the fit, ps; both 0: found.
        fit: [f64; 2],
        /// Whether it is found where beta is 1, and not where the slope is constant.
        beta: bool,
        units: Units,
        /// Whose displacements are correlated, the ions first; none: only those of the ions are followed.
        species: Vec<IonSpecies>,
    }

    /// The ions of this rank in one frame.
    struct IonFrame<'a> {
        /// Sum over ranks of `locate_ions`, and behind it of `locate_species` where there are several.
        located: &'a [i64],
        /// Unwrapped positions, A, n x 3.
        positions: &'a [f64],
        /// Atom IDs, n.
        ids: &'a [i64],
        /// Number of each ion's row, n.
        slots: &'a [i32],
        /// What the ions carry along: rows of `row_width()` numbers in tiles of so many, number k of the first ones, then number k + 1.
        tile: usize,
        rows: &'a mut [f64],
        /// A^3.
        volume: f64,
        /// As given by the user, K; 0: not given.
        temperature: f64,
        /// Of all atoms, measured in this frame, K; 0: not known.
        kinetic_temperature: f64,
    }

    unsafe extern "C++" {
        include!("deepion-bridge/src/measurement.rs.h");
        type Measurement = crate::measurement::Measurement;
        type Provenance = crate::measurement::ffi::Provenance;
    }

    extern "Rust" {
        type Transport;
        type Displacement;

        /// Displacements from many origins.
        fn open_transport(settings: &TransportSettings) -> Result<Box<Transport>>;
        /// What it has in common with all measurements.
        fn measurement(self: &mut Transport) -> Pin<&mut Measurement>;
        fn sample(self: &mut Transport, frame: IonFrame) -> Result<()>;
        /// Why the run may end, in a line for the log: D is known to the relative error `goal`. Empty: go on. After
        /// `add_increments` on all ranks, with the same answer on each.
        fn enough(self: &mut Transport, goal: f64) -> Result<String>;
        /// Replaces a file by the table of correlations between species.
        fn write_onsager(self: &Transport, path: &[u8], provenance: &Provenance) -> Result<()>;

        /// Displacements since the first frame.
        fn open_displacement(ions: u64, drift: Drift, reference_atoms: u64) -> Result<Box<Displacement>>;
        fn measurement(self: &mut Displacement) -> Pin<&mut Measurement>;
        fn sample(self: &mut Displacement, frame: IonFrame) -> Result<()>;

        /// Sums of this rank's unwrapped positions (n x 3, A), to be added over ranks; `ids` of the ions; `weights` of the reference
        /// atoms, or empty for 1 each.
        fn locate_ions(ions: &[f64], ids: &[i64], reference: &[f64], weights: &[f64]) -> Result<Vec<i64>>;
        /// Sums of this rank's unwrapped positions (n x 3, A) of `count` species, to be added over ranks; `kinds`: the species of each
        /// atom, from 0 on.
        fn locate_species(positions: &[f64], kinds: &[i32], count: usize) -> Result<Vec<i64>>;
    }
}

/// Displacements from many origins.
struct Transport(Sampler<transport::Transport>);

/// Displacements since the first frame.
struct Displacement(Sampler<transport::Displacement>);

pub fn reference(drift: ffi::Drift) -> Reference {
    match drift {
        ffi::Drift::Framework => Reference::Framework,
        ffi::Drift::Com => Reference::Com,
        _ => Reference::None,
    }
}

fn open_transport(settings: &ffi::TransportSettings) -> Result<Box<Transport>> {
    guard_only(|| {
        let layout = TransportLayout {
            lags_per_level: settings.lags_per_level,
            levels: settings.levels,
            origins: match settings.origins {
                0 => Lags::usual_origins(settings.lags_per_level),
                origins => origins,
            },
            every: settings.every,
            timestep_ps: settings.timestep,
            ions: settings.ions,
            drift: reference(settings.drift),
            reference_atoms: settings.reference_atoms,
            charge: settings.charge,
            species: settings
                .species
                .iter()
                .map(|one| Species { name: one.name.clone(), atoms: one.atoms, charge: one.charge })
                .collect(),
        };
        let fit = match settings.fit {
            [_, 0.0] if settings.beta => Fit::Beta,
            [_, 0.0] => Fit::Stationary,
            [from, to] => Fit::Window(from, to),
        };
        let units = if settings.units == ffi::Units::Si { DiffusionUnits::Si } else { DiffusionUnits::Cgs };
        let evaluation = Evaluation { fit, units };
        Ok(Box::new(Transport(Sampler::new(transport::Transport::new(layout, evaluation)?))))
    })
}

fn open_displacement(ions: u64, drift: ffi::Drift, reference_atoms: u64) -> Result<Box<Displacement>> {
    guard_only(|| {
        let group = Group { ions, drift: reference(drift), reference_atoms };
        Ok(Box::new(Displacement(Sampler::new(transport::Displacement::new(group)?))))
    })
}

fn locate_ions(ions: &[f64], ids: &[i64], reference: &[f64], weights: &[f64]) -> Result<Vec<i64>> {
    guard_only(|| {
        locate(&vectors("positions of ions", ions)?, ids, &vectors("positions of the reference", reference)?, weights)
    })
}

fn locate_species(positions: &[f64], kinds: &[i32], count: usize) -> Result<Vec<i64>> {
    guard_only(|| transport::locate_species(&vectors("positions of species", positions)?, kinds, count))
}

impl<'a> ffi::IonFrame<'a> {
    pub fn split(self) -> Result<(Frame<'a>, &'a mut [f64])> {
        let Self { located, positions, ids, slots, tile, rows, volume, temperature, kinetic_temperature } = self;
        let [temperature, kinetic_temperature] =
            [temperature, kinetic_temperature].map(|kelvin| (kelvin > 0.0).then_some(kelvin));
        let positions = vectors("positions of ions", positions)?;
        Ok((Frame { located, positions, ids, slots, tile, volume, temperature, kinetic_temperature }, rows))
    }
}

impl Transport {
    fn measurement(&mut self) -> Pin<&mut Measurement> {
        self.0.common()
    }

    fn sample(&mut self, frame: ffi::IonFrame<'_>) -> Result<()> {
        self.0.guarded(|transport| {
            let (frame, rows) = frame.split()?;
            transport.sample(&frame, rows)
        })
    }

    fn enough(&mut self, goal: f64) -> Result<String> {
        self.0.guarded(|transport| Ok(transport.enough(goal)?.unwrap_or_default()))
    }

    fn write_onsager(&self, path: &[u8], provenance: &ffi::Provenance) -> Result<()> {
        self.0.guarded(|transport| {
            let text = transport.onsager_table()?.text(&provenance.into(), transport.models());
            files::replace(&path_of(path), text.as_bytes())
        })
    }
}

impl Displacement {
    fn measurement(&mut self) -> Pin<&mut Measurement> {
        self.0.common()
    }

    fn sample(&mut self, frame: ffi::IonFrame<'_>) -> Result<()> {
        self.0.guarded(|displacement| {
            let (frame, rows) = frame.split()?;
            displacement.sample(&frame, rows)
        })
    }
}
