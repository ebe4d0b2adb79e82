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
    with psi = G basis, less `mean` in the first row. The net takes the features a_p . a_q for p <= q (p first, q faster),
    then the first row of A, then the scaled frame and atomic parameters where the model has such.
    """

    columns: int
    mean: np.ndarray  # [columns]
    network: Network | ConnectedNetwork


@dataclass(frozen=True)
class Level:
    """Reduced networks of all center types for one force error, eV/A RMS, with what was measured on held-out atoms."""

    force_error: float  # the largest of any center type
    energy_error: float  # the largest of any center type, eV per atom RMS
    centers: tuple[ReducedCenter, ...]


@dataclass(frozen=True)
class Reduction:
    """basis[i]: [M, columns], the most important column first, for all neighbor types of center type i alike."""

    basis: tuple[np.ndarray, ...]
    levels: tuple[Level, ...]  # force error falling
    sample: str  # what was sampled, for people
    warnings: tuple[str, ...] = ()  # sentences on what the sample lacks
