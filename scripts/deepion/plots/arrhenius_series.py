# SPDX-License-Identifier: MIT
"""What the Arrhenius pictures share: a quantity of a ladder at all its temperatures, its points, line and axis in K."""

from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from deepion.results.tables import Table, TableError, Value

from .arrhenius_line import Line

SYMBOLS = {"D": "D", "sigma": "sigma T (Nernst-Einstein)", "sigma_collective": "sigma T (collective)"}


@dataclass(frozen=True)
class Series:
    """A quantity at all temperatures that have one."""

    name: str  # D, sigma or sigma_collective
    label: str
    kelvin: np.ndarray
    values: np.ndarray
    errors: np.ndarray  # NaN: not known
    unit: str
    line: Line | None
    energy: Value | None  # of activation, eV


def series(table: Table, name: str, label: str) -> Series:
    """Points of D, sigma T or sigma_collective T, and the line through them."""
    if not (table.column("temperature") > 0).all():
        raise TableError(f"{table.path}: temperatures must be positive")
    of = table.quantity(name)
    known = table.column("fit_to") > 0
    kelvin = table.column("temperature")[known]
    factor = 1.0 if name == "D" else kelvin
    lines = [Line.of(line) for line in table.series("lines") if line["quantity"] == name]
    energy = table.value(f"E_a_{name}") if lines else None
    return Series(
        name,
        label,
        kelvin,
        of.values[known] * factor,
        of.errors[known] * factor,
        of.unit,
        lines[0] if lines else None,
        energy,
    )


def points(axes: Axes, of: Series, color: str, marker: str, face: str, over: np.ndarray | float = 1.0) -> Artist:
    """Markers of values / `over`, with error bars where errors are known."""
    errors = None if np.isnan(of.errors).all() else np.nan_to_num(of.errors) / over
    return axes.errorbar(
        1000 / of.kelvin,
        of.values / over,
        errors,
        fmt=marker,
        color=color,
        markerfacecolor=face,
        markersize=5,
        capsize=3,
        label=of.label,
    )


def line_and_band(
    axes: Axes, of: Line, color: str, kelvin: np.ndarray, label: str, over: np.ndarray | float = 1.0
) -> list[Line2D]:
    """The line / `over` at the temperatures `kelvin`, with one standard error around it where that is known."""
    line = axes.plot(1000 / kelvin, of.at(kelvin) / over, color=color, linewidth=1.2, label=label)
    factor = of.factor(kelvin)
    if factor is not None:
        low, high = of.at(kelvin) / factor / over, of.at(kelvin) * factor / over
        axes.fill_between(1000 / kelvin, low, high, color=color, alpha=0.2, linewidth=0)
    return line


def kelvin_between(one: float, other: float) -> np.ndarray:
    """Temperatures from the higher to the lower, evenly in 1/T."""
    return 1 / np.linspace(1 / max(one, other), 1 / min(one, other), 200)


def kelvin_above(axes: Axes, kelvin: list[float]) -> None:
    """A second axis at the top, in K, with ticks at the temperatures that leave room for each other."""

    def turned(x):
        with np.errstate(divide="ignore"):
            return 1000 / np.asarray(x, float)

    above = axes.secondary_xaxis("top", functions=(turned, turned))
    low, high = min(1000 / t for t in kelvin), max(1000 / t for t in kelvin)
    shown: list[float] = []
    for t in sorted(kelvin, reverse=True):
        if not shown or (1000 / t - 1000 / shown[-1]) > 0.085 * (high - low):
            shown.append(t)
    above.set_xticks(shown, [f"{t:.0f}" for t in shown], fontsize=8)
    above.minorticks_off()
    above.set_xlabel("T, K")


def remarks(table: Table, shown: list[Series]) -> list[str]:
    """Lines that are missing, temperatures without a value, and warnings."""
    missing = [of for of in shown if of.line is None]
    found = [f"no line of {SYMBOLS[of.name]} through {len(of.kelvin)} temperature(s)" for of in missing]
    found += [f"{kelvin:g} K: no diffusive window, left out of the lines" for kelvin in table.series("left_out_K")]
    return [*found, *(one.text for one in table.warnings)]
