# SPDX-License-Identifier: MIT
"""A fitting net in float64 with numpy, opened up at its pre-activations: what the choice of a reduced net needs."""

from dataclasses import dataclass

import numpy as np

from deepion.model import activations
from deepion.model.potential import Layer, Network
from deepion.model.reduction import product_pairs


@dataclass
class Passage:
    """A pass through the net for n atoms.

    energy [n]; denergy [d, n]: derivative along each direction; z, dz and gradient per hidden layer: the pre-activation
    [n, h], its derivatives along the directions [d, n, h], and the energy's gradient by it [n, h].
    """

    energy: np.ndarray
    denergy: np.ndarray
    z: list[np.ndarray]
    dz: list[np.ndarray]
    gradient: list[np.ndarray]


def run(layers: tuple[Layer, ...], z: np.ndarray, dz: np.ndarray) -> Passage:
    """From the first layer's pre-activation onwards; layers: all of the net, the first one's weights are not used."""
    *hidden, last = layers
    x, dx = np.zeros((len(z), 0)), np.zeros((*dz.shape[:2], 0))
    passage = Passage(np.zeros(0), np.zeros(0), [], [], [])
    slopes = []
    for number, layer in enumerate(hidden):
        if number:
            z, dz = layer.affine(x), layer.linear(dx)
        y, slope = activations.value_and_slope(layer.activation, z)
        if layer.idt is not None:
            y, slope = y * layer.idt, slope * layer.idt
        skip = layer.skip if number else "none"
        x, dx = y + _skipped(x, skip), slope * dz + _skipped(dx, skip)
        passage.z.append(z)
        passage.dz.append(dz)
        slopes.append(slope)
    passage.energy = last.affine(x)[:, 0]
    passage.denergy = last.linear(dx)[..., 0]
    gradient = np.broadcast_to(last.product()[:, 0], x.shape)
    for number in range(len(hidden) - 1, -1, -1):
        through = gradient * slopes[number]
        passage.gradient.insert(0, through)
        if number:
            gradient = through @ hidden[number].product().T + _unskipped(gradient, hidden[number].skip)
    return passage


def _skipped(x: np.ndarray, skip: str):
    if skip == "none":
        return 0.0
    return x if skip == "same" else np.concatenate([x, x], axis=-1)


def _unskipped(gradient: np.ndarray, skip: str):
    if skip == "none":
        return 0.0
    if skip == "same":
        return gradient
    half = gradient.shape[-1] // 2
    return gradient[..., :half] + gradient[..., half:]


class FirstLayer:
    """The first pre-activation z = b + D W + s V of D = T^T T[:, :axis] as a quadratic form in T.

    s: scaled parameters [n, np].
    """

    def __init__(self, network: Network, width: int, axis: int):
        layer = network.layers[0]
        self._w = layer.product()[: width * axis]
        self.of_parameters = layer.product()[width * axis :]  # V, [np, h]
        self._b = np.zeros(layer.n_out) if layer.b is None else layer.b
        self._width, self.axis = width, axis

    def value(self, t: np.ndarray) -> np.ndarray:
        """b + D W, without what the parameters add."""
        return self._bilinear(t, t) + self._b

    def slope(self, t: np.ndarray, dt: np.ndarray) -> np.ndarray:
        """Derivatives along dt [d, n, 4, M]."""
        return np.stack([self._bilinear(t, d) + self._bilinear(d, t) for d in dt])

    def gradient(self, t: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """dE/dT [n, 4, M] from dE/dz [n, h]."""
        d = (gradient @ self._w.T).reshape(len(t), self._width, self.axis)
        out = t[:, :, : self.axis] @ d.transpose(0, 2, 1)
        out[:, :, : self.axis] += t @ d
        return out

    def in_basis(self, constant: np.ndarray, b: np.ndarray, products: int) -> tuple[np.ndarray, np.ndarray]:
        """With T = constant e_0 + A b: weights [features, h] of the features of ReducedCenter, and the bias.

        b [n, M] is 0 in b[products:, :axis], see columns.Turn.
        """
        axis = self.axis
        w = self._w.reshape(self._width, axis, -1)
        left = np.tensordot(b, w, (1, 0))  # [n, axis, h]
        square = np.tensordot(b[:, :axis], left, (1, 1))  # [q, p, h]
        square = square + square.transpose(1, 0, 2)
        p, q = product_pairs(len(b), products)
        pairs = square[p, q]
        pairs[p == q] *= 0.5
        of_constant = np.tensordot(constant, w, (0, 0))  # [axis, h]
        linear = b[:, :axis] @ of_constant + np.tensordot(left, constant[:axis], (1, 0))
        return np.concatenate([pairs, linear]), constant[:axis] @ of_constant + self._b

    def _bilinear(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """sum over m, a of (left^T right)[m, a] W[(m, a)], with the axis on the right."""
        out = np.empty((len(left), self._w.shape[1]))
        for begin in range(0, len(left), 512):
            part = slice(begin, begin + 512)
            d = left[part].transpose(0, 2, 1) @ right[part, :, : self.axis]
            out[part] = d.reshape(len(d), -1) @ self._w
        return out
