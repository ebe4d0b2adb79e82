# SPDX-License-Identifier: MIT
"""Reduced networks of one center type for a list of force errors, each the smallest that meets it on held-out atoms."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from deepion.model.potential import Layer, Network, Potential
from deepion.model.reduction import ReducedCenter

from .balance import directions
from .fitting_net import FirstLayer, Passage, features, features_along, run
from .samples import Sample

# Shares of a force error that may be used up by the columns, by them and the first layer's rank, and by all.
COLUMNS_SHARE, FIRST_RANK_SHARE, HIDDEN_RANK_SHARE = 0.8, 0.9, 1.0


@dataclass(frozen=True)
class Rung:
    """The reduced center for one force error; both errors as measured."""

    center: ReducedCenter
    force_error: float
    energy_error: float


class Ladder:
    """Everything about one center type that does not depend on the force error wanted."""

    def __init__(self, potential: Potential, center: int, constant: np.ndarray, prior, chosen: Sample, held: Sample):
        """constant [M]: T of an atom without neighbors; prior [M, M]: see balance.directions."""
        part, fitting = potential.parts[0], potential.fitting_net(center)
        self._layers = fitting.layers
        self._scale = abs(float(potential.energy_scale[center]))
        width = part.width
        first = FirstLayer(fitting, width, part.axis_neuron)
        offset = np.zeros((4, width))
        offset[0] = constant
        t = chosen.t + offset
        exact = run(self._layers, first.value(t) + chosen.param @ first.of_parameters, first.slope(t, chosen.dt))
        mean = chosen.t[:, 0].mean(axis=0)
        centerd = chosen.t.copy()
        centerd[:, 0] -= mean
        gradient = first.gradient(t, exact.gradient[0]).reshape(-1, width)
        self.basis, self._up = directions(centerd.reshape(-1, width), chosen.dt.reshape(-1, width), gradient, prior)
        self.basis = self.basis.astype(np.float32).astype(np.float64)
        self._mean = mean
        self._weights, self._bias = first.in_basis(constant + mean, self._up)
        self._of_parameters = first.of_parameters
        self._ranks = [
            (z.mean(axis=0), *directions(z - z.mean(axis=0), dz.reshape(-1, z.shape[1]), g))
            for z, dz, g in zip(exact.z, exact.dz, exact.gradient, strict=True)
        ]
        t = held.t + offset
        self._truth = run(self._layers, first.value(t) + held.param @ first.of_parameters, first.slope(t, held.dt))
        held_t = held.t.copy()
        held_t[:, 0] -= mean
        self._a, self._da, self._param = held_t @ self.basis, held.dt @ self.basis, held.param

    def rung(self, force_error: float) -> Rung:
        """The smallest net within a force error (eV/A RMS): first as few columns, then as low ranks as it allows."""
        width, hidden = len(self._mean), len(self._layers) - 1
        full = [self._layers[k].n_out for k in range(hidden)]
        columns = _smallest(width, lambda n: self._measure(n, full)[0] <= COLUMNS_SHARE * force_error)
        ranks = list(full)
        for k in range(hidden):
            limit = (HIDDEN_RANK_SHARE if k else FIRST_RANK_SHARE) * force_error
            ranks[k] = _smallest(full[k], lambda r: self._measure(columns, _with(ranks, k, r))[0] <= limit)  # noqa: B023
        force, energy = self._measure(columns, ranks)
        mean = (self._mean @ self.basis[:, :columns]).astype(np.float64)
        return Rung(ReducedCenter(columns, mean, Network(self._reduced(columns, ranks))), force, energy)

    def _measure(self, columns: int, ranks: list[int]) -> tuple[float, float]:
        """Force error (eV/A RMS) and energy error (eV RMS) of a reduced net on the held-out atoms.

        An atom's energy changes by e = sum over coordinates k of (dE/dx_k) xi_k along a normally distributed displacement
        xi, so <e^2> is the sum of squares of its forces. Errors of different centers being independent, the force error
        is sqrt(<error of e^2> / 3).
        """
        layers = self._reduced(columns, ranks)
        a, da = self._a[:, :, :columns], self._da[..., :columns]
        x, dx = features(a), features_along(a, da)
        if self._param.shape[1]:
            still = np.zeros((len(dx), *self._param.shape))
            x, dx = np.concatenate([x, self._param], axis=1), np.concatenate([dx, still], axis=2)
        result: Passage = run(layers, layers[0].affine(x), layers[0].linear(dx))
        force = np.sqrt(np.mean((result.denergy - self._truth.denergy) ** 2) / 3.0)
        energy = np.sqrt(np.mean((result.energy - self._truth.energy) ** 2))
        return self._scale * float(force), self._scale * float(energy)

    def _reduced(self, columns: int, ranks: list[int]) -> tuple[Layer, ...]:
        """The layers of the reduced net, with float32 weights."""
        p, q = np.triu_indices(len(self._mean))
        kept = np.concatenate([q < columns, np.arange(len(self._mean)) < columns])
        *hidden, last = self._layers
        first = np.concatenate([self._weights[kept], self._of_parameters])
        layers = [replace(hidden[0], w=first, b=self._bias, skip="none"), *hidden[1:]]
        layers = [_of_rank(layer, r, *where) for layer, r, where in zip(layers, ranks, self._ranks, strict=True)]
        return (*map(_rounded, layers), last)


def _of_rank(layer: Layer, rank: int, mean: np.ndarray, down: np.ndarray, up: np.ndarray) -> Layer:
    """The layer with its pre-activation confined to `rank` directions around its mean, where that saves work."""
    if rank * (layer.n_in + layer.n_out) >= layer.n_in * layer.n_out:
        return layer
    down, up = down[:, :rank], up[:rank]
    b = (0.0 if layer.b is None else layer.b) - mean
    return replace(layer, w=layer.w @ down, right=up, b=b @ down @ up + mean)


def _rounded(layer: Layer) -> Layer:
    def short(array):
        return None if array is None else array.astype(np.float32).astype(np.float64)

    return replace(layer, w=short(layer.w), b=short(layer.b), right=short(layer.right))


def _with(ranks: list[int], k: int, rank: int) -> list[int]:
    return [*ranks[:k], rank, *ranks[k + 1 :]]


def _smallest(most: int, good: Callable[[int], bool]) -> int:
    """The smallest number from 1 that is good, all larger ones being good; `most` where none is."""
    low, high = 0, most  # low is not good, high is taken to be
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return high
