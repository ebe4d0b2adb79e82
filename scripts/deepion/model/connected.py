# SPDX-License-Identifier: MIT
"""A reduced fitting net in which every hidden layer sees all before it.

That is what a chain with skip connections is once its sums are written out, and when units are taken out of its layers.
"""

from dataclasses import dataclass, replace

import numpy as np

from . import activations
from .potential import Layer, Network


@dataclass(frozen=True)
class ConnectedLayer:
    """t = activation(z), z = y right + b, with the projection

    y = x features + sum over the layers l before this one of ( t_l inward[l] + y_l linear[l] )

    features [n_in, r] has the first layer alone; inward[l] is [n_l, r], linear[l] [r_l, r], None where there is nothing. right
    [r, n] is None where r = n and no matrix is needed, b [n] where there is no bias. The last layer's activation is "linear".
    """

    features: np.ndarray | None
    inward: tuple[np.ndarray | None, ...]
    linear: tuple[np.ndarray | None, ...]
    right: np.ndarray | None
    b: np.ndarray | None
    activation: str

    def matrices(self) -> list[np.ndarray]:
        return [m for m in (self.features, *self.inward, *self.linear, self.right) if m is not None]


@dataclass(frozen=True)
class ConnectedNetwork:
    """The layers; the last one has one output."""

    layers: tuple[ConnectedLayer, ...]

    @property
    def n_in(self) -> int:
        first = self.layers[0].features
        return 0 if first is None else first.shape[0]

    @property
    def weights(self) -> int:
        """Multiplications of one pass."""
        return sum(matrix.size for layer in self.layers for matrix in layer.matrices())


@dataclass
class Flow:
    """A pass for n inputs, per layer: the projection y [n, r], t and its slope dt/dz [n, units], and dy, dt [d, n, ...] along d directions."""

    y: list[np.ndarray]
    t: list[np.ndarray]
    slope: list[np.ndarray]
    dy: list[np.ndarray]
    dt: list[np.ndarray]


def can_be_connected(network: Network) -> bool:
    """Whether sums over layers can take the place of its skip connections."""
    hidden = network.layers[:-1]
    return not any(
        layer.skip in ("double", "matrix") or layer.activation in ("linear", "none") or layer.added is not None
        for layer in hidden
    )


def connected(network: Network) -> ConnectedNetwork:
    """The same function: time steps go into the matrices behind them, skip connections into sums over layers."""
    *hidden, _ = network.layers
    layers = []
    for k, layer in enumerate(network.layers):
        sources = _sources(hidden, k)
        inward = tuple(_timed(hidden[s].idt, layer.w) if s in sources else None for s in range(k))
        features = layer.w if k == 0 else None
        kind = "linear" if k == len(hidden) else layer.activation
        layers.append(ConnectedLayer(features, inward, (None,) * k, layer.right, layer.b, kind))
    return ConnectedNetwork(tuple(layers))


def rounded(array: np.ndarray | None) -> np.ndarray | None:
    """The numbers of a matrix that may not be there, rounded to float32."""
    return None if array is None else array.astype(np.float32).astype(np.float64)


def float32(network: ConnectedNetwork) -> ConnectedNetwork:
    """The net with its numbers rounded to float32."""
    return ConnectedNetwork(
        tuple(
            replace(
                layer,
                features=rounded(layer.features),
                inward=tuple(map(rounded, layer.inward)),
                linear=tuple(map(rounded, layer.linear)),
                right=rounded(layer.right),
                b=rounded(layer.b),
            )
            for layer in network.layers
        )
    )


def flow(network: ConnectedNetwork, x: np.ndarray, dx: np.ndarray | None = None) -> Flow:
    """x [n, n_in] through the net, and directions dx [d, n, n_in] with it."""
    passed = Flow([], [], [], [], [])
    still = np.zeros((0, *x.shape)) if dx is None else dx
    for layer in network.layers:
        y, dy = _projection(layer, x, passed.t, passed.y), _projection(layer, still, passed.dt, passed.dy)
        z, dz = (y, dy) if layer.right is None else (y @ layer.right, dy @ layer.right)
        if layer.b is not None:
            z = z + layer.b
        t, slope = (
            (z, np.ones_like(z)) if layer.activation == "linear" else activations.value_and_slope(layer.activation, z)
        )
        passed.y.append(y)
        passed.dy.append(dy)
        passed.t.append(t)
        passed.slope.append(slope)
        passed.dt.append(slope * dz)
    return passed


def gradients(network: ConnectedNetwork, passed: Flow) -> list[np.ndarray]:
    """dE/dy of every layer, [n, r]."""
    count = len(network.layers)
    found = [np.zeros((0, 0))] * (count - 1) + [np.ones_like(passed.t[-1])]
    for k in range(count - 2, -1, -1):
        later = list(zip(network.layers[k + 1 :], found[k + 1 :], strict=True))
        on_z = _back([(layer.inward[k], g) for layer, g in later]) * passed.slope[k]
        right = network.layers[k].right
        direct = _back([(layer.linear[k], g) for layer, g in later])
        found[k] = (on_z if right is None else on_z @ right.T) + direct
    return found


def _back(terms: list[tuple[np.ndarray | None, np.ndarray]]) -> np.ndarray:
    return sum((g @ matrix.T for matrix, g in terms if matrix is not None), np.zeros(1))


def _projection(layer: ConnectedLayer, x: np.ndarray, t: list[np.ndarray], y: list[np.ndarray]) -> np.ndarray:
    terms = [] if layer.features is None else [x @ layer.features]
    terms += [value @ w for value, w in zip(t, layer.inward, strict=True) if w is not None]
    terms += [value @ w for value, w in zip(y, layer.linear, strict=True) if w is not None]
    return sum(terms[1:], terms[0])


def _sources(hidden: list[Layer], k: int) -> list[int]:
    """The layers whose activations reach layer k: the one before it, and through skip connections those before that."""
    sources: list[int] = []
    for source in range(k - 1, -1, -1):
        sources.insert(0, source)
        if hidden[source].skip == "none":
            break
    return sources


def _timed(idt: np.ndarray | None, w: np.ndarray) -> np.ndarray:
    return w if idt is None else idt[:, None] * w
