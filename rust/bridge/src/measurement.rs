// SPDX-License-Identifier: MIT
//! What all measurements share at the border: sums over ranks, saved states, results, output files.
//!
//! A measurement is opened by the module of its subject ([`crate::transport`], [`crate::coordination`],
//! [`crate::vibrations`]), which also takes its samples. Everything else happens through the one [`Measurement`] that each of
//! them lends out.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use cxx::{ExternType, type_id};
use deepion_analysis::results::{Column, Provenance, head};
use deepion_analysis::{Accumulator, Error, Result, files};

use crate::files::path_of;
use crate::guard::guard;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
pub(crate) mod ffi {
    /// Where the numbers of a file come from. The same for every run of a measurement: no date, no number of ranks.
    #[derive(Clone)]
    struct Provenance {
        /// The user's title; empty: none.
        title: String,
        /// ID of the fix.
        id: String,
        /// Version and build.
        lammps: String,
        /// LAMMPS' `units`.
        units: String,
        /// The group of ions, and how many of all atoms are in it.
        group: String,
        ions: u64,
        atoms: u64,
        /// Further lines of the style.
        notes: Vec<String>,
    }

    /// Numbers for thermo output.
    struct Results {
        scalar: f64,
        vector: Vec<f64>,
        /// Rows x columns.
        array: Vec<f64>,
        columns: usize,
    }

    extern "Rust" {
        type Measurement;

        /// Doubles that each atom of the group carries along; its row moves with it from rank to rank. 0: none.
        fn row_width(self: &Measurement) -> Result<usize>;
        /// What this rank gathered since the last call, to be added over ranks and given back to `add_increments` on all.
        fn take_increments(self: &mut Measurement) -> Result<Vec<i64>>;
        fn add_increments(self: &mut Measurement, sum: &[i64]) -> Result<()>;
        /// Whether increments must be taken before the next sample.
        fn full(self: &Measurement) -> Result<bool>;
        /// The total for a restart file.
        fn state(self: &Measurement) -> Result<String>;
        /// Continues from the total of a restart file.
        fn restore(self: &mut Measurement, state: &[u8]) -> Result<()>;
        /// The model in use from `step` on, at the start of every run: SHA-256 of its file, empty where the potential is none of
        /// deepion. Returns whether the measurement went on under another one before.
        fn set_model(self: &mut Measurement, sha256: &str, step: i64) -> Result<bool>;
        /// The time step, ps, where it was changed before the first sample.
        fn set_timestep(self: &mut Measurement, timestep: f64) -> Result<()>;
        fn results(self: &Measurement) -> Result<Results>;
        /// The main result in lines for the log, with warnings.
        fn headline(self: &Measurement) -> Result<Vec<String>>;
        /// Replaces a file by the table of all that was measured.
        fn write_table(self: &Measurement, path: &[u8], provenance: &Provenance) -> Result<()>;
        /// Adds a row to a file with a row per output. `begin`: a new file. `replaces`: step of an earlier row that this one
        /// replaces, -1: none.
        fn write_history(
            self: &mut Measurement,
            path: &[u8],
            provenance: &Provenance,
            step: i64,
            begin: bool,
            replaces: i64,
        ) -> Result<()>;
        /// Replaces a file by the state.
        fn write_state(self: &Measurement, path: &[u8], provenance: &Provenance) -> Result<()>;
        /// Bytes of the sums; rows are not counted.
        fn memory_bytes(self: &Measurement) -> Result<usize>;
    }
}

/// A measurement, and whether a bug has left it in an unknown condition.
struct Guarded<A: ?Sized> {
    poisoned: bool,
    accumulator: A,
}

/// The common operations of one measurement.
pub struct Measurement {
    shared: Rc<RefCell<Guarded<dyn Accumulator>>>,
    history: Option<files::History>,
}

// SAFETY: the identifier is the C++ name that cxx gives this type in the bridge above; other bridges of this crate, which
// hand it to C++ by reference only, declare it under the same name.
#[allow(unsafe_code)]
unsafe impl ExternType for Measurement {
    type Id = type_id!("deepion::ffi::Measurement");
    type Kind = cxx::kind::Opaque;
}

/// A measurement with what is its own: how it takes samples.
pub struct Sampler<A> {
    own: Rc<RefCell<Guarded<A>>>,
    common: Measurement,
}

impl<A: Accumulator + 'static> Sampler<A> {
    pub fn new(accumulator: A) -> Self {
        let own = Rc::new(RefCell::new(Guarded { poisoned: false, accumulator }));
        let common = Measurement { shared: own.clone(), history: None };
        Self { own, common }
    }

    /// The operations that all measurements have.
    pub fn common(&mut self) -> Pin<&mut Measurement> {
        Pin::new(&mut self.common)
    }

    /// Runs `body` on the measurement; a panic becomes an error, and everything after it one, too.
    pub fn guarded<T>(&self, body: impl FnOnce(&mut A) -> Result<T>) -> Result<T> {
        let Guarded { poisoned, accumulator } = &mut *self.own.borrow_mut();
        guard(poisoned, || body(accumulator))
    }
}

impl Measurement {
    fn guarded<T>(&self, body: impl FnOnce(&mut dyn Accumulator) -> Result<T>) -> Result<T> {
        let Guarded { poisoned, accumulator } = &mut *self.shared.borrow_mut();
        guard(poisoned, || body(accumulator))
    }

    fn row_width(&self) -> Result<usize> {
        self.guarded(|measurement| Ok(measurement.row_width()))
    }

    fn take_increments(&mut self) -> Result<Vec<i64>> {
        self.guarded(|measurement| Ok(measurement.take_increments()))
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        self.guarded(|measurement| measurement.add_increments(sum))
    }

    fn full(&self) -> Result<bool> {
        self.guarded(|measurement| Ok(measurement.full()))
    }

    fn state(&self) -> Result<String> {
        self.guarded(|measurement| measurement.state(&Provenance::default()))
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        self.guarded(|measurement| {
            let text = std::str::from_utf8(state)
                .map_err(|_| Error::State("the saved state is no text: the restart file is damaged".into()))?;
            measurement.restore(text)
        })
    }

    fn set_model(&mut self, sha256: &str, step: i64) -> Result<bool> {
        self.guarded(|measurement| Ok(measurement.set_model(sha256, step)))
    }

    fn set_timestep(&mut self, timestep: f64) -> Result<()> {
        self.guarded(|measurement| measurement.set_timestep(timestep))
    }

    fn results(&self) -> Result<ffi::Results> {
        self.guarded(|measurement| {
            let results = measurement.thermo()?;
            let columns = results.array.first().map_or(0, Vec::len);
            let array = results.array.into_iter().flatten().collect();
            Ok(ffi::Results { scalar: results.scalar, vector: results.vector, array, columns })
        })
    }

    fn headline(&self) -> Result<Vec<String>> {
        self.guarded(|measurement| measurement.headline())
    }

    fn write_table(&self, path: &[u8], provenance: &ffi::Provenance) -> Result<()> {
        self.guarded(|measurement| {
            let text = measurement.table()?.text(&provenance.into(), measurement.models());
            files::replace(&path_of(path), text.as_bytes())
        })
    }

    fn write_history(
        &mut self,
        path: &[u8],
        provenance: &ffi::Provenance,
        step: i64,
        begin: bool,
        replaces: i64,
    ) -> Result<()> {
        let path = path_of(path);
        let mut file =
            self.history.take().filter(|file| file.path() == path).unwrap_or_else(|| files::History::new(&path));
        self.guarded(|measurement| {
            let history = measurement.history()?;
            let columns = [vec![Column::new("step", "", "time step")], history.columns].concat();
            let row = [vec![step as f64], history.row].concat();
            let head = head(&measurement.history_head(), &columns, &provenance.into(), measurement.models());
            file.add(&head, &row, begin, (replaces >= 0).then_some(replaces))
        })?;
        self.history = Some(file);
        Ok(())
    }

    fn write_state(&self, path: &[u8], provenance: &ffi::Provenance) -> Result<()> {
        self.guarded(|measurement| {
            let state = measurement.state(&provenance.into())?;
            files::replace(&path_of(path), state.as_bytes())
        })
    }

    fn memory_bytes(&self) -> Result<usize> {
        self.guarded(|measurement| Ok(measurement.memory_bytes()))
    }
}

impl From<&ffi::Provenance> for Provenance {
    fn from(from: &ffi::Provenance) -> Self {
        let ffi::Provenance { title, id, lammps, units, group, ions, atoms, notes } = from.clone();
        Self { title, id, lammps, units, group, ions, atoms, notes }
    }
}
