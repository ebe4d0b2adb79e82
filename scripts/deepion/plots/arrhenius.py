# SPDX-License-Identifier: MIT
"""Draw conductivity times temperature and diffusion coefficient against 1000/T, with the Arrhenius lines of deepion-merge.

deepion-merge 300K.json 350K.json 400K.json 500K.json --out ladder.dat
deepion plot arrhenius ladder.dat arrhenius.png
deepion plot arrhenius --predict 300 ladder.dat arrhenius        arrhenius.png and arrhenius.svg
deepion plot arrhenius Ti00.ladder.dat Ti10.ladder.dat conductivity.png     several ladders, compared

Bars and bands are one standard error; bands reach to the temperature of --predict, where the stars lie. Temperatures
without a diffusive window are left out, as deepion-merge does. Of several ladders: conductivities with their lines over
the measured temperatures, and activation energies in the order given.
"""

from argparse import ArgumentParser, Namespace

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deepion.results.tables import LADDER, Table, TableError, Value, read

from . import arrhenius_comparison, pictures
from .arrhenius_series import Series, kelvin_above, kelvin_between, line_and_band, points, remarks, series

PREDICT = 300.0  # K


def draw(table: Table, predict: float) -> Figure:
    """The picture: sigma T at the left, D at the right."""
    figure = Figure(figsize=(10.0, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    sigma = [
        series(table, "sigma", "Nernst-Einstein"),
        series(table, "sigma_collective", "collective"),
    ]
    own = series(table, "D", "self-diffusion")
    for axes, shown in [(left, sigma), (right, [own])]:
        handles = []
        for of, color, marker in zip(shown, pictures.COLORS, "os", strict=False):
            handles += [points(axes, of, color, marker, color if marker == "o" else "white")]
            handles += extrapolate(axes, of, color, predict, "sigma" if axes is left else "D")
        axes.set(yscale="log", xlabel="1000 / T, 1/K")
        kelvin_above(axes, [*table.column("temperature"), predict])
        axes.legend(handles=handles, frameon=False, fontsize=8, loc="lower left")
    left.set_ylabel(f"$\\sigma T$, {sigma[0].unit.replace('/', ' K/')}")
    right.set_ylabel(f"D, {pictures.pretty(table.quantity('D').unit)}")
    if notes := remarks(table, [*sigma, own]):
        figure.suptitle("; ".join(notes), fontsize=8, color=pictures.WARNING, wrap=True)
    pictures.caption(figure, [table])
    return figure


def extrapolate(axes: Axes, of: Series, color: str, predict: float, symbol: str) -> list[Line2D]:
    """Line and band out to `predict`, and what they say there."""
    energy = of.energy
    if of.line is None or energy is None:
        return []
    error = f" \u00b1 {energy.error:.4f}" if energy.error else ""
    unknown = "" if energy.error else " (error not known)"
    label = f"$E_a$ = {energy.value:.4f}{error} eV{unknown}"
    line = line_and_band(
        axes, of.line, color, kelvin_between(max(*of.kelvin, predict), min(*of.kelvin, predict)), label
    )
    value, times = float(of.line.at(predict)), predict if symbol == "sigma" else 1.0
    words = pictures.as_text(Value(value / times, None, of.unit)).removesuffix(" (error not known)")
    factor = of.line.factor(predict)
    within = "" if factor is None else f", within a factor {factor:.2f}"
    symbol = "$\\sigma$" if symbol == "sigma" else symbol
    label = f"{symbol}({predict:g} K) = {words}{within}"
    return line + axes.plot([1000 / predict], [value], "*", color=color, markersize=10, label=label)


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "LADDER...")
    command.add_argument(
        "--predict", type=float, metavar="K", help=f"extrapolate one ladder to here (default: {PREDICT:g})"
    )


def run(arguments: Namespace) -> None:
    files, targets = pictures.split_files(arguments)
    if arguments.predict is not None and not arguments.predict > 0:
        raise TableError(f"--predict {arguments.predict:g}: expected a temperature in K above 0")
    tables = [read(path, LADDER) for path in files]
    if len(tables) == 1:
        figure = draw(tables[0], PREDICT if arguments.predict is None else arguments.predict)
    elif arguments.predict is None:
        figure = arrhenius_comparison.draw(tables)
    else:
        raise TableError(
            f"--predict is for one ladder, got {len(tables)}: their lines are compared where they were measured"
        )
    pictures.save(figure, targets, [table.path for table in tables])
