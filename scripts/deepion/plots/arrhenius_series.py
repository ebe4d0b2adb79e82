"""What the Arrhenius pictures share: a quantity of a ladder at all its temperatures, its points, line and axis in K."""

from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from deepion.results.tables import Table, TableError, Value

from . import arrhenius_line
from .arrhenius_line import Line


@dataclass(frozen=True)
class Series:
    """A quantity at all temperatures that have one."""

    name: str  # in the summary
    label: str
    kelvin: np.ndarray
    values: np.ndarray
    errors: np.ndarray  # NaN: not known
    unit: str
    line: Line | None
    energy: Value | None  # of activation, eV: as in the summary, where that has none of the line


def series(table: Table, column: str, name: str, label: str, times_kelvin: bool) -> Series:
    """Points of one column, and the line through them."""
    if not (table.columns["temperature_K"] > 0).all():
        raise TableError(f"{table.path}: temperatures must be positive")
    of = table.quantity(column)
    there = table.columns["fit_to_ps"] > 0
    kelvin = table.columns["temperature_K"][there]
    factor = kelvin if times_kelvin else 1.0
    values, errors = of.values[there] * factor, of.errors[there] * factor
    line = arrhenius_line.fit(kelvin, values, errors)
    energy, prefactor = table.value(f"E_a from {name}"), table.value(f"ln prefactor of {name}")
    if line and energy and prefactor:
        # as rounded in the file
        if abs(line.energy - energy.value) > 1e-4 or abs(line.intercept - prefactor.value) > 1e-5:
            raise TableError(
                f"{table.path}: E_a from {name} = {energy.value} eV does not follow from its rows, which give "
                f"{line.energy:.4f} eV: was a row changed? Run deepion-merge again without that temperature"
            )
    if line is None:
        energy = None
    elif energy is None:
        energy = Value(line.energy, line.energy_error, "eV")
    return Series(name, label, kelvin, values, errors, of.unit, line, energy)


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


def reasons(table: Table, shown: list[Series]) -> list[str]:
    """Why there is no line, in the words of deepion-merge."""
    names = [of.name for of in shown if of.line is None]
    return [line for line in table.summary if any(line.startswith(f"{name}: ") for name in names)]


def left_out(table: Table) -> list[str]:
    """Temperatures that no line goes through, in the words of deepion-merge."""
    return [line for line in table.summary if line.endswith("left out of the lines")]
