// SPDX-License-Identifier: MIT
//! The engine against an independent reference, finite differences and the symmetries of physics.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; exact zeros are meant

mod common;

use common::{
    Answer, Cluster, List, cluster_for, contract, contract_of, engine, evaluate, forces_only, naive_energies, part,
    strongest, variants,
};
use deepion_potential::{Configuration, Contract, Engine, Error, Part, Results, matrix};

/// Rounding of two float64 codes that add a few thousand terms in different order.
const SAME: f64 = 1e-12;
/// Below this a force proves nothing.
const SIGNAL: f64 = 1e-2;

fn close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (k, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{what}[{k}]: {a} and {b}");
    }
}

#[test]
fn energies_equal_the_naive_reference() {
    for (name, c) in variants() {
        let cluster = cluster_for(&c, 5);
        let answer = evaluate(&mut engine(&c, 1), &cluster);
        close(&answer.eatom, &naive_energies(&c, &cluster), SAME, name);
        assert!((answer.totals.energy - answer.eatom.iter().sum::<f64>()).abs() < 1e-11, "{name}");
        assert_eq!(answer.eatom[7], 0.0, "{name}: an invisible atom has no energy");
    }
}

#[test]
fn forces_are_minus_the_gradient_of_the_naive_energy() {
    // Central differences, step 1e-5 A: truncation ~1e-9 eV/A for these nets, rounding ~1e-10.
    let h = 1e-5;
    for (name, c) in variants() {
        let cluster = cluster_for(&c, 8);
        let f = evaluate(&mut engine(&c, 1), &cluster).f;
        assert!(strongest(&f) > SIGNAL, "{name}: forces too small to judge");
        for k in (0..f.len()).step_by(7) {
            let energy = |step: f64| {
                let mut moved = cluster.clone();
                moved.x[k] += step;
                naive_energies(&c, &moved).iter().sum::<f64>()
            };
            let expected = -(energy(h) - energy(-h)) / (2.0 * h);
            assert!(
                (f[k] - expected).abs() < 1e-7,
                "{name}: component {k} is {} but the gradient says {expected}",
                f[k]
            );
        }
        assert_eq!(f[21..24], [0.0; 3], "{name}: an invisible atom feels no force");
    }
}

#[test]
fn virial_is_the_strain_derivative() {
    let h = 1e-5;
    let order = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (1, 0), (2, 0), (2, 1)];
    for (name, c) in variants() {
        let cluster = cluster_for(&c, 11);
        let Answer { totals, vatom, cvatom, .. } = evaluate(&mut engine(&c, 1), &cluster);
        assert!(strongest(&totals.virial) > SIGNAL, "{name}");
        for (v, (a, b)) in totals.virial.iter().zip(order) {
            // r_b -> r_b + strain r_a, so dE/dstrain = - sum r_a f_b.
            let energy = |strain: f64| {
                let mut moved = cluster.clone();
                moved.x.chunks_mut(3).for_each(|p| p[b] += strain * p[a]);
                naive_energies(&c, &moved).iter().sum::<f64>()
            };
            let expected = -(energy(h) - energy(-h)) / (2.0 * h);
            assert!(
                (v - expected).abs() < 1e-6,
                "{name}: virial {a}{b} is {v} but the strain derivative says {expected}"
            );
        }
        for k in 0..9 {
            let sum: f64 = cvatom.iter().skip(k).step_by(9).sum();
            assert!((sum - totals.virial[k]).abs() < 1e-11, "{name}: per-atom virials do not add up");
        }
        let xy: f64 = vatom.iter().skip(3).step_by(6).sum();
        assert!((xy - 0.5 * (totals.virial[3] + totals.virial[6])).abs() < 1e-11, "{name}");
    }
}

#[test]
fn symmetries() {
    let c = contract();
    let cluster = cluster_for(&c, 3);
    let here = evaluate(&mut engine(&c, 1), &cluster);
    for k in 0..3 {
        assert!(here.f.iter().skip(k).step_by(3).sum::<f64>().abs() < 1e-11, "forces do not sum to zero");
    }
    // Translation, then rotation by 90 degrees about z and exchange of two atoms of one type.
    let mut moved = cluster.clone();
    moved.x.chunks_mut(3).for_each(|p| {
        let [x, y, z] = [p[0], p[1], p[2]];
        p.copy_from_slice(&[3.0 - y, x - 1.0, z + 2.0]);
    });
    for k in 0..3 {
        moved.x.swap(k, 9 + k);
    }
    let there = evaluate(&mut engine(&c, 1), &moved);
    assert!((here.totals.energy - there.totals.energy).abs() < 1e-11);
    assert!(strongest(&here.f[..3]) > SIGNAL);
    close(&[-here.f[1], here.f[0], here.f[2]], &there.f[9..12], SAME, "rotated force");
}

#[test]
fn a_far_atom_changes_nothing_and_the_cutoff_is_smooth() {
    let c = contract();
    let mut pair = Cluster::of(vec![0.0, 0.0, 0.0, c.rcut() - 1e-6, 0.0, 0.0], vec![0, 2]);
    let inside = evaluate(&mut engine(&c, 1), &pair);
    pair.x[3] = c.rcut() + 1e-6;
    let outside = evaluate(&mut engine(&c, 1), &pair);
    assert!((inside.totals.energy - outside.totals.energy).abs() < 1e-14);
    assert!(strongest(&inside.f) < 1e-9);
    assert_eq!(strongest(&outside.f), 0.0);
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let c = contract();
    let cluster = Cluster::new(400, 14.0, 2);
    let one = evaluate(&mut engine(&c, 1), &cluster);
    assert!(strongest(&one.f) > SIGNAL);
    for threads in [2, 3, 8] {
        assert_eq!(one, evaluate(&mut engine(&c, threads), &cluster), "{threads} threads");
    }
}

#[test]
fn configurations_side_by_side_give_the_same_bits() {
    let c = contract();
    let clusters: Vec<Cluster> = (0..5).map(|seed| Cluster::new(90, 10.0, seed)).collect();
    let expected: Vec<Answer> = clusters.iter().map(|cluster| evaluate(&mut engine(&c, 1), cluster)).collect();
    for threads in [1, 3] {
        let mut engine = engine(&c, threads);
        let answers = engine.apart(|alone| clusters.iter().map(|cluster| evaluate(alone, cluster)).collect::<Vec<_>>());
        assert_eq!(answers, vec![expected.clone(); threads]);
        assert!(engine.take_times().parts().iter().map(|part| part.1).sum::<f64>() > 0.0);
        assert_eq!(evaluate(&mut engine, &clusters[2]), expected[2], "the engine has its threads back");
    }
}

#[test]
fn results_are_added_and_scaled() {
    let c = contract();
    let cluster = cluster_for(&c, 3);
    let mut engine = engine(&c, 1);
    let plain = evaluate(&mut engine, &cluster);
    let (mut f, mut eatom) = (vec![1.0; 120], vec![2.0; 40]);
    let mut results = Results { factor: 0.5, eatom: Some(&mut eatom), ..forces_only(&mut f) };
    let (totals, _) = engine.compute(&cluster.configuration(&cluster.list()), &mut results).unwrap();
    assert!((totals.energy - 0.5 * plain.totals.energy).abs() < 1e-12);
    close(&f, &plain.f.iter().map(|f| 1.0 + 0.5 * f).collect::<Vec<_>>(), SAME, "f");
    close(&eatom, &plain.eatom.iter().map(|e| 2.0 + 0.5 * e).collect::<Vec<_>>(), SAME, "eatom");
}

fn refusal(engine: &mut Engine, cluster: &Cluster) -> Error {
    let n = cluster.types.len();
    let mut f = vec![7.0; 3 * n];
    let error = engine.compute(&cluster.configuration(&cluster.list()), &mut forces_only(&mut f)).unwrap_err();
    assert!(f.iter().all(|&f| f == 7.0), "an error left something behind");
    error
}

#[test]
fn what_is_not_finite_is_refused_by_atom() {
    let c = contract();
    let mut cluster = cluster_for(&c, 3);
    cluster.x[31] = f64::NAN;
    let error = refusal(&mut engine(&c, 1), &cluster).to_string();
    assert!(error.starts_with("position of atom ID 110 is not finite:"), "{error}");

    let cluster = Cluster::of(vec![0.0; 6], vec![0, 1]);
    let error = refusal(&mut engine(&c, 1), &cluster).to_string();
    assert_eq!(error, "atom ID 100 and atom ID 101 are at the same place: their distance is 0");

    let c = Contract { energy_shift: vec![0.0, 0.0, 1e308], energy_scale: vec![1.0, 1.0, 1e308], ..c };
    let cluster = Cluster::of(vec![0.0, 0.0, 0.0, 0.0, 0.0, 1.5, 1.5, 0.0, 0.0], vec![2, 2, 1]);
    let error = refusal(&mut engine(&c, 2), &cluster).to_string();
    assert!(error.starts_with("energy or force of atom ID 100 is not finite"), "{error}");
}

#[test]
fn guards_see_overflow_and_close_pairs() {
    let c = Contract { min_nbor_dist: Some(1.2), ..contract_of(Part { sel: vec![3, 2, 4], ..part() }) };
    let cluster = Cluster::new(40, 5.0, 5);
    let (_, seen) = {
        let mut f = vec![0.0; 120];
        engine(&c, 1).compute(&cluster.configuration(&cluster.list()), &mut forces_only(&mut f)).unwrap()
    };
    let worst = seen.worst_overflow.unwrap();
    assert!(
        seen.overflows > 1 && worst.found > worst.kept && worst.kept == c.parts[0].sel[worst.neighbor_type.unwrap()]
    );
    let closest = seen.closest.unwrap();
    assert!(seen.close_pairs > 1 && closest.r < 1.2 && closest.r > 0.9);

    let networks: Vec<Box<dyn deepion_potential::Networks>> = vec![Box::new(common::Toy::of(&c))];
    let mut strict = Engine::new(common::model(&c), networks, true).unwrap();
    let error = refusal(&mut strict, &cluster);
    assert!(
        matches!(error, Error::Sel(_)) && error.to_string().contains("neighbors within 4 A, but the model keeps sel =")
    );
}

#[test]
fn wrong_parameters_are_refused() {
    let c = Contract { numb_fparam: 2, numb_aparam: 1, ..contract() };
    let mut cluster = cluster_for(&c, 1);
    cluster.fparam.pop();
    let error = refusal(&mut engine(&c, 1), &cluster).to_string();
    assert_eq!(error, "fparam has 1 values, but the model has numb_fparam = 2");
    let cluster = cluster_for(&c, 1);
    let list = cluster.list();
    let conf = Configuration {
        aparam: matrix("aparam", &cluster.aparam[..39], [39, 1]).unwrap(),
        ..cluster.configuration(&list)
    };
    let error = engine(&c, 1).compute(&conf, &mut forces_only(&mut [0.0; 120])).unwrap_err().to_string();
    assert_eq!(error, "aparam has the shape [39, 1], expected [40, 1]");
    let conf = Configuration { aparam: matrix("aparam", &[0.0; 80], [40, 2]).unwrap(), ..conf };
    let error = engine(&c, 1).compute(&conf, &mut forces_only(&mut [0.0; 120])).unwrap_err().to_string();
    assert_eq!(error, "aparam has the shape [40, 2], expected [40, 1]");
}

#[test]
fn arrays_of_the_wrong_shape_are_refused_by_name() {
    let (c, cluster) = (contract(), cluster_for(&contract(), 1));
    let list = cluster.list();
    let conf = cluster.configuration(&list);
    let x = ndarray::Array2::<f64>::zeros((3, 40));
    for (x, text) in [(x.view(), "x has the shape [3, 40], expected [40, 3]"), (x.t(), "the rows of x do not lie")] {
        let error = engine(&c, 1).compute(&Configuration { x, ..conf }, &mut forces_only(&mut [0.0; 120])).unwrap_err();
        assert!(error.to_string().starts_with(text), "{error}");
    }
    let error = engine(&c, 1).compute(&conf, &mut forces_only(&mut [0.0; 117])).unwrap_err().to_string();
    assert_eq!(error, "f has the shape [39, 3], expected [40, 3]");
}

#[test]
fn groups_of_neighbors_hold_one_type_each() {
    let (c, cluster) = (contract(), cluster_for(&contract(), 1));
    let refused = |change: &dyn Fn(&mut List)| {
        let mut list = cluster.list();
        change(&mut list);
        let result = engine(&c, 1).compute(&cluster.configuration(&list), &mut forces_only(&mut [0.0; 120]));
        result.unwrap_err().to_string()
    };
    let text = refused(&|list| list.groups = vec![2, 0, 2]);
    assert_eq!(text, "groups names a type twice: [2, 0, 2]");
    let text = refused(&|list| list.groups = vec![0, 2, 1]);
    assert!(text.starts_with("neighbors holds atom ID ") && text.contains(" in a group of type 0"), "{text}");
    let text = refused(&|list| list.groups.truncate(2));
    assert_eq!(text, "offsets has 121 values, expected 81");

    // Without neighbors of a type, an atom is as one that is alone.
    let nobody = List { groups: vec![], offsets: vec![0], neighbors: vec![] };
    let mut f = vec![0.0; 120];
    let (totals, _) = engine(&c, 1).compute(&cluster.configuration(&nobody), &mut forces_only(&mut f)).unwrap();
    assert_eq!(f, [0.0; 120]);
    let alone = |t: i32| evaluate(&mut engine(&c, 1), &Cluster::of(vec![0.0; 3], vec![t])).totals.energy;
    let expected: f64 = cluster.types.iter().filter(|&&t| t >= 0).map(|&t| alone(t)).sum();
    assert!((totals.energy - expected).abs() < 1e-11);
}
