# SPDX-License-Identifier: MIT
"""Contracts to accept and to refuse, made from the schema: tests/data/contract_cases.json, which the Rust side is tested with.

`python tests/python/contract_cases.py` writes the file; a test compares it with the schema.
"""

import copy
import itertools
import json
from pathlib import Path
from typing import Any

from deepion.errors import ModelFileError
from deepion.model.contract_check import SCHEMA, check_contract

FILE = Path(__file__).parents[1] / "data" / "contract_cases.json"

VALID: dict[str, Any] = {
    "producer": "deepion 0.1.0",
    "descriptor": "se_e2_a",
    "type_map": ["Li", "S"],
    "rcut": 6,
    "rcut_smth": 0.5,
    "env_protection": 0.0,
    "sel": [20, 30],
    "davg": [0.1, 0.2],
    "dstd": [[0.3, 0.2], [0.4, 0.1]],
    "neuron": [8, 16],
    "axis_neuron": 4,
    "type_one_side": False,
    "activation_function": {"embedding": "tanh", "fitting": "tanh"},
    "fitting_neuron": [12, 12],
    "embedding": [["embedding_0_0", "embedding_0_1"], [None, "embedding_1_1"]],
    "exclude_types": [[0, 1]],
    "pair_exclude_types": [],
    "atom_exclude_types": [1],
    "fitting": ["fitting_0", "fitting_1"],
    "descriptor_layout": "axis_fastest",
    "energy_scale": [1.0, 1.0],
    "energy_shift": [-1.5, 2.5],
    "numb_fparam": 1,
    "numb_aparam": 0,
    "default_fparam": [0.5],
    "precision": "float64",
    "min_nbor_dist": 1.5,
    "units": {"energy": "eV", "length": "Angstrom"},
    "source": {"file": "a.dp", "sha256": "", "software": "deepmd-kit"},
    "reduced": {
        "sample": "structures",
        "levels": [
            {
                "force_error": 1e-3,
                "energy_error": 1e-4,
                "basis": ["basis_0", "basis_1"],
                "columns": [1, 2],
                "products": [1, 1],
                "mean": [[0.1], [0.1, 0.2]],
                "fitting": ["reduced_0", "reduced_1"],
            }
        ],
    },
}

# levels that share a basis and take products of all columns, as once written
_LEVEL = {key: value for key, value in VALID["reduced"]["levels"][0].items() if key not in ("basis", "products")}
SHARED_BASIS = VALID | {"reduced": {"sample": "structures", "basis": ["basis_0", "basis_1"], "levels": [_LEVEL]}}

_OF_PART = ("rcut", "rcut_smth", "env_protection", "davg", "dstd", "neuron", "type_one_side", "exclude_types")
_PART = {key: VALID[key] for key in _OF_PART} | {"activation": "tanh"}
# format version 2: a mixed descriptor with a gate, one of pairs, and one of distances alone
VALID_2: dict[str, Any] = {
    key: value
    for key, value in VALID.items()
    if key not in (*_OF_PART, "descriptor", "sel", "axis_neuron", "embedding", "reduced")
} | {
    "activation_function": {"fitting": "tanh"},
    "fitting": "fitting",
    "parts": [
        _PART | {"descriptor": "se_e2_a", "sel": [50], "mixed_types": True, "axis_neuron": 4, "embedding": "embedding",
                 "gate": {"function": "gate_0", "smooth": True, "switch": "cubic"}},
        _PART | {"descriptor": "se_e2_a", "sel": [20, 30], "axis_neuron": 4, "embedding": [["a", None], ["b", "c"]]},
        _PART | {"descriptor": "se_e2_r", "sel": [20, 30], "axis_neuron": 0, "embedding": [["a", "a"], ["b", "b"]]},
    ],
}  # fmt: skip

REMOVED = "REMOVED"
VALUES: list[Any] = [
    REMOVED, None, True, "", "text", [], {}, 0, 1, -1, 2, 0.0, 0.5, -0.5, 4.0, 1e308, -1e308, 4096, 4097,
    8192, 8193, 65536, 65537, 99999, 100000, 100001, 2**63, [0], [1, 1], [[]], [[0, 1]], [["a", "b"], ["c", "d"]], ["Li", "Li"],
    [None, None], {"energy": "eV", "length": "Angstrom"}, "axis_fastest_first_layer_only", "float32", "float16",
]  # fmt: skip

# enough for the keys that only format version 2 has, beside those above
VALUES_2: list[Any] = [
    REMOVED,
    None,
    True,
    False,
    "",
    "text",
    "se_e2_a",
    "se_e2_r",
    [],
    {},
    0,
    1,
    -1,
    5,
    0.5,
    100001,
    [7],
    [0, 1],
    [0, 0],
]
PLACES_2 = ("descriptor", "sel", "mixed_types", "axis_neuron", "embedding", "gate", "activation", "neuron", "rcut")


# where a text as long as names may be, and longer, is tried
LONG = [("producer",), ("type_map", 0), ("embedding", 0, 1), ("fitting", 1), ("source", "file"), ("reduced", "sample")]


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """Paths to every value inside a contract."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, part in inside for found in [(*path, key), *places(part, (*path, key))]]


def changed(path: tuple, value: Any, valid: dict[str, Any] = VALID) -> dict[str, Any]:
    contract = json.loads(json.dumps(valid))  # a list that stands at several places is copied for each
    target: Any = contract
    for key in path[:-1]:
        target = target[key]
    if value == REMOVED and type(value) is str:
        del target[path[-1]]
    else:
        target[path[-1]] = copy.deepcopy(value)
    return contract


def accepted(contract: dict[str, Any], version: int = 1) -> bool:
    try:
        check_contract(contract, version)
    except ModelFileError:
        return False
    return True


def cases() -> list[list[Any]]:
    """[path, value, whether it is accepted]: every place of the contract with every value, a key too many in every object,
    and a list too long at every list."""
    made: list[list[Any]] = []
    for path in places(VALID):
        old: Any = VALID
        for key in path:
            old = old[key]
        extra: list[Any] = [old + old[:1]] if isinstance(old, list) and old else []
        extra += [old | {"another": 1}] if isinstance(old, dict) else []
        extra += ["x" * 1000, "x" * 1001] if path in LONG else []
        for value in VALUES + extra:
            made.append([list(path), value, accepted(changed(path, value))])
    made.append([["another"], 1, accepted(changed(("another",), 1))])
    return made


def cases_2() -> list[list[Any]]:
    """The same of format version 2: what its parts have, a key too many, and the keys that changed."""
    paths = [path for path in places(VALID_2["parts"]) if len(path) > 1 and path[1] in PLACES_2]
    paths = [("parts", *path) for path in paths] + [
        ("parts",),
        ("parts", 0),
        ("parts", 2),
        ("fitting",),
        ("activation_function",),
    ]
    paths += [("descriptor_layout",), ("parts", 0, "another"), ("rcut",)]
    made: list[list[Any]] = []
    for path in paths:
        new = path[-1] in ("another", "rcut") and path != ("parts", 0, "rcut")
        for value in [1] if new and len(path) != 3 or path[-1] == "another" else VALUES_2:
            made.append([list(path), value, accepted(changed(path, value, VALID_2), 2)])
    return made


def packed(made: list[list[Any]], values: list[Any]) -> list[list[Any]]:
    """[path, one digit for each of the values (1: accepted), [further values with whether they are accepted]]."""
    rows: list[list[Any]] = []
    for path, group in itertools.groupby(made, key=lambda case: case[0]):
        tried = [(value, good) for _, value, good in group]
        count = len(values) if len(tried) >= len(values) else 0
        digits = "".join("1" if good else "0" for _, good in tried[:count])
        rows.append([path, digits, [list(one) for one in tried[count:]]])
    return rows


def section(valid: dict[str, Any], made: list[list[Any]], values: list[Any]) -> str:
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in packed(made, values))
    return f'"valid": {json.dumps(valid)},\n"values": {json.dumps(values)},\n"cases": [\n{lines}\n]'


def text() -> str:
    second = section(VALID_2, cases_2(), VALUES_2)
    return f'{{{section(VALID, cases(), VALUES)},\n"format_2": {{{second}}}}}\n'


if __name__ == "__main__":
    assert set(VALID) == set(SCHEMA["properties"])
    assert accepted(VALID) and accepted(VALID_2, 2)
    FILE.write_text(text(), encoding="ascii")
