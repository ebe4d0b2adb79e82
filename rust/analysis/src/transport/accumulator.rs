//! Samples in, sums of displacements out.

use serde::{Deserialize, Serialize};

use super::lags::Lags;
use super::located::{Frame, Group, ION_GROUPS, Located, Reference, group_of};
use super::moments::{Moments, Powers, Squares};
use super::report::{self, Evaluation};
use crate::exact::LIMBS;
use crate::files::{Column, Table};
use crate::{Accumulator, Blocks, Error, Exact, Result, Results, Runs, state};

const ANALYSIS: &str = "ion/transport";

/// Positions kept for an ion at most: 240 kB.
const MOST_PLACES: u64 = 10_000;
/// Averages of volume (`A^3`) and temperature (K).
type Average = Exact<40>;

/// Settings that decide what the sums mean; a saved state fits only the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransportLayout {
    /// Lags on each level, >= 2.
    pub lags_per_level: u64,
    /// Levels, >= 1: the longest lag is `lags_per_level`^`levels` samples.
    pub levels: u64,
    /// Time steps between samples.
    pub every: u64,
    /// Time step, ps.
    pub timestep_ps: f64,
    /// Number of ions.
    pub ions: u64,
    /// What displacements are measured against.
    pub drift: Reference,
    /// Number of atoms that make the reference; 0: none.
    pub reference_atoms: u64,
    /// Charge of an ion, elementary charges.
    pub charge: f64,
}

impl TransportLayout {
    /// Time between samples, ps.
    #[must_use]
    pub fn interval(&self) -> f64 {
        self.every as f64 * self.timestep_ps
    }

    /// Geometry of the lags.
    #[must_use]
    pub fn lags(&self) -> Lags {
        Lags::new(self.lags_per_level, self.levels)
    }

    /// The atoms of the measurement.
    #[must_use]
    pub fn group(&self) -> Group {
        Group { ions: self.ions, drift: self.drift, reference_atoms: self.reference_atoms }
    }

    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        if self.lags_per_level < 2 || self.levels < 1 {
            return wrong("lags needs at least 2 lags per level and 1 level".into());
        }
        if self.lags_per_level.saturating_mul(self.levels) > MOST_PLACES {
            return wrong(format!(
                "lags {} {} means {} positions kept for every ion: use {MOST_PLACES} or fewer",
                self.lags_per_level,
                self.levels,
                self.lags_per_level.saturating_mul(self.levels)
            ));
        }
        // beyond this a lag in steps is no 64-bit number, and no run is that long
        if (self.lags_per_level as f64).powi(self.levels as i32) * self.every as f64 > 1e18 {
            return wrong(format!(
                "lags {} {} means a longest lag of {}^{} samples: use fewer levels",
                self.lags_per_level, self.levels, self.lags_per_level, self.levels
            ));
        }
        self.group().check()
    }
}

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// Samples taken.
    pub samples: u64,
    /// Sums of displacements.
    pub blocks: Blocks<Moments>,
    /// Sum of all ions' positions at the places of [`Lags`], places x 3.
    pub collective: Vec<f64>,
    /// Ions in each group.
    pub group_ions: [u64; ION_GROUPS],
    /// Sum over samples of the volume.
    pub volume: Average,
    /// Sum over samples of the temperature.
    pub temperature: Average,
    /// Samples that came with a temperature.
    pub thermal_samples: u64,
}

/// Displacements of ions at log-spaced lags from many origins. Every rank holds its own ions' positions at past origins in
/// rows that the caller keeps with the ions; only sums leave a rank.
#[derive(Clone, Debug)]
pub struct Transport {
    layout: TransportLayout,
    evaluation: Evaluation,
    lags: Lags,
    total: Total,
    replicas: Vec<Total>,
    local: Vec<LagSums>,
}

/// This rank's sums at one lag since increments were last taken.
#[derive(Clone, Copy, Debug, Default)]
struct LagSums {
    squares: [Squares; 3],
    groups: [Squares; ION_GROUPS],
    fourth: Powers,
}

impl Transport {
    /// # Errors
    /// Settings that cannot be right.
    pub fn new(layout: TransportLayout, evaluation: Evaluation) -> Result<Self> {
        layout.check()?;
        let lags = layout.lags();
        let total = Total {
            samples: 0,
            blocks: Blocks::default(),
            collective: vec![0.0; 3 * lags.places()],
            group_ions: [0; ION_GROUPS],
            volume: Average::default(),
            temperature: Average::default(),
            thermal_samples: 0,
        };
        let local = vec![LagSums::default(); lags.count()];
        Ok(Self { layout, evaluation, lags, total, replicas: Vec::new(), local })
    }

    /// A state saved by [`Accumulator::state`], with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this analysis or of another version.
    pub fn open(text: &str, evaluation: Evaluation) -> Result<Self> {
        let (layout, _): (TransportLayout, Total) = state::load(ANALYSIS, text)?;
        let mut transport = Self::new(layout, evaluation)?;
        transport.restore(text)?;
        Ok(transport)
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &TransportLayout {
        &self.layout
    }

    /// How results are evaluated.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// Sums of displacements of all runs.
    #[must_use]
    pub fn runs(&self) -> Runs<'_, Moments> {
        self.totals().map(|run| (&run.blocks, run.samples)).collect()
    }

    /// Sums of this run and of all that were joined to it.
    pub fn totals(&self) -> impl Iterator<Item = &Total> {
        std::iter::once(&self.total).chain(&self.replicas)
    }

    /// Length of an ion's row.
    #[must_use]
    pub fn row_width(layout: &TransportLayout) -> usize {
        3 * layout.lags().places()
    }

    /// Takes one frame; `rows`: all rows of [`Transport::row_width`].
    ///
    /// # Errors
    /// Where ions or reference atoms were lost or added since the first frame, or a position is not finite.
    pub fn sample(&mut self, frame: &Frame<'_>, rows: &mut [f64]) -> Result<()> {
        let Located { centre, collective, groups } = Located::new(frame.located, self.layout.group())?;
        let total = &mut self.total;
        let width = 3 * self.lags.places();
        let sample = total.samples;

        let moments = total.blocks.at(sample, || Moments::empty(self.lags.count()))?;
        let mut outcome = Ok(());
        self.lags.pairs(sample, |pair| {
            if outcome.is_ok() {
                moments.origins[pair.lag] += 1;
                let past = &total.collective[3 * pair.place..][..3];
                let local = &mut self.local[pair.lag];
                // a rank without ions has no rows: only an ion's own row is looked at
                let row = |ion: usize| &rows[frame.slots[ion] as usize * width + 3 * pair.place..][..3];
                outcome = add_collective(&mut moments.collective[pair.lag], &collective, past)
                    .and_then(|()| local.add(frame, &centre, row));
            }
        });
        outcome?;

        self.lags.keeps(sample, |place| {
            total.collective[3 * place..][..3].copy_from_slice(&collective);
            for (r, &slot) in frame.positions.chunks_exact(3).zip(frame.slots) {
                let kept = &mut rows[slot as usize * width + 3 * place..][..3];
                for axis in 0..3 {
                    kept[axis] = r[axis] - centre[axis];
                }
            }
        });
        total.group_ions = groups;
        total.volume.add(frame.volume)?;
        if let Some(temperature) = frame.temperature {
            total.temperature.add(temperature)?;
            total.thermal_samples += 1;
        }
        total.samples += 1;
        Ok(())
    }
}

fn add_collective(sums: &mut [Powers; 3], now: &[f64; 3], past: &[f64]) -> Result<()> {
    for axis in 0..3 {
        let d = now[axis] - past[axis];
        sums[axis].add(d * d)?;
    }
    Ok(())
}

impl LagSums {
    /// Adds the displacements of all ions of this rank; `past`: where an ion was.
    fn add<'a>(&mut self, frame: &Frame<'_>, centre: &[f64; 3], past: impl Fn(usize) -> &'a [f64]) -> Result<()> {
        for (ion, (r, &id)) in frame.positions.chunks_exact(3).zip(frame.ids).enumerate() {
            let past = past(ion);
            let mut d2 = [0.0; 3];
            for axis in 0..3 {
                let d = (r[axis] - centre[axis]) - past[axis];
                d2[axis] = d * d;
                self.squares[axis].add(d2[axis])?;
            }
            let r2 = d2[0] + d2[1] + d2[2];
            self.groups[group_of(id)].add(r2)?;
            self.fourth.add(r2 * r2)?;
        }
        Ok(())
    }
}

impl Accumulator for Transport {
    fn row_width(&self) -> usize {
        3 * self.lags.places()
    }

    fn set_timestep(&mut self, timestep_ps: f64) -> Result<()> {
        if self.total.samples > 0 {
            return Err(Error::Settings("the time step cannot change: lags would mean other times".into()));
        }
        self.layout.timestep_ps = timestep_ps;
        Ok(())
    }

    fn take_increments(&mut self) -> Vec<i64> {
        let mut increments = Vec::with_capacity(self.local.len() * (4 + ION_GROUPS) * LIMBS);
        for lag in &mut self.local {
            for sum in lag.squares.iter().chain(&lag.groups) {
                increments.extend(sum.limbs());
            }
            increments.extend(lag.fourth.limbs());
            *lag = LagSums::default();
        }
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        let lags = self.lags.count();
        let Some(last) = self.total.samples.checked_sub(1) else { return Ok(()) };
        let moments = self.total.blocks.at(last, || Moments::empty(lags))?;
        let mut limbs = sum.chunks_exact(LIMBS);
        let mut next = || limbs.next().unwrap_or_default();
        for lag in 0..lags {
            for total in moments.squares[lag].iter_mut().chain(&mut moments.groups[lag]) {
                total.merge(Squares::from_limbs(next()))?;
            }
            moments.fourth[lag].merge(Powers::from_limbs(next()))?;
        }
        Ok(())
    }

    fn full(&self) -> bool {
        self.total.blocks.opens(self.total.samples)
    }

    fn state(&self) -> Result<String> {
        state::save(ANALYSIS, &self.layout, &self.total)
    }

    fn restore(&mut self, text: &str) -> Result<()> {
        self.total = state::resume(ANALYSIS, text, &self.layout)?;
        self.take_increments();
        Ok(())
    }

    fn join(&mut self, text: &str) -> Result<()> {
        let run: Total = state::resume(ANALYSIS, text, &self.layout)?;
        self.runs().check_other(&run.blocks, run.samples)?;
        self.replicas.push(run);
        Ok(())
    }

    fn results(&self) -> Result<Results> {
        report::results(self)
    }

    fn table(&self) -> Result<Table> {
        report::table(self)
    }

    fn headline(&self) -> Result<Vec<String>> {
        report::headline(self)
    }

    fn summary_columns(&self) -> Vec<Column> {
        report::summary_columns(self)
    }

    fn summary_row(&self) -> Result<Vec<f64>> {
        report::summary_row(self)
    }

    fn memory_bytes(&self) -> usize {
        let block = size_of::<LagSums>() + size_of::<[Powers; 3]>() + size_of::<u64>();
        self.lags.count() * (size_of::<LagSums>() + block * crate::MOST_BLOCKS) + 8 * self.total.collective.len()
    }
}
