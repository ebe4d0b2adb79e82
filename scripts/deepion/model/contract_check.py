# SPDX-License-Identifier: MIT
"""A contract against contract.schema.json, which JSON Schema's validator reads, and the rules that compare keys."""

import json
import math
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from deepion.errors import ModelFileError

SCHEMA: dict[str, Any] = json.loads(Path(__file__).with_name("contract.schema.json").read_text(encoding="utf-8"))

# of the constants that an engine keeps for pairs of types: types x types x width of the embedding
MOST_PAIR_VALUES = 2**25
MOST_SLOTS = 100000
CONTRACT: ContextVar[dict[str, Any]] = ContextVar("contract")  # that the schema's own keywords compare a value with


def check_contract(contract: Any, version: int = 1) -> None:
    """Raise ModelFileError, naming the key, for a contract that is incomplete or contradicts itself.

    version: the format version of the file it stands in.
    """
    if not isinstance(contract, dict):
        raise ModelFileError(f"contract: expected a JSON object, got {_show(contract)}")
    if version == 1:
        _check_keys(contract, contract, SCHEMA, "")
        _check_part(contract, contract, "")
    else:
        _check_keys(contract, contract, SCHEMA["$defs"]["format_2"], "")
        for number, part in enumerate(contract["parts"]):
            _check_keys(part, contract, SCHEMA["$defs"]["part"], f"parts[{number}]: ")
            _check_part(part, contract, f"parts[{number}]: ")
        slots = sum(sum(part["sel"]) for part in contract["parts"])
        table = contract.get("pair_table")
        if table is not None:
            slots += table["sel"]
            rising = table["switch"] is None or table["switch"]["rmin"] < table["switch"]["rmax"]
            _require(rising, contract, "pair_table", "a switch with rmin less than rmax")
        _require(slots <= MOST_SLOTS, contract, "parts", f"at most {MOST_SLOTS} neighbors in all")
    _check_relations(contract)


def _check_keys(found: dict[str, Any], contract: dict[str, Any], schema: dict[str, Any], where: str) -> None:
    """Every key of an object against its schema; type_map first: other keys are compared with it."""
    for key in schema["required"]:
        if key not in found:
            raise ModelFileError(f"contract: {where}key '{key}' is missing")
    for key in found:
        if key not in schema["properties"]:
            raise ModelFileError(f"contract: {where}unknown key '{key}'")
    order = sorted((key for key in schema["properties"] if key in found), key=lambda key: key != "type_map")
    for key in order:
        one = {"$defs": SCHEMA["$defs"], "properties": {key: _resolved(schema["properties"][key])}}
        if not _holds(one, {key: found[key]}, contract):
            raise ModelFileError(
                f"contract: {where}{key}: got {_show(found[key])}, expected {_expected(key, schema, contract)}"
            )


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A property that another one stands for."""
    link = schema.get("$ref", "")
    return SCHEMA["properties"][link.removeprefix("#/properties/")] if link.startswith("#/properties/") else schema


def _expected(key: str, schema: dict[str, Any], contract: dict[str, Any]) -> str:
    return _resolved(schema["properties"][key])["description"].replace("{n}", str(_types(contract)))


def _require(holds: bool, found: dict[str, Any], key: str, expected: str, where: str = "") -> None:
    if not holds:
        raise ModelFileError(f"contract: {where}{key}: got {_show(found[key])}, expected {expected}")


def _check_part(part: dict[str, Any], contract: dict[str, Any], where: str) -> None:
    """What compares the keys of one descriptor in ways that the schema has no words for."""

    def require(holds: bool, key: str, expected: str) -> None:
        _require(holds, part, key, expected, where)

    require(part["rcut_smth"] < part["rcut"], "rcut_smth", "less than rcut")
    width = part["neuron"][-1]
    if part["descriptor"] == "se_e2_r":
        require(part["axis_neuron"] == 0, "axis_neuron", "0 with se_e2_r")
    elif part is not contract:
        require(part["axis_neuron"] > 0, "axis_neuron", "a whole number > 0")
    require(part["axis_neuron"] <= width, "axis_neuron", "at most the last neuron")
    small = _types(contract) ** 2 * width <= MOST_PAIR_VALUES
    require(small, "neuron", "a smaller last width for so many types")
    if part is contract:
        return
    mixed = part.get("mixed_types", False)
    require(
        len(part["sel"]) == (1 if mixed else _types(contract)), "sel", "one number per type, or one with mixed_types"
    )
    require(isinstance(part["embedding"], str) or not mixed, "embedding", "one function name with mixed_types")
    if "gate" in part:
        one = isinstance(part["embedding"], str) and part["descriptor"] == "se_e2_a"
        require(one, "gate", "se_e2_a with one embedding function for all pairs")


def _check_relations(contract: dict[str, Any]) -> None:
    """What compares other keys in ways that the schema has no words for."""
    default = contract["default_fparam"]
    fits = default is None or len(default) == contract["numb_fparam"]
    _require(fits, contract, "default_fparam", "numb_fparam numbers or null")
    if "reduced" in contract:
        reduced = contract["reduced"]
        fits = all(_level_fits(level, "basis" in reduced) for level in reduced["levels"])
        _require(fits, contract, "reduced", _expected("reduced", SCHEMA, contract))


def _level_fits(level: dict[str, Any], shared_basis: bool) -> bool:
    products = zip(level.get("products", level["columns"]), level["columns"], strict=True)
    means = list(map(len, level["mean"]))
    return means == level["columns"] and all(p <= n for p, n in products) and (shared_basis or "basis" in level)


def _types(contract: dict[str, Any]) -> int:
    return len(contract["type_map"]) if isinstance(contract["type_map"], list) else 0


def _x_length(_validator, key, value, _schema) -> Iterator[ValidationError]:
    if isinstance(value, list) and len(value) != len(CONTRACT.get()[key]):
        yield ValidationError(f"expected as many values as {key} has")


def _x_below(_validator, key, value, _schema) -> Iterator[ValidationError]:
    if _whole(value) and value >= len(CONTRACT.get()[key]):
        yield ValidationError(f"expected an index into {key}")


def _x_sum(_validator, bounds, value, _schema) -> Iterator[ValidationError]:
    if isinstance(value, list) and all(map(_whole, value)) and not bounds[0] <= sum(value) <= bounds[1]:
        yield ValidationError(f"expected a sum of {bounds[0]} to {bounds[1]}")


@cache
def _kind() -> type[Draft202012Validator]:
    """The validator that knows the schema's own keywords, too; made once, since that takes a millisecond."""
    return extend(
        Draft202012Validator,
        {"x-length": _x_length, "x-below": _x_below, "x-sum": _x_sum},
        type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
            {"integer": lambda _, value: _whole(value), "number": lambda _, value: _real(value)}
        ),
    )


def _holds(schema: dict[str, Any], value: Any, contract: dict[str, Any]) -> bool:
    """Whether a value of this contract is as its schema says."""
    token = CONTRACT.set(contract)
    try:
        return next(_kind()(schema).iter_errors(value), None) is None
    finally:
        CONTRACT.reset(token)


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
