# SPDX-License-Identifier: MIT
"""Draw what fix ion/hops measured: how far ions hop and how long they stay, or hop rates against temperature.

deepion plot hops hops.dat hops.png
deepion plot hops 500K.dat 700K.dat residence.500K.dat residence.700K.dat hops      hops.png and hops.svg
deepion plot hops ladder.dat rate.png                   of `deepion merge` of several temperatures

FILE is what the keyword file or residence of the fix names. Bands and bars are one standard error.
"""

from argparse import ArgumentParser, Namespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from deepion.errors import InputError
from deepion.results.tables import HOPS, HOPS_LADDER, HOPS_RESIDENCE, Table, read, read_any

from . import pictures
from .arrhenius_line import Line
from .arrhenius_series import line_and_band

KINDS = (HOPS, HOPS_RESIDENCE, HOPS_LADDER)


def draw(tables: list[Table]) -> Figure:
    """A panel for each kind that is there; a color for each table of it."""
    panels = {
        kind: [table for table in tables if table.kind == kind]
        for kind in KINDS
        if any(table.kind == kind for table in tables)
    }
    figure = Figure(figsize=(7.2, 3.6 * len(panels)), layout="constrained")
    drawings = {HOPS: draw_lengths, HOPS_RESIDENCE: draw_residence, HOPS_LADDER: draw_rates}
    all_axes = np.atleast_1d(figure.subplots(len(panels), 1))
    for axes, (kind, some) in zip(all_axes, panels.items(), strict=True):
        drawings[kind](axes, some)
        axes.legend(frameon=False, fontsize=8)
    pictures.warn(all_axes[0], list(dict.fromkeys(one.text for table in tables for one in table.warnings)), 90)
    pictures.caption(figure, tables)
    return figure


def draw_lengths(axes: Axes, tables: list[Table]) -> None:
    """Probability density of the length of hops; the legend names rates and returns."""
    for table, color in zip(tables, pictures.COLORS * 9, strict=False):
        r, p = table.column("r"), table.quantity("p")
        axes.plot(r, p.values, color=color, linewidth=1.3, label=f"{table.label}: {words(table)}")
        pictures.band(axes, r, p, color)
    axes.axvline(float(tables[0].setting("cut_A")), color="0.6", linewidth=0.6, zorder=0)
    axes.set(
        xlabel="hop length, \u00c5",
        ylabel="probability density, \u00c5$^{-1}$",
        xlim=(0, max(table.column("r")[-1] for table in tables)),
    )
    axes.set_ylim(bottom=0)


def words(table: Table) -> str:
    rate, returns = table.value("rate"), table.value("returns")
    text = f"{pictures.as_text(rate)} of an ion" if rate else "no hops yet"
    return f"{text}, {100 * returns.value:.0f} % return" if returns else text


def draw_residence(axes: Axes, tables: list[Table]) -> None:
    """Probability density of the time between two hops, with the exponential of the same mean."""
    for table, color in zip(tables, pictures.COLORS * 9, strict=False):
        middle = np.sqrt(np.maximum(table.column("from"), 1e-12) * table.column("to"))
        p = table.quantity("p")
        some = p.values > 0
        axes.errorbar(
            middle[some],
            p.values[some],
            p.errors[some],
            color=color,
            marker="o",
            markersize=3,
            linewidth=1,
            label=table.label,
        )
        if mean := table.value("residence"):
            t = np.geomspace(middle[some].min(), middle[some].max(), 200)
            axes.plot(
                t,
                np.exp(-t / mean.value) / mean.value,
                "--",
                color=color,
                linewidth=0.9,
                label=f"exponential, mean {mean.value:.3g} ps",
            )
            axes.set_ylim(bottom=0.3 * p.values[some].min())
    axes.set(xscale="log", yscale="log", xlabel="time between two hops, ps", ylabel="probability density, ps$^{-1}$")
    axes.xaxis.set_minor_formatter(NullFormatter())  # labels between decades hide each other


def draw_rates(axes: Axes, tables: list[Table]) -> None:
    """Hop rates against 1000/T with the line of deepion-merge and its band."""
    for table, color in zip(tables, pictures.COLORS * 9, strict=False):
        rate, kelvin = table.quantity("rate"), table.column("temperature")
        some = rate.values > 0
        errors = np.nan_to_num(rate.errors[some])
        axes.errorbar(
            1000 / kelvin[some], rate.values[some], errors, fmt="o", color=color, markersize=4, label=table.label
        )
        for line in map(Line.of, table.series("lines")):
            energy = pictures.as_text(table.need("E_a_rate"))
            kelvins = np.linspace(kelvin[some].min(), kelvin[some].max(), 100)
            line_and_band(axes, line, color, kelvins, f"$E_a$ = {energy}")
    axes.set(yscale="log", xlabel="1000 K / T", ylabel="hop rate of an ion, ps$^{-1}$")


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE...")


def run(arguments: Namespace) -> None:
    files, targets = pictures.split_files(arguments)
    tables = []
    for path in files:
        kind = read_any(path).kind
        if kind not in KINDS:
            raise InputError(f"{path}: expected a file of fix ion/hops, but it is {kind or 'another table'}")
        tables.append(read(path, kind))
    pictures.save(draw(tables), targets, [table.path for table in tables])
