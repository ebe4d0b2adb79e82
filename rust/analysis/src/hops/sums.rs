// SPDX-License-Identifier: MIT
//! Hops of a stretch of the run.

use serde::{Deserialize, Serialize};

use super::detector::Hop;
use super::layout::HopsLayout;
use super::residence;
use crate::blocks::add_count;
use crate::exact::LIMBS;
use crate::{Error, Exact, Merge, Result};

/// Sum of lengths, A: resolution 1e-18, range 1e20.
pub type Lengths = Exact<60>;

/// Counts over samples and ions; a hop belongs to the sample that ends it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// Samples with a whole window.
    pub frames: u64,
    /// Hops.
    pub hops: u64,
    /// Excursions.
    pub excursions: u64,
    /// Hops of ions that had hopped before, and how many of these returned.
    pub followers: u64,
    /// The same.
    pub returns: u64,
    /// Sum of the times since the hop before, samples.
    pub residence: u64,
    /// Sum of the lengths.
    pub length: Lengths,
    /// Hops in each shell of lengths.
    pub lengths: Vec<u64>,
    /// Times since the hop before in each shell, ten to a decade.
    pub residences: Vec<u64>,
}

/// Numbers of an increment that are no lists.
const PLAIN: usize = 5;

impl Counted {
    /// Nothing yet.
    #[must_use]
    pub fn empty(layout: &HopsLayout) -> Self {
        Self {
            lengths: vec![0; layout.bins as usize],
            residences: vec![0; residence::edges().len()],
            ..Self::default()
        }
    }

    /// Whether all lists have the lengths that `layout` asks for.
    #[must_use]
    pub fn fits(&self, layout: &HopsLayout) -> bool {
        self.lengths.len() as u64 == layout.bins
            && self.residences.len() == residence::edges().len()
            && self.returns <= self.followers
            && self.followers <= self.hops
    }

    /// Adds a hop; `edges`: those of residence times.
    ///
    /// # Errors
    /// Where a length is not finite.
    pub fn add_hop(&mut self, hop: &Hop, layout: &HopsLayout, edges: &[u64]) -> Result<()> {
        let length = hop.length();
        self.hops += 1;
        self.length.add(length)?;
        let bin = length / layout.width();
        if bin < layout.bins as f64 {
            self.lengths[bin as usize] += 1;
        }
        if let Some((samples, distance)) = hop.before {
            self.followers += 1;
            self.returns += u64::from(distance < layout.back);
            self.residence += samples;
            self.residences[residence::shell(edges, samples)] += 1;
        }
        Ok(())
    }

    /// Integers that stand for what one rank adds; frames are the same on all.
    #[must_use]
    pub fn increments(&self) -> Vec<i64> {
        let plain = [self.hops, self.excursions, self.followers, self.returns, self.residence];
        let counts = plain.iter().chain(&self.lengths).chain(&self.residences).map(|&count| count as i64);
        counts.chain(self.length.limbs()).collect()
    }

    /// Adds the sum over ranks of [`Counted::increments`].
    ///
    /// # Errors
    /// Where these are others, or a sum leaves its range.
    pub fn add(&mut self, sum: &[i64]) -> Result<()> {
        let (lengths, residences) = (self.lengths.len(), self.residences.len());
        let expected = PLAIN + lengths + residences + LIMBS;
        if sum.len() != expected {
            return Err(Error::Internal(format!("{} increments of hops, expected {expected}", sum.len())));
        }
        let (counts, limbs) = sum.split_at(expected - LIMBS);
        let plain = [&mut self.hops, &mut self.excursions, &mut self.followers, &mut self.returns, &mut self.residence];
        let all = plain.into_iter().chain(&mut self.lengths).chain(&mut self.residences);
        all.zip(counts).try_for_each(|(count, &more)| add_count(count, more as u64))?;
        self.length.merge(Exact::from_limbs(limbs)?)
    }
}

impl Merge for Counted {
    fn merge(&mut self, other: &Self) -> Result<()> {
        add_count(&mut self.frames, other.frames)?;
        self.add(&other.increments())
    }

    fn telling(&self) -> bool {
        self.hops > 0 || self.excursions > 0
    }
}
