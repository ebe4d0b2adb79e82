//! The handle that C++ holds: a model file, its engine, and what the guards saw.

use deepion_onnx::{Library, ModelFile, OnnxNetworks, OnnxWholeModel};
use deepion_potential::{Configuration, Engine, Error, Networks, Result, Results};

use crate::ffi;
use crate::guard::guard;

/// A model, ready to compute.
pub struct Potential {
    file: ModelFile,
    library: Library,
    engine: Engine,
    precision: Precision,
    alerts: ffi::Alerts,
    poisoned: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Precision {
    Double,
    Mixed,
}

pub fn open_potential(name: &str, bytes: &[u8], settings: &ffi::Settings) -> Result<Box<Potential>> {
    guard(&mut false, || {
        let precision = match settings.precision.as_str() {
            "double" => Precision::Double,
            "mixed" => Precision::Mixed,
            other => return Err(Error::Input(format!("precision is {other:?}, expected double or mixed"))),
        };
        let mut file = ModelFile::open(name, bytes)?;
        let library = deepion_onnx::load(&settings.onnxruntime, &settings.search)?;
        let mut exact = OnnxNetworks::<f64>::embeddings_only(&library, &file)?;
        let networks =
            (0..settings.threads.max(1)).map(|_| start_networks(&library, &file, precision)).collect::<Result<_>>()?;
        file.drop_networks();
        let engine = Engine::new(file.contract.clone(), &mut exact, networks, settings.sel_error)?;
        Ok(Box::new(Potential { file, library, engine, precision, alerts: no_alerts(), poisoned: false }))
    })
}

fn start_networks(library: &Library, file: &ModelFile, precision: Precision) -> Result<Box<dyn Networks>> {
    Ok(match precision {
        Precision::Double => Box::new(OnnxNetworks::<f64>::new(library, file)?),
        Precision::Mixed => Box::new(OnnxNetworks::<f32>::new(library, file)?),
    })
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
        let precision = match self.precision {
            Precision::Double => "double (all float64)",
            Precision::Mixed => "mixed (float32 networks, float64 geometry and sums)",
        };
        vec![
            format!("sha256 {}", self.file.sha256),
            format!("from {} ({}, trained in {})", c.source.file, c.source.software, c.precision),
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
            format!("precision {precision}, tabulate no"),
            format!("ONNX Runtime {} ({})", self.library.version, self.library.path.display()),
            format!("threads {} per MPI rank", self.engine.threads()),
        ]
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
                alerts.close_limit = contract.min_nbor_dist.unwrap_or(0.0);
            }
            Ok(ffi::Totals { energy: totals.energy, virial: totals.virial })
        })
    }

    pub fn self_check(&mut self, atoms: ffi::Atoms) -> Result<ffi::CheckResult> {
        let Self { engine, file, library, poisoned, .. } = self;
        guard(poisoned, || {
            let check = engine.self_check(&configuration(&atoms), &mut OnnxWholeModel::new(library, file)?)?;
            Ok(ffi::CheckResult {
                force_difference: check.force_difference,
                energy_difference: check.energy_difference,
                sampled: check.sampled,
            })
        })
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
    }
}
