// SPDX-License-Identifier: MIT
//! `deepion-merge`: joins what independent runs measured (`state` files of the ion fixes) into results with smaller errors,
//! and runs at several temperatures into an activation energy.

mod density;
mod hops;
mod states;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use deepion_analysis::files;
use deepion_analysis::ladder::{SAME_TEMPERATURE, ladder};
use deepion_analysis::results::{Provenance, Table, Warning};
use deepion_analysis::transport::{DiffusionUnits, Evaluation, Fit, Transport, Value};
use deepion_analysis::vibrations::{self, Split, Vibrations};
use deepion_analysis::{Accumulator as _, Error, Result, Save as _, scatter};

use states::{State, about, check_output, joined, models_of, style_of};

/// Join the state files of independent runs: replicas at one temperature into one result, several temperatures into
/// conductivities and an activation energy with error bands.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// State files of one style: of any ion/* fix with keyword state
    #[arg(required = true)]
    states: Vec<PathBuf>,
    /// Write the table here instead of printing it
    #[arg(long, short)]
    out: Option<PathBuf>,
    /// First line of the table, for pictures
    #[arg(long)]
    title: Option<String>,
    /// Window of the straight line through the MSD, from and to, ps [default: found, see --window]
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    fit: Option<Vec<f64>>,
    /// How the window is found: where the slope is constant, or where beta is 1
    #[arg(long, value_enum, default_value = "stationary")]
    window: Window,
    /// Units of D and sigma
    #[arg(long, value_enum, default_value = "cgs")]
    units: Units,
    /// Temperature for which the Arrhenius lines are read off, K
    #[arg(long, default_value_t = 300.0)]
    predict: f64,
    /// A table of lags for each temperature, too: PREFIX.500K.dat, and PREFIX.500K.onsager.dat of several species
    #[arg(long, value_name = "PREFIX")]
    tables: Option<String>,
    /// The density as a cube file, for states of ion/density
    #[arg(long, value_name = "FILE")]
    cube: Option<PathBuf>,
    /// -kT ln density as a cube file, for states of ion/density
    #[arg(long, value_name = "FILE")]
    energy: Option<PathBuf>,
    /// The density as a CHGCAR, for states of ion/density
    #[arg(long, value_name = "FILE")]
    chgcar: Option<PathBuf>,
    /// How the diffusive part of the VDOS is treated in the entropy
    #[arg(long, value_enum, default_value = "none")]
    split: SplitName,
    /// Frequency of --split cut, THz
    #[arg(long, default_value_t = 0.0)]
    cut: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Window {
    Stationary,
    Beta,
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
    let states = arguments.states.iter().map(|path| State::read(path)).collect::<Result<Vec<_>>>()?;
    let style = style_of(&states)?;
    if let Some(out) = &arguments.out {
        check_output(&states, out)?;
    }
    let volumes = density::Volumes::new(arguments, &states)?;
    let (models, differ) = models_of(&states);
    let provenance = Provenance {
        title: arguments.title.clone().unwrap_or_default(),
        notes: states.iter().map(|state| format!("  {}", state.path.display())).collect(),
        ..Provenance::default()
    };
    let finish = |mut table: Table| {
        if let Some(Warning { code, text }) = differ.clone() {
            table.results.warn(code, text);
        }
        table.results.setting("states", states.iter().map(|state| state.path.to_string_lossy()).collect::<Vec<_>>());
        table
    };

    let table = match style {
        "ion/transport" => {
            let rungs = Rung::of_states(&states, arguments.evaluation()?)?;
            if let Some(prefix) = &arguments.tables {
                let mut tables = Vec::new();
                for rung in &rungs {
                    let path = |what: &str| PathBuf::from(format!("{prefix}.{:.0}K{what}.dat", rung.temperature));
                    tables.push((path(""), rung.table()?));
                    if !rung.all.layout().species.is_empty() {
                        tables.push((path(".onsager"), rung.all.onsager_table()?));
                    }
                }
                tables.iter().try_for_each(|(path, _)| check_output(&states, path))?;
                for (path, table) in tables {
                    let text = finish(table).text(&provenance, &models);
                    files::replace(&path, text.as_bytes())?;
                }
            }
            transport(&rungs, arguments.predict)?
        }
        "ion/vdos" => {
            let split = match arguments.split {
                SplitName::None => Split::None,
                SplitName::Cut => Split::Cut,
                SplitName::TwoPhase => Split::TwoPhase,
            };
            let evaluation = vibrations::Evaluation { temperature: None, cut_thz: arguments.cut, split };
            joined(&states, |text| Ok(Box::new(Vibrations::open(text, evaluation)?)))?.table()?
        }
        "ion/hops" => hops::table(&states, arguments.predict)?,
        "ion/density" => density::table(&states, &volumes, arguments.title.as_deref())?,
        style => joined(&states, |text| deepion_analysis::open(style, text))?.table()?,
    };
    let table = finish(table);
    let text = table.text(&provenance, &models);
    if let Some(warning) = &differ {
        eprintln!("deepion-merge: WARNING: {}", warning.text);
    }
    write(arguments.out.as_deref(), &table, &text)
}

impl Arguments {
    fn evaluation(&self) -> Result<Evaluation> {
        let fit = match self.fit.as_deref() {
            Some([from, to]) if from < to && *from >= 0.0 => Fit::Window(*from, *to),
            Some(_) => return Err(Error::Settings("--fit needs a window from a shorter to a longer lag in ps".into())),
            None => match self.window {
                Window::Stationary => Fit::Stationary,
                Window::Beta => Fit::Beta,
            },
        };
        let units = match self.units {
            Units::Cgs => DiffusionUnits::Cgs,
            Units::Si => DiffusionUnits::Si,
        };
        Ok(Evaluation { fit, units })
    }
}

/// Replicas of one temperature give their table, several temperatures a ladder.
fn transport(rungs: &[Rung], predict: f64) -> Result<Table> {
    if let [only] = rungs {
        return only.table();
    }
    if let Some(Rung { temperature, .. }) = rungs.iter().find(|rung| rung.temperature <= 0.0) {
        return Err(Error::State(format!(
            "a ladder needs the temperature of every run, but one has {temperature} K: give temp to fix ion/transport"
        )));
    }
    let all: Vec<Transport> = rungs.iter().map(|rung| rung.all.clone()).collect();
    let each: Vec<Vec<Value>> = rungs.iter().map(|rung| rung.each.clone()).collect();
    let mut table = ladder(&all, &each, predict)?;
    for Warning { code, text } in rungs.iter().filter_map(Rung::warning) {
        table.results.warn(code, text);
    }
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
    /// Sorts states by temperature.
    fn of_states(states: &[State], evaluation: Evaluation) -> Result<Vec<Self>> {
        let mut rungs: Vec<Self> = Vec::new();
        for state in states {
            let run = Transport::open(&state.text, evaluation).map_err(|error| about(&state.path, &error))?;
            let found = run.findings().map_err(|error| about(&state.path, &error))?;
            let (temperature, own) = (found.temperature, found.own);
            match rungs.iter_mut().find(|rung| (rung.temperature - temperature).abs() <= SAME_TEMPERATURE) {
                Some(rung) => {
                    rung.all.join(&state.text).map_err(|error| about(&state.path, &error))?;
                    rung.each.push(own);
                }
                None => rungs.push(Self { temperature, all: run, each: vec![own] }),
            }
        }
        Ok(rungs)
    }

    fn table(&self) -> Result<Table> {
        let mut table = self.all.table()?;
        if let Some(Warning { code, text }) = self.warning() {
            table.results.warn(code, text);
        }
        Ok(table)
    }

    fn warning(&self) -> Option<Warning> {
        scatter::warning(&format!("D at {} K", self.temperature), &self.each)
    }
}

fn write(path: Option<&Path>, table: &Table, text: &str) -> Result<()> {
    let printed = match path {
        None => text.to_owned(),
        Some(path) => {
            files::replace(path, text.as_bytes())?;
            table.results.lines().join("\n") + "\n"
        }
    };
    std::io::stdout().write_all(printed.as_bytes()).map_err(|error| Error::File(format!("cannot print: {error}")))
}
