// SPDX-License-Identifier: MIT
//! The functions of the border, called as C++ calls them. Needs ONNX Runtime: `ORT_DYLIB_PATH` or a virtual environment.

use super::ffi::{Alerts, Atoms, Evaluation, Output, Precision, Settings, Totals};
use super::{Potential, compute_all, model_deviation, open_potential};

/// Two types, without parameters.
const MODEL: &[u8] = include_bytes!("../../../onnx/tests/data/two_sided.onnx");
/// One type, two frame and two atomic parameters.
const PARAMETERS: &[u8] = include_bytes!("../../../onnx/tests/data/fparam_aparam.onnx");

pub(super) fn settings() -> Settings {
    Settings {
        precision: Precision::Double,
        tabulate: false,
        table_error: 1e-6,
        reduce: 0.0,
        threads: 1,
        drives: true,
        sel_error: false,
        onnxruntime: String::new(),
        search: Vec::new(),
    }
}

fn open(bytes: &[u8]) -> Box<Potential> {
    let mut potential = open_potential("test.onnx", bytes, &settings()).unwrap();
    let types: Vec<i32> = (0..potential.info().unwrap().type_map.len() as i32).collect();
    potential.prepare(&types).unwrap();
    potential
}

/// Six atoms of two types, all neighbors of each other.
struct Cluster {
    x: Vec<f64>,
    types: Vec<i32>,
    tags: Vec<i64>,
    centers: Vec<i32>,
    groups: Vec<i32>,
    offsets: Vec<usize>,
    neighbors: Vec<i32>,
}

const N: usize = 6;

impl Cluster {
    fn new() -> Self {
        let n = N as i32;
        let place = |i: i32| [i % 2, i / 2 % 2, i / 4].map(|k| 2.1 * f64::from(k) + 0.2 * f64::from(5 * i + k).sin());
        let (mut offsets, mut neighbors) = (vec![0], Vec::new());
        for (i, group) in (0..n).flat_map(|i| [(i, 1), (i, 0)]) {
            neighbors.extend((0..n).filter(|&j| j != i && j % 2 == group));
            offsets.push(neighbors.len());
        }
        Self {
            x: (0..n).flat_map(place).collect(),
            types: (0..n).map(|i| i % 2).collect(),
            tags: (0..i64::from(n)).map(|i| 100 + i).collect(),
            centers: (0..n).collect(),
            groups: vec![1, 0],
            offsets,
            neighbors,
        }
    }

    fn atoms(&self) -> Atoms<'_> {
        Atoms {
            x: &self.x,
            types: &self.types,
            tags: &self.tags,
            centers: &self.centers,
            groups: &self.groups,
            offsets: &self.offsets,
            neighbors: &self.neighbors,
            rebuilt: true,
            fparam: &[],
            aparam: &[],
        }
    }
}

fn forces_only(f: &mut [f64]) -> Output<'_> {
    Output { factor: 1.0, f, eatom: &mut [], vatom: &mut [], cvatom: &mut [] }
}

fn compute(potential: &mut Potential, atoms: Atoms, output: Output) -> deepion_potential::Result<Totals> {
    compute_all(&mut [Evaluation { potential, atoms, output }]).map(|totals| totals[0])
}

fn refusal(potential: &mut Potential, atoms: Atoms) -> String {
    compute(potential, atoms, forces_only(&mut [0.0; 3 * N])).unwrap_err().to_string()
}

#[test]
fn threads_and_limits_are_those_in_use() {
    let many = Settings { threads: 1000, table_error: 0.0, ..settings() };
    let info = open_potential("test.onnx", MODEL, &many).unwrap().info().unwrap();
    assert_eq!(info.threads, deepion_potential::MOST_SHARES);
    assert!((info.check_limit / 1e-8 - 1.0).abs() < 1e-12);
}

#[test]
fn info_comes_from_the_file() {
    let info = open(PARAMETERS).info().unwrap();
    assert_eq!((info.numb_fparam, info.numb_aparam, info.type_map.len()), (2, 2, 1));
    assert_eq!(info.sha256.len(), 64);
    for beginning in
        ["sha256 ", "from ", "types ", "cutoff ", "networks ", "precision double", "tabulate no", "threads 1"]
    {
        assert!(info.summary.iter().any(|line| line.starts_with(beginning)), "{beginning}: {:?}", info.summary);
    }
}

#[test]
fn types_that_will_occur_are_prepared_for() {
    let (mut potential, cluster) = (open_potential("test.onnx", MODEL, &settings()).unwrap(), Cluster::new());
    assert!(potential.info().unwrap().summary.is_empty());
    assert!(refusal(&mut potential, cluster.atoms()).contains("was not prepared"));
    assert!(potential.prepare(&[2]).unwrap_err().to_string().contains("type 2 given"));
    potential.prepare(&[1]).unwrap();
    let text = refusal(&mut potential, cluster.atoms());
    assert!(text.starts_with("type 0 (") && text.contains("not prepared"), "{text}");
    potential.prepare(&[0, 1]).unwrap();
    let all = compute(&mut potential, cluster.atoms(), forces_only(&mut [0.0; 3 * N])).unwrap();
    assert_eq!(compute(&mut open(MODEL), cluster.atoms(), forces_only(&mut [0.0; 3 * N])).unwrap(), all);
}

#[test]
fn sums_of_the_parts_are_the_totals() {
    let (mut potential, cluster) = (open(MODEL), Cluster::new());
    let (mut f, mut eatom) = (vec![0.0; 3 * N], vec![0.0; N]);
    let (mut vatom, mut cvatom) = (vec![0.0; 6 * N], vec![0.0; 9 * N]);
    let output = Output { factor: 2.0, f: &mut f, eatom: &mut eatom, vatom: &mut vatom, cvatom: &mut cvatom };
    let totals = compute(&mut potential, cluster.atoms(), output).unwrap();
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{a} {b}");
    close(eatom.iter().sum(), totals.energy);
    for k in 0..9 {
        close(cvatom.chunks(9).map(|v| v[k]).sum(), totals.virial[k]);
    }
    close(vatom.chunks(6).map(|v| v[3]).sum(), 0.5 * (totals.virial[3] + totals.virial[6]));
    for d in 0..3 {
        close(f.iter().skip(d).step_by(3).sum(), 0.0);
    }
    assert!(f.iter().any(|f| f.abs() > 1e-2), "forces too small to judge: {f:?}");

    // Results are added, and `factor` multiplies them.
    let mut again = f.clone();
    let half = compute(&mut potential, cluster.atoms(), forces_only(&mut again)).unwrap();
    close(2.0 * half.energy, totals.energy);
    again.iter().zip(&f).for_each(|(a, f)| close(*a, 1.5 * f));
}

#[test]
fn arrays_that_do_not_fit_are_named() {
    let (mut potential, cluster) = (open(MODEL), Cluster::new());
    let short = refusal(&mut potential, Atoms { x: &cluster.x[..7], ..cluster.atoms() });
    assert!(short.starts_with('x'), "{short}");
    let tags = refusal(&mut potential, Atoms { tags: &cluster.tags[..2], ..cluster.atoms() });
    assert!(tags.starts_with("tags"), "{tags}");
    let offsets = refusal(&mut potential, Atoms { offsets: &cluster.offsets[1..], ..cluster.atoms() });
    assert!(offsets.starts_with("offsets"), "{offsets}");
    let mut far = cluster.neighbors.clone();
    far[7] = 99;
    let outside = refusal(&mut potential, Atoms { neighbors: &far, ..cluster.atoms() });
    assert!(outside.contains("outside 0..6"), "{outside}");
    let types = refusal(&mut potential, Atoms { types: &[0, 1, 7, 0, 1, 0], ..cluster.atoms() });
    assert!(types.contains("type 7"), "{types}");
    let fparam = refusal(&mut potential, Atoms { fparam: &[1.0], ..cluster.atoms() });
    assert!(fparam.contains("fparam"), "{fparam}");
    let mut f = vec![0.0; 5];
    let text = compute(&mut potential, cluster.atoms(), forces_only(&mut f)).unwrap_err().to_string();
    assert!(text.starts_with("f "), "{text}");
    assert_eq!(f, [0.0; 5], "an error must not change the results");

    let mut potential = open(PARAMETERS);
    let types = [0; N];
    let (groups, offsets) = ([0], [0, 5, 10, 15, 20, 25, 30]);
    let atoms = Atoms {
        types: &types,
        groups: &groups,
        offsets: &offsets,
        fparam: &[0.1, 0.2],
        aparam: &[0.5; 2 * N - 1],
        ..cluster.atoms()
    };
    let text = refusal(&mut potential, atoms);
    assert!(text.contains("aparam"), "{text}");
}

#[test]
fn alerts_and_times_are_taken_once() {
    let (mut potential, mut cluster) = (open(MODEL), Cluster::new());
    let tags = (cluster.tags[0], cluster.tags[1]);
    for d in 0..3 {
        cluster.x[3 + d] = cluster.x[d] + 0.1;
    }
    compute(&mut potential, cluster.atoms(), forces_only(&mut [0.0; 3 * N])).unwrap();
    let alerts = potential.take_alerts().unwrap();
    assert_eq!(alerts.close_count, 2, "each of the two atoms sees the other: {alerts:?}");
    assert_eq!((alerts.close_tag_i.min(alerts.close_tag_j), alerts.close_tag_i.max(alerts.close_tag_j)), tags);
    assert!((alerts.close_distance - 0.1 * 3_f64.sqrt()).abs() < 1e-12);
    assert_eq!(potential.take_alerts().unwrap(), Alerts::default());

    let times = potential.take_times().unwrap();
    let names: Vec<&str> = times.iter().map(|part| &*part.name).collect();
    assert_eq!(names, ["neighbors", "environment", "descriptor", "fitting nets", "scatter"]);
    assert!(times.iter().map(|part| part.seconds).sum::<f64>() > 0.0);
    assert!(potential.take_times().unwrap().iter().all(|part| part.seconds == 0.0));
    assert!(potential.memory_bytes().unwrap() > MODEL.len());
}

#[test]
fn self_check_compares_with_the_graph_of_the_file() {
    let check = open(MODEL).self_check(Cluster::new().atoms()).unwrap();
    assert_eq!(check.sampled, N);
    assert!(check.force_difference < 1e-12 && check.squares < 1e-20, "{check:?}");
}

#[test]
fn atoms_at_one_place_are_an_error_with_their_ids() {
    let (mut potential, mut cluster) = (open(MODEL), Cluster::new());
    let first = cluster.x[..3].to_vec();
    cluster.x[3..6].copy_from_slice(&first);
    let text = refusal(&mut potential, cluster.atoms());
    assert!(text.contains("atom ID 100") && text.contains("atom ID 101"), "{text}");
    // An error of the user's is no bug: the potential goes on working.
    compute(&mut potential, Cluster::new().atoms(), forces_only(&mut [0.0; 3 * N])).unwrap();
}

#[test]
fn what_is_no_model_is_an_error() {
    let text = open_potential("junk.onnx", b"junk", &settings()).err().unwrap().to_string();
    assert!(text.starts_with("model file junk.onnx: "), "{text}");
    let reduce = Settings { reduce: 1e-3, tabulate: true, ..settings() };
    let text = open_potential("test.onnx", MODEL, &reduce).err().unwrap().to_string();
    assert!(text.contains("no reduced networks") && text.contains("it has: none"), "{text}");
}

#[test]
fn deviation_of_forces() {
    // Two models, one atom: mean (2, 0, 0), deviation 1.
    assert_eq!(model_deviation(&[1.0, 0.0, 0.0, 3.0, 0.0, 0.0], 2, -1.0).unwrap(), [1.0]);
    assert!(model_deviation(&[1.0; 5], 2, -1.0).is_err());
}

#[test]
fn models_of_a_committee_give_what_each_gives_alone() {
    let cluster = Cluster::new();
    let alone = |bytes| {
        let mut f = [0.0; 3 * N];
        let totals = compute(&mut open(bytes), cluster.atoms(), forces_only(&mut f)).unwrap();
        (totals, f)
    };
    let (mut models, mut f) = ([open(MODEL), open(MODEL), open(MODEL)], [[0.0; 3 * N]; 3]);
    let mut evaluations: Vec<_> = models
        .iter_mut()
        .zip(&mut f)
        .map(|(potential, f)| Evaluation { potential, atoms: cluster.atoms(), output: forces_only(f) })
        .collect();
    evaluations[1].output.factor = 2.0;
    let totals = compute_all(&mut evaluations).unwrap();
    let (expected, forces) = alone(MODEL);
    assert_eq!((totals[0], totals[2], f[0], f[2]), (expected, expected, forces, forces));
    assert_eq!((totals[1].energy, f[1]), (2.0 * expected.energy, forces.map(|f| 2.0 * f)));
}
