// SPDX-License-Identifier: MIT
//! Motions whose diffusion coefficient is known, sample by sample. Interval 1, lengths without a unit.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};

/// A kind of motion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A random walk.
    Free,
    /// A random walk and, on top of it, rattling that is forgotten within 2 samples: MSD = 3 (t + 10) at long times.
    Rattling,
    /// A random walk with rattling of three relaxation times (2, 8, 32): a cage with a long memory.
    Slow,
    /// Hops on a lattice, four of five of which are taken back soon, and rattling.
    Hops,
    /// A lattice gas: ions that exclude each other hop on sites, three in four of which are taken, and rattle.
    Gas,
}

impl Kind {
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Free, Self::Rattling, Self::Slow, Self::Hops, Self::Gas];
        all.into_iter().find(|kind| format!("{kind:?}").eq_ignore_ascii_case(name))
    }

    /// D in units of length^2 per sample, of so many ions.
    pub fn diffusion(self, ions: usize) -> f64 {
        match self {
            Self::Free | Self::Rattling | Self::Slow => 0.5,
            Self::Hops => STEP * STEP / (6.0 * 300.0),
            Self::Gas => correlation(ions) * self.collective(ions),
        }
    }

    /// Collective D. Jumps of a gas on a lattice have no memory in their sum: each ion tries [`ATTEMPTS`] jumps of length 1 a sample, and
    /// finds a site free with the part of sites that is free, one ion being on its own.
    pub fn collective(self, ions: usize) -> f64 {
        match self {
            Self::Free | Self::Rattling | Self::Slow | Self::Hops => self.diffusion(ions),
            Self::Gas => {
                let sites = box_of(ions).iter().product::<usize>() as f64;
                ATTEMPTS / 6.0 * (sites - ions as f64) / (sites - 1.0)
            }
        }
    }

    /// Samples after which the slope of the MSD stays constant within 5 %: the cage time.
    pub fn cage(self) -> f64 {
        match self {
            Self::Free | Self::Rattling => 10.0,
            Self::Slow => 100.0,
            Self::Hops => 60.0,
            Self::Gas => 20.0,
        }
    }
}

/// Jumps that an ion of [`Kind::Gas`] tries in a sample.
const ATTEMPTS: f64 = 0.5;

/// Self over collective D of [`Kind::Gas`], which has no closed form, and depends on the size of the lattice: from 4 runs of 400,000
/// samples with 36 ions (to 0.1 %), 3 of 40,000 with 600 (to 0.1 %).
fn correlation(ions: usize) -> f64 {
    match ions {
        36 => 0.7795,
        600 => 0.7598,
        _ => f64::NAN,
    }
}

/// Edges of the lattice for so many ions: the one nearest to a cube three in four of whose sites they take.
fn box_of(ions: usize) -> [usize; 3] {
    let sites = (4 * ions).div_ceil(3);
    let edge = (sites as f64).cbrt().round() as usize;
    let rest = sites.div_ceil(edge * edge);
    [edge, edge, rest]
}

/// Ions in motion.
pub struct Walk {
    kind: Kind,
    random: StdRng,
    ions: Vec<Ion>,
    sites: Vec<u32>,
    edges: [usize; 3],
}

#[derive(Clone, Default)]
struct Ion {
    place: [f64; 3],
    rattle: [[f64; 3]; 3],
    excited: bool,
    axis: usize,
    sign: f64,
    next: f64,
    site: usize,
}

impl Walk {
    pub fn new(kind: Kind, count: usize, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut ions = vec![Ion::default(); count];
        let edges = box_of(count);
        let mut sites = Vec::new();
        if kind == Kind::Gas {
            sites = vec![u32::MAX; edges.iter().product()];
            for (k, ion) in ions.iter_mut().enumerate() {
                loop {
                    let site = random.random_range(0..sites.len());
                    if sites[site] == u32::MAX {
                        sites[site] = k as u32;
                        ion.site = site;
                        break;
                    }
                }
            }
        }
        for ion in &mut ions {
            for (k, rattle) in ion.rattle.iter_mut().enumerate() {
                let width = kind.rattling()[k].0;
                for c in rattle {
                    *c = width * normal(&mut random);
                }
            }
            if kind == Kind::Hops {
                ion.excited = random.random::<f64>() < 1.0 / 6.0;
                ion.axis = random.random_range(0..3);
                ion.sign = if random.random::<bool>() { 1.0 } else { -1.0 };
                ion.next = waiting(&mut random) * if ion.excited { 10.0 } else { 50.0 };
            }
        }
        Self { kind, random, ions, sites, edges }
    }

    /// Writes the positions of this sample, three for each ion, and moves on.
    pub fn sample(&mut self, time: usize, positions: &mut [f64]) {
        let rattling = self.kind.rattling();
        let random = &mut self.random;
        for (ion, position) in self.ions.iter_mut().zip(positions.chunks_exact_mut(3)) {
            if self.kind == Kind::Hops {
                ion.hop(time as f64, random);
            }
            for axis in 0..3 {
                position[axis] = ion.place[axis];
                for (rattle, (width, memory)) in ion.rattle.iter_mut().zip(rattling) {
                    if width > 0.0 {
                        position[axis] += rattle[axis];
                        rattle[axis] = memory * rattle[axis] + (1.0 - memory * memory).sqrt() * width * normal(random);
                    }
                }
                if matches!(self.kind, Kind::Free | Kind::Rattling | Kind::Slow) {
                    ion.place[axis] += normal(random);
                }
            }
        }
        if self.kind == Kind::Gas {
            self.exchange();
        }
    }

    /// Half as many attempts as there are ions: each picks an ion and a neighboring site, and goes if it is free.
    fn exchange(&mut self) {
        let attempts = self.ions.len() as f64 * ATTEMPTS;
        let whole = attempts as usize + usize::from(self.random.random::<f64>() < attempts.fract());
        for _ in 0..whole {
            let k = self.random.random_range(0..self.ions.len());
            let (axis, up) = (self.random.random_range(0..3usize), self.random.random::<bool>());
            let from = self.ions[k].site;
            let side = self.edges[axis];
            let unit: usize = self.edges[..axis].iter().product();
            let at = from / unit % side;
            let to_at = if up { (at + 1) % side } else { (at + side - 1) % side };
            let to = from - at * unit + to_at * unit;
            if self.sites[to] == u32::MAX {
                self.sites[to] = k as u32;
                self.sites[from] = u32::MAX;
                self.ions[k].site = to;
                self.ions[k].place[axis] += if up { 1.0 } else { -1.0 };
            }
        }
    }
}

impl Kind {
    /// Width and memory from sample to sample of three kinds of rattling.
    fn rattling(self) -> [(f64, f64); 3] {
        let none = (0.0, 0.0);
        let memory = |time: f64| (-1.0 / time).exp();
        match self {
            Self::Free => [none; 3],
            Self::Rattling => [(5f64.sqrt(), memory(2.0)), none, none],
            Self::Slow => [2.0, 8.0, 32.0].map(|time| (5f64.sqrt(), memory(time))),
            Self::Hops => [(0.5, memory(2.0)), none, none],
            Self::Gas => [(0.3, memory(2.0)), none, none],
        }
    }
}

impl Ion {
    /// Waits 50 samples on average, hops, stays excited for 10, and then hops back with probability 0.8.
    fn hop(&mut self, time: f64, random: &mut StdRng) {
        while self.next <= time {
            if self.excited {
                if random.random::<f64>() < 0.8 {
                    self.place[self.axis] -= self.sign * STEP;
                }
                self.next += 50.0 * waiting(random);
            } else {
                self.axis = random.random_range(0..3);
                self.sign = if random.random::<bool>() { 1.0 } else { -1.0 };
                self.place[self.axis] += self.sign * STEP;
                self.next += 10.0 * waiting(random);
            }
            self.excited = !self.excited;
        }
    }
}

/// Length of a hop: one in five of one hop each 60 samples stays, along one of three axes, so that D = STEP^2 / (2 x 3 x 300).
const STEP: f64 = 6.0;

fn normal(random: &mut StdRng) -> f64 {
    StandardNormal.sample(random)
}

fn waiting(random: &mut StdRng) -> f64 {
    Exp1.sample(random)
}
