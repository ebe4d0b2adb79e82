# SPDX-License-Identifier: MIT
"""A short way to write ONNX nodes: names are made up, constants are shared."""

from typing import overload

import numpy as np
from onnx import NodeProto, helper, numpy_helper

OPSET = 17
DOMAIN = "deepion"  # of the local functions
DOMAIN_VERSION = 1


def smallest_exact(array: np.ndarray) -> np.ndarray:
    """The array as float32 where that loses nothing, else as float64."""
    array = np.ascontiguousarray(array, dtype=np.float64)
    with np.errstate(over="ignore"):
        short = array.astype(np.float32)
    return short if np.array_equal(short.astype(np.float64), array) else array


class Nodes:
    """A growing list of ONNX nodes.

    like: name of a tensor whose float type every float constant takes (local functions serve float32 and float64
    alike); None for a graph in float64.
    """

    def __init__(self, like: str | None = None, prefix: str = ""):
        self.nodes: list[NodeProto] = []
        self._like = like
        self._prefix = prefix
        self._count = 0
        self._numbers: dict[float, str] = {}
        self._integers: dict[tuple, str] = {}

    def new_name(self, hint: str) -> str:
        self._count += 1
        return f"{self._prefix}{hint}_{self._count}"

    def add(self, op: str, *inputs: str, domain: str = "", **attributes) -> str:
        """Add a node with one output; returns the output's name."""
        return self.add_many(op, inputs, 1, domain, **attributes)[0]

    def add_many(self, op: str, inputs, n_outputs: int, domain: str = "", **attributes) -> list[str]:
        """Add a node; returns the names of its outputs."""
        outputs = [self.new_name(op.lower()) for _ in range(n_outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), outputs, name=outputs[0], domain=domain, **attributes))
        return outputs

    @overload
    def product(self, x: str, y: str | None) -> str: ...
    @overload
    def product(self, x: str | None, y: str) -> str: ...
    @overload
    def product(self, x: str | None, y: str | None) -> str | None: ...
    def product(self, x: str | None, y: str | None) -> str | None:
        """x * y, where None stands for the constant 1."""
        if x is None or y is None:
            return x or y
        return self.add("Mul", x, y)

    def rename(self, source: str, target: str) -> None:
        """Give a tensor the name of a graph or function output."""
        self.nodes.append(helper.make_node("Identity", [source], [target], name=target))

    def array(self, value: np.ndarray, hint: str = "weight") -> str:
        """A constant float tensor."""
        value = np.asarray(value, dtype=np.float64)
        if self._like is None:
            return self._constant(value, hint)
        return self.add("CastLike", self._constant(smallest_exact(value), hint), self._like)

    def short_array(self, value: np.ndarray, hint: str = "weight") -> str:
        """A constant float tensor that is not cast: float32 where that loses nothing."""
        return self._constant(smallest_exact(value), hint)

    def number(self, value: float) -> str:
        """A constant float scalar."""
        if value not in self._numbers:
            self._numbers[value] = self.array(np.array(value), "number")
        return self._numbers[value]

    def integers(self, *values: int) -> str:
        """A constant int64 vector."""
        return self._shared_integers(values, np.array(values, dtype=np.int64))

    def integer(self, value: int) -> str:
        """A constant int64 scalar."""
        return self._shared_integers(("scalar", value), np.array(value, dtype=np.int64))

    def _shared_integers(self, key: tuple, value: np.ndarray) -> str:
        if key not in self._integers:
            self._integers[key] = self._constant(value, "integers")
        return self._integers[key]

    def _constant(self, value: np.ndarray, hint: str) -> str:
        name = self.new_name(hint)
        self.nodes.append(helper.make_node("Constant", [], [name], name=name, value=numpy_helper.from_array(value)))
        return name

    def reshape(self, x: str, *shape: int) -> str:
        return self.add("Reshape", x, self.integers(*shape))

    def slice(self, x: str, axis: int, start: int, stop: int) -> str:
        return self.add("Slice", x, self.integers(start), self.integers(stop), self.integers(axis))

    def sum(self, x: str, *axes: int, keepdims: int = 0) -> str:
        return self.add("ReduceSum", x, self.integers(*axes), keepdims=keepdims)

    def transpose(self, x: str, *perm: int) -> str:
        return self.add("Transpose", x, perm=list(perm))

    def length(self, x: str, axis: int = 0) -> str:
        """The extent of x along an axis, as an int64 vector of one element."""
        return self.add("Gather", self.add("Shape", x), self.integers(axis), axis=0)
