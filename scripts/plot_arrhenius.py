#!/usr/bin/env python3
"""Draw conductivity times temperature and diffusion coefficient against 1000/T, with the Arrhenius lines of deepion-merge.

deepion-merge 300K.json 350K.json 400K.json 500K.json --out ladder.dat
python scripts/plot_arrhenius.py ladder.dat arrhenius.png
python scripts/plot_arrhenius.py --predict 300 ladder.dat arrhenius        arrhenius.png and arrhenius.svg

Bars and bands are one standard error; bands reach to the temperature of --predict, where the stars lie. Temperatures without
a diffusive window are left out, as deepion-merge does.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import arrhenius_line
import result_pictures as pictures
from arrhenius_line import Line
from result_tables import LADDER, Table, TableError, Value, read


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
    energy: Value | None  # as in the summary


def series(table: Table, column: str, name: str, label: str, times_kelvin: bool) -> Series:
    """Points of one column, and the line through them."""
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
    return Series(name, label, kelvin, values, errors, of.unit, line, energy)


def draw(table: Table, predict: float) -> Figure:
    """The picture: sigma T at the left, D at the right."""
    if not (table.columns["temperature_K"] > 0).all():
        raise TableError(f"{table.path}: temperatures must be positive")
    figure = Figure(figsize=(10.0, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    sigma = [
        series(table, "sigma", "sigma T (Nernst-Einstein)", "Nernst-Einstein", True),
        series(table, "sigma_collective", "sigma T (collective)", "collective", True),
    ]
    for axes, shown in [(left, sigma), (right, [series(table, "D", "D", "self-diffusion", False)])]:
        handles = []
        for of, colour, marker in zip(shown, pictures.COLOURS, "os", strict=False):
            handles += [points(axes, of, colour, marker)]
            handles += extrapolate(axes, of, colour, predict, "sigma" if axes is left else "D")
        axes.set(yscale="log", xlabel="1000 / T, 1/K")
        kelvin_above(axes, [*table.columns["temperature_K"], predict])
        axes.legend(handles=handles, frameon=False, fontsize=8, loc="lower left")
        pictures.warn(axes, reasons(table, shown), 75)
    left.set_ylabel(f"$\\sigma T$, {sigma[0].unit.replace('/', ' K/')}")
    right.set_ylabel(f"D, {pictures.pretty(table.quantity('D').unit)}")
    left_out = [line for line in table.summary if line.endswith("left out of the lines")]
    if left_out:
        figure.suptitle("; ".join(left_out), fontsize=8, color=pictures.WARNING, wrap=True)
    pictures.caption(figure, [table])
    return figure


def points(axes: Axes, of: Series, colour: str, marker: str) -> Artist:
    """Markers with error bars where errors are known."""
    errors = None if np.isnan(of.errors).all() else np.nan_to_num(of.errors)
    filled = colour if marker == "o" else "white"
    return axes.errorbar(
        1000 / of.kelvin,
        of.values,
        errors,
        fmt=marker,
        color=colour,
        markerfacecolor=filled,
        markersize=5,
        capsize=3,
        label=of.label,
    )


def extrapolate(axes: Axes, of: Series, colour: str, predict: float, symbol: str) -> list[Line2D]:
    """Line and band out to `predict`, and what they say there."""
    if of.line is None:
        return []
    kelvin = 1 / np.linspace(1 / max(*of.kelvin, predict), 1 / min(*of.kelvin, predict), 200)
    energy = of.energy or Value(of.line.energy, of.line.energy_error, "eV")
    error = f" \u00b1 {energy.error:.4f}" if energy.error else ""
    unknown = "" if energy.error else " (error not known)"
    label = f"$E_a$ = {energy.value:.4f}{error} eV{unknown}"
    line = axes.plot(1000 / kelvin, of.line.at(kelvin), color=colour, linewidth=1.2, label=label)
    factor = of.line.factor(kelvin)
    if factor is not None:
        low, high = of.line.at(kelvin) / factor, of.line.at(kelvin) * factor
        axes.fill_between(1000 / kelvin, low, high, color=colour, alpha=0.2, linewidth=0)
    value, times = float(of.line.at(predict)), predict if symbol == "sigma" else 1.0
    words = pictures.in_words(Value(value / times, None, of.unit)).removesuffix(" (error not known)")
    within = of.line.factor(predict)
    within = "" if within is None else f", within a factor {within:.2f}"
    symbol = "$\\sigma$" if symbol == "sigma" else symbol
    label = f"{symbol}({predict:g} K) = {words}{within}"
    return line + axes.plot([1000 / predict], [value], "*", color=colour, markersize=10, label=label)


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


def main() -> None:
    """Read the command line."""
    command = pictures.parser(__doc__, "LADDER")
    command.add_argument("--predict", type=float, default=300.0, metavar="K", help="extrapolate to here (default: 300)")
    arguments = command.parse_args()
    files, targets = pictures.split_files(arguments)
    if len(files) != 1:
        raise TableError(f"expected one ladder and OUT, got {len(files)} tables: join all states with deepion-merge")
    if not arguments.predict > 0:
        raise TableError(f"--predict {arguments.predict:g}: expected a temperature in K above 0")
    table = read(files[0], LADDER)
    pictures.save(draw(table, arguments.predict), targets, [table])


if __name__ == "__main__":
    pictures.run(main)
