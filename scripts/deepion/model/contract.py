# SPDX-License-Identifier: MIT
"""The contract in an exported file's metadata: everything an engine needs beside the networks."""

import math
from typing import Any

from deepion import __version__
from deepion.errors import ModelFileError

from .potential import Potential
from .reduction import Reduction

FORMAT_VERSION = 1
DESCRIPTOR = "se_e2_a"
UNITS = {"energy": "eV", "length": "Angstrom"}


def fitting_names(potential: Potential) -> list[str]:
    return [f"fitting_{t}" for t in range(potential.ntypes)]


def basis_name(center: int) -> str:
    """Function g [n, M] -> psi [n, columns] of a center type's reduced networks."""
    return f"reduced_basis_{center}"


def reduced_fitting_name(level: int, center: int) -> str:
    """Function features [n, columns (columns + 3) / 2] -> energy [n, 1], denergy_dfeatures."""
    return f"reduced_{level}_fitting_{center}"


def contract_of(potential: Potential, reduction: Reduction | None = None) -> dict[str, Any]:
    """The contract of a potential (JSON types only)."""
    contract = {
        "producer": f"deepion {__version__}",
        "descriptor": DESCRIPTOR,
        "type_map": potential.type_map,
        "rcut": potential.rcut,
        "rcut_smth": potential.rcut_smth,
        "env_protection": potential.env_protection,
        "sel": potential.sel,
        "davg": [float(v) for v in potential.davg],
        "dstd": [[float(v) for v in row] for row in potential.dstd],
        "neuron": potential.neuron,
        "axis_neuron": potential.axis_neuron,
        "type_one_side": potential.type_one_side,
        "activation_function": potential.activation_function,
        "fitting_neuron": potential.fitting_neuron,
        "embedding": potential.embedding_of,
        "exclude_types": potential.exclude_types,
        "pair_exclude_types": potential.pair_exclude_types,
        "atom_exclude_types": potential.atom_exclude_types,
        "fitting": fitting_names(potential),
        "energy_scale": [float(v) for v in potential.energy_scale],
        "energy_shift": [float(v) for v in potential.energy_shift],
        "numb_fparam": potential.numb_fparam,
        "numb_aparam": potential.numb_aparam,
        "default_fparam": potential.default_fparam,
        "precision": potential.precision,
        "min_nbor_dist": potential.min_nbor_dist,
        "units": UNITS,
        "source": potential.source,
    }
    if reduction is not None:
        contract["reduced"] = _reduced(reduction)
    return contract


def _reduced(reduction: Reduction) -> dict[str, Any]:
    """Levels with falling force error (eV/A RMS; energy error eV per atom RMS); see reduction.ReducedCenter."""
    return {
        "sample": reduction.sample,
        "basis": [basis_name(i) for i in range(len(reduction.basis))],
        "levels": [
            {
                "force_error": level.force_error,
                "energy_error": level.energy_error,
                "columns": [center.columns for center in level.centers],
                "mean": [[float(v) for v in center.mean] for center in level.centers],
                "fitting": [reduced_fitting_name(k, i) for i in range(len(level.centers))],
            }
            for k, level in enumerate(reduction.levels)
        ],
    }


def function_names(contract: dict[str, Any]) -> list[str]:
    """Every local function that the contract names."""
    names = [name for row in contract["embedding"] for name in row if name] + contract["fitting"]
    reduced = contract.get("reduced")
    if reduced is not None:
        names += reduced["basis"] + [name for level in reduced["levels"] for name in level["fitting"]]
    return names


def check_contract(contract: Any) -> None:
    """Raise ModelFileError, naming the key, for a contract that is incomplete or contradicts itself."""
    if not isinstance(contract, dict):
        raise ModelFileError(f"contract: expected a JSON object, got {_show(contract)}")
    for key in _CHECKS:
        if key not in contract and key not in _OPTIONAL:
            raise ModelFileError(f"contract: key '{key}' is missing")
    for key in contract:
        if key not in _CHECKS:
            raise ModelFileError(f"contract: unknown key '{key}'")
    n = len(contract["type_map"]) if isinstance(contract["type_map"], list) else 0
    for key, (is_valid, expected) in _CHECKS.items():
        if key in contract and not is_valid(contract[key], n):
            text = expected.replace("{n}", str(n))
            raise ModelFileError(f"contract: {key}: got {_show(contract[key])}, expected {text}")
    if contract["rcut_smth"] >= contract["rcut"]:
        raise ModelFileError(f"contract: rcut_smth: got {contract['rcut_smth']}, expected less than rcut")
    if contract["axis_neuron"] > contract["neuron"][-1]:
        raise ModelFileError(f"contract: axis_neuron: got {contract['axis_neuron']}, expected at most the last neuron")
    default = contract["default_fparam"]
    if default is not None and len(default) != contract["numb_fparam"]:
        raise ModelFileError(f"contract: default_fparam: got {_show(default)}, expected numb_fparam numbers or null")


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "..."


def _whole(v, least=0):
    return isinstance(v, int) and not isinstance(v, bool) and v >= least


def _real(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v)


def _list_of(item, length=None, least=0):
    def check(v, n):
        wanted = n if length == "types" else length
        return isinstance(v, list) and len(v) >= least and (wanted is None or len(v) == wanted) and all(map(item, v))

    return check


def _text(v, n=0):
    return isinstance(v, str) and bool(v)


def _pair_list(v, n):
    return isinstance(v, list) and all(
        isinstance(p, list) and len(p) == 2 and all(_whole(t) and t < n for t in p) for p in v
    )


def _names(v):
    return v is None or _text(v)


def _dictionary(*keys):
    return lambda v, n: isinstance(v, dict) and set(keys) <= set(v) and all(isinstance(v[k], str) for k in keys)


def _level(v, n):
    return (
        isinstance(v, dict)
        and {"force_error", "energy_error", "columns", "mean", "fitting"} <= set(v)
        and all(_real(v[key]) and v[key] > 0 for key in ("force_error", "energy_error"))
        and _list_of(lambda c: _whole(c, 1), "types")(v["columns"], n)
        and _list_of(_list_of_numbers, "types")(v["mean"], n)
        and all(len(m) == c for m, c in zip(v["mean"], v["columns"], strict=True))
        and _list_of(_text, "types")(v["fitting"], n)
    )


def _list_of_numbers(v):
    return isinstance(v, list) and all(map(_real, v))


def _is_reduced(v, n):
    return (
        isinstance(v, dict)
        and _text(v.get("sample"))
        and _list_of(_text, "types")(v.get("basis"), n)
        and isinstance(v.get("levels"), list)
        and all(_level(level, n) for level in v["levels"])
    )


_OPTIONAL = ("reduced",)

# key -> (check(value, number of types), what is expected)
_CHECKS = {
    "producer": (_text, "a text"),
    "descriptor": (lambda v, n: v == DESCRIPTOR, f"'{DESCRIPTOR}'"),
    "type_map": (
        lambda v, n: isinstance(v, list) and n > 0 and all(map(_text, v)) and len(set(v)) == n,
        "a list of distinct names",
    ),
    "rcut": (lambda v, n: _real(v) and v > 0, "a number > 0"),
    "rcut_smth": (lambda v, n: _real(v) and v >= 0, "a number >= 0"),
    "env_protection": (lambda v, n: _real(v) and v >= 0, "a number >= 0"),
    "sel": (lambda v, n: _list_of(_whole, "types")(v, n) and sum(v) > 0, "{n} whole numbers, not all 0"),
    "davg": (_list_of(_real, "types"), "{n} numbers"),
    "dstd": (
        _list_of(lambda r: isinstance(r, list) and len(r) == 2 and all(_real(x) and x != 0 for x in r), "types"),
        "{n} pairs of numbers other than 0",
    ),
    "neuron": (_list_of(lambda v: _whole(v, 1), least=1), "a list of whole numbers > 0"),
    "axis_neuron": (lambda v, n: _whole(v, 1), "a whole number > 0"),
    "type_one_side": (lambda v, n: isinstance(v, bool), "true or false"),
    "activation_function": (_dictionary("embedding", "fitting"), "names for embedding and fitting"),
    "fitting_neuron": (_list_of(lambda v: _whole(v, 1)), "a list of whole numbers > 0"),
    "embedding": (
        lambda v, n: _list_of(lambda r: isinstance(r, list) and len(r) == n and all(map(_names, r)), "types")(v, n),
        "{n} rows of {n} function names or null",
    ),
    "exclude_types": (_pair_list, "pairs of type indices below {n}"),
    "pair_exclude_types": (_pair_list, "pairs of type indices below {n}"),
    "atom_exclude_types": (
        lambda v, n: isinstance(v, list) and all(_whole(t) and t < n for t in v),
        "type indices below {n}",
    ),
    "fitting": (_list_of(_text, "types"), "{n} function names"),
    "energy_scale": (_list_of(_real, "types"), "{n} numbers"),
    "energy_shift": (_list_of(_real, "types"), "{n} numbers"),
    "numb_fparam": (lambda v, n: _whole(v), "a whole number >= 0"),
    "numb_aparam": (lambda v, n: _whole(v), "a whole number >= 0"),
    "default_fparam": (lambda v, n: v is None or _list_of(_real)(v, n), "null or a list of numbers"),
    "precision": (lambda v, n: v in ("float32", "float64"), "'float32' or 'float64'"),
    "min_nbor_dist": (lambda v, n: v is None or (_real(v) and v > 0), "null or a number > 0"),
    "units": (lambda v, n: v == UNITS, f"{UNITS}"),
    "source": (_dictionary("file", "sha256", "software"), "file, sha256 and software"),
    "reduced": (_is_reduced, "sample, {n} names of basis functions, and levels with {n} networks each"),
}
