// SPDX-License-Identifier: MIT
//! The model contract: what is refused, and how.

#![allow(clippy::unwrap_used)]

mod common;

use deepion_potential::Contract;
use serde_json::{Value, json};

fn edited(edit: impl FnOnce(&mut Value)) -> String {
    let mut contract = serde_json::to_value(common::contract()).unwrap();
    edit(&mut contract);
    contract.to_string()
}

#[test]
fn a_whole_contract_is_accepted() {
    assert_eq!(Contract::from_json(&edited(|_| ())).unwrap().type_map, ["Li", "P", "S"]);
}

#[test]
fn every_missing_key_is_named() {
    let whole = serde_json::to_value(common::contract()).unwrap();
    let keys = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<String>>();
    let missing = |key: &str, text: &str| assert!(text.contains(&format!("missing field `{key}`")), "{text}");
    for key in keys(&whole) {
        let error = Contract::from_json(&edited(|c| drop(c.as_object_mut().unwrap().remove(&key))));
        // Without its list of parts, a contract is taken for an older one, which has the keys of its only part beside the others.
        missing(if key == "parts" { "descriptor" } else { &key }, &error.expect_err(&key).to_string());
    }
    for key in keys(&whole["parts"][0]) {
        let error = Contract::from_json(&edited(|c| drop(c["parts"][0].as_object_mut().unwrap().remove(&key))));
        missing(&key, &error.expect_err(&key).to_string());
    }
}

#[test]
fn every_wrong_value_is_named() {
    let wrong = [
        ("units", json!({"energy": "kcal/mol", "length": "Angstrom"})),
        ("precision", json!("bfloat16")),
        ("type_map", json!([])),
        ("type_map", json!(["Li", "Li", "S"])),
        ("parts", json!([])),
        ("fitting", json!(["f"])),
        ("energy_scale", json!([1.0, 2.0])),
        ("energy_shift", json!([1.0])),
        ("pair_exclude_types", json!([[3, 0]])),
        ("atom_exclude_types", json!([3])),
        ("default_fparam", json!([1.0])),
        ("min_nbor_dist", json!(-1.0)),
    ];
    let of_part = [
        ("descriptor", json!("dpa1")),
        ("rcut", json!(-1.0)),
        ("rcut_smth", json!(4.0)),
        ("env_protection", json!(-0.1)),
        ("sel", json!([1, 2])),
        ("sel", json!([0, 0, 0])),
        ("sel", json!([18_446_744_073_709_551_615_u64, 1, 1])),
        ("davg", json!([0.0])),
        ("dstd", json!([[0.1, 0.1], [0.0, 0.1], [0.1, 0.1]])),
        ("neuron", json!([])),
        ("axis_neuron", json!(25)),
        ("embedding", json!([["a"]])),
        ("embedding", json!("")),
        ("gate", json!({"function": "", "smooth": true})),
        ("exclude_types", json!([[0, 3]])),
    ];
    let named = |place: &str, contract: String| {
        let text = Contract::from_json(&contract).expect_err(place).to_string();
        assert!(text.contains(&format!("): {place} is ")) && text.contains(", expected "), "{text}");
    };
    for (key, value) in wrong {
        named(key, edited(|c| c[key] = value));
    }
    for (key, value) in of_part {
        named(key, edited(|c| c["parts"][0][key] = value.clone()));
        // Where there are several descriptors, messages say which one is meant.
        named(
            &format!("parts[1].{key}"),
            edited(|c| {
                let mut second = c["parts"][0].clone();
                second[key] = value;
                c["parts"].as_array_mut().unwrap().push(second);
            }),
        );
    }
    named("sel", edited(|c| c["parts"][0]["mixed_types"] = json!(true)));
    named("axis_neuron", edited(|c| c["parts"][0]["descriptor"] = json!("se_e2_r")));
}

/// The cases that `tests/python/contract_cases.py` makes from the schema, with what Python says of them; (accepted, refused).
fn compare(cases: &Value) -> (usize, usize) {
    let (mut accepted, mut refused, mut otherwise) = (0, 0, Vec::new());
    for row in cases["cases"].as_array().unwrap() {
        let path: Vec<String> = row[0].as_array().unwrap().iter().map(|key| key.to_string().replace('"', "")).collect();
        let (last, parents) = path.split_last().unwrap();
        let pointer: String = parents.iter().fold(String::new(), |path, key| path + "/" + key);
        let values = cases["values"].as_array().unwrap().iter();
        let tried = values.zip(row[1].as_str().unwrap().chars().map(|digit| digit == '1'));
        let further = row[2].as_array().unwrap().iter().map(|one| (&one[0], one[1].as_bool().unwrap()));
        for (value, expected) in tried.chain(further) {
            let mut contract = cases["valid"].clone();
            match (contract.pointer_mut(&pointer).unwrap(), value == "REMOVED") {
                (Value::Object(map), true) => drop(map.remove(last)),
                (Value::Object(map), false) => drop(map.insert(last.clone(), value.clone())),
                (Value::Array(list), true) => drop(list.remove(last.parse().unwrap())),
                (list, _) => list[last.parse::<usize>().unwrap()] = value.clone(),
            }
            let result = Contract::from_json(&contract.to_string());
            if result.is_ok() != expected {
                otherwise.push(format!("{path:?} = {value}: {:?}", result.err()));
            }
            *(if expected { &mut accepted } else { &mut refused }) += 1;
        }
    }
    assert!(otherwise.is_empty(), "{} cases: {otherwise:#?}", otherwise.len());
    (accepted, refused)
}

#[test]
fn levels_that_share_a_basis_take_products_of_all_columns() {
    let cases: Value = serde_json::from_str(include_str!("../../../tests/data/contract_cases.json")).unwrap();
    let mut valid = cases["valid"].clone();
    let level = valid["reduced"]["levels"][0].as_object_mut().unwrap();
    let basis = level.remove("basis").unwrap();
    level.remove("products").unwrap();
    valid["reduced"]["basis"] = basis.clone();
    let contract = Contract::from_json(&valid.to_string()).unwrap();
    let level = &contract.reduced.as_ref().unwrap().levels[0];
    assert_eq!(json!(level.basis), basis);
    assert_eq!((&level.products, level.features(1)), (&level.columns, 5));
    assert!(contract.functions().any(|name| json!(name) == basis[1]));
    // What this program writes is the form of today.
    assert!(serde_json::to_value(&contract).unwrap()["reduced"].get("basis").is_none());
}

#[test]
fn same_contracts_are_accepted_as_in_python() {
    let cases: Value = serde_json::from_str(include_str!("../../../tests/data/contract_cases.json")).unwrap();
    let (accepted, refused) = compare(&cases);
    assert!(accepted > 300 && refused > 1000, "{accepted} accepted, {refused} refused");
    let (accepted, refused) = compare(&cases["format_2"]);
    assert!(accepted > 100 && refused > 900, "format 2: {accepted} accepted, {refused} refused");
}
