// SPDX-License-Identifier: MIT
//! Samples in, hops out.

use serde::{Deserialize, Serialize};

use super::detector::{Detector, Event};
use super::layout::HopsLayout;
use super::residence;
use super::sums::Counted;
use crate::measurement::{KeepsSums, Layout as _, Measure, Sums, Total};
use crate::motion::{Frame, Ions, Located};
use crate::{Blocks, Error, MOST_BLOCKS, Result};

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HopsTotal {
    /// Samples taken.
    pub samples: u64,
    /// Hops.
    pub blocks: Blocks<Counted>,
}

impl Total for HopsTotal {
    type Layout = HopsLayout;
    type Block = Counted;

    fn empty(_: &HopsLayout) -> Self {
        Self::default()
    }

    fn samples(&self) -> u64 {
        self.samples
    }

    fn blocks(&self) -> &Blocks<Counted> {
        &self.blocks
    }

    fn fits(&self, layout: &HopsLayout) -> bool {
        let frames = self.blocks.all().iter().try_fold(0u64, |sum, block| sum.checked_add(block.frames));
        frames == Some((self.samples + 1).saturating_sub(layout.window))
            && self.blocks.all().iter().all(|block| block.fits(layout))
    }
}

/// Hops of ions. Every rank holds its own ions' positions in the window, and what is known of their last hops, in rows that the caller keeps
/// with the ions; only counts leave a rank.
#[derive(Clone, Debug)]
pub struct Hops {
    sums: Sums<HopsTotal>,
    edges: Vec<u64>,
    /// This rank's hops since increments were last taken.
    local: Counted,
}

impl Hops {
    /// # Errors
    /// Settings that cannot be right.
    pub fn new(layout: HopsLayout) -> Result<Self> {
        Ok(Self::with(Sums::new(layout)?))
    }

    /// A saved state with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this measurement, of another version, or damaged.
    pub fn open(text: &str) -> Result<Self> {
        Ok(Self::with(Sums::open(text)?))
    }

    fn with(sums: Sums<HopsTotal>) -> Self {
        Self { local: Counted::empty(&sums.layout), edges: residence::edges(), sums }
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &HopsLayout {
        &self.sums.layout
    }

    /// Where in the row of an ion the number of its hops so far stands.
    #[must_use]
    pub fn count_place(&self) -> usize {
        Detector { window: self.sums.layout.window as usize, cut: self.sums.layout.cut }.count_place()
    }

    /// Takes one frame; `rows`: all rows of [`Hops::row_width`].
    ///
    /// # Errors
    /// Where ions or reference atoms were lost or added since the first frame, or a position is not finite.
    pub fn sample(&mut self, frame: &Frame<'_>, rows: &mut [f64]) -> Result<()> {
        let Sums { layout, total, .. } = &mut self.sums;
        let Located { center, .. } = Located::new(frame.located, layout.group())?;
        let mut ions = Ions::new(frame, center, rows, layout.row_width())?;
        if (0..ions.len()).any(|ion| ions.now(ion).iter().any(|x| !x.is_finite())) {
            return Err(Error::Data("a position is not finite".into()));
        }
        let detector = Detector { window: layout.window as usize, cut: layout.cut };
        detector.take(total.samples, &mut ions, |event| match event {
            Event::Excursion => {
                self.local.excursions += 1;
                Ok(())
            }
            Event::Hop(hop) => self.local.add_hop(&hop, layout, &self.edges),
        })?;
        let whole = total.samples + 1 >= layout.window;
        total.blocks.at(total.samples, || Counted::empty(layout))?.frames += u64::from(whole);
        total.samples += 1;
        Ok(())
    }
}

impl Measure for Hops {
    fn row_width(&self) -> usize {
        self.sums.layout.row_width()
    }

    fn set_timestep(&mut self, timestep_ps: f64) -> Result<()> {
        if self.sums.total.samples > 0 {
            return Err(Error::Settings("the time step cannot change: a window would mean another time".into()));
        }
        self.sums.layout.timestep_ps = timestep_ps;
        self.sums.layout.check()
    }

    fn take_increments(&mut self) -> Vec<i64> {
        let increments = self.local.increments();
        self.local = Counted::empty(&self.sums.layout);
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        let Sums { layout, total, .. } = &mut self.sums;
        let Some(last) = total.samples.checked_sub(1) else { return Ok(()) };
        total.blocks.at(last, || Counted::empty(layout))?.add(sum)
    }

    fn full(&self) -> bool {
        self.sums.total.blocks.opens(self.sums.total.samples)
    }

    fn memory_bytes(&self) -> usize {
        let block = size_of::<Counted>() + 8 * (self.local.lengths.len() + self.local.residences.len());
        block * (MOST_BLOCKS + 1)
    }
}

/// The ions' rows are not part of the state: the caller keeps them.
impl KeepsSums for Hops {
    type Total = HopsTotal;

    fn sums(&self) -> &Sums<HopsTotal> {
        &self.sums
    }

    fn sums_mut(&mut self) -> &mut Sums<HopsTotal> {
        &mut self.sums
    }

    fn forget_increments(&mut self) {
        self.local = Counted::empty(&self.sums.layout);
    }
}
