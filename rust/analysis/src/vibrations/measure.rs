// SPDX-License-Identifier: MIT
//! Velocities in, sums of their products out.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::correlation::{Correlation, Products};
use super::layout::{Evaluation, VibrationsLayout};
use crate::batches::{BATCH, batches};
use crate::exact::LIMBS;
use crate::measurement::{KeepsSums, Layout as _, Measure, Sums, Total};
use crate::rows::starts;
use crate::shapes::{numbers, one_each};
use crate::{Blocks, Error, MOST_BLOCKS, Result};

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VibrationsTotal {
    /// Samples taken.
    pub samples: u64,
    /// Origins before this sample are not in the atoms' rows.
    since: u64,
    /// Sums.
    pub blocks: Blocks<Correlation>,
}

impl Total for VibrationsTotal {
    type Layout = VibrationsLayout;
    type Block = Correlation;

    fn empty(_: &VibrationsLayout) -> Self {
        Self::default()
    }

    fn samples(&self) -> u64 {
        self.samples
    }

    fn blocks(&self) -> &Blocks<Correlation> {
        &self.blocks
    }

    fn fits(&self, layout: &VibrationsLayout) -> bool {
        self.since <= self.samples && self.blocks.all().iter().all(|block| block.fits(layout))
    }
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
    sums: Sums<VibrationsTotal>,
    evaluation: Evaluation,
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
        Self::with(Sums::new(layout)?, evaluation)
    }

    /// A saved state with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this measurement, of another version, or damaged.
    pub fn open(text: &str, evaluation: Evaluation) -> Result<Self> {
        Self::with(Sums::open(text)?, evaluation)
    }

    fn with(sums: Sums<VibrationsTotal>, evaluation: Evaluation) -> Result<Self> {
        evaluation.check()?;
        let species = sums.layout.types.len();
        Ok(Self {
            products: vec![Products::default(); species * sums.layout.window as usize],
            atoms: vec![0; species],
            sums,
            evaluation,
            pending: 0,
            open: Vec::new(),
        })
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &VibrationsLayout {
        &self.sums.layout
    }

    /// How results are evaluated.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// Samples of all runs.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.sums.samples()
    }

    /// Takes one sample of n atoms of this rank.
    ///
    /// `velocities`: n x 3, A/ps. `species`: index among the layout's types; atoms with a negative one are not measured.
    /// `rows`: rows of [`VibrationsLayout::row_width`] numbers in tiles of `tile`, as in [`crate::motion::Frame`], of which atom k owns
    /// number `slots[k]`; what they hold travels with the atom, and need not be set for a new one. `volume`: of the box, A^3, the same on
    /// all ranks.
    ///
    /// # Errors
    /// Where a velocity is not finite, an array too short, or an index out of range.
    pub fn sample(
        &mut self,
        velocities: &ArrayView2<'_, f64>,
        species: &[i32],
        rows: &mut [f64],
        slots: &[i32],
        tile: usize,
        volume: f64,
    ) -> Result<()> {
        debug_assert!(!self.full() || self.pending == 0, "increments of the last block were not taken");
        let velocities = numbers("velocities", velocities)?;
        one_each("species", species.len(), velocities.len() / 3)?;
        one_each("rows", slots.len(), velocities.len() / 3)?;
        let begins = self.open_origins();
        let Sums { layout, total, .. } = &mut self.sums;
        let (width, window) = (layout.row_width(), layout.window as usize);
        if let Some(&kind) = species.iter().find(|&&kind| kind >= self.atoms.len() as i32) {
            return Err(Error::Data(format!("an atom of species {kind}: there is no such species")));
        }
        let measured = |atom: usize| usize::try_from(species[atom]).unwrap_or(usize::MAX);
        let mut values = Vec::with_capacity(BATCH);
        for batch in batches(measured, species.len(), self.atoms.len()) {
            let slots: Vec<i32> = batch.atoms.iter().map(|&atom| slots[atom as usize]).collect();
            let starts = starts(&slots, width, tile, rows.len())?;
            let velocity = |place: usize| &velocities[3 * batch.atoms[place] as usize..][..3];
            if let Some(first) = begins {
                for axis in 0..3 {
                    (0..starts.len()).for_each(|k| rows[starts[k] + (first + axis) * tile] = velocity(k)[axis]);
                }
            }
            for (kind, members) in batch.kinds() {
                self.atoms[kind] += members.len() as u64;
                for origin in &self.open {
                    values.clear();
                    values.extend(members.clone().map(|k| {
                        let (v, past) = (velocity(k), |axis: usize| rows[starts[k] + (origin.place + axis) * tile]);
                        v[0] * past(0) + v[1] * past(1) + v[2] * past(2)
                    }));
                    self.products[kind * window + origin.lag].add_all(&values)?;
                }
            }
        }

        let sums = total.blocks.at(total.samples, || Correlation::empty(layout))?;
        for origin in &self.open {
            sums.origins[origin.lag] += 1;
        }
        sums.volume.add(volume)?;
        sums.samples += 1;
        total.samples += 1;
        self.pending += 1;
        Ok(())
    }

    /// Lists the origins that are open at the next sample; the place of the one that begins there, if any.
    fn open_origins(&mut self) -> Option<usize> {
        let VibrationsLayout { window, spacing, .. } = self.sums.layout;
        let (now, places) = (self.sums.total.samples, self.sums.layout.open_origins() as u64);
        let oldest = (now + 1).saturating_sub(window).max(self.sums.total.since).div_ceil(spacing);
        let place = |number: u64| 3 * (number % places) as usize;
        let origin = |number: u64| Origin { place: place(number), lag: (now - number * spacing) as usize };
        self.open.clear();
        self.open.extend((oldest..=now / spacing).map(origin));
        now.is_multiple_of(spacing).then(|| place(now / spacing))
    }
}

impl Measure for Vibrations {
    fn row_width(&self) -> usize {
        self.sums.layout.row_width()
    }

    fn set_timestep(&mut self, timestep_ps: f64) -> Result<()> {
        if self.sums.total.samples > 0 {
            return Err(Error::Settings("the time step cannot change: lags would mean other times".into()));
        }
        self.sums.layout.timestep_ps = timestep_ps;
        self.sums.layout.check()
    }

    fn take_increments(&mut self) -> Vec<i64> {
        let atoms = self.atoms.iter().map(|&atoms| atoms as i64);
        let increments = atoms.chain(self.products.iter().flat_map(|sum| sum.limbs())).collect();
        self.atoms.fill(0);
        self.products.fill(Products::default());
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        let Sums { layout, total, .. } = &mut self.sums;
        let species = layout.types.len();
        let expected = species + LIMBS * self.products.len();
        if sum.len() != expected {
            return Err(Error::Internal(format!("{} increments of vibrations, expected {expected}", sum.len())));
        }
        let (atoms, limbs) = sum.split_at(species);
        for (&found, species) in atoms.iter().zip(&layout.types) {
            if Some(found as u64) != self.pending.checked_mul(species.atoms) {
                return Err(Error::Data(format!(
                    "{found} velocities in {} samples of {} {} atoms: atoms were lost, added or changed their type",
                    self.pending, species.atoms, species.name
                )));
            }
        }
        self.pending = 0;
        let Some(last) = total.samples.checked_sub(1) else { return Ok(()) };
        let sums = total.blocks.at(last, || Correlation::empty(layout))?;
        for (product, limbs) in sums.products.iter_mut().zip(limbs.chunks_exact(LIMBS)) {
            product.merge(Products::from_limbs(limbs)?)?;
        }
        Ok(())
    }

    fn full(&self) -> bool {
        self.sums.total.blocks.opens(self.sums.total.samples)
    }

    fn memory_bytes(&self) -> usize {
        let block = size_of::<Correlation>() + 8 * self.sums.layout.window as usize + size_of_val(&self.products[..]);
        block * MOST_BLOCKS + size_of_val(&self.products[..])
    }
}

/// The atoms' rows are not part of the state: the caller keeps them.
impl KeepsSums for Vibrations {
    type Total = VibrationsTotal;

    fn sums(&self) -> &Sums<VibrationsTotal> {
        &self.sums
    }

    fn sums_mut(&mut self) -> &mut Sums<VibrationsTotal> {
        &mut self.sums
    }

    fn forget_increments(&mut self) {
        self.atoms.fill(0);
        self.products.fill(Products::default());
        self.pending = 0;
    }
}
