# SPDX-License-Identifier: MIT
"""The part of the graph from coordinates to the rows of the environment matrix; see graph.py."""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from .onnx_nodes import Nodes
from .potential import Descriptor, Potential
from .switch import C0, C1, C2, SLOPE


class Frame:
    """Tensors shared by all centers."""

    def __init__(self, nodes: Nodes, potential: Potential):
        self.nloc = nodes.length("nlist")  # int64 [1]
        self.nall = nodes.length("coord")
        local_type = nodes.add("Slice", "atype", nodes.integers(0), self.nloc, nodes.integers(0))
        self.local_type = local_type
        # a neighbor that is invisible leaves its slot empty
        listed = nodes.add("GreaterOrEqual", "nlist", nodes.integer(0))
        index = nodes.add("Where", listed, "nlist", nodes.integer(0))
        visible = nodes.add("GreaterOrEqual", nodes.add("Gather", "atype", index, axis=0), nodes.integer(0))
        self.real = nodes.add("And", listed, visible)  # bool [nloc, slots]
        self.index = index  # int64 [nloc, slots], 0 in empty slots
        self.param = self._parameters(nodes, potential)

    def _parameters(self, nodes: Nodes, potential: Potential) -> str | None:
        """[nloc, numb_fparam + numb_aparam] or None."""
        if potential.scaling is None:
            return None
        parts = []
        if potential.numb_fparam:
            shape = nodes.add("Concat", self.nloc, nodes.integers(potential.numb_fparam), axis=0)
            parts.append(nodes.add("Expand", nodes.reshape("fparam", 1, potential.numb_fparam), shape))
        if potential.numb_aparam:
            parts.append("aparam")
        return parts[0] if len(parts) == 1 else nodes.add("Concat", *parts, axis=1)


class Centers:
    """The local atoms of one type, or all that have an energy (kind None)."""

    def __init__(self, nodes: Nodes, potential: Potential, frame: Frame, kind: int | None):
        self._nodes = nodes
        self._frame = frame
        self.kind = kind
        if kind is not None:
            found = nodes.add("Equal", frame.local_type, nodes.integer(kind))
        else:
            found = nodes.add("GreaterOrEqual", frame.local_type, nodes.integer(0))
            for excluded in potential.atom_exclude_types:
                other = nodes.add("Not", nodes.add("Equal", frame.local_type, nodes.integer(excluded)))
                found = nodes.add("And", found, other)
        self.index = nodes.reshape(nodes.add("NonZero", found), -1)  # int64 [n], row in nlist
        self._types: str | None = None

    @property
    def of_kind(self) -> int:
        """The type that all have."""
        if self.kind is None:
            raise ValueError("these centers have several types")
        return self.kind

    def types(self) -> str:
        """int64 [n]."""
        if self._types is None:
            self._types = self._nodes.add("Gather", self._frame.local_type, self.index, axis=0)
        return self._types

    def constant(self, values: np.ndarray) -> str:
        """One value for each type: a scalar, or looked up [n, 1]."""
        if self.kind is not None:
            return self._nodes.number(float(values[self.kind]))
        return self._nodes.add("Gather", self._nodes.array(np.reshape(values, (-1, 1))), self.types(), axis=0)


@dataclass
class Environment:
    """Rows of the environment matrix of n centers and what their derivatives need; each [n, nsel] unless stated."""

    neighbor: str  # int64
    difference: str  # [n, nsel, 3]
    unit: str  # difference / r, [n, nsel, 3]
    radial: str  # (a - davg) / dstd0
    radial_slope: str  # d radial / dr
    angular: str  # b / dstd1
    angular_slope: str
    rows: str  # [n, nsel, 4]
    weight: str  # the switch w, 0 in empty slots
    weight_slope: str
    inverse: str  # w / (r + protection)
    inverse_slope: str
    pair: str | None  # int64, center * ntypes + neighbor; of an empty slot any neighbor, or that of its block


def environment(nodes: Nodes, potential: Potential, frame: Frame, centers: Centers, number: int) -> Environment:
    """The environment of one of the potential's descriptors."""
    part = potential.parts[number]
    begin = sum(other.slots for other in potential.parts[:number])
    index, listed = frame.index, frame.real
    if part.slots < potential.slots:
        index, listed = (nodes.slice(x, 1, begin, begin + part.slots) for x in (index, listed))
    center = centers.index
    neighbor = nodes.add("Gather", index, center, axis=0)
    real = nodes.add("Gather", listed, center, axis=0)
    pair = None
    if isinstance(part.embedding_of, str):
        pair = _pair(nodes, part, centers, neighbor)
    real = _without(nodes, part, centers, pair, real, potential.pair_exclude_types)
    position = nodes.add("Unsqueeze", nodes.add("Gather", "coord", center, axis=0), nodes.integers(1))
    difference = nodes.add("Sub", nodes.add("Gather", "coord", neighbor, axis=0), position)

    zero, one = nodes.number(0.0), nodes.number(1.0)
    square = nodes.sum(nodes.add("Mul", difference, difference), 2)
    r = nodes.add("Sqrt", nodes.add("Where", real, square, one))
    weight, weight_slope = quintic_switch(nodes, r, part.rcut_smth, part.rcut)
    present = nodes.add("Where", real, one, zero)
    weight = nodes.add("Mul", weight, present)
    weight_slope = nodes.add("Mul", weight_slope, present)

    inverse = nodes.add("Div", one, nodes.add("Add", r, nodes.number(part.env_protection)))
    a = nodes.add("Mul", weight, inverse)
    b = nodes.add("Mul", a, inverse)
    a_slope = nodes.add("Sub", nodes.add("Mul", weight_slope, inverse), b)
    b_slope = nodes.add("Mul", nodes.add("Sub", a_slope, b), inverse)  # w'/(r+p)^2 - 2 w/(r+p)^3

    average = centers.constant(part.davg)
    std_radial = centers.constant(part.dstd[:, 0])
    std_angular = centers.constant(part.dstd[:, 1])
    radial = nodes.add("Div", nodes.add("Sub", a, average), std_radial)
    radial_slope = nodes.add("Div", a_slope, std_radial)
    angular = nodes.add("Div", b, std_angular)
    angular_slope = nodes.add("Div", b_slope, std_angular)

    masked = _flags(nodes, part, centers, pair, part.exclude_types)
    if masked is not None:
        kept = nodes.add("Not", nodes.add("And", real, masked))
        kept = nodes.add("Where", kept, one, zero)
        radial, radial_slope, angular, angular_slope = (
            nodes.add("Mul", x, kept) for x in (radial, radial_slope, angular, angular_slope)
        )
    unit = nodes.add("Div", difference, nodes.add("Unsqueeze", r, nodes.integers(2)))
    vector = nodes.add("Mul", nodes.add("Unsqueeze", angular, nodes.integers(2)), difference)
    rows = nodes.add("Concat", nodes.add("Unsqueeze", radial, nodes.integers(2)), vector, axis=2)
    return Environment(
        neighbor,
        difference,
        unit,
        radial,
        radial_slope,
        angular,
        angular_slope,
        rows,
        weight,
        weight_slope,
        a,
        a_slope,
        pair,
    )


def _pair(nodes: Nodes, part: Descriptor, centers: Centers, neighbor: str) -> str:
    """center * ntypes + neighbor of every slot."""
    base = nodes.add("Mul", centers.types(), nodes.integer(part.ntypes))
    base = nodes.reshape(base, -1, 1)
    if part.mixed_types:
        # an empty slot holds atom 0, which may be invisible
        other = nodes.add("Max", nodes.add("Gather", "atype", neighbor, axis=0), nodes.integer(0))
        return nodes.add("Add", base, other)
    return nodes.add("Add", base, nodes.integers(*np.repeat(np.arange(part.ntypes), part.sel).tolist()))


def _flags(nodes: Nodes, part: Descriptor, centers: Centers, pair: str | None, pairs: list[list[int]]) -> str | None:
    """bool [n or 1, nsel]: the slots of these pairs of types; None where there can be none."""
    if pair is None:
        types = _partners(pairs, centers.of_kind)
        flags = np.repeat([int(t in types) for t in range(part.ntypes)], part.sel).reshape(1, -1)
        return nodes.add("Greater", nodes.array(flags), nodes.number(0.5)) if types else None
    if not pairs:
        return None
    table = np.zeros((part.ntypes, part.ntypes), dtype=np.int64)
    for i, j in pairs:
        table[i, j] = table[j, i] = 1
    return nodes.add(
        "Cast", nodes.add("Gather", nodes.integers(*table.ravel().tolist()), pair, axis=0), to=TensorProto.BOOL
    )


def _without(
    nodes: Nodes, part: Descriptor, centers: Centers, pair: str | None, real: str, pairs: list[list[int]]
) -> str:
    """real without the slots of these pairs of types."""
    flags = _flags(nodes, part, centers, pair, pairs)
    return real if flags is None else nodes.add("And", real, nodes.add("Not", flags))


def _partners(pairs: list[list[int]], center_type: int) -> set[int]:
    """Neighbor types excluded for a center type; pairs hold in both orders."""
    return {j for i, j in pairs if i == center_type} | {i for i, j in pairs if j == center_type}


def quintic_switch(nodes: Nodes, x: str, start: float, end: float) -> tuple[str, str]:
    """DeePMD-kit's quintic switch w(x), which falls from 1 at start to 0 at end, and dw/dx (see switch.py)."""
    width = end - start
    u = nodes.add("Div", nodes.add("Sub", x, nodes.number(start)), nodes.number(width))
    u = nodes.add("Min", nodes.add("Max", u, nodes.number(0.0)), nodes.number(1.0))
    u2 = nodes.add("Mul", u, u)

    def quadratic(c2: float, c1: float, c0: float) -> str:
        linear = nodes.add("Add", nodes.add("Mul", u, nodes.number(c1)), nodes.number(c0))
        return nodes.add("Add", nodes.add("Mul", u2, nodes.number(c2)), linear)

    w = nodes.add("Add", nodes.add("Mul", nodes.add("Mul", u2, u), quadratic(C2, C1, C0)), nodes.number(1.0))
    slope = nodes.add("Mul", u2, quadratic(*(c / width for c in SLOPE)))
    return w, slope
