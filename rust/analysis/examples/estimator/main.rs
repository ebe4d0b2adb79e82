// SPDX-License-Identifier: MIT
//! How good the estimators of D are, on walks whose D is known: scatter, bias, errors stated and how often they hold the truth
//! (`doc/method/estimator.md`).
//!
//! ```text
//! cargo run --release -p deepion-analysis --example estimator -- KIND IONS SAMPLES[,SAMPLES...] RUNS SEED [OPTION...]
//! ```
//!
//! KIND: `free`, `rattling`, `slow`, `hops` or `gas`. Walks of one run are those of its seed, SEED, SEED + 1, ..., and one of many samples
//! goes on from one of few. OPTION:
//!
//! * `plain`: also the rules of the first versions with their origins.
//! * `until`: also when `until 0.1` would have ended a run, and D then.
//! * `states=FOLDER`: keeps what was measured there and takes what is there already, so that a long table can be made piece by piece, and
//!   again with another estimator. `known`: leaves out runs that are not there.
//! * `walks=FOLDER`: writes positions, 64-bit floats of the machine, [sample, ion, axis], and a table of the values found, for other
//!   programs.

#![allow(clippy::unwrap_used)] // a panic is a failed run of this program

mod walks;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use deepion_analysis::measurement::KeepsSums as _;
use deepion_analysis::results::Provenance;
use deepion_analysis::shapes::vectors;
use deepion_analysis::transport::{
    Curve, Diffusion, Evaluation, Fit, Frame, Lags, Reference, Transport, TransportLayout, Value, diffusion, line,
    locate,
};
use deepion_analysis::{Measure as _, Save as _};
use walks::{Kind, Walk};

/// Relative error at which a run may end.
const GOAL: f64 = 0.1;

/// Values of one run, each of an estimator with the coefficient that it is to find.
type Values = Vec<(&'static str, f64, Option<Value>)>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, ions, samples, runs, seed, options @ ..] = &arguments[..] else {
        return Err(
            "KIND IONS SAMPLES[,SAMPLES...] RUNS SEED [plain] [until] [states=FOLDER [known]] [walks=FOLDER]".into()
        );
    };
    let kind = Kind::named(kind).ok_or("a kind of motion is free, rattling, slow, hops or gas")?;
    let (ions, runs, seed): (usize, u64, u64) = (ions.parse()?, runs.parse()?, seed.parse()?);
    let options = Options::new(options)?;
    println!("| samples | estimator | D in | bias | scatter | stated | 1 and 2 errors hold | within 10 % |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut lengths = samples.split(',').map(str::parse::<usize>).collect::<Result<Vec<_>, _>>()?;
    lengths.sort_unstable();
    let mut found: Vec<(usize, Values)> = Vec::new();
    let mut ends = Vec::new();
    for seed in seed..seed + runs {
        let run = Run::new(kind, ions, &lengths, seed, &options)?;
        found.extend(run.values);
        ends.extend(run.end);
    }
    for length in lengths {
        let of_length: Vec<&Values> = found.iter().filter(|(of, _)| *of == length).map(|(_, values)| values).collect();
        for k in 0..of_length.first().map_or(0, |values| values.len()) {
            let (name, truth, _) = of_length[0][k];
            let values: Vec<_> = of_length.iter().map(|values| values[k].2).collect();
            println!("| {length} | {name} | {} |", summary(&values, truth));
        }
    }
    if options.until {
        let (ended, median) = (ends.len(), median(&mut ends));
        println!("`until` ended {ended} of {runs} runs, half of them by {median} samples");
    }
    Ok(())
}

fn median(of: &mut [usize]) -> usize {
    of.sort_unstable();
    of.get(of.len() / 2).copied().unwrap_or(0)
}

#[derive(Default)]
struct Options {
    plain: bool,
    until: bool,
    known: bool,
    states: Option<PathBuf>,
    walks: Option<PathBuf>,
}

impl Options {
    fn new(words: &[String]) -> Result<Self, Box<dyn Error>> {
        let mut options = Self::default();
        for word in words {
            match word.split_once('=') {
                None if word == "plain" => options.plain = true,
                None if word == "until" => options.until = true,
                None if word == "known" => options.known = true,
                Some(("states", folder)) => options.states = Some(folder.into()),
                Some(("walks", folder)) => options.walks = Some(folder.into()),
                _ => return Err(format!("no option {word}").into()),
            }
        }
        for folder in [&options.states, &options.walks].into_iter().flatten() {
            fs::create_dir_all(folder)?;
        }
        Ok(options)
    }
}

/// One walk, measured with the origins of today and, if asked for, with those of the first versions.
#[derive(Default)]
struct Run {
    values: Vec<(usize, Values)>,
    /// Samples after which `until` would have ended the run.
    end: Option<usize>,
}

impl Run {
    fn new(kind: Kind, ions: usize, lengths: &[usize], seed: u64, options: &Options) -> Result<Self, Box<dyn Error>> {
        let file = |length: usize| Some(options.states.as_ref()?.join(format!("{kind:?}-{ions}-{length}-{seed}")));
        let mut run = Self::default();
        if let Some(known) = lengths.iter().map(|&length| read(&file(length)?)).collect::<Option<Vec<_>>>() {
            run.values = lengths.iter().zip(&known).map(|(&length, of)| (length, values(of, kind, ions))).collect();
            return Ok(run);
        }
        if options.known {
            return Ok(run);
        }
        let mut walk = Walk::new(kind, ions, seed);
        let mut dense = Fed::new(ions, Lags::usual_origins(10));
        let mut plain = options.plain.then(|| Fed::new(ions, 1));
        let (ids, slots): (Vec<i64>, Vec<i32>) = ((1..=ions as i64).collect(), (0..ions as i32).collect());
        let (mut positions, mut path) = (vec![0.0; 3 * ions], Vec::new());
        let (mut stopped, mut look) = (None, 100);
        for sample in 0..lengths.last().copied().unwrap_or(0) {
            walk.sample(sample, &mut positions);
            if options.walks.is_some() {
                path.extend(positions.iter().flat_map(|x| x.to_ne_bytes()));
            }
            let positions = vectors("positions", &positions)?;
            let located = locate(&positions, &ids, &vectors("none", &[])?, &[])?;
            let frame = Frame {
                located: &located,
                positions,
                ids: &ids,
                slots: &slots,
                tile: 1,
                volume: 1.0,
                temperature: None,
                kinetic_temperature: None,
            };
            for fed in [Some(&mut dense), plain.as_mut()].into_iter().flatten() {
                fed.sample(&frame);
            }
            let samples = sample + 1;
            if options.until && run.end.is_none() && samples == look {
                // as often as an output of a run, and less often in long ones
                look = (look + look / 20).next_multiple_of(100).max(look + 100);
                dense.gather();
                if dense.transport.enough(GOAL)?.is_some() {
                    run.end = Some(samples);
                    stopped = own(&dense.transport, Fit::Stationary);
                }
            }
            if lengths.contains(&samples) {
                dense.gather();
                let mut found = values(&dense.transport, kind, ions);
                if let Some(plain) = &mut plain {
                    plain.gather();
                    found.push(("beta, plain origins", kind.diffusion(ions), own(&plain.transport, Fit::Beta)));
                    found.push((
                        "given, 1/t^3, plain origins",
                        kind.diffusion(ions),
                        cubic(&plain.transport, kind.cage()),
                    ));
                }
                run.values.push((samples, found));
                if let Some(file) = file(samples) {
                    fs::write(file, dense.transport.state(&Provenance::default())?)?;
                }
            }
        }
        if let (true, Some((_, values))) = (options.until, run.values.last_mut()) {
            values.push(("**until 0.1**", kind.diffusion(ions), stopped));
        }
        if let Some(folder) = &options.walks {
            fs::write(folder.join(format!("{seed}.walk")), path)?;
            let lines = run.values.iter().flat_map(|(length, values)| {
                values.iter().map(move |(name, truth, value)| {
                    let Value { value, error } = value.unwrap_or(Value { value: f64::NAN, error: None });
                    format!("{length};{name};{truth};{value};{}\n", error.unwrap_or(f64::NAN))
                })
            });
            fs::write(folder.join(format!("{seed}.values")), lines.collect::<String>())?;
        }
        Ok(run)
    }
}

/// A state that was kept.
fn read(file: &Path) -> Option<Transport> {
    Transport::open(&fs::read_to_string(file).ok()?, Evaluation::default()).ok()
}

fn values(of: &Transport, kind: Kind, ions: usize) -> Values {
    let (cage, d, collective) = (kind.cage(), kind.diffusion(ions), kind.collective(ions));
    let stationary = diffusion(of.sums(), Fit::Stationary).unwrap().ok();
    let given = diffusion(of.sums(), Fit::Window(cage, 10.0 * cage)).unwrap().ok();
    let spectrum = |found: Option<&Diffusion>| Some(found?.spectrum.as_ref().ok()?.diffusion.scaled(1.0 / ions as f64));
    vec![
        ("beta", d, own(of, Fit::Beta)),
        ("**stationary**", d, stationary.as_ref().map(|found| found.own)),
        ("**given**", d, given.as_ref().map(|found| found.own)),
        ("**stationary**, collective D", collective, stationary.as_ref().map(|found| found.collective)),
        ("**given**, collective D", collective, given.as_ref().map(|found| found.collective)),
        ("**stationary**, spectrum of the flux", collective, spectrum(stationary.as_ref())),
        ("**given**, spectrum of the flux", collective, spectrum(given.as_ref())),
    ]
}

/// The line of the first versions through a decade of lags.
fn cubic(of: &Transport, cage: f64) -> Option<Value> {
    let (sums, layout) = (of.sums(), of.layout());
    let curve = Curve::new(&sums.runs().total().unwrap()?, &layout.lags_ps(), layout.ions);
    let points: Vec<_> = (0..curve.lag.len())
        .filter(|&k| curve.lag[k] >= cage && curve.lag[k] <= 10.0 * cage)
        .map(|k| (curve.lag[k], curve.msd[k], curve.lag[k].powi(-3)))
        .collect();
    (points.last()?.0 >= 10.0 * cage).then_some(())?;
    line(&points).map(|(_, slope)| Value { value: slope / 6.0, error: None })
}

fn own(transport: &Transport, fit: Fit) -> Option<Value> {
    diffusion(transport.sums(), fit).unwrap().ok().map(|found| found.own)
}

/// A measurement with the rows of its ions.
struct Fed {
    transport: Transport,
    rows: Vec<f64>,
}

impl Fed {
    fn new(ions: usize, origins: u64) -> Self {
        let layout = TransportLayout {
            lags_per_level: 10,
            levels: 5,
            origins,
            every: 1,
            timestep_ps: 1.0,
            ions: ions as u64,
            drift: Reference::None,
            reference_atoms: 0,
            charge: 1.0,
            species: Vec::new(),
        };
        let transport = Transport::new(layout, Evaluation::default()).unwrap();
        let rows = vec![0.0; ions * transport.row_width()];
        Self { transport, rows }
    }

    fn sample(&mut self, frame: &Frame<'_>) {
        if self.transport.full() {
            self.gather();
        }
        self.transport.sample(frame, &mut self.rows).unwrap();
    }

    fn gather(&mut self) {
        let increments = self.transport.take_increments();
        self.transport.add_increments(&increments).unwrap();
    }
}

/// Share of runs with a value, bias, scatter and stated error in percent, how many of the intervals of one and two errors hold the truth, and
/// share of all runs within a tenth of it.
fn summary(values: &[Option<Value>], truth: f64) -> String {
    let found: Vec<(f64, f64)> =
        values.iter().flatten().map(|of| (of.value / truth - 1.0, of.error.unwrap_or(0.0) / truth)).collect();
    let (count, all) = (found.len() as f64, values.len() as f64);
    let mean =
        |of: &dyn Fn(f64, f64) -> f64| 100.0 * found.iter().map(|&(off, error)| of(off, error)).sum::<f64>() / count;
    let share = 100.0 * count / all;
    if found.len() < 3 {
        return format!("{share:.0} % | | | | |");
    }
    let bias = mean(&|off, _| off);
    let scatter = mean(&|off, _| 100.0 * (off - bias / 100.0).powi(2)).sqrt();
    let stated = mean(&|_, error| 100.0 * error * error).sqrt();
    let holds = |errors: f64| mean(&|off, error| f64::from(off.abs() < errors * error));
    let near = mean(&|off, _| f64::from(off.abs() < 0.1)) * count / all;
    let stated =
        if stated > 0.0 { format!("{stated:.2} | {:.0}, {:.0}", holds(1.0), holds(2.0)) } else { "- | -".into() };
    format!("{share:.0} % | {bias:+.1} | {scatter:.2} | {stated} | {near:.0} %")
}
