// SPDX-License-Identifier: MIT
//! Sums over some frames.

use serde::{Deserialize, Serialize};

use super::clusters::Kind;
use super::layout::PolyhedraLayout;
use crate::blocks::add_count;
use crate::{Exact, Merge, Result};

/// Sum of Legendre polynomials: resolution 1e-12.
pub(super) type Legendre = Exact<40>;

/// Ligands of a center that are told apart: the last number stands for more, too.
pub(super) const MOST_LIGANDS: usize = 9;
/// Centers of a ligand: the last number stands for more, too.
pub(super) const MOST_SHARED: usize = 3;
/// Kinds of clusters that there can be: of up to 4 centers with so many ligands that no list of them is longer.
const MOST_KINDS: usize = 4096;

/// Sums at one lag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LagSums {
    /// Bonds at origins.
    pub bonds: u64,
    /// Of these, those that are there at the end of the lag.
    pub kept: u64,
    /// Sum over those of P1 and P2 of the cosine between both directions.
    pub(super) p1: Legendre,
    pub(super) p2: Legendre,
}

/// A kind of cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Species {
    /// Which one.
    pub kind: Kind,
    /// Clusters in all frames.
    pub number: u64,
    /// Centers in them.
    pub centers: u64,
    /// Clusters in the frames before others.
    pub watched: u64,
    /// Of these, those that were not there in the next frame.
    pub ended: u64,
}

/// Sums over some frames. Integers: sums over frames, ranks and blocks are exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frames {
    /// Frames.
    pub frames: u64,
    /// Bonds in all frames.
    pub bonds: u64,
    /// Bonds in the frames before others, and of these, those that were not there in the next frame.
    pub watched: u64,
    /// Broken bonds.
    pub broken: u64,
    /// Ligands with 0, 1, 2, 3 or more centers.
    pub ligands: [u64; MOST_SHARED + 1],
    /// Centers with 0, 1, ... 9 or more ligands.
    pub centers: [u64; MOST_LIGANDS + 1],
    /// Kinds of clusters, in their order.
    pub species: Vec<Species>,
    /// Rotation at each lag.
    pub lags: Vec<LagSums>,
}

impl Frames {
    /// No frames yet.
    #[must_use]
    pub fn empty(lags: usize) -> Self {
        Self {
            frames: 0,
            bonds: 0,
            watched: 0,
            broken: 0,
            ligands: Default::default(),
            centers: Default::default(),
            species: Vec::new(),
            lags: vec![LagSums::default(); lags],
        }
    }

    /// Whether a saved one is whole.
    pub(super) fn fits(&self, layout: &PolyhedraLayout) -> bool {
        let sum = |counts: &[u64]| counts.iter().try_fold(0u64, |sum, &count| sum.checked_add(count));
        let ordered = self.species.windows(2).all(|two| two[0].kind < two[1].kind);
        let whole = |one: &Species| one.ended <= one.watched && one.number <= one.centers;
        self.lags.len() == layout.lags().count()
            && self.lags.iter().all(|lag| lag.kept <= lag.bonds)
            && ordered
            && self.species.len() <= MOST_KINDS
            && self.species.iter().all(whole)
            && self.broken <= self.watched
            && sum(&self.ligands).is_some_and(|found| Some(found) == self.frames.checked_mul(layout.ligands))
            && sum(&self.centers).is_some_and(|found| Some(found) == self.frames.checked_mul(layout.centers))
    }

    /// A kind of cluster, a new one with sums of 0.
    pub(super) fn of_kind(&mut self, kind: Kind) -> &mut Species {
        let place = self.species.binary_search_by_key(&kind, |one| one.kind);
        let place = place.unwrap_or_else(|place| {
            self.species.insert(place, Species { kind, number: 0, centers: 0, watched: 0, ended: 0 });
            place
        });
        &mut self.species[place]
    }
}

impl Merge for Frames {
    fn merge(&mut self, other: &Self) -> Result<()> {
        let counts = [
            (&mut self.frames, other.frames),
            (&mut self.bonds, other.bonds),
            (&mut self.watched, other.watched),
            (&mut self.broken, other.broken),
        ];
        for (count, more) in counts {
            add_count(count, more)?;
        }
        let lists = self.ligands.iter_mut().zip(&other.ligands).chain(self.centers.iter_mut().zip(&other.centers));
        for (count, &more) in lists {
            add_count(count, more)?;
        }
        for more in &other.species {
            let one = self.of_kind(more.kind);
            add_count(&mut one.number, more.number)?;
            add_count(&mut one.centers, more.centers)?;
            add_count(&mut one.watched, more.watched)?;
            add_count(&mut one.ended, more.ended)?;
        }
        for (lag, more) in self.lags.iter_mut().zip(&other.lags) {
            add_count(&mut lag.bonds, more.bonds)?;
            add_count(&mut lag.kept, more.kept)?;
            lag.p1.merge(more.p1)?;
            lag.p2.merge(more.p2)?;
        }
        Ok(())
    }
}
