// SPDX-License-Identifier: MIT
//! Bonds of many frames.

use std::cell::RefCell;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::bonds::{Bond, Candidates, in_both};
use super::clusters::{Cluster, clusters};
use super::frames::{Frames, LagSums, Legendre, MOST_LIGANDS, MOST_SHARED};
use super::layout::PolyhedraLayout;
use super::results::Found;
use crate::exact::LIMBS;
use crate::measurement::{KeepsSums, Layout as _, Measure, Sums, Total};
use crate::motion::Lags;
use crate::{Blocks, Error, MOST_BLOCKS, Result};

/// Integers of a lag on their way through an `MPI_SUM`.
const OF_LAG: usize = 1 + 2 * LIMBS;

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolyhedraTotal {
    /// Frames.
    pub samples: u64,
    /// Bonds of the last frame.
    bonds: Vec<Bond>,
    /// Clusters of the last frame.
    clusters: Vec<Cluster>,
    /// Bonds at past origins.
    places: Vec<Vec<Bond>>,
    /// Sums.
    blocks: Blocks<Frames>,
}

impl Total for PolyhedraTotal {
    type Layout = PolyhedraLayout;
    type Block = Frames;

    fn empty(layout: &PolyhedraLayout) -> Self {
        let places = vec![Vec::new(); layout.lags().places()];
        Self { samples: 0, bonds: Vec::new(), clusters: Vec::new(), places, blocks: Blocks::default() }
    }

    fn samples(&self) -> u64 {
        self.samples
    }

    fn blocks(&self) -> &Blocks<Frames> {
        &self.blocks
    }

    fn fits(&self, layout: &PolyhedraLayout) -> bool {
        let frames = self.blocks.all().iter().try_fold(0u64, |sum, block| sum.checked_add(block.frames));
        frames == Some(self.samples)
            && self.places.len() == layout.lags().places()
            && self.clusters.len() as u64 <= layout.centers
            && self.blocks.all().iter().all(|block| block.fits(layout))
    }
}

/// Rotation of units, speciation and lifetimes. Every rank knows all bonds; the sums of rotation are shared out among ranks by center.
///
/// ```
/// use deepion_analysis::polyhedra::{Polyhedra, PolyhedraLayout, near};
/// use deepion_analysis::rdf::Pairs;
/// use deepion_analysis::{Measure, Report};
///
/// let (made, broken, lags_per_level, levels, every, timestep_ps) = (2.4, 2.8, 4, 2, 1, 0.5);
/// let (centers, ligands, names) = (1, 1, ["P".into(), "S".into()]);
/// let layout = PolyhedraLayout { made, broken, lags_per_level, levels, every, timestep_ps, centers, ligands, names };
/// let mut polyhedra = Polyhedra::new(layout)?;
/// for angle in [0.0, 0.3, 0.6f64] {
///     let positions = ndarray::arr2(&[[0.0, 0.0, 0.0], [2.0 * angle.cos(), 2.0 * angle.sin(), 0.0]]);
///     let pairs = Pairs { positions: positions.view(), centers: &[0], offsets: &[0, 1], neighbors: &[1] };
///     let rows = near(&pairs, &[1, 2], 2.4, 2.8)?; // those of all ranks, one after the other
///     polyhedra.sample(&rows, 0, 1)?;
///     let increments = polyhedra.take_increments(); // those of all ranks are to be added
///     polyhedra.add_increments(&increments)?;
/// }
/// assert!((polyhedra.thermo()?.array[1][1] - 0.6f64.cos()).abs() < 1e-5); // C_1 two samples later
/// # Ok::<(), deepion_analysis::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Polyhedra {
    sums: Sums<PolyhedraTotal>,
    lags: Lags,
    /// This rank's sums of rotation since increments were last taken; `bonds` is not used.
    local: Vec<LagSums>,
    /// Frames since increments were last added.
    pending: u64,
    /// What was found since then.
    pub(super) found: RefCell<Option<Rc<Found>>>,
}

impl Polyhedra {
    /// # Errors
    /// Settings that cannot be right.
    pub fn new(layout: PolyhedraLayout) -> Result<Self> {
        Ok(Self::with(Sums::new(layout)?))
    }

    /// A saved state with the settings it was made with.
    ///
    /// # Errors
    /// Where it is no state of this measurement, of another version, or damaged.
    pub fn open(text: &str) -> Result<Self> {
        Ok(Self::with(Sums::open(text)?))
    }

    fn with(sums: Sums<PolyhedraTotal>) -> Self {
        let lags = sums.layout.lags();
        Self { local: vec![LagSums::default(); lags.count()], sums, lags, pending: 0, found: RefCell::default() }
    }

    /// Settings.
    #[must_use]
    pub fn layout(&self) -> &PolyhedraLayout {
        &self.sums.layout
    }

    /// Takes one frame: the rows that [`super::near`] found on all ranks, in any order, the same on all of them. This is rank number `rank`
    /// of `ranks`.
    ///
    /// # Errors
    /// Where centers were lost or added, or the box is too small.
    pub fn sample(&mut self, rows: &[i64], rank: usize, ranks: usize) -> Result<()> {
        debug_assert!(!self.full() || self.pending == 0, "increments of the last block were not taken");
        let Sums { layout, total, .. } = &mut self.sums;
        let candidates = Candidates::new(rows)?;
        if candidates.centers.len() as u64 != layout.centers {
            return Err(Error::Data(format!(
                "{} centers now, {} when the measurement began: the same atoms are needed throughout",
                candidates.centers.len(),
                layout.centers
            )));
        }
        let bonds = candidates.bonds(&total.bonds);
        let now = clusters(&candidates.centers, &bonds);
        let sample = total.samples;
        let block = total.blocks.at(sample, || Frames::empty(self.lags.count()))?;
        count(block, layout, &bonds, &now)?;
        if sample > 0 {
            follow(block, &total.bonds, &bonds, &total.clusters, &now);
        }
        let mine = |bond: &Bond| bond.center.rem_euclid(ranks.max(1) as i64) as usize == rank;
        let mut cosines = Vec::with_capacity(bonds.len());
        for pair in self.lags.pairings(sample) {
            let past = &total.places[pair.place];
            block.lags[pair.lag].bonds += past.len() as u64;
            cosines.clear();
            in_both(past, &bonds, |old, new| {
                if mine(old) {
                    cosines.push(old.cosine(new));
                }
            });
            self.local[pair.lag].add(&mut cosines)?;
        }
        self.lags.keeps(sample, |place| total.places[place].clone_from(&bonds));
        (total.bonds, total.clusters) = (bonds, now);
        total.samples += 1;
        self.pending += 1;
        self.found.take();
        Ok(())
    }
}

impl LagSums {
    /// Adds P1 and P2 of the angles that bonds have turned by, whose cosines become something else.
    fn add(&mut self, cosines: &mut [f64]) -> Result<()> {
        self.kept += cosines.len() as u64;
        self.p1.add_all(cosines)?;
        for cosine in cosines.iter_mut() {
            *cosine = 1.5 * *cosine * *cosine - 0.5;
        }
        self.p2.add_all(cosines)
    }
}

/// What there is in a frame.
fn count(block: &mut Frames, layout: &PolyhedraLayout, bonds: &[Bond], now: &[Cluster]) -> Result<()> {
    block.frames += 1;
    block.bonds += bonds.len() as u64;
    let mut bonded = 0;
    for some in bonds.chunk_by(|a, b| a.center == b.center) {
        block.centers[some.len().min(MOST_LIGANDS)] += 1;
        bonded += 1;
    }
    block.centers[0] += layout.centers - bonded;
    let mut ligands: Vec<i64> = bonds.iter().map(|bond| bond.ligand).collect();
    ligands.sort_unstable();
    let mut bonded = 0u64;
    for some in ligands.chunk_by(|a, b| a == b) {
        block.ligands[some.len().min(MOST_SHARED)] += 1;
        bonded += 1;
    }
    block.ligands[0] += layout
        .ligands
        .checked_sub(bonded)
        .ok_or_else(|| Error::Data(format!("{bonded} ligands have bonds, but there are {} only", layout.ligands)))?;
    for cluster in now {
        let one = block.of_kind(cluster.kind);
        one.number += 1;
        one.centers += u64::from(cluster.size);
    }
    Ok(())
}

/// What has become of the frame before.
fn follow(block: &mut Frames, old: &[Bond], new: &[Bond], before: &[Cluster], now: &[Cluster]) {
    let mut kept = 0;
    in_both(old, new, |_, _| kept += 1);
    block.watched += old.len() as u64;
    block.broken += old.len() as u64 - kept;
    for cluster in before {
        let there = now.binary_search_by_key(&cluster.identity, |other| other.identity).is_ok();
        let one = block.of_kind(cluster.kind);
        one.watched += 1;
        one.ended += u64::from(!there);
    }
}

impl Measure for Polyhedra {
    fn set_timestep(&mut self, timestep_ps: f64) -> Result<()> {
        if self.sums.total.samples > 0 {
            return Err(Error::Settings("the time step cannot change: lags would mean other times".into()));
        }
        self.sums.layout.timestep_ps = timestep_ps;
        self.found.take();
        self.sums.layout.check()
    }

    fn take_increments(&mut self) -> Vec<i64> {
        let mut increments = Vec::with_capacity(self.local.len() * OF_LAG);
        for lag in &mut self.local {
            increments.push(lag.kept as i64);
            increments.extend(lag.p1.limbs());
            increments.extend(lag.p2.limbs());
            *lag = LagSums::default();
        }
        increments
    }

    fn add_increments(&mut self, sum: &[i64]) -> Result<()> {
        let expected = self.lags.count() * OF_LAG;
        if sum.len() != expected {
            return Err(Error::Internal(format!("{} increments of rotation, expected {expected}", sum.len())));
        }
        let total = &mut self.sums.total;
        self.pending = 0;
        self.found.take();
        if let Some(last) = total.samples.checked_sub(1) {
            let block = total.blocks.at(last, || Frames::empty(self.lags.count()))?;
            for (lag, limbs) in block.lags.iter_mut().zip(sum.chunks_exact(OF_LAG)) {
                lag.kept += limbs[0] as u64;
                lag.p1.merge(Legendre::from_limbs(&limbs[1..=LIMBS])?)?;
                lag.p2.merge(Legendre::from_limbs(&limbs[1 + LIMBS..])?)?;
            }
        }
        Ok(())
    }

    fn full(&self) -> bool {
        self.sums.total.blocks.opens(self.sums.total.samples)
    }

    fn memory_bytes(&self) -> usize {
        let total = &self.sums.total;
        // as many bonds as now, or four for each center before the first frame
        let bonds = if total.samples > 0 { total.bonds.len() } else { 4 * self.layout().centers as usize };
        let clusters = self.layout().centers as usize * size_of::<Cluster>();
        size_of::<Bond>() * bonds * (total.places.len() + 1)
            + clusters
            + size_of::<LagSums>() * self.local.len() * (MOST_BLOCKS + 1)
    }
}

impl KeepsSums for Polyhedra {
    type Total = PolyhedraTotal;

    fn sums(&self) -> &Sums<PolyhedraTotal> {
        &self.sums
    }

    fn sums_mut(&mut self) -> &mut Sums<PolyhedraTotal> {
        self.found.take();
        &mut self.sums
    }

    fn forget_increments(&mut self) {
        self.local.fill(LagSums::default());
        self.pending = 0;
    }
}
