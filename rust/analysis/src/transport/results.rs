// SPDX-License-Identifier: MIT
//! Results of [`Transport`]: quantities, sentences and warnings, the table of lags, numbers for thermo output.

use super::TransportLayout;
use super::beta_window::DIFFUSIVE;
use super::curve::Curve;
use super::diffusion::{Diffusion, NotYet, Value};
use super::errors::{Source, standard_error};
use super::findings::Findings;
use super::layout::{DiffusionUnits, Evaluation, Fit};
use super::measure::Transport;
use super::onsager;
use super::spectrum::{NoSpectrum, Spectrum};
use super::total::TransportTotal;
use crate::measurement::{History, KeepsSums as _, Layout as _, Report, Sums, Thermo};
use crate::motion::Reference;
use crate::results::{Column, Digits, Quantity, Results, Table};
use crate::{Exact, Result};

/// Stands for "not known yet" where a number must be given: larger than any threshold.
const UNKNOWN: f64 = 1e99;
/// Two values of one quantity differ where they do by more errors than this, added as if independent.
const DIFFER: f64 = 3.0;
const NO_ERROR: &str = "(error not known: too few independent blocks)";

/// Quantities of a row of the history, and whether an error stands beside each.
const HISTORY: [(&str, bool); 25] = [
    ("time", false),
    ("D", true),
    ("D_x", true),
    ("D_y", true),
    ("D_z", true),
    ("D_collective", true),
    ("sigma", true),
    ("sigma_collective", true),
    ("haven", true),
    ("D_ratio", false),
    ("beta", false),
    ("fit_from", false),
    ("fit_to", false),
    ("blocks", false),
    ("temperature", false),
    ("volume", false),
    ("temperature_kinetic", false),
    ("start_p", false),
    ("start_power", false),
    ("start_shift", false),
    ("hops", false),
    ("D_spectrum", true),
    ("sigma_spectrum", true),
    ("spectrum_band", false),
    ("spectrum_p", false),
];

impl Transport {
    /// All numbers.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn findings(&self) -> Result<Findings> {
        Findings::of(self.sums(), self.evaluation())
    }

    /// Correlations of the collective displacements of all pairs of species at each lag, with all results.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn onsager_table(&self) -> Result<Table> {
        onsager::table(self.results()?, self.sums())
    }
}

impl Report for Transport {
    fn style(&self) -> &'static str {
        TransportLayout::STYLE
    }

    fn results(&self) -> Result<Results> {
        Ok(results(self.sums(), self.evaluation(), &self.findings()?))
    }

    fn report(&self) -> Result<Table> {
        let rows = lag_rows(self.sums())?.into_iter().map(|(_, row)| row).collect();
        Ok(Table { results: self.results()?, columns: lag_columns(), rows })
    }

    /// Scalar: D. Vector: 1 D, 2 its error, 3 relative error, 4-6 D along x, y, z, 7 the paper's ratio, 8-9 collective D, 10-11
    /// sigma, 12-13 collective sigma, 14-15 Haven ratio, 16 beta, 17-18 window, 19 blocks, 20 samples, 21 temperature, 22 volume,
    /// 23 kinetic temperature, 24-25 p and power of the test of the start, 26 spread over starts, 27 hops, 28-29 conductivity from the
    /// spectrum, 30-31 its band and p, 32-33 conductivity of all charges, then the transport number of each species with its error. Array: a row per lag, all lags.
    fn thermo(&self) -> Result<Thermo> {
        let results = self.results()?;
        let (value, error) = (|name: &str| results.value(name), |name: &str| results.error(name));
        let own = Value { value: value("D"), error: results.find("D").and_then(|own| own.error) };
        let mut vector = vec![
            value("D"),
            error("D"),
            own.relative().unwrap_or(UNKNOWN),
            value("D_x"),
            value("D_y"),
            value("D_z"),
            value("D_ratio"),
            value("D_collective"),
            error("D_collective"),
            value("sigma"),
            error("sigma"),
            value("sigma_collective"),
            error("sigma_collective"),
            value("haven"),
            error("haven"),
            value("beta"),
            value("fit_from"),
            value("fit_to"),
            value("blocks"),
            value("samples"),
            value("temperature"),
            value("volume"),
            value("temperature_kinetic"),
            value("start_p"),
            value("start_power"),
            value("start_shift"),
            value("hops"),
            value("sigma_spectrum"),
            error("sigma_spectrum"),
            value("spectrum_band"),
            value("spectrum_p"),
            value("sigma_total"),
            error("sigma_total"),
        ];
        for species in &self.layout().species {
            let name = format!("t_{}", species.name);
            vector.extend([value(&name), error(&name)]);
        }
        let lags = self.layout().lags_ps();
        let mut array = vec![vec![0.0; lag_columns().len()]; lags.len()];
        for (row, lag) in array.iter_mut().zip(lags) {
            row[0] = lag;
        }
        for (index, row) in lag_rows(self.sums())? {
            array[index] = row;
        }
        Ok(Thermo { scalar: own.value, vector, array })
    }

    fn history(&self) -> Result<History> {
        let results = self.results()?;
        let always = HISTORY.iter().filter_map(|&(name, with_error)| Some((results.find(name)?, with_error)));
        let of_species: Vec<String> = onsager::history(&self.layout().species).collect();
        let of_species = of_species.iter().filter_map(|name| Some((results.find(name)?, true)));
        Ok(History::new(always.chain(of_species)))
    }
}

fn lag_columns() -> Vec<Column> {
    vec![
        Column::new("lag", "ps", "time between origin and end of a displacement"),
        Column::new("origins", "", "time origins averaged over"),
        Column::new("msd_x", "A^2", "mean-square displacement along x, averaged over ions and origins"),
        Column::new("msd_y", "A^2", "the same along y"),
        Column::new("msd_z", "A^2", "the same along z"),
        Column::new("msd", "A^2", "their sum"),
        Column::error("msd", "A^2"),
        Column::new("msd_collective", "A^2", "square of the sum of all ions' displacements, divided by their number"),
        Column::new("non_gaussian", "", "non-Gaussian parameter 3 <r^4> / (5 <r^2>^2) - 1"),
        Column::new("beta", "", "slope of log MSD against log lag, over lags within a factor of 2"),
    ]
}

/// Index of the lag and its row, for lags that have data.
fn lag_rows(sums: &Sums<TransportTotal>) -> Result<Vec<(usize, Vec<f64>)>> {
    let layout = &sums.layout;
    let Some(sum) = sums.runs().total()? else { return Ok(Vec::new()) };
    let curve = Curve::new(&sum, &layout.lags_ps(), layout.ions);
    let mut rows = Vec::new();
    for k in 0..curve.lag.len() {
        let [x, y, z] = curve.axis[k];
        let error = msd_error(sums, curve.index[k])?.unwrap_or(0.0);
        let beta = curve.beta(k).unwrap_or(0.0);
        let row = vec![
            curve.lag[k],
            curve.origins[k] as f64,
            x,
            y,
            z,
            curve.msd[k],
            error,
            curve.collective[k],
            curve.non_gaussian[k],
            beta,
        ];
        rows.push((curve.index[k], row));
    }
    Ok(rows)
}

/// Standard error of the MSD at one lag, from blocks of at least twice that lag.
fn msd_error(sums: &Sums<TransportTotal>, index: usize) -> Result<Option<f64>> {
    let layout = &sums.layout;
    let blocks = sums.runs().coarse(2 * layout.lags().all()[index])?;
    let mean = |axes: [f64; 3], origins: u64| axes.iter().sum::<f64>() / (origins as f64 * layout.ions as f64);
    let filled = blocks.iter().filter(|block| block.origins[index] > 0);
    let values: Vec<_> =
        filled.map(|block| mean(block.squares[index].map(Exact::value), block.origins[index])).collect();
    // neighboring blocks of twice the lag share a fourteenth of their variance (`overlap_correlation`)
    Ok(standard_error(&values, 1.0 / 14.0))
}

fn results(sums: &Sums<TransportTotal>, evaluation: &Evaluation, findings: &Findings) -> Results {
    let mut results = Results::new(TransportLayout::STYLE, "lags");
    settings(&mut results, sums, evaluation);
    sampling(&mut results, sums, findings);
    temperatures(&mut results, findings);
    window(&mut results, evaluation, findings);
    coefficients(&mut results, evaluation, findings);
    second_opinion(&mut results, &sums.layout, evaluation, findings);
    onsager::add_quantities(&mut results, &sums.layout, evaluation, findings);
    results
}

fn settings(results: &mut Results, sums: &Sums<TransportTotal>, evaluation: &Evaluation) {
    let layout = &sums.layout;
    results.setting("ions", layout.ions);
    results.setting("charge", layout.charge);
    results.setting("drift", layout.drift);
    results.setting("reference_atoms", layout.reference_atoms);
    results.setting("lags_per_level", layout.lags_per_level);
    results.setting("levels", layout.levels);
    results.setting("origins", layout.origins);
    results.setting("every", layout.every);
    results.setting("timestep_ps", layout.timestep_ps);
    results.setting(
        "fit_ps",
        match evaluation.fit {
            Fit::Stationary | Fit::Beta => None,
            Fit::Window(from, to) => Some([from, to]),
        },
    );
    results.setting(
        "window",
        match evaluation.fit {
            Fit::Stationary => "stationary",
            Fit::Beta => "beta",
            Fit::Window(..) => "given",
        },
    );
    let against = match layout.drift {
        Reference::Framework => {
            format!("mean position of the {} atoms outside the group of ions", layout.reference_atoms)
        }
        Reference::Com => format!("center of mass of all {} atoms", layout.reference_atoms),
        Reference::None => "nothing".into(),
    };
    results.say(format!("ions = {}, charge = {} e, displacements against {against}", layout.ions, layout.charge));
}

fn sampling(results: &mut Results, sums: &Sums<TransportTotal>, findings: &Findings) {
    let (layout, samples, runs) = (&sums.layout, sums.samples(), sums.totals().count());
    results.quantity(Quantity::new("samples", "samples", samples as f64, ""));
    results.quantity(Quantity::new("runs", "independent runs", runs as f64, ""));
    results.quantity(Quantity::new("time", "length of the measurement", findings.time, "ps"));
    results.say(format!(
        "samples = {samples}, every {} steps of {} ps: {} ps in all{}",
        layout.every,
        layout.timestep_ps,
        (findings.time * 1e6).round() / 1e6,
        if runs == 1 { String::new() } else { format!(", from {runs} independent runs") }
    ));
    let volume =
        Quantity::new("volume", "mean volume", findings.volume, "A^3").symbol("mean volume").digits(Digits::Fixed);
    results.say_quantity(volume, "");
}

/// Conductivities are those of the temperature that was given.
fn temperatures(results: &mut Results, findings: &Findings) {
    let (given, kinetic) = (findings.temperature, findings.kinetic);
    let of = |name: &str, label: &str, value: f64| {
        Quantity::new(name, label, value, "K").symbol(label).only_if(value > 0.0).digits(Digits::Fixed)
    };
    let known = |quantity: Quantity, results: &mut Results| {
        if quantity.value.is_some() { results.say_quantity(quantity, "") } else { results.quantity(quantity) }
    };
    known(of("temperature", "mean temperature, as given", given), results);
    known(of("temperature_kinetic", "mean kinetic temperature", kinetic), results);
    if findings.temperature_differs() {
        results.warn(
            "temperature_differs",
            format!(
                "the temperature given is {given:.6} K, the atoms have {kinetic:.6} K: conductivities are those of {given:.6} K"
            ),
        );
    }
    if let Some((first, last)) = findings.ramp {
        results.warn(
            "temperature_ramp",
            format!(
                "the kinetic temperature went from {first:.1} K in the first third of the run to {last:.1} K in the last: D is no \
                 coefficient of one temperature"
            ),
        );
    }
}

fn window(results: &mut Results, evaluation: &Evaluation, findings: &Findings) {
    let found = findings.found.as_ref();
    let number = |name: &str, label: &str, value: f64, unit: &str| {
        Quantity::new(name, label, value, unit).only_if(found.is_some())
    };
    let (from, to) = findings.window();
    results.quantity(number("fit_from", "first lag of the window, or mean start of the lines", from, "ps"));
    results.quantity(number("fit_to", "last lag of the window", to, "ps"));
    results.quantity(number("beta", "slope of log MSD over the window", found.map_or(0.0, |found| found.beta), ""));
    let blocks = found.map_or(0.0, |found| found.blocks as f64);
    results.quantity(number(
        "blocks",
        "independent parts behind the errors: blocks of time, or groups of ions in short runs",
        blocks,
        "",
    ));
    stationarity(results, found);
    results.setting("errors_from", found.map(|found| found.errors.name()));
    results.list("fit_weights", found.map_or_else(Vec::new, |found| found.weights.clone()));
    let Some(found) = found else {
        results.say(no_diffusion(evaluation.fit, findings.not_yet, evaluation.units));
        results.for_the_log();
        return;
    };
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b;
    let how = match evaluation.fit {
        Fit::Stationary => "lines from all starts, averaged".into(),
        Fit::Beta => "found where |beta - 1| < 0.05".into(),
        Fit::Window(from, to) if near(from, found.window.0) && near(to, found.window.1) => "as given".into(),
        Fit::Window(from, to) => format!("the lags within {from} to {to} ps, as given"),
    };
    // standard error of a standard deviation from n normal values
    let known = |parts: usize| format!("themselves known to {:.0} %", 100.0 / (2.0 * (parts as f64 - 1.0)).sqrt());
    let errors = match found.errors {
        Source::Blocks => format!("{} blocks of time, {}", found.blocks, known(found.blocks)),
        Source::IonGroups => format!("{} groups of ions, {}", found.blocks, known(found.blocks)),
        Source::Motion => "the covariance of a random walk with rattling and hops".into(),
    };
    let short = |lag: f64| (lag * 1e6).round() / 1e6;
    let (from, to) = (short(found.window.0), short(found.window.1));
    results.say(format!("fit window = {from} to {to} ps ({how}), beta = {:.4}, errors from {errors}", found.beta));
    results.for_the_log();
    if let Some(start) = &found.stationary {
        results.say(format!(
            "slope from {from} ps on against that from twice as late: p = {:.3}; a change by {:.1} % would have been seen; not knowing the \
             start better makes an error of {:.1} %",
            start.p,
            100.0 * start.power,
            100.0 * start.shift / found.own.value.abs()
        ));
    }
    if found.errors != Source::Blocks {
        results.warn(
            "short_run",
            "the run is too short for 4 blocks of twice the window's longest lag: errors take ions for independent, those of \
             collective quantities come from the covariance of one random walk"
                .into(),
        );
    }
    if found.stationary.is_none() && (found.beta - 1.0).abs() >= DIFFUSIVE {
        results.warn(
            "not_diffusive",
            format!(
                "beta = {:.3} is not 1: the ions do not diffuse freely in this window, D depends on it",
                found.beta
            ),
        );
    }
}

/// What is known of the start, and how many hops there were.
fn stationarity(results: &mut Results, found: Option<&Diffusion>) {
    let start = found.and_then(|found| Some((found.stationary?, found.own.value.abs())));
    let mut number = |name: &str, label: &str, value: Option<f64>| {
        let quantity = Quantity::new(name, label, value.unwrap_or(0.0), "");
        results.quantity(quantity.only_if(value.is_some_and(f64::is_finite)));
    };
    number("start_p", "probability of as large a difference between slopes by chance", start.map(|(start, _)| start.p));
    number(
        "start_power",
        "relative change of the slope that would have been seen",
        start.map(|(start, _)| start.power),
    );
    let shift = start.map(|(start, own)| start.shift / own);
    number("start_shift", "relative error of D that comes from not knowing the start", shift);
    number(
        "hops",
        "hops that last, of all ions; not available: as many as those of a random walk",
        found.map(|found| 1.0 / found.hops),
    );
}

fn no_diffusion(fit: Fit, why: Option<NotYet>, units: DiffusionUnits) -> String {
    let (factor, unit) = units.diffusion();
    let in_units = |slope: f64| format!("{:.2e} {unit}", slope * factor);
    let reason = match (why, fit) {
        (Some(NotYet::Changing([first, second])), _) => format!(
            "not yet diffusive: the slope still changes, D is {} from {} ps on and {} from {} ps on: run longer, or give the window with \
             fit",
            in_units(first.1),
            first.0,
            in_units(second.1),
            second.0
        ),
        (Some(NotYet::Caged(own)), _) => format!(
            "not yet diffusive: the slope at long lags, D = {} +- {}, is not larger than twice its error: run longer",
            in_units(own.value),
            in_units(own.error.unwrap_or(0.0))
        ),
        (_, Fit::Beta) => "no stretch of lags up to a tenth of the run has |beta - 1| < 0.05 over a factor of 2: run longer, or give the \
                           window with fit"
            .into(),
        (_, Fit::Window(from, to)) => format!("fit {from} {to} ps needs two lags or more, and data at the longest of them"),
        (_, Fit::Stationary) => "fewer than three lags up to a fifth of the run: run longer".into(),
    };
    format!("no diffusion coefficient yet: {reason}")
}

fn coefficients(results: &mut Results, evaluation: &Evaluation, findings: &Findings) {
    let ((_, diffusion), (_, conductivity)) = (evaluation.units.diffusion(), evaluation.units.conductivity());
    let (found, warm) = (findings.found.is_some(), findings.temperature > 0.0);
    let quantity = |name: &str, label: &str, value: Value, unit: &str, available: bool| {
        Quantity::new(name, label, value.value, unit).with_error(value.error).only_if(available)
    };
    let ratio = Quantity::new("D_ratio", "MSD / (6 t) at the end of the window", findings.ratio, diffusion)
        .symbol("D_ratio = MSD / (6 t) at the end of the window");
    if found {
        results.say_quantity(ratio, "");
    } else {
        results.quantity(ratio.only_if(false));
    }
    let mut add = |quantity: Quantity, in_log: bool| match (quantity.value.is_some(), in_log) {
        (false, _) => results.quantity(quantity),
        (true, false) => results.say_quantity(quantity, NO_ERROR),
        (true, true) => results.headline(quantity, NO_ERROR),
    };
    add(quantity("D", "self-diffusion coefficient", findings.own, diffusion, found), true);
    for (name, axis, value) in
        [("D_x", "x", findings.axis[0]), ("D_y", "y", findings.axis[1]), ("D_z", "z", findings.axis[2])]
    {
        add(quantity(name, &format!("self-diffusion coefficient along {axis}"), value, diffusion, found), false);
    }
    let label = "collective (charge) diffusion coefficient";
    add(quantity("D_collective", label, findings.collective, diffusion, found), false);
    let haven = quantity("haven", "Haven ratio D / D_collective", findings.haven, "", found);
    add(haven.symbol("Haven ratio D / D_collective"), false);
    let sigma = quantity("sigma", "Nernst-Einstein conductivity", findings.sigma, conductivity, found && warm)
        .symbol("sigma (Nernst-Einstein)");
    let label = "conductivity from the collective displacement";
    let collective = quantity("sigma_collective", label, findings.sigma_collective, conductivity, found && warm);
    let milli = |of: &Quantity| {
        let value = Value { value: of.value?, error: of.error }.scaled(1000.0);
        Some(quantity(&of.symbol, "", value, "mS/cm", true))
    };
    let again =
        if evaluation.units == DiffusionUnits::Cgs { [milli(&sigma), milli(&collective)] } else { [None, None] };
    add(sigma, true);
    add(collective, false);
    for quantity in again.into_iter().flatten() {
        results.say(format!("{} = {}", quantity.symbol, quantity.words(NO_ERROR)));
    }
    if found && !warm {
        results.say("no conductivity: no temperature was given".into());
    }
}

/// The conductivity from the spectrum of the flux, with its band and test, beside that from displacements.
fn second_opinion(results: &mut Results, layout: &TransportLayout, evaluation: &Evaluation, findings: &Findings) {
    let ((_, diffusion), (_, conductivity)) = (evaluation.units.diffusion(), evaluation.units.conductivity());
    let answer = findings.found.as_ref().map(|found| found.spectrum);
    let found = answer.and_then(std::result::Result::ok);
    let of_all = if layout.species.is_empty() { "the ions" } else { "all charges" };
    let number = |name: &str, label: &str, value: f64, unit: &str| {
        Quantity::new(name, label, value, unit).only_if(found.is_some())
    };
    let label = format!("collective diffusion coefficient of {of_all}, from the spectrum of their flux");
    let own = number("D_spectrum", &label, findings.spectrum.value, diffusion).with_error(findings.spectrum.error);
    let label = format!("conductivity of {of_all}, from the spectrum of their flux");
    let sigma = number("sigma_spectrum", &label, findings.sigma_spectrum.value, conductivity)
        .with_error(findings.sigma_spectrum.error)
        .only_if(found.is_some() && findings.temperature > 0.0);
    for quantity in [own.only_if(findings.spectrum.value > 0.0), sigma] {
        if quantity.value.is_some() { results.say_quantity(quantity, NO_ERROR) } else { results.quantity(quantity) }
    }
    let spectrum = found.unwrap_or(Spectrum { diffusion: Value::default(), band: 0.0, frequencies: 0, p: 0.0 });
    results.quantity(number("spectrum_band", "end of the band of frequencies", spectrum.band, "THz"));
    results.quantity(number("spectrum_frequencies", "frequencies in it", spectrum.frequencies as f64, ""));
    let label = "probability of as large a deviation from a + b f^2 in the band by chance";
    results.quantity(number("spectrum_p", label, spectrum.p, ""));
    match answer {
        None => {}
        Some(Ok(_)) => results.say(format!(
            "spectrum of the flux: a + b f^2 at {} frequencies up to {:.4} THz, p = {:.3}",
            spectrum.frequencies, spectrum.band, spectrum.p
        )),
        Some(Err(NoSpectrum::TooShort(frequencies))) => results.say(format!(
            "no answer from the spectrum of the flux: {frequencies} frequencies below half of one over the start of the window, 8 are needed: \
             run longer"
        )),
        Some(Err(NoSpectrum::Curved(p))) => results.say(format!(
            "no answer from the spectrum of the flux: it is no a + b f^2 in any band with 8 frequencies (p = {p:.3} in the narrowest)"
        )),
    }
    let other = if layout.species.is_empty() { findings.collective } else { findings.sigma_total };
    let own = if layout.species.is_empty() { findings.spectrum } else { findings.sigma_spectrum };
    let apart = own.error.zip(other.error).is_some_and(|(a, b)| (own.value - other.value).abs() > DIFFER * a.hypot(b));
    if found.is_some() && apart {
        results.warn(
            "spectrum_differs",
            format!(
                "the spectrum of the flux and the slope of the collective displacement differ: {:.3e} +- {:.1e} and {:.3e} +- {:.1e} {}: the \
                 window may begin too early for collective motion",
                own.value,
                own.error.unwrap_or(0.0),
                other.value,
                other.error.unwrap_or(0.0),
                if layout.species.is_empty() { diffusion } else { conductivity }
            ),
        );
    }
}
