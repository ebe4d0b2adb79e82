# SPDX-License-Identifier: MIT
"""A se_e2_a Deep Potential as plain data: what the exporter needs to know, free of any file format."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Layer:
    """One dense layer: y = idt * activation(x w + b) + skip(x).

    w has shape [n_in, n_out], b and idt have shape [n_out] or are None; skip is "none", "same" (x) or "double" ([x, x]).
    A layer of low rank has w [n_in, rank] and right [rank, n_out], whose product takes the place of w.
    """

    w: np.ndarray
    b: np.ndarray | None
    idt: np.ndarray | None
    activation: str
    skip: str
    right: np.ndarray | None = None

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
class ParameterScaling:
    """Frame and atomic parameters enter a fitting net as (value - average) * inverse_std; frame parameters first."""

    average: np.ndarray
    inverse_std: np.ndarray

    @property
    def size(self) -> int:
        return self.average.size


@dataclass(frozen=True)
class Potential:
    """All physics of one model. Energies in eV, lengths in Angstrom; type indices follow type_map."""

    type_map: list[str]
    rcut: float
    rcut_smth: float
    env_protection: float
    sel: list[int]
    davg: np.ndarray  # [ntypes], of the radial component
    dstd: np.ndarray  # [ntypes, 2], radial and angular
    axis_neuron: int
    type_one_side: bool
    embedding: dict[str, Network]
    embedding_of: list[list[str | None]]  # [center][neighbor] -> key of embedding; None: contributes nothing
    exclude_types: list[list[int]]  # masked rows; empty slots still contribute
    pair_exclude_types: list[list[int]]  # not neighbors at all
    atom_exclude_types: list[int]
    fitting: list[Network]
    vacuum: list[bool]  # per type: subtract the net's value at zero descriptor
    energy_scale: np.ndarray  # [ntypes]
    energy_shift: np.ndarray  # [ntypes], eV
    numb_fparam: int
    numb_aparam: int
    default_fparam: list[float] | None
    scaling: ParameterScaling | None
    activation_function: dict[str, str]
    precision: str
    min_nbor_dist: float | None
    source: dict[str, str]
    notes: list[str] = field(default_factory=list)

    @property
    def ntypes(self) -> int:
        return len(self.type_map)

    @property
    def neuron(self) -> list[int]:
        """Widths of the embedding nets."""
        network = next(iter(self.embedding.values()))
        return [layer.n_out for layer in network.layers]

    @property
    def fitting_neuron(self) -> list[int]:
        """Widths of the hidden layers of the fitting nets."""
        return [layer.n_out for layer in self.fitting[0].layers[:-1]]
