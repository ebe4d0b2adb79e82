// SPDX-License-Identifier: MIT
//! Whether D is known well enough for a run to end.
//!
//! A run that ends as soon as an error looks small ends when it looks small by chance, and D is then too large: a slope from a start too
//! early has a small error. So several things must hold together, and go on to hold.

use super::diffusion::Diffusion;
use super::measure::Transport;
use crate::Result;
use crate::measurement::KeepsSums as _;

/// The run is at least this many times as long as the start of the window.
const STARTS: f64 = 20.0;
/// Hops that last, of all ions, at least.
const HOPS: f64 = 100.0;
/// A difference of slopes that is as likely as this by chance is none.
const CHANCE: f64 = 0.05;
/// A change of the slope by this many times the goal would have been seen.
const POWER: f64 = 2.0;
/// Everything has held since the run was shorter by this factor.
const LONGER: f64 = 1.3;

impl Diffusion {
    /// What is missing for a D that can be relied on to the relative error `goal`, after a run of `run` ps; `None`: nothing.
    #[must_use]
    pub fn missing(&self, goal: f64, run: f64) -> Option<&'static str> {
        let relative = self.own.relative().filter(|_| self.own.value > 0.0);
        let start = self.stationary.as_ref();
        let missing = [
            (relative.is_none_or(|relative| relative > goal), "the error of D is larger"),
            (run < STARTS * self.window.0, "the run is shorter than 20 times the start of the window"),
            (self.hops * HOPS > 1.0, "there were fewer than 100 hops that last"),
            (start.is_some_and(|start| start.p < CHANCE), "the slope still changes"),
            (
                start.is_some_and(|start| start.power > POWER * goal),
                "a change of the slope by twice the error asked for would not have been seen",
            ),
        ];
        missing.into_iter().find_map(|(is, what)| is.then_some(what))
    }
}

impl Transport {
    /// Why the run may end, in a line for the log: D is known to the relative error `goal`, nothing is [`Diffusion::missing`], and that
    /// has been so since the run was shorter by a factor of 1.3. `None`: go on.
    ///
    /// # Errors
    /// Where a sum leaves its range.
    pub fn enough(&mut self, goal: f64) -> Result<Option<String>> {
        let findings = self.findings()?;
        let samples = self.sums().total.samples;
        let run = samples as f64 * self.layout().interval();
        let found = findings.found.filter(|found| found.missing(goal, run).is_none());
        let known = &mut self.sums_mut().total.known_since;
        let Some(found) = found else {
            *known = None;
            return Ok(None);
        };
        let since = *known.get_or_insert(samples);
        let relative = found.own.relative().unwrap_or(f64::INFINITY);
        Ok((samples as f64 >= LONGER * since as f64).then(|| {
            format!(
                "D is known to {:.1} % (until {goal}) since {since} of {samples} samples, the slope is constant and hops are enough: the run ends",
                100.0 * relative
            )
        }))
    }
}
