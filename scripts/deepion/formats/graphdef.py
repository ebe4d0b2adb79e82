# SPDX-License-Identifier: MIT
"""Frozen TensorFlow graphs of DeePMD-kit (.pb, .pbtxt), read without TensorFlow."""

from pathlib import Path
from typing import Any

import numpy as np

from deepion.errors import ExportError, RefusedError

from .graphdef_schema import graph_message
from .graphdef_tensor import decode, type_name
from .table import NotPlainError

GRADIENTS = "gradients"  # scope of the nodes that TensorFlow made for the forces
PASSES_ON = ("Identity", "StopGradient", "Snapshot")
MOST_PASSED = 64  # nodes in a row that pass on their input
MOST_DECODED = 1 << 28  # bytes of constants of one graph, beyond four times its file


def read(path: Path) -> dict[str, Any]:
    """DeePMD-kit's serialized dictionary of a frozen graph, see tf_model."""
    from .tf_model import serialized

    graph = read_graph(path)
    try:
        return serialized(graph)
    except NotPlainError:
        raise
    except RefusedError as error:
        raise RefusedError(f"{path}: {error}") from None
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from None


def settings(path: Path) -> dict[str, Any]:
    """The model section of the training input in a graph; empty where there is none."""
    from .tf_script import model_settings

    try:
        return model_settings(read_graph(path)).values
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from None


def read_graph(path: Path) -> "Graph":
    """The graph in a .pb file, or in its text form (.pbtxt)."""
    message = graph_message()()
    if path.suffix.lower() == ".pbtxt":
        _parse_text(path, message)
    else:
        from google.protobuf.message import DecodeError

        try:
            message.ParseFromString(path.read_bytes())
        except DecodeError:
            raise ExportError(
                f"{path}: cannot be read as a frozen TensorFlow graph: damaged or another kind of file"
            ) from None
        except OSError as error:
            raise ExportError(f"{path}: cannot be read: {error}") from None
    if not message.node:
        raise ExportError(f"{path}: no nodes in it: not a frozen TensorFlow graph")
    try:
        return Graph(message, MOST_DECODED + 4 * path.stat().st_size)
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from None


def _parse_text(path: Path, message: Any) -> None:
    from google.protobuf import text_format

    try:
        text_format.Parse(path.read_text(encoding="utf-8"), message, allow_unknown_field=True)
    except (text_format.ParseError, ValueError, OverflowError, RecursionError) as error:
        text = " ".join(str(error).split())[:200]
        raise ExportError(f"{path}: cannot be read as the text of a TensorFlow graph: {text}") from None
    except OSError as error:
        raise ExportError(f"{path}: cannot be read: {error}") from None


class Graph:
    """Nodes of a graph by name, their constants, and what uses them."""

    def __init__(self, message: Any, most: int = MOST_DECODED):
        self.nodes: dict[str, Any] = {node.name: node for node in message.node}
        if len(self.nodes) != len(message.node):
            raise ExportError("the graph has several nodes of one name: it is damaged")
        self._users: dict[str, list[str]] | None = None
        self._left = most  # bytes of constants that may still be decoded

    def constant(self, name: str) -> np.ndarray | None:
        """The value of the constant of this name, or None where there is none."""
        node = self.nodes.get(name)
        if node is None or node.op != "Const" or "value" not in node.attr:
            return None
        value = decode(name, node.attr["value"].tensor)
        self._left -= value.nbytes
        if self._left < 0:
            raise ExportError("the constants of the graph are far larger than its file: it is damaged")
        return value

    def array(self, name: str) -> np.ndarray | None:
        """A constant of numbers, or None where there is none of this name."""
        value = self.constant(name)
        if value is not None and value.dtype == object:
            raise ExportError(f"the constant {name} holds texts, expected numbers: the graph is damaged")
        return value

    def need(self, name: str) -> np.ndarray:
        """A constant of numbers that has to be there."""
        value = self.array(name)
        if value is None:
            raise ExportError(f"the graph has no constant {name}: it is damaged, or not a frozen model")
        return value

    def integers(self, name: str) -> list[int] | None:
        """A constant of whole numbers, or None where there is none of this name and kind."""
        value = self.constant(name)
        if value is None or not np.issubdtype(value.dtype, np.integer):
            return None
        return [int(item) for item in value.ravel()]

    def text(self, name: str) -> str | None:
        value = self.constant(name)
        if value is None:
            return None
        if value.dtype != object or value.size != 1:
            raise ExportError(f"the constant {name} is not a text: the graph is damaged")
        try:
            return bytes(value.ravel()[0]).decode("utf-8")
        except UnicodeDecodeError:
            raise ExportError(f"the constant {name} is not a text in UTF-8: the graph is damaged") from None

    def number(self, name: str) -> int | None:
        """A whole number stored as a constant."""
        value = self.constant(name)
        if value is None:
            return None
        if value.size != 1 or not np.issubdtype(value.dtype, np.integer):
            raise ExportError(f"the constant {name} is not a whole number: the graph is damaged")
        return int(value.ravel()[0])

    def type_of(self, name: str) -> str:
        """Element type of a constant, as DeePMD-kit calls precisions."""
        node = self.nodes.get(name)
        if node is None:
            raise ExportError(f"the graph has no constant {name}: it is damaged, or not a frozen model")
        return type_name(node.attr["value"].tensor)

    def source(self, reference: str) -> str:
        """The node that an input stands for: without its output number, through nodes that pass on their input."""
        for _ in range(MOST_PASSED):
            name = reference.lstrip("^").partition(":")[0]
            node = self.nodes.get(name)
            if node is None or node.op not in PASSES_ON or not node.input:
                return name
            reference = node.input[0]
        raise ExportError("the graph has a loop: it is damaged")

    def inputs(self, name: str) -> list[str]:
        """Nodes that a node takes its inputs from, see source."""
        return [self.source(reference) for reference in self.nodes[name].input if not reference.startswith("^")]

    def users(self, name: str) -> list[str]:
        """Nodes outside the gradients that use a node, through nodes that pass it on."""
        if self._users is None:
            self._users = {}
            for node in self.nodes.values():
                if not in_gradients(node.name) and node.op not in PASSES_ON:
                    for reference in node.input:
                        if not reference.startswith("^"):
                            self._users.setdefault(self.source(reference), []).append(node.name)
        return self._users.get(name, [])


def in_gradients(name: str) -> bool:
    return any(part.partition("_")[0] == GRADIENTS for part in name.split("/"))
