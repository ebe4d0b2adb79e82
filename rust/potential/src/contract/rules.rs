// SPDX-License-Identifier: MIT
//! What a contract must fulfill beyond having its keys. The same rules as in `contract.schema.json` and `contract.py`.

use crate::error::{Error, Result};

use super::{
    CUBIC, Contract, EXPORTER, Embedding, Fitting, Gate, NearestSwitch, PairTable, Part, Reduced, ReducedLevel,
};

/// Bounds of sizes: far above any real model, and small enough that nothing absurd is allocated before the networks are seen.
const MOST_TYPES: usize = 512;
const MOST_PARTS: usize = 16;
const MOST_INTERVALS: usize = 10_000_000;
const MOST_SLOTS: usize = 100_000;
const WIDEST_EMBEDDING: usize = 8192;
const WIDEST_LAYER: usize = 65_536;
const MOST_LAYERS: usize = 100;
const MOST_COLUMNS: usize = 4096;
const MOST_LEVELS: usize = 100;
const MOST_PARAMETERS: usize = 65_536;
/// Of the constants that are kept for pairs of types: types x types x width of the embedding.
const MOST_PAIR_VALUES: usize = 1 << 25;
/// Characters.
const LONGEST_NAME: usize = 1000;

/// # Errors
/// Names the key that is wrong, what was found and what was expected.
pub fn check(c: &Contract) -> Result<()> {
    let n = c.ntypes();
    require("producer", is_name(&c.producer), &c.producer, "a text")?;
    require("units", c.units.energy == "eV" && c.units.length == "Angstrom", &c.units, "eV and Angstrom")?;
    require("precision", matches!(&*c.precision, "float32" | "float64"), &c.precision, "float32 or float64")?;
    check_types(c)?;
    let parts_ok = (1..=MOST_PARTS).contains(&c.parts.len());
    require("parts", parts_ok, c.parts.len(), "1 to 16 descriptors")?;
    for (k, part) in c.parts.iter().enumerate() {
        let place = if c.parts.len() == 1 { String::new() } else { format!("parts[{k}].") };
        check_part(part, n, &place)?;
    }
    let slots = c.parts.iter().map(Part::slots).sum::<usize>() + c.pair_table.as_ref().map_or(0, |t| t.sel);
    require("parts", slots <= MOST_SLOTS, slots, "at most 100000 slots in all")?;
    check_networks(c)?;
    require("energy_scale", per_type(&c.energy_scale, n), &c.energy_scale, "one finite value per type")?;
    require("energy_shift", per_type(&c.energy_shift, n), &c.energy_shift, "one finite value per type")?;
    require("numb_fparam", c.numb_fparam <= MOST_PARAMETERS, c.numb_fparam, "at most 65536")?;
    require("numb_aparam", c.numb_aparam <= MOST_PARAMETERS, c.numb_aparam, "at most 65536")?;
    let default_ok = c.default_fparam.as_ref().is_none_or(|p| per_type(p, c.numb_fparam));
    require("default_fparam", default_ok, &c.default_fparam, "numb_fparam finite values or null")?;
    let distance_ok = c.min_nbor_dist.is_none_or(|d| d.is_finite() && d > 0.0);
    require("min_nbor_dist", distance_ok, c.min_nbor_dist, "a positive length or null")?;
    if let Some(table) = &c.pair_table {
        check_pair_table(table, n)?;
    }
    let reduced_ok = c.reduced.as_ref().is_none_or(|r| fits(r, n) && c.parts.len() == 1 && !c.parts[0].is_radial());
    require("reduced", reduced_ok, "not consistent", "levels with a basis and a network per type, for one se_e2_a")
}

fn check_types(c: &Contract) -> Result<()> {
    let n = c.ntypes();
    let (mut names, known) = (c.type_map.clone(), |t: &usize| *t < n);
    names.sort();
    names.dedup();
    let names_ok = (1..=MOST_TYPES).contains(&n) && names.len() == n && c.type_map.iter().all(|name| is_name(name));
    require("type_map", names_ok, &c.type_map, "1 to 512 elements, every element once")?;
    let pairs = &c.pair_exclude_types;
    require(
        "pair_exclude_types",
        pairs.iter().flatten().all(known),
        pairs,
        "pairs of types below the number of types",
    )?;
    let excluded = &c.atom_exclude_types;
    require("atom_exclude_types", excluded.iter().all(known), excluded, "types below the number of types")
}

/// `place`: of the part, for messages.
fn check_part(p: &Part, n: usize, place: &str) -> Result<()> {
    let at = |key: &str| format!("{place}{key}");
    require(&at("descriptor"), matches!(&*p.descriptor, "se_e2_a" | "se_e2_r"), &p.descriptor, "se_e2_a or se_e2_r")?;
    require(&at("rcut"), p.rcut.is_finite() && p.rcut > 0.0, p.rcut, "a positive length")?;
    require(&at("rcut_smth"), p.rcut_smth >= 0.0 && p.rcut_smth < p.rcut, p.rcut_smth, "between 0 and rcut")?;
    let protection_ok = p.env_protection >= 0.0 && p.env_protection.is_finite();
    require(&at("env_protection"), protection_ok, p.env_protection, "0 or a positive length")?;
    let slots = p.sel.iter().try_fold(0usize, |sum, &s| sum.checked_add(s)).unwrap_or(usize::MAX);
    let slots_ok = p.sel.len() == if p.mixed_types { 1 } else { n } && (1..=MOST_SLOTS).contains(&slots);
    let expected = "one number of slots per type, 1 to 100000 in all (with mixed_types one number)";
    require(&at("sel"), slots_ok, &p.sel, expected)?;
    require(&at("davg"), per_type(&p.davg, n), &p.davg, "one finite value per type")?;
    let std_ok = p.dstd.len() == n && p.dstd.iter().flatten().all(|s| s.is_finite() && *s != 0.0);
    require(&at("dstd"), std_ok, &p.dstd, "two finite values per type, none 0")?;
    let neuron_ok = (1..=MOST_LAYERS).contains(&p.neuron.len())
        && p.neuron.iter().all(|w| (1..=WIDEST_EMBEDDING).contains(w))
        && n * n * p.width() <= MOST_PAIR_VALUES;
    require(&at("neuron"), neuron_ok, &p.neuron, "widths of 1 to 8192, less where there are very many types")?;
    let axis_ok = if p.is_radial() { p.axis_neuron == 0 } else { (1..=p.width()).contains(&p.axis_neuron) };
    require(&at("axis_neuron"), axis_ok, p.axis_neuron, "1 to the last of neuron (0 for se_e2_r)")?;
    let named = match &p.embedding {
        Embedding::Shared(name) => is_name(name),
        Embedding::PerPair(names) => {
            names.len() == n
                && names.iter().all(|row| row.len() == n)
                && names.iter().flatten().flatten().all(|name| is_name(name))
        }
    };
    require(&at("embedding"), named, &p.embedding, "a name, or a name or null per center and neighbor type")?;
    let shared = matches!(p.embedding, Embedding::Shared(_));
    require(&at("embedding"), shared || !p.mixed_types, &p.embedding, "one name with mixed_types")?;
    let gate_ok = |g: &Gate| {
        is_name(&g.function) && g.switch.as_ref().is_none_or(|switch| switch == CUBIC) && shared && !p.is_radial()
    };
    let expected = "the name of a function, perhaps with the switch cubic, for se_e2_a with one embedding function";
    require(&at("gate"), p.gate.as_ref().is_none_or(gate_ok), &p.gate, expected)?;
    let known = p.exclude_types.iter().flatten().all(|&t| t < n);
    require(&at("exclude_types"), known, &p.exclude_types, "pairs of types below the number of types")
}

fn check_pair_table(t: &PairTable, n: usize) -> Result<()> {
    let positive = |v: f64| v.is_finite() && v > 0.0;
    let switch_ok = |s: &NearestSwitch| s.rmin >= 0.0 && s.rmin < s.rmax && positive(s.rmax) && positive(s.alpha);
    let ok = is_name(&t.function)
        && positive(t.rcut)
        && (1..=MOST_SLOTS).contains(&t.sel)
        && t.start.is_finite()
        && t.start >= 0.0
        && positive(t.step)
        && (1..=MOST_INTERVALS).contains(&t.intervals)
        && t.switch.as_ref().is_none_or(switch_ok)
        && per_type(&t.shift, n);
    require(
        "pair_table",
        ok,
        t,
        "function, rcut, sel, start, step, intervals, switch and shift of a table of pair energies",
    )
}

fn check_networks(c: &Contract) -> Result<()> {
    let layers_ok =
        c.fitting_neuron.len() <= MOST_LAYERS && c.fitting_neuron.iter().all(|w| (1..=WIDEST_LAYER).contains(w));
    require("fitting_neuron", layers_ok, &c.fitting_neuron, "widths of 1 to 65536")?;
    let named = match &c.fitting {
        Fitting::Shared(name) => is_name(name),
        Fitting::PerType(names) => names_per_type(names, c.ntypes()),
    };
    require("fitting", named, &c.fitting, "a name, or a name per type")
}

fn fits(reduced: &Reduced, ntypes: usize) -> bool {
    let level_fits = |l: &ReducedLevel| {
        let positive = |v: f64| v.is_finite() && v > 0.0;
        positive(l.force_error)
            && positive(l.energy_error)
            && names_per_type(&l.fitting, ntypes)
            && names_per_type(&l.basis, ntypes)
            && [l.columns.len(), l.products.len(), l.mean.len()] == [ntypes; 3]
            && l.products.iter().zip(&l.columns).all(|(&products, &n)| (1..=n).contains(&products))
            && l.columns.iter().zip(&l.mean).all(|(&n, mean)| (1..=MOST_COLUMNS).contains(&n) && per_type(mean, n))
    };
    is_name(&reduced.sample) && reduced.levels.len() <= MOST_LEVELS && reduced.levels.iter().all(level_fits)
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.chars().count())
}

fn names_per_type(names: &[String], n: usize) -> bool {
    names.len() == n && names.iter().all(|name| is_name(name))
}

fn per_type(values: &[f64], n: usize) -> bool {
    values.len() == n && values.iter().all(|v| v.is_finite())
}

fn require(key: &str, ok: bool, got: impl std::fmt::Debug, expected: &str) -> Result<()> {
    if ok {
        return Ok(());
    }
    let mut got = format!("{got:?}");
    if let Some((end, _)) = got.char_indices().nth(200) {
        got.truncate(end);
        got.push_str("...");
    }
    Err(Error::Model(format!(
        "model contract (metadata deepion_contract): {key} is {got}, expected {expected}; export the model again with {EXPORTER}"
    )))
}
