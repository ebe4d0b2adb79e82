# SPDX-License-Identifier: MIT
"""Conductivities and activation energies of several ladders side by side, such as those of several compositions.

A part of `deepion plot arrhenius`.
"""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deepion.results.tables import Table, TableError

from . import pictures
from .arrhenius_series import Series, kelvin_above, kelvin_between, line_and_band, points, remarks, series

# As many as are coprime to the number of colors: pairs repeat only after 56 ladders.
MARKERS = "os^DvP<>"
# What E_a is taken from: quantity, legend, place beside the middle of a category.
ESTIMATES = [
    ("sigma", "from $\\sigma T$, Nernst-Einstein", -0.15),
    ("D", "from D", 0.0),
    ("sigma_collective", "from $\\sigma T$, collective", 0.15),
]


def labels(tables: list[Table]) -> list[str]:
    """Titles, else names of files; where several share one, folder and file are added."""
    stems = [table.path.stem.removesuffix(".ladder") for table in tables]
    short = [table.title or stem for table, stem in zip(tables, stems, strict=True)]
    names = []
    for table, stem, name in zip(tables, stems, short, strict=True):
        where = str(Path(table.path.parent.name, stem))
        apart = f"{name} ({where})" if table.title else where
        names.append(apart if short.count(name) > 1 else name)
    return names


def style(k: int) -> tuple[str, str]:
    """Color and marker of a ladder."""
    return pictures.COLORS[k % len(pictures.COLORS)], MARKERS[k % len(MARKERS)]


def draw(tables: list[Table]) -> Figure:
    """The picture: sigma against 1000/T at the left, activation energies at the right."""
    names = labels(tables)
    shown = [series(t, "sigma", name) for t, name in zip(tables, names, strict=True)]
    if len(units := list(dict.fromkeys(of.unit for of in shown))) > 1:
        raise TableError(
            f"conductivities are in different units, {' and '.join(units)}: give ladders of one kind of unit"
        )
    notes = [
        line for remark in named_remarks(tables, shown) for line in textwrap.wrap(remark, 160, subsequent_indent="    ")
    ]
    figure = Figure(figsize=(10.0, 5.4 + 0.13 * len(notes)), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_conductivity(left, shown)
    kelvin_above(left, [t for table in tables for t in table.column("temperature")])
    left.set_ylabel(f"$\\sigma$ (Nernst-Einstein), {units[0]}")
    draw_energies(right, tables, names)
    if notes:
        figure.suptitle("\n".join(notes), x=0.01, ha="left", fontsize=7.5, color=pictures.WARNING)
    pictures.caption(figure, tables)
    return figure


def draw_conductivity(axes: Axes, shown: list[Series]) -> None:
    """Points of all ladders, and their lines over the measured temperatures."""
    handles = []
    for k, of in enumerate(shown):
        color, marker = style(k)
        handles.append(points(axes, of, color, marker, color, over=of.kelvin))
        if of.line:
            kelvin = kelvin_between(of.kelvin.max(), of.kelvin.min())
            # the line is one of sigma T
            line_and_band(axes, of.line, color, kelvin, f"_{of.label} line", over=kelvin)
    axes.set(yscale="log", xlabel="1000 / T, 1/K")
    low, high = axes.get_ylim()
    if high < 10 * low:
        # no two decades to label
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
    axes.legend(handles=handles, frameon=False, fontsize=8, loc="lower left")


def draw_energies(axes: Axes, tables: list[Table], names: list[str]) -> None:
    """E_a of each ladder by each way to take it."""
    for k, table in enumerate(tables):
        color, marker = style(k)
        for way, (name, _, aside) in enumerate(ESTIMATES):
            if energy := series(table, name, "").energy:
                axes.errorbar(
                    [k + aside],
                    [energy.value],
                    None if energy.error is None else [energy.error],
                    fmt=marker if way < 2 else "x",
                    color=color,
                    markerfacecolor="white" if way else color,
                    markersize=6,
                    capsize=3,
                    label=f"_{names[k]} {name}",
                )
    ways = [
        Line2D([], [], linestyle="", color="0.3", marker=marker, markerfacecolor=face, label=label)
        for (_, label, _), marker, face in zip(ESTIMATES, "oox", ["0.3", "white", "0.3"], strict=True)
    ]
    axes.legend(handles=ways, frameon=False, fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    axes.set(xlim=(-0.5, len(tables) - 0.5), ylabel="activation energy $E_a$, eV")
    long = sum(map(len, names)) > 50
    axes.set_xticks(np.arange(len(names)), names, rotation=30 if long else 0, ha="right" if long else "center")


def named_remarks(tables: list[Table], shown: list[Series]) -> list[str]:
    """Missing lines, temperatures left out and warnings, after the names of the ladders they belong to."""
    whose: dict[str, list[str]] = {}
    for table, of in zip(tables, shown, strict=True):
        for line in remarks(table, [of]):
            whose.setdefault(line, []).append(of.label)
    return [f"{', '.join(names)}: {line}" for line, names in whose.items()]
