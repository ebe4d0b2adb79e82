//! The handle that C++ holds: a model file, its engine, and what the guards saw.

use deepion_onnx::{Library, ModelFile, OnnxNetworks, OnnxReal, OnnxWholeModel};
use deepion_potential::{
    Configuration, EXPORTER, Engine, Error, Kernels, MOST_LANES, Networks, ReducedLevel, Result, Results,
    TableSettings, Times, TypedNetworks,
};

use crate::ffi;
use crate::guard::guard;

/// Force error of reduced networks where the user does not choose, eV/A RMS: far below the error of any trained model (the
/// best reach several 1e-3), while ten times more would save only a quarter of the time.
const DEFAULT_REDUCE: f64 = 1e-4;

/// A model, ready to compute.
pub struct Potential {
    file: ModelFile,
    runtime: Library,
    engine: Engine,
    precision: &'static str,
    tabulate: String,
    reduced: Option<ReducedLevel>,
    alerts: ffi::Alerts,
    poisoned: bool,
}

pub fn open_potential(name: &str, bytes: &[u8], settings: &ffi::Settings) -> Result<Box<Potential>> {
    guard(&mut false, || {
        let mut file = ModelFile::open(name, bytes)?;
        let runtime = deepion_onnx::load(&settings.onnxruntime, &settings.search)?;
        let level = choose_level(&file, settings)?;
        let ((engine, reduced), precision) = match settings.precision.as_str() {
            "double" => (start_engine::<f64>(&runtime, &file, level, settings)?, "double (all float64)"),
            "mixed" => {
                let started = start_engine::<f32>(&runtime, &file, level, settings)?;
                (started, "mixed (float32 networks, float64 geometry and sums)")
            }
            other => return Err(Error::Input(format!("precision is {other:?}, expected double or mixed"))),
        };
        file.drop_networks();
        let tabulate = describe_tables(&engine, settings);
        let alerts = no_alerts();
        Ok(Box::new(Potential { file, runtime, engine, precision, tabulate, reduced, alerts, poisoned: false }))
    })
}

/// The reduced networks that the settings ask for, where the file has them.
fn choose_level(file: &ModelFile, settings: &ffi::Settings) -> Result<Option<ReducedLevel>> {
    let wanted = if settings.reduce < 0.0 { DEFAULT_REDUCE } else { settings.reduce };
    if wanted == 0.0 || !settings.tabulate {
        return Ok(None);
    }
    let level = file.contract.reduced.as_ref().and_then(|r| r.level(wanted));
    if level.is_none() && settings.reduce > 0.0 {
        let has = file.contract.reduced.as_ref().map_or("none".into(), |r| {
            r.levels.iter().map(|l| format!("{:.1e}", l.force_error)).collect::<Vec<_>>().join(" ")
        });
        return Err(Error::Input(format!(
            "reduce {wanted:.1e}: the model file has no reduced networks with a force error that small (it has: {has} eV/A \
             RMS); use reduce 0 for the full networks, or export the model again with {EXPORTER}"
        )));
    }
    Ok(level.cloned())
}

/// An engine on tables, or on the networks themselves where tables are not wanted or not accurate enough; with the reduced
/// networks in use.
fn start_engine<R: OnnxReal + Kernels>(
    library: &Library,
    file: &ModelFile,
    reduced: Option<ReducedLevel>,
    settings: &ffi::Settings,
) -> Result<(Engine, Option<ReducedLevel>)> {
    let mut exact = OnnxNetworks::<f64>::embeddings_only(library, file)?;
    let threads = settings.threads.clamp(1, MOST_LANES);
    let tables = TableSettings::for_model(&file.contract, settings.table_error);
    if let Some(level) = reduced {
        let start =
            |_| OnnxNetworks::<R>::reduced(library, file, &level).map(|n| Box::new(n) as Box<dyn TypedNetworks<R>>);
        let networks = (0..threads).map(start).collect::<Result<_>>()?;
        let bases = file.bases()?;
        let contract = file.contract.clone();
        let engine = Engine::reduced(contract, &mut exact, networks, tables, (&bases, &level), settings.sel_error)?;
        if accurate(&engine, settings) {
            return Ok((engine, Some(level)));
        }
        if settings.reduce > 0.0 {
            return Err(Error::Input(format!(
                "reduce: tables cannot reach table_error {:.0e} for the reduced networks of this model; use reduce 0 or a \
                 larger table_error",
                settings.table_error
            )));
        }
    }
    if settings.tabulate {
        let start = |_| OnnxNetworks::<R>::new(library, file).map(|n| Box::new(n) as Box<dyn TypedNetworks<R>>);
        let networks = (0..threads).map(start).collect::<Result<_>>()?;
        let engine = Engine::tabulated(file.contract.clone(), &mut exact, networks, tables, settings.sel_error)?;
        if accurate(&engine, settings) {
            return Ok((engine, None));
        }
    }
    let start = |_| OnnxNetworks::<R>::new(library, file).map(|n| Box::new(n) as Box<dyn Networks>);
    let networks = (0..threads).map(start).collect::<Result<_>>()?;
    Ok((Engine::new(file.contract.clone(), &mut exact, networks, settings.sel_error)?, None))
}

fn accurate(engine: &Engine, settings: &ffi::Settings) -> bool {
    engine.tables().is_some_and(|t| t.error <= settings.table_error)
}

fn describe_tables(engine: &Engine, settings: &ffi::Settings) -> String {
    let Some(t) = engine.tables() else {
        let why = if settings.tabulate {
            format!(" (tables cannot reach table_error {:.0e} for this model)", settings.table_error)
        } else {
            String::new()
        };
        return format!("no{why}");
    };
    let columns: Vec<String> = t.columns.iter().map(ToString::to_string).collect();
    format!(
        "yes (relative error {:.1e}, {} basis functions per center type, up to {} pieces from {:.2} A, {:.1} MB, {})",
        t.error,
        columns.join(" "),
        t.most_pieces,
        t.nearest,
        t.bytes as f64 / 1e6,
        t.instruction_set
    )
}

#[allow(clippy::needless_pass_by_value)] // cxx hands shared structs over by value
impl Potential {
    pub fn info(&self) -> ffi::ModelInfo {
        let contract = &self.file.contract;
        ffi::ModelInfo {
            type_map: contract.type_map.clone(),
            cutoff: contract.rcut,
            numb_fparam: contract.numb_fparam,
            numb_aparam: contract.numb_aparam,
            reduced_error: self.reduced.as_ref().map_or(0.0, |l| l.force_error),
            default_fparam: contract.default_fparam.clone().unwrap_or_default(),
            sha256: self.file.sha256.clone(),
            summary: self.summary(),
        }
    }

    fn summary(&self) -> Vec<String> {
        let c = &self.file.contract;
        let widths = |w: &[usize]| w.iter().map(ToString::to_string).collect::<Vec<_>>().join("-");
        let types: Vec<String> = c.type_map.iter().zip(&c.sel).map(|(t, s)| format!("{t} (sel {s})")).collect();
        let closest = c.min_nbor_dist.map_or("unknown".into(), |d| format!("{d} A"));
        vec![
            format!("sha256 {}", self.file.sha256),
            format!("from {} ({}, {})", c.source.file, c.source.software, c.precision),
            format!("types {}", types.join(" ")),
            format!("cutoff {} A, switch from {} A, closest training pair {closest}", c.rcut, c.rcut_smth),
            format!(
                "networks {} embedding ({}), {} fitting ({}), axis {}",
                widths(&c.neuron),
                c.activation_function.embedding,
                widths(&c.fitting_neuron),
                c.activation_function.fitting,
                c.axis_neuron
            ),
            format!("precision {}", self.precision),
            format!("tabulate {}", self.tabulate),
            format!("reduce {}", self.describe_reduction()),
            format!("ONNX Runtime {} ({})", self.runtime.version, self.runtime.path.display()),
            format!("threads {} per MPI rank", self.engine.threads()),
        ]
    }

    fn describe_reduction(&self) -> String {
        match (&self.reduced, &self.file.contract.reduced) {
            (Some(level), Some(reduced)) => format!(
                "{:.1e} eV/A RMS force error, {:.1e} eV/atom RMS energy error, as measured at export on {}",
                level.force_error, level.energy_error, reduced.sample
            ),
            (None, None) => "0 (full networks: the model file has no reduced ones)".into(),
            _ => "0 (full networks)".into(),
        }
    }

    pub fn compute(&mut self, atoms: ffi::Atoms, output: ffi::Output) -> Result<ffi::Totals> {
        let Self { engine, alerts, poisoned, .. } = self;
        guard(poisoned, || {
            let conf = configuration(&atoms);
            let ffi::Output { factor, f, eatom, vatom, cvatom } = output;
            let (totals, seen) = engine.compute(&conf, &mut Results { factor, f, eatom, vatom, cvatom })?;
            let contract = &engine.model().contract;
            let tag = |i: usize| atoms.tags.get(i).copied().unwrap_or(i as i64);
            alerts.overflow_count += seen.overflows;
            if let Some(worst) = seen.worst_overflow.filter(|w| w.found > alerts.overflow_found) {
                alerts.overflow_tag = tag(worst.center);
                alerts.overflow_element.clone_from(&contract.type_map[worst.neighbor_type]);
                alerts.overflow_found = worst.found;
                alerts.overflow_kept = contract.sel[worst.neighbor_type];
            }
            alerts.close_count += seen.close_pairs;
            if let Some(closest) = seen.closest.filter(|c| c.r < alerts.close_distance) {
                alerts.close_tag_i = tag(closest.i);
                alerts.close_tag_j = tag(closest.j);
                alerts.close_distance = closest.r;
                alerts.close_limit = contract.closest_pair();
                alerts.close_trained = contract.min_nbor_dist.is_some();
            }
            Ok(ffi::Totals { energy: totals.energy, virial: totals.virial })
        })
    }

    pub fn self_check(&mut self, atoms: ffi::Atoms) -> Result<ffi::CheckResult> {
        let Self { engine, file, runtime, poisoned, .. } = self;
        guard(poisoned, || {
            let check = engine.self_check(&configuration(&atoms), &mut OnnxWholeModel::new(runtime, file)?)?;
            Ok(ffi::CheckResult {
                force_difference: check.force_difference,
                squares: check.squares,
                energy_difference: check.energy_difference,
                sampled: check.sampled,
            })
        })
    }

    pub fn take_times(&mut self) -> ffi::Times {
        let Times { neighbors, environment, descriptor, fitting, scatter } = self.engine.take_times();
        ffi::Times { neighbors, environment, descriptor, fitting, scatter }
    }

    pub fn take_alerts(&mut self) -> ffi::Alerts {
        std::mem::replace(&mut self.alerts, no_alerts())
    }

    pub fn memory_bytes(&self) -> usize {
        self.engine.bytes() + self.file.bytes().len()
    }
}

pub fn model_deviation(forces: &[f64], models: usize, relative: f64) -> Result<Vec<f64>> {
    guard(&mut false, || deepion_potential::model_deviation(forces, models, relative))
}

fn configuration<'a>(atoms: &ffi::Atoms<'a>) -> Configuration<'a> {
    Configuration {
        x: atoms.x,
        types: atoms.types,
        tags: atoms.tags,
        centers: atoms.centers,
        offsets: atoms.offsets,
        neighbors: atoms.neighbors,
        rebuilt: atoms.rebuilt,
        fparam: atoms.fparam,
        aparam: atoms.aparam,
    }
}

fn no_alerts() -> ffi::Alerts {
    ffi::Alerts {
        overflow_count: 0,
        overflow_tag: -1,
        overflow_element: String::new(),
        overflow_found: 0,
        overflow_kept: 0,
        close_count: 0,
        close_tag_i: -1,
        close_tag_j: -1,
        close_distance: f64::INFINITY,
        close_limit: 0.0,
        close_trained: false,
    }
}
