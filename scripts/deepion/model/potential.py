# SPDX-License-Identifier: MIT
"""A Deep Potential as plain data: what the exporter needs to know, free of any file format."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Layer:
    """One dense layer: y = idt * activation(x w + b) + skip(x) + added.

    w has shape [n_in, n_out], b and idt have shape [n_out] or are None; skip is "none", "same" (x), "double" ([x, x]) or
    "matrix" (x passed). A layer of low rank has w [n_in, rank] and right [rank, n_out], whose product takes the place of w.
    passed [n_in, n_out] and added [n_out] are what is left of a skip connection from an input part of which is constant.
    """

    w: np.ndarray
    b: np.ndarray | None
    idt: np.ndarray | None
    activation: str
    skip: str
    right: np.ndarray | None = None
    passed: np.ndarray | None = None
    added: np.ndarray | None = None

    @property
    def n_in(self) -> int:
        return self.w.shape[0]

    @property
    def n_out(self) -> int:
        return (self.w if self.right is None else self.right).shape[1]

    def product(self) -> np.ndarray:
        """The whole matrix, [n_in, n_out]."""
        return self.w if self.right is None else self.w @ self.right

    def linear(self, x: np.ndarray) -> np.ndarray:
        """x w, for x [..., n_in]."""
        y = x @ self.w
        return y if self.right is None else y @ self.right

    def affine(self, x: np.ndarray) -> np.ndarray:
        """x w + b, for x [..., n_in]."""
        y = self.linear(x)
        return y if self.b is None else y + self.b


@dataclass(frozen=True)
class Network:
    """A chain of dense layers."""

    layers: tuple[Layer, ...]

    @property
    def n_in(self) -> int:
        return self.layers[0].n_in

    @property
    def n_out(self) -> int:
        return self.layers[-1].n_out

    @property
    def weights(self) -> int:
        """Multiplications of one pass."""
        return sum(layer.w.size + (0 if layer.right is None else layer.right.size) for layer in self.layers)


@dataclass(frozen=True)
class Family:
    """Networks that differ by constants of their first layer alone, one for each row: `network` with the offset of its first
    layer taken from offsets [rows, n_out] and, where there is one, what is added behind its activation from added.

    Rows are types, or pairs of types (center * ntypes + neighbor).
    """

    network: Network
    offsets: np.ndarray
    added: np.ndarray | None = None

    @property
    def n_in(self) -> int:
        return self.network.n_in

    @property
    def n_out(self) -> int:
        return self.network.n_out

    @property
    def weights(self) -> int:
        """Multiplications of one pass."""
        return self.network.weights

    def member(self, row: int) -> Network:
        first, *others = self.network.layers
        added = None if self.added is None else self.added[row]
        return Network((replace(first, b=self.offsets[row], added=added), *others))


@dataclass(frozen=True)
class Table:
    """An embedding net as DeePMD-kit's compression stores it: polynomials of fifth order (see tables.py for the rule).

    info: lower, upper, top, first step, second step, (not used); data [intervals, 6 M], column 6 m + power.
    """

    info: np.ndarray
    data: np.ndarray

    @property
    def n_out(self) -> int:
        return self.data.shape[1] // 6


@dataclass(frozen=True)
class Gate:
    """G = N (1 + t w) for smooth, else N (1 + t): t = values[row], w the switch; rows as of Family.

    cubic: with TensorFlow's v in place of w, see switch.cubic_switch.
    """

    values: np.ndarray  # [rows, M]
    smooth: bool
    cubic: bool = False


@dataclass(frozen=True)
class ParameterScaling:
    """Frame and atomic parameters enter a fitting net as (value - average) * inverse_std; frame parameters first."""

    average: np.ndarray
    inverse_std: np.ndarray

    @property
    def size(self) -> int:
        return self.average.size


Embedding = Network | Table | Family


@dataclass(frozen=True)
class Descriptor:
    """One descriptor, or one part of a hybrid: its own cutoff, slots, statistics and embedding nets. Lengths in Angstrom.

    kind: "se_e2_a" (also of DPA-1: D = T^T T[:, :axis]) or "se_e2_r" (D: the mean of the embeddings over the slots, by 5).
    embedding_of: [center][neighbor] -> key of embedding (None: contributes nothing), or the key of the one that all pairs
    share.
    """

    kind: str
    rcut: float
    rcut_smth: float
    env_protection: float
    sel: list[int]  # per neighbor type; with mixed_types one number: the nearest of all types together
    mixed_types: bool
    davg: np.ndarray  # [ntypes], of the radial component
    dstd: np.ndarray  # [ntypes, 2], radial and angular
    neuron: list[int]  # widths of the embedding nets
    axis_neuron: int
    type_one_side: bool
    embedding: Mapping[str, Embedding]
    embedding_of: list[list[str | None]] | str
    exclude_types: list[list[int]]  # masked rows; empty slots still contribute
    activation: str  # of the embedding nets, for people
    gate: Gate | None = None

    @property
    def ntypes(self) -> int:
        return len(self.davg)

    @property
    def slots(self) -> int:
        """Neighbors of a center at most."""
        return sum(self.sel)

    @property
    def width(self) -> int:
        """M, outputs of the embedding nets."""
        return self.neuron[-1]

    @property
    def length(self) -> int:
        """Components of D."""
        return self.width * self.axis_neuron if self.kind == "se_e2_a" else self.width

    def embedding_for(self, center: int, neighbor: int) -> Network | Table | None:
        """The embedding net of a pair of types, without its gate; None: the pair contributes nothing."""
        name = self.embedding_of if isinstance(self.embedding_of, str) else self.embedding_of[center][neighbor]
        if name is None:
            return None
        net = self.embedding[name]
        return net.member(self.row(len(net.offsets), center, neighbor)) if isinstance(net, Family) else net

    def gate_for(self, center: int, neighbor: int) -> np.ndarray | None:
        """t [M] of a pair of types."""
        return None if self.gate is None else self.gate.values[self.row(len(self.gate.values), center, neighbor)]

    def row(self, rows: int, center: int, neighbor: int) -> int:
        """The row of a pair of types in a table of pairs or of neighbor types."""
        return neighbor if rows == self.ntypes else center * self.ntypes + neighbor


@dataclass(frozen=True)
class NearestSwitch:
    """From a pair table to the Deep Potential by the distance of the nearest neighbor (DP-ZBL); lengths in Angstrom.

    sigma = sum of r exp(-r/alpha) over that of exp(-r/alpha); the table's weight w falls from 1 at rmin to 0 at rmax. The sum is
    over the neighbors of the table, or of the descriptor. shift: energy [ntypes] added to (1 - w) E_DP + w E_pair, eV.
    """

    rmin: float
    rmax: float
    alpha: float
    of_table: bool
    shift: np.ndarray


@dataclass(frozen=True)
class PairTable:
    """Energies of pairs as cubic splines: half of each pair's belongs to either atom. Lengths in Angstrom, energies in eV.

    coefficients [ntypes, ntypes, intervals, 4], highest power first, of t = (r - start) / step - interval; 0 from rcut and
    from the end of the table on. switch None: added to the Deep Potential.
    """

    rcut: float
    sel: int  # the nearest of all types
    start: float
    step: float
    coefficients: np.ndarray
    switch: NearestSwitch | None

    @property
    def intervals(self) -> int:
        return self.coefficients.shape[2]

    @property
    def end(self) -> float:
        return min(self.rcut, self.start + self.intervals * self.step)


@dataclass(frozen=True)
class Potential:
    """All physics of one model. Energies in eV, lengths in Angstrom; type indices follow type_map."""

    type_map: list[str]
    parts: tuple[Descriptor, ...]  # in the order of the fitting nets' input
    pair_exclude_types: list[list[int]]  # not neighbors at all
    atom_exclude_types: list[int]
    fitting: list[Network] | Family  # per center type
    vacuum: list[bool]  # per type: subtract the net's value at zero descriptor
    energy_scale: np.ndarray  # [ntypes]
    energy_shift: np.ndarray  # [ntypes], eV
    numb_fparam: int
    numb_aparam: int
    default_fparam: list[float] | None
    scaling: ParameterScaling | None
    fitting_activation: str  # for people
    precision: str
    min_nbor_dist: float | None
    source: dict[str, str]
    notes: list[str] = field(default_factory=list)
    pair_table: PairTable | None = None

    @property
    def ntypes(self) -> int:
        return len(self.type_map)

    @property
    def rcut(self) -> float:
        """The largest cutoff, Angstrom."""
        table = 0.0 if self.pair_table is None else self.pair_table.rcut
        return max(table, *(part.rcut for part in self.parts))

    @property
    def slots(self) -> int:
        """Columns of a neighbor list: the slots of all parts, one after the other, and of the pair table."""
        return sum(part.slots for part in self.parts) + (0 if self.pair_table is None else self.pair_table.sel)

    @property
    def fitting_neuron(self) -> list[int]:
        """Widths of the hidden layers of the fitting nets."""
        return [layer.n_out for layer in self.fitting_net(0).layers[:-1]]

    def fitting_net(self, center: int) -> Network:
        return self.fitting.member(center) if isinstance(self.fitting, Family) else self.fitting[center]
