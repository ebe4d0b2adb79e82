// SPDX-License-Identifier: MIT
//! Hops against a naive program, over ranks, restarts and joined runs, and on walks whose rate, length and returns are known.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

use deepion_analysis::hops::{Hops, HopsLayout, ladder};
use deepion_analysis::motion::{Frame, Reference, locate};
use deepion_analysis::results::Provenance;
use deepion_analysis::shapes::vectors;
use deepion_analysis::transport::Value;
use deepion_analysis::{Accumulator as _, Measure as _, Report as _, Save as _};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Normal};

const IONS: usize = 30;

fn layout() -> HopsLayout {
    HopsLayout {
        window: 10,
        cut: 1.5,
        back: 1.5,
        rmax: 6.0,
        bins: 60,
        temperature: 600.0,
        every: 10,
        timestep_ps: 0.002,
        ions: IONS as u64,
        drift: Reference::Framework,
        reference_atoms: 1,
    }
}

/// Ions that rattle around sites of a cubic lattice and hop to a neighboring site `rate` times per sample, back to where they came from with
/// the given probability. One framework atom drifts, and everything with it.
struct Walk {
    rate: f64,
    back: f64,
    rattle: f64,
    length: f64,
}

const WALK: Walk = Walk { rate: 0.004, back: 0.0, rattle: 0.25, length: 3.0 };

/// Samples of a walk: positions of all ions and of the framework; and its hops: their number, those with one before, and the returns.
type Path = (Vec<Vec<f64>>, Vec<[f64; 3]>, [u64; 3]);

impl Walk {
    fn frames(&self, count: usize, seed: u64) -> Path {
        let mut random = StdRng::seed_from_u64(seed);
        let normal = Normal::new(0.0, self.rattle / 3f64.sqrt()).unwrap();
        let mut sites = vec![[0.0f64; 3]; IONS];
        let mut last: Vec<Option<(usize, f64)>> = vec![None; IONS];
        let (mut frames, mut framework, mut hops) = (Vec::new(), Vec::new(), [0; 3]);
        for step in 0..count {
            let drift = [0.01 * step as f64, -0.02 * step as f64, 0.5];
            let mut frame = Vec::new();
            for (site, last) in sites.iter_mut().zip(&mut last) {
                if random.random_bool(self.rate) {
                    hops[0] += 1;
                    hops[1] += u64::from(last.is_some());
                    let back = last.filter(|_| random.random_bool(self.back));
                    let other = || loop {
                        let (axis, sign) =
                            (random.random_range(0..3), if random.random_bool(0.5) { 1.0 } else { -1.0 });
                        // a hop at random never goes straight back
                        if *last != Some((axis, -sign)) {
                            break (axis, sign);
                        }
                    };
                    let (axis, sign) = back.map_or_else(other, |(axis, sign)| (axis, -sign));
                    hops[2] += u64::from(back.is_some());
                    site[axis] += sign * self.length;
                    *last = Some((axis, sign));
                }
                frame.extend((0..3).map(|axis| site[axis] + normal.sample(&mut random) + drift[axis]));
            }
            frames.push(frame);
            framework.push(drift);
        }
        (frames, framework, hops)
    }
}

/// Ranks with the rows of their own ions, which change ranks now and then; the last of several has none.
struct Machine {
    ranks: Vec<Hops>,
    rows: Vec<Vec<f64>>,
    counts: Vec<f64>,
}

impl Machine {
    fn new(ranks: usize, hops: &Hops) -> Self {
        let rows = vec![vec![0.0; hops.row_width()]; IONS];
        Self { ranks: vec![hops.clone(); ranks], rows, counts: vec![0.0; IONS] }
    }

    fn sample(&mut self, positions: &[f64], framework: [f64; 3], step: usize) {
        if self.ranks[0].full() {
            self.gather();
        }
        let shared = self.ranks.len().saturating_sub(1).max(1);
        let own = |rank: usize| -> Vec<usize> { (0..IONS).filter(|ion| (ion + step / 7) % shared == rank).collect() };
        let all: Vec<i64> = (1..=IONS as i64).collect();
        let located =
            locate(&vectors("ions", positions).unwrap(), &all, &vectors("reference", &framework).unwrap(), &[])
                .unwrap();
        for rank in 0..self.ranks.len() {
            let ions = own(rank);
            let mut rows: Vec<f64> = ions.iter().flat_map(|&ion| self.rows[ion].clone()).collect();
            let x: Vec<f64> = ions.iter().flat_map(|&ion| positions[3 * ion..3 * ion + 3].to_vec()).collect();
            let ids: Vec<i64> = ions.iter().map(|&ion| ion as i64 + 1).collect();
            let slots: Vec<i32> = (0..ions.len() as i32).collect();
            let frame = Frame {
                located: &located,
                positions: vectors("ions", &x).unwrap(),
                ids: &ids,
                slots: &slots,
                tile: 1,
                volume: 1000.0,
                temperature: None,
                kinetic_temperature: None,
            };
            self.ranks[rank].sample(&frame, &mut rows).unwrap();
            let (width, place) = (self.ranks[rank].row_width(), self.ranks[rank].count_place());
            for (k, &ion) in ions.iter().enumerate() {
                self.rows[ion] = rows[k * width..(k + 1) * width].to_vec();
                self.counts[ion] = self.rows[ion][place];
            }
        }
    }

    fn gather(&mut self) {
        let parts: Vec<_> = self.ranks.iter_mut().map(deepion_analysis::Measure::take_increments).collect();
        let sum: Vec<i64> = (0..parts[0].len()).map(|k| parts.iter().map(|part| part[k]).sum()).collect();
        self.ranks.iter_mut().for_each(|rank| rank.add_increments(&sum).unwrap());
    }

    fn run(mut self, path: &Path, steps: std::ops::Range<usize>) -> Self {
        steps.for_each(|step| self.sample(&path.0[step], path.1[step], step));
        self.gather();
        self
    }
}

fn measured(layout: HopsLayout, path: &Path) -> Hops {
    Machine::new(1, &Hops::new(layout).unwrap()).run(path, 0..path.0.len()).ranks.swap_remove(0)
}

fn state(hops: &Hops) -> String {
    hops.state(&Provenance::default()).unwrap()
}

/// Sample, from, to.
type Jump = (usize, [f64; 3], [f64; 3]);

/// Hops of one ion from its whole path, and the number of excursions.
fn naive(path: &[[f64; 3]], window: usize, cut: f64) -> (Vec<Jump>, u64) {
    let half = window / 2;
    let mean = |some: &[[f64; 3]]| [0, 1, 2].map(|axis| some.iter().map(|r| r[axis]).sum::<f64>() / some.len() as f64);
    let square = |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>();
    let spread = |some: &[[f64; 3]], to: &[f64; 3]| some.iter().map(|r| square(r, to)).sum::<f64>() / some.len() as f64;
    let (mut hops, mut excursions, mut open) = (Vec::new(), 0, None::<(f64, usize, [f64; 3], [f64; 3])>);
    for middle in half..=path.len() - half {
        let (a, b) = (&path[middle - half..middle], &path[middle..middle + half]);
        let p = (spread(a, &mean(b)) * spread(b, &mean(a))).sqrt();
        open = match (open, p > cut * cut) {
            (None, true) => Some((p, middle, mean(a), mean(b))),
            (Some((peak, at, from, _)), true) if p > peak => {
                Some((p, middle, from, mean(b))).or(Some((peak, at, from, mean(b))))
            }
            (Some((peak, at, from, _)), true) => Some((peak, at, from, mean(b))),
            (Some((_, at, from, to)), false) => {
                if square(&from, &to) > cut * cut {
                    hops.push((at, from, to));
                } else {
                    excursions += 1;
                }
                None
            }
            (None, false) => None,
        };
    }
    (hops, excursions)
}

#[test]
fn is_that_of_a_naive_program() {
    let walk = Walk { back: 0.5, rattle: 0.6, rate: 0.01, ..WALK };
    let path = walk.frames(1500, 3);
    let machine = Machine::new(3, &Hops::new(layout()).unwrap()).run(&path, 0..1500);
    let hops = &machine.ranks[0];
    let (mut all, mut followers, mut returns, mut residence, mut excursions) = (0u64, 0u64, 0u64, 0, 0);
    let (mut lengths, mut length) = (vec![0u64; 60], 0.0);
    for ion in 0..IONS {
        let places: Vec<[f64; 3]> =
            (0..1500).map(|step| [0, 1, 2].map(|axis| path.0[step][3 * ion + axis] - path.1[step][axis])).collect();
        let (found, excursed) = naive(&places, 10, 1.5);
        excursions += excursed;
        assert_eq!(machine.counts[ion], found.len() as f64);
        let distance = |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt();
        for (k, (at, from, to)) in found.iter().enumerate() {
            all += 1;
            let far = distance(from, to);
            length += far;
            if far < 6.0 {
                lengths[(far / 0.1) as usize] += 1;
            }
            if k > 0 {
                followers += 1;
                residence += at - found[k - 1].0;
                returns += u64::from(distance(to, &found[k - 1].1) < 1.5);
            }
        }
    }
    let thermo = hops.thermo().unwrap();
    let time = f64::from(1500 - 10 + 1) * 0.02 * IONS as f64;
    let expected = [
        1500.0,
        all as f64,
        excursions as f64,
        all as f64 / time,
        residence as f64 * 0.02 / followers as f64,
        length / all as f64,
        returns as f64 / followers as f64,
    ];
    let v = &thermo.vector;
    for (found, expected) in [v[0], v[1], v[2], v[3], v[5], v[7], v[9]].iter().zip(expected) {
        assert!((found - expected).abs() < 1e-11 * expected.max(1.0), "{found} {expected}");
    }
    assert!(thermo.scalar == v[3] && [v[4], v[6], v[8], v[10]].iter().all(|&error| error > 0.0));
    let table = hops.table().unwrap();
    assert_eq!(thermo.array, table.rows);
    for (row, &count) in table.rows.iter().zip(&lengths) {
        assert_eq!(row[3], count as f64);
        assert!((row[1] - count as f64 / 0.1 / all as f64).abs() < 1e-12);
    }
    let times = hops.residence_table().unwrap();
    assert_eq!(times.rows.iter().map(|row| row[4]).sum::<f64>(), followers as f64);
    let share: f64 = times.rows.iter().map(|row| row[2] * (row[1] - row[0])).sum();
    assert!((share - 1.0).abs() < 1e-12 && all > 200 && excursions > 0);
}

/// Rate, length and share of returns of walks where they are known; the errors cover the scatter of 30 walks. What the window cannot tell is a
/// second hop within half of it: at 0.004 hops in a sample, one in fifty.
#[test]
fn walks_with_known_rates_and_returns() {
    for back in [0.0, 0.6] {
        let walk = Walk { back, ..WALK };
        let (mut found, mut errors, mut truth) = (Vec::new(), Vec::new(), [0u64; 3]);
        for seed in 0..30 {
            let path = walk.frames(2000, 50 + seed);
            truth.iter_mut().zip(path.2).for_each(|(sum, more)| *sum += more);
            let v = measured(layout(), &path).thermo().unwrap().vector;
            found.push([v[3], v[7], v[9]]);
            errors.push([v[4], v[8], v[10]]);
        }
        let mean = |of: &[[f64; 3]], k: usize| of.iter().map(|v| v[k]).sum::<f64>() / of.len() as f64;
        let scatter = |k: usize| {
            let middle = mean(&found, k);
            (found.iter().map(|v| (v[k] - middle).powi(2)).sum::<f64>() / 29.0).sqrt()
        };
        let true_returns = truth[2] as f64 / truth[1] as f64;
        // a return within half a window is an excursion
        assert!((mean(&found, 0) / (WALK.rate / 0.02) - 1.0).abs() < 0.06, "{}", mean(&found, 0));
        assert!((mean(&found, 1) - WALK.length).abs() < 0.1, "{}", mean(&found, 1));
        assert!((mean(&found, 2) - true_returns).abs() < 0.03 && (true_returns - back).abs() < 0.02);
        for k in [0, 2] {
            let ratio = mean(&errors, k) / scatter(k);
            assert!(scatter(k) == 0.0 || (0.7..1.6).contains(&ratio), "{back} {k}: {ratio}");
        }
    }
}

#[test]
fn ions_that_only_rattle_do_not_hop() {
    let hops = measured(layout(), &Walk { rate: 0.0, ..WALK }.frames(500, 1));
    let thermo = hops.thermo().unwrap();
    assert_eq!(thermo.vector[..6], [500.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let results = hops.table().unwrap().results;
    assert_eq!((results.find("rate").unwrap().value, results.find("residence").unwrap().value), (Some(0.0), None));
    assert!(hops.residence_table().unwrap().rows.is_empty());
}

#[test]
fn ranks_and_restarts_change_no_bit() {
    let path = Walk { back: 0.5, ..WALK }.frames(400, 9);
    let whole = state(&measured(layout(), &path));
    let several = Machine::new(4, &Hops::new(layout()).unwrap()).run(&path, 0..400);
    assert_eq!(state(&several.ranks[2]), whole);
    let half = Machine::new(2, &Hops::new(layout()).unwrap()).run(&path, 0..173);
    let mut rest = Machine::new(3, &Hops::open(&state(&half.ranks[0])).unwrap());
    rest.rows = half.rows;
    let rest = rest.run(&path, 173..400);
    assert_eq!((state(&rest.ranks[0]), rest.counts), (whole, several.counts));
}

#[test]
fn joined_runs_and_temperatures() {
    let (a, b) = (measured(layout(), &WALK.frames(400, 1)), measured(layout(), &WALK.frames(400, 2)));
    let mut both = a.clone();
    both.join(&state(&b)).unwrap();
    let rate = |hops: &Hops| hops.thermo().unwrap().scalar;
    assert!((rate(&both) - f64::midpoint(rate(&a), rate(&b))).abs() < 1e-12);
    assert!(both.join(&state(&a)).unwrap_err().to_string().contains("same run"));
    assert!(deepion_analysis::open("ion/hops", &state(&a)).is_ok());
    // runs without a hop are alike, and yet not the same
    let still = Walk { rate: 0.0, ..WALK };
    let (mut c, d) = (measured(layout(), &still.frames(400, 1)), measured(layout(), &still.frames(400, 2)));
    c.join(&state(&d)).unwrap();

    // rates of an activation energy of 0.3 eV
    let at = |temperature: f64, seed: u64| {
        let rate = 0.01 * (-0.3 / 8.617_333e-5 * (1.0 / temperature - 1.0 / 900.0)).exp();
        measured(HopsLayout { temperature, ..layout() }, &Walk { rate, ..WALK }.frames(3000, seed))
    };
    let rungs = [at(900.0, 4), at(600.0, 5), at(700.0, 6)];
    let each: Vec<Vec<Value>> = rungs.iter().map(|rung| vec![rung.rate().unwrap()]).collect();
    let table = ladder(&rungs, &each, 800.0).unwrap();
    assert_eq!(table.rows.iter().map(|row| row[0]).collect::<Vec<_>>(), [600.0, 700.0, 900.0]);
    let energy = table.results.find("E_a_rate").unwrap();
    assert!((energy.value.unwrap() - 0.3).abs() < 3.0 * energy.error.unwrap() + 0.01, "{energy:?}");
    assert!(energy.error.unwrap() < 0.03);
    assert!(table.results.value("rate_predicted") > rate(&at(700.0, 6)));
    assert!(table.results.find("replica_scatter").is_none());

    // runs that differ by 40 % at each temperature: random effects, as for D
    let differ: Vec<Vec<Value>> =
        each.iter().map(|each| vec![each[0].scaled(1.4), each[0].scaled(1.0 / 1.4)]).collect();
    let between = deepion_analysis::scatter::between(&differ).unwrap();
    let wide = ladder(&rungs, &differ, 800.0).unwrap();
    assert!((wide.results.value("replica_scatter") - between.sqrt()).abs() < 1e-12 && between > 0.09);
    assert!(wide.results.error("E_a_rate") > 2.0 * energy.error.unwrap());
    for (row, narrow) in wide.rows.iter().zip(&table.rows) {
        assert!((row[5] - narrow[5].hypot((between / 2.0).sqrt() * row[4])).abs() < 1e-12);
    }
}

#[test]
fn settings_and_states_that_cannot_be_right_are_named() {
    let wrong = |layout: HopsLayout| Hops::new(layout).unwrap_err().to_string();
    for window in [0, 2, 7, 2000] {
        assert!(wrong(HopsLayout { window, ..layout() }).contains("no even number from 4 to 1000"));
    }
    assert!(wrong(HopsLayout { cut: 0.0, ..layout() }).contains("distance between cages of 0 A"));
    assert!(wrong(HopsLayout { back: f64::NAN, ..layout() }).contains("distance of a return"));
    assert!(wrong(HopsLayout { bins: 0, ..layout() }).contains("0 bins"));
    assert!(wrong(HopsLayout { temperature: -1.0, ..layout() }).contains("-1 K is no temperature"));
    assert!(wrong(HopsLayout { ions: 0, ..layout() }).contains("group of ions is empty"));
    let saved = state(&measured(layout(), &WALK.frames(30, 1)));
    let mut other = Hops::new(HopsLayout { window: 12, ..layout() }).unwrap();
    assert!(other.restore(&saved).unwrap_err().to_string().contains("window was 10, is 12"));
    let damaged = saved.replacen("\"frames\":1", "\"frames\":2", 1);
    assert_ne!(damaged, saved);
    assert!(Hops::open(&damaged).unwrap_err().to_string().contains("it is damaged"));
}
