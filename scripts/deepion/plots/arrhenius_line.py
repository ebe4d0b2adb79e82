"""Straight line through ln y against 1/(k T), with its band: what deepion-merge fits (rust/analysis/src/arrhenius.rs)."""

from dataclasses import dataclass

import numpy as np

BOLTZMANN = 1.380649e-23 / 1.602176634e-19  # eV/K


@dataclass(frozen=True)
class Line:
    """ln y = intercept - energy / (k T)."""

    energy: float  # eV
    intercept: float
    mean: float  # of 1/(k T), weighted
    # None where two points without errors leave nothing to tell them from
    intercept_variance: float | None
    slope_variance: float | None

    @property
    def energy_error(self) -> float | None:
        return None if self.slope_variance is None else self.slope_variance**0.5

    def at(self, kelvin: np.ndarray | float) -> np.ndarray:
        return np.exp(self.intercept - self.energy / (BOLTZMANN * np.asarray(kelvin)))

    def factor(self, kelvin: np.ndarray | float) -> np.ndarray | None:
        """What one standard error multiplies or divides the value on the line by."""
        if self.slope_variance is None or self.intercept_variance is None:
            return None
        x = 1.0 / (BOLTZMANN * np.asarray(kelvin))
        return np.exp(np.sqrt(self.intercept_variance + self.slope_variance * (x - self.mean) ** 2))


def fit(kelvin: np.ndarray, values: np.ndarray, errors: np.ndarray) -> Line | None:
    """The line, None for fewer than two temperatures or values without a logarithm.

    Points weigh 1 / (relative error)^2 where all errors are known (not NaN); the errors of the line follow from theirs,
    scaled up where the points scatter more. Else all weigh the same and the scatter alone makes the errors.
    """
    if len(set(kelvin)) < 2 or (values <= 0).any():
        return None
    weighted = bool(np.isfinite(errors).all())
    weights = (values / errors) ** 2 if weighted else np.ones_like(values)
    x, y, total = 1.0 / (BOLTZMANN * kelvin), np.log(values), weights.sum()
    mean_x, mean_y = (weights * x).sum() / total, (weights * y).sum() / total
    spread = (weights * (x - mean_x) ** 2).sum()
    slope = (weights * (x - mean_x) * (y - mean_y)).sum() / spread
    freedom = len(x) - 2
    scale = (weights * (y - mean_y - slope * (x - mean_x)) ** 2).sum() / freedom if freedom else None
    if weighted:
        scale = max(scale or 1.0, 1.0)
    variances = (None, None) if scale is None else (scale / total, scale / spread)
    return Line(-slope, mean_y - slope * mean_x, mean_x, *variances)
