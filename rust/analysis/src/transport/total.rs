// SPDX-License-Identifier: MIT
//! Everything of a run that is saved.

use serde::{Deserialize, Serialize};

use super::layout::TransportLayout;
use super::moments::{Average, Moments};
use super::spectrum::Series;
use crate::Blocks;
use crate::measurement::Total;
use crate::motion::ION_GROUPS;

/// Everything that is the same on all ranks, and saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransportTotal {
    /// Samples taken.
    pub samples: u64,
    /// Sums of displacements.
    pub blocks: Blocks<Moments>,
    /// Sum of all ions' positions at the places of [`super::Lags`], places x 3.
    pub collective: Vec<f64>,
    /// The same for each species but the first, species x places x 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub species: Vec<f64>,
    /// The path of the charge: the summed position of all ions, times charges where there are several species.
    #[serde(default)]
    pub series: Series,
    /// Ions in each group.
    pub group_ions: [u64; ION_GROUPS],
    /// Sum over samples of the volume.
    pub volume: Average,
    /// Sum over samples of the temperature that the user gave.
    pub temperature: Average,
    /// Samples that came with such a temperature.
    pub thermal_samples: u64,
    /// Samples since which D is known as well as [`super::Transport::enough`] asks for, without a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_since: Option<u64>,
}

impl Total for TransportTotal {
    type Layout = TransportLayout;
    type Block = Moments;

    fn empty(layout: &TransportLayout) -> Self {
        Self {
            samples: 0,
            blocks: Blocks::default(),
            collective: vec![0.0; 3 * layout.lags().places()],
            species: vec![0.0; others(layout) * 3 * layout.lags().places()],
            series: Series::default(),
            group_ions: [0; ION_GROUPS],
            volume: Average::default(),
            temperature: Average::default(),
            thermal_samples: 0,
            known_since: None,
        }
    }

    fn samples(&self) -> u64 {
        self.samples
    }

    fn blocks(&self) -> &Blocks<Moments> {
        &self.blocks
    }

    fn fits(&self, layout: &TransportLayout) -> bool {
        let lags = layout.lags();
        let ions: Option<u64> = self.group_ions.iter().try_fold(0u64, |sum, &ions| sum.checked_add(ions));
        self.collective.len() == 3 * lags.places()
            && self.species.len() == others(layout) * self.collective.len()
            && self.collective.iter().chain(&self.species).all(|position| position.is_finite())
            && self.series.fits(self.samples)
            && self.thermal_samples <= self.samples
            && self.known_since.is_none_or(|since| since <= self.samples)
            && (self.samples == 0 || ions == Some(layout.ions))
            && self.blocks.all().iter().all(|block| block.fits(lags.count(), layout.species.len()))
    }
}

/// Species besides the ions.
fn others(layout: &TransportLayout) -> usize {
    layout.species.len().saturating_sub(1)
}
