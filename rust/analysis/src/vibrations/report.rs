//! What is told about the sums.

use super::accumulator::Vibrations;
use super::correlation::Correlation;
use super::estimates::{Estimates, estimates};
use super::layout::{Split, VibrationsLayout};
use super::spectrum::{Cosines, peaks};
use super::two_phase::FREEZING;
use crate::constants::WAVENUMBERS;
use crate::files::{Column, Table};
use crate::jackknife::standard_errors;
use crate::{Result, Results};

/// Fewer blocks make no standard error.
const FEWEST_BLOCKS: usize = 4;
/// Peaks that rise less than this fraction of the highest value above their surroundings are not listed.
const LOWEST_PEAK: f64 = 0.05;
/// At most so many are.
const MOST_PEAKS: usize = 8;
/// A species counts as diffusive where its g(0) is more than 3 standard errors above 0 and more than this part of its modes
/// is gas: in a solid, the finite window alone lifts g(0) a little.
const DIFFUSIVE_FLUIDICITY: f64 = 0.01;

/// Everything that is derived from the sums.
struct Report {
    cosines: Cosines,
    /// Of each species and, last, of all.
    estimates: Vec<Estimates>,
    /// Standard errors in the same order; empty where there are too few blocks.
    errors: Vec<Errors>,
    complete: u64,
}

/// Standard errors of one species, or of all.
#[derive(Clone, Debug, Default)]
struct Errors {
    entropy: f64,
    g: Vec<f64>,
    diffusion: f64,
}

impl Report {
    fn new(of: &Vibrations) -> Result<Self> {
        let (layout, evaluation) = (of.layout(), of.evaluation());
        let cosines = Cosines::new(layout.window as usize, layout.lag_ps());
        let sums = of.runs().total()?.unwrap_or_else(|| Correlation::empty(layout));
        let numbers = |sums: &Correlation| {
            let all = estimates(sums, layout, evaluation, &cosines);
            let numbers = |one: Estimates| [one.entropy(evaluation.split), one.diffusion].into_iter().chain(one.g);
            all.into_iter().flat_map(numbers).collect()
        };
        let errors = standard_errors(&of.runs(), shortest_block(layout), FEWEST_BLOCKS, numbers)?;
        let one = |numbers: &[f64]| Errors { entropy: numbers[0], diffusion: numbers[1], g: numbers[2..].to_vec() };
        let width = 2 + layout.window as usize;
        Ok(Self {
            estimates: estimates(&sums, layout, evaluation, &cosines),
            errors: errors.unwrap_or_default().chunks_exact(width).map(one).collect(),
            complete: sums.complete(),
            cosines,
        })
    }

    fn total(&self) -> &Estimates {
        &self.estimates[self.species()]
    }

    fn species(&self) -> usize {
        self.estimates.len() - 1
    }

    /// Standard errors; zeros where unknown.
    fn errors(&self, index: usize) -> Errors {
        let unknown = || Errors { g: vec![0.0; self.estimates[index].g.len()], ..Errors::default() };
        self.errors.get(index).cloned().unwrap_or_else(unknown)
    }

    /// Whether the harmonic entropy of a species holds a part that is diffusion.
    fn diffusive(&self, index: usize) -> bool {
        let one = &self.estimates[index];
        !self.errors.is_empty()
            && one.g[0] > 3.0 * self.errors(index).g[0]
            && one.two_phase.fluidicity > DIFFUSIVE_FLUIDICITY
    }
}

/// Blocks that share no more than a small part of their windows, and hold all lags.
fn shortest_block(layout: &VibrationsLayout) -> u64 {
    2 * layout.window.max(layout.spacing)
}

pub fn results(of: &Vibrations) -> Result<Results> {
    let report = Report::new(of)?;
    let split = of.evaluation().split;
    let mut vector = vec![report.total().temperature, report.complete as f64];
    for (index, one) in report.estimates[..report.species()].iter().enumerate() {
        let errors = report.errors(index);
        vector.extend([
            one.entropy(split),
            errors.entropy,
            one.harmonic,
            one.two_phase.entropy,
            one.two_phase.fluidicity,
            one.g[0],
            one.diffusion,
            errors.diffusion,
        ]);
    }
    let frequency = |k: usize| {
        let thz = k as f64 * report.cosines.spacing();
        let species = report.estimates[..report.species()].iter().map(|one| one.g[k]);
        [thz, thz * WAVENUMBERS, report.total().g[k]].into_iter().chain(species).collect()
    };
    let array = (0..of.layout().window as usize).map(frequency).collect();
    Ok(Results { scalar: report.total().entropy(split), vector, array })
}

pub fn table(of: &Vibrations) -> Result<Table> {
    let report = Report::new(of)?;
    let mut columns = vec![
        Column::new("nu_THz", "frequency"),
        Column::new("wavenumber_1/cm", "the same as a wavenumber"),
        Column::new("g_total_1/THz", "density of states of all measured atoms, 3 per atom"),
        Column::new("g_total_se_1/THz", "its standard error"),
    ];
    for species in &of.layout().types {
        let name = &species.name;
        columns.push(Column::new(&format!("g_{name}_1/THz"), &format!("density of states of {name}, 3 per atom")));
    }
    let error = report.errors(report.species()).g;
    let frequency = |k: usize| {
        let thz = k as f64 * report.cosines.spacing();
        let species = report.estimates[..report.species()].iter().map(|one| one.g[k]);
        [thz, thz * WAVENUMBERS, report.total().g[k], error[k]].into_iter().chain(species).collect()
    };
    let rows = (0..of.layout().window as usize).map(frequency).collect();
    Ok(Table { summary: summary(of, &report), columns, rows })
}

pub fn vacf_table(of: &Vibrations) -> Result<Table> {
    let report = Report::new(of)?;
    let mut columns = vec![
        Column::new("lag_ps", "time lag"),
        Column::new("vacf_total", "velocity autocorrelation of all measured atoms, weighted by mass, 1 at lag 0"),
    ];
    for species in &of.layout().types {
        let name = &species.name;
        columns.push(Column::new(&format!("vacf_{name}"), &format!("velocity autocorrelation of {name}, 1 at lag 0")));
    }
    let lag = |k: usize| {
        let species = report.estimates[..report.species()].iter().map(|one| one.vacf[k]);
        [k as f64 * of.layout().lag_ps(), report.total().vacf[k]].into_iter().chain(species).collect()
    };
    let rows = (0..of.layout().window as usize).map(lag).collect();
    Ok(Table { summary: sampling(of, &report), columns, rows })
}

pub fn summary_columns(of: &Vibrations) -> Vec<Column> {
    let mut columns = vec![
        Column::new("T_K", "temperature of the velocities"),
        Column::new("S_vib_total_kB", "vibrational entropy of all measured atoms, kB per atom"),
    ];
    for species in &of.layout().types {
        let name = &species.name;
        columns.push(Column::new(&format!("S_vib_{name}_kB"), &format!("vibrational entropy of {name}, kB per atom")));
        columns.push(Column::new(&format!("D_{name}_cm^2/s"), &format!("diffusion coefficient of {name} from g(0)")));
    }
    columns
}

pub fn summary_row(of: &Vibrations) -> Result<Vec<f64>> {
    let (layout, evaluation) = (of.layout(), of.evaluation());
    let cosines = Cosines::new(layout.window as usize, layout.lag_ps());
    let sums = of.runs().total()?.unwrap_or_else(|| Correlation::empty(layout));
    let all = estimates(&sums, layout, evaluation, &cosines);
    let (species, total) = all.split_at(layout.types.len());
    let mut row: Vec<_> = total.iter().flat_map(|one| [one.temperature, one.entropy(evaluation.split)]).collect();
    row.extend(species.iter().flat_map(|one| [one.entropy(evaluation.split), one.diffusion]));
    Ok(row)
}

/// How the data were taken.
fn sampling(of: &Vibrations, report: &Report) -> Vec<String> {
    let layout = of.layout();
    let last = (layout.window - 1) as f64;
    let mut lines = vec![
        format!("samples = {}, {} time steps of {} ps apart", of.samples(), layout.every, layout.timestep_ps),
        format!("origins = {} with a complete window, {} samples apart", report.complete, layout.spacing),
        format!("window = {} ps, half a Hann window", last * layout.lag_ps()),
    ];
    if report.errors.is_empty() {
        let samples = FEWEST_BLOCKS as u64 * shortest_block(layout);
        lines.push(format!("standard errors are not known (0) before {samples} samples or a few more: run longer"));
    }
    lines
}

fn summary(of: &Vibrations, report: &Report) -> Vec<String> {
    let (layout, evaluation) = (of.layout(), of.evaluation());
    let spacing = report.cosines.spacing();
    let highest = spacing * (layout.window - 1) as f64;
    let mut lines = sampling(of, report);
    lines.push(format!(
        "frequencies = {spacing:.6} THz apart, up to {highest:.4} THz; what is faster appears below that"
    ));
    lines.push(format!("T of the velocities = {:.4} K", report.total().temperature));
    lines.push(match evaluation.temperature {
        Some(kelvin) => format!("T of the entropies = {kelvin} K (setting)"),
        None => "T of the entropies = T of the velocities".into(),
    });
    lines.push(format!(
        "S_vib = {:.6} {} kB per atom ({})",
        report.total().entropy(evaluation.split),
        error_words(report, report.errors(report.species()).entropy),
        match evaluation.split {
            Split::None => "harmonic".into(),
            Split::Cut => format!("without frequencies below {} THz", evaluation.cut_thz),
            Split::TwoPhase => "two-phase".to_owned(),
        }
    ));
    for index in 0..report.estimates.len() {
        let name = layout.types.get(index).map_or("total", |species| &species.name);
        describe(&mut lines, report, index, name, of);
    }
    lines
}

/// `+- error`, or that it is not known.
fn error_words(report: &Report, error: f64) -> String {
    if report.errors.is_empty() { "(error not known)".into() } else { format!("+- {error:.2e}") }
}

/// Lines on one species, or on all.
fn describe(lines: &mut Vec<String>, report: &Report, index: usize, name: &str, of: &Vibrations) {
    let (one, errors) = (&report.estimates[index], report.errors(index));
    let two_phase = &one.two_phase;
    lines.push(format!("{name}: S_vib harmonic = {:.6} kB per atom", one.harmonic));
    if of.evaluation().cut_thz > 0.0 {
        lines.push(format!(
            "{name}: S_vib above {} THz = {:.6} kB per atom; below: {:.6} kB, {:.6} of 3 modes",
            of.evaluation().cut_thz,
            one.cut,
            one.harmonic - one.cut,
            one.modes_cut
        ));
    }
    lines.push(format!("{name}: S_vib two-phase = {:.6} kB per atom", two_phase.entropy));
    if index < report.species() {
        lines.push(format!(
            "{name}: fluidicity f = {:.6}, hard-sphere packing y = {:.4}",
            two_phase.fluidicity, two_phase.packing
        ));
        lines.push(format!("{name}: g(0) = {:.6e} {} 1/THz per atom", one.g[0], error_words(report, errors.g[0])));
        lines.push(format!(
            "{name}: D from g(0) = {:.6e} {} cm^2/s",
            one.diffusion,
            error_words(report, errors.diffusion)
        ));
        if report.diffusive(index) {
            lines.push(match of.evaluation().split {
                Split::None => format!(
                    "{name}: WARNING: diffusive: g(0) is no vibration, and the harmonic entropy counts it as one: use a cut or two-phase"
                ),
                Split::Cut | Split::TwoPhase => {
                    format!("{name}: diffusive: g(0) is no vibration, and only the harmonic entropy counts it as one")
                }
            });
            if two_phase.packing > FREEZING {
                let warning = if of.evaluation().split == Split::TwoPhase { "WARNING: " } else { "" };
                lines.push(format!(
                    "{name}: {warning}two-phase is outside its range: its hard spheres would be frozen (y > {FREEZING}); compare with a cut"
                ));
            }
        }
    }
    let mut found = peaks(&one.g, report.cosines.spacing(), LOWEST_PEAK);
    found.sort_by(|a, b| b.height.total_cmp(&a.height));
    found.truncate(MOST_PEAKS);
    found.sort_by(|a, b| a.thz.total_cmp(&b.thz));
    let words: Vec<_> =
        found.iter().map(|peak| format!("{:.3} THz ({:.1} 1/cm)", peak.thz, peak.thz * WAVENUMBERS)).collect();
    lines.push(format!("{name}: peaks = {}", if words.is_empty() { "none".into() } else { words.join(", ") }));
}
