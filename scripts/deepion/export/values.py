# SPDX-License-Identifier: MIT
"""Single values of a serialized model, checked: numbers, type indices, arrays."""

import reprlib
from typing import Any

import numpy as np

from deepion.errors import ExportError

LARGEST = 1e300
WIDEST = 8192  # layer of an embedding net


def brief(value: Any, most: int) -> str:
    """A value for messages; a text that a file repeats a million times is not written out before it is cut."""
    short = reprlib.Repr()
    short.maxlist = short.maxtuple = short.maxdict = short.maxlong = most
    short.maxstring = 2 * most
    text = short.repr(value)
    return text if len(text) < most else text[:most] + "..."


def finite_number(name: str, value: Any) -> float:
    number = not isinstance(value, bool) and isinstance(value, (int, float, np.number))
    if not number or not -LARGEST < value < LARGEST:  # NaN is not, either
        raise ExportError(f"{name}: expected a finite number, got {value!r}")
    return float(value)


def whole_number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ExportError(f"{name}: expected a whole number >= 0, got {value!r}")
    return int(value)


def positive_integer(name: str, value: Any) -> int:
    if whole_number(name, value) == 0:
        raise ExportError(f"{name}: expected a whole number > 0, got 0")
    return int(value)


def widths(name: str, value: Any) -> list[int]:
    """Widths of a net's layers."""
    found = [positive_integer(name, n) for n in (value if value is not None else [])]
    if any(n > WIDEST for n in found):
        raise ExportError(f"{name}: expected numbers up to {WIDEST}, got {found}")
    return found


def type_indices(name: str, value: Any, ntypes: int) -> list[int]:
    if value is not None and not isinstance(value, (list, tuple, np.ndarray)):
        raise ExportError(f"{name}: expected a list of types, got {value!r}")
    types = sorted({whole_number(name, t) for t in (value if value is not None else [])})
    if types and types[-1] >= ntypes:
        raise ExportError(f"{name}: type {types[-1]} does not exist, the model has {ntypes} types")
    return types


def type_pairs(name: str, value: Any, ntypes: int) -> list[list[int]]:
    pairs = set()
    for pair in value if value is not None else []:
        if not isinstance(pair, (list, tuple, np.ndarray)) or len(pair) != 2:
            raise ExportError(f"{name}: expected pairs of types, got {pair!r}")
        type_indices(name, pair, ntypes)
        pairs.add(tuple(sorted(int(t) for t in pair)))
    return [list(pair) for pair in sorted(pairs)]


def float_array(name: str, value: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """A finite float64 array of this shape; half precision is refused."""
    if value is None:
        raise ExportError(f"{name} is missing: the model file is incomplete")
    array = np.asarray(value)
    if array.dtype not in (np.float32, np.float64) and not np.issubdtype(array.dtype, np.integer):
        raise ExportError(f"{name} has precision {array.dtype}: only float32 and float64 models can be exported")
    if shape is not None and array.shape != shape:
        raise ExportError(f"{name}: expected shape {list(shape)}, got {list(array.shape)}")
    if not np.isfinite(array).all():
        raise ExportError(f"{name} holds NaN or Inf: the model is broken")
    return array.astype(np.float64)
