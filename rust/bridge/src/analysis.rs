//! The handle that C++ holds on a measurement.

use std::path::Path;

use deepion_analysis::coordination::{Coordination, CoordinationLayout, Histogram, count, instantaneous};
use deepion_analysis::transport::{
    DiffusionUnits, Displacement, Evaluation, Fit, Frame, Group, Reference, Transport, TransportLayout, locate,
};
use deepion_analysis::vibrations::{self, SpeciesLayout, Split, Vibrations, VibrationsLayout};
use deepion_analysis::{Accumulator, Error, Result, files, state};

use crate::ffi;
use crate::guard::guard;

/// A measurement on this rank.
pub struct Analysis {
    kind: Kind,
    poisoned: bool,
}

enum Kind {
    Transport(Transport),
    Displacement(Displacement),
    Coordination(Coordination),
    Vibrations(Vibrations),
}

impl Kind {
    fn accumulator(&self) -> &dyn Accumulator {
        match self {
            Self::Transport(transport) => transport,
            Self::Displacement(displacement) => displacement,
            Self::Coordination(coordination) => coordination,
            Self::Vibrations(vibrations) => vibrations,
        }
    }

    fn accumulator_mut(&mut self) -> &mut dyn Accumulator {
        match self {
            Self::Transport(transport) => transport,
            Self::Displacement(displacement) => displacement,
            Self::Coordination(coordination) => coordination,
            Self::Vibrations(vibrations) => vibrations,
        }
    }
}

fn boxed(kind: Kind) -> Box<Analysis> {
    Box::new(Analysis { kind, poisoned: false })
}

fn reference(name: &str) -> Result<Reference> {
    match name {
        "framework" => Ok(Reference::Framework),
        "com" => Ok(Reference::Com),
        "none" => Ok(Reference::None),
        other => Err(Error::Settings(format!("drift is {other:?}, expected framework, com or none"))),
    }
}

pub fn open_transport(settings: &ffi::TransportSettings) -> Result<Box<Analysis>> {
    guard(&mut false, || {
        let layout = TransportLayout {
            lags_per_level: settings.lags_per_level,
            levels: settings.levels,
            every: settings.every,
            timestep_ps: settings.timestep,
            ions: settings.ions,
            drift: reference(&settings.drift)?,
            reference_atoms: settings.reference_atoms,
            charge: settings.charge,
        };
        let fit = match settings.fit {
            [_, 0.0] => Fit::Automatic,
            [from, to] => Fit::Window(from, to),
        };
        let units = if settings.si { DiffusionUnits::Si } else { DiffusionUnits::Cgs };
        Ok(boxed(Kind::Transport(Transport::new(layout, Evaluation { fit, units })?)))
    })
}

pub fn open_displacement(ions: u64, drift: &str, reference_atoms: u64) -> Result<Box<Analysis>> {
    guard(&mut false, || {
        let group = Group { ions, drift: reference(drift)?, reference_atoms };
        Ok(boxed(Kind::Displacement(Displacement::new(group)?)))
    })
}

pub fn open_coordination(settings: &ffi::CoordinationSettings) -> Result<Box<Analysis>> {
    guard(&mut false, || {
        let ffi::CoordinationSettings { ref cutoffs, most, every, ions, neighbors } = *settings;
        let layout = CoordinationLayout { cutoffs: cutoffs.clone(), most, every, ions, neighbors };
        Ok(boxed(Kind::Coordination(Coordination::new(layout)?)))
    })
}

pub fn open_vibrations(settings: &ffi::VibrationsSettings) -> Result<Box<Analysis>> {
    guard(&mut false, || {
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
        let split = match settings.split.as_str() {
            "none" => Split::None,
            "cut" => Split::Cut,
            "2pt" => Split::TwoPhase,
            other => return Err(Error::Settings(format!("split is {other:?}, expected none, cut or 2pt"))),
        };
        let temperature = (settings.temperature > 0.0).then_some(settings.temperature);
        let evaluation = vibrations::Evaluation { temperature, cut_thz: settings.cut, split };
        Ok(boxed(Kind::Vibrations(Vibrations::new(layout, evaluation)?)))
    })
}

pub fn count_neighbors(
    x: &[f64],
    centers: &[i32],
    offsets: &[usize],
    neighbors: &[i32],
    cutoffs: &[f64],
    counts: &mut Vec<u32>,
) -> Result<()> {
    guard(&mut false, || {
        let small = |&offset: &usize| i32::try_from(offset).ok();
        let Some(offsets) = offsets.iter().map(small).collect::<Option<Vec<_>>>() else {
            return Err(Error::Data("more than 2^31 neighbours on one MPI rank: use more ranks".into()));
        };
        count(x, centers, &offsets, neighbors, cutoffs, counts)
    })
}

pub fn coordination_histogram(counts: &[u32], cutoffs: usize, most: u32) -> Result<Vec<i64>> {
    guard(&mut false, || {
        let mut histogram = Histogram::new(cutoffs, most);
        histogram.add_frame(counts)?;
        Ok(histogram.integers())
    })
}

pub fn instantaneous_coordination(sum: &[i64], cutoffs: &[f64], most: u32) -> Result<Vec<f64>> {
    guard(&mut false, || {
        let mut histogram = Histogram::new(cutoffs.len(), most);
        histogram.add_integers(sum)?;
        Ok(instantaneous(&histogram, cutoffs).concat())
    })
}

pub fn locate_ions(ions: &[f64], ids: &[i64], reference: &[f64], weights: &[f64]) -> Result<Vec<i64>> {
    guard(&mut false, || locate(ions, ids, reference, weights))
}

pub fn full_path(path: &str) -> Result<String> {
    guard(&mut false, || Ok(files::full_path(Path::new(path)).to_string_lossy().into_owned()))
}

pub fn check_writable(path: &str) -> Result<()> {
    guard(&mut false, || files::check_writable(Path::new(path)))
}

fn other_frames(given: &str) -> Error {
    Error::Data(format!("internal error: {given} for an analysis of something else"))
}

impl Analysis {
    pub fn row_width(&self) -> usize {
        match &self.kind {
            Kind::Transport(transport) => Transport::row_width(transport.layout()),
            Kind::Displacement(_) => 3,
            Kind::Coordination(_) => 0,
            Kind::Vibrations(vibrations) => vibrations.layout().row_width(),
        }
    }

    pub fn sample_positions(&mut self, frame: ffi::IonFrame<'_>) -> Result<()> {
        guard(&mut self.poisoned, || {
            let ffi::IonFrame { located, positions, ids, slots, rows, volume, temperature } = frame;
            let temperature = (temperature > 0.0).then_some(temperature);
            let frame = Frame { located, positions, ids, slots, volume, temperature };
            match &mut self.kind {
                Kind::Transport(transport) => transport.sample(&frame, rows),
                Kind::Displacement(displacement) => displacement.sample(&frame, rows),
                _ => Err(other_frames("positions")),
            }
        })
    }

    pub fn sample_counts(&mut self, counts: &[u32]) -> Result<()> {
        guard(&mut self.poisoned, || match &mut self.kind {
            Kind::Coordination(coordination) => coordination.sample(counts),
            _ => Err(other_frames("coordination numbers")),
        })
    }

    pub fn sample_velocities(
        &mut self,
        velocities: &[f64],
        species: &[i32],
        rows: &mut [f64],
        slots: &[i32],
        volume: f64,
    ) -> Result<()> {
        guard(&mut self.poisoned, || match &mut self.kind {
            Kind::Vibrations(vibrations) => vibrations.sample(velocities, species, rows, slots, volume),
            _ => Err(other_frames("velocities")),
        })
    }

    pub fn set_timestep(&mut self, timestep: f64) -> Result<()> {
        guard(&mut self.poisoned, || match &mut self.kind {
            Kind::Transport(transport) => transport.set_timestep(timestep),
            Kind::Vibrations(vibrations) => vibrations.set_timestep(timestep),
            _ => Ok(()),
        })
    }

    pub fn take_increments(&mut self) -> Result<Vec<i64>> {
        guard(&mut self.poisoned, || Ok(self.kind.accumulator_mut().take_increments()))
    }

    pub fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        guard(&mut self.poisoned, || self.kind.accumulator_mut().add_increments(sum))
    }

    pub fn full(&self) -> bool {
        self.kind.accumulator().full()
    }

    pub fn state(&mut self) -> Result<String> {
        guard(&mut self.poisoned, || self.kind.accumulator().state())
    }

    pub fn restore(&mut self, state: &str) -> Result<()> {
        guard(&mut self.poisoned, || self.kind.accumulator_mut().restore(state))
    }

    pub fn results(&mut self) -> Result<ffi::Results> {
        guard(&mut self.poisoned, || {
            let results = self.kind.accumulator().results()?;
            let columns = results.array.first().map_or(0, Vec::len);
            let array = results.array.into_iter().flatten().collect();
            Ok(ffi::Results { scalar: results.scalar, vector: results.vector, array, columns })
        })
    }

    pub fn headline(&mut self) -> Result<Vec<String>> {
        guard(&mut self.poisoned, || self.kind.accumulator().headline())
    }

    pub fn write_table(&mut self, path: &str, provenance: &[String]) -> Result<()> {
        guard(&mut self.poisoned, || {
            files::replace(Path::new(path), &self.kind.accumulator().table()?.text(provenance))
        })
    }

    pub fn write_vacf(&mut self, path: &str, provenance: &[String]) -> Result<()> {
        guard(&mut self.poisoned, || match &self.kind {
            Kind::Vibrations(vibrations) => files::replace(Path::new(path), &vibrations.vacf_table()?.text(provenance)),
            _ => Err(other_frames("velocities")),
        })
    }

    pub fn write_history(
        &mut self,
        path: &str,
        provenance: &[String],
        step: i64,
        anew: bool,
        until_now: i64,
    ) -> Result<()> {
        guard(&mut self.poisoned, || {
            let accumulator = self.kind.accumulator();
            let mut columns = vec![files::Column::new("step", "time step")];
            columns.extend(accumulator.summary_columns());
            let mut row = vec![step as f64];
            row.extend(accumulator.summary_row()?);
            files::append(Path::new(path), provenance, &columns, &row, anew, Some(until_now))
        })
    }

    pub fn write_state(&mut self, path: &str, provenance: &[String]) -> Result<()> {
        guard(&mut self.poisoned, || {
            let state = self.kind.accumulator().state()?;
            files::replace(Path::new(path), &state::with_provenance(&state, provenance)?)
        })
    }

    pub fn analysis_bytes(&self) -> usize {
        self.kind.accumulator().memory_bytes()
    }
}
