# SPDX-License-Identifier: MIT
"""TensorFlow graphs for tests: the stored ones with changes, and nodes added by hand, without TensorFlow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import text_format

from deepion.formats.graphdef_schema import graph_message

DATA = Path(__file__).parents[1] / "data"
STORED = {np.dtype("f8"): 2, np.dtype("f4"): 1, np.dtype("i4"): 3, np.dtype("i8"): 9}


def stored(name: str) -> Any:
    """The message of a frozen graph of tests/data/models."""
    message = graph_message()()
    message.ParseFromString((DATA / "models" / f"{name}.pb").read_bytes())
    return message


def node_of(message: Any, name: str) -> Any:
    return next(node for node in message.node if node.name == name)


def without(message: Any, *names: str) -> Any:
    """Remove the nodes whose names begin with one of these."""
    kept = [node for node in message.node if not node.name.startswith(names)]
    del message.node[:]
    message.node.extend(kept)
    return message


def renamed(message: Any, change: Callable[[str], str]) -> Any:
    """Change names of nodes where they are named and where they are used."""
    for node in message.node:
        node.name = change(node.name)
        inputs = [change(name) for name in node.input]
        del node.input[:]
        node.input.extend(inputs)
    return message


def constant(message: Any, name: str, value: Any) -> str:
    """Add a constant, or give one another value."""
    node = next((node for node in message.node if node.name == name), None) or message.node.add(name=name, op="Const")
    tensor = node.attr["value"].tensor
    tensor.Clear()
    if isinstance(value, str):
        tensor.dtype = 7
        tensor.string_val.append(value.encode())
        return name
    array = np.asarray(value)
    tensor.dtype = STORED[array.dtype]
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = array.tobytes()
    return name


def added(message: Any, op: str, name: str, inputs: list[str]) -> str:
    message.node.add(name=name, op=op).input.extend(inputs)
    return name


def saved(message: Any, path: Path) -> Path:
    if path.suffix == ".pbtxt":
        path.write_text(text_format.MessageToString(message))
    else:
        path.write_bytes(message.SerializeToString(deterministic=True))
    return path
