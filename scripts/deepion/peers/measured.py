# SPDX-License-Identifier: MIT
"""What deepion wrote on the fly, read from the folder of the first stage."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepion.results.tables import Table, read_any

from . import settings as s
from .errors import ComparisonError


@dataclass(frozen=True)
class Diffusion:
    """Results of one fix ion/transport with their standard errors (cm^2/s and S/cm; an error of 0: not known)."""

    d: tuple[float, float]
    collective: tuple[float, float]
    sigma: tuple[float, float]
    sigma_collective: tuple[float, float]
    haven: tuple[float, float]
    window: tuple[float, float]  # ps
    blocks: int


def table(folder: Path, name: str) -> Table:
    return read_any(folder / name)


def diffusion(folder: Path, history: str) -> Diffusion:
    """The last row of a history: all digits, which the words above a table do not have."""
    of = table(folder, history)

    def value(name: str) -> tuple[float, float]:
        found = of.quantity(name)
        return float(found.values[-1]), float(np.nan_to_num(found.errors[-1]))

    def last(name: str) -> float:
        return float(of.column(name)[-1])

    return Diffusion(
        d=value("D"),
        collective=value("D_collective"),
        sigma=value("sigma"),
        sigma_collective=value("sigma_collective"),
        haven=value("haven"),
        window=(last("fit_from"), last("fit_to")),
        blocks=int(last("blocks")),
    )


def at_lags(of: Table, column: str, lags: np.ndarray, interval: float) -> np.ndarray:
    """A column at lags given in samples; `interval`: time of one sample, ps."""
    found = np.rint(of.column("lag") / interval).astype(int)
    rows = {lag: k for k, lag in enumerate(found)}
    missing = [int(lag) for lag in lags if lag not in rows]
    if missing:
        raise ComparisonError(f"{of.path} has no lags of {missing} samples: the run was too short")
    return of.column(column)[[rows[lag] for lag in lags]]


def straight_line(lag: np.ndarray, msd: np.ndarray, power: float) -> float:
    """Slope of the line with free intercept and weights 1/lag^power."""
    return float(np.polyfit(lag, msd, 1, w=lag ** (-power / 2))[0])


def weighted_line(of: Table, lag: np.ndarray, msd: np.ndarray) -> float:
    """Slope of the MSD at these lags (ps) with the weights that the fix found and wrote into its file: of lags close to each other it takes
    some.
    """
    known = {round(float(at), 9): y for at, y in zip(lag, msd, strict=True)}
    weights = [(round(at, 9), weight) for at, weight in of.head["series"]["fit_weights"]]
    missing = [at for at, _ in weights if at not in known]
    if missing:
        raise ComparisonError(f"{of.path} is a line through lags of {missing} ps, which the other tool does not have")
    return float(sum(weight * known[at] for at, weight in weights))


def fit_lags(name: str) -> np.ndarray:
    """Lags of the straight line of a trajectory, in samples, where every lag is there."""
    first, last = s.FIT if name == "run" else s.WALK_FIT
    return np.arange(first, last + 1)
