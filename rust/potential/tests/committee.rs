// SPDX-License-Identifier: MIT
//! Several models evaluated together against each of them alone.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

mod common;

use common::{Answer, Cluster, Toy, contract, engine, evaluate, forces_only, model};
use deepion_potential::{Contract, Engine, Evaluation, Results, TableSettings, TypedNetworks, compute_all, matrix_mut};

/// Models that list alike but differ in the rest.
fn alike() -> [Contract; 3] {
    let mut others = [contract(), contract(), contract()];
    others[1].parts[0].davg = vec![0.3, -0.2, 0.1];
    others[1].energy_scale = vec![0.4, 2.0, 1.1];
    others[1].min_nbor_dist = Some(1.2);
    others[2].parts[0].dstd = vec![[0.2, 0.3], [0.5, 0.1], [0.3, 0.3]];
    others[2].min_nbor_dist = Some(1.6);
    others
}

fn tables(c: &Contract, threads: usize) -> Engine {
    let settings = TableSettings { tolerance: 1e-6, nearest: 0.8 };
    let networks = (0..threads).map(|_| Box::new(Toy::of(c)) as Box<dyn TypedNetworks<f32>>).collect();
    Engine::tabulated(model(c), &mut Toy::of(c), networks, settings, &[], false).unwrap()
}

fn together(engines: &mut [Engine], cluster: &Cluster) -> Vec<(Answer, usize)> {
    let (n, list) = (cluster.types.len(), cluster.list());
    let conf = cluster.configuration(&list);
    let mut arrays: Vec<_> =
        engines.iter().map(|_| (vec![0.0; 3 * n], vec![0.0; n], vec![0.0; 6 * n], vec![0.0; 9 * n])).collect();
    let mut results: Vec<_> = arrays
        .iter_mut()
        .map(|(f, eatom, vatom, cvatom)| Results {
            factor: 1.0,
            f: Some(matrix_mut("f", f, [n, 3]).unwrap()),
            eatom: Some(eatom),
            vatom: Some(matrix_mut("vatom", vatom, [n, 6]).unwrap()),
            cvatom: Some(matrix_mut("cvatom", cvatom, [n, 9]).unwrap()),
        })
        .collect();
    let evaluations = engines.iter_mut().zip(&mut results);
    let mut evaluations: Vec<_> =
        evaluations.map(|(engine, results)| Evaluation { engine, conf: &conf, results }).collect();
    let sums = compute_all(&mut evaluations).unwrap();
    let answer = |((f, eatom, vatom, cvatom), (totals, seen)): (_, (_, deepion_potential::Sightings))| {
        (Answer { totals, f, eatom, vatom, cvatom }, seen.close_pairs)
    };
    arrays.into_iter().zip(sums).map(answer).collect()
}

#[test]
fn each_model_gives_the_bits_that_it_gives_alone() {
    let cluster = Cluster::new(150, 9.0, 3);
    let mut others = contract();
    others.parts[0].rcut = 3.5; // other neighbors
    let [a, b, c] = alike();
    for threads in [1, 3] {
        // With tables and without, and one in between that shares nothing.
        let open = || [engine(&a, threads), tables(&b, threads), engine(&others, threads), tables(&c, threads)];
        let found = together(&mut open(), &cluster);
        let alone: Vec<_> = open().iter_mut().map(|engine| evaluate(engine, &cluster)).collect();
        for (k, ((found, _), alone)) in found.iter().zip(&alone).enumerate() {
            assert!(found == alone, "model {k} on {threads} threads");
        }
        assert!(alone[0].f != alone[1].f && alone[0].f != alone[3].f);
    }
}

#[test]
fn neighbors_are_found_once_and_each_model_has_its_own_limit_for_close_pairs() {
    let cluster = Cluster::new(150, 9.0, 3);
    let mut engines = alike().map(|c| engine(&c, 1));
    let close: Vec<_> = together(&mut engines, &cluster).into_iter().map(|(_, close)| close).collect();
    assert!(close[0] == 0 && 0 < close[1] && close[1] < close[2], "{close:?}");
    let bytes: Vec<_> = engines.iter().map(Engine::bytes).collect();
    assert!(bytes[1] == bytes[2] && bytes[1] < bytes[0], "only the first holds neighbors: {bytes:?}");
}

#[test]
fn a_failure_of_one_model_leaves_the_results_of_all_unchanged() {
    let cluster = Cluster::new(60, 7.0, 3);
    let list = cluster.list();
    let conf = cluster.configuration(&list);
    let [a, mut b, _] = alike();
    b.numb_fparam = 1; // which the configuration does not have
    b.energy_shift[1] = f64::NAN;
    for broken in [b.clone(), Contract { numb_fparam: 0, ..b }] {
        let (mut engines, mut f) = ([engine(&a, 1), engine(&broken, 1)], [vec![0.5; 180], vec![0.5; 180]]);
        let mut results = f.each_mut().map(|f| forces_only(f));
        let evaluations = engines.iter_mut().zip(&mut results);
        let mut evaluations: Vec<_> =
            evaluations.map(|(engine, results)| Evaluation { engine, conf: &conf, results }).collect();
        assert!(compute_all(&mut evaluations).is_err());
        assert!(f.iter().flatten().all(|f| *f == 0.5));
    }
}
