# SPDX-License-Identifier: MIT
"""The straight line through ln y against x = 1/(k T), as deepion-merge fitted it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepion.constants import BOLTZMANN


@dataclass(frozen=True)
class Line:
    """ln y = ln_prefactor - energy x; the variance of ln y is height_variance + slope_variance (x - mean)^2."""

    energy: float  # eV
    ln_prefactor: float
    mean: float  # of x, 1/eV
    # None where two points without errors leave nothing to tell them from
    height_variance: float | None
    slope_variance: float | None

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Line":
        """From an entry of the series `lines` of a table."""
        keys = ("energy_eV", "ln_prefactor", "mean_x", "height_variance", "slope_variance")
        return cls(*(data[key] for key in keys))

    def at(self, kelvin: np.ndarray | float) -> np.ndarray:
        """Values on the line."""
        return np.exp(self.ln_prefactor - self.energy / (BOLTZMANN * np.asarray(kelvin)))

    def factor(self, kelvin: np.ndarray | float) -> np.ndarray | None:
        """What one standard error multiplies or divides the value on the line by."""
        if self.slope_variance is None or self.height_variance is None:
            return None
        x = 1.0 / (BOLTZMANN * np.asarray(kelvin))
        return np.exp(np.sqrt(self.height_variance + self.slope_variance * (x - self.mean) ** 2))
