// SPDX-License-Identifier: MIT
//! Samples in, sums over displacements out.

use super::distinct::{Grid, Partners};
use super::layout::VanHoveLayout;
use super::sums::Displaced;
use super::total::VanHoveTotal;
use crate::batches::batches;
use crate::measurement::{KeepsSums, Layout as _, Measure, Sums};
use crate::motion::{Frame, Ions, Lags, Located};
use crate::{Error, MOST_BLOCKS, Result};

/// Overlaps that wait for those of the other ranks at most.
const MOST_WAITING: usize = 4096;

/// Displacements of ions at log-spaced lags from many origins, by length. Every rank holds its own ions' positions at past origins in
/// rows that the caller keeps with the ions; only sums leave a rank.
#[derive(Clone, Debug)]
pub struct VanHove {
    sums: Sums<VanHoveTotal>,
    lags: Lags,
    distinct_lags: Vec<(u64, Option<usize>)>,
    /// This rank's sums since increments were last taken.
    local: Displaced,
    /// This rank's overlapping ions at each origin since then, with the index of the lag: their squares need those of all ranks.
    waiting: Vec<(usize, u64)>,
    /// Lags of those that were taken.
    taken: Vec<usize>,
    /// Pairs of one frame of the distinct part.
    frame: Vec<u64>,
}

impl VanHove {
    /// # Errors
    /// Settings that cannot be right.
    pub fn new(layout: VanHoveLayout) -> Result<Self> {
        Ok(Self::with(Sums::new(layout)?))
    }

    /// A saved state with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this measurement, of another version, or damaged.
    pub fn open(text: &str) -> Result<Self> {
        Ok(Self::with(Sums::open(text)?))
    }

    fn with(sums: Sums<VanHoveTotal>) -> Self {
        Self {
            lags: sums.layout.lags(),
            distinct_lags: sums.layout.distinct_lags(),
            local: Displaced::empty(&sums.layout),
            waiting: Vec::new(),
            taken: Vec::new(),
            frame: vec![0; sums.layout.bins as usize],
            sums,
        }
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &VanHoveLayout {
        &self.sums.layout
    }

    /// Whether the next sample needs [`Partners`].
    #[must_use]
    pub fn wants_partners(&self) -> bool {
        let samples = self.sums.total.samples;
        self.sums.layout.distinct.as_ref().is_some_and(|distinct| samples.is_multiple_of(distinct.spacing))
    }

    /// Takes one frame; `rows`: all rows of [`VanHove::row_width`]; `partners` where [`VanHove::wants_partners`] says so.
    ///
    /// # Errors
    /// Where ions, reference atoms or partners were lost or added since the first frame, the box of the distinct part changed or is
    /// too small, or a position is not finite.
    pub fn sample(&mut self, frame: &Frame<'_>, partners: Option<&Partners<'_>>, rows: &mut [f64]) -> Result<()> {
        debug_assert!(!self.full() || self.waiting.is_empty(), "increments of the last block were not taken");
        let wanted = self.wants_partners();
        let Sums { layout, total, .. } = &mut self.sums;
        let Located { center, .. } = Located::new(frame.located, layout.group())?;
        let width = 3 * self.lags.places();
        let sample = total.samples;
        let grid = match partners.filter(|_| wanted) {
            Some(partners) => Some(grid_of(layout, total, partners, &center)?),
            None if wanted => return Err(Error::Internal("the distinct part needs its atoms".into())),
            None => None,
        };

        let block = total.blocks.at(sample, || Displaced::empty(layout))?;
        let mut ions = Ions::new(frame, center, rows, width)?;
        let (local, distinct) = (&mut self.local, &self.distinct_lags);
        let (pairs, bins) = (&mut self.frame, layout.bins as usize);
        let mut around = |lag: usize, place: Option<usize>| -> Result<()> {
            let Some(grid) = &grid else { return Ok(()) };
            pairs.fill(0);
            for (ion, &id) in frame.ids.iter().enumerate() {
                grid.count(place.map_or_else(|| ions.now(ion), |place| ions.past(ion, place)), id, layout.rmax, pairs);
            }
            block.frames[lag] += 1;
            let volume = frame.volume;
            for (bin, &pairs) in pairs.iter().enumerate() {
                local.pairs[lag * bins + bin] += pairs;
                local.weighted[lag * bins + bin].add_multiple(volume, pairs)?;
            }
            Ok(())
        };
        if !distinct.is_empty() {
            around(0, None)?;
        }
        let pairings = self.lags.pairings(sample);
        for pair in &pairings {
            block.origins[pair.lag] += 1;
            if let Some(lag) = distinct.iter().position(|(_, index)| *index == Some(pair.lag)) {
                around(lag, Some(pair.place))?;
            }
        }
        let mut overlapping = vec![0; pairings.len()];
        let mut moved = Default::default();
        for batch in batches(|_| 0, ions.len(), 1) {
            for (pair, overlapping) in pairings.iter().zip(&mut overlapping) {
                ions.displacements(&batch.atoms, pair.place, &mut moved);
                *overlapping += add_displacements(layout, pair.lag, &mut moved, local)?;
            }
        }
        self.waiting.extend(pairings.iter().map(|pair| pair.lag).zip(overlapping));
        self.lags.keeps(sample, |place| ions.keep(place));
        total.samples += 1;
        Ok(())
    }
}

/// The partners of a frame in cells, once they are known to be those of the first one in the same box.
fn grid_of(
    layout: &VanHoveLayout,
    total: &mut VanHoveTotal,
    partners: &Partners<'_>,
    center: &[f64; 3],
) -> Result<Grid> {
    let expected = layout.distinct.as_ref().map_or(0, |distinct| distinct.neighbors);
    let found = partners.ids.len() as u64;
    if found != expected {
        return Err(Error::Data(format!(
            "{found} atoms of the group of keyword distinct now, {expected} when the measurement began: the same atoms are needed throughout"
        )));
    }
    let first = *total.cell.get_or_insert(partners.cell);
    if first != partners.cell {
        return Err(Error::Data(
            "the box has changed since the measurement began, and distinct places are those of one box: leave out keyword distinct, or use \
             another ID to start a new measurement"
                .into(),
        ));
    }
    Grid::new(partners, center, layout.rmax)
}

/// Adds displacements of ions since an origin, which become something else; how many overlap with where they were.
fn add_displacements(
    layout: &VanHoveLayout,
    lag: usize,
    moved: &mut [Vec<f64>; 3],
    local: &mut Displaced,
) -> Result<u64> {
    let (bins, waves) = (layout.bins as usize, layout.q.len());
    let per_length = bins as f64 / layout.rmax;
    let [squares, lengths, values] = moved;
    for ((x, y), z) in squares.iter_mut().zip(&mut *lengths).zip(&*values) {
        *x = *x * *x + *y * *y + z * z;
        *y = x.sqrt();
    }
    local.squares[lag].add_all(squares)?;
    for square in squares.iter_mut() {
        *square *= *square;
    }
    local.fourth[lag].add_all(squares)?;
    for (sum, q) in local.waves[lag * waves..][..waves].iter_mut().zip(&layout.q) {
        values.iter_mut().zip(&*lengths).for_each(|(value, d)| *value = wave(q * d));
        sum.add_all(values)?;
    }
    let counts = &mut local.counts[lag * bins..][..bins];
    let mut overlapping = 0;
    for &d in &*lengths {
        let bin = d * per_length;
        if bin < bins as f64 {
            counts[bin as usize] += 1;
        }
        overlapping += u64::from(d < layout.overlap);
    }
    Ok(overlapping)
}

/// sin(x) / x.
fn wave(x: f64) -> f64 {
    // to 1e-18 below this
    if x < 1e-4 { 1.0 - x * x / 6.0 } else { x.sin() / x }
}

impl Measure for VanHove {
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
        let mut increments = self.local.increments();
        increments.extend(self.waiting.iter().map(|&(_, ions)| ions as i64));
        self.taken = self.waiting.drain(..).map(|(lag, _)| lag).collect();
        self.local = Displaced::empty(&self.sums.layout);
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        let fixed = self.local.increments_len();
        if sum.len() != fixed + self.taken.len() {
            return Err(Error::Internal(format!(
                "{} increments of displacements, expected {}",
                sum.len(),
                fixed + self.taken.len()
            )));
        }
        let Sums { layout, total, .. } = &mut self.sums;
        let Some(last) = total.samples.checked_sub(1) else { return Ok(()) };
        let block = total.blocks.at(last, || Displaced::empty(layout))?;
        let (sums, overlaps) = sum.split_at(fixed);
        block.add(sums)?;
        for (lag, &ions) in self.taken.drain(..).zip(overlaps) {
            block.add_overlap(lag, ions as u64)?;
        }
        Ok(())
    }

    fn full(&self) -> bool {
        self.waiting.len() >= MOST_WAITING || self.sums.total.blocks.opens(self.sums.total.samples)
    }

    fn memory_bytes(&self) -> usize {
        let Displaced { origins, counts, squares, fourth, waves, overlaps, overlaps2, frames, pairs, weighted } =
            &self.local;
        let block = size_of_val(&origins[..])
            + size_of_val(&counts[..])
            + size_of_val(&squares[..])
            + size_of_val(&fourth[..])
            + size_of_val(&waves[..])
            + size_of_val(&overlaps[..])
            + size_of_val(&overlaps2[..])
            + size_of_val(&frames[..])
            + size_of_val(&pairs[..])
            + size_of_val(&weighted[..]);
        block * (MOST_BLOCKS + 1) + MOST_WAITING * size_of::<(usize, u64)>()
    }
}

/// The ions' rows are not part of the state: the caller keeps them.
impl KeepsSums for VanHove {
    type Total = VanHoveTotal;

    fn sums(&self) -> &Sums<VanHoveTotal> {
        &self.sums
    }

    fn sums_mut(&mut self) -> &mut Sums<VanHoveTotal> {
        &mut self.sums
    }

    fn forget_increments(&mut self) {
        self.local = Displaced::empty(&self.sums.layout);
        self.waiting.clear();
        self.taken.clear();
    }
}
