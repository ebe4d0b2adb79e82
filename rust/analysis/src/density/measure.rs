// SPDX-License-Identifier: MIT
//! Visits of many frames.

use std::cell::RefCell;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::cells::{Fractions, Frame, center, voxel};
use super::counts::Counts;
use super::findings::Findings;
use super::layout::{DensityLayout, Evaluation, SEARCH};
use super::visits::Visits;
use super::volumes::Site;
use crate::measurement::{KeepsSums, Measure, Sums, Total};
use crate::shapes::numbers;
use crate::unwrapping::{self, Cell};
use crate::{Blocks, Error, Exact, Result};

/// Sum over frames of lengths, A.
type Lengths = Exact<40>;

/// Two numbers of visits cross an `MPI_SUM` in one integer: below this one their sums do not run into each other.
const MOST_PENDING: u64 = 1 << 31;

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DensityTotal {
    /// Frames.
    pub samples: u64,
    /// Sums over frames of edges and tilts of the box.
    cell: [Lengths; 6],
    /// The same of its lower corner.
    origin: [Lengths; 3],
    /// The box of the last frame.
    last_cell: Cell,
    /// Mean fractional coordinate of the reference in the first and the last frame.
    first: [f64; 3],
    last: [f64; 3],
    /// As given for the last frame, K.
    temperature: Option<f64>,
    /// Visits of voxels.
    blocks: Blocks<Counts>,
    /// Atoms that files show beside the density, as they were when a file was last written: positions are fractional coordinates in the
    /// frame of the grid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sites: Vec<Site>,
}

impl Total for DensityTotal {
    type Layout = DensityLayout;
    type Block = Counts;

    fn empty(_: &DensityLayout) -> Self {
        Self::default()
    }

    fn samples(&self) -> u64 {
        self.samples
    }

    fn blocks(&self) -> &Blocks<Counts> {
        &self.blocks
    }

    fn fits(&self, layout: &DensityLayout) -> bool {
        let blocks = self.blocks.all();
        let frames = blocks.iter().try_fold(0u64, |sum, block| sum.checked_add(block.frames));
        let edges = [self.cell[0], self.cell[1], self.cell[2]];
        frames == Some(self.samples)
            && blocks.len() as u64 <= layout.blocks
            && blocks.iter().all(|block| block.fits(layout) && block.grid == blocks[0].grid)
            && (self.samples == 0 || edges.iter().all(|edge| edge.value() > 0.0))
            && self.sites.iter().flat_map(|site| site.position).all(|s| (0.0..=1.0).contains(&s))
    }
}

impl DensityTotal {
    /// Voxels along each edge; `None` before the first frame.
    #[must_use]
    pub fn grid(&self) -> Option<[u64; 3]> {
        self.blocks.all().first().map(|block| block.grid)
    }
}

/// Density of ions on a grid.
///
/// ```
/// use deepion_analysis::density::{Density, DensityLayout, Evaluation, Frame, locate};
/// use deepion_analysis::transport::Reference;
/// use deepion_analysis::{Measure, Report};
///
/// let (spacing, grid, blocks, every, ions, reference_atoms) = (2.5, [0; 3], 8, 1, 1, 0);
/// let layout = DensityLayout { spacing, grid, blocks, every, ions, drift: Reference::None, reference_atoms };
/// let mut density = Density::new(layout, Evaluation { temperature: Some(300.0), cube: String::new() })?;
/// let (cell, origin) = ([10.0, 10.0, 10.0, 0.0, 0.0, 0.0], [0.0; 3]);
/// let located = locate(&ndarray::arr2(&[[0.0; 3]; 0]).view(), &ndarray::arr2(&[[0; 3]; 0]).view(), &[], cell, origin)?;
/// for x in [0.0, 2.5, 5.0, 7.5, 2.5, 5.0] {
///     let positions = ndarray::arr2(&[[x, 5.0, 5.0]]);
///     let frame = Frame { cell, origin, located: &located, positions: positions.view(), kinetic_temperature: None };
///     density.sample(&frame)?;
///     let increments = density.take_increments(); // those of all ranks are to be added
///     density.add_increments(&increments)?;
/// }
/// let kt = 8.617333e-5 * 300.0;
/// assert!((density.thermo()?.scalar - kt * 2.0f64.ln()).abs() < 1e-9); // two visits at most, one on the way
/// # Ok::<(), deepion_analysis::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Density {
    sums: Sums<DensityTotal>,
    evaluation: Evaluation,
    /// Voxels along each edge, as long as there is no frame.
    expected: [u64; 3],
    /// This rank's visits since increments were last taken; empty before the first frame.
    local: Visits,
    /// Frames since increments were last added.
    pending: u64,
    /// What was found at so many frames.
    found: RefCell<Option<(u64, Rc<Findings>)>>,
}

impl Density {
    /// # Errors
    /// Settings that cannot be right.
    pub fn new(layout: DensityLayout, evaluation: Evaluation) -> Result<Self> {
        Ok(Self::with(Sums::new(layout)?, evaluation))
    }

    /// A saved state with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this measurement, of another version, or damaged.
    pub fn open(text: &str, evaluation: Evaluation) -> Result<Self> {
        Ok(Self::with(Sums::open(text)?, evaluation))
    }

    fn with(sums: Sums<DensityTotal>, evaluation: Evaluation) -> Self {
        Self { sums, evaluation, expected: [0; 3], local: Visits::default(), pending: 0, found: RefCell::default() }
    }

    /// Looks at the box before the first frame.
    ///
    /// # Errors
    /// Where the grid would be too large.
    pub fn expect(&mut self, cell: &Cell) -> Result<()> {
        self.expected = self.sums.layout.voxels(cell)?;
        Ok(())
    }

    /// Voxels along each edge; 0 where neither a frame nor a box was seen.
    #[must_use]
    pub fn grid(&self) -> [u64; 3] {
        self.sums.total.grid().unwrap_or(self.expected)
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &DensityLayout {
        &self.sums.layout
    }

    /// How results are evaluated.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// Takes one frame.
    ///
    /// # Errors
    /// Where reference atoms were lost or added, a position is not finite, the box was flipped, or the grid is too large.
    pub fn sample(&mut self, frame: &Frame<'_>) -> Result<()> {
        debug_assert!(!self.full() || self.pending == 0, "increments of the last block were not taken");
        let Sums { layout, total, .. } = &mut self.sums;
        let Frame { cell, origin, .. } = *frame;
        let center = center(frame.located, layout)?;
        if total.samples == 0 {
            total.first = center;
        } else if unwrapping::flipped(&total.last_cell, &cell) {
            return Err(Error::Data(
                "the box was flipped, and its edges are no longer those of the grid: use flip no with fix npt or fix deform".into(),
            ));
        }
        let grid = match total.grid() {
            Some(grid) => grid,
            None => layout.voxels(&cell)?,
        };
        self.local.resize(grid.iter().product::<u64>() as usize);
        let drift: [f64; 3] = std::array::from_fn(|axis| center[axis] - total.first[axis]);
        let fractions = Fractions { cell, origin };
        // Voxels first, then visits: these lie far apart in memory, and many are then waited for together.
        let voxels = numbers("positions of ions", &frame.positions)?.chunks_exact(3).map(|r| {
            let s = fractions.of(r);
            voxel([s[0] - drift[0], s[1] - drift[1], s[2] - drift[2]], grid).map(|voxel| voxel as u32)
        });
        self.local.add(&voxels.collect::<Result<Vec<u32>>>()?)?;
        let block = total.blocks.at_most(layout.blocks as usize, total.samples, || Counts::empty(grid))?;
        block.frames += 1;
        if let Some(kelvin) = frame.kinetic_temperature {
            block.kinetic.add(kelvin)?;
            block.kinetic_frames += 1;
        }
        for (sum, value) in total.cell.iter_mut().zip(cell).chain(total.origin.iter_mut().zip(origin)) {
            sum.add(value)?;
        }
        (total.last, total.last_cell, total.temperature) = (center, cell, self.evaluation.temperature);
        total.samples += 1;
        self.pending += 1;
        Ok(())
    }

    /// The mean box of all runs, and its lower corner, A.
    pub(super) fn mean_box(&self) -> Result<(Cell, [f64; 3])> {
        let mut sums = [Lengths::default(); 9];
        for total in self.sums.totals() {
            for (sum, &more) in sums.iter_mut().zip(total.cell.iter().chain(&total.origin)) {
                sum.merge(more)?;
            }
        }
        let frames = self.sums.samples().max(1) as f64;
        let mean = sums.map(|sum| sum.value() / frames);
        Ok(([mean[0], mean[1], mean[2], mean[3], mean[4], mean[5]], [mean[6], mean[7], mean[8]]))
    }

    /// How far the reference has moved since the first frame, in fractional coordinates.
    pub(super) fn drift(&self) -> [f64; 3] {
        let DensityTotal { first, last, .. } = &self.sums.total;
        std::array::from_fn(|axis| last[axis] - first[axis])
    }

    /// Atoms beside the density, in fractional coordinates.
    pub(super) fn set_sites(&mut self, sites: Vec<Site>) {
        self.sums.total.sites = sites;
    }

    /// Everything that the visits say, found once for the same frames.
    pub(super) fn findings(&self) -> Result<Rc<Findings>> {
        let samples = self.sums.samples();
        if let Some((known, findings)) = &*self.found.borrow()
            && *known == samples
        {
            return Ok(Rc::clone(findings));
        }
        let (cell, _) = self.mean_box()?;
        let runs = self.sums.runs();
        let total = runs.total()?.unwrap_or_else(|| Counts::empty([0; 3]));
        let blocks: Vec<&Counts> = runs.full_blocks().collect();
        let findings = Rc::new(Findings::of(total, &blocks, &cell, self.temperature())?);
        *self.found.borrow_mut() = Some((samples, Rc::clone(&findings)));
        Ok(findings)
    }

    /// As given, K.
    pub(super) fn temperature(&self) -> Option<f64> {
        self.evaluation.temperature.or(self.sums.total.temperature)
    }

    fn voxels(&self) -> usize {
        self.sums.total.grid().map_or(0, |grid| grid.iter().product::<u64>() as usize)
    }
}

impl Measure for Density {
    fn take_increments(&mut self) -> Vec<i64> {
        let voxels = self.voxels();
        self.local.resize(voxels); // empty where a state was read
        // given back in one byte each
        std::mem::take(&mut self.local).in_pairs()
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        let voxels = self.voxels();
        if sum.len() != voxels.div_ceil(2) {
            return Err(Error::Internal(format!(
                "{} increments of visits, expected {}",
                sum.len(),
                voxels.div_ceil(2)
            )));
        }
        let visits = Visits::of_pairs(sum, voxels);
        let found = visits.total();
        let Sums { layout, total, .. } = &mut self.sums;
        if Some(found) != self.pending.checked_mul(layout.ions) {
            return Err(Error::Data(format!(
                "{found} positions in {} frames of {} ions: ions were lost or added",
                self.pending, layout.ions
            )));
        }
        self.pending = 0;
        self.found.take();
        if let Some(last) = total.samples.checked_sub(1) {
            let block = total.blocks.at_most(layout.blocks as usize, last, || Counts::empty([0; 3]))?;
            block.visits.add_all(&visits)?;
        }
        Ok(())
    }

    fn full(&self) -> bool {
        let Sums { layout, total, .. } = &self.sums;
        total.blocks.opens(total.samples) || (self.pending + 1).saturating_mul(layout.ions) >= MOST_PENDING
    }

    fn memory_bytes(&self) -> usize {
        let layout = &self.sums.layout;
        let blocks = self.sums.total.blocks.all();
        let widest = blocks.iter().map(|block| block.visits.width()).max().unwrap_or(1);
        let held = self.grid().iter().product::<u64>() as usize;
        // blocks that are still to come are taken to be as wide as the widest now, and so are this rank's counts and the sum of all
        let missing = (layout.blocks as usize).saturating_sub(blocks.len());
        let widths = blocks.iter().map(|block| block.visits.width()).sum::<usize>() + (missing + 2) * widest;
        held * (widths + SEARCH as usize)
    }
}

impl KeepsSums for Density {
    type Total = DensityTotal;

    fn sums(&self) -> &Sums<DensityTotal> {
        &self.sums
    }

    fn sums_mut(&mut self) -> &mut Sums<DensityTotal> {
        self.found.take();
        &mut self.sums
    }

    fn forget_increments(&mut self) {
        self.local = Visits::default();
        self.pending = 0;
    }
}
