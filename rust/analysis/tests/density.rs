// SPDX-License-Identifier: MIT
//! Densities against naive loops, thresholds against a flood fill, over ranks, restarts and joined runs.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

use std::collections::{HashMap, VecDeque};

use deepion_analysis::density::{Density, DensityLayout, Evaluation, Frame, Site, Volume, locate, percolation};
use deepion_analysis::results::Provenance;
use deepion_analysis::transport::Reference;
use deepion_analysis::{Accumulator, Measure as _, Report as _, Save as _};
use ndarray::{Array2, ArrayView2};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

const CELL: [f64; 6] = [6.0, 5.0, 4.0, -0.5, 0.75, 1.25];
const ORIGIN: [f64; 3] = [-1.0, 0.5, 2.0];
const IONS: usize = 11;
const ATOMS: usize = 19;
const BOHR: f64 = 0.529_177_210_903;
const KT: f64 = 8.617_333_262e-5 * 500.0;

fn layout() -> DensityLayout {
    let (spacing, grid, blocks, every, ions) = (0.9, [0; 3], 8, 5, IONS as u64);
    DensityLayout { spacing, grid, blocks, every, ions, drift: Reference::Framework, reference_atoms: 8 }
}

fn new() -> Density {
    Density::new(layout(), Evaluation { temperature: Some(500.0), cube: String::new() }).unwrap()
}

fn lattice(s: [f64; 3]) -> [f64; 3] {
    let [xx, yy, zz, yz, xz, xy] = CELL;
    [xx * s[0] + xy * s[1] + xz * s[2], yy * s[1] + yz * s[2], zz * s[2]]
}

/// Fractional coordinates of all atoms, ions first: ions prefer some places, and everything drifts.
fn fractions(step: usize) -> Vec<[f64; 3]> {
    let mut random = StdRng::seed_from_u64(step as u64);
    let drift = [0.013 * step as f64, -0.02 * step as f64, 0.4];
    (0..ATOMS)
        .map(|atom| {
            let sharp = if atom < IONS { 0.2 } else { 0.01 };
            let home = if step == 0 && atom >= IONS { 0.0 } else { sharp };
            std::array::from_fn(|axis| {
                0.31 * (atom + 2 * axis) as f64 + home * (random.random::<f64>() - 0.5) + drift[axis]
            })
        })
        .collect()
}

/// A frame on several ranks; atoms change ranks in each, and the last rank never has one.
fn sample(ranks: &mut [Density], step: usize) {
    if ranks[0].full() {
        gather(ranks);
    }
    let shared = ranks.len().saturating_sub(1).max(1);
    let s = fractions(step);
    let mine = |rank: usize, from: usize, to: usize| (from..to).filter(move |atom| (atom + step) % shared == rank);
    let image = |atom: usize| s[atom].map(|s| s.floor() as i32);
    let wrapped = |atom: usize| {
        let r = lattice(std::array::from_fn(|axis| s[atom][axis].rem_euclid(1.0)));
        [r[0] + ORIGIN[0], r[1] + ORIGIN[1], r[2] + ORIGIN[2]]
    };
    let mut sum: Vec<i64> = Vec::new();
    for rank in 0..ranks.len() {
        let atoms: Vec<usize> = mine(rank, IONS, ATOMS).collect();
        let x: Array2<f64> = atoms.iter().map(|&atom| wrapped(atom)).collect::<Vec<_>>().into();
        let n: Array2<i32> = atoms.iter().map(|&atom| image(atom)).collect::<Vec<_>>().into();
        let part = locate(&x.view(), &n.view(), &[], CELL, ORIGIN).unwrap();
        sum.resize(part.len(), 0);
        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    for (rank, density) in ranks.iter_mut().enumerate() {
        let x: Vec<f64> = mine(rank, 0, IONS).flat_map(wrapped).collect();
        density
            .sample(&Frame {
                cell: CELL,
                origin: ORIGIN,
                located: &sum,
                positions: ArrayView2::from_shape((x.len() / 3, 3), &x).unwrap(),
                kinetic_temperature: Some(490.0 + step as f64),
            })
            .unwrap();
    }
}

fn gather(ranks: &mut [Density]) {
    let parts: Vec<_> = ranks.iter_mut().map(deepion_analysis::Measure::take_increments).collect();
    let sum: Vec<i64> = (0..parts[0].len()).map(|k| parts.iter().map(|part| part[k]).sum()).collect();
    for rank in ranks {
        rank.add_increments(&sum).unwrap();
    }
}

fn run(ranks: usize, steps: std::ops::Range<usize>) -> Density {
    let mut ranks = vec![new(); ranks];
    steps.for_each(|step| sample(&mut ranks, step));
    gather(&mut ranks);
    ranks.swap_remove(0)
}

fn state(density: &Density) -> String {
    density.state(&Provenance::default()).unwrap()
}

/// Visits by the nearest middle of a voxel, in the frame of the framework.
fn naive(steps: std::ops::Range<usize>, grid: [usize; 3]) -> Vec<u32> {
    let mut visits = vec![0; grid.iter().product()];
    let mean = |s: &[[f64; 3]]| -> [f64; 3] {
        std::array::from_fn(|axis| s[IONS..].iter().map(|s| s[axis]).sum::<f64>() / (ATOMS - IONS) as f64)
    };
    let first = mean(&fractions(steps.start));
    for step in steps {
        let s = fractions(step);
        let now = mean(&s);
        for ion in &s[..IONS] {
            let at: Vec<usize> = (0..3)
                .map(|axis| {
                    let x = (ion[axis] - now[axis] + first[axis]).rem_euclid(1.0) * grid[axis] as f64;
                    x.round() as usize % grid[axis]
                })
                .collect();
            visits[(at[0] * grid[1] + at[1]) * grid[2] + at[2]] += 1;
        }
    }
    visits
}

/// Whether a region of voxels with `least` visits or more leads through the cell, along each edge: a flood fill that carries along in which
/// image of the cell it is, and meets a voxel in two of them.
fn leads_through(visits: &[u32], grid: [usize; 3], least: u32) -> [bool; 3] {
    let mut found = [false; 3];
    let mut images: HashMap<[usize; 3], [i64; 3]> = HashMap::new();
    let number = |at: [usize; 3]| (at[0] * grid[1] + at[1]) * grid[2] + at[2];
    for start in 0..visits.len() {
        let begin = [start / (grid[1] * grid[2]), start / grid[2] % grid[1], start % grid[2]];
        if visits[start] < least || images.contains_key(&begin) {
            continue;
        }
        images.insert(begin, [0; 3]);
        let mut queue = VecDeque::from([begin]);
        while let Some(at) = queue.pop_front() {
            for axis in 0..3 {
                for step in [1i64, -1] {
                    let (mut next, mut image) = (at, images[&at]);
                    let to = at[axis] as i64 + step;
                    next[axis] = to.rem_euclid(grid[axis] as i64) as usize;
                    image[axis] += to.div_euclid(grid[axis] as i64);
                    if visits[number(next)] < least {
                        continue;
                    }
                    if let Some(known) = images.get(&next) {
                        (0..3).for_each(|k| found[k] |= known[k] != image[k]);
                    } else {
                        images.insert(next, image);
                        queue.push_back(next);
                    }
                }
            }
        }
    }
    found
}

fn naive_thresholds(visits: &[u32], grid: [usize; 3]) -> [Option<u32>; 3] {
    let mut levels: Vec<u32> = visits.iter().copied().filter(|&count| count > 0).collect();
    levels.sort_unstable();
    levels.dedup();
    std::array::from_fn(|axis| levels.iter().rev().copied().find(|&least| leads_through(visits, grid, least)[axis]))
}

#[test]
fn thresholds_are_those_of_a_flood_fill() {
    let mut random = StdRng::seed_from_u64(7);
    let (mut some, mut none) = (0, 0);
    for trial in 0..400 {
        let grid: [usize; 3] = std::array::from_fn(|_| random.random_range(1..7));
        // from nearly empty to nearly full
        let empty = f64::from(trial % 20) / 20.0;
        let visits: Vec<u32> = (0..grid.iter().product())
            .map(|_| if random.random::<f64>() < empty { 0 } else { random.random_range(1..30) })
            .collect();
        let found = percolation(&visits.iter().copied().collect(), grid.map(|n| n as u64));
        assert_eq!(found, naive_thresholds(&visits, grid), "{grid:?} {visits:?}");
        some += found.iter().flatten().count();
        none += found.iter().filter(|found| found.is_none()).count();
    }
    assert!(some > 200 && none > 200, "{some} {none}");
}

#[test]
fn a_region_that_only_touches_both_faces_leads_nowhere() {
    // a layer that crosses the cell along x in a plane that is broken once, and reaches both faces from inside
    let (n, mut visits) = (8usize, vec![0u32; 512]);
    for x in 0..n {
        visits[(x * n + 2) * n + 2] = 5;
    }
    let grid = [n as u64; 3];
    assert_eq!(percolation(&visits.iter().copied().collect(), grid), [Some(5), None, None]);
    visits[(4 * n + 2) * n + 2] = 0; // cut in the middle: both faces are still touched
    assert_eq!(percolation(&visits.iter().copied().collect(), grid), [None; 3]);
    visits[(4 * n + 2) * n + 2] = 1;
    assert_eq!(percolation(&visits.iter().copied().collect(), grid), [Some(1), None, None]);
    // a diagonal, which comes back to itself along two edges at once
    let mut visits = vec![0u32; 512];
    for k in 0..n {
        visits[(k * n + k) * n] = 3;
        visits[(k * n + (k + 1) % n) * n] = 3;
    }
    assert_eq!(percolation(&visits.iter().copied().collect(), grid), [Some(3), Some(3), None]);
}

#[test]
fn is_that_of_a_naive_loop() {
    let density = run(3, 0..60);
    let grid = [7, 6, 5]; // 6.0, 5.15 and 4.1 A in voxels of 0.9 at most
    let visits = naive(0..60, grid);
    assert_eq!(density.grid(), grid.map(|n| n as u64));
    let most = *visits.iter().max().unwrap();
    let table = density.table().unwrap();
    let value = |name: &str| table.results.value(name);
    let volume = CELL[0] * CELL[1] * CELL[2] / 210.0;
    assert!((value("density_max") / (f64::from(most) / 60.0 / volume) - 1.0).abs() < 1e-12);
    let visited = visits.iter().filter(|&&count| count > 0).count() as f64 / 210.0;
    assert_eq!(value("visited"), visited);
    assert!((value("temperature_kinetic") - 519.5).abs() < 1e-9);
    let thresholds = naive_thresholds(&visits, grid);
    let height = |least: Option<u32>| least.map(|least| KT * (f64::from(most) / f64::from(least)).ln());
    for (name, least) in ["barrier_a", "barrier_b", "barrier_c"].iter().zip(thresholds) {
        let found = table.results.find(name).unwrap().value;
        assert_eq!(found.is_some(), least.is_some(), "{name}");
        assert!(least.is_none() || (value(name) - height(least).unwrap()).abs() < 1e-9, "{name}");
    }
    let any = thresholds.into_iter().flatten().max();
    assert!(any.is_some() && (value("barrier") - height(any).unwrap()).abs() < 1e-9);
    assert_eq!(value("closing_visits"), f64::from(any.unwrap()));
    for (k, row) in table.rows.iter().enumerate() {
        let least = f64::from(most) * (-0.25 * k as f64 - 1e-12).exp();
        let inside = |count: &&u32| f64::from(**count) >= least;
        let volume = visits.iter().filter(inside).count() as f64 / 210.0;
        let part = f64::from(visits.iter().filter(inside).sum::<u32>()) / (60 * IONS) as f64;
        assert!((row[0] - 0.25 * k as f64).abs() < 1e-12 && (row[1] - KT * row[0]).abs() < 1e-9);
        assert!((row[2] - volume).abs() < 1e-12 && (row[3] - part).abs() < 1e-12, "{row:?} {volume} {part}");
        let edges = thresholds.iter().flatten().filter(|&&count| f64::from(count) >= least).count();
        assert_eq!(row[4], edges as f64);
    }
    let thermo = density.thermo().unwrap();
    assert_eq!(thermo.array, table.rows);
    assert_eq!(thermo.vector.len(), 13);
    assert_eq!(
        [thermo.scalar, thermo.vector[1], thermo.vector[9]],
        [value("barrier"), value("barrier"), value("closing_visits")]
    );
    let history = density.history().unwrap();
    assert_eq!(history.row, thermo.vector[1..9]);
    assert_eq!(history.columns[0].name, "barrier_eV");
}

/// The numbers of a cube file: those of the head, sites, values.
fn read_cube(text: &str) -> (Vec<Vec<f64>>, Vec<f64>) {
    let lines: Vec<&str> = text.lines().skip(2).collect();
    let numbers = |line: &str| line.split_whitespace().map(|word| word.parse().unwrap()).collect::<Vec<f64>>();
    let sites = numbers(lines[0])[0] as usize;
    let head = lines[..4 + sites].iter().map(|line| numbers(line)).collect();
    (head, lines[4 + sites..].iter().flat_map(|line| numbers(line)).collect())
}

fn text(density: &Density, volume: Volume, title: &str) -> String {
    let mut text = Vec::new();
    density.file(volume, title).unwrap().write(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn files_hold_the_density_in_their_units() {
    let mut density = run(1, 0..60);
    let visits = naive(0..60, [7, 6, 5]);
    let at = |s: [f64; 3]| {
        let r = lattice(s);
        [r[0] + ORIGIN[0], r[1] + ORIGIN[1], r[2] + ORIGIN[2]]
    };
    let sites = [
        Site { symbol: "S".into(), number: 16, position: at([0.25, 0.5, 0.75]) },
        Site { symbol: "P".into(), number: 15, position: at([0.0, 0.1, 0.2]) },
    ];
    assert!(density.file(Volume::Chgcar, "").unwrap_err().to_string().contains("needs atoms beside the density"));
    assert_eq!(read_cube(&text(&density, Volume::Density, "")).0[0][0], 0.0);
    density.set_surroundings(sites.to_vec(), CELL, ORIGIN);
    let (head, values) = read_cube(&text(&density, Volume::Density, "two\nlines"));
    let close = |a: f64, b: f64| (a - b).abs() < 1e-8;
    assert!((0..3).all(|axis| close(head[0][1 + axis] * BOHR, ORIGIN[axis])));
    assert_eq!([head[1][0], head[2][0], head[3][0]], [7.0, 6.0, 5.0]);
    assert!(close(head[2][1] * BOHR, 1.25 / 6.0) && close(head[2][2] * BOHR, 5.0 / 6.0));
    assert_eq!(head[4][0], 16.0);
    // atoms are moved back by the drift of the framework since the first frame
    let mean = |step: usize| -> [f64; 3] {
        std::array::from_fn(|axis| fractions(step)[IONS..].iter().map(|s| s[axis]).sum::<f64>() / 8.0)
    };
    let drift: [f64; 3] = std::array::from_fn(|axis| mean(59)[axis] - mean(0)[axis]);
    let site = at(std::array::from_fn(|axis| ([0.25, 0.5, 0.75][axis] - drift[axis]).rem_euclid(1.0)));
    assert!((0..3).all(|axis| close(head[4][2 + axis] * BOHR, site[axis])), "{:?} {site:?}", head[4]);
    let volume = CELL[0] * CELL[1] * CELL[2] / 210.0;
    for (value, &count) in values.iter().zip(&visits) {
        assert!((value / BOHR.powi(3) - f64::from(count) / 60.0 / volume).abs() < 1e-5);
    }
    assert_eq!(values.len(), 210);

    let (_, energies) = read_cube(&text(&density, Volume::Energy, ""));
    let most = f64::from(*visits.iter().max().unwrap());
    for (value, &count) in energies.iter().zip(&visits) {
        assert!((value - KT * (most / f64::from(count).max(0.5)).ln()).abs() < 1e-5);
    }

    // atoms go with the state
    let density = Density::open(&state(&density), density.evaluation().clone()).unwrap();
    let text = text(&density, Volume::Chgcar, "title");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["title", "1.0"]);
    assert_eq!(lines[5..8], ["P S", "1 1", "Direct"]);
    assert_eq!(lines[10..12], ["", "7 6 5"]);
    let values: Vec<f64> =
        lines[12..].iter().flat_map(|line| line.split_whitespace()).map(|word| word.parse().unwrap()).collect();
    assert!((values.iter().sum::<f64>() / 210.0 - IONS as f64).abs() < 1e-3);
    for (k, value) in values.iter().enumerate() {
        let (x, y, z) = (k % 7, k / 7 % 6, k / 42);
        assert!((value - f64::from(visits[(x * 6 + y) * 5 + z]) / 60.0 * 210.0).abs() < 1e-3);
    }
}

#[test]
fn ranks_and_restarts_change_no_bit() {
    let whole = state(&run(1, 0..50));
    assert_eq!(state(&run(4, 0..50)), whole);
    let part = state(&run(2, 0..23));
    let mut parts = vec![Density::open(&part, new().evaluation().clone()).unwrap(); 3];
    (23..50).for_each(|step| sample(&mut parts, step));
    gather(&mut parts);
    assert_eq!(state(&parts[2]), whole);
    let mut restored = new();
    restored.restore(&whole).unwrap();
    assert_eq!(restored.table().unwrap(), run(1, 0..50).table().unwrap());
}

/// A byte for each voxel and block, as long as no voxel is visited more often in a block; then two.
#[test]
fn memory_is_that_of_the_counts() {
    let one_ion = DensityLayout { blocks: 4, ions: 1, drift: Reference::None, reference_atoms: 0, ..layout() };
    let mut density = Density::new(one_ion, Evaluation::default()).unwrap();
    density.expect(&CELL).unwrap();
    let none = (Array2::<f64>::zeros((0, 3)), Array2::<i32>::zeros((0, 3)));
    let located = locate(&none.0.view(), &none.1.view(), &[], CELL, ORIGIN).unwrap();
    let mut bytes = vec![density.memory_bytes()];
    for frames in 1..=2000 {
        if density.full() {
            gather(std::slice::from_mut(&mut density));
        }
        let positions = ArrayView2::from_shape((1, 3), &[0.0, 1.0, 3.0]).unwrap();
        let frame = Frame { cell: CELL, origin: ORIGIN, located: &located, positions, kinetic_temperature: None };
        density.sample(&frame).unwrap();
        if frames % 500 == 0 {
            gather(std::slice::from_mut(&mut density));
            bytes.push(density.memory_bytes());
        }
    }
    // 4 blocks of 512 frames at the end, of 128 after the first 500
    assert_eq!(bytes, [17, 17, 22, 23, 23].map(|each| 210 * each));
    let mut again = Density::open(&state(&density), Evaluation::default()).unwrap();
    assert_eq!(again.memory_bytes(), bytes[4]);
    assert_eq!(state(&again), state(&density));
    assert!(again.take_increments().iter().all(|&pair| pair == 0));
}

#[test]
fn joined_runs_are_one_density() {
    let (a, b) = (run(1, 0..20), run(1, 20..40));
    let mut both = Density::open(&state(&a), Evaluation::default()).unwrap();
    both.join(&state(&b)).unwrap();
    let sum: Vec<u32> = naive(0..20, [7, 6, 5]).iter().zip(naive(20..40, [7, 6, 5])).map(|(a, b)| a + b).collect();
    let most = *sum.iter().max().unwrap();
    let closing = naive_thresholds(&sum, [7, 6, 5]).into_iter().flatten().max().unwrap();
    let results = both.table().unwrap().results;
    assert!((results.value("barrier") - KT * (f64::from(most) / f64::from(closing)).ln()).abs() < 1e-9);
    assert_eq!((results.value("runs"), results.value("samples")), (2.0, 40.0));
    assert!(both.join(&state(&a)).unwrap_err().to_string().contains("same run"));
}

/// A cell that grows: the grid is that of the first frame, and the mean cell is written.
#[test]
fn the_grid_follows_the_cell() {
    let mut density = Density::new(
        DensityLayout { drift: Reference::None, reference_atoms: 0, ions: 1, ..layout() },
        Evaluation::default(),
    )
    .unwrap();
    let none = (Array2::<f64>::zeros((0, 3)), Array2::<i32>::zeros((0, 3)));
    for step in 0..10 {
        let cell = [6.0 + 0.1 * f64::from(step), 5.0, 4.0, 0.0, 0.0, 0.0];
        let located = locate(&none.0.view(), &none.1.view(), &[], cell, [0.0; 3]).unwrap();
        let x = [0.5 * cell[0], 2.5, 2.0];
        let positions = ArrayView2::from_shape((1, 3), &x).unwrap();
        let frame = Frame { cell, origin: [0.0; 3], located: &located, positions, kinetic_temperature: None };
        density.sample(&frame).unwrap();
        gather(std::slice::from_mut(&mut density));
    }
    let results = density.results().unwrap();
    assert_eq!(results.series["cell_A"][0][0], 6.45);
    let voxel = 6.45 * 20.0 / f64::from(7 * 6 * 5);
    assert!((results.value("density_max") * voxel - 1.0).abs() < 1e-9, "always the same voxel");
    assert_eq!(results.find("barrier").unwrap().value, None);
    let codes: Vec<_> = results.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["no_path", "no_temperature"]);
    // the tilt jumps
    let frame = |cell: [f64; 6]| {
        let located = locate(&none.0.view(), &none.1.view(), &[], cell, [0.0; 3]).unwrap();
        let positions = ArrayView2::from_shape((0, 3), &[]).unwrap();
        density.clone().sample(&Frame {
            cell,
            origin: [0.0; 3],
            located: &located,
            positions,
            kinetic_temperature: None,
        })
    };
    assert!(frame([6.9, 5.0, 4.0, 0.0, 0.0, 3.4]).unwrap_err().to_string().contains("flip no"));
}

/// Ions drawn from a known free energy: a channel along x with a bottleneck. Thresholds are found, and scatter as much as they say.
#[test]
fn errors_hold() {
    let height = 3.0; // kT
    let grid = [12u64, 4, 4];
    let mut random = StdRng::seed_from_u64(3);
    // sites at x = 0, a bottleneck at x = 1/2, walls elsewhere
    let energy = |x: usize, y: usize, z: usize| {
        let wall = if y == 0 && z == 0 { 0.0 } else { 4.0 };
        wall + height / 2.0 * (1.0 - (std::f64::consts::TAU * x as f64 / 12.0).cos())
    };
    let weights: Vec<f64> = (0..192).map(|k| (-energy(k / 16, k / 4 % 4, k % 4)).exp()).collect();
    let norm: f64 = weights.iter().sum();
    let (mut values, mut errors) = (Vec::new(), Vec::new());
    let none = (Array2::<f64>::zeros((0, 3)), Array2::<i32>::zeros((0, 3)));
    let cell = [12.0, 4.0, 4.0, 0.0, 0.0, 0.0];
    let located = locate(&none.0.view(), &none.1.view(), &[], cell, [0.0; 3]).unwrap();
    for _ in 0..40 {
        let (ions, spacing, every) = (50, 0.0, 1);
        let layout =
            DensityLayout { spacing, grid, blocks: 8, every, ions, drift: Reference::None, reference_atoms: 0 };
        let mut density = Density::new(layout, Evaluation { temperature: Some(300.0), cube: String::new() }).unwrap();
        for _ in 0..256 {
            if density.full() {
                gather(std::slice::from_mut(&mut density));
            }
            let x: Vec<f64> = (0..ions)
                .flat_map(|_| {
                    let mut at = random.random::<f64>() * norm;
                    let k = weights.iter().position(|weight| {
                        at -= weight;
                        at < 0.0
                    });
                    let k = k.unwrap_or(0);
                    [k / 16, k / 4 % 4, k % 4].map(|at| at as f64)
                })
                .collect();
            let positions = ArrayView2::from_shape((50, 3), &x).unwrap();
            let frame = Frame { cell, origin: [0.0; 3], located: &located, positions, kinetic_temperature: None };
            density.sample(&frame).unwrap();
        }
        gather(std::slice::from_mut(&mut density));
        let kt = 8.617_333_262e-5 * 300.0;
        let found = density.results().unwrap();
        values.push(found.value("barrier_a") / kt);
        errors.push(found.error("barrier_a") / kt);
    }
    let mean = values.iter().sum::<f64>() / 40.0;
    let scatter = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 39.0).sqrt();
    let error = errors.iter().sum::<f64>() / 40.0;
    println!("threshold {mean} of {height} kT, scatter {scatter}, error said {error}");
    assert!((mean - height).abs() < 0.15, "{mean}");
    assert!(error / scatter > 0.5 && error / scatter < 2.0, "{error} {scatter}");
}

#[test]
fn what_cannot_be_is_refused() {
    let wrong = |layout: DensityLayout| Density::new(layout, Evaluation::default()).unwrap_err().to_string();
    assert!(wrong(DensityLayout { spacing: -1.0, ..layout() }).contains("-1 A is no positive length"));
    assert!(wrong(DensityLayout { spacing: 0.0, grid: [0, 2, 2], ..layout() }).contains("0 x 2 x 2 voxels"));
    assert!(wrong(DensityLayout { spacing: 0.0, grid: [1 << 20, 1, 1], ..layout() }).contains("1048576"));
    assert!(wrong(DensityLayout { blocks: 0, ..layout() }).contains("0 blocks"));
    assert!(wrong(DensityLayout { every: 0, ..layout() }).contains("one time step"));
    assert!(wrong(DensityLayout { reference_atoms: 0, ..layout() }).contains("drift com or drift none"));

    let mut density = Density::new(DensityLayout { spacing: 0.01, ..layout() }, Evaluation::default()).unwrap();
    let error = density.expect(&CELL).unwrap_err().to_string();
    // 600 x 516 x 411 voxels with 2 (8 + 2) + 11 bytes each
    assert!(error.contains("600 x 516 x 411 voxels needs 3944613600 bytes"), "{error}");
    assert!(
        error.contains("1073741824 are the limit: use a spacing of 0.016 A or more, or blocks 1 and 0.013 A"),
        "{error}"
    );

    let saved = state(&run(1, 0..5));
    for (old, new, message) in [
        ("\"frames\":1", "\"frames\":2", "damaged"),
        ("\"grid\":[7,6,5]", "\"grid\":[7,6,6]", "damaged"),
        ("\"ions\":11", "\"ions\":12", "damaged"),
    ] {
        let damaged = saved.replacen(old, new, 1);
        assert_ne!(damaged, saved, "{old}");
        let error = Density::open(&damaged, Evaluation::default()).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    let mut other = Density::new(DensityLayout { spacing: 0.8, ..layout() }, Evaluation::default()).unwrap();
    assert!(other.restore(&saved).unwrap_err().to_string().contains("spacing was 0.9, is 0.8"));

    // one ion less
    let mut density = new();
    let x = [0.0; 30];
    let located = {
        let mut sum =
            locate(&Array2::<f64>::ones((8, 3)).view(), &Array2::<i32>::zeros((8, 3)).view(), &[], CELL, ORIGIN)
                .unwrap();
        let frame = |located: &[i64]| {
            let positions = ArrayView2::from_shape((10, 3), &x).unwrap();
            let frame = Frame { cell: CELL, origin: ORIGIN, located, positions, kinetic_temperature: None };
            new().sample(&frame).map_err(|error| error.to_string())
        };
        sum[0] = 7;
        assert!(frame(&sum).unwrap_err().contains("7 atoms in the drift reference now, 8"));
        sum[0] = 8;
        sum
    };
    let positions = ArrayView2::from_shape((10, 3), &x).unwrap();
    let frame = Frame { cell: CELL, origin: ORIGIN, located: &located, positions, kinetic_temperature: None };
    density.sample(&frame).unwrap();
    let increments = density.take_increments();
    assert!(
        density.add_increments(&increments).unwrap_err().to_string().contains("10 positions in 1 frames of 11 ions")
    );
}
