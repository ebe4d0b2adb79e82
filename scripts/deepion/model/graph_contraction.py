# SPDX-License-Identifier: MIT
"""The part of the graph from the environment matrix to a descriptor, and back to the pairs of atoms; see graph.py.

One class for each kind of descriptor: se_e2_a, D = T^T T[:, :axis] with T = sum over slots of row (x) G over their number, and
se_e2_r, D = the mean of G over the slots, by 5.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .contract import gate_name
from .graph_environment import Centers, Environment
from .onnx_nodes import DOMAIN, Nodes
from .potential import Descriptor, Family, Potential

RADIAL_SCALE = 5.0  # of se_e2_r


class Contraction(Protocol):
    """From the environment of n centers to their descriptor and back."""

    env: Environment

    def descriptor(self) -> str:
        """D [n, length]."""

    def through(self, gradient: str) -> str:
        """What pair_gradient takes, from dE/dD [n, length]."""

    def pair_gradient(self, gradient: str) -> str:
        """dE/d(r_neighbor - r_center), [n, nsel, 3]."""


def contraction_of(nodes: Nodes, potential: Potential, centers: Centers, number: int, env: Environment) -> Contraction:
    part = potential.parts[number]
    blocks = _blocks(nodes, part, centers, number, env)
    if part.kind == "se_e2_r":
        return _Radial(nodes, part, centers, env, blocks)
    return _Full(nodes, part, centers, env, blocks)


@dataclass
class _Embedded:
    """G and dG/ds of a block of k slots, its rows, and dG/dr at constant s where G depends on the switch; [n, k, M], [n, k, 4]."""

    g: str
    g_slope: str
    rows: str
    switch_slope: str | None


@dataclass
class _Block:
    """Slots that one call of an embedding function serves; embedded: None where this pair of types is excluded."""

    start: int
    stop: int
    embedded: _Embedded | None


def _blocks(nodes: Nodes, part: Descriptor, centers: Centers, number: int, env: Environment) -> list[_Block]:
    if isinstance(part.embedding_of, str):
        return [_shared_block(nodes, part, number, env, part.embedding_of)]
    blocks = []
    stop = 0
    for j, name in enumerate(part.embedding_of[centers.of_kind]):
        start, stop = stop, stop + part.sel[j]
        if start == stop:
            continue
        if name is None:
            blocks.append(_Block(start, stop, None))
            continue
        s = nodes.reshape(nodes.slice(env.radial, 1, start, stop), -1, 1)
        g, g_slope = nodes.add_many(name, [s], 2, domain=DOMAIN)
        embedded = _Embedded(
            nodes.reshape(g, -1, stop - start, part.width),
            nodes.reshape(g_slope, -1, stop - start, part.width),
            nodes.slice(env.rows, 1, start, stop),
            None,
        )
        blocks.append(_Block(start, stop, embedded))
    return blocks


def _shared_block(nodes: Nodes, part: Descriptor, number: int, env: Environment, name: str) -> _Block:
    """All slots, with one embedding net and perhaps a gate."""
    inputs = [nodes.reshape(env.radial, -1, 1)]
    pair = nodes.reshape(env.pair or "", -1)
    if isinstance(part.embedding[name], Family):
        inputs.append(pair)
    g, g_slope = nodes.add_many(name, inputs, 2, domain=DOMAIN)
    switch_slope = None
    if part.gate is not None:
        t = nodes.add(gate_name(number), pair, domain=DOMAIN)
        by = t
        if part.gate.smooth:
            weight, slope = (nodes.reshape(x, -1, 1) for x in _gate_switch(nodes, part, env))
            by = nodes.add("Mul", t, weight)
            switch_slope = nodes.add("Mul", nodes.add("Mul", g, t), slope)
            switch_slope = nodes.reshape(switch_slope, -1, part.slots, part.width)
        by = nodes.add("Add", by, nodes.number(1.0))
        g, g_slope = nodes.add("Mul", g, by), nodes.add("Mul", g_slope, by)
    g, g_slope = (nodes.reshape(x, -1, part.slots, part.width) for x in (g, g_slope))
    return _Block(0, part.slots, _Embedded(g, g_slope, env.rows, switch_slope))


def _gate_switch(nodes: Nodes, part: Descriptor, env: Environment) -> tuple[str, str]:
    """The weight of a gate and its derivative by r, [n, nsel]; see switch.cubic_switch."""
    if part.gate is None or not part.gate.cubic:
        return env.weight, env.weight_slope
    smooth = nodes.number(part.rcut_smth)
    x = nodes.add("Sub", nodes.number(1.0), nodes.add("Mul", env.inverse, smooth))
    x = nodes.add("Max", x, nodes.number(0.0))
    square = nodes.add("Mul", x, x)
    weight = nodes.add("Sub", nodes.number(1.0), nodes.add("Mul", square, x))
    slope = nodes.add("Mul", nodes.add("Mul", square, nodes.number(3.0 * part.rcut_smth)), env.inverse_slope)
    return weight, slope


class _Full:
    """se_e2_a."""

    def __init__(self, nodes: Nodes, part: Descriptor, centers: Centers, env: Environment, blocks: list[_Block]):
        self._nodes = nodes
        self._part = part
        self._blocks = blocks
        self.env = env
        self._t = self._sum(centers)

    def _sum(self, centers: Centers) -> str:
        """T [n, 4, M]."""
        nodes, part = self._nodes, self._part
        embedded = [block.embedded for block in self._blocks if block.embedded is not None]
        terms = [nodes.add("MatMul", nodes.transpose(of.rows, 0, 2, 1), of.g) for of in embedded]
        if not terms:
            count = nodes.length(centers.index)
            shape = nodes.add("Concat", count, nodes.integers(4, part.width), axis=0)
            return nodes.add("Expand", nodes.array(np.zeros((1, 1, 1))), shape)
        total = terms[0]
        for term in terms[1:]:
            total = nodes.add("Add", total, term)
        return nodes.add("Div", total, nodes.number(float(part.slots)))

    def descriptor(self) -> str:
        nodes, part = self._nodes, self._part
        self._t_axis = nodes.slice(self._t, 2, 0, part.axis_neuron)
        descriptor = nodes.add("MatMul", nodes.transpose(self._t, 0, 2, 1), self._t_axis)
        return nodes.reshape(descriptor, -1, part.length)

    def through(self, gradient: str) -> str:
        """dE/dT [n, 4, M]."""
        nodes, part = self._nodes, self._part
        p = nodes.reshape(gradient, -1, part.width, part.axis_neuron)
        left = nodes.add("MatMul", self._t_axis, nodes.transpose(p, 0, 2, 1))
        right = nodes.add("MatMul", self._t, p)
        if part.axis_neuron < part.width:
            right = nodes.add("Pad", right, nodes.integers(0, 0, 0, 0, 0, part.width - part.axis_neuron))
        return nodes.add("Add", left, right)

    def pair_gradient(self, gradient: str) -> str:
        nodes, env = self._nodes, self.env
        scaled = nodes.add("Div", gradient, nodes.number(float(self._part.slots)))
        scaled_t = nodes.transpose(scaled, 0, 2, 1)
        row_gradients, radial_gradients = [], []
        switched: str | None = None
        for block in self._blocks:
            of = block.embedded
            if of is None:
                empty = nodes.add("Mul", nodes.slice(env.rows, 1, block.start, block.stop), nodes.number(0.0))
                row_gradients.append(empty)
                radial_gradients.append(nodes.sum(empty, 2))
                continue
            row_gradients.append(nodes.add("MatMul", of.g, scaled_t))
            through_g = nodes.add("MatMul", of.rows, scaled)
            radial_gradients.append(nodes.sum(nodes.add("Mul", through_g, of.g_slope), 2))
            if of.switch_slope is not None:
                switched = nodes.sum(nodes.add("Mul", through_g, of.switch_slope), 2)
        row_gradient = nodes.add("Concat", *row_gradients, axis=1)
        direct = nodes.add("Squeeze", nodes.slice(row_gradient, 2, 0, 1), nodes.integers(2))
        radial_gradient = nodes.add("Add", nodes.add("Concat", *radial_gradients, axis=1), direct)
        vector_gradient = nodes.slice(row_gradient, 2, 1, 4)
        # along the bond: through the radial row and through the length of the vector row; across: b * gradient
        stretch = nodes.add("Mul", nodes.sum(nodes.add("Mul", vector_gradient, env.difference), 2), env.angular_slope)
        along = nodes.add("Add", nodes.add("Mul", radial_gradient, env.radial_slope), stretch)
        if switched is not None:
            along = nodes.add("Add", along, switched)
        along = nodes.add("Mul", nodes.add("Unsqueeze", along, nodes.integers(2)), env.unit)
        across = nodes.add("Mul", nodes.add("Unsqueeze", env.angular, nodes.integers(2)), vector_gradient)
        return nodes.add("Add", along, across)


class _Radial:
    """se_e2_r."""

    def __init__(self, nodes: Nodes, part: Descriptor, centers: Centers, env: Environment, blocks: list[_Block]):
        self._nodes = nodes
        self._part = part
        self._centers = centers
        self._blocks = blocks
        self.env = env

    def descriptor(self) -> str:
        nodes, part = self._nodes, self._part
        terms = [nodes.sum(block.embedded.g, 1) for block in self._blocks if block.embedded is not None]
        if not terms:
            shape = nodes.add("Concat", nodes.length(self._centers.index), nodes.integers(part.width), axis=0)
            return nodes.add("Expand", nodes.array(np.zeros((1, 1))), shape)
        total = terms[0]
        for term in terms[1:]:
            total = nodes.add("Add", total, term)
        return nodes.add("Div", total, nodes.number(RADIAL_SCALE * part.slots))

    def through(self, gradient: str) -> str:
        """dE/dG of any slot, [n, 1, M]."""
        scaled = self._nodes.add("Div", gradient, self._nodes.number(RADIAL_SCALE * self._part.slots))
        return self._nodes.add("Unsqueeze", scaled, self._nodes.integers(1))

    def pair_gradient(self, gradient: str) -> str:
        nodes, env = self._nodes, self.env
        radial = []
        for block in self._blocks:
            if block.embedded is None:
                empty = nodes.slice(env.radial, 1, block.start, block.stop)
                radial.append(nodes.add("Mul", empty, nodes.number(0.0)))
            else:
                radial.append(nodes.sum(nodes.add("Mul", gradient, block.embedded.g_slope), 2))
        along = nodes.add("Mul", nodes.add("Concat", *radial, axis=1), env.radial_slope)
        return nodes.add("Mul", nodes.add("Unsqueeze", along, nodes.integers(2)), env.unit)
