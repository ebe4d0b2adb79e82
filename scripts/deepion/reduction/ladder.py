# SPDX-License-Identifier: MIT
"""Reduced networks of one center type for a list of force errors, each the smallest that meets it on held-out atoms."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from deepion.model.connected import ConnectedNetwork, can_be_connected, connected, float32, flow, rounded
from deepion.model.potential import Layer, Network, Potential
from deepion.model.reduction import ReducedCenter

from .balance import directions
from .columns import Columns
from .first_layer import ReducedFirstLayer, Weights
from .fitting_net import FirstLayer, run
from .samples import Sample
from .units import select, with_units

# Shares of a force error that may be used up by the columns, by them and the first layer's rank, by these and the other ranks, by these
# and the fewer units of all layers but the first, and by all.
COLUMNS_SHARE, FIRST_RANK_SHARE, HIDDEN_RANK_SHARE, LATER_UNITS_SHARE, UNITS_SHARE = 0.8, 0.88, 0.93, 0.95, 1.0
UNITS_CENTERS = 2500  # atoms by which units are chosen
ATOMS_PER_UNIT = 5  # of a layer, at least: fewer would be fitted, not represented
ENERGY_GROWTH = 2.0  # of the energy error, at most, by leaving out units
MORE_COLUMNS = 3  # than the fewest, tried
MOST_FITTED = 76  # columns, beyond which the first layer is not fitted: 3000 features
UNITS_STEP = 4  # units are counted in what the kernel computes together, see rust/potential/src/tabulated/fitting.rs


@dataclass(frozen=True)
class Rung:
    """The reduced center for one force error; both errors as measured."""

    center: ReducedCenter
    force_error: float
    energy_error: float


class Ladder:
    """Everything about one center type that does not depend on the force error wanted."""

    def __init__(
        self,
        potential: Potential,
        center: int,
        constant: np.ndarray,
        prior: np.ndarray,
        chosen: Sample,
        held: Sample,
        finest: float,
    ):
        """constant [M]: T of an atom without neighbors; prior [M, M]: see balance.directions; finest: the least error wanted."""
        part, fitting = potential.parts[0], potential.fitting_net(center)
        self._layers = fitting.layers
        self._scale = abs(float(potential.energy_scale[center]))
        width = part.width
        first = FirstLayer(fitting, width, part.axis_neuron)
        offset = np.zeros((4, width))
        offset[0] = constant
        t, dt = chosen.t + offset, chosen.dt.astype(np.float64)
        exact = run(self._layers, first.value(t) + chosen.param @ first.of_parameters, first.slope(t, dt))
        mean = chosen.t[:, 0].mean(axis=0, dtype=np.float64)
        centered = chosen.t.astype(np.float64)
        centered[:, 0] -= mean
        gradient = first.gradient(t, exact.gradient[0]).reshape(-1, width)
        self._basis, up = directions(centered.reshape(-1, width), dt.reshape(-1, width), gradient, prior)
        self._mean = mean
        self._of_parameters = first.of_parameters
        self._first = ReducedFirstLayer(first, constant + mean, up)
        self._ranks = [
            (z.mean(axis=0), *directions(z - z.mean(axis=0), dz.reshape(-1, z.shape[1]), g))
            for z, dz, g in zip(exact.z, exact.dz, exact.gradient, strict=True)
        ]
        t = held.t + offset
        self._truth = run(self._layers, first.value(t) + held.param @ first.of_parameters, first.slope(t, held.dt))
        held_t = held.t.astype(np.float64)
        held_t[:, 0] -= mean
        self._held = Columns(held_t @ self._basis, held.dt @ self._basis, held.param)
        self._inputs: tuple[int, tuple[np.ndarray, np.ndarray]] | None = None  # of the number of columns asked for last
        self._weights: dict[int, Weights] = {}  # by the number of columns
        kept = min(self._columns(COLUMNS_SHARE * finest), MOST_FITTED)
        basis = self._basis[:, :kept]
        of_features = exact.z[0] - chosen.param @ first.of_parameters
        self._first.fit(Columns(centered @ basis, dt @ basis, chosen.param), of_features, exact.dz[0])
        self._weights.clear()
        some = np.linspace(0, len(centered) - 1, min(len(centered), UNITS_CENTERS)).astype(int)
        self._chosen = Columns(centered[some] @ self._basis, dt[:, some] @ self._basis, chosen.param[some])

    def rung(self, force_error: float) -> Rung:
        """The smallest net within a force error (eV/A RMS): as few columns, then as low ranks as it allows.

        A few more columns may do with a lower rank of the first layer: those with the least work are taken.
        """
        fewest = self._columns(COLUMNS_SHARE * force_error)
        most = min(fewest + MORE_COLUMNS, len(self._mean))
        full, limit = self._full_ranks(), FIRST_RANK_SHARE * force_error
        tried = [(n, self._lower(n, full, 0, limit)) for n in range(fewest, most + 1)]
        columns, ranks = min(tried, key=lambda one: Network(self._reduced(*one)).weights)
        for k in range(1, len(ranks)):
            ranks = self._lower(columns, ranks, k, HIDDEN_RANK_SHARE * force_error)
        force, energy = self._measure(columns, ranks)
        turn = self._first.turn(columns)
        basis = (self._basis[:, :columns] @ turn.rotation).astype(np.float32).astype(np.float64)
        network = Network(self._reduced(columns, ranks))
        return Rung(ReducedCenter(basis, turn.products, self._mean @ basis, network), force, energy)

    def with_fewer_units(self, rung: Rung, force_error: float) -> Rung:
        """The rung with as few units in each hidden layer as the error allows; the same where nothing is won, or atoms are few."""
        columns, network = rung.center.columns, rung.center.network
        if not isinstance(network, Network) or not can_be_connected(network):
            return rung
        if len(self._chosen.a) < ATOMS_PER_UNIT * max(layer.n_out for layer in network.layers):
            return rung
        net, most_energy = connected(network), ENERGY_GROWTH * rung.energy_error
        turn = self._first.turn(columns)
        sample = self._chosen.turned(turn).inputs(turn.products)
        for k in range(len(net.layers) - 2, -1, -1):
            limit = (LATER_UNITS_SHARE if k else UNITS_SHARE) * force_error
            selection = select(net, k, *sample)

            def fewer(steps: int, net=net, selection=selection) -> ConnectedNetwork:
                return float32(with_units(net, selection, UNITS_STEP * steps))

            def good(steps: int, fewer=fewer, limit=limit) -> bool:
                force, energy = self._error(columns, fewer(steps))
                return force <= limit and energy <= most_energy

            most = len(selection.order) // UNITS_STEP
            steps = _smallest(most, good) if most else 0
            if steps and good(steps):
                net = fewer(steps)
        if net.weights >= network.weights:
            return rung
        return Rung(replace(rung.center, network=net), *self._error(columns, net))

    def _full_ranks(self) -> list[int]:
        return [layer.n_out for layer in self._layers[:-1]]

    def _columns(self, force_error: float) -> int:
        """As few columns as a force error allows."""
        return _smallest(len(self._mean), lambda n: self._measure(n, self._full_ranks())[0] <= force_error)

    def _lower(self, columns: int, ranks: list[int], k: int, force_error: float) -> list[int]:
        """The ranks with that of layer k as low as a force error allows."""

        def good(rank: int) -> bool:
            return self._measure(columns, _with(ranks, k, rank))[0] <= force_error

        return _with(ranks, k, _smallest(ranks[k], good))

    def _measure(self, columns: int, ranks: list[int]) -> tuple[float, float]:
        """See _error, of the net with these columns and ranks."""
        return self._error(columns, Network(self._reduced(columns, ranks)))

    def _error(self, columns: int, network: Network | ConnectedNetwork) -> tuple[float, float]:
        """Force error (eV/A RMS) and energy error (eV RMS) of a reduced net on the held-out atoms.

        An atom's energy changes by e = sum over coordinates k of (dE/dx_k) xi_k along a normally distributed displacement
        xi, so <e^2> is the sum of squares of its forces. Errors of different centers being independent, the force error
        is sqrt(<error of e^2> / 3).
        """
        if self._inputs is None or self._inputs[0] != columns:
            turn = self._first.turn(columns)
            self._inputs = columns, self._held.turned(turn).inputs(turn.products)
        x, dx = self._inputs[1]
        if isinstance(network, ConnectedNetwork):
            passed = flow(network, x, dx)
            found, along = passed.t[-1][:, 0], passed.dt[-1][..., 0]
        else:
            first = network.layers[0]
            result = run(network.layers, first.affine(x), first.linear(dx))
            found, along = result.energy, result.denergy
        force = np.sqrt(np.mean((along - self._truth.denergy) ** 2) / 3.0)
        energy = np.sqrt(np.mean((found - self._truth.energy) ** 2))
        return self._scale * float(force), self._scale * float(energy)

    def _reduced(self, columns: int, ranks: list[int]) -> tuple[Layer, ...]:
        """The layers of the reduced net, with float32 weights."""
        if columns not in self._weights:
            self._weights[columns] = self._better_first(columns)
        return self._with_first(self._weights[columns], ranks)

    def _better_first(self, columns: int) -> Weights:
        """The first layer by least squares where that errs less on the held-out atoms, else truncated."""
        truncated = self._first.truncated(columns)
        choices = [truncated]
        if columns <= self._first.most_fitted:
            choices.append(self._first.fitted(columns, truncated))
        full = self._full_ranks()
        return min(choices, key=lambda first: self._error(columns, Network(self._with_first(first, full)))[0])

    def _with_first(self, first: Weights, ranks: list[int]) -> tuple[Layer, ...]:
        *hidden, last = self._layers
        w, b = first
        layers = [replace(hidden[0], w=np.concatenate([w, self._of_parameters]), b=b, skip="none"), *hidden[1:]]
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
    return replace(
        layer, w=layer.w.astype(np.float32).astype(np.float64), b=rounded(layer.b), right=rounded(layer.right)
    )


def _with(ranks: list[int], k: int, rank: int) -> list[int]:
    return [*ranks[:k], rank, *ranks[k + 1 :]]


def _smallest(most: int, good: Callable[[int], bool]) -> int:
    """The smallest number from 1 that is good, all larger ones being good; `most` where none is."""
    low, high = 0, most  # low is not good, high is taken to be
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return high
