// SPDX-License-Identifier: MIT
//! Where the time of a step goes.

use std::time::Instant;

/// Seconds of worker threads in the parts of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Times {
    /// Sorting neighbor lists and finding who is within the cutoff.
    pub neighbors: f64,
    /// Distances to places in tables and rows of the environment matrix; running embedding nets where there are no tables.
    pub environment: f64,
    /// From rows to the fitting nets' input, and back from its gradient.
    pub descriptor: f64,
    /// Fitting nets.
    pub fitting: f64,
    /// Forces of pairs, and adding up.
    pub scatter: f64,
}

impl Times {
    /// Adds other times.
    pub fn add(&mut self, other: &Self) {
        self.neighbors += other.neighbors;
        self.environment += other.environment;
        self.descriptor += other.descriptor;
        self.fitting += other.fitting;
        self.scatter += other.scatter;
    }

    /// The parts with their names, in the order of a step.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, f64); 5] {
        [
            ("neighbors", self.neighbors),
            ("environment", self.environment),
            ("descriptor", self.descriptor),
            ("fitting nets", self.fitting),
            ("scatter", self.scatter),
        ]
    }
}

/// Time since it was started or last read.
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Adds the seconds since the last reading.
    pub fn lap(&mut self, to: &mut f64) {
        let now = Instant::now();
        *to += now.duration_since(self.0).as_secs_f64();
        self.0 = now;
    }
}
