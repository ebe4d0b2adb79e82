// SPDX-License-Identifier: MIT
//! Saved states that are damaged or made up: an error or a measurement, never a panic, and no memory beyond that of the settings.

#![allow(clippy::unwrap_used)] // a panic is a failed test

use deepion_analysis::coordination::{Coordination, CoordinationLayout};
use deepion_analysis::density::{self, Density, DensityLayout};
use deepion_analysis::hops::{Hops, HopsLayout};
use deepion_analysis::measurement::state;
use deepion_analysis::polyhedra::{Polyhedra, PolyhedraLayout, near};
use deepion_analysis::rdf::{Pairs, Rdf, RdfLayout};
use deepion_analysis::results::Provenance;
use deepion_analysis::shapes::vectors;
use deepion_analysis::transport::{
    DiffusionUnits, Evaluation, Fit, Frame, Reference, Transport, TransportLayout, locate,
};
use deepion_analysis::vanhove::{Cell, DistinctLayout, Partners, VanHove, VanHoveLayout};
use deepion_analysis::vibrations::{self, SpeciesLayout, Split, Vibrations, VibrationsLayout};
use deepion_analysis::{Accumulator, Measure as _, Save as _};
use ndarray::ArrayView2;
use proptest::prelude::*;
use serde_json::Value;

const WINDOW: Evaluation = Evaluation { fit: Fit::Window(0.1, 0.3), units: DiffusionUnits::Cgs };

fn gather(measurement: &mut impl Accumulator) {
    let increments = measurement.take_increments();
    measurement.add_increments(&increments).unwrap();
}

fn transport() -> String {
    let layout = TransportLayout {
        lags_per_level: 3,
        levels: 2,
        origins: 1,
        every: 1,
        timestep_ps: 0.1,
        ions: 2,
        drift: Reference::None,
        reference_atoms: 0,
        charge: 1.0,
        species: Vec::new(),
    };
    let mut transport = Transport::new(layout, WINDOW).unwrap();
    transport.set_model("ab", 0);
    let mut rows = vec![0.0; 2 * transport.row_width()];
    for step in 0..70 {
        if transport.full() {
            gather(&mut transport);
        }
        // short steps: the sums stay within 64 bits, which is all that `serde_json::Value` can hold
        let positions: Vec<f64> = (0..6).map(|k| f64::from(step * (k + 1) % 7) / 1024.0).collect();
        let located =
            locate(&vectors("positions", &positions).unwrap(), &[1, 2], &vectors("none", &[]).unwrap(), &[]).unwrap();
        let frame = Frame {
            located: &located,
            positions: vectors("positions", &positions).unwrap(),
            ids: &[1, 2],
            slots: &[0, 1],
            tile: 1,
            volume: 100.0,
            temperature: Some(300.0),
            kinetic_temperature: Some(310.0),
        };
        transport.sample(&frame, &mut rows).unwrap();
    }
    gather(&mut transport);
    transport.state(&Provenance { title: "t".into(), ..Provenance::default() }).unwrap()
}

fn coordination() -> String {
    let layout = CoordinationLayout { cutoffs: vec![2.5, 3.0], most: 3, every: 1, ions: 2, neighbors: 4 };
    let mut coordination = Coordination::new(layout).unwrap();
    for step in 0..40 {
        if coordination.full() {
            gather(&mut coordination);
        }
        coordination.sample(&[step % 3, step % 4, 1, 2]).unwrap();
    }
    gather(&mut coordination);
    coordination.state(&Provenance::default()).unwrap()
}

fn vibrations() -> String {
    let layout = VibrationsLayout {
        window: 4,
        spacing: 2,
        every: 1,
        timestep_ps: 0.01,
        types: vec![SpeciesLayout { name: "Li".into(), mass: 6.94, atoms: 2 }],
        box_atoms: 2,
    };
    let mut vibrations = Vibrations::new(layout.clone(), vibrations::Evaluation::default()).unwrap();
    let mut rows = vec![0.0; 2 * layout.row_width()];
    for step in 0..40 {
        if vibrations.full() {
            gather(&mut vibrations);
        }
        let velocities: Vec<f64> = (0..6).map(|k| f64::from(step * (k + 1) % 5) - 2.0).collect();
        vibrations.sample(&vectors("velocities", &velocities).unwrap(), &[0, 0], &mut rows, &[0, 1], 1, 50.0).unwrap();
    }
    gather(&mut vibrations);
    vibrations.state(&Provenance::default()).unwrap()
}

fn rdf() -> String {
    let layout = RdfLayout { rmax: 2.0, bins: 4, every: 1, ions: 1, neighbors: 2, shared: 0 };
    let mut rdf = Rdf::new(layout).unwrap();
    for step in 0..40 {
        if rdf.full() {
            gather(&mut rdf);
        }
        let x = [0.0, 0.0, 0.0, 0.1 * f64::from(step % 13), 0.0, 0.0, 0.0, 1.5, 0.0];
        let positions = ArrayView2::from_shape((3, 3), &x).unwrap();
        let pairs = Pairs { positions, centers: &[0], offsets: &[0, 2], neighbors: &[1, 2] };
        rdf.sample(&pairs, 5.0).unwrap();
    }
    gather(&mut rdf);
    rdf.state(&Provenance::default()).unwrap()
}

fn density() -> String {
    let (spacing, grid, blocks, every, ions) = (1.0, [0; 3], 4, 1, 2);
    let layout = DensityLayout { spacing, grid, blocks, every, ions, drift: Reference::None, reference_atoms: 0 };
    let evaluation = density::Evaluation { temperature: Some(300.0), cube: String::new() };
    let mut density = Density::new(layout, evaluation).unwrap();
    let (cell, origin) = ([3.0, 2.0, 2.0, 0.0, 0.0, 0.5], [0.0; 3]);
    let none = vectors("none", &[]).unwrap();
    let located = density::locate(&none, &vectors("none", &[]).unwrap(), &[], cell, origin).unwrap();
    for step in 0..40 {
        if density.full() {
            gather(&mut density);
        }
        let x: Vec<f64> = (0..6).map(|k| f64::from(step * (k + 1) % 7) / 4.0).collect();
        let positions = vectors("positions", &x).unwrap();
        let frame = density::Frame { cell, origin, located: &located, positions, kinetic_temperature: Some(310.0) };
        density.sample(&frame).unwrap();
    }
    gather(&mut density);
    density.state(&Provenance::default()).unwrap()
}

fn hops() -> String {
    let layout = HopsLayout {
        window: 4,
        cut: 0.008,
        back: 0.008,
        rmax: 0.03,
        bins: 3,
        temperature: 300.0,
        every: 1,
        timestep_ps: 0.1,
        ions: 2,
        drift: Reference::None,
        reference_atoms: 0,
    };
    let mut hops = Hops::new(layout).unwrap();
    let mut rows = vec![0.0; 2 * hops.row_width()];
    for step in 0..60 {
        if hops.full() {
            gather(&mut hops);
        }
        // short hops: the sums stay within 64 bits, which is all that `serde_json::Value` can hold
        let positions: Vec<f64> = (0..6).map(|k| f64::from(step / (8 + k) % 2) * 3.0 / 256.0).collect();
        let positions = vectors("positions", &positions).unwrap();
        let located = locate(&positions, &[1, 2], &vectors("none", &[]).unwrap(), &[]).unwrap();
        let frame = Frame {
            located: &located,
            positions,
            ids: &[1, 2],
            slots: &[0, 1],
            tile: 1,
            volume: 125.0,
            temperature: None,
            kinetic_temperature: None,
        };
        hops.sample(&frame, &mut rows).unwrap();
    }
    gather(&mut hops);
    hops.state(&Provenance::default()).unwrap()
}

fn vanhove() -> String {
    let layout = VanHoveLayout {
        rmax: 2.0,
        bins: 4,
        q: vec![1.0],
        overlap: 0.5,
        lags_per_level: 2,
        levels: 2,
        origins: 1,
        every: 1,
        timestep_ps: 0.1,
        ions: 2,
        drift: Reference::None,
        reference_atoms: 0,
        distinct: Some(DistinctLayout { neighbors: 2, shared: 2, spacing: 3 }),
    };
    let mut vanhove = VanHove::new(layout).unwrap();
    let mut rows = vec![0.0; 2 * vanhove.row_width()];
    for step in 0..40 {
        if vanhove.full() {
            gather(&mut vanhove);
        }
        // short steps: the sums stay within 64 bits, which is all that `serde_json::Value` can hold
        let positions: Vec<f64> = (0..6).map(|k| f64::from(step * (k + 1) % 7) / 1024.0).collect();
        let positions = vectors("positions", &positions).unwrap();
        let located = locate(&positions, &[1, 2], &vectors("none", &[]).unwrap(), &[]).unwrap();
        let frame = Frame {
            located: &located,
            positions,
            ids: &[1, 2],
            slots: &[0, 1],
            tile: 1,
            volume: 125.0,
            temperature: None,
            kinetic_temperature: None,
        };
        let partners = Partners { positions, ids: &[1, 2], cell: Cell { lengths: [5.0; 3], tilts: [0.0; 3] } };
        let wanted = vanhove.wants_partners();
        vanhove.sample(&frame, wanted.then_some(&partners), &mut rows).unwrap();
    }
    gather(&mut vanhove);
    vanhove.state(&Provenance::default()).unwrap()
}

fn polyhedra() -> String {
    let (made, broken, lags_per_level, levels, every, timestep_ps) = (1.2, 1.6, 2, 2, 1, 0.5);
    let (centers, ligands, names) = (2, 2, ["P".into(), "S".into()]);
    let layout = PolyhedraLayout { made, broken, lags_per_level, levels, every, timestep_ps, centers, ligands, names };
    let mut polyhedra = Polyhedra::new(layout).unwrap();
    for step in 0..40 {
        if polyhedra.full() {
            gather(&mut polyhedra);
        }
        let x: Vec<f64> = (0..12).map(|k| f64::from(step * (k + 1) % 7) / 4.0 + f64::from(k) / 8.0).collect();
        let positions = ArrayView2::from_shape((4, 3), &x).unwrap();
        let pairs = Pairs { positions, centers: &[0, 1], offsets: &[0, 2, 4], neighbors: &[2, 3, 2, 3] };
        polyhedra.sample(&near(&pairs, &[1, 2, 3, 4], 1.2, 1.6).unwrap(), 0, 1).unwrap();
    }
    gather(&mut polyhedra);
    polyhedra.state(&Provenance::default()).unwrap()
}

/// Everything that is done with a measurement that was read.
fn use_up(mut read: impl Accumulator, text: &str) {
    let _ = read.table().map(|table| table.text(&Provenance::default(), read.models()));
    let _ = (read.headline(), read.thermo(), read.history(), read.full(), read.memory_bytes());
    if read.join(text).is_ok() {
        let _ = read.table();
    }
    if let Ok(saved) = read.state(&Provenance::default()) {
        read.restore(&saved).unwrap();
    }
    let increments = read.take_increments();
    let _ = read.add_increments(&increments);
}

fn read(text: &str) {
    let Ok(head) = state::head(text) else { return };
    match head.style.as_str() {
        "ion/transport" => {
            for fit in [Fit::Stationary, WINDOW.fit] {
                let _ = Transport::open(text, Evaluation { fit, ..WINDOW }).map(|read| use_up(read, text));
            }
        }
        "ion/coordination" => {
            let _ = Coordination::open(text).map(|read| use_up(read, text));
        }
        "ion/rdf" => {
            let _ = Rdf::open(text).map(|read| use_up(read, text));
        }
        "ion/density" => {
            let _ = Density::open(text, density::Evaluation::default()).map(|read| use_up(read, text));
        }
        "ion/hops" => {
            let _ = Hops::open(text).map(|read| {
                let _ = read.residence_table();
                use_up(read, text);
            });
        }
        "ion/vanhove" => {
            let _ = VanHove::open(text).map(|read| {
                let _ = (read.self_table(), read.distinct_table());
                use_up(read, text);
            });
        }
        "ion/polyhedra" => {
            let _ = Polyhedra::open(text).map(|read| use_up(read, text));
        }
        _ => {
            let evaluation = vibrations::Evaluation { temperature: None, cut_thz: 1.0, split: Split::Cut };
            let _ = Vibrations::open(text, evaluation).map(|read| use_up(read, text));
        }
    }
}

/// Replaces, removes or doubles one value somewhere in `value`, chosen by `at`.
fn damage(value: &mut Value, at: u64, with: &Value) {
    let (here, next) = (at % 7, at / 7);
    match value {
        Value::Object(map) if here > 0 && !map.is_empty() => {
            let key = map.keys().nth(next as usize % map.len()).cloned().unwrap_or_default();
            let deeper = next / map.len() as u64;
            if deeper.is_multiple_of(13) {
                map.remove(&key);
            } else if let Some(inner) = map.get_mut(&key) {
                damage(inner, deeper, with);
            }
        }
        Value::Array(list) if here > 0 && !list.is_empty() => {
            let index = next as usize % list.len();
            let deeper = next / list.len() as u64;
            match deeper % 11 {
                0 => drop(list.remove(index)),
                1 => list.push(list[index].clone()),
                _ => damage(&mut list[index], deeper / 11, with),
            }
        }
        _ => *value = with.clone(),
    }
}

fn replacement() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::from("x")),
        Just(serde_json::json!([])),
        Just(serde_json::json!({})),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop_oneof![Just(0u64), Just(1), Just(u64::MAX), Just(1 << 53), Just(1 << 63)].prop_map(Value::from),
        any::<f64>().prop_map(|number| serde_json::to_value(number).unwrap_or(Value::Null)),
        prop_oneof![Just(1e300), Just(-1e300), Just(0.0), Just(-1.0)].prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_transport(places in prop::collection::vec(any::<u64>(), 1..4), with in replacement()) {
        check(&transport_state(), &places, &with);
    }

    #[test]
    fn damaged_coordination(places in prop::collection::vec(any::<u64>(), 1..4), with in replacement()) {
        check(&coordination_state(), &places, &with);
    }

    #[test]
    fn damaged_vibrations(places in prop::collection::vec(any::<u64>(), 1..4), with in replacement()) {
        check(&vibrations_state(), &places, &with);
    }

    #[test]
    fn damaged_rdf(places in prop::collection::vec(any::<u64>(), 1..4), with in replacement()) {
        check(&rdf_state(), &places, &with);
    }

    #[test]
    fn damaged_density(places in prop::collection::vec(any::<u64>(), 1..4), with in replacement()) {
        check(&density_state(), &places, &with);
    }

    #[test]
    fn damaged_hops(places in prop::collection::vec(any::<u64>(), 1..4), with in replacement()) {
        check(&hops_state(), &places, &with);
    }

    #[test]
    fn damaged_vanhove(places in prop::collection::vec(any::<u64>(), 1..4), with in replacement()) {
        check(&vanhove_state(), &places, &with);
    }

    #[test]
    fn damaged_polyhedra(places in prop::collection::vec(any::<u64>(), 1..4), with in replacement()) {
        check(&polyhedra_state(), &places, &with);
    }

    #[test]
    fn cut_and_mixed_text(which in 0..8usize, from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), piece in ".{0,8}") {
        let text = [transport_state(), coordination_state(), vibrations_state(), rdf_state(), density_state(), vanhove_state(), hops_state(), polyhedra_state()][which].to_string();
        let (from, to) = (from.index(text.len()), to.index(text.len()));
        let (low, high) = (from.min(to), from.max(to));
        read(&format!("{}{piece}{}", &text[..low], &text[high..]));
        read(&text[..high]);
    }
}

fn check(state: &Value, places: &[u64], with: &Value) {
    let mut state = state.clone();
    for &place in places {
        damage(&mut state, place, with);
    }
    read(&state.to_string());
}

/// The states once for all cases.
fn transport_state() -> Value {
    static STATE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| parsed(&transport()));
    STATE.clone()
}

fn coordination_state() -> Value {
    static STATE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| parsed(&coordination()));
    STATE.clone()
}

fn vibrations_state() -> Value {
    static STATE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| parsed(&vibrations()));
    STATE.clone()
}

fn rdf_state() -> Value {
    static STATE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| parsed(&rdf()));
    STATE.clone()
}

fn density_state() -> Value {
    static STATE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| parsed(&density()));
    STATE.clone()
}

fn hops_state() -> Value {
    static STATE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| parsed(&hops()));
    STATE.clone()
}

fn vanhove_state() -> Value {
    static STATE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| parsed(&vanhove()));
    STATE.clone()
}

fn polyhedra_state() -> Value {
    static STATE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| parsed(&polyhedra()));
    STATE.clone()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn whole_states_are_read() {
    for text in [transport(), coordination(), vibrations(), rdf(), density(), vanhove(), hops(), polyhedra()] {
        read(&text);
    }
    assert!(Transport::open(&transport_state().to_string(), WINDOW).is_ok());
    assert!(Coordination::open(&coordination_state().to_string()).is_ok());
    assert!(Rdf::open(&rdf_state().to_string()).is_ok());
    assert!(Density::open(&density_state().to_string(), density::Evaluation::default()).is_ok());
    assert!(Hops::open(&hops_state().to_string()).is_ok());
    assert!(VanHove::open(&vanhove_state().to_string()).is_ok());
    assert!(Polyhedra::open(&polyhedra_state().to_string()).is_ok());
    assert!(Vibrations::open(&vibrations_state().to_string(), vibrations::Evaluation::default()).is_ok());
}

#[test]
fn wrong_lengths_are_named_as_damage() {
    let damaged = |error: deepion_analysis::Error| assert!(error.to_string().contains("damaged"), "{error}");
    let replaced = |state: &Value, pointer: &str, with: Value| {
        let mut state = state.clone();
        *state.pointer_mut(pointer).unwrap() = with;
        state.to_string()
    };
    let open_transport = |text: &str| damaged(Transport::open(text, WINDOW).unwrap_err());
    let state = transport_state();
    open_transport(&replaced(&state, "/total/blocks/blocks/0/origins", serde_json::json!([1])));
    open_transport(&replaced(&state, "/total/collective", serde_json::json!([0.0])));
    open_transport(&replaced(&state, "/total/blocks/length", Value::from(0)));
    open_transport(&replaced(&state, "/total/samples", Value::from(100_000)));
    let state = coordination_state();
    damaged(Coordination::open(&replaced(&state, "/total/blocks/length", Value::from(0))).unwrap_err());
    damaged(Coordination::open(&replaced(&state, "/total/blocks/blocks/0/bins", serde_json::json!([1]))).unwrap_err());
    let state = rdf_state();
    damaged(Rdf::open(&replaced(&state, "/total/blocks/blocks/0/counts", serde_json::json!([1]))).unwrap_err());
    let state = vanhove_state();
    damaged(VanHove::open(&replaced(&state, "/total/blocks/blocks/0/counts", serde_json::json!([1]))).unwrap_err());
    let state = vibrations_state();
    let open = |text: &str| damaged(Vibrations::open(text, vibrations::Evaluation::default()).unwrap_err());
    open(&replaced(&state, "/total/blocks/length", Value::from(0)));
    open(&replaced(&state, "/total/blocks/blocks/0/products", serde_json::json!([1])));
}
