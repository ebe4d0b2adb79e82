// SPDX-License-Identifier: MIT
//! What the guards saw during a run: too many neighbors for `sel`, pairs closer than the model can know.

use crate::configuration::Configuration;
use crate::model::Model;

/// A center with more neighbors of a type than `sel`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overflow {
    /// Index of the center.
    pub center: usize,
    /// Cutoff, A.
    pub rcut: f64,
    /// Neighbor type; none: all together.
    pub neighbor_type: Option<usize>,
    /// Neighbors within the cutoff.
    pub found: usize,
    /// As many as the model keeps.
    pub kept: usize,
}

impl Overflow {
    /// One sentence for a message.
    #[must_use]
    pub fn describe(&self, model: &Model, conf: &Configuration) -> String {
        let element = self.neighbor_type.map_or(String::new(), |t| format!("{} ", model.contract.type_map[t]));
        format!(
            "{} has {} {element}neighbors within {} A, but the model keeps sel = {}",
            conf.name(self.center),
            self.found,
            self.rcut,
            self.kept
        )
    }
}

/// A pair closer than the model can know ([`closest_pair`](crate::contract::Contract::closest_pair)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosePair {
    /// Index of the center.
    pub i: usize,
    /// Index of the neighbor.
    pub j: usize,
    /// Distance, A.
    pub r: f64,
}

/// Counts of sightings, with the worst of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sightings {
    /// Number of overflows.
    pub overflows: usize,
    /// The one with the most neighbors.
    pub worst_overflow: Option<Overflow>,
    /// Number of close pairs.
    pub close_pairs: usize,
    /// The closest.
    pub closest: Option<ClosePair>,
}

impl Sightings {
    /// Takes note of an overflow.
    pub fn overflow(&mut self, seen: Overflow) {
        self.overflows += 1;
        if self.worst_overflow.is_none_or(|worst| seen.found > worst.found) {
            self.worst_overflow = Some(seen);
        }
    }

    /// Takes note of a close pair.
    pub fn close(&mut self, seen: ClosePair) {
        self.close_pairs += 1;
        if self.closest.is_none_or(|closest| seen.r < closest.r) {
            self.closest = Some(seen);
        }
    }

    /// Adds what another part of the same configuration saw.
    pub fn merge(&mut self, other: &Self) {
        let (overflows, close_pairs) = (self.overflows + other.overflows, self.close_pairs + other.close_pairs);
        if let Some(seen) = other.worst_overflow {
            self.overflow(seen);
        }
        if let Some(seen) = other.closest {
            self.close(seen);
        }
        (self.overflows, self.close_pairs) = (overflows, close_pairs);
    }
}
