//! Results of [`Transport`] for thermo output and files.

use super::accumulator::Transport;
use super::curve::Curve;
use super::diffusion::{Diffusion, Fit, Value, diffusion, haven_ratio, lags_ps, nernst_einstein, standard_error};
use super::located::Reference;
use crate::files::{Column, Table};
use crate::{Exact, Result, Results, constants};

/// Stands for "not known yet" where a number must be given: larger than any threshold.
const UNKNOWN: f64 = 1e99;

/// Units of diffusion coefficients and conductivities in results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiffusionUnits {
    /// cm^2/s and S/cm.
    #[default]
    Cgs,
    /// m^2/s and S/m.
    Si,
}

impl DiffusionUnits {
    /// Factor from A^2/ps, and name.
    #[must_use]
    pub fn diffusion(self) -> (f64, &'static str) {
        match self {
            Self::Cgs => (constants::CM2_PER_S, "cm^2/s"),
            Self::Si => (constants::M2_PER_S, "m^2/s"),
        }
    }

    /// Factor from S/cm, and name.
    #[must_use]
    pub fn conductivity(self) -> (f64, &'static str) {
        match self {
            Self::Cgs => (1.0, "S/cm"),
            Self::Si => (100.0, "S/m"),
        }
    }
}

/// How sums become results; may change from run to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Lags of the straight line.
    pub fit: Fit,
    /// Units of results.
    pub units: DiffusionUnits,
}

/// Everything that comes out of one evaluation, in the units asked for.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The fit; `None` where there is no window yet, and then everything that follows from it is 0.
    pub found: Option<Diffusion>,
    /// Self-diffusion coefficient.
    pub own: Value,
    /// The same along x, y, z.
    pub axis: [Value; 3],
    /// The paper's eq. 2: MSD / (6 t) at the end of the window.
    pub ratio: f64,
    /// Collective (charge) diffusion coefficient.
    pub collective: Value,
    /// Nernst-Einstein conductivity; 0 without a temperature.
    pub sigma: Value,
    /// Conductivity from the collective displacement.
    pub sigma_collective: Value,
    /// Self over collective diffusion.
    pub haven: Value,
    /// Mean temperature, K; 0: not known.
    pub temperature: f64,
    /// Mean volume, A^3.
    pub volume: f64,
    /// Length of all runs together, ps.
    pub time: f64,
}

impl Findings {
    /// # Errors
    /// Where a sum leaves its range.
    pub fn of(transport: &Transport) -> Result<Self> {
        let (layout, evaluation) = (transport.layout(), transport.evaluation());
        let found = diffusion(transport, evaluation.fit)?;
        let (mut volume, mut temperature, mut thermal) = (0.0, 0.0, 0);
        for run in transport.totals() {
            volume += run.volume.value();
            temperature += run.temperature.value();
            thermal += run.thermal_samples;
        }
        let samples = transport.runs().samples();
        let mean = |sum: f64, count: u64| if count == 0 { 0.0 } else { sum / count as f64 };
        let (volume, temperature) = (mean(volume, samples), mean(temperature, thermal));
        let own = found.as_ref().map_or_else(Value::default, |found| found.own);
        let collective = found.as_ref().map_or_else(Value::default, |found| found.collective);
        let sigma = |diffusion: Value| {
            if temperature > 0.0 && volume > 0.0 {
                let density = layout.ions as f64 / volume;
                nernst_einstein(diffusion, density, layout.charge, temperature)
                    .scaled(evaluation.units.conductivity().0)
            } else {
                Value::default()
            }
        };
        let (factor, _) = evaluation.units.diffusion();
        Ok(Self {
            own: own.scaled(factor),
            axis: found.as_ref().map_or_else(Default::default, |found| found.axis.map(|value| value.scaled(factor))),
            ratio: found.as_ref().map_or(0.0, |found| found.ratio * factor),
            collective: collective.scaled(factor),
            sigma: sigma(own),
            sigma_collective: sigma(collective),
            haven: haven_ratio(own, collective),
            found,
            temperature,
            volume,
            time: measured_time(transport),
        })
    }

    fn window(&self) -> (f64, f64) {
        self.found.as_ref().map_or((0.0, 0.0), |found| found.window)
    }
}

/// Length of all runs together, ps.
fn measured_time(transport: &Transport) -> f64 {
    transport.totals().map(|run| run.samples.saturating_sub(1) as f64 * transport.layout().interval()).sum()
}

/// Scalar: D. Vector: see the names in [`vector`]. Array: a row per lag, all lags.
pub fn results(transport: &Transport) -> Result<Results> {
    let findings = Findings::of(transport)?;
    let layout = transport.layout();
    let mut array = vec![vec![0.0; lag_columns().len()]; layout.lags().count()];
    for (row, lag) in array.iter_mut().zip(lags_ps(layout)) {
        row[0] = lag;
    }
    for (index, row) in lag_rows(transport)? {
        array[index] = row;
    }
    Ok(Results { scalar: findings.own.value, vector: vector(transport, &findings), array })
}

/// 1 D, 2 its error, 3 relative error, 4-6 D along x, y, z, 7 the paper's ratio, 8-9 collective D, 10-11 sigma, 12-13
/// collective sigma, 14-15 Haven ratio, 16 beta, 17-18 window, 19 blocks, 20 samples, 21 temperature, 22 volume.
fn vector(transport: &Transport, findings: &Findings) -> Vec<f64> {
    let error = |value: Value| value.error.unwrap_or(0.0);
    let (from, to) = findings.window();
    vec![
        findings.own.value,
        error(findings.own),
        findings.own.relative().unwrap_or(UNKNOWN),
        findings.axis[0].value,
        findings.axis[1].value,
        findings.axis[2].value,
        findings.ratio,
        findings.collective.value,
        error(findings.collective),
        findings.sigma.value,
        error(findings.sigma),
        findings.sigma_collective.value,
        error(findings.sigma_collective),
        findings.haven.value,
        error(findings.haven),
        findings.found.as_ref().map_or(0.0, |found| found.beta),
        from,
        to,
        findings.found.as_ref().map_or(0.0, |found| found.blocks as f64),
        transport.runs().samples() as f64,
        findings.temperature,
        findings.volume,
    ]
}

fn lag_columns() -> Vec<Column> {
    [
        ("lag_ps", "time between origin and end of a displacement"),
        ("origins", "time origins averaged over"),
        ("msd_x_A^2", "mean-square displacement along x, averaged over ions and origins"),
        ("msd_y_A^2", "the same along y"),
        ("msd_z_A^2", "the same along z"),
        ("msd_A^2", "their sum"),
        ("msd_se_A^2", "standard error of msd_A^2 from independent blocks; 0: not known yet"),
        ("msd_collective_A^2", "square of the sum of all ions' displacements, divided by their number"),
        ("non_gaussian", "non-Gaussian parameter 3 <r^4> / (5 <r^2>^2) - 1"),
        ("beta", "slope of log MSD against log lag, over lags within a factor of 2"),
    ]
    .map(|(name, meaning)| Column::new(name, meaning))
    .into()
}

/// Index of the lag and its row, for lags that have data.
fn lag_rows(transport: &Transport) -> Result<Vec<(usize, Vec<f64>)>> {
    let layout = transport.layout();
    let lags = lags_ps(layout);
    let Some(sum) = transport.runs().total()? else { return Ok(Vec::new()) };
    let curve = Curve::new(&sum, &lags, layout.ions);
    let mut rows = Vec::new();
    for k in 0..curve.lag.len() {
        let [x, y, z] = curve.axis[k];
        let error = msd_error(transport, curve.index[k])?.unwrap_or(0.0);
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
fn msd_error(transport: &Transport, index: usize) -> Result<Option<f64>> {
    let layout = transport.layout();
    let blocks = transport.runs().coarse(2 * layout.lags().all()[index])?;
    let mean = |axes: [f64; 3], origins: u64| axes.iter().sum::<f64>() / (origins * layout.ions) as f64;
    let filled = blocks.iter().filter(|block| block.origins[index] > 0);
    let values: Vec<_> =
        filled.map(|block| mean(block.squares[index].map(Exact::value), block.origins[index])).collect();
    // neighbouring blocks of twice the lag share a fourteenth of their variance (`overlap_correlation`)
    Ok(standard_error(&values, 1.0 / 14.0))
}

/// The curve of lags with the results in words above it.
pub fn table(transport: &Transport) -> Result<Table> {
    let findings = Findings::of(transport)?;
    let rows = lag_rows(transport)?.into_iter().map(|(_, row)| row).collect();
    Ok(Table { summary: summary(transport, &findings), columns: lag_columns(), rows })
}

fn summary(transport: &Transport, findings: &Findings) -> Vec<String> {
    let (layout, evaluation) = (transport.layout(), transport.evaluation());
    let against = match layout.drift {
        Reference::Framework => format!("mean position of the {} atoms that are no ions", layout.reference_atoms),
        Reference::Com => format!("centre of mass of all {} atoms", layout.reference_atoms),
        Reference::None => "nothing".into(),
    };
    let mut lines = vec![
        format!("ions = {}, charge = {} e, displacements against {against}", layout.ions, layout.charge),
        format!(
            "samples = {}, every {} steps of {} ps: {} ps in all{}",
            transport.runs().samples(),
            layout.every,
            layout.timestep_ps,
            (findings.time * 1e6).round() / 1e6,
            match transport.totals().count() {
                1 => String::new(),
                runs => format!(", from {runs} independent runs"),
            }
        ),
        format!("mean volume = {:.6} A^3", findings.volume),
    ];
    if findings.temperature > 0.0 {
        lines.push(format!("mean temperature = {:.6} K", findings.temperature));
    }
    let Some(found) = &findings.found else {
        lines.push(match evaluation.fit {
            Fit::Automatic => "no diffusion coefficient yet: no stretch of lags up to a tenth of the run has |beta - 1| < 0.05 over a \
                               factor of 2: run longer, or give the window with fit"
                .into(),
            Fit::Window(from, to) => format!("no diffusion coefficient yet: no two lags with data in fit {from} {to} ps"),
        });
        return lines;
    };
    let (_, diffusion) = evaluation.units.diffusion();
    let (_, conductivity) = evaluation.units.conductivity();
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b;
    let how = match evaluation.fit {
        Fit::Automatic => "found where |beta - 1| < 0.05".into(),
        Fit::Window(from, to) if near(from, found.window.0) && near(to, found.window.1) => "as given".into(),
        Fit::Window(from, to) => format!("the lags within {from} to {to} ps, as given"),
    };
    lines.push(format!(
        "fit window = {} to {} ps ({how}), beta = {:.4}, errors from {} {}{}",
        found.window.0,
        found.window.1,
        found.beta,
        found.blocks,
        if found.ion_groups { "groups of ions" } else { "blocks of time" },
        // standard error of a standard deviation from n normal values
        if found.blocks > 1 {
            format!(", themselves known to {:.0} %", 100.0 / (2.0 * (found.blocks as f64 - 1.0)).sqrt())
        } else {
            String::new()
        }
    ));
    if found.ion_groups {
        lines.push(
            "WARNING: the run is too short for 4 blocks of twice the window's longest lag: the error of D takes ions for \
             independent, those of collective quantities are not known"
                .into(),
        );
    }
    if (found.beta - 1.0).abs() >= super::diffusion::DIFFUSIVE {
        lines.push(format!(
            "WARNING: beta = {:.3} is not 1: the ions do not diffuse freely in this window, D depends on it",
            found.beta
        ));
    }
    lines.push(format!("D_ratio = MSD / (6 t) at the end of the window = {:.6e} {diffusion}", findings.ratio));
    let mut push = |name: &str, value: Value, unit: &str| lines.push(format!("{name} = {}", words(value, unit)));
    push("D", findings.own, diffusion);
    for (axis, value) in ["D_x", "D_y", "D_z"].iter().zip(findings.axis) {
        push(axis, value, diffusion);
    }
    push("D_collective", findings.collective, diffusion);
    push("Haven ratio D / D_collective", findings.haven, "");
    if findings.temperature > 0.0 {
        push("sigma (Nernst-Einstein)", findings.sigma, conductivity);
        push("sigma_collective", findings.sigma_collective, conductivity);
        if evaluation.units == DiffusionUnits::Cgs {
            push("sigma (Nernst-Einstein)", findings.sigma.scaled(1000.0), "mS/cm");
            push("sigma_collective", findings.sigma_collective.scaled(1000.0), "mS/cm");
        }
    } else {
        lines.push("no conductivity: no temperature was given".into());
    }
    lines
}

/// D and conductivity with their window and all warnings, or why there are none.
///
/// # Errors
/// Where a sum leaves its range.
pub(super) fn headline(transport: &Transport) -> Result<Vec<String>> {
    const SAID: [&str; 5] = ["D = ", "sigma (Nernst-Einstein) = ", "fit window = ", "no diffusion", "WARNING"];
    let said = |line: &String| SAID.iter().any(|begin| line.starts_with(begin)) && !line.ends_with(" mS/cm");
    Ok(summary(transport, &Findings::of(transport)?).into_iter().filter(said).collect())
}

fn words(value: Value, unit: &str) -> String {
    let error =
        value.error.map_or("(error not known: too few independent blocks)".into(), |error| format!("+- {error:.3e}"));
    format!("{:.6e} {error} {unit}", value.value).trim_end().to_owned()
}

/// Names of [`summary_row`].
pub fn summary_columns(transport: &Transport) -> Vec<Column> {
    let (_, diffusion) = transport.evaluation().units.diffusion();
    let (_, conductivity) = transport.evaluation().units.conductivity();
    let mut columns = vec![Column::new("time_ps", "length of the measurement")];
    let mut with_error = |name: &str, unit: &str, meaning: &str| {
        columns.push(Column::new(&format!("{name}_{unit}"), meaning));
        columns.push(Column::new(&format!("{name}_se_{unit}"), "its standard error; 0: not known yet"));
    };
    with_error("D", diffusion, "self-diffusion coefficient; 0: no diffusive window yet");
    with_error("D_x", diffusion, "along x");
    with_error("D_y", diffusion, "along y");
    with_error("D_z", diffusion, "along z");
    with_error("D_collective", diffusion, "collective (charge) diffusion coefficient");
    with_error("sigma", conductivity, "Nernst-Einstein conductivity; 0: no temperature given");
    with_error("sigma_collective", conductivity, "conductivity from the collective displacement");
    columns.extend([
        Column::new("haven", "Haven ratio D / D_collective"),
        Column::new("haven_se", "its standard error; 0: not known yet"),
        Column::new(&format!("D_ratio_{diffusion}"), "MSD / (6 t) at the end of the window"),
        Column::new("beta", "slope of log MSD over the window"),
        Column::new("fit_from_ps", "first lag of the window"),
        Column::new("fit_to_ps", "last lag of the window"),
        Column::new("blocks", "independent parts behind the errors: blocks of time, or groups of ions in short runs"),
        Column::new("temperature_K", "mean temperature; 0: not given"),
        Column::new("volume_A^3", "mean volume"),
    ]);
    columns
}

/// The results in one row.
pub fn summary_row(transport: &Transport) -> Result<Vec<f64>> {
    let findings = Findings::of(transport)?;
    let (from, to) = findings.window();
    let mut row = vec![findings.time];
    let values = [
        findings.own,
        findings.axis[0],
        findings.axis[1],
        findings.axis[2],
        findings.collective,
        findings.sigma,
        findings.sigma_collective,
        findings.haven,
    ];
    for value in values {
        row.extend([value.value, value.error.unwrap_or(0.0)]);
    }
    row.extend([
        findings.ratio,
        findings.found.as_ref().map_or(0.0, |found| found.beta),
        from,
        to,
        findings.found.as_ref().map_or(0.0, |found| found.blocks as f64),
        findings.temperature,
        findings.volume,
    ]);
    Ok(row)
}
