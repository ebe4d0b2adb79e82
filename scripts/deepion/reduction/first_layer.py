# SPDX-License-Identifier: MIT
"""The first layer of a net with fewer columns: as truncation leaves it, and by least squares, in which the columns that stay take
over what they can of those left out.
"""

import numpy as np

from .balance import VARIATION
from .columns import Columns, Turn
from .fitting_net import FirstLayer

RIDGE = 1e-3  # of a feature's own second moment: corrections that few atoms speak for would do harm where atoms are closer than those
CHUNK = 1000  # atoms at a time

Weights = tuple[np.ndarray, np.ndarray]  # of the features [features, h], and the bias [h]


class ReducedFirstLayer:
    """The pre-activation z ~ b + x w, where x are the features of the first n columns, turned.

    exact: the layer of T; around [M]: the constant and the mean, about which T = around e_0 + A up; up [M, M]. After `fit`, w and b
    of least squares follow, too, for any number of columns up to those given there. They minimize

        VARIATION <|z - b - x w|^2> + <|dz - dx w|^2>
    """

    def __init__(self, exact: FirstLayer, around: np.ndarray, up: np.ndarray):
        self._exact, self._around, self._up = exact, around, up
        self.most_fitted = 0

    def turn(self, columns: int) -> Turn:
        return Turn.towards(self._up[:columns, : self._exact.axis])

    def truncated(self, columns: int) -> Weights:
        turn = self.turn(columns)
        return self._exact.in_basis(self._around, turn.rotation.T @ self._up[:columns], turn.products)

    def fit(self, columns: Columns, z: np.ndarray, dz: np.ndarray) -> None:
        """Makes the sums that least squares need. z [n, h], dz [d, n, h]: exact values of sampled atoms, and derivatives along
        displacements.
        """
        n = columns.a.shape[2]
        self.most_fitted = n
        features = n * (n + 1) // 2 + n
        self._moments = np.zeros((features + 1, features + 1))  # of (x, 1), all products, not turned
        self._targets = np.zeros((features + 1, z.shape[1]))
        for begin in range(0, len(z), CHUNK):
            part = slice(begin, begin + CHUNK)
            x, dx = columns.some(part).features(n)
            self._add(x, z[part], VARIATION / len(z), 1.0)
            for along, slope in zip(dx, dz[:, part], strict=True):
                self._add(along, slope, 1.0 / dz[..., 0].size, 0.0)

    def _add(self, x: np.ndarray, z: np.ndarray, weight: float, constant: float) -> None:
        rows = np.concatenate([x, np.full((len(x), 1), constant)], axis=1)
        self._moments += weight * (rows.T @ rows)
        self._targets += weight * (rows.T @ z)

    def fitted(self, columns: int, truncated: Weights) -> Weights:
        """Those of truncation, with the correction that least squares add."""
        q = np.triu_indices(self.most_fitted)[1]
        here = np.flatnonzero(np.concatenate([q < columns, np.arange(self.most_fitted) < columns, [True]]))
        turn = self.turn(columns).of_features()
        turned = np.zeros((len(turn) + 1, turn.shape[1] + 1))
        turned[:-1, :-1], turned[-1, -1] = turn, 1.0  # the constant stays
        moments = turned.T @ self._moments[np.ix_(here, here)] @ turned
        start = np.vstack(truncated)
        scale = np.sqrt(np.maximum(np.diag(moments), np.finfo(float).tiny))
        scaled = moments / np.outer(scale, scale)
        np.fill_diagonal(scaled, np.diag(scaled) + RIDGE)
        left = (turned.T @ self._targets[here] - moments @ start) / scale[:, None]
        better = start + np.linalg.solve(scaled, left) / scale[:, None]
        return better[:-1], better[-1]
