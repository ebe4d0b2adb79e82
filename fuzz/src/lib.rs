// SPDX-License-Identifier: MIT
//! What the fuzz targets share: changes to JSON text that keep it JSON, and model files whose trailer fits.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

/// Changes one value somewhere in the JSON text at the start of `data`, and returns the new length; text that is not JSON, or
/// that would become too long, is left to libFuzzer. Bytes flipped at random mostly give text that the JSON reader refuses;
/// this reaches the checks behind it.
pub fn mutate_json(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = SmallRng::seed_from_u64(u64::from(seed));
    if random.random_ratio(1, 8) {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(&data[..size]) else {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    };
    for _ in 0..=random.random_range(0..3) {
        let count = nodes(&value);
        let mut target = random.random_range(0..count);
        change(&mut value, &mut target, &mut random);
    }
    let text = value.to_string();
    if text.len() > max_size.min(data.len()) {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    data[..text.len()].copy_from_slice(text.as_bytes());
    text.len()
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(nodes).sum(),
        Value::Object(values) => values.values().map(nodes).sum(),
        _ => 0,
    }
}

/// Counts `target` down through all values and changes the one where it is 0.
fn change(value: &mut Value, target: &mut usize, random: &mut SmallRng) -> bool {
    if *target == 0 {
        edit(value, random);
        return true;
    }
    *target -= 1;
    match value {
        Value::Array(values) => values.iter_mut().any(|value| change(value, target, random)),
        Value::Object(values) => values.values_mut().any(|value| change(value, target, random)),
        _ => false,
    }
}

fn edit(value: &mut Value, random: &mut SmallRng) {
    match value {
        Value::Array(values) if !values.is_empty() && random.random_ratio(7, 8) => {
            let at = random.random_range(0..values.len());
            match random.random_range(0..4) {
                0 => drop(values.remove(at)),
                1 => values.insert(at, values[at].clone()),
                2 => values.truncate(at),
                _ => {
                    let to = random.random_range(0..values.len());
                    values.swap(at, to);
                }
            }
        }
        Value::Object(values) if !values.is_empty() && random.random_ratio(7, 8) => {
            let at = random.random_range(0..values.len());
            let key = values.keys().nth(at).cloned().unwrap_or_default();
            if random.random_ratio(1, 2) {
                values.remove(&key);
            } else {
                values.insert(key + "_", Value::Null);
            }
        }
        other => *other = leaf(other, random),
    }
}

fn leaf(old: &Value, random: &mut SmallRng) -> Value {
    const NUMBERS: [&str; 18] = [
        "0",
        "1",
        "-1",
        "2",
        "3",
        "255",
        "1000000",
        "2147483647",
        "2147483648",
        "4294967296",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "1e-300",
        "1e300",
        "-0.0",
        "0.1",
        "1.7976931348623157e308",
    ];
    let number = |text: &str| serde_json::from_str::<Number>(text).map_or(Value::Null, Value::Number);
    match (random.random_range(0..10), old) {
        (0, _) => Value::Null,
        (1, _) => Value::Bool(random.random()),
        (2, _) => Value::Array(vec![old.clone(); random.random_range(0..4)]),
        (3, _) => Value::Object(Map::new()),
        (4, _) => Value::String(["", "none", "framework", "Li", "\u{e9}"][random.random_range(0..5)].into()),
        (5 | 6, Value::Number(now)) if now.is_i64() => {
            Value::from(now.as_i64().unwrap_or(0).wrapping_add(random.random_range(-3..=3)))
        }
        (7, Value::Number(now)) => Value::from(now.as_f64().unwrap_or(0.0) * random.random_range(-2.0..2.0)),
        _ => number(NUMBERS[random.random_range(0..NUMBERS.len())]),
    }
}

/// The bytes of a model file with the trailer that belongs to them: what the reader checks before it looks any further.
#[must_use]
pub fn with_trailer(mut body: Vec<u8>) -> Vec<u8> {
    let hash: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    // metadata_props (14) { key (1): deepion_sha256, value (2): hash }, in ONNX' protobuf encoding
    body.extend([14 << 3 | 2, 14 + 64 + 4, 1 << 3 | 2, 14]);
    body.extend(b"deepion_sha256");
    body.extend([2 << 3 | 2, 64]);
    body.extend(hash.as_bytes());
    body
}

/// A model file without its trailer.
#[must_use]
pub fn without_trailer(file: &[u8]) -> &[u8] {
    &file[..file.len().saturating_sub(84)]
}
