# SPDX-License-Identifier: MIT
"""The rows that a neighbor adds to T, as functions of its distance, on a fine grid."""

import numpy as np

from deepion.model import activations
from deepion.model.potential import Descriptor, Network, Table
from deepion.model.switch import cubic_switch, switch
from deepion.model.tables import table_value_and_slope

STEP = 5e-4  # A; distances of a sample are rounded to this grid, the same for the full and the reduced networks


class RadialRows:
    """f0 = g0 G - g_p G_p (radial) and f1 = g1 G (angular) of one pair of types, [grid, M], with their derivatives by r.

    g0, g1: normalized radial and angular element of the environment matrix; G: embedding; p: an empty slot.
    """

    def __init__(self, part: Descriptor, center: int, neighbor: int, nearest: float):
        net = part.embedding_for(center, neighbor)
        if net is None:
            raise ValueError(f"types {center} and {neighbor} have no embedding net")
        self.nearest = nearest
        count = int(np.ceil((part.rcut - nearest) / STEP)) + 1
        r = np.linspace(nearest, part.rcut, count)
        self._per_angstrom = (count - 1) / (part.rcut - nearest)
        a, da, b, db = _environment(part, r)
        avg, (std0, std1) = part.davg[center], part.dstd[center]
        g0, dg0, g1, dg1 = (a - avg) / std0, da / std0, b / std1, db / std1
        values, slopes = embedding_with_slope(net, g0)
        slopes = slopes * dg0[:, None]
        gate = part.gate_for(center, neighbor)
        if gate is not None and part.gate is not None:
            w, dw = np.ones_like(r), np.zeros_like(r)
            if part.gate.smooth:
                w, dw = cubic_switch(a, da, part.rcut_smth) if part.gate.cubic else switch(r, part.rcut_smth, part.rcut)
            by = 1.0 + w[:, None] * gate
            values, slopes = values * by, slopes * by + values * dw[:, None] * gate
        self.padding = padding(part, center, neighbor)
        self.f0 = g0[:, None] * values - self.padding
        self.df0 = dg0[:, None] * values + g0[:, None] * slopes
        self.f1 = g1[:, None] * values
        self.df1 = dg1[:, None] * values + g1[:, None] * slopes

    def place(self, r: np.ndarray) -> np.ndarray:
        """Nearest grid point of each distance."""
        place = np.rint((r - self.nearest) * self._per_angstrom).astype(np.int64)
        return np.clip(place, 0, len(self.f0) - 1)


def padding(part: Descriptor, center: int, neighbor: int) -> np.ndarray:
    """What an empty slot adds to the radial row of T before the division, [M]."""
    net = part.embedding_for(center, neighbor)
    if net is None:
        return np.zeros(part.width)
    empty = -part.davg[center] / part.dstd[center, 0]
    value = empty * embedding_with_slope(net, np.array([empty]))[0][0]
    gate = part.gate_for(center, neighbor)
    return value if gate is None or part.gate is None or part.gate.smooth else value * (1.0 + gate)


def _environment(part: Descriptor, r: np.ndarray):
    """a = w/(r+p) with da/dr, and the length r w/(r+p)^2 of the angular part with its derivative."""
    w, dw = switch(r, part.rcut_smth, part.rcut)
    inverse = 1.0 / (r + part.env_protection)
    a, da = w * inverse, (dw - w * inverse) * inverse
    return a, da, r * a * inverse, (a + r * da) * inverse - r * a * inverse**2


def embedding_with_slope(network: Network | Table, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """G and dG/ds, [n, M]."""
    if isinstance(network, Table):
        return table_value_and_slope(network, s)
    x, dx = s.reshape(-1, 1), np.ones((len(s), 1))
    for layer in network.layers:
        z = x @ layer.w + (0.0 if layer.b is None else layer.b)
        y, slope = activations.value_and_slope(layer.activation, z)
        dy = slope * (dx @ layer.w)
        if layer.idt is not None:
            y, dy = y * layer.idt, dy * layer.idt
        if layer.skip == "same":
            y, dy = y + x, dy + dx
        elif layer.skip == "double":
            y, dy = y + np.concatenate([x, x], axis=1), dy + np.concatenate([dx, dx], axis=1)
        elif layer.passed is not None:
            y, dy = y + x @ layer.passed, dy + dx @ layer.passed
        if layer.added is not None:
            y = y + layer.added
        x, dx = y, dy
    return x, dx
