# SPDX-License-Identifier: MIT
"""Which units of a hidden layer are needed: those whose activations, with the layer's projection, span what later layers take of it.

Units are chosen one after the other, each the one that leaves least of that (orthogonal matching pursuit: Pati, Rezaiifar and
Krishnaprasad, Asilomar Conf. 1993); least squares over the sample express what the others gave by those that stay.
"""

from dataclasses import dataclass, replace

import numpy as np

from deepion.model.connected import ConnectedLayer, ConnectedNetwork, flow, gradients

from .balance import VARIATION

NOISE = 3e-6  # of an activation, for the fit: keeps coefficients so small that rounding errors of float32 do not count


@dataclass(frozen=True)
class Selection:
    """For one hidden layer: units in the order of their choice, and the sums of products over the sample to fit by.

    moments [r + n, r + n]: of (y, t), centered; mean [r + n]. r is 0 where the layer has no `right`.
    """

    layer: int
    order: list[int]
    moments: np.ndarray
    mean: np.ndarray
    rank: int


def select(network: ConnectedNetwork, layer: int, x: np.ndarray, dx: np.ndarray) -> Selection:
    """The order in which units of a layer are kept.

    x [n, n_in], dx [d, n, n_in] (1/A): inputs of sampled atoms, and their derivatives along displacements.
    """
    passed = flow(network, x, dx)
    y, dy = passed.y[layer], passed.dy[layer]
    if network.layers[layer].right is None:
        y, dy = y[:, :0], dy[..., :0]
    values = np.concatenate([y, passed.t[layer]], axis=1)
    slopes = np.concatenate([dy, passed.dt[layer]], axis=2).reshape(-1, values.shape[1])
    mean = values.mean(axis=0)
    values = values - mean
    moments = VARIATION * values.T @ values / len(values) + slopes.T @ slopes / len(slopes)
    rank = y.shape[1]
    units = np.arange(rank, len(moments))
    moments[units, units] += NOISE**2
    order = _order(moments, rank, _wanted(network, layer, gradients(network, passed)))
    return Selection(layer, order, moments, mean, rank)


def with_units(network: ConnectedNetwork, selection: Selection, count: int) -> ConnectedNetwork:
    """The net with `count` units in the selection's layer, the others expressed by these."""
    k, r = selection.layer, selection.rank
    chosen = sorted(selection.order[:count])
    kept = np.r_[np.arange(r), r + np.array(chosen, dtype=int)]
    within = selection.moments[np.ix_(kept, kept)]
    scale = np.sqrt(np.maximum(np.diag(within), np.finfo(float).tiny))
    fit, *_ = np.linalg.lstsq(
        within / np.outer(scale, scale), selection.moments[kept, r:] / scale[:, None], rcond=1e-13
    )
    fit /= scale[:, None]  # t ~ offset + (y, t of the chosen) fit
    offset = selection.mean[r:] - selection.mean[kept] @ fit
    layers = list(network.layers)
    here = layers[k]
    b = None if here.b is None else here.b[chosen]
    if here.right is None:
        cut = [None if m is None else m[:, chosen] for m in (here.features, *here.inward, *here.linear)]
        features, inward, linear = cut[0], tuple(cut[1 : k + 1]), tuple(cut[k + 1 :])
        layers[k] = replace(here, features=features, inward=inward, linear=linear, b=b)
    else:
        layers[k] = replace(here, right=here.right[:, chosen], b=b)
    for m in range(k + 1, len(layers)):
        taken = layers[m].inward[k]
        if taken is not None:
            layers[m] = _instead(layers[m], k, fit[r:] @ taken, fit[:r] @ taken if r else None, offset @ taken)
    return ConnectedNetwork(tuple(layers))


def _instead(
    layer: ConnectedLayer, k: int, inward: np.ndarray, linear: np.ndarray | None, shift: np.ndarray
) -> ConnectedLayer:
    """The layer with other matrices from layer k, and a constant added to its projection."""
    moved = shift if layer.right is None else shift @ layer.right
    return replace(
        layer,
        inward=(*layer.inward[:k], inward, *layer.inward[k + 1 :]),
        linear=(*layer.linear[:k], linear, *layer.linear[k + 1 :]),
        b=moved if layer.b is None else layer.b + moved,
    )


def _wanted(network: ConnectedNetwork, k: int, gradient: list[np.ndarray]) -> np.ndarray:
    """What later layers take of layer k's activations, [units, ...], each column times the RMS of dE/d(what it adds to)."""
    return np.concatenate(
        [
            layer.inward[k] * np.sqrt(np.mean(g**2, axis=0))
            for layer, g in zip(network.layers[k + 1 :], gradient[k + 1 :], strict=True)
            if layer.inward[k] is not None
        ],
        axis=1,
    )


def _order(moments: np.ndarray, rank: int, wanted: np.ndarray) -> list[int]:
    left = moments[rank:, rank:]
    if rank:
        across = moments[:rank, rank:]
        left = left - across.T @ np.linalg.lstsq(moments[:rank, :rank], across, rcond=1e-12)[0]
    order: list[int] = []
    for _ in range(len(left)):
        own = np.diag(left)
        free = own > 2.0 * NOISE**2
        free[order] = False
        if not free.any():
            break
        gain = np.where(free, ((left @ wanted) ** 2).sum(axis=1) / np.where(free, own, 1.0), -1.0)
        unit = int(np.argmax(gain))
        order.append(unit)
        left = left - np.outer(left[:, unit], left[unit]) / own[unit]
    return order + sorted(set(range(len(left))) - set(order))
