// SPDX-License-Identifier: MIT
//! Results of [`Vibrations`]: entropies, diffusion, peaks, the density of states and the velocity autocorrelation.

use serde_json::json;

use super::correlation::Correlation;
use super::estimates::{Estimates, estimates};
use super::layout::{SpeciesLayout, Split, VibrationsLayout};
use super::measure::Vibrations;
use super::spectrum::{Cosines, Peak, peaks};
use super::two_phase::FREEZING;
use crate::Result;
use crate::constants::WAVENUMBERS;
use crate::jackknife::standard_errors;
use crate::measurement::{History, KeepsSums as _, Layout as _, Report, Save as _, Thermo};
use crate::results::{Column, Digits, Quantity, Results, Table};

const NO_ERROR: &str = "(error not known)";
/// Fewer blocks make no standard error.
const FEWEST_BLOCKS: usize = 4;
/// Peaks that rise less than this fraction of the highest value above their surroundings are not listed.
const LOWEST_PEAK: f64 = 0.05;
/// Peaks listed at most.
const MOST_PEAKS: usize = 8;
/// A species counts as diffusive where its g(0) is more than 3 standard errors above 0 and more than this part of its modes
/// is gas: in a solid, the finite window alone lifts g(0) a little.
const DIFFUSIVE_FLUIDICITY: f64 = 0.01;

/// Everything that is derived from the sums.
struct Evaluated {
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

impl Evaluated {
    fn new(of: &Vibrations) -> Result<Self> {
        let (layout, evaluation) = (of.layout(), of.evaluation());
        let cosines = Cosines::new(layout.window as usize, layout.lag_ps());
        let sums = of.sums().runs().total()?.unwrap_or_else(|| Correlation::empty(layout));
        let numbers = |sums: &Correlation| {
            let all = estimates(sums, layout, evaluation, &cosines);
            let numbers = |one: Estimates| [one.entropy(evaluation.split), one.diffusion].into_iter().chain(one.g);
            all.into_iter().flat_map(numbers).collect()
        };
        let errors = standard_errors(&of.sums().runs(), shortest_block(layout), FEWEST_BLOCKS, numbers)?;
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

    /// A standard error, where errors are known.
    fn known(&self, error: f64) -> Option<f64> {
        (!self.errors.is_empty()).then_some(error)
    }

    /// The highest peaks, by frequency.
    fn peaks(&self, index: usize) -> Vec<Peak> {
        let errors = self.errors.get(index).map_or(&[][..], |errors| &errors.g);
        let mut found = peaks(&self.estimates[index].g, self.cosines.spacing(), LOWEST_PEAK, errors);
        found.sort_by(|a, b| b.height.total_cmp(&a.height));
        found.truncate(MOST_PEAKS);
        found.sort_by(|a, b| a.thz.total_cmp(&b.thz));
        found
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

/// Name of a species, or of all measured atoms.
fn name(layout: &VibrationsLayout, index: usize) -> &str {
    layout.types.get(index).map_or("total", |species| &species.name)
}

impl Vibrations {
    /// Velocity autocorrelation over its value at lag 0: lag (ps), all atoms (weighted by mass), each species.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn vacf_table(&self) -> Result<Table> {
        let found = Evaluated::new(self)?;
        let mut columns = vec![
            Column::new("lag", "ps", "time lag"),
            Column::new(
                "vacf_total",
                "",
                "velocity autocorrelation of all measured atoms, weighted by mass, 1 at lag 0",
            ),
        ];
        for species in &self.layout().types {
            let name = &species.name;
            let meaning = format!("velocity autocorrelation of {name}, 1 at lag 0");
            columns.push(Column::new(&format!("vacf_{name}"), "", &meaning));
        }
        let lag = |k: usize| {
            let species = found.estimates[..found.species()].iter().map(|one| one.vacf[k]);
            [k as f64 * self.layout().lag_ps(), found.total().vacf[k]].into_iter().chain(species).collect()
        };
        let rows = (0..self.layout().window as usize).map(lag).collect();
        let mut results = Results::new(VibrationsLayout::STYLE, "vacf");
        sampling(&mut results, self, &found);
        results.warn_of_models(self.models());
        Ok(Table { results, columns, rows })
    }
}

impl Report for Vibrations {
    fn style(&self) -> &'static str {
        VibrationsLayout::STYLE
    }

    fn results(&self) -> Result<Results> {
        Ok(results(self, &Evaluated::new(self)?))
    }

    fn report(&self) -> Result<Table> {
        let found = Evaluated::new(self)?;
        let mut columns = vec![
            Column::new("nu", "THz", "frequency"),
            Column::new("wavenumber", "1/cm", "the same as a wavenumber"),
            Column::new("g_total", "1/THz", "density of states of all measured atoms, 3 per atom"),
            Column::error("g_total", "1/THz"),
        ];
        for species in &self.layout().types {
            let name = &species.name;
            let meaning = format!("density of states of {name}, 3 per atom");
            columns.push(Column::new(&format!("g_{name}"), "1/THz", &meaning));
        }
        let error = found.errors(found.species()).g;
        let rows = frequencies(self, &found).map(|(k, mut row)| {
            row.insert(3, error[k]);
            row
        });
        let rows = rows.collect();
        Ok(Table { results: results(self, &found), columns, rows })
    }

    /// Scalar: entropy over k per atom, all measured atoms, by the split of the settings. Vector: temperature of the
    /// velocities (K), origins with a complete window, then for each species: entropy by that split and its standard error,
    /// harmonic entropy, two-phase entropy, fluidicity, g(0) (1/THz per atom), D from g(0) (cm^2/s) and its standard error.
    /// Array: a row for each frequency: THz, 1/cm, g of all, g of each species (1/THz per atom).
    fn thermo(&self) -> Result<Thermo> {
        let found = Evaluated::new(self)?;
        let split = self.evaluation().split;
        let mut vector = vec![found.total().temperature, found.complete as f64];
        for (index, one) in found.estimates[..found.species()].iter().enumerate() {
            let errors = found.errors(index);
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
        let array = frequencies(self, &found).map(|(_, row)| row).collect();
        Ok(Thermo { scalar: found.total().entropy(split), vector, array })
    }

    /// Temperature, entropy of all, then entropy and diffusion coefficient of each species.
    fn history(&self) -> Result<History> {
        let (layout, evaluation) = (self.layout(), self.evaluation());
        let cosines = Cosines::new(layout.window as usize, layout.lag_ps());
        let sums = self.sums().runs().total()?.unwrap_or_else(|| Correlation::empty(layout));
        let all = estimates(&sums, layout, evaluation, &cosines);
        let (species, total) = all.split_at(layout.types.len());
        let mut quantities = Vec::new();
        for one in total {
            quantities.push(Quantity::new("T", "temperature of the velocities", one.temperature, "K"));
            let label = "vibrational entropy of all measured atoms, per atom";
            quantities.push(Quantity::new("S_vib", label, one.entropy(evaluation.split), "kB").of("total"));
        }
        for (one, SpeciesLayout { name, .. }) in species.iter().zip(&layout.types) {
            let label = format!("vibrational entropy of {name}, per atom");
            quantities.push(Quantity::new("S_vib", &label, one.entropy(evaluation.split), "kB").of(name));
            let label = format!("diffusion coefficient of {name} from g(0)");
            quantities.push(Quantity::new("D", &label, one.diffusion, "cm^2/s").of(name));
        }
        Ok(History::new(quantities.iter().map(|quantity| (quantity, false))))
    }
}

/// Index and row of each frequency: THz, 1/cm, g of all, g of each species.
fn frequencies(of: &Vibrations, found: &Evaluated) -> impl Iterator<Item = (usize, Vec<f64>)> {
    (0..of.layout().window as usize).map(|k| {
        let thz = k as f64 * found.cosines.spacing();
        let species = found.estimates[..found.species()].iter().map(|one| one.g[k]);
        (k, [thz, thz * WAVENUMBERS, found.total().g[k]].into_iter().chain(species).collect())
    })
}

/// How the data were taken.
fn sampling(results: &mut Results, of: &Vibrations, found: &Evaluated) {
    let layout = of.layout();
    let last = (layout.window - 1) as f64;
    results.setting("window", layout.window);
    results.setting("spacing", layout.spacing);
    results.setting("every", layout.every);
    results.setting("timestep_ps", layout.timestep_ps);
    results.setting("species", &layout.types);
    results.setting("box_atoms", layout.box_atoms);
    results.quantity(Quantity::new("samples", "samples", of.samples() as f64, ""));
    results.quantity(Quantity::new("runs", "independent runs", of.sums().totals().count() as f64, ""));
    results.quantity(Quantity::new("origins", "time origins with a complete window", found.complete as f64, ""));
    results.say(format!("samples = {}, {} time steps of {} ps apart", of.samples(), layout.every, layout.timestep_ps));
    results.say(format!("origins = {} with a complete window, {} samples apart", found.complete, layout.spacing));
    results.say(format!("window = {} ps, half a Hann window", last * layout.lag_ps()));
    if found.errors.is_empty() {
        let samples = FEWEST_BLOCKS as u64 * shortest_block(layout);
        results.say(format!("standard errors are not known (0) before {samples} samples or a few more: run longer"));
    }
}

fn results(of: &Vibrations, found: &Evaluated) -> Results {
    let (layout, evaluation) = (of.layout(), of.evaluation());
    let mut results = Results::new(VibrationsLayout::STYLE, "vdos");
    sampling(&mut results, of, found);
    results.setting("split", evaluation.split);
    results.setting("cut_THz", evaluation.cut_thz);
    results.setting("temperature_K", evaluation.temperature);
    let spacing = found.cosines.spacing();
    let highest = spacing * (layout.window - 1) as f64;
    results.say(format!(
        "frequencies = {spacing:.6} THz apart, up to {highest:.4} THz; what is faster appears below that"
    ));
    let complete = found.complete > 0;
    results.quantity(
        Quantity::new("T", "temperature of the velocities", found.total().temperature, "K").only_if(complete),
    );
    results.say(format!("T of the velocities = {:.4} K", found.total().temperature));
    results.say(match evaluation.temperature {
        Some(kelvin) => format!("T of the entropies = {kelvin} K (setting)"),
        None => "T of the entropies = T of the velocities".into(),
    });
    let how = match evaluation.split {
        Split::None => "harmonic".into(),
        Split::Cut => format!("without frequencies below {} THz", evaluation.cut_thz),
        Split::TwoPhase => "two-phase".to_owned(),
    };
    let error = found.known(found.errors(found.species()).entropy);
    let entropy = Quantity::new(
        "S_vib",
        "vibrational entropy of all measured atoms, per atom",
        found.total().entropy(evaluation.split),
        "kB",
    )
    .of("total")
    .with_error(error)
    .only_if(complete)
    .symbol(&format!("S_vib ({how})"))
    .digits(Digits::Fixed);
    results.say_quantity(entropy, NO_ERROR);
    for index in 0..found.estimates.len() {
        describe(&mut results, found, index, of);
    }
    let peaks: Vec<_> = (0..found.estimates.len())
        .flat_map(|index| found.peaks(index).into_iter().map(move |peak| (index, peak)))
        .map(|(index, peak)| json!({"of": name(layout, index), "nu_THz": peak.thz, "height_1/THz": peak.height}))
        .collect();
    results.list("peaks", peaks);
    results
}

/// Quantities and sentences of one species, or of all.
fn describe(results: &mut Results, found: &Evaluated, index: usize, of: &Vibrations) {
    let (one, errors, name) = (&found.estimates[index], found.errors(index), name(of.layout(), index));
    let (two_phase, evaluation, complete) = (&one.two_phase, of.evaluation(), found.complete > 0);
    let quantity = |name_of: &str, label: &str, value: f64, unit: &str, symbol: &str| {
        Quantity::new(name_of, &format!("{label} of {name}"), value, unit)
            .of(name)
            .only_if(complete)
            .symbol(&format!("{name}: {symbol}"))
    };
    let fixed = |quantity: Quantity| quantity.digits(Digits::Fixed);
    if index < found.species() {
        let entropy = quantity("S_vib", "vibrational entropy per atom", one.entropy(evaluation.split), "kB", "S_vib");
        results.quantity(entropy.with_error(found.known(errors.entropy).filter(|_| complete)));
    }
    let harmonic = quantity("S_harmonic", "harmonic entropy per atom", one.harmonic, "kB", "S_vib harmonic");
    results.say_quantity(fixed(harmonic), "");
    if evaluation.cut_thz > 0.0 {
        let symbol = format!("S_vib above {} THz", evaluation.cut_thz);
        results.say_quantity(fixed(quantity("S_cut", "entropy above the cut, per atom", one.cut, "kB", &symbol)), "");
        let symbol = format!("modes below {} THz, of 3", evaluation.cut_thz);
        results.say_quantity(fixed(quantity("modes_cut", "modes below the cut, of 3", one.modes_cut, "", &symbol)), "");
    }
    let entropy = quantity("S_two_phase", "two-phase entropy per atom", two_phase.entropy, "kB", "S_vib two-phase");
    results.say_quantity(fixed(entropy), "");
    if index < found.species() {
        results.say_quantity(fixed(quantity("fluidicity", "fluidicity", two_phase.fluidicity, "", "fluidicity f")), "");
        results.say_quantity(
            fixed(quantity("packing", "hard-sphere packing", two_phase.packing, "", "hard-sphere packing y")),
            "",
        );
        let zero = quantity("g_0", "g(0) per atom", one.g[0], "1/THz", "g(0)");
        results.say_quantity(zero.with_error(found.known(errors.g[0]).filter(|_| complete)), NO_ERROR);
        let diffusion = quantity("D", "diffusion coefficient from g(0)", one.diffusion, "cm^2/s", "D from g(0)");
        results.say_quantity(diffusion.with_error(found.known(errors.diffusion).filter(|_| complete)), NO_ERROR);
        if found.diffusive(index) {
            warn_of_diffusion(results, evaluation.split, name, two_phase.packing);
        }
    }
    let words: Vec<_> = found
        .peaks(index)
        .iter()
        .map(|peak| format!("{:.3} THz ({:.1} 1/cm)", peak.thz, peak.thz * WAVENUMBERS))
        .collect();
    results.say(format!("{name}: peaks = {}", if words.is_empty() { "none".into() } else { words.join(", ") }));
}

/// What diffuses has a part that is no vibration.
fn warn_of_diffusion(results: &mut Results, split: Split, name: &str, packing: f64) {
    match split {
        Split::None => results.warn(
            "diffusive",
            format!(
                "{name}: diffusive: g(0) is no vibration, and the harmonic entropy counts it as one: use a cut or two-phase"
            ),
        ),
        Split::Cut | Split::TwoPhase => results.say(format!(
            "{name}: diffusive: g(0) is no vibration, and only the harmonic entropy counts it as one"
        )),
    }
    if packing > FREEZING {
        let text = format!(
            "{name}: two-phase is outside its range: its hard spheres would be frozen (y > {FREEZING}); compare with a cut"
        );
        if split == Split::TwoPhase { results.warn("two_phase_frozen", text) } else { results.say(text) }
    }
}
