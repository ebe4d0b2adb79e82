//! Velocities in, sums of their products out.

use serde::{Deserialize, Serialize};

use super::correlation::{Correlation, Products};
use super::layout::{Evaluation, VibrationsLayout};
use super::report;
use crate::exact::LIMBS;
use crate::files::{Column, Table};
use crate::{Accumulator, Blocks, Error, MOST_BLOCKS, Result, Results, Runs, state};

const ANALYSIS: &str = "ion/vdos";

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// Samples taken.
    pub samples: u64,
    /// Origins before this sample are not in the atoms' rows.
    since: u64,
    /// Sums.
    pub blocks: Blocks<Correlation>,
}

/// A time origin whose window is open.
#[derive(Clone, Copy, Debug)]
struct Origin {
    /// Where its velocity begins in an atom's row.
    place: usize,
    /// Samples since then.
    lag: usize,
}

/// Velocity autocorrelation per species, from origins that begin every few samples and live for one window. Every rank holds
/// its own atoms' velocities at the open origins, in rows that the caller keeps with the atoms; only sums leave a rank.
#[derive(Clone, Debug)]
pub struct Vibrations {
    layout: VibrationsLayout,
    evaluation: Evaluation,
    total: Total,
    /// Other runs that were joined.
    replicas: Vec<Total>,
    /// Since increments were last taken: this rank's products, species x lags, and atoms met, by species.
    products: Vec<Products>,
    atoms: Vec<u64>,
    /// Samples since increments were last added.
    pending: u64,
    open: Vec<Origin>,
}

impl Vibrations {
    /// # Errors
    /// Settings that cannot be right.
    pub fn new(layout: VibrationsLayout, evaluation: Evaluation) -> Result<Self> {
        layout.check()?;
        evaluation.check()?;
        let species = layout.types.len();
        Ok(Self {
            products: vec![Products::default(); species * layout.window as usize],
            atoms: vec![0; species],
            layout,
            evaluation,
            total: Total::default(),
            replicas: Vec::new(),
            pending: 0,
            open: Vec::new(),
        })
    }

    /// A state saved by [`Accumulator::state`], with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this analysis or of another version.
    pub fn open(text: &str, evaluation: Evaluation) -> Result<Self> {
        let (layout, _): (VibrationsLayout, Total) = state::load(ANALYSIS, text)?;
        let mut vibrations = Self::new(layout, evaluation)?;
        vibrations.restore(text)?;
        Ok(vibrations)
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &VibrationsLayout {
        &self.layout
    }

    /// How results are evaluated.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// Sums of this run and of all that were joined to it.
    #[must_use]
    pub fn runs(&self) -> Runs<'_, Correlation> {
        let all = std::iter::once(&self.total).chain(&self.replicas);
        all.map(|run| (&run.blocks, run.samples)).collect()
    }

    /// Samples of all runs.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.runs().samples()
    }

    fn load(&self, text: &str) -> Result<Total> {
        let total: Total = state::resume(ANALYSIS, text, &self.layout)?;
        if !total.blocks.all().iter().all(|block| block.fits(&self.layout)) {
            return Err(state::damaged(ANALYSIS));
        }
        Ok(total)
    }

    /// Closes all open origins: the atoms' rows were lost. Those that begin later are not affected.
    pub fn forget_origins(&mut self) {
        self.total.since = self.total.samples;
    }

    /// Takes one sample of n atoms of this rank.
    ///
    /// `velocities`: n x 3, A/ps. `species`: index among the layout's types; atoms with a negative one are not measured.
    /// `rows`: rows of [`VibrationsLayout::row_width`] numbers, of which atom k owns number `slots[k]`; what they hold travels
    /// with the atom, and need not be set for a new one. `volume`: of the box, A^3, the same on all ranks.
    ///
    /// # Errors
    /// Where a velocity is not finite, an array too short, or an index out of range.
    pub fn sample(
        &mut self,
        velocities: &[f64],
        species: &[i32],
        rows: &mut [f64],
        slots: &[i32],
        volume: f64,
    ) -> Result<()> {
        debug_assert!(!self.full() || self.pending == 0, "increments of the last block were not taken");
        if velocities.len() != 3 * species.len() || slots.len() != species.len() {
            return Err(Error::Data(format!(
                "{} velocity components, {} species and {} rows do not belong to the same atoms",
                velocities.len(),
                species.len(),
                slots.len()
            )));
        }
        let begins = self.open_origins();
        let (width, window) = (self.layout.row_width(), self.layout.window as usize);
        for ((v, &kind), &slot) in velocities.chunks_exact(3).zip(species).zip(slots) {
            if kind < 0 {
                continue;
            }
            let kind = kind as usize;
            let (Some(met), Some(row)) = (
                self.atoms.get_mut(kind),
                rows.get_mut(slot as usize * width..).and_then(|rows| rows.get_mut(..width)),
            ) else {
                return Err(Error::Data(format!("an atom of species {kind} in row {slot}: there is no such one")));
            };
            *met += 1;
            if let Some(place) = begins {
                row[place..place + 3].copy_from_slice(v);
            }
            let products = &mut self.products[kind * window..][..window];
            for origin in &self.open {
                let past = &row[origin.place..origin.place + 3];
                products[origin.lag].add(v[0] * past[0] + v[1] * past[1] + v[2] * past[2])?;
            }
        }

        let sums = self.total.blocks.at(self.total.samples, || Correlation::empty(&self.layout))?;
        for origin in &self.open {
            sums.origins[origin.lag] += 1;
        }
        sums.volume.add(volume)?;
        sums.samples += 1;
        self.total.samples += 1;
        self.pending += 1;
        Ok(())
    }

    /// Lists the origins that are open at the next sample; the place of the one that begins there, if any.
    fn open_origins(&mut self) -> Option<usize> {
        let VibrationsLayout { window, spacing, .. } = self.layout;
        let (now, places) = (self.total.samples, self.layout.open_origins() as u64);
        let oldest = (now + 1).saturating_sub(window).max(self.total.since).div_ceil(spacing);
        let place = |number: u64| 3 * (number % places) as usize;
        let origin = |number: u64| Origin { place: place(number), lag: (now - number * spacing) as usize };
        self.open.clear();
        self.open.extend((oldest..=now / spacing).map(origin));
        now.is_multiple_of(spacing).then(|| place(now / spacing))
    }

    /// Velocity autocorrelation over its value at lag 0: lag (ps), all atoms (weighted by mass), each species.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn vacf_table(&self) -> Result<Table> {
        report::vacf_table(self)
    }
}

impl Accumulator for Vibrations {
    fn row_width(&self) -> usize {
        self.layout.row_width()
    }

    fn set_timestep(&mut self, timestep_ps: f64) -> Result<()> {
        if self.total.samples > 0 {
            return Err(Error::Settings("the time step cannot change: lags would mean other times".into()));
        }
        self.layout.timestep_ps = timestep_ps;
        self.layout.check()
    }

    fn take_increments(&mut self) -> Vec<i64> {
        let atoms = self.atoms.iter().map(|&atoms| atoms as i64);
        let increments = atoms.chain(self.products.iter().flat_map(|sum| sum.limbs())).collect();
        self.atoms.fill(0);
        self.products.fill(Products::default());
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        let species = self.layout.types.len();
        let expected = species + LIMBS * self.products.len();
        if sum.len() != expected {
            return Err(Error::Data(format!("{} increments of vibrations, expected {expected}", sum.len())));
        }
        let (atoms, limbs) = sum.split_at(species);
        for (&found, species) in atoms.iter().zip(&self.layout.types) {
            let expected = self.pending * species.atoms;
            if found as u64 != expected {
                return Err(Error::Data(format!(
                    "{found} velocities in {} samples of {} {} atoms: atoms were lost, added or changed their type",
                    self.pending, species.atoms, species.name
                )));
            }
        }
        self.pending = 0;
        let Some(last) = self.total.samples.checked_sub(1) else { return Ok(()) };
        let sums = self.total.blocks.at(last, || Correlation::empty(&self.layout))?;
        for (product, limbs) in sums.products.iter_mut().zip(limbs.chunks_exact(LIMBS)) {
            product.merge(Products::from_limbs(limbs))?;
        }
        Ok(())
    }

    fn full(&self) -> bool {
        self.total.blocks.opens(self.total.samples)
    }

    fn state(&self) -> Result<String> {
        state::save(ANALYSIS, &self.layout, &self.total)
    }

    /// The atoms' rows are not part of the state: where they were not kept either, [`Vibrations::forget_origins`] must follow.
    fn restore(&mut self, text: &str) -> Result<()> {
        let total = self.load(text)?;
        *self = Self::new(self.layout.clone(), self.evaluation)?;
        self.total = total;
        Ok(())
    }

    fn join(&mut self, text: &str) -> Result<()> {
        let run = self.load(text)?;
        self.runs().check_other(&run.blocks, run.samples)?;
        self.replicas.push(run);
        Ok(())
    }

    /// Scalar: entropy over k per atom, all measured atoms, by the split of the settings. Vector: temperature of the
    /// velocities (K), origins with a complete window, then for each species: entropy by that split and its standard error,
    /// harmonic entropy, two-phase entropy, fluidicity, g(0) (1/THz per atom), D from g(0) (cm^2/s) and its standard error.
    /// Array: a row for each frequency: THz, 1/cm, g of all, g of each species (1/THz per atom).
    fn results(&self) -> Result<Results> {
        report::results(self)
    }

    fn table(&self) -> Result<Table> {
        report::table(self)
    }

    /// Temperature, entropy of all, then entropy and diffusion coefficient of each species.
    fn summary_columns(&self) -> Vec<Column> {
        report::summary_columns(self)
    }

    fn summary_row(&self) -> Result<Vec<f64>> {
        report::summary_row(self)
    }

    fn memory_bytes(&self) -> usize {
        let block = size_of::<Correlation>() + 8 * self.layout.window as usize + size_of_val(&self.products[..]);
        block * MOST_BLOCKS + size_of_val(&self.products[..])
    }
}
