# SPDX-License-Identifier: MIT
"""A straight line through ln y against 1/(k T) by least squares, written independently of rust/analysis/src/arrhenius.rs."""

import numpy as np

from deepion.constants import BOLTZMANN


class PlainLine:
    """ln y = ln_prefactor - energy / (k T), weighted with 1 / (relative error)^2; errors scaled up where the points scatter."""

    def __init__(self, kelvin: np.ndarray, values: np.ndarray, errors: np.ndarray):
        x = 1.0 / (BOLTZMANN * kelvin)
        design = np.stack([np.ones_like(x), -x], axis=1) * (values / errors)[:, None]
        target = np.log(values) * values / errors
        covariance = np.linalg.inv(design.T @ design)
        self.parameters = covariance @ design.T @ target
        misfit = ((design @ self.parameters - target) ** 2).sum() / max(len(x) - 2, 1)
        self.covariance = covariance * max(misfit, 1.0)
        self.ln_prefactor, self.energy = self.parameters
        self.energy_error = np.sqrt(self.covariance[1, 1])

    def at(self, kelvin):
        return np.exp(self.ln_prefactor - self.energy / (BOLTZMANN * np.asarray(kelvin)))

    def factor(self, kelvin):
        """What one standard error multiplies or divides the value on the line by."""
        row = np.stack(np.broadcast_arrays(1.0, -1.0 / (BOLTZMANN * np.asarray(kelvin))), axis=-1)
        return np.exp(np.sqrt(np.einsum("...i,ij,...j->...", row, self.covariance, row)))
