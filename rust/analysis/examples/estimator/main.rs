// SPDX-License-Identifier: MIT
//! How good the estimators of D are, on walks whose D is known: scatter, bias, errors stated and how often they hold the truth
//! (`doc/method/estimator.md`).
//!
//! ```text
//! cargo run --release -p deepion-analysis --example estimator -- free|rattling|slow|hops|gas IONS SAMPLES[,SAMPLES...] RUNS SEED
//! ```

#![allow(clippy::unwrap_used)] // a panic is a failed run of this program

mod walks;

use std::error::Error;

use deepion_analysis::Measure as _;
use deepion_analysis::measurement::KeepsSums as _;
use deepion_analysis::shapes::vectors;
use deepion_analysis::transport::{
    Curve, Evaluation, Fit, Frame, Lags, Reference, Transport, TransportLayout, Value, diffusion, line, locate,
};
use walks::{Kind, Walk};

/// Relative error at which a run may end.
const GOAL: f64 = 0.1;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, ions, samples, runs, seed] = &arguments[..] else {
        return Err("free|rattling|slow|hops|gas IONS SAMPLES[,SAMPLES...] RUNS SEED".into());
    };
    let kind = Kind::named(kind).ok_or("a kind of motion is free, rattling, slow, hops or gas")?;
    let (ions, runs, seed): (usize, u64, u64) = (ions.parse()?, runs.parse()?, seed.parse()?);
    println!("| samples | estimator | D in | bias | scatter | stated | 1 and 2 errors hold | within 10 % |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for samples in samples.split(',').map(str::parse::<usize>) {
        let samples = samples?;
        let mut found: Vec<(&str, Vec<Option<Value>>)> = Vec::new();
        let mut ends = Vec::new();
        for run in 0..runs {
            let run = Run::new(kind, ions, samples, seed + run);
            for (name, value) in run.values(kind.cage()) {
                match found.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, values)) => values.push(value),
                    None => found.push((name, vec![value])),
                }
            }
            ends.extend(run.end);
        }
        for (name, values) in &found {
            println!("| {samples} | {name} | {} |", summary(values, kind.diffusion()));
        }
        ends.sort_unstable();
        if let Some(median) = ends.get(ends.len() / 2) {
            println!(
                "| {samples} | `until` ended {} of {runs} runs, half of them by {median} samples | | | | | | |",
                ends.len()
            );
        }
    }
    Ok(())
}

/// One walk, measured with the origins of the first versions and with those of today.
struct Run {
    plain: Transport,
    dense: Transport,
    /// D when `until` would have ended the run, and after how many samples.
    stopped: Option<Value>,
    end: Option<usize>,
}

impl Run {
    fn new(kind: Kind, ions: usize, samples: usize, seed: u64) -> Self {
        let mut walk = Walk::new(kind, ions, seed);
        let [mut plain, mut dense] = [1, Lags::usual_origins(10)].map(|origins| Fed::new(ions, origins));
        let (ids, slots): (Vec<i64>, Vec<i32>) = ((1..=ions as i64).collect(), (0..ions as i32).collect());
        let mut positions = vec![0.0; 3 * ions];
        let (mut stopped, mut end) = (None, None);
        for sample in 0..samples {
            walk.sample(sample, &mut positions);
            let positions = vectors("positions", &positions).unwrap();
            let located = locate(&positions, &ids, &vectors("none", &[]).unwrap(), &[]).unwrap();
            let frame = Frame {
                located: &located,
                positions,
                ids: &ids,
                slots: &slots,
                volume: 1.0,
                temperature: None,
                kinetic_temperature: None,
            };
            plain.sample(&frame);
            dense.sample(&frame);
            if end.is_none() && sample > 0 && sample % 100 == 0 {
                dense.gather();
                if dense.transport.enough(GOAL).unwrap().is_some() {
                    end = Some(sample);
                    stopped = own(&dense.transport, Fit::Stationary);
                }
            }
        }
        plain.gather();
        dense.gather();
        Self { plain: plain.transport, dense: dense.transport, stopped, end }
    }

    fn values(&self, cage: f64) -> Vec<(&'static str, Option<Value>)> {
        let window = Fit::Window(cage, 10.0 * cage);
        let collective = |fit: Fit| Some(diffusion(self.dense.sums(), fit).unwrap().ok()?.collective);
        let ions = self.dense.layout().ions as f64;
        let spectrum = |fit: Fit| {
            let found = diffusion(self.dense.sums(), fit).unwrap().ok()?;
            Some(found.spectrum.ok()?.diffusion.scaled(1.0 / ions))
        };
        vec![
            ("beta, 1/t^3, plain origins", own(&self.plain, Fit::Beta)),
            ("**stationary**", own(&self.dense, Fit::Stationary)),
            ("given, 1/t^3, plain origins", self.cubic(cage)),
            ("**given**", own(&self.dense, window)),
            ("**stationary**, collective D", collective(Fit::Stationary)),
            ("**given**, collective D", collective(window)),
            ("**stationary**, spectrum of the flux", spectrum(Fit::Stationary)),
            ("**given**, spectrum of the flux", spectrum(window)),
            ("**until 0.1**", self.stopped),
        ]
    }

    /// The line of the first versions through a decade of lags.
    fn cubic(&self, cage: f64) -> Option<Value> {
        let (sums, layout) = (self.plain.sums(), self.plain.layout());
        let curve = Curve::new(&sums.runs().total().unwrap()?, &layout.lags_ps(), layout.ions);
        let points: Vec<_> = (0..curve.lag.len())
            .filter(|&k| curve.lag[k] >= cage && curve.lag[k] <= 10.0 * cage)
            .map(|k| (curve.lag[k], curve.msd[k], curve.lag[k].powi(-3)))
            .collect();
        (points.last()?.0 >= 10.0 * cage).then_some(())?;
        line(&points).map(|(_, slope)| Value { value: slope / 6.0, error: None })
    }
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
