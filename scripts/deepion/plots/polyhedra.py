# SPDX-License-Identifier: MIT
"""Draw what fix ion/polyhedra measured: how units turn and how long bonds last, and which clusters they form.

deepion plot polyhedra polyhedra.dat polyhedra.png
deepion plot polyhedra 500K.dat 700K.dat 900K.dat polyhedra       .png and .svg, colors for each

FILE is what the keyword file of the fix names. Bands and bars are one standard error.
"""

from argparse import ArgumentParser, Namespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deepion.results.tables import POLYHEDRA, Table, read

from . import pictures

STYLES = {"C1": "--", "C2": "-", "kept": ":"}
LABELS = {"C1": "$C_1$", "C2": "$C_2$", "kept": "bonds still there"}
MOST_KINDS = 8


def draw(tables: list[Table]) -> Figure:
    """The picture: curves against the lag beside the parts of centers in each kind of cluster."""
    figure = Figure(figsize=(11.0, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    colors = list(zip(tables, pictures.COLORS * 9, strict=False))
    for table, color in colors:
        lag = table.column("lag")
        for name, style in STYLES.items():
            quantity = table.quantity(name)
            words = LABELS[name] if len(tables) == 1 else f"_{LABELS[name]}, {table.label}"
            left.plot(lag, quantity.values, style, color=color, linewidth=1.4, label=words)
            pictures.band(left, lag, quantity, color)
    left.axhline(1 / np.e, color="0.6", linewidth=0.6, zorder=0)
    left.set(xscale="log", xlabel="t, ps", ylim=(min(0.0, left.get_ylim()[0]), 1.02), ylabel="correlation")
    handles = None
    if len(tables) > 1:
        handles = [Line2D([], [], color="0.3", linestyle=style, label=LABELS[name]) for name, style in STYLES.items()]
        handles += [Line2D([], [], color=color, label=table.label) for table, color in colors]
    left.legend(handles=handles, frameon=False, fontsize=8)
    pictures.warn(left, [one.text for table in tables for one in table.warnings], 80)
    draw_kinds(right, colors)
    pictures.caption(figure, tables)
    return figure


def draw_kinds(axes: Axes, colors: list[tuple[Table, str]]) -> None:
    """Bars for the kinds of clusters that hold most centers, with their lifetimes."""
    parts: dict[str, float] = {}
    for table, _ in colors:
        for one in table.series("species"):
            parts[one["name"]] = max(parts.get(one["name"], 0.0), one["part"] or 0.0)
    names = sorted(parts, key=lambda name: -parts[name])[:MOST_KINDS]
    height = 0.8 / len(colors)
    for k, (table, color) in enumerate(colors):
        found = {one["name"]: one for one in table.series("species")}
        for row, name in enumerate(names):
            one = found.get(name)
            if one is None:
                continue
            y = row + (k - (len(colors) - 1) / 2) * height
            axes.barh(y, one["part"], height, color=color, xerr=one["part_error"], ecolor="0.3")
            if one["lifetime_ps"] is not None and len(colors) <= 3:
                axes.text(
                    one["part"] + (one["part_error"] or 0) + 0.01,
                    y,
                    f" {one['lifetime_ps']:.3g} ps",
                    va="center",
                    fontsize=7,
                )
    center = colors[0][0].setting("names")[0]
    axes.set_yticks(range(len(names)), [label_of(name) for name in names])
    axes.set(xlabel=f"part of {center} in clusters (lifetime)", xlim=(0, 1.15))
    axes.invert_yaxis()


def label_of(name: str) -> str:
    """The name of a kind, with the number of shared ligands in words."""
    formula, _, shared = name.partition("_")
    return f"{formula}, {shared} shared" if shared else formula


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE...")


def run(arguments: Namespace) -> None:
    files, targets = pictures.split_files(arguments)
    tables = [read(path, POLYHEDRA) for path in files]
    pictures.save(draw(tables), targets, [table.path for table in tables])
