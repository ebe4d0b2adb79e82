// SPDX-License-Identifier: MIT
//! Samples in, sums of displacements out.

use super::layout::{Evaluation, TransportLayout};
use super::moments::{Moments, Powers, Squares};
use super::onsager::{self, pairs};
use super::spectrum::Series;
use super::total::TransportTotal;
use crate::batches::{Batch, batches};
use crate::exact::LIMBS;
use crate::measurement::{KeepsSums, Layout as _, Measure, Sums};
use crate::motion::{Frame, ION_GROUPS, Ions, Lags, Located, group_of};
use crate::{Error, Result};

/// Displacements of ions at log-spaced lags from many origins. Every rank holds its own ions' positions at past origins in
/// rows that the caller keeps with the ions; only sums leave a rank.
#[derive(Clone, Debug)]
pub struct Transport {
    sums: Sums<TransportTotal>,
    evaluation: Evaluation,
    lags: Lags,
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
        Ok(Self::with(Sums::new(layout)?, evaluation))
    }

    /// A saved state with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this measurement, of another version, or damaged.
    pub fn open(text: &str, evaluation: Evaluation) -> Result<Self> {
        Ok(Self::with(Sums::open(text)?, evaluation))
    }

    fn with(sums: Sums<TransportTotal>, evaluation: Evaluation) -> Self {
        let lags = sums.layout.lags();
        Self { local: vec![LagSums::default(); lags.count()], sums, evaluation, lags }
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &TransportLayout {
        &self.sums.layout
    }

    /// How results are evaluated.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// Takes one frame; `rows`: all rows of [`Transport::row_width`].
    ///
    /// # Errors
    /// Where ions or reference atoms were lost or added since the first frame, or a position is not finite.
    pub fn sample(&mut self, frame: &Frame<'_>, rows: &mut [f64]) -> Result<()> {
        let layout = &self.sums.layout;
        let (located, others) = frame.located.split_at(Located::LENGTH.min(frame.located.len()));
        let Located { center, collective, groups } = Located::new(located, layout.group())?;
        let others = onsager::positions(others, layout.species.get(1..).unwrap_or_default(), &center)?;
        let species = layout.species.len();
        let total = &mut self.sums.total;
        let places = self.lags.places();
        let width = 3 * places;
        let mut ions = Ions::new(frame, center, rows, width)?;
        let sample = total.samples;

        let moments = total.blocks.at(sample, || Moments::empty(self.lags.count(), species))?;
        let pairings = self.lags.pairings(sample);
        for pair in &pairings {
            moments.origins[pair.lag] += 1;
            let past = &total.collective[3 * pair.place..][..3];
            add_collective(&mut moments.collective[pair.lag], &collective, past)?;
            if let Some(cross) = moments.cross.get_mut(pair.lag) {
                let past_of = |other: usize| &total.species[3 * (other * places + pair.place)..][..3];
                add_cross(cross, &collective, past, &others, past_of)?;
            }
        }
        let mut moved = Default::default();
        for batch in batches(|ion| group_of(frame.ids[ion]), ions.len(), ION_GROUPS) {
            for pair in &pairings {
                ions.displacements(&batch.atoms, pair.place, &mut moved);
                self.local[pair.lag].add(&batch, &mut moved)?;
            }
        }

        self.lags.keeps(sample, |place| {
            total.collective[3 * place..][..3].copy_from_slice(&collective);
            for (other, now) in others.iter().enumerate() {
                total.species[3 * (other * places + place)..][..3].copy_from_slice(now);
            }
            ions.keep(place);
        });
        let layout = &self.sums.layout;
        let charge = match layout.species.split_first() {
            None => collective,
            Some((ions, rest)) => std::array::from_fn(|axis| {
                let of_others = rest.iter().zip(&others).map(|(one, place)| one.charge * place[axis]);
                ions.charge * collective[axis] + of_others.sum::<f64>()
            }),
        };
        total.series.push(sample, charge);
        total.group_ions = groups;
        if let Some(kinetic) = frame.kinetic_temperature {
            moments.kinetic.add(kinetic)?;
            moments.kinetic_samples += 1;
        }
        total.volume.add(frame.volume)?;
        if let Some(temperature) = frame.temperature {
            total.temperature.add(temperature)?;
            total.thermal_samples += 1;
        }
        total.samples += 1;
        Ok(())
    }
}

/// Adds the products of the summed displacements of all pairs: of the ions, which were at `past`, and of the others.
fn add_cross<'a>(
    sums: &mut [Powers],
    ions: &[f64; 3],
    past: &[f64],
    others: &[[f64; 3]],
    past_of: impl Fn(usize) -> &'a [f64],
) -> Result<()> {
    let moved = |now: &[f64; 3], past: &[f64]| [now[0] - past[0], now[1] - past[1], now[2] - past[2]];
    let others = others.iter().enumerate().map(|(other, now)| moved(now, past_of(other)));
    let all: Vec<[f64; 3]> = std::iter::once(moved(ions, past)).chain(others).collect();
    for (sum, (i, j)) in sums.iter_mut().zip(pairs(all.len())) {
        sum.add(all[i][0] * all[j][0] + all[i][1] * all[j][1] + all[i][2] * all[j][2])?;
    }
    Ok(())
}

fn add_collective(sums: &mut [Powers; 3], now: &[f64; 3], past: &[f64]) -> Result<()> {
    for axis in 0..3 {
        let d = now[axis] - past[axis];
        sums[axis].add(d * d)?;
    }
    Ok(())
}

impl LagSums {
    /// Adds the displacements of a batch of ions, A, which become something else.
    fn add(&mut self, batch: &Batch, moved: &mut [Vec<f64>; 3]) -> Result<()> {
        for (sum, along) in self.squares.iter_mut().zip(&mut *moved) {
            for d in along.iter_mut() {
                *d *= *d;
            }
            sum.add_all(along)?;
        }
        let [squares, dy2, dz2] = moved;
        for ((square, dy2), dz2) in squares.iter_mut().zip(dy2).zip(dz2) {
            *square = *square + *dy2 + *dz2;
        }
        for (group, members) in batch.kinds() {
            self.groups[group].add_all(&squares[members])?;
        }
        for square in squares.iter_mut() {
            *square *= *square;
        }
        self.fourth.add_all(squares)
    }
}

impl Measure for Transport {
    fn row_width(&self) -> usize {
        3 * self.lags.places()
    }

    fn set_timestep(&mut self, timestep_ps: f64) -> Result<()> {
        if self.sums.total.samples > 0 {
            return Err(Error::Settings("the time step cannot change: lags would mean other times".into()));
        }
        self.sums.layout.timestep_ps = timestep_ps;
        self.sums.layout.check()
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
        let expected = lags * (4 + ION_GROUPS) * LIMBS;
        if sum.len() != expected {
            return Err(Error::Internal(format!("{} increments of transport, expected {expected}", sum.len())));
        }
        let Some(last) = self.sums.total.samples.checked_sub(1) else { return Ok(()) };
        let species = self.sums.layout.species.len();
        let moments = self.sums.total.blocks.at(last, || Moments::empty(lags, species))?;
        let mut limbs = sum.chunks_exact(LIMBS);
        let mut next = || limbs.next().unwrap_or_default();
        for lag in 0..lags {
            for total in moments.squares[lag].iter_mut().chain(&mut moments.groups[lag]) {
                total.merge(Squares::from_limbs(next())?)?;
            }
            moments.fourth[lag].merge(Powers::from_limbs(next())?)?;
        }
        Ok(())
    }

    fn full(&self) -> bool {
        self.sums.total.blocks.opens(self.sums.total.samples)
    }

    fn memory_bytes(&self) -> usize {
        let cross = pairs(self.sums.layout.species.len()).count() * size_of::<Powers>();
        let block = size_of::<LagSums>() + size_of::<[Powers; 3]>() + size_of::<u64>() + cross;
        self.lags.count() * (size_of::<LagSums>() + block * crate::MOST_BLOCKS)
            + Series::MOST_BYTES
            + 8 * (self.sums.total.collective.len() + self.sums.total.species.len())
    }
}

impl KeepsSums for Transport {
    type Total = TransportTotal;

    fn sums(&self) -> &Sums<TransportTotal> {
        &self.sums
    }

    fn sums_mut(&mut self) -> &mut Sums<TransportTotal> {
        &mut self.sums
    }

    fn forget_increments(&mut self) {
        self.local.fill(LagSums::default());
    }
}
