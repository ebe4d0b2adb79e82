# SPDX-License-Identifier: MIT
"""The part of the graph for a table of pair energies, alone or in place of the Deep Potential at short distances (DP-ZBL)."""

from dataclasses import dataclass

from .contract import PAIR_TABLE
from .graph_environment import Centers, Frame, quintic_switch
from .onnx_nodes import DOMAIN, Nodes
from .potential import NearestSwitch, PairTable, Potential


@dataclass
class _Neighbors:
    """Slots of n centers."""

    index: str  # int64 [n, k]
    real: str  # bool [n, k]
    difference: str  # [n, k, 3]
    r: str  # [n, k], 1 in empty slots
    unit: str  # [n, k, 3]


@dataclass
class PairGradient:
    """dE/d(r_neighbor - r_center) of the neighbors of all centers with an energy."""

    neighbor: str  # int64 [n, k]
    gradient: str  # [n, k, 3]
    difference: str  # [n, k, 3]


class PairTerm:
    """Energies of pairs and, with a switch, their weight."""

    def __init__(self, nodes: Nodes, potential: Potential, frame: Frame, table: PairTable):
        self._nodes = nodes
        self._frame = frame
        self._switch = table.switch
        self._potential = potential
        self.centers = Centers(nodes, potential, frame, None)
        begin = potential.slots - table.sel
        self._near = self._neighbors(begin, potential.slots)
        near = self._near
        pair = self._pairs(near)
        inputs = [nodes.reshape(pair, -1), nodes.reshape(near.r, -1, 1)]
        energy, slope = (nodes.reshape(x, -1, table.sel) for x in nodes.add_many(PAIR_TABLE, inputs, 2, domain=DOMAIN))
        present = nodes.add(
            "Where", near.real, nodes.number(0.5), nodes.number(0.0)
        )  # half of a pair belongs to either atom
        self._slope = nodes.add("Mul", slope, present)
        self.energy = nodes.sum(nodes.add("Mul", energy, present), 1, keepdims=1)  # [n, 1]
        if self._switch is not None:
            self._sigma_near = near
            if not self._switch.of_table:
                self._sigma_near = self._neighbors(0, potential.parts[0].slots)
            self._weigh(self._switch)

    @property
    def switched(self) -> bool:
        """Whether the Deep Potential's share depends on the neighbors."""
        return self._switch is not None

    def _neighbors(self, start: int, stop: int) -> _Neighbors:
        nodes, center = self._nodes, self.centers.index
        index, real = (
            nodes.add("Gather", nodes.slice(x, 1, start, stop), center, axis=0)
            for x in (self._frame.index, self._frame.real)
        )
        position = nodes.add("Unsqueeze", nodes.add("Gather", "coord", center, axis=0), nodes.integers(1))
        difference = nodes.add("Sub", nodes.add("Gather", "coord", index, axis=0), position)
        found = _Neighbors(index, real, difference, "", "")
        if self._potential.pair_exclude_types:
            found.real = self._without_excluded(found)
        square = nodes.sum(nodes.add("Mul", difference, difference), 2)
        found.r = nodes.add("Sqrt", nodes.add("Where", found.real, square, nodes.number(1.0)))
        found.unit = nodes.add("Div", difference, nodes.add("Unsqueeze", found.r, nodes.integers(2)))
        return found

    def _pairs(self, near: _Neighbors) -> str:
        """center * ntypes + neighbor, int64 [n, k]."""
        nodes = self._nodes
        base = nodes.add("Mul", self.centers.types(), nodes.integer(self._potential.ntypes))
        other = nodes.add("Max", nodes.add("Gather", "atype", near.index, axis=0), nodes.integer(0))
        return nodes.add("Add", nodes.reshape(base, -1, 1), other)

    def _without_excluded(self, near: _Neighbors) -> str:
        nodes, ntypes = self._nodes, self._potential.ntypes
        kept = [1] * ntypes**2
        for i, j in self._potential.pair_exclude_types:
            kept[i * ntypes + j] = kept[j * ntypes + i] = 0
        flags = nodes.add("Gather", nodes.integers(*kept), self._pairs(near), axis=0)
        return nodes.add("And", near.real, nodes.add("Greater", flags, nodes.integer(0)))

    def _weigh(self, switch: NearestSwitch) -> None:
        """The table's weight [n, 1], and its derivatives by the distances of the neighbors [n, k]."""
        nodes, near = self._nodes, self._sigma_near
        one, zero = nodes.number(1.0), nodes.number(0.0)
        alpha = nodes.number(switch.alpha)
        share = nodes.add("Exp", nodes.add("Neg", nodes.add("Div", near.r, alpha)))
        share = nodes.add("Where", near.real, share, zero)
        total = nodes.sum(share, 1, keepdims=1)
        some = nodes.add("Greater", total, zero)
        total = nodes.add("Where", some, total, one)
        sigma = nodes.add("Div", nodes.sum(nodes.add("Mul", near.r, share), 1, keepdims=1), total)
        sigma = nodes.add(
            "Where", some, sigma, nodes.number(2.0 * switch.rmax)
        )  # no neighbors: the Deep Potential alone
        self.weight, slope = quintic_switch(nodes, sigma, switch.rmin, switch.rmax)
        # d sigma / dr = share (1 + (sigma - r) / alpha) / total
        bend = nodes.add("Add", one, nodes.add("Div", nodes.add("Sub", sigma, near.r), alpha))
        of_sigma = nodes.add("Div", nodes.add("Mul", share, bend), total)
        self._weight_slope = nodes.add("Mul", slope, of_sigma)

    def model_share(self, center: str) -> str:
        """1 - w of these centers (rows of the neighbor list), [m, 1]."""
        nodes = self._nodes
        rest = nodes.add("Sub", nodes.number(1.0), self.weight)
        shape = nodes.add("Concat", self._frame.nloc, nodes.integers(1), axis=0)
        index = nodes.add("Unsqueeze", self.centers.index, nodes.integers(1))
        everywhere = nodes.add("Expand", nodes.number(1.0), shape)
        everywhere = nodes.add("ScatterElements", everywhere, index, rest, axis=0)
        return nodes.add("Gather", everywhere, center, axis=0)

    def combined(self, model: str) -> str:
        """Energies [n, 1] of the centers from those of the Deep Potential [n, 1]."""
        nodes = self._nodes
        if self._switch is None:
            return nodes.add("Add", model, self.energy)
        rest = nodes.add("Sub", nodes.number(1.0), self.weight)
        both = nodes.add("Add", nodes.add("Mul", rest, model), nodes.add("Mul", self.weight, self.energy))
        return nodes.add("Add", both, self.centers.constant(self._switch.shift))

    def gradients(self, model: str) -> list[PairGradient]:
        """Of the pair energies and of the weight, given the energies of the Deep Potential [n, 1]."""
        nodes, near = self._nodes, self._near
        along = self._slope if self._switch is None else nodes.add("Mul", self._slope, self.weight)
        found = [(near, along)]
        if self._switch is not None:
            change = nodes.add("Mul", nodes.add("Sub", self.energy, model), self._weight_slope)
            found.append((self._sigma_near, change))
        return [
            PairGradient(
                of.index, nodes.add("Mul", nodes.add("Unsqueeze", x, nodes.integers(2)), of.unit), of.difference
            )
            for of, x in found
        ]
