# SPDX-License-Identifier: MIT
"""The columns that a reduced net keeps, and what it takes of sampled atoms."""

from dataclasses import dataclass

import numpy as np

from deepion.model.reduction import product_pairs


@dataclass(frozen=True)
class Turn:
    """Columns A [4, n] turned to A rotation, so that products with the first few of them, `products`, hold all that D is made of.

    D = T^T T[:, :axis] with T ~ A Q (without means) needs of every product one factor that lies in the span of A Q[:, :axis]. An
    orthogonal rotation makes the first columns that span.
    """

    rotation: np.ndarray  # [n, n]
    products: int

    @property
    def columns(self) -> int:
        return len(self.rotation)

    @classmethod
    def towards(cls, axis: np.ndarray) -> "Turn":
        """axis [n, axis]: Q[:, :axis]. Columns stay as they are where they are no more than the axis has."""
        n, products = axis.shape
        if n <= products:
            return cls(np.eye(n), n)
        return cls(np.linalg.qr(axis, mode="complete")[0], products)

    def of_features(self) -> np.ndarray:
        """The matrix from features of A, all products and the first row, to those after the turn."""
        n = self.columns
        (i, j), (p, q) = np.triu_indices(n), product_pairs(n, self.products)
        r = self.rotation
        pairs = r[i][:, p] * r[j][:, q] + np.where(i != j, 1.0, 0.0)[:, None] * r[j][:, p] * r[i][:, q]
        return np.block([[pairs, np.zeros((len(i), n))], [np.zeros((n, len(p))), r]])


@dataclass(frozen=True)
class Columns:
    """A of sampled atoms [n, 4, columns], its derivatives along displacements [d, n, 4, columns], and scaled parameters [n, np]."""

    a: np.ndarray
    da: np.ndarray
    param: np.ndarray

    def some(self, atoms: slice) -> "Columns":
        return Columns(self.a[atoms], self.da[:, atoms], self.param[atoms])

    def turned(self, turn: Turn) -> "Columns":
        """The first columns, turned."""
        n = turn.columns
        return Columns(self.a[..., :n] @ turn.rotation, self.da[..., :n] @ turn.rotation, self.param)

    def features(self, products: int) -> tuple[np.ndarray, np.ndarray]:
        """The features, [n, features], and their derivatives."""
        return features(self.a, products), features_along(self.a, self.da, products)

    def inputs(self, products: int) -> tuple[np.ndarray, np.ndarray]:
        """What a reduced net takes, [n, features + np], and its derivatives."""
        x, dx = self.features(products)
        if self.param.shape[1]:
            still = np.zeros((len(dx), *self.param.shape))
            x, dx = np.concatenate([x, self.param], axis=1), np.concatenate([dx, still], axis=2)
        return x, dx


def features(a: np.ndarray, products: int) -> np.ndarray:
    """See model.reduction.ReducedCenter: [n, features] of A [n, 4, columns]."""
    p, q = product_pairs(a.shape[2], products)
    return np.concatenate([(a.transpose(0, 2, 1) @ a)[:, p, q], a[:, 0]], axis=1)


def features_along(a: np.ndarray, da: np.ndarray, products: int) -> np.ndarray:
    """Derivatives of the features along each da, [d, n, features]."""
    p, q = product_pairs(a.shape[2], products)
    out = []
    for d in da:
        square = a.transpose(0, 2, 1) @ d
        out.append(np.concatenate([(square + square.transpose(0, 2, 1))[:, p, q], d[:, 0]], axis=1))
    return np.stack(out)
