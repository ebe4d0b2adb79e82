# SPDX-License-Identifier: MIT
"""What the exporter adds to a potential so that it can be evaluated with smaller networks."""

from dataclasses import dataclass

import numpy as np

from .connected import ConnectedNetwork
from .potential import Network


@dataclass(frozen=True)
class ReducedCenter:
    """The reduced network of one center type.

    The columns a_p of A (4 rows: one radial, three angular) are sums over real neighbors of (g0 psi_p - pad_p; g1 psi_p u)
    with psi = G basis, less `mean` in the first row; the basis serves all neighbor types alike. The net takes the features
    a_p . a_q for p < products and p <= q (p first, q faster), then the first row of A, then the scaled frame and atomic
    parameters where the model has such.
    """

    basis: np.ndarray  # [M, columns]
    products: int
    mean: np.ndarray  # [columns]
    network: Network | ConnectedNetwork

    @property
    def columns(self) -> int:
        return self.basis.shape[1]

    @property
    def features(self) -> int:
        return len(product_pairs(self.columns, self.products)[0]) + self.columns


@dataclass(frozen=True)
class Level:
    """Reduced networks of all center types for one force error, eV/A RMS, with what was measured on held-out atoms."""

    force_error: float  # the largest of any center type
    energy_error: float  # the largest of any center type, eV per atom RMS
    centers: tuple[ReducedCenter, ...]


@dataclass(frozen=True)
class Reduction:
    """The levels, with falling force error; what was sampled, and sentences on what the sample lacks, for people."""

    levels: tuple[Level, ...]
    sample: str
    warnings: tuple[str, ...] = ()


def product_pairs(columns: int, products: int) -> tuple[np.ndarray, np.ndarray]:
    """p and q of the features a_p . a_q, in their order."""
    p, q = np.triu_indices(columns)
    return p[p < products], q[p < products]
