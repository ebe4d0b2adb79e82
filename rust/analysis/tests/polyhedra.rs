// SPDX-License-Identifier: MIT
//! Rotation of units with a known diffusion, clusters and lifetimes against naive loops, over ranks, restarts and joined runs.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

use std::collections::{BTreeMap, BTreeSet};

use deepion_analysis::polyhedra::{Polyhedra, PolyhedraLayout, near};
use deepion_analysis::rdf::Pairs;
use deepion_analysis::results::{Provenance, Table};
use deepion_analysis::{Accumulator, Measure as _, Report as _, Save as _};
use ndarray::ArrayView2;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

const CENTERS: usize = 6;
const ATOMS: usize = 24;
const MADE: f64 = 2.2;
const BROKEN: f64 = 2.9;

fn layout() -> PolyhedraLayout {
    PolyhedraLayout {
        made: MADE,
        broken: BROKEN,
        lags_per_level: 4,
        levels: 3,
        every: 2,
        timestep_ps: 0.25,
        centers: CENTERS as u64,
        ligands: (ATOMS - CENTERS) as u64,
        names: ["P".into(), "S".into()],
    }
}

/// Centers first; atoms that wander slowly, so that bonds last some frames.
fn frame(step: usize) -> Vec<[f64; 3]> {
    let home = |seed: usize| ((seed as f64 * 12.9898).sin() * 43_758.545_3).rem_euclid(1.0);
    (0..ATOMS)
        .map(|atom| {
            std::array::from_fn(|axis| {
                let seed = 3 * atom + axis;
                6.0 * home(seed) + 0.8 * (0.3 * step as f64 + 40.0 * home(seed + 500)).sin()
            })
        })
        .collect()
}

/// IDs that are not in the order of the atoms.
fn id(atom: usize) -> i64 {
    ((7 * atom) % ATOMS) as i64 + 1
}

/// A frame on several ranks; centers change ranks in each, and the last rank never has one.
fn sample(ranks: &mut [Polyhedra], step: usize) {
    if ranks[0].full() {
        gather(ranks);
    }
    let x = frame(step).concat();
    let ids: Vec<i64> = (0..ATOMS).map(id).collect();
    let shared = ranks.len().saturating_sub(1).max(1);
    let mut rows = Vec::new();
    for rank in (0..ranks.len()).rev() {
        let centers: Vec<i32> = (0..CENTERS).filter(|k| (k + step) % shared == rank).map(|k| k as i32).collect();
        let (mut offsets, mut neighbors) = (vec![0], Vec::new());
        for _ in &centers {
            neighbors.extend(CENTERS as i32..ATOMS as i32);
            offsets.push(neighbors.len());
        }
        let positions = ArrayView2::from_shape((ATOMS, 3), &x).unwrap();
        let pairs = Pairs { positions, centers: &centers, offsets: &offsets, neighbors: &neighbors };
        rows.extend(near(&pairs, &ids, MADE, BROKEN).unwrap());
    }
    let count = ranks.len();
    for (rank, polyhedra) in ranks.iter_mut().enumerate() {
        polyhedra.sample(&rows, rank, count).unwrap();
    }
}

fn gather(ranks: &mut [Polyhedra]) {
    let parts: Vec<_> = ranks.iter_mut().map(deepion_analysis::Measure::take_increments).collect();
    let sum: Vec<i64> = (0..parts[0].len()).map(|k| parts.iter().map(|part| part[k]).sum()).collect();
    for rank in ranks {
        rank.add_increments(&sum).unwrap();
    }
}

fn run(ranks: usize, steps: std::ops::Range<usize>) -> Polyhedra {
    let mut ranks = vec![Polyhedra::new(layout()).unwrap(); ranks];
    steps.for_each(|step| sample(&mut ranks, step));
    gather(&mut ranks);
    ranks.swap_remove(0)
}

fn state(polyhedra: &Polyhedra) -> String {
    polyhedra.state(&Provenance::default()).unwrap()
}

type Found = BTreeMap<(usize, usize), [f64; 3]>;

/// Bonds of every frame, with unit vectors.
fn naive_bonds(steps: std::ops::Range<usize>) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for step in steps {
        let x = frame(step);
        let mut now = Found::new();
        for center in 0..CENTERS {
            for ligand in CENTERS..ATOMS {
                let d: [f64; 3] = std::array::from_fn(|axis| x[ligand][axis] - x[center][axis]);
                let r = d.iter().map(|d| d * d).sum::<f64>().sqrt();
                let known = all.last().is_some_and(|before| before.contains_key(&(center, ligand)));
                if r < MADE || (known && r <= BROKEN) {
                    now.insert((center, ligand), d.map(|d| d / r));
                }
            }
        }
        all.push(now);
    }
    all
}

/// Clusters of a frame as sets of atoms, with the number of shared ligands: grown from each center until nothing is added.
fn naive_clusters(bonds: &Found) -> BTreeMap<BTreeSet<usize>, usize> {
    let mut all = BTreeMap::new();
    for start in 0..CENTERS {
        let mut atoms = BTreeSet::from([start]);
        loop {
            let size = atoms.len();
            for &(center, ligand) in bonds.keys() {
                if atoms.contains(&center) || atoms.contains(&ligand) {
                    atoms.extend([center, ligand]);
                }
            }
            if atoms.len() == size {
                break;
            }
        }
        let centers_of = |ligand: usize| bonds.keys().filter(|pair| pair.1 == ligand).count();
        let shared = atoms.iter().filter(|&&atom| atom >= CENTERS && centers_of(atom) > 1).count();
        all.insert(atoms, shared);
    }
    all
}

fn name_of(atoms: &BTreeSet<usize>, shared: usize) -> String {
    let centers = atoms.iter().filter(|&&atom| atom < CENTERS).count();
    let ligands = atoms.len() - centers;
    let many = |name: &str, n: usize| match n {
        0 => String::new(),
        1 => name.into(),
        _ => format!("{name}{n}"),
    };
    match centers {
        1 => many("P", 1) + &many("S", ligands),
        2..=4 => format!("{}{}_{shared}", many("P", centers), many("S", ligands)),
        _ => "larger".into(),
    }
}

#[test]
fn is_that_of_naive_loops() {
    let steps = 150;
    let polyhedra = run(3, 0..steps);
    let bonds = naive_bonds(0..steps);
    let table = polyhedra.table().unwrap();
    let close = |a: f64, b: f64, tolerance: f64| assert!((a - b).abs() < tolerance, "{a} {b}");

    // rotation: level l compares frames that are multiples of 4^l
    let lags = [1, 2, 3, 4, 8, 12, 16, 32, 48, 64];
    assert_eq!(table.rows.len(), lags.len());
    for (row, &lag) in table.rows.iter().zip(&lags) {
        let stride = if lag <= 4 {
            1
        } else if lag <= 16 {
            4
        } else {
            16
        };
        let (mut origin, mut kept, mut p1, mut p2) = (0.0, 0.0, 0.0, 0.0);
        for end in (lag..steps).step_by(1).filter(|end| end % stride == 0) {
            origin += bonds[end - lag].len() as f64;
            for (pair, old) in &bonds[end - lag] {
                let Some(new) = bonds[end].get(pair) else { continue };
                let cosine: f64 = old.iter().zip(new).map(|(a, b)| a * b).sum();
                kept += 1.0;
                p1 += cosine;
                p2 += 1.5 * cosine * cosine - 0.5;
            }
        }
        close(row[0], 0.5 * lag as f64, 1e-12);
        // directions have 20 bits
        close(row[1], p1 / kept, 2e-6);
        close(row[3], p2 / kept, 2e-6);
        close(row[5], kept / origin, 1e-12);
        assert!(kept > 0.0);
    }

    let value = |name: &str| table.results.value(name);
    let frames = steps as f64;
    let total: usize = bonds.iter().map(BTreeMap::len).sum();
    close(value("bonds"), total as f64 / frames / CENTERS as f64, 1e-12);
    let mut parts = [0usize; 3];
    for now in &bonds {
        for ligand in CENTERS..ATOMS {
            parts[now.keys().filter(|pair| pair.1 == ligand).count().min(2)] += 1;
        }
    }
    for (name, part) in ["free", "terminal", "bridging"].iter().zip(parts) {
        close(value(name), part as f64 / frames / (ATOMS - CENTERS) as f64, 1e-12);
        assert!(part > 0);
    }
    let (mut watched, mut broken) = (0, 0);
    for two in bonds.windows(2) {
        watched += two[0].len();
        broken += two[0].keys().filter(|pair| !two[1].contains_key(pair)).count();
    }
    close(value("bond_lifetime"), 0.5 * watched as f64 / broken as f64, 1e-12);

    let mut expected: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    for (step, now) in bonds.iter().enumerate() {
        let clusters = naive_clusters(now);
        for (atoms, &shared) in &clusters {
            let sums = expected.entry(name_of(atoms, shared)).or_default();
            sums[0] += 1;
            sums[1] += atoms.iter().filter(|&&atom| atom < CENTERS).count();
            if let Some(next) = bonds.get(step + 1) {
                sums[2] += 1;
                sums[3] += usize::from(!naive_clusters(next).contains_key(atoms));
            }
        }
    }
    let found = table.results.series["species"].as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    assert!(found.len() > 6, "{}", found.len());
    for one in found {
        let [number, centers, watched, ended] = expected[one["name"].as_str().unwrap()];
        close(one["number"].as_f64().unwrap(), number as f64 / frames, 1e-12);
        close(one["part"].as_f64().unwrap(), centers as f64 / frames / CENTERS as f64, 1e-12);
        match one["lifetime_ps"].as_f64() {
            Some(lifetime) => close(lifetime, 0.5 * watched as f64 / ended as f64, 1e-12),
            None => assert_eq!(ended, 0),
        }
    }
    let thermo = polyhedra.thermo().unwrap();
    assert_eq!(thermo.array, table.rows);
    assert_eq!(thermo.vector.len(), 15);
    assert_eq!(
        [thermo.vector[0], thermo.vector[1], thermo.vector[9]],
        [frames, value("bonds"), value("bond_lifetime")]
    );
    assert_eq!(thermo.scalar, value("tau_2"));
    let history = polyhedra.history().unwrap();
    assert_eq!(history.row, thermo.vector[1..]);
    assert_eq!(history.columns[10].name, "tau_1_ps");
}

/// Turns a vector about an axis.
fn turned(v: [f64; 3], axis: [f64; 3], angle: f64) -> [f64; 3] {
    let (sin, cos) = angle.sin_cos();
    let dot: f64 = v.iter().zip(axis).map(|(v, a)| v * a).sum();
    let cross = [axis[1] * v[2] - axis[2] * v[1], axis[2] * v[0] - axis[0] * v[2], axis[0] * v[1] - axis[1] * v[0]];
    std::array::from_fn(|k| v[k] * cos + cross[k] * sin + axis[k] * dot * (1.0 - cos))
}

/// Tetrahedra that turn by the same angle about a random axis in each step.
fn turning(seed: u64, angle: f64, frames: usize) -> Table {
    let units = 20;
    let mut random = StdRng::seed_from_u64(seed);
    let mut ways = vec![[[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]]; units];
    let layout = PolyhedraLayout { centers: 20, ligands: 80, lags_per_level: 10, levels: 2, every: 1, ..layout() };
    let mut polyhedra = Polyhedra::new(layout).unwrap();
    let ids: Vec<i64> = (1..=100).collect();
    let centers: Vec<i32> = (0..20).map(|k| 5 * k).collect();
    let neighbors: Vec<i32> = (0..100).filter(|k| k % 5 != 0).collect();
    let offsets: Vec<usize> = (0..=20).map(|k| 4 * k).collect();
    for _ in 0..frames {
        if polyhedra.full() {
            gather(std::slice::from_mut(&mut polyhedra));
        }
        let mut x = Vec::new();
        for (unit, ways) in ways.iter_mut().enumerate() {
            let z: f64 = random.random_range(-1.0..1.0);
            let phi: f64 = random.random_range(0.0..std::f64::consts::TAU);
            let axis = [(1.0 - z * z).sqrt() * phi.cos(), (1.0 - z * z).sqrt() * phi.sin(), z];
            let middle = [10.0 * unit as f64, 0.0, 0.0];
            x.extend(middle);
            for way in ways {
                *way = turned(*way, axis, angle);
                x.extend((0..3).map(|k| middle[k] + 1.2 * way[k]));
            }
        }
        let positions = ArrayView2::from_shape((100, 3), &x).unwrap();
        let pairs = Pairs { positions, centers: &centers, offsets: &offsets, neighbors: &neighbors };
        polyhedra.sample(&near(&pairs, &ids, MADE, BROKEN).unwrap(), 0, 1).unwrap();
    }
    gather(std::slice::from_mut(&mut polyhedra));
    polyhedra.table().unwrap()
}

/// Such turns forget with (1 + 2 cos) / 3 and (4 cos^2 + 2 cos - 1) / 5 in each step, as rotational diffusion with
/// 2 D t = -ln of the first and 6 D t = -ln of the second does for small angles.
#[test]
fn rotational_diffusion_is_found() {
    let angle = 0.25f64;
    let (c, interval) = (angle.cos(), 0.25);
    let steps = [(1.0 + 2.0 * c) / 3.0, (4.0 * c * c + 2.0 * c - 1.0) / 5.0];
    let runs = 12;
    let (mut outside, mut all) = (0, 0);
    let mut sums: Vec<[f64; 2]> = Vec::new();
    for seed in 0..runs {
        let table = turning(seed, angle, 1000);
        sums.resize(table.rows.len(), [0.0; 2]);
        for (row, sum) in table.rows.iter().zip(&mut sums) {
            let lag = row[0] / interval;
            for which in 0..2 {
                sum[which] += row[1 + 2 * which] / runs as f64;
                let error = row[2 + 2 * which];
                if error > 0.0 {
                    all += 1;
                    outside += usize::from((row[1 + 2 * which] - steps[which].powf(lag)).abs() > 2.0 * error);
                }
            }
            assert_eq!((row[5], row[6]), (1.0, 0.0));
        }
        let tau = -interval / steps[1].ln();
        let (found, error) = (table.results.value("tau_2"), table.results.error("tau_2"));
        assert!((found - tau).abs() < 5.0 * error && error < 0.2 * tau, "{found} {tau} {error}");
        let names: Vec<_> = table.results.quantities.iter().map(|quantity| quantity.name.as_str()).collect();
        assert!(names.contains(&"part_PS4"), "{names:?}");
        assert_eq!((table.results.value("part_PS4"), table.results.find("lifetime_PS4").unwrap().value), (1.0, None));
    }
    for (k, sum) in sums.iter().enumerate() {
        let lag = if k < 10 { k + 1 } else { 10 * (k - 8) };
        for which in 0..2 {
            let expected = steps[which].powi(lag as i32);
            assert!((sum[which] - expected).abs() < 0.02, "lag {lag}: {} {expected}", sum[which]);
        }
    }
    println!("{outside} of {all} outside of two standard errors");
    // 5 % are expected; values of one run are correlated
    assert!(all > 300 && (outside as f64) < 0.15 * f64::from(all), "{outside} of {all}");
}

/// One bond that is made and broken with known rates.
#[test]
fn lifetimes_are_those_of_known_rates() {
    let layout = PolyhedraLayout { centers: 1, ligands: 1, every: 1, ..layout() };
    let mut polyhedra = Polyhedra::new(layout).unwrap();
    let mut random = StdRng::seed_from_u64(5);
    let mut bonded = true;
    for _ in 0..20_000 {
        bonded = if bonded { random.random::<f64>() > 0.02 } else { random.random::<f64>() < 0.1 };
        if polyhedra.full() {
            gather(std::slice::from_mut(&mut polyhedra));
        }
        let x = [0.0, 0.0, 0.0, if bonded { 2.0 } else { 5.0 }, 0.0, 0.0];
        let positions = ArrayView2::from_shape((2, 3), &x).unwrap();
        let pairs = Pairs { positions, centers: &[0], offsets: &[0, 1], neighbors: &[1] };
        polyhedra.sample(&near(&pairs, &[1, 2], MADE, BROKEN).unwrap(), 0, 1).unwrap();
    }
    gather(std::slice::from_mut(&mut polyhedra));
    let results = polyhedra.results().unwrap();
    for (name, value) in [
        ("bond_lifetime", 0.25 / 0.02),
        ("lifetime_PS", 0.25 / 0.02),
        ("lifetime_P", 0.25 / 0.1),
        ("free", 0.02 / 0.12),
    ] {
        let (found, error) = (results.value(name), results.error(name));
        assert!((found - value).abs() < 3.0 * error && error < 0.15 * value, "{name}: {found} +- {error}, {value}");
    }
}

#[test]
fn ranks_and_restarts_change_no_bit() {
    let whole = state(&run(1, 0..90));
    assert_eq!(state(&run(4, 0..90)), whole);
    let part = state(&run(2, 0..47));
    let mut parts = vec![Polyhedra::open(&part).unwrap(); 3];
    (47..90).for_each(|step| sample(&mut parts, step));
    gather(&mut parts);
    assert_eq!(state(&parts[2]), whole);
    let opened = deepion_analysis::open("ion/polyhedra", &whole).unwrap();
    assert_eq!(opened.state(&Provenance::default()).unwrap(), whole);
}

#[test]
fn joined_runs_are_their_mean() {
    let (a, b) = (run(1, 0..60), run(1, 300..360));
    let mut both = a.clone();
    both.join(&state(&b)).unwrap();
    let value = |polyhedra: &Polyhedra, name: &str| polyhedra.results().unwrap().value(name);
    for name in ["bonds", "free", "bridging"] {
        let mean = f64::midpoint(value(&a, name), value(&b, name));
        assert!((value(&both, name) - mean).abs() < 1e-12, "{name}");
    }
    assert!(both.join(&state(&a)).unwrap_err().to_string().contains("same run"));
}

#[test]
fn what_cannot_be_is_refused() {
    let wrong = |layout: PolyhedraLayout| Polyhedra::new(layout).unwrap_err().to_string();
    assert!(wrong(PolyhedraLayout { made: 3.0, ..layout() }).contains("not 3 and 2.9 A"));
    assert!(wrong(PolyhedraLayout { lags_per_level: 1, ..layout() }).contains("at least 2 lags"));
    assert!(wrong(PolyhedraLayout { lags_per_level: 600, ..layout() }).contains("1800 moments"));
    assert!(wrong(PolyhedraLayout { every: 0, ..layout() }).contains("one time step"));
    assert!(wrong(PolyhedraLayout { timestep_ps: 0.0, ..layout() }).contains("no positive time"));
    assert!(wrong(PolyhedraLayout { ligands: 0, ..layout() }).contains("centers and ligands"));
    assert!(wrong(PolyhedraLayout { names: ["P".into(), "S 2".into()], ..layout() }).contains("names of letters"));

    let mut other = Polyhedra::new(PolyhedraLayout { broken: 3.1, ..layout() }).unwrap();
    let saved = state(&run(1, 0..5));
    assert!(other.restore(&saved).unwrap_err().to_string().contains("broken was 2.9, is 3.1"));
    let damaged = saved.replacen("\"frames\":1", "\"frames\":2", 1);
    assert!(Polyhedra::open(&damaged).unwrap_err().to_string().contains("it is damaged"));
    let mut one = Polyhedra::new(layout()).unwrap();
    assert!(one.sample(&[3, 0, 0, 0, 0, 0], 0, 1).unwrap_err().to_string().contains("1 centers now, 6 when"));
    assert!(one.sample(&[3, 0, 0], 0, 1).is_err());
}

#[test]
fn before_the_first_frame_there_is_nothing() {
    let results = run(1, 0..0).table().unwrap();
    assert!(results.rows.is_empty() && results.results.find("tau_2").unwrap().value.is_none());
    assert!(run(1, 0..0).thermo().unwrap().vector.iter().all(|&x| x == 0.0));
}
