// SPDX-License-Identifier: MIT
//! Everything of a run that is saved.

use serde::{Deserialize, Serialize};

use super::distinct::Cell;
use super::layout::VanHoveLayout;
use super::sums::Displaced;
use crate::Blocks;
use crate::measurement::Total;

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VanHoveTotal {
    /// Samples taken.
    pub samples: u64,
    /// Sums of displacements.
    pub blocks: Blocks<Displaced>,
    /// Box of the distinct part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<Cell>,
}

impl Total for VanHoveTotal {
    type Layout = VanHoveLayout;
    type Block = Displaced;

    fn empty(_: &VanHoveLayout) -> Self {
        Self::default()
    }

    fn samples(&self) -> u64 {
        self.samples
    }

    fn blocks(&self) -> &Blocks<Displaced> {
        &self.blocks
    }

    fn fits(&self, layout: &VanHoveLayout) -> bool {
        self.blocks.all().iter().all(|block| block.fits(layout))
    }
}
