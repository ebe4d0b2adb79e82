// SPDX-License-Identifier: MIT
//! The border for the pair style: a model, ready to compute.
//!
//! Units: Angstrom, eV, eV/Angstrom. Tensors of 9 are in LAMMPS' centroid order xx, yy, zz, xy, xz, yz, yx, zx, zy with
//! element ab = sum of `r_a` `f_b` (positive for pressure pushing out).

#[cfg(test)]
mod tests;

use deepion_engine::Precision;
use deepion_potential::{
    Configuration, Contract, Error, Evaluation, Result, Results, Sightings, Turn, matrix, matrix_mut,
};
use ndarray::{ArrayView3, ArrayViewMut2};

use crate::guard::{guard, guard_only};

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    /// What the networks run in.
    #[derive(Debug)]
    enum Precision {
        /// Networks in float32, geometry and sums in float64.
        Mixed,
        /// Everything in float64.
        Double,
    }

    /// How to open a model.
    #[derive(Debug, Clone)]
    struct Settings {
        precision: Precision,
        /// Whether embedding nets are tabulated; they are run where tables cannot reach `table_error`.
        tabulate: bool,
        /// Largest relative error of a table, 0: the default of the precision; reduced networks are always tabulated.
        table_error: f64,
        /// Largest force error of a reduced network, eV/A RMS; 0: the full network; negative: the default.
        reduce: f64,
        /// Whether its forces move the atoms, or it is only compared with one that does.
        drives: bool,
        /// Worker threads of this potential, >= 1.
        threads: usize,
        /// Whether more neighbors of a type than `sel` are an error.
        sel_error: bool,
        /// ONNX Runtime library chosen by the user; empty: search.
        onnxruntime: String,
        /// Files or folders to search for ONNX Runtime after `ORT_DYLIB_PATH`, in order.
        search: Vec<String>,
    }

    /// What a model says of itself.
    struct ModelInfo {
        /// Element names, index = model type.
        type_map: Vec<String>,
        /// A.
        cutoff: f64,
        numb_fparam: usize,
        numb_aparam: usize,
        /// Frame parameters to use where the user gives none; empty: none.
        default_fparam: Vec<f64>,
        /// Force error of the reduced networks in use as measured at export, eV/A RMS; 0: the full networks.
        reduced_error: f64,
        /// Largest force difference, eV/A, that a self-check may find where the user sets no limit.
        check_limit: f64,
        /// Error of an atom, eV/A, that the check of a run accepts where the user sets no limit.
        watch_limit: f64,
        /// Worker threads in use.
        threads: usize,
        /// SHA-256 of the model file, lowercase hex.
        sha256: String,
        /// Lines for the set-up summary, without line ends: model, hash, types, cutoff, precision, ONNX Runtime, threads; none
        /// before the model was prepared.
        summary: Vec<String>,
    }

    /// One configuration as this rank sees it; nall = local + ghost atoms.
    struct Atoms<'a> {
        /// A, nall x 3.
        x: &'a [f64],
        /// Model type of each atom, nall; -1: invisible to the model.
        types: &'a [i32],
        /// Atom IDs for messages, nall, or empty where atoms have none.
        tags: &'a [i64],
        /// Local atoms whose energy is wanted (`ilist`), n.
        centers: &'a [i32],
        /// Model type of each group of neighbors; no type twice.
        groups: &'a [i32],
        /// Neighbors of `centers[k]` in group g are `neighbors[offsets[k G + g]..offsets[k G + g + 1]]`; G groups, n G + 1.
        offsets: &'a [usize],
        /// Full neighbor list of visible atoms, indices into `x` (special bits masked off).
        neighbors: &'a [i32],
        /// Whether `types`, `tags`, `centers`, `offsets`, `neighbors` differ from the previous call's.
        rebuilt: bool,
        /// `numb_fparam` values, or empty for the model's default.
        fparam: &'a [f64],
        /// `numb_aparam` values for each local atom, by local index.
        aparam: &'a [f64],
    }

    /// Where results are added. An empty slice: not wanted.
    struct Output<'a> {
        /// Everything is multiplied by this before it is added or returned (unit conversion x scale).
        factor: f64,
        /// nall x 3.
        f: &'a mut [f64],
        /// nall.
        eatom: &'a mut [f64],
        /// nall x 6: xx, yy, zz, xy, xz, yz, symmetrized.
        vatom: &'a mut [f64],
        /// nall x 9.
        cvatom: &'a mut [f64],
    }

    /// What is asked of one of several models.
    struct Evaluation<'a> {
        potential: &'a mut Potential,
        atoms: Atoms<'a>,
        output: Output<'a>,
    }

    /// This rank's sums, multiplied by `factor`.
    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Totals {
        energy: f64,
        virial: [f64; 9],
    }

    /// What the guards saw since the last call; a count of 0: nothing, and the rest is without meaning.
    #[derive(Debug, Clone, Default, PartialEq)]
    struct Alerts {
        /// Centers that had more neighbors of a type than `sel`.
        overflow_count: usize,
        /// Worst of them: atom ID, element of the neighbors (empty: of all elements together), neighbors found, neighbors kept.
        overflow_tag: i64,
        overflow_element: String,
        overflow_found: usize,
        overflow_kept: usize,
        /// Pairs closer than the training data's smallest distance, or than any atoms are where that is not known.
        close_count: usize,
        /// Closest of them: atom IDs, distance and that limit, A, and whether it comes from the training data.
        close_tag_i: i64,
        close_tag_j: i64,
        close_distance: f64,
        close_limit: f64,
        close_trained: bool,
    }

    /// A part of all steps since the last call.
    #[derive(Debug, Clone, PartialEq)]
    struct PartTime {
        name: String,
        /// Of all worker threads.
        seconds: f64,
    }

    /// Differences that the self-check found on this rank between the path in use and the model file's own graph in float64.
    #[derive(Debug, Clone, Copy, PartialEq)]
    struct CheckResult {
        /// Largest, eV/A.
        force_difference: f64,
        /// Sum of squares, eV^2/A^2: the force error is about sqrt(squares / (3 sampled)) RMS.
        squares: f64,
        /// Number of atoms sampled on this rank.
        sampled: usize,
    }

    /// What the check of a run found on this rank at one step: errors of atoms against the full networks in float64. The error of an
    /// atom is sqrt(sum of squares of the differences of all forces that its energy causes / 3), eV/A; the root of the mean
    /// square of it is the RMS error of a force component.
    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Watched {
        /// Atoms compared in their turn; of these, with an error above the typical one; and the sum of squares of their errors.
        in_turn: usize,
        above: usize,
        squares: f64,
        /// Atoms compared because they look unlike the others.
        unlike: usize,
        /// Largest error of all, and the ID of that atom (-1: no atom was compared).
        largest: f64,
        worst_tag: i64,
    }

    /// Which atoms the check of a run compares; the same for any number of ranks.
    struct Turn<'a> {
        /// Counts the checks of a simulation.
        number: u64,
        /// Atoms on all ranks.
        atoms: u64,
        /// Energy of each atom, nall, in any unit.
        energies: &'a [f64],
        /// Sum of `moments` over ranks.
        moments: &'a [f64],
        /// Atoms at least so unlike the others are compared, too.
        unlike: f64,
        /// eV/A, see `Watched::above`.
        typical: f64,
    }

    /// Deviations over models of a quantity, in its unit.
    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Deviations {
        largest: f64,
        smallest: f64,
        rms: f64,
    }

    extern "Rust" {
        type Potential;

        /// Opens a model from the bytes of its file. `name` is only used in messages.
        fn open_potential(name: &str, bytes: &[u8], settings: &Settings) -> Result<Box<Potential>>;
        /// Prepares the model for the types that will occur (indices of its own): to be called before anything is computed, and
        /// again where they change. Cheap where they do not.
        fn prepare(self: &mut Potential, types: &[i32]) -> Result<()>;
        fn info(self: &Potential) -> Result<ModelInfo>;
        /// The bytes of the file; none where they were dropped.
        fn file(self: &Potential) -> &[u8];
        /// Drops the bytes of the file, which only `prepare` and `self_check` need, until `restore_file`.
        fn drop_file(self: &mut Potential) -> Result<()>;
        /// Takes the bytes of the same file in again.
        fn restore_file(self: &mut Potential, bytes: &[u8]) -> Result<()>;
        /// Adds energies, forces and virials of the same configuration to the outputs of several models, or of one. What models that are
        /// alike see of it is found once; the results are those of each model alone. On error nothing was added anywhere.
        fn compute_all(evaluations: &mut [Evaluation]) -> Result<Vec<Totals>>;
        /// Evaluates a sample of the configuration's own atoms with the path in use and with the model file's own graph in float64.
        fn self_check(self: &mut Potential, atoms: Atoms) -> Result<CheckResult>;
        /// Opens the full networks in float64 that `watch` compares with, unless that was done. Needs the file.
        fn open_watcher(self: &mut Potential) -> Result<()>;
        fn has_watcher(self: &Potential) -> bool;
        /// Number, sum and sum of squares of the energies (nall, in any unit) of this rank's centers, for each model type.
        fn moments(self: &Potential, atoms: Atoms, energies: &[f64]) -> Result<Vec<f64>>;
        /// How unlike the others those centers are that are so most of all, largest first: `most` values, 0 where there are fewer.
        fn most_unlike(self: &Potential, atoms: Atoms, turn: &Turn, most: usize) -> Result<Vec<f64>>;
        /// Compares a few atoms, as they were computed last, with the full networks in float64.
        fn watch(self: &mut Potential, atoms: Atoms, turn: &Turn) -> Result<Watched>;
        /// Evaluates with the full networks from now on. Needs the file.
        fn use_full_networks(self: &mut Potential) -> Result<()>;
        /// Returns and clears where the time went: always the same parts, in the order of a step.
        fn take_times(self: &mut Potential) -> Result<Vec<PartTime>>;
        /// Returns and clears what the guards saw.
        fn take_alerts(self: &mut Potential) -> Result<Alerts>;
        /// Bytes held by this potential's own buffers.
        fn memory_bytes(self: &Potential) -> Result<usize>;
        /// Per-atom standard deviation over models of the force vector (DeePMD-kit's definition), n values.
        /// `forces`: models x n x 3; `relative` < 0: absolute, else divided by (norm of the mean force + `relative`).
        fn model_deviation(forces: &[f64], models: usize, relative: f64) -> Result<Vec<f64>>;
        /// Deviations over models of the nine elements of the virial per atom. `virials`: models x 9, eV, of all `atoms`.
        fn virial_deviation(virials: &[f64], models: usize, atoms: f64, relative: f64) -> Result<Deviations>;
    }
}

/// A model, ready to compute, and what its guards saw.
struct Potential {
    model: deepion_engine::Potential,
    alerts: ffi::Alerts,
    poisoned: bool,
}

fn open_potential(name: &str, bytes: &[u8], settings: &ffi::Settings) -> Result<Box<Potential>> {
    guard_only(|| {
        let model = deepion_engine::Potential::open(name, bytes, settings_of(settings)?)?;
        Ok(Box::new(Potential { model, alerts: ffi::Alerts::default(), poisoned: false }))
    })
}

fn settings_of(settings: &ffi::Settings) -> Result<deepion_engine::Settings> {
    let settings = settings.clone();
    Ok(deepion_engine::Settings {
        precision: match settings.precision {
            ffi::Precision::Double => Precision::Double,
            ffi::Precision::Mixed => Precision::Mixed,
            other => return Err(Error::Internal(format!("precision {} is unknown", other.repr))),
        },
        tabulate: settings.tabulate,
        table_error: settings.table_error,
        reduce: settings.reduce,
        drives: settings.drives,
        threads: settings.threads,
        sel_error: settings.sel_error,
        onnxruntime: settings.onnxruntime,
        search: settings.search,
    })
}

fn model_deviation(forces: &[f64], models: usize, relative: f64) -> Result<Vec<f64>> {
    guard_only(|| {
        let shape = (models, forces.len() / (3 * models.max(1)), 3);
        let forces =
            ArrayView3::from_shape(shape, forces).ok().filter(|f| f.len() == forces.len()).ok_or_else(|| {
                Error::Input(format!("{} force components cannot belong to {models} models", forces.len()))
            })?;
        Ok(deepion_potential::model_deviation(forces, relative))
    })
}

fn virial_deviation(virials: &[f64], models: usize, atoms: f64, relative: f64) -> Result<ffi::Deviations> {
    guard_only(|| {
        let virials = matrix("virials", virials, [models, 9])?;
        let found = deepion_potential::virial_deviation(virials, atoms, relative);
        Ok(ffi::Deviations { largest: found.largest, smallest: found.smallest, rms: found.rms })
    })
}

impl Potential {
    fn prepare(&mut self, types: &[i32]) -> Result<()> {
        guard_only(|| self.model.prepare(types))
    }

    fn file(&self) -> &[u8] {
        self.model.file()
    }

    fn drop_file(&mut self) -> Result<()> {
        guard_only(|| {
            self.model.drop_file();
            Ok(())
        })
    }

    fn restore_file(&mut self, bytes: &[u8]) -> Result<()> {
        guard_only(|| self.model.restore_file(bytes))
    }

    fn info(&self) -> Result<ffi::ModelInfo> {
        guard_only(|| {
            let Self { model, .. } = self;
            let contract = model.contract();
            Ok(ffi::ModelInfo {
                type_map: contract.type_map.clone(),
                cutoff: contract.rcut(),
                numb_fparam: contract.numb_fparam,
                numb_aparam: contract.numb_aparam,
                default_fparam: contract.default_fparam.clone().unwrap_or_default(),
                reduced_error: model.reduced_error(),
                check_limit: model.check_limit(),
                watch_limit: model.watch_limit(),
                threads: model.threads(),
                sha256: model.sha256().into(),
                summary: model.summary(),
            })
        })
    }

    fn self_check(&mut self, atoms: ffi::Atoms) -> Result<ffi::CheckResult> {
        let Self { model, poisoned, .. } = self;
        guard(poisoned, || {
            let check = model.self_check(&configuration(model.contract(), &atoms)?)?;
            Ok(ffi::CheckResult {
                force_difference: check.force_difference,
                squares: check.squares,
                sampled: check.sampled,
            })
        })
    }

    fn open_watcher(&mut self) -> Result<()> {
        guard_only(|| self.model.open_watcher())
    }

    fn has_watcher(&self) -> bool {
        self.model.has_watcher()
    }

    fn moments(&self, atoms: ffi::Atoms, energies: &[f64]) -> Result<Vec<f64>> {
        guard_only(|| Ok(self.model.moments(&configuration(self.model.contract(), &atoms)?, energies)?.concat()))
    }

    fn most_unlike(&self, atoms: ffi::Atoms, turn: &ffi::Turn, most: usize) -> Result<Vec<f64>> {
        guard_only(|| {
            let conf = configuration(self.model.contract(), &atoms)?;
            self.model.most_unlike(&conf, turn.energies, moments_of(turn), most)
        })
    }

    fn watch(&mut self, atoms: ffi::Atoms, turn: &ffi::Turn) -> Result<ffi::Watched> {
        let Self { model, poisoned, .. } = self;
        guard(poisoned, || {
            let conf = configuration(model.contract(), &atoms)?;
            let &ffi::Turn { number, atoms: all, energies, unlike, typical, .. } = turn;
            let turn = Turn { number, atoms: all, energies, moments: moments_of(turn), unlike, typical };
            let (found, tags) = (model.watch(&conf, turn)?, atoms.tags);
            Ok(ffi::Watched {
                in_turn: found.in_turn,
                above: found.above,
                squares: found.squares,
                unlike: found.unlike,
                largest: found.largest,
                worst_tag: found.worst.map_or(-1, |i| tags.get(i).copied().unwrap_or(i as i64)),
            })
        })
    }

    fn use_full_networks(&mut self) -> Result<()> {
        let Self { model, poisoned, .. } = self;
        guard(poisoned, || model.use_full_networks())
    }

    fn take_times(&mut self) -> Result<Vec<ffi::PartTime>> {
        let part = |(name, seconds): (&str, f64)| ffi::PartTime { name: name.into(), seconds };
        guard_only(|| Ok(self.model.take_times().parts().map(part).into()))
    }

    fn take_alerts(&mut self) -> Result<ffi::Alerts> {
        guard_only(|| Ok(std::mem::take(&mut self.alerts)))
    }

    fn memory_bytes(&self) -> Result<usize> {
        guard_only(|| Ok(self.model.memory_bytes()))
    }
}

fn compute_all(evaluations: &mut [ffi::Evaluation]) -> Result<Vec<ffi::Totals>> {
    let mut poisoned = evaluations.iter().any(|e| e.potential.poisoned);
    let totals = guard(&mut poisoned, || {
        let (mut prepared, mut alerts) = (Vec::new(), Vec::new());
        for ffi::Evaluation { potential, atoms, output } in &mut *evaluations {
            let Potential { model, alerts: of_model, .. } = &mut **potential;
            let ffi::Output { factor, f, eatom, vatom, cvatom } = output;
            let nall = atoms.types.len();
            let results = Results {
                factor: *factor,
                f: wanted("f", f, [nall, 3])?,
                eatom: Some(&mut **eatom).filter(|eatom| !eatom.is_empty()),
                vatom: wanted("vatom", vatom, [nall, 6])?,
                cvatom: wanted("cvatom", cvatom, [nall, 9])?,
            };
            let conf = configuration(model.contract(), atoms)?;
            prepared.push((model.engine()?, conf, results));
            alerts.push((of_model, &atoms.tags));
        }
        let of_model = |(engine, conf, results)| Evaluation { engine, conf, results };
        let mut evaluations: Vec<_> = prepared.iter_mut().map(|(e, c, r)| of_model((&mut **e, &*c, r))).collect();
        let sums = deepion_potential::compute_all(&mut evaluations)?;
        for (((engine, ..), (alerts, tags)), (_, seen)) in prepared.iter().zip(alerts).zip(&sums) {
            note(alerts, seen, &engine.model().contract, tags);
        }
        Ok(sums.iter().map(|(t, _)| ffi::Totals { energy: t.energy, virial: t.virial }).collect())
    });
    for evaluation in evaluations {
        evaluation.potential.poisoned |= poisoned;
    }
    totals
}

/// Adds what the guards saw in one evaluation.
fn note(alerts: &mut ffi::Alerts, seen: &Sightings, contract: &Contract, tags: &[i64]) {
    let tag = |i: usize| tags.get(i).copied().unwrap_or(i as i64);
    if let Some(worst) = seen.worst_overflow.filter(|w| w.found > alerts.overflow_found) {
        alerts.overflow_tag = tag(worst.center);
        alerts.overflow_element = worst.neighbor_type.map_or(String::new(), |t| contract.type_map[t].clone());
        alerts.overflow_found = worst.found;
        alerts.overflow_kept = worst.kept;
    }
    if let Some(closest) = seen.closest.filter(|c| alerts.close_count == 0 || c.r < alerts.close_distance) {
        alerts.close_tag_i = tag(closest.i);
        alerts.close_tag_j = tag(closest.j);
        alerts.close_distance = closest.r;
        alerts.close_limit = contract.closest_pair();
        alerts.close_trained = contract.min_nbor_dist.is_some();
    }
    alerts.overflow_count += seen.overflows;
    alerts.close_count += seen.close_pairs;
}

/// Three numbers for each type.
fn moments_of<'a>(turn: &ffi::Turn<'a>) -> &'a [[f64; 3]] {
    turn.moments.as_chunks().0
}

/// An empty slice: not wanted.
fn wanted<'a>(name: &str, values: &'a mut [f64], shape: [usize; 2]) -> Result<Option<ArrayViewMut2<'a, f64>>> {
    if values.is_empty() { Ok(None) } else { matrix_mut(name, values, shape).map(Some) }
}

fn configuration<'a>(contract: &Contract, atoms: &ffi::Atoms<'a>) -> Result<Configuration<'a>> {
    let per_atom = contract.numb_aparam;
    let rows = atoms.aparam.len().checked_div(per_atom).unwrap_or(0);
    Ok(Configuration {
        x: matrix("x", atoms.x, [atoms.types.len(), 3])?,
        types: atoms.types,
        tags: atoms.tags,
        centers: atoms.centers,
        groups: atoms.groups,
        offsets: atoms.offsets,
        neighbors: atoms.neighbors,
        rebuilt: atoms.rebuilt,
        fparam: atoms.fparam,
        aparam: matrix("aparam", atoms.aparam, [rows, per_atom])?,
    })
}
