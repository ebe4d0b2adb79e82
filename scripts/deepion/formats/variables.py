# SPDX-License-Identifier: MIT
"""Variables of a serialized tree."""

from collections.abc import Callable
from typing import Any

import numpy as np

from deepion.errors import ExportError

DTYPES = {"float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"}


MOST_NODES = 4_000_000  # aliases of a YAML text may repeat one part again and again


def resolve(tree: Any, variable: Callable[[Any], Any]) -> Any:
    """Replace the variables of a serialized tree: array dictionaries (text) and the leaves under "@variables" (.dp).

    Raises ExportError, without a file's name, for variables that are no arrays and for trees that are too large.
    """
    try:
        return _Resolver(variable).resolve(tree, False)
    except RecursionError:
        raise ExportError("damaged: its parts lie too deep in each other") from None


class _Resolver:
    def __init__(self, variable: Callable[[Any], Any]):
        self._variable = variable
        self._nodes = 0

    def resolve(self, node: Any, inside_variables: bool) -> Any:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise ExportError(f"damaged: more than {MOST_NODES} entries")
        if isinstance(node, dict):
            if node.get("@is_variable"):
                return _array(node)
            return {k: self.resolve(v, inside_variables or k == "@variables") for k, v in node.items()}
        if isinstance(node, list):
            return [self.resolve(v, inside_variables) for v in node]
        return self._variable(node) if inside_variables and node is not None else node


def _array(node: dict[str, Any]) -> np.ndarray:
    """The array of {"@is_variable": True, "dtype": NAME, "value": numbers, lists of them, ...}."""
    dtype = node.get("dtype")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ExportError(f"damaged: a variable of type {str(dtype)[:40]!r}")
    try:
        return np.asarray(node.get("value"), dtype=np.dtype(dtype))
    except (ValueError, TypeError, OverflowError):
        raise ExportError(f"damaged: a variable that is no array of {dtype}") from None
