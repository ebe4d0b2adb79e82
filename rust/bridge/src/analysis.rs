//! The handle that C++ holds on a measurement.

use std::path::Path;

use deepion_analysis::transport::{
    DiffusionUnits, Displacement, Evaluation, Fit, Group, Reference, Transport, TransportLayout, locate,
};
use deepion_analysis::{Accumulator, Error, Result, files};

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
}

impl Kind {
    fn accumulator(&self) -> &dyn Accumulator {
        match self {
            Self::Transport(transport) => transport,
            Self::Displacement(displacement) => displacement,
        }
    }

    fn accumulator_mut(&mut self) -> &mut dyn Accumulator {
        match self {
            Self::Transport(transport) => transport,
            Self::Displacement(displacement) => displacement,
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

pub fn locate_ions(ions: &[f64], reference: &[f64], weights: &[f64]) -> Result<Vec<i64>> {
    guard(&mut false, || locate(ions, reference, weights))
}

pub fn check_writable(path: &str) -> Result<()> {
    guard(&mut false, || files::check_writable(Path::new(path)))
}

impl Analysis {
    pub fn row_width(&self) -> usize {
        match &self.kind {
            Kind::Transport(transport) => Transport::row_width(transport.layout()),
            Kind::Displacement(_) => 3,
        }
    }

    pub fn sample_positions(
        &mut self,
        located: &[i64],
        ions: &[f64],
        rows: &mut [f64],
        slots: &[i32],
        volume: f64,
        temperature: f64,
    ) -> Result<()> {
        guard(&mut self.poisoned, || match &mut self.kind {
            Kind::Transport(transport) => {
                let temperature = (temperature > 0.0).then_some(temperature);
                transport.sample(located, ions, rows, slots, volume, temperature)
            }
            Kind::Displacement(displacement) => displacement.sample(located, ions, rows, slots),
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

    pub fn write_table(&mut self, path: &str, provenance: &[String]) -> Result<()> {
        guard(&mut self.poisoned, || {
            files::replace(Path::new(path), &self.kind.accumulator().table()?.text(provenance))
        })
    }

    pub fn write_history(&mut self, path: &str, provenance: &[String], step: i64, anew: bool) -> Result<()> {
        guard(&mut self.poisoned, || {
            let accumulator = self.kind.accumulator();
            let mut columns = vec![files::Column::new("step", "time step")];
            columns.extend(accumulator.summary_columns());
            let mut row = vec![step as f64];
            row.extend(accumulator.summary_row()?);
            files::append(Path::new(path), provenance, &columns, &row, anew)
        })
    }

    pub fn write_state(&mut self, path: &str) -> Result<()> {
        guard(&mut self.poisoned, || files::replace(Path::new(path), &self.kind.accumulator().state()?))
    }

    pub fn analysis_bytes(&self) -> usize {
        self.kind.accumulator().memory_bytes()
    }
}
