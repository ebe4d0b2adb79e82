// SPDX-License-Identifier: MIT
//! Trajectories whose mean-square displacement is known.

#![allow(dead_code, clippy::unwrap_used)] // each test file uses a part

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Normal};

/// Unwrapped positions of one sample, A.
pub struct Frame {
    pub ions: Vec<[f64; 3]>,
    pub framework: Vec<[f64; 3]>,
}

impl Frame {
    /// Ions where `place` says, no framework.
    pub fn moving(ions: usize, place: impl Fn(usize) -> [f64; 3]) -> Self {
        Self { ions: (0..ions).map(place).collect(), framework: Vec::new() }
    }
}

/// Random walks with Gaussian steps of `step` A per axis and sample; framework atoms rattle; everything drifts.
#[derive(Clone, Copy)]
pub struct Walk {
    pub ions: usize,
    pub framework: usize,
    pub step: f64,
    pub drift: [f64; 3],
    pub seed: u64,
}

impl Walk {
    pub fn frames(&self, count: usize) -> Vec<Frame> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let normal = Normal::new(0.0, self.step).unwrap();
        let mut place = || [0; 3].map(|_| random.random_range(-20.0..20.0));
        let mut ions: Vec<[f64; 3]> = (0..self.ions).map(|_| place()).collect();
        let sites: Vec<[f64; 3]> = (0..self.framework).map(|_| place()).collect();
        (0..count)
            .map(|sample| {
                let shift = self.drift.map(|drift| drift * sample as f64);
                let shifted = |r: &[f64; 3]| [r[0] + shift[0], r[1] + shift[1], r[2] + shift[2]];
                let frame = Frame {
                    ions: ions.iter().map(shifted).collect(),
                    framework: sites
                        .iter()
                        .map(|r| shifted(&r.map(|c| c + 0.1 * normal.sample(&mut random))))
                        .collect(),
                };
                ions.iter_mut().flatten().for_each(|c| *c += normal.sample(&mut random));
                frame
            })
            .collect()
    }
}

/// Overdamped ions in harmonic cages: relaxation time of 5 samples.
pub fn caged(ions: usize, count: usize) -> Vec<Frame> {
    let mut random = StdRng::seed_from_u64(9);
    let normal = Normal::new(0.0, 0.1).unwrap();
    let mut places = vec![[0.0f64; 3]; ions];
    (0..count)
        .map(|_| {
            places.iter_mut().flatten().for_each(|c| *c = 0.8 * *c + normal.sample(&mut random));
            Frame { ions: places.clone(), framework: Vec::new() }
        })
        .collect()
}
