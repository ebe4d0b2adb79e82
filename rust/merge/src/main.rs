//! `deepion-merge`: joins what independent runs measured (`state` files of the ion fixes) into results with smaller errors,
//! and runs at several temperatures into an activation energy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use deepion_analysis::coordination::Coordination;
use deepion_analysis::files::{self, Table};
use deepion_analysis::ladder::{SAME_TEMPERATURE, ladder};
use deepion_analysis::transport::{DiffusionUnits, Evaluation, Findings, Fit, Transport, Value};
use deepion_analysis::vibrations::{self, Split, Vibrations};
use deepion_analysis::{Accumulator, Error, Result, scatter, state};

/// Join the state files of independent runs: replicas at one temperature into one result, several temperatures into
/// conductivities and an activation energy with error bands.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// State files of one style: fix ion/transport, ion/coordination or ion/vdos with keyword state
    #[arg(required = true)]
    states: Vec<PathBuf>,
    /// Write the table here instead of printing it
    #[arg(long, short)]
    out: Option<PathBuf>,
    /// First line of the table, for pictures
    #[arg(long)]
    title: Option<String>,
    /// Window of the straight line through the MSD, from and to, ps [default: where beta is 1]
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    fit: Option<Vec<f64>>,
    /// Units of D and sigma
    #[arg(long, value_enum, default_value = "cgs")]
    units: Units,
    /// Temperature for which the Arrhenius lines are read off, K
    #[arg(long, default_value_t = 300.0)]
    predict: f64,
    /// A table of lags for each temperature, too: PREFIX.500K.dat
    #[arg(long, value_name = "PREFIX")]
    tables: Option<String>,
    /// How the diffusive part of the VDOS is treated in the entropy
    #[arg(long, value_enum, default_value = "none")]
    split: SplitName,
    /// Frequency of --split cut, THz
    #[arg(long, default_value_t = 0.0)]
    cut: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Units {
    /// cm^2/s and S/cm
    Cgs,
    /// m^2/s and S/m
    Si,
}

#[derive(Clone, Copy, ValueEnum)]
enum SplitName {
    None,
    Cut,
    #[value(name = "2pt")]
    TwoPhase,
}

/// Begins the line of a state's provenance that names the model.
const MODEL: &str = "model sha256 ";

/// A state file.
struct State {
    path: PathBuf,
    text: String,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("deepion-merge: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let states = arguments.states.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let analysis = |state: &State| state::analysis_of(&state.text).map_err(|error| about(&state.path, &error));
    let first = analysis(&states[0])?;
    for state in &states[1..] {
        let other = analysis(state)?;
        if other != first {
            return Err(Error::State(format!(
                "{} is a state of {first}, {} one of {other}: join states of one style",
                states[0].path.display(),
                state.path.display()
            )));
        }
    }
    let mut provenance: Vec<String> = arguments.title.clone().into_iter().collect();
    provenance.push(format!("deepion {}, {first} joined from", env!("CARGO_PKG_VERSION")));
    provenance.extend(states.iter().map(|state| format!("  {}", state.path.display())));
    let model = model_of(&states)?;
    if let Some(warning) = model.as_ref().filter(|line| !line.starts_with(MODEL)) {
        eprintln!("deepion-merge: {warning}");
    }
    provenance.extend(model);

    let table = match first.as_str() {
        "ion/transport" => transport(arguments, &states, &provenance)?,
        "ion/coordination" => joined(&states, Coordination::open)?.table()?,
        "ion/vdos" => {
            let split = match arguments.split {
                SplitName::None => Split::None,
                SplitName::Cut => Split::Cut,
                SplitName::TwoPhase => Split::TwoPhase,
            };
            let evaluation = vibrations::Evaluation { temperature: None, cut_thz: arguments.cut, split };
            joined(&states, |text| Vibrations::open(text, evaluation))?.table()?
        }
        other => return Err(Error::State(format!("states of {other} cannot be joined"))),
    };
    write(arguments.out.as_deref(), &table, &provenance)
}

/// The model that all states were measured with, or a warning that names one that differs. Nothing where none says it.
fn model_of(states: &[State]) -> Result<Option<String>> {
    let model = |state: &State| -> Result<Option<String>> {
        let lines = state::provenance_of(&state.text).map_err(|error| about(&state.path, &error))?;
        Ok(lines.into_iter().find(|line| line.starts_with(MODEL)))
    };
    let found = states.iter().map(model).collect::<Result<Vec<_>>>()?;
    let Some(other) = found.iter().position(|model| *model != found[0]) else {
        return Ok(found.into_iter().next().flatten());
    };
    let each = [0, other].map(|k| {
        let model = found[k].as_deref().unwrap_or("a model that it does not name");
        format!("{} with {model}", states[k].path.display())
    });
    Ok(Some(format!("WARNING: not measured with one and the same model: {}", each.join(", "))))
}

/// Replicas of one temperature give their table, several temperatures a ladder.
fn transport(arguments: &Arguments, states: &[State], provenance: &[String]) -> Result<Table> {
    let fit = match arguments.fit.as_deref() {
        Some([from, to]) if from < to && *from >= 0.0 => Fit::Window(*from, *to),
        Some(_) => return Err(Error::Settings("--fit needs a window from a shorter to a longer lag in ps".into())),
        None => Fit::Automatic,
    };
    let units = match arguments.units {
        Units::Cgs => DiffusionUnits::Cgs,
        Units::Si => DiffusionUnits::Si,
    };
    let mut rungs: Vec<Rung> = Vec::new();
    for state in states {
        let run =
            Transport::open(&state.text, Evaluation { fit, units }).map_err(|error| about(&state.path, &error))?;
        let Findings { temperature, own, .. } = Findings::of(&run)?;
        match rungs.iter_mut().find(|rung| (rung.temperature - temperature).abs() <= SAME_TEMPERATURE) {
            Some(rung) => {
                rung.all.join(&state.text).map_err(|error| about(&state.path, &error))?;
                rung.each.push(own);
            }
            None => rungs.push(Rung { temperature, all: run, each: vec![own] }),
        }
    }
    if let Some(prefix) = &arguments.tables {
        for rung in &rungs {
            let path = format!("{prefix}.{:.0}K.dat", rung.temperature);
            files::replace(Path::new(&path), &rung.table()?.text(provenance))?;
        }
    }
    if let [only] = &rungs[..] {
        return only.table();
    }
    if let Some(Rung { temperature, .. }) = rungs.iter().find(|rung| rung.temperature <= 0.0) {
        return Err(Error::State(format!(
            "a ladder needs the temperature of every run, but one has {temperature} K: give temp to fix ion/transport"
        )));
    }
    let warnings: Vec<String> = rungs.iter().filter_map(Rung::warning).collect();
    let rungs: Vec<Transport> = rungs.into_iter().map(|rung| rung.all).collect();
    let mut table = ladder(&rungs, arguments.predict)?;
    table.summary.extend(warnings);
    Ok(table)
}

/// Replicas at one temperature.
struct Rung {
    temperature: f64,
    all: Transport,
    /// D of each.
    each: Vec<Value>,
}

impl Rung {
    fn table(&self) -> Result<Table> {
        let mut table = self.all.table()?;
        table.summary.extend(self.warning());
        Ok(table)
    }

    fn warning(&self) -> Option<String> {
        scatter::warning(&format!("D at {} K", self.temperature), &self.each)
    }
}

/// All states as one measurement.
fn joined<A: Accumulator>(states: &[State], open: impl Fn(&str) -> Result<A>) -> Result<A> {
    let mut all = open(&states[0].text).map_err(|error| about(&states[0].path, &error))?;
    for state in &states[1..] {
        all.join(&state.text).map_err(|error| about(&state.path, &error))?;
    }
    Ok(all)
}

fn read(path: &Path) -> Result<State> {
    let text = fs::read_to_string(path).map_err(|error| about(path, &error))?;
    Ok(State { path: path.to_owned(), text })
}

fn write(path: Option<&Path>, table: &Table, provenance: &[String]) -> Result<()> {
    let text = table.text(provenance);
    let Some(path) = path else {
        print!("{text}");
        return Ok(());
    };
    files::replace(path, &text)?;
    for line in &table.summary {
        println!("{line}");
    }
    Ok(())
}

fn about(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::State(format!("{}: {error}", path.display()))
}
