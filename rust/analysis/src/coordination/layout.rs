// SPDX-License-Identifier: MIT
//! Settings.

use serde::{Deserialize, Serialize};

use crate::measurement::Layout;
use crate::{Error, Result};

/// More need more memory than the answer is worth.
const MOST_CUTOFFS: usize = 1000;

/// Settings that decide what the counts mean; a saved state fits only the same ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoordinationLayout {
    /// Cut-offs, A, ascending.
    pub cutoffs: Vec<f64>,
    /// Coordination numbers 0..=most have bins of their own; larger ones share one.
    pub most: u32,
    /// Time steps between samples.
    pub every: u64,
    /// Number of ions, all ranks together.
    pub ions: u64,
    /// Number of atoms that are counted where they are near, all ranks together.
    pub neighbors: u64,
}

impl Layout for CoordinationLayout {
    const STYLE: &'static str = "ion/coordination";

    fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::Settings(text));
        if self.cutoffs.is_empty() {
            return wrong("coordination needs at least one cut-off".into());
        }
        if self.cutoffs.len() > MOST_CUTOFFS {
            return wrong(format!("{} cut-offs are more than {MOST_CUTOFFS}", self.cutoffs.len()));
        }
        if let Some(cutoff) = self.cutoffs.iter().find(|cutoff| !(cutoff.is_finite() && **cutoff > 0.0)) {
            return wrong(format!("cut-off {cutoff} is no positive length"));
        }
        if let Some((one, next)) = self.cutoffs.iter().zip(&self.cutoffs[1..]).find(|(one, next)| one >= next) {
            return wrong(format!("cut-offs must ascend, and {one} comes before {next}"));
        }
        if !(1..=1000).contains(&self.most) {
            return wrong(format!("largest coordination number {} is not between 1 and 1000", self.most));
        }
        if self.every == 0 {
            return wrong("samples must be at least one time step apart".into());
        }
        if self.ions == 0 {
            return wrong("the group of ions is empty".into());
        }
        Ok(())
    }
}
