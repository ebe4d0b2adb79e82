# SPDX-License-Identifier: MIT
"""Which directions of a space of intermediate results matter: those that vary and that the energy depends on.

Balanced truncation (Moore, IEEE Trans. Autom. Control 26, 17 (1981)), with the covariance of the values in place of the
controllability Gramian and the mean square gradient of the energy in place of the observability Gramian.
"""

import numpy as np

FLOOR = 1e-9  # smallest eigenvalue of the metric, relative: directions that no sampled energy depends on
VARIATION = 3.0  # A^-2: weight of values beside their derivatives


def directions(
    values: np.ndarray, slopes: np.ndarray, gradient: np.ndarray, prior=0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The matrices down [m, m] and up [m, m]: x ~ x down[:, :r] up[:r] loses least energy for every r.

    values [n, m], slopes [k, m] (1/A), gradient [l, m]: rows of samples; prior [m, m]: added to the second moments, for
    what was not sampled. Columns of `down` are scaled so that values have unit variance.
    """
    moments = VARIATION * values.T @ values / max(1, len(values)) + slopes.T @ slopes / max(1, len(slopes)) + prior
    metric = gradient.T @ gradient
    eigenvalues, vectors = np.linalg.eigh(metric)
    eigenvalues = np.clip(eigenvalues, 0.0, None) + FLOOR * max(eigenvalues.max(), np.finfo(float).tiny)
    root = (vectors * np.sqrt(eigenvalues)) @ vectors.T
    inverse = (vectors / np.sqrt(eigenvalues)) @ vectors.T
    _, order = np.linalg.eigh(root @ moments @ root)
    order = order[:, ::-1]
    down, up = root @ order, order.T @ inverse
    scale = np.sqrt(np.maximum(np.einsum("mk,ml,lk->k", down, moments, down), np.finfo(float).tiny))
    return down / scale, up * scale[:, None]
