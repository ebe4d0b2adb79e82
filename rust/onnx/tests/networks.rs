// SPDX-License-Identifier: MIT
//! Networks on ONNX Runtime, against the model file's own graph. Needs ONNX Runtime: `ORT_DYLIB_PATH` or a virtual environment.

#![allow(clippy::unwrap_used)]

use deepion_onnx::{Library, ModelFile, OnnxNetworks, OnnxReal, OnnxWholeModel, load};
use deepion_potential::{
    Configuration, DescriptorLayout, Engine, FittingSteps, Model, Networks, Results, TableSettings, matrix, matrix_mut,
};

/// Two types; and one type with two frame and two atomic parameters.
const MODELS: [&[u8]; 2] = [include_bytes!("data/two_sided.onnx"), include_bytes!("data/fparam_aparam.onnx")];

fn open() -> (Library, [ModelFile; 2]) {
    (load("", &[]).unwrap(), MODELS.map(|bytes| ModelFile::open("test.onnx", bytes).unwrap()))
}

fn engine<R: OnnxReal>(library: &Library, file: &ModelFile, threads: usize) -> Engine {
    let mut exact = OnnxNetworks::<f64>::embeddings_only(library, file).unwrap();
    let networks =
        (0..threads).map(|_| Box::new(OnnxNetworks::<R>::new(library, file).unwrap()) as Box<dyn Networks>).collect();
    Engine::new(Model::new(file.contract.clone(), &mut exact).unwrap(), networks, false).unwrap()
}

/// Atoms on a distorted grid, all pairs neighbors.
struct Grid {
    x: Vec<f64>,
    types: Vec<i32>,
    centers: Vec<i32>,
    groups: Vec<i32>,
    offsets: Vec<usize>,
    neighbors: Vec<i32>,
    fparam: Vec<f64>,
    aparam: Vec<f64>,
}

impl Grid {
    fn new(file: &ModelFile, n: i32) -> Self {
        let c = &file.contract;
        let place =
            |i: i32| [i % 4, i / 4 % 4, i / 16].map(|k| 2.2 * f64::from(k) + 0.3 * f64::from(7 * i + 3 * k).sin());
        let types = c.ntypes() as i32;
        let (mut offsets, mut neighbors) = (vec![0], Vec::new());
        for (i, t) in (0..n).flat_map(|i| (0..types).map(move |t| (i, t))) {
            neighbors.extend((0..n).filter(|&j| j != i && j % types == t));
            offsets.push(neighbors.len());
        }
        Self {
            x: (0..n).flat_map(place).collect(),
            types: (0..n).map(|i| i % types).collect(),
            centers: (0..n).collect(),
            groups: (0..types).collect(),
            offsets,
            neighbors,
            fparam: vec![0.4, -1.1][..c.numb_fparam].to_vec(),
            aparam: (0..n * c.numb_aparam as i32).map(|i| f64::from(i).cos()).collect(),
        }
    }

    fn configuration(&self) -> Configuration<'_> {
        let (n, per_atom) = (self.types.len(), self.aparam.len() / self.types.len());
        Configuration {
            x: matrix("x", &self.x, [n, 3]).unwrap(),
            types: &self.types,
            tags: &[],
            centers: &self.centers,
            groups: &self.groups,
            offsets: &self.offsets,
            neighbors: &self.neighbors,
            rebuilt: true,
            fparam: &self.fparam,
            aparam: matrix("aparam", &self.aparam, [n, per_atom]).unwrap(),
        }
    }

    fn forces(&self, engine: &mut Engine) -> (f64, Vec<f64>) {
        let mut f = vec![0.0; self.x.len()];
        let forces = matrix_mut("f", &mut f, [self.types.len(), 3]).unwrap();
        let mut results = Results { factor: 1.0, f: Some(forces), eatom: None, vatom: None, cvatom: None };
        let (totals, _) = engine.compute(&self.configuration(), &mut results).unwrap();
        (totals.energy, f)
    }
}

#[test]
fn both_precisions_agree_with_the_graph() {
    let (library, files) = open();
    for file in &files {
        let grid = Grid::new(file, 40);
        let mut graph = OnnxWholeModel::new(&library, file).unwrap();
        let mut double = engine::<f64>(&library, file, 1);
        let check = double.self_check(&grid.configuration(), &mut graph).unwrap();
        assert_eq!(check.sampled, 4 * file.contract.ntypes());
        assert!(check.force_difference < 1e-12 && check.energy_difference < 1e-12, "{check:?}");
        let strongest = grid.forces(&mut double).1.iter().fold(0.0, |m: f64, f| m.max(f.abs()));
        assert!(strongest > 1e-2, "forces too small to judge: {strongest}");

        let mut mixed = engine::<f32>(&library, file, 1);
        let check = mixed.self_check(&grid.configuration(), &mut graph).unwrap();
        assert!(check.force_difference < 1e-5 && check.force_difference > 1e-14, "{check:?}");
    }
}

#[test]
fn full_fitting_nets_that_are_taken_apart_give_what_onnx_runtime_gives() {
    let (library, files) = open();
    for file in &files {
        let steps = file.full_steps(&vec![true; file.contract.ntypes()]).unwrap();
        assert!(steps.iter().all(Option::is_some), "one was not taken apart");
        let grid = Grid::new(file, 40);
        let forces = |steps: &[Option<FittingSteps>]| {
            let mut exact = OnnxNetworks::<f64>::embeddings_only(&library, file).unwrap();
            let networks = vec![Box::new(OnnxNetworks::<f64>::beside_tables(&library, file, steps).unwrap()) as Box<_>];
            let model = Model::new(file.contract.clone(), &mut exact).unwrap();
            let settings = TableSettings::for_model(&file.contract, 1e-8);
            let engine = Engine::tabulated::<f64>(model, &mut exact, networks, settings, steps, false);
            grid.forces(&mut engine.unwrap())
        };
        let ((energy, own), (expected, by_runtime)) = (forces(&steps), forces(&[]));
        assert!((energy - expected).abs() < 1e-12 * expected.abs(), "{energy} is not {expected}");
        for (own, expected) in own.iter().zip(&by_runtime) {
            assert!((own - expected).abs() < 1e-12, "{own} is not {expected}");
        }
        assert_ne!(own, by_runtime, "the same bits: both ran in ONNX Runtime");
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let (library, [file, _]) = open();
    let grid = Grid::new(&file, 100);
    let (mut one, mut three) = (engine::<f32>(&library, &file, 1), engine::<f32>(&library, &file, 3));
    assert_eq!(grid.forces(&mut one), grid.forces(&mut three));
}

#[test]
fn a_check_notices_another_model() {
    let (library, [mut file, _]) = open();
    let mut graph = OnnxWholeModel::new(&library, &file).unwrap();
    file.contract.parts[0].dstd[0][0] *= 1.01;
    let mut wrong = engine::<f64>(&library, &file, 1);
    let check = wrong.self_check(&Grid::new(&file, 30).configuration(), &mut graph).unwrap();
    assert!(check.force_difference > 1e-6, "{check:?}");
}

#[test]
fn recorded_layout_gives_the_same_bits_as_the_inferred_one() {
    let (library, files) = open();
    for mut file in files {
        let grid = Grid::new(&file, 30);
        let inferred = grid.forces(&mut engine::<f64>(&library, &file, 1));
        file.contract.descriptor_layout = Some(DescriptorLayout::AxisFastestFirstLayerOnly);
        assert_eq!(grid.forces(&mut engine::<f64>(&library, &file, 1)), inferred);
        file.contract.descriptor_layout = Some(DescriptorLayout::AxisFastest);
        let (energy, forces) = grid.forces(&mut engine::<f64>(&library, &file, 1));
        assert!((energy - inferred.0).abs() < 1e-11);
        assert!(forces.iter().zip(&inferred.1).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}
