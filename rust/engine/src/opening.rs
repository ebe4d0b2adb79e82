// SPDX-License-Identifier: MIT
//! From a model file and the user's settings to an engine.

use deepion_onnx::{Library, ModelFile, OnnxNetworks, OnnxReal};
use deepion_potential::{
    EXPORTER, Engine, Error, InstructionSet, Kernels, MOST_SHARES, Model, Networks, ReducedLevel, Reduction, Result,
    TableSettings, TypedNetworks,
};

use crate::settings::{Precision, Settings};
use crate::{Potential, accuracy};

/// Opens a model from the bytes of its file; `name` is only used in messages.
pub(crate) fn open(name: &str, bytes: &[u8], settings: Settings) -> Result<Potential> {
    let settings = accuracy::with_defaults(settings);
    let file = ModelFile::open(name, bytes)?;
    let runtime = deepion_onnx::load(&settings.onnxruntime, &settings.search)?;
    let wanted = choose_level(&file, &settings)?;
    Ok(Potential { name: name.into(), file, runtime, engine: None, watcher: None, settings, wanted, reduced: None })
}

/// Prepares a model for the types that will occur, unless that was done.
pub(crate) fn prepare(potential: &mut Potential, types: &[i32]) -> Result<()> {
    let mut in_use = vec![false; potential.file.contract.ntypes()];
    for &t in types {
        let known = usize::try_from(t).ok().and_then(|t| in_use.get_mut(t));
        *known.ok_or_else(|| Error::Input(format!("type {t} given, but the model has no such type")))? = true;
    }
    if potential.engine.as_ref().is_some_and(|engine| engine.model().in_use == in_use) {
        return Ok(());
    }
    potential.file.restore_networks();
    let Potential { runtime, file, settings, wanted, .. } = potential;
    let (engine, reduced) = match settings.precision {
        Precision::Double => start_engine::<f64>(runtime, file, in_use, wanted.clone(), settings)?,
        Precision::Mixed => start_engine::<f32>(runtime, file, in_use, wanted.clone(), settings)?,
    };
    potential.file.drop_networks();
    log::info!("model {} runs on {} threads per MPI rank", potential.name, engine.threads());
    (potential.engine, potential.reduced) = (Some(engine), reduced);
    Ok(())
}

/// The reduced networks that the settings ask for, where the file has them.
fn choose_level(file: &ModelFile, settings: &Settings) -> Result<Option<ReducedLevel>> {
    let wanted = accuracy::wanted_reduction(settings);
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
    if let (Some(level), Some(reduced)) = (level, &file.contract.reduced) {
        let all: Vec<String> = reduced.levels.iter().map(|l| format!("{:.1e}", l.force_error)).collect();
        log::info!(
            "reduced networks with a force error of {:.1e} eV/A RMS are chosen for reduce {wanted:.1e}; the model file has {}",
            level.force_error,
            all.join(" ")
        );
    }
    Ok(level.cloned())
}

/// An engine on tables, or on the networks themselves where tables are not wanted or not accurate enough; with the reduced
/// networks in use.
fn start_engine<R: OnnxReal + Kernels>(
    library: &Library,
    file: &ModelFile,
    in_use: Vec<bool>,
    reduced: Option<ReducedLevel>,
    settings: &Settings,
) -> Result<(Engine, Option<ReducedLevel>)> {
    let mut exact = OnnxNetworks::<f64>::embeddings_only(library, file)?;
    let mut model = Model::for_types(file.contract.clone(), in_use, &mut exact)?;
    if let Some(table) = file.pair_table()? {
        model.set_pair_table(&table)?;
    }
    let threads = settings.threads.clamp(1, MOST_SHARES);
    let tables = TableSettings::for_model(&file.contract, settings.table_error);
    if let Some(level) = reduced {
        let (basis, fitting) = (file.bases(&level)?, file.reduced_steps(&level)?);
        let start = |_| {
            OnnxNetworks::<R>::reduced(library, file, &level, &fitting)
                .map(|n| Box::new(n) as Box<dyn TypedNetworks<R>>)
        };
        let networks = (0..threads).map(start).collect::<Result<_>>()?;
        let reduction = Reduction { basis: &basis, level: &level, fitting: &fitting };
        let engine = Engine::reduced(model.clone(), &mut exact, networks, tables, reduction, settings.sel_error)?;
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
        // Without vector registers that are known ONNX Runtime is the faster one.
        let own = InstructionSet::best() != InstructionSet::PORTABLE;
        let fitting = if own { file.full_steps(&model.in_use)? } else { Vec::new() };
        let start = |_| {
            OnnxNetworks::<R>::beside_tables(library, file, &fitting).map(|n| Box::new(n) as Box<dyn TypedNetworks<R>>)
        };
        let networks = (0..threads).map(start).collect::<Result<_>>()?;
        let engine = Engine::tabulated(model.clone(), &mut exact, networks, tables, &fitting, settings.sel_error)?;
        if accurate(&engine, settings) {
            return Ok((engine, None));
        }
    }
    let start = |_| OnnxNetworks::<R>::new(library, file).map(|n| Box::new(n) as Box<dyn Networks>);
    let networks = (0..threads).map(start).collect::<Result<_>>()?;
    Ok((Engine::new(model, networks, settings.sel_error)?, None))
}

fn accurate(engine: &Engine, settings: &Settings) -> bool {
    let Some(tables) = engine.tables() else { return false };
    let accurate = tables.error <= settings.table_error;
    let verdict = if accurate { "at most" } else { "more than" };
    log::info!(
        "tables of {:.1} MB, up to {} pieces from {:.2} A: relative error {:.1e}, {verdict} the limit {:.0e}",
        tables.bytes as f64 / 1e6,
        tables.most_pieces,
        tables.nearest,
        tables.error,
        settings.table_error
    );
    accurate
}
