// SPDX-License-Identifier: MIT
//! Correlations of the collective displacements of several species against plain loops, and against motions whose answer is known.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

use deepion_analysis::results::{Provenance, Results};
use deepion_analysis::shapes::vectors;
use deepion_analysis::transport::{
    DiffusionUnits, Evaluation, Fit, Frame, Lags, Onsager, Reference, Species, Transport, TransportLayout, locate,
    locate_species, pairs,
};
use deepion_analysis::{Accumulator as _, Measure as _, Report as _, Save as _};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};

const WINDOW: Evaluation = Evaluation { fit: Fit::Window(1.0, 5.0), units: DiffusionUnits::Cgs };
const FOUND: Evaluation = Evaluation { fit: Fit::Stationary, units: DiffusionUnits::Cgs };

/// A kind of atoms.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    atoms: usize,
    charge: f64,
    mass: f64,
}

const CATIONS: Kind = Kind { name: "cation", atoms: 12, charge: 1.0, mass: 7.0 };
const ANIONS: Kind = Kind { name: "anion", atoms: 6, charge: -2.0, mass: 96.0 };
const SOLVENT: Kind = Kind { name: "solvent", atoms: 5, charge: 0.0, mass: 18.0 };

/// Positions of all atoms of a sample, species by species.
type Places = Vec<[f64; 3]>;

/// A run of some species, measured against `drift`.
struct Run {
    kinds: Vec<Kind>,
    drift: Reference,
    transport: Transport,
    rows: Vec<f64>,
}

impl Run {
    fn new(kinds: &[Kind], drift: Reference, evaluation: Evaluation, levels: u64) -> Self {
        let others: usize = kinds[1..].iter().map(|kind| kind.atoms).sum();
        let ions = kinds[0].atoms;
        let species = kinds
            .iter()
            .map(|kind| Species { name: kind.name.to_owned(), atoms: kind.atoms as u64, charge: kind.charge })
            .collect();
        let layout = TransportLayout {
            lags_per_level: 10,
            levels,
            origins: Lags::usual_origins(10),
            every: 10,
            timestep_ps: 0.01,
            ions: ions as u64,
            drift,
            reference_atoms: match drift {
                Reference::Framework => others as u64,
                Reference::Com => (ions + others) as u64,
                Reference::None => 0,
            },
            charge: kinds[0].charge,
            species,
        };
        let transport = Transport::new(layout, evaluation).unwrap();
        let rows = vec![0.0; ions * transport.row_width()];
        Self { kinds: kinds.to_vec(), drift, transport, rows }
    }

    fn sample(&mut self, places: &Places) {
        if self.transport.full() {
            self.gather();
        }
        let ions = self.kinds[0].atoms;
        let flat: Vec<f64> = places.iter().flatten().copied().collect();
        let (own, others) = flat.split_at(3 * ions);
        let kind_of: Vec<i32> =
            self.kinds[1..].iter().enumerate().flat_map(|(k, kind)| vec![k as i32; kind.atoms]).collect();
        let masses: Vec<f64> = self.kinds.iter().flat_map(|kind| vec![kind.mass; kind.atoms]).collect();
        let (reference, weights) = match self.drift {
            Reference::Framework => (others, &[][..]),
            Reference::Com => (&flat[..], &masses[..]),
            Reference::None => (&[][..], &[][..]),
        };
        let ids: Vec<i64> = (1..=ions as i64).collect();
        let slots: Vec<i32> = (0..ions as i32).collect();
        let array = |numbers| vectors("positions", numbers).unwrap();
        let mut located = locate(&array(own), &ids, &array(reference), weights).unwrap();
        located.extend(locate_species(&array(others), &kind_of, self.kinds.len() - 1).unwrap());
        let frame = Frame {
            located: &located,
            positions: array(own),
            ids: &ids,
            slots: &slots,
            tile: 1,
            volume: 1000.0,
            temperature: Some(500.0),
            kinetic_temperature: None,
        };
        self.transport.sample(&frame, &mut self.rows).unwrap();
    }

    fn gather(&mut self) {
        let increments = self.transport.take_increments();
        self.transport.add_increments(&increments).unwrap();
    }

    fn of(kinds: &[Kind], drift: Reference, evaluation: Evaluation, frames: impl Iterator<Item = Places>) -> Self {
        let mut run = Self::new(kinds, drift, evaluation, 3);
        frames.for_each(|places| run.sample(&places));
        run.gather();
        run
    }

    fn results(&self) -> Results {
        self.transport.results().unwrap()
    }

    fn onsager(&self) -> Onsager {
        self.transport.findings().unwrap().found.unwrap().onsager.unwrap()
    }
}

/// Steps of atoms with `step` A per axis, to which `together` adds what they have in common.
fn walk(
    kinds: &[Kind],
    seed: u64,
    samples: usize,
    step: impl Fn(usize, &mut dyn FnMut() -> f64) -> Vec<[f64; 3]>,
) -> impl Iterator<Item = Places> {
    let mut random = StdRng::seed_from_u64(seed);
    let count: usize = kinds.iter().map(|kind| kind.atoms).sum();
    let mut places: Places = (0..count).map(|_| [0; 3].map(|_| random.random_range(-9.0..9.0))).collect();
    (0..samples).map(move |sample| {
        let now = places.clone();
        let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
        for (place, step) in places.iter_mut().zip(step(sample, &mut normal)) {
            for axis in 0..3 {
                place[axis] += step[axis];
            }
        }
        now
    })
}

/// Every atom for itself; those of species k with `widths[k]`.
fn independent(kinds: &[Kind], widths: &[f64]) -> impl Fn(usize, &mut dyn FnMut() -> f64) -> Vec<[f64; 3]> {
    let widths: Vec<f64> = kinds.iter().zip(widths).flat_map(|(kind, &width)| vec![width; kind.atoms]).collect();
    move |_, normal| widths.iter().map(|width| [0; 3].map(|_| width * normal())).collect()
}

/// Sums of positions of each species against the reference, [sample][species].
fn collective(kinds: &[Kind], drift: Reference, frames: &[Places]) -> Vec<Vec<[f64; 3]>> {
    let masses: Vec<f64> = kinds.iter().flat_map(|kind| vec![kind.mass; kind.atoms]).collect();
    let ions = kinds[0].atoms;
    let weight = |k: usize| match drift {
        Reference::Framework => f64::from(k >= ions),
        Reference::Com => masses[k],
        Reference::None => 0.0,
    };
    let all: f64 = (0..masses.len()).map(weight).sum::<f64>().max(1e-300);
    frames
        .iter()
        .map(|places| {
            let mut center = [0.0; 3];
            for (k, place) in places.iter().enumerate() {
                (0..3).for_each(|axis| center[axis] += weight(k) * place[axis] / all);
            }
            let mut first = 0;
            kinds
                .iter()
                .map(|kind| {
                    let mut sum = [0.0; 3];
                    for place in &places[first..first + kind.atoms] {
                        (0..3).for_each(|axis| sum[axis] += place[axis] - center[axis]);
                    }
                    first += kind.atoms;
                    sum
                })
                .collect()
        })
        .collect()
}

const ALL: [Kind; 3] = [CATIONS, ANIONS, SOLVENT];
const FRAMES: [Reference; 3] = [Reference::Framework, Reference::Com, Reference::None];

#[test]
fn correlations_are_those_of_plain_loops_in_every_frame() {
    let frames: Vec<Places> = walk(&ALL, 3, 400, independent(&ALL, &[0.3, 0.2, 0.1])).collect();
    for drift in FRAMES {
        let run = Run::of(&ALL, drift, WINDOW, frames.iter().cloned());
        let sums = collective(&ALL, drift, &frames);
        let layout = run.transport.layout();
        let table = run.transport.onsager_table().unwrap();
        let (lags, strides) = (layout.lags().all(), layout.lags().strides());
        assert!(table.rows.len() > 20 && table.columns.len() == 2 + 2 * 6);
        for (row, (&lag, &stride)) in table.rows.iter().zip(lags.iter().zip(&strides)) {
            let (lag, stride) = (lag as usize, stride as usize);
            let starts: Vec<usize> = (0..frames.len() - lag).step_by(stride).collect();
            assert_eq!(row[1], starts.len() as f64);
            for (pair, (i, j)) in pairs(3).enumerate() {
                let product = |&start: &usize| -> f64 {
                    let moved = |k: usize, axis: usize| sums[start + lag][k][axis] - sums[start][k][axis];
                    (0..3).map(|axis| moved(i, axis) * moved(j, axis)).sum()
                };
                let mean = starts.iter().map(product).sum::<f64>() / starts.len() as f64;
                let size = (ALL[i].atoms as f64 * ALL[j].atoms as f64).sqrt();
                let found = row[2 + 2 * pair] * size;
                assert!((found - mean).abs() < 1e-12 * mean.abs().max(1.0), "{drift:?} {lag} {i} {j}: {found} {mean}");
            }
        }
    }
}

/// L = A L' A', where A takes off each species the motion of the new reference; the conductivity of neutral species stays.
#[test]
fn frames_are_related_by_the_motion_of_their_references() {
    let frames: Vec<Places> = walk(&ALL, 4, 600, independent(&ALL, &[0.3, 0.2, 0.1])).collect();
    let of = |drift| {
        let run = Run::of(&ALL, drift, WINDOW, frames.iter().cloned());
        let results = run.results();
        let mut matrix = [[0.0; 3]; 3];
        for (i, j) in pairs(3) {
            matrix[i][j] = results.value(&format!("L_{}_{}", ALL[i].name, ALL[j].name));
            matrix[j][i] = matrix[i][j];
        }
        (matrix, results)
    };
    let [framework, com, none] = FRAMES.map(of);
    let mass: f64 = ALL.iter().map(|kind| kind.mass * kind.atoms as f64).sum();
    let others = (ANIONS.atoms + SOLVENT.atoms) as f64;
    // the same line for all: that of the ions' own MSD is another one in each frame, but weights of a given window hardly differ
    for (to, weight) in [(&com, ALL.map(|kind| kind.mass / mass)), (&framework, [0.0, 1.0 / others, 1.0 / others])] {
        let change = |i: usize, k: usize| f64::from(i == k) - ALL[i].atoms as f64 * weight[k];
        let scale = none.0[0][0];
        for (i, j) in pairs(3) {
            let expected: f64 = (0..3)
                .flat_map(|k| (0..3).map(move |l| (k, l)))
                .map(|(k, l)| change(i, k) * none.0[k][l] * change(j, l))
                .sum();
            assert!((to.0[i][j] - expected).abs() < 2e-2 * scale, "{i} {j}: {} {expected}", to.0[i][j]);
        }
        let (here, there) = (to.1.value("sigma_total"), none.1.value("sigma_total"));
        assert!((here / there - 1.0).abs() < 2e-2, "{here} {there}");
    }
    // the center of mass of everything does not move in its own frame
    for j in 0..3 {
        let moved: f64 = (0..3).map(|i| ALL[i].mass * com.0[i][j]).sum();
        assert!(moved.abs() < 1e-12 * SOLVENT.mass * com.0[0][0]);
    }
    assert!(com.1.lines().iter().any(|line| line.contains("add up to 0: sigma_total is the same in all frames")));
    // contributions of all pairs are the whole
    let parts: f64 = pairs(3).map(|(i, j)| com.1.value(&format!("sigma_{}_{}", ALL[i].name, ALL[j].name))).sum();
    assert!((parts / com.1.value("sigma_total") - 1.0).abs() < 1e-12);
    let shares: f64 = ALL.iter().map(|kind| com.1.value(&format!("t_{}", kind.name))).sum();
    assert!((shares - 1.0).abs() < 1e-12);
}

/// n D of each species on the diagonal, nothing beside it; the errors cover the truth, of transport numbers as well.
#[test]
fn independent_walkers() {
    let widths = [0.3, 0.2, 0.1];
    // slope over 6 of the summed displacements: n width^2 / 2 per sample of 0.1 ps
    let truth: Vec<f64> = ALL.iter().zip(widths).map(|(kind, w)| kind.atoms as f64 * w * w / 2.0 / 0.1).collect();
    let total: f64 = ALL.iter().zip(&truth).map(|(kind, l)| kind.charge * kind.charge * l).sum();
    let (mut inside, mut twice, mut all) = (0, 0, 0usize);
    let mut off = [0.0; 6];
    let runs = 40;
    for seed in 0..runs {
        let run = Run::of(&ALL, Reference::None, WINDOW, walk(&ALL, 100 + seed, 1500, independent(&ALL, &widths)));
        let found = run.onsager();
        let mut count = |value: f64, error: f64, truth: f64| {
            inside += usize::from((value - truth).abs() < error);
            twice += usize::from((value - truth).abs() < 2.0 * error);
            all += 1;
        };
        for (pair, (i, j)) in pairs(3).enumerate() {
            let expected = if i == j { truth[i] } else { 0.0 };
            count(found.pairs[pair].value, found.pairs[pair].error.unwrap(), expected);
            off[pair] += (found.pairs[pair].value - expected) / (truth[i] * truth[j]).sqrt() / runs as f64;
        }
        count(found.total.value, found.total.error.unwrap(), total);
        let shares = found.shares.unwrap();
        for (k, share) in shares[..2].iter().enumerate() {
            count(share.value, share.error.unwrap(), ALL[k].charge.powi(2) * truth[k] / total);
        }
        assert_eq!((shares[2].value, shares[2].error), (0.0, Some(0.0)), "no charge");
    }
    let share = |count: usize| count as f64 / all as f64;
    assert!((0.58..0.78).contains(&share(inside)) && share(twice) > 0.89, "{} {}", share(inside), share(twice));
    assert!(off.iter().all(|off| off.abs() < 0.12), "{off:?}");
}

/// Each anion is bound to a cation of the opposite charge: they carry no current, whatever they do.
#[test]
fn bound_pairs_carry_nothing() {
    let kinds = [Kind { atoms: 10, ..CATIONS }, Kind { atoms: 10, charge: -1.0, ..ANIONS }];
    let together = |_: usize, normal: &mut dyn FnMut() -> f64| {
        let steps: Vec<[f64; 3]> = (0..10).map(|_| [0; 3].map(|_| 0.3 * normal())).collect();
        [steps.clone(), steps].concat()
    };
    let run = Run::of(&kinds, Reference::None, WINDOW, walk(&kinds, 7, 2000, together));
    let found = run.onsager();
    let same = |k: usize| (found.pairs[k].value / found.pairs[0].value - 1.0).abs() < 1e-9;
    assert!(same(1) && same(2) && found.pairs[1].value > 0.0);
    let truth = 10.0 * 0.09 / 2.0 / 0.1;
    assert!((found.pairs[1].value - truth).abs() < 3.0 * found.pairs[1].error.unwrap());
    assert!(found.total.value.abs() < 1e-9 * found.pairs[0].value);
    assert_eq!(found.shares, None);
    let results = run.results();
    assert!(results.value("sigma_cation_anion") < 0.0 && results.find("t_anion").unwrap().value.is_none());
    let said = run.transport.headline().unwrap();
    assert!(said.iter().any(|line| line.starts_with("no transport numbers: ")), "{said:?}");
}

/// Anions that rattle about the framework: all current is that of the cations, with an error that knows it.
#[test]
fn a_species_tied_to_the_framework_carries_nothing() {
    let kinds = [CATIONS, ANIONS];
    for evaluation in [WINDOW, FOUND] {
        let free = walk(&kinds, 11, 3000, independent(&kinds, &[0.3, 0.0]));
        let mut random = StdRng::seed_from_u64(12);
        let rattling = free.map(|mut places| {
            for place in &mut places[CATIONS.atoms..] {
                for c in place {
                    let noise: f64 = StandardNormal.sample(&mut random);
                    *c += 0.2 * noise;
                }
            }
            places
        });
        let run = Run::of(&kinds, Reference::None, evaluation, rattling);
        let results = run.results();
        let (share, error) = (results.value("t_anion"), results.error("t_anion"));
        assert!(share.abs() < 3.0 * error && error < 0.1, "{share} {error}");
        assert!((results.value("t_cation") + share - 1.0).abs() < 1e-12);
        assert!(results.value("L_anion_anion").abs() < 3.0 * results.error("L_anion_anion"));
    }
}

/// Without other charges it is the conductivity of the ions, and nothing else changes.
#[test]
fn other_species_without_charge_change_nothing() {
    let kinds = [CATIONS, Kind { charge: 0.0, ..ANIONS }];
    let frames: Vec<Places> = walk(&kinds, 5, 1500, independent(&kinds, &[0.3, 0.2])).collect();
    let run = Run::of(&kinds, Reference::Framework, FOUND, frames.iter().cloned());
    let results = run.results();
    let (all, ions) = (results.value("sigma_total"), results.value("sigma_collective"));
    assert!(ions > 0.0 && (all / ions - 1.0).abs() < 1e-12);
    let errors = results.error("sigma_total") / results.error("sigma_collective");
    assert!((errors - 1.0).abs() < 0.15, "{errors}");
    let thermo = run.transport.thermo().unwrap();
    assert_eq!(thermo.vector[31..], [all, results.error("sigma_total"), 1.0, 0.0, 0.0, 0.0]);
    let history = run.transport.history().unwrap();
    assert_eq!(history.row[history.row.len() - 6..], thermo.vector[31..]);

    let mut alone = Run::new(&kinds, Reference::Framework, FOUND, 3);
    let layout = TransportLayout { species: Vec::new(), ..run.transport.layout().clone() };
    alone.transport = Transport::new(layout, FOUND).unwrap();
    alone.kinds = vec![CATIONS];
    let others = |places: &Places| places[CATIONS.atoms..].to_vec();
    for places in &frames {
        // framework atoms that are no species
        let flat: Vec<f64> = others(places).iter().flatten().copied().collect();
        alone.sample_with(places, &flat);
    }
    alone.gather();
    let without = alone.results();
    for name in
        ["D", "D_collective", "sigma", "sigma_collective", "haven", "D_spectrum", "sigma_spectrum", "spectrum_p"]
    {
        assert!(results.value(name) > 0.0, "{name}");
        assert_eq!(without.value(name), results.value(name), "{name}");
        assert_eq!(without.error(name), results.error(name), "{name}");
    }
    assert!(without.find("sigma_total").is_none());
    assert_eq!(alone.transport.thermo().unwrap().vector[31..], [0.0, 0.0]);
}

impl Run {
    /// Of ions alone, among framework atoms.
    fn sample_with(&mut self, places: &Places, framework: &[f64]) {
        if self.transport.full() {
            self.gather();
        }
        let ions = self.kinds[0].atoms;
        let own: Vec<f64> = places[..ions].iter().flatten().copied().collect();
        let (ids, slots): (Vec<i64>, Vec<i32>) = ((1..=ions as i64).collect(), (0..ions as i32).collect());
        let array = |numbers| vectors("positions", numbers).unwrap();
        let located = locate(&array(&own), &ids, &array(framework), &[]).unwrap();
        let frame = Frame {
            located: &located,
            positions: array(&own),
            ids: &ids,
            slots: &slots,
            tile: 1,
            volume: 1000.0,
            temperature: Some(500.0),
            kinetic_temperature: None,
        };
        self.transport.sample(&frame, &mut self.rows).unwrap();
    }
}

#[test]
fn goes_on_after_a_restart_and_joins_replicas() {
    let frames: Vec<Places> = walk(&ALL, 8, 700, independent(&ALL, &[0.3, 0.2, 0.1])).collect();
    let whole = Run::of(&ALL, Reference::Com, WINDOW, frames.iter().cloned());
    let state = whole.transport.state(&Provenance::default()).unwrap();

    let mut parts = Run::of(&ALL, Reference::Com, WINDOW, frames[..333].iter().cloned());
    let half = parts.transport.state(&Provenance::default()).unwrap();
    let rows = parts.rows.clone();
    parts = Run::new(&ALL, Reference::Com, WINDOW, 3);
    parts.transport.restore(&half).unwrap();
    parts.rows = rows;
    frames[333..].iter().for_each(|places| parts.sample(places));
    parts.gather();
    assert_eq!(parts.transport.state(&Provenance::default()).unwrap(), state);

    let other = Run::of(&ALL, Reference::Com, WINDOW, walk(&ALL, 9, 700, independent(&ALL, &[0.3, 0.2, 0.1])));
    let mut both = Transport::open(&state, WINDOW).unwrap();
    both.join(&other.transport.state(&Provenance::default()).unwrap()).unwrap();
    let (one, two) = (whole.transport.onsager_table().unwrap(), other.transport.onsager_table().unwrap());
    let joined = both.onsager_table().unwrap();
    for ((one, two), joined) in one.rows.iter().zip(&two.rows).zip(&joined.rows) {
        for column in (2..14).step_by(2) {
            let mean = f64::midpoint(one[column], two[column]);
            assert!((joined[column] - mean).abs() < 1e-12 * mean.abs().max(1.0));
        }
    }
    let [a, b, c] = [&whole.results(), &other.results(), &both.results().unwrap()].map(|of| of.value("sigma_total"));
    assert!(c > a.min(b) * 0.9 && c < a.max(b) * 1.1);

    let [a, b, c] = [&whole.results(), &other.results(), &both.results().unwrap()].map(|of| of.value("D_spectrum"));
    assert!(c > a.min(b) * 0.8 && c < a.max(b) * 1.2);
    let [a, c] = [&whole.results(), &both.results().unwrap()].map(|of| of.value("spectrum_frequencies"));
    assert!(c >= a && c <= 2.0 * a);

    let mut charged = ALL;
    charged[1].charge = -1.0;
    let mut wrong = Run::new(&charged, Reference::Com, WINDOW, 3);
    let error = wrong.transport.restore(&state).unwrap_err().to_string();
    assert!(error.contains("species was [") && error.contains("-2.0"), "{error}");
    let mut none = layout_without(whole.transport.layout());
    let error = none.restore(&state).unwrap_err().to_string();
    assert!(error.contains("species was [") && error.contains("is []"), "{error}");
    // and the other way round: a state of a version that knows no species
    let old = none.state(&Provenance::default()).unwrap().replace(",\"species\":[]", "");
    assert!(!old.contains("species"));
    none.restore(&old).unwrap();
    let error = wrong.transport.restore(&old).unwrap_err().to_string();
    assert!(error.contains("species was [], is ["), "{error}");
}

fn layout_without(layout: &TransportLayout) -> Transport {
    Transport::new(TransportLayout { species: Vec::new(), ..layout.clone() }, WINDOW).unwrap()
}
