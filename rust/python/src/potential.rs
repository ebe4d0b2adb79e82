// SPDX-License-Identifier: MIT
//! A model as an object of Python.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deepion_engine::{Answer, Error, Frame, Precision, Result, Settings, Surroundings, Vectors, Wanted, caught};
use numpy::{IntoPyArray, PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{by_index, exception};

/// How often Ctrl-C is looked for.
const PATIENCE: Duration = Duration::from_millis(50);

/// A model, ready to compute. One call computes at a time; others wait.
#[pyclass(frozen, module = "deepion._engine")]
pub struct Potential {
    opened: Mutex<Opened>,
}

struct Opened {
    model: deepion_engine::Potential,
    /// The neighbors of the frame evaluated last with `step`.
    near: Option<Surroundings>,
    /// A panic may have left it half changed.
    poisoned: bool,
}

/// Arrays of frames as they come from Python, frame after frame.
struct Frames<'py> {
    x: PyReadonlyArray2<'py, f64>,
    types: PyReadonlyArray1<'py, i32>,
    counts: Vec<usize>,
    vectors: PyReadonlyArray3<'py, f64>,
    periodic: PyReadonlyArray2<'py, bool>,
    fparam: PyReadonlyArray2<'py, f64>,
    aparam: PyReadonlyArray2<'py, f64>,
}

#[pymethods]
impl Potential {
    /// Opens a model from the bytes of its file; `name` is used in messages.
    #[new]
    #[pyo3(signature = (name, content, *, precision, tabulate, table_error, reduce, threads, sel_error, onnxruntime, search))]
    #[allow(clippy::too_many_arguments)] // named ones
    fn new(
        py: Python,
        name: &str,
        content: &[u8],
        precision: &str,
        tabulate: bool,
        table_error: f64,
        reduce: f64,
        threads: usize,
        sel_error: bool,
        onnxruntime: String,
        search: Vec<String>,
    ) -> PyResult<Self> {
        let precision = if precision == "double" { Precision::Double } else { Precision::Mixed };
        let settings = Settings {
            precision,
            tabulate,
            table_error,
            reduce,
            drives: true,
            threads,
            sel_error,
            onnxruntime,
            search,
        };
        let open = || caught(|| deepion_engine::Potential::open(name, content, settings)).map_err(Error::Internal)?;
        let model = py.detach(open).map_err(|error| exception(py, &error))?;
        Ok(Self { opened: Mutex::new(Opened { model, near: None, poisoned: false }) })
    }

    /// Element names, index = model type.
    #[getter]
    fn type_map(&self, py: Python) -> PyResult<Vec<String>> {
        self.ask(py, |model| model.contract().type_map.clone())
    }

    /// A.
    #[getter]
    fn cutoff(&self, py: Python) -> PyResult<f64> {
        self.ask(py, |model| model.contract().rcut())
    }

    /// Number of frame parameters.
    #[getter]
    fn numb_fparam(&self, py: Python) -> PyResult<usize> {
        self.ask(py, |model| model.contract().numb_fparam)
    }

    /// Number of atomic parameters of each atom.
    #[getter]
    fn numb_aparam(&self, py: Python) -> PyResult<usize> {
        self.ask(py, |model| model.contract().numb_aparam)
    }

    /// Frame parameters to use where none are given; None: there are no such.
    #[getter]
    fn default_fparam(&self, py: Python) -> PyResult<Option<Vec<f64>>> {
        self.ask(py, |model| model.contract().default_fparam.clone())
    }

    /// Of the file, lowercase hex.
    #[getter]
    fn sha256(&self, py: Python) -> PyResult<String> {
        self.ask(py, |model| model.sha256().to_string())
    }

    /// Worker threads.
    #[getter]
    fn threads(&self, py: Python) -> PyResult<usize> {
        self.ask(py, deepion_engine::Potential::threads)
    }

    /// Force error of the reduced networks in use, eV/A RMS; 0: the full ones.
    #[getter]
    fn reduced_error(&self, py: Python) -> PyResult<f64> {
        self.ask(py, deepion_engine::Potential::reduced_error)
    }

    /// Largest force difference (eV/A) that `check` may find where the user sets no limit.
    #[getter]
    fn check_limit(&self, py: Python) -> PyResult<f64> {
        self.ask(py, deepion_engine::Potential::check_limit)
    }

    /// Error of one atom (eV/A) that `watch` may find where the user sets no limit.
    #[getter]
    fn watch_limit(&self, py: Python) -> PyResult<f64> {
        self.ask(py, deepion_engine::Potential::watch_limit)
    }

    /// What the pair style prints of a model; nothing before it was used.
    #[getter]
    fn summary(&self, py: Python) -> PyResult<Vec<String>> {
        self.ask(py, deepion_engine::Potential::summary)
    }

    /// Seconds of all threads in the parts of an evaluation since the last call.
    fn take_times<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let parts = self.with(py, |opened| Ok(opened.model.take_times().parts()))?;
        let times = PyDict::new(py);
        parts.iter().try_for_each(|(name, seconds)| times.set_item(name, seconds))?;
        Ok(times)
    }

    /// Evaluates frames, on all threads. Returns a dictionary of arrays, frame after frame: energy (frames), force (atoms x 3),
    /// virial (frames x 9), and, with `atomic`, `atom_energy` (atoms) and `atom_virial` (atoms x 9).
    #[pyo3(signature = (x, types, counts, vectors, periodic, fparam, aparam, atomic))]
    #[allow(clippy::too_many_arguments)]
    fn frames<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        types: PyReadonlyArray1<'py, i32>,
        counts: Vec<usize>,
        vectors: PyReadonlyArray3<'py, f64>,
        periodic: PyReadonlyArray2<'py, bool>,
        fparam: PyReadonlyArray2<'py, f64>,
        aparam: PyReadonlyArray2<'py, f64>,
        atomic: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let arrays = Frames { x, types, counts, vectors, periodic, fparam, aparam };
        let frames = arrays.frames().map_err(|error| exception(py, &error))?;
        let wanted = Wanted { energies: atomic, virials: atomic };
        let stop = AtomicBool::new(false);
        let compute = || self.compute(|opened| opened.model.frames(&frames, wanted, &stop));
        let answers = if frames.len() == 1 { py.detach(compute) } else { interruptible(py, compute, &stop)? };
        let answers: Vec<Answer> = answers.map_err(|error| exception(py, &error))?.into_iter().flatten().collect();
        if answers.len() != frames.len() {
            return Err(exception(py, &Error::Internal("frames were left out".into())));
        }
        dictionary(py, answers)
    }

    /// Evaluates one frame as `frames` does, and keeps its neighbor list with a skin (A): the next call uses it where atoms moved
    /// little.
    #[pyo3(signature = (x, types, vectors, periodic, fparam, aparam, atomic, skin))]
    #[allow(clippy::too_many_arguments)]
    fn step<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        types: PyReadonlyArray1<'py, i32>,
        vectors: PyReadonlyArray3<'py, f64>,
        periodic: PyReadonlyArray2<'py, bool>,
        fparam: PyReadonlyArray2<'py, f64>,
        aparam: PyReadonlyArray2<'py, f64>,
        atomic: bool,
        skin: f64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let counts = vec![types.len()?];
        let arrays = Frames { x, types, counts, vectors, periodic, fparam, aparam };
        let frames = arrays.frames().map_err(|error| exception(py, &error))?;
        let wanted = Wanted { energies: true, virials: atomic };
        let answer = self.with(py, |opened| {
            let answer = opened.model.frame(&frames[0], wanted, &mut opened.near, skin);
            if answer.is_err() {
                opened.near = None;
            }
            answer
        })?;
        dictionary(py, vec![answer])
    }

    /// Compares a sample of a frame's atoms with the model file's own graph in float64: largest difference of a force, eV/A; RMS;
    /// atoms sampled.
    #[allow(clippy::too_many_arguments)]
    fn check<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        types: PyReadonlyArray1<'py, i32>,
        vectors: PyReadonlyArray3<'py, f64>,
        periodic: PyReadonlyArray2<'py, bool>,
        fparam: PyReadonlyArray2<'py, f64>,
        aparam: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<(f64, f64, usize)> {
        let counts = vec![types.len()?];
        let arrays = Frames { x, types, counts, vectors, periodic, fparam, aparam };
        let frames = arrays.frames().map_err(|error| exception(py, &error))?;
        let check = self.with(py, |opened| {
            opened.near = None;
            opened.model.check_frame(&frames[0])
        })?;
        let rms = (check.squares / (3 * check.sampled.max(1)) as f64).sqrt();
        Ok((check.force_difference, rms, check.sampled))
    }

    /// Compares a few atoms of a frame, whose energies are given, with the full networks in float64: those whose turn it is in check
    /// `number`, and the one that looks least like the others. Returns of the former their number, how many err by more than is
    /// typical, and the sum of squares of their errors (eV^2/A^2); the number of all compared; and the largest error (eV/A)
    /// with the index of that atom.
    #[allow(clippy::too_many_arguments)]
    fn watch<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        types: PyReadonlyArray1<'py, i32>,
        vectors: PyReadonlyArray3<'py, f64>,
        periodic: PyReadonlyArray2<'py, bool>,
        fparam: PyReadonlyArray2<'py, f64>,
        aparam: PyReadonlyArray2<'py, f64>,
        energies: PyReadonlyArray1<'py, f64>,
        number: u64,
    ) -> PyResult<(usize, usize, f64, usize, f64, Option<usize>)> {
        let counts = vec![types.len()?];
        let arrays = Frames { x, types, counts, vectors, periodic, fparam, aparam };
        let frames = arrays.frames().map_err(|error| exception(py, &error))?;
        let energies = energies.as_slice()?;
        let found = self.with(py, |opened| {
            opened.near = None;
            opened.model.watch_frame(&frames[0], energies, number)
        })?;
        Ok((found.in_turn, found.above, found.squares, found.in_turn + found.unlike, found.largest, found.worst))
    }

    /// Evaluates with the full networks from now on.
    fn use_full_networks(&self, py: Python) -> PyResult<()> {
        self.with(py, |opened| {
            opened.near = None;
            opened.model.use_full_networks()
        })
    }
}

impl Potential {
    /// Computes; Python's lock must be free.
    fn compute<T>(&self, body: impl FnOnce(&mut Opened) -> Result<T>) -> Result<T> {
        let mut opened: MutexGuard<Opened> = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut opened.poisoned, true) {
            return Err(Error::Internal(
                "it failed before because of a bug in deepion and cannot be used any more".into(),
            ));
        }
        let result = caught(|| body(&mut opened)).map_err(Error::Internal);
        opened.poisoned = result.is_err();
        result?
    }

    fn with<T: Send>(&self, py: Python, body: impl FnOnce(&mut Opened) -> Result<T> + Send) -> PyResult<T> {
        py.detach(|| self.compute(body)).map_err(|error| exception(py, &error))
    }

    fn ask<T: Send>(&self, py: Python, of: impl FnOnce(&deepion_engine::Potential) -> T + Send) -> PyResult<T> {
        self.with(py, |opened| Ok(of(&opened.model)))
    }
}

impl Frames<'_> {
    fn frames(&self) -> Result<Vec<Frame<'_>>> {
        let whole = |_| Error::Internal("arrays of frames must be contiguous".into());
        let (x, types) = (self.x.as_slice().map_err(whole)?, self.types.as_slice().map_err(whole)?);
        let (vectors, periodic) = (self.vectors.as_slice().map_err(whole)?, self.periodic.as_slice().map_err(whole)?);
        let (fparam, aparam) = (self.fparam.as_slice().map_err(whole)?, self.aparam.as_slice().map_err(whole)?);
        let (frames, atoms) = (self.counts.len(), self.counts.iter().sum::<usize>());
        let rows = |values: usize, rows: usize| values.checked_div(rows).unwrap_or(0);
        let (per_frame, per_atom) = (rows(fparam.len(), frames), rows(aparam.len(), atoms));
        let expected = [3 * atoms, atoms, 9 * frames, 3 * frames, per_frame * frames, per_atom * atoms];
        if [x.len(), types.len(), vectors.len(), periodic.len(), fparam.len(), aparam.len()] != expected {
            return Err(Error::Internal(format!("arrays of {frames} frames with {atoms} atoms do not fit each other")));
        }
        let mut first = 0;
        let frame = |(k, &n): (usize, &usize)| {
            let atoms = first..first + n;
            first += n;
            Frame {
                x: &x[3 * atoms.start..3 * atoms.end],
                types: &types[atoms.clone()],
                vectors: three(&vectors[9 * k..9 * k + 9]),
                periodic: [periodic[3 * k], periodic[3 * k + 1], periodic[3 * k + 2]],
                fparam: &fparam[per_frame * k..per_frame * (k + 1)],
                aparam: &aparam[per_atom * atoms.start..per_atom * atoms.end],
            }
        };
        Ok(self.counts.iter().enumerate().map(frame).collect())
    }
}

fn three(values: &[f64]) -> Vectors {
    [0, 1, 2].map(|row| [values[3 * row], values[3 * row + 1], values[3 * row + 2]])
}

/// Runs `body` on a thread of its own, and stops it where Python has a signal (Ctrl-C) to raise.
fn interruptible<T: Send>(
    py: Python,
    body: impl FnOnce() -> Result<T> + Send,
    stop: &AtomicBool,
) -> PyResult<Result<T>> {
    let (done, finished) = (Mutex::new(None), Condvar::new());
    let look = || done.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let result = body();
            *look() = Some(result);
            finished.notify_one();
        });
        let mut signal = None;
        loop {
            let wait = || finished.wait_timeout_while(look(), PATIENCE, |result| result.is_none());
            let result = py.detach(|| wait().unwrap_or_else(PoisonError::into_inner).0.take());
            if let Some(result) = result {
                return signal.map_or(Ok(result), Err);
            }
            if let Err(raised) = py.check_signals() {
                // what was begun ends first, while Python's other threads go on
                stop.store(true, Ordering::Relaxed);
                signal = Some(raised);
            }
        }
    })
}

fn dictionary(py: Python, answers: Vec<Answer>) -> PyResult<Bound<PyDict>> {
    let to = PyDict::new(py);
    let rows = |values: Vec<f64>, width: usize| {
        let values = values.into_pyarray(py);
        let rows = values.len()? / width;
        values.reshape([rows, width])
    };
    let all = |of: fn(&Answer) -> &[f64]| answers.iter().flat_map(of).copied().collect::<Vec<f64>>();
    to.set_item("energy", PyArray1::from_iter(py, answers.iter().map(|a| a.energy)))?;
    to.set_item("force", rows(all(|a| &a.force), 3)?)?;
    to.set_item("virial", rows(all(|a| &a.virial), 9)?)?;
    to.set_item("atom_energy", all(|a| &a.atom_energy).into_pyarray(py))?;
    to.set_item("atom_virial", rows(all(|a| &a.atom_virial), 9)?)?;
    let first = |of: fn(&Answer) -> Option<&String>| answers.iter().find_map(of).map(|text| by_index(text));
    to.set_item("overflow", first(|a| a.overflow.as_ref()))?;
    to.set_item("close", first(|a| a.close.as_ref()))?;
    Ok(to)
}
