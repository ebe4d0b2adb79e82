# SPDX-License-Identifier: MIT
"""Variables of a serialized tree."""

from collections.abc import Callable
from typing import Any

import numpy as np


def resolve(node: Any, variable: Callable[[Any], Any], inside_variables: bool = False) -> Any:
    """Replace the variables of a serialized tree: array dictionaries (.yaml) and the leaves under "@variables" (.dp)."""
    if isinstance(node, dict):
        if node.get("@is_variable"):
            return np.asarray(node["value"], dtype=np.dtype(node["dtype"]))
        return {k: resolve(v, variable, inside_variables or k == "@variables") for k, v in node.items()}
    if isinstance(node, list):
        return [resolve(v, variable, inside_variables) for v in node]
    return variable(node) if inside_variables and node is not None else node
