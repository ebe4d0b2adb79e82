# SPDX-License-Identifier: MIT
"""Draw the convergence of what fix ion/transport measures: D, its relative error and the conductivity against time.

deepion plot history transport.his convergence.png
deepion plot history 300K.his 400K.his convergence        convergence.png and convergence.svg, all temperatures

FILE is what the keyword history of the fix names. Bands are one standard error; where it is not known yet there is none.
"""

from argparse import ArgumentParser, Namespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from deepion.errors import InputError
from deepion.results.tables import HISTORY, Quantity, Table, Value, read

from . import pictures


def temperature(table: Table) -> float:
    return float(table.column("temperature")[-1])


def known(table: Table, name: str) -> Quantity:
    """A column without the rows from before there was a result."""
    of = table.quantity(name)
    there = of.values != 0
    return Quantity(np.where(there, of.values, np.nan), np.where(there, of.errors, np.nan), of.unit)


def draw(tables: list[Table]) -> Figure:
    """The picture of all histories."""
    tables = sorted(tables, key=temperature)
    alone = len(tables) == 1
    kelvin = [temperature(table) for table in tables]
    names = [f"{value:.0f} K" if value > 0 else table.label for value, table in zip(kelvin, tables, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{name} ({table.path.stem})" for name, table in zip(names, tables, strict=True)]
    colors = pictures.COLORS[:1] if alone else pictures.scale_colors(kelvin)
    figure = Figure(figsize=(7.2, 7.8) if alone else (9.6, 7.8), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True)
    handles = []
    for table, name, color in zip(tables, names, colors, strict=True):
        time, own = table.column("time"), known(table, "D")
        curve(top, time, own, color, "-", name)
        middle.plot(time, 100 * own.errors / np.abs(own.values), ".-", color=color, label=name)
        curve(bottom, time, known(table, "sigma"), color, "-", f"{name}, Nernst-Einstein")
        other = pictures.COLORS[1] if alone else color
        curve(bottom, time, known(table, "sigma_collective"), other, "--", f"{name}, collective")
        handles.append(Line2D([], [], color=color, label=f"{name}: {last(own)}"))
    for axes, name, what in [(top, "D", "D"), (bottom, "sigma", "conductivity")]:
        axes.set_ylabel(f"{what}, {pictures.pretty(tables[0].quantity(name).unit)}")
        spread(axes)
    middle.set(ylabel="relative error of D, %")
    if any(np.isfinite(line.get_ydata()).any() for line in middle.lines):
        middle.set_yscale("log")
        middle.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        middle.yaxis.set_major_formatter("{x:g}")
        middle.yaxis.set_minor_formatter(NullFormatter())
    bottom.set_xlabel("time measured, ps")
    if alone:
        figure.suptitle(handles[0].get_label(), fontsize=11)
    else:
        figure.legend(handles=handles[::-1], loc="outside right upper", frameon=False, fontsize=8)
    kinds = [Line2D([], [], color=bottom.lines[0].get_color() if alone else "0.3", label="Nernst-Einstein")]
    gray = bottom.lines[1].get_color() if alone else "0.3"
    kinds.append(Line2D([], [], color=gray, linestyle="--", label="collective"))
    bottom.legend(handles=kinds, frameon=False, fontsize=8)
    pictures.caption(figure, tables)
    return figure


def curve(axes: Axes, time: np.ndarray, of: Quantity, color, style: str, label: str) -> None:
    pictures.band(axes, time, of, color)
    axes.plot(time, of.values, color=color, linestyle=style, label=label)


def spread(axes: Axes) -> None:
    """Temperatures whose results differ by much need a logarithmic axis."""
    values = np.concatenate([line.get_ydata() for line in axes.lines])
    values = values[np.isfinite(values)]
    if len(axes.lines) > 2 and len(values) and values.min() > 0 and values.max() > 4 * values.min():
        axes.set_yscale("log")
    else:
        axes.ticklabel_format(axis="y", useMathText=True, scilimits=(-2, 3))


def last(of: Quantity) -> str:
    """The newest result as text."""
    value, error = of.values[-1], of.errors[-1]
    if not np.isfinite(value):
        return "no diffusion coefficient yet"
    return f"D = {pictures.as_text(Value(value, error if np.isfinite(error) else None, of.unit))}"


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE...")


def run(arguments: Namespace) -> None:
    files, targets = pictures.split_files(arguments)
    tables = [read(path, HISTORY) for path in files]
    if not any(table.quantity("D").values.any() for table in tables):
        raise InputError(
            f"{', '.join(map(str, files))}: nothing to draw: no row has a diffusion coefficient yet, for the slope of the "
            "MSD still changes, or the window of fit holds no data: run longer; what the keyword file names says which"
        )
    pictures.save(draw(tables), targets, [table.path for table in tables])
