# SPDX-License-Identifier: MIT
"""A contract against contract.schema.json, which JSON Schema's validator reads, and the rules that compare keys."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from deepion.errors import ModelFileError

SCHEMA: dict[str, Any] = json.loads(Path(__file__).with_name("contract.schema.json").read_text(encoding="utf-8"))

# of the constants that an engine keeps for pairs of types: types x types x width of the embedding
MOST_PAIR_VALUES = 2**25


def check_contract(contract: Any) -> None:
    """Raise ModelFileError, naming the key, for a contract that is incomplete or contradicts itself."""
    if not isinstance(contract, dict):
        raise ModelFileError(f"contract: expected a JSON object, got {_show(contract)}")
    for key in SCHEMA["required"]:
        if key not in contract:
            raise ModelFileError(f"contract: key '{key}' is missing")
    for key in contract:
        if key not in SCHEMA["properties"]:
            raise ModelFileError(f"contract: unknown key '{key}'")
    for key in _in_order(contract):
        part = SCHEMA | {"properties": {key: SCHEMA["properties"][key]}, "additionalProperties": True}
        if next(_validator(part, contract).iter_errors(contract), None) is not None:
            expected = SCHEMA["properties"][key]["description"].replace("{n}", str(_types(contract)))
            raise ModelFileError(f"contract: {key}: got {_show(contract[key])}, expected {expected}")
    _check_relations(contract)


def _in_order(contract: dict[str, Any]) -> list[str]:
    """type_map first: other keys are compared with it."""
    return ["type_map", *(key for key in SCHEMA["properties"] if key in contract and key != "type_map")]


def _check_relations(contract: dict[str, Any]) -> None:
    """What compares keys in ways that the schema has no words for."""

    def require(holds: bool, key: str, expected: str) -> None:
        if not holds:
            raise ModelFileError(f"contract: {key}: got {_show(contract[key])}, expected {expected}")

    require(contract["rcut_smth"] < contract["rcut"], "rcut_smth", "less than rcut")
    width = contract["neuron"][-1]
    require(contract["axis_neuron"] <= width, "axis_neuron", "at most the last neuron")
    small = _types(contract) ** 2 * width <= MOST_PAIR_VALUES
    require(small, "neuron", "a smaller last width for so many types")
    default = contract["default_fparam"]
    fits = default is None or len(default) == contract["numb_fparam"]
    require(fits, "default_fparam", "numb_fparam numbers or null")
    if "reduced" in contract:
        levels = contract["reduced"]["levels"]
        fits = all(list(map(len, level["mean"])) == level["columns"] for level in levels)
        expected = SCHEMA["properties"]["reduced"]["description"].replace("{n}", str(_types(contract)))
        require(fits, "reduced", expected)


def _types(contract: dict[str, Any]) -> int:
    return len(contract["type_map"]) if isinstance(contract["type_map"], list) else 0


def _validator(schema: dict[str, Any], contract: dict[str, Any]) -> Draft202012Validator:
    """A validator that also knows the schema's own keywords, which compare a value with other keys of the contract."""

    def x_length(_validator, key, value, _schema) -> Iterator[ValidationError]:
        if isinstance(value, list) and len(value) != len(contract[key]):
            yield ValidationError(f"expected as many values as {key} has")

    def x_below(_validator, key, value, _schema) -> Iterator[ValidationError]:
        if _whole(value) and value >= len(contract[key]):
            yield ValidationError(f"expected an index into {key}")

    def x_sum(_validator, bounds, value, _schema) -> Iterator[ValidationError]:
        if isinstance(value, list) and all(map(_whole, value)) and not bounds[0] <= sum(value) <= bounds[1]:
            yield ValidationError(f"expected a sum of {bounds[0]} to {bounds[1]}")

    kind = extend(
        Draft202012Validator,
        {"x-length": x_length, "x-below": x_below, "x-sum": x_sum},
        type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
            {"integer": lambda _, value: _whole(value), "number": lambda _, value: _real(value)}
        ),
    )
    return kind(schema)


def _whole(value: Any) -> bool:
    """As the engine reads JSON: 4.0 is no whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def _real(value: Any) -> bool:
    """As the engine reads JSON: infinity and NaN are no numbers, nor are integers beyond them."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "..."
