# SPDX-License-Identifier: MIT
"""Pictures of all compositions and temperatures together: motion, units, paths through the cell, activation energies, two lengths."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deepion.plots import density, pictures
from deepion.plots.arrhenius_comparison import style
from deepion.results import tables
from deepion.results.tables import Table, Value

from .energies import Energy
from .joined import MOTION, Row, error_of
from .lengths import Compared, Energies

ASIDE = 3.0  # K between the points of compositions that would hide each other
NAMES = {number.name: number for number in MOTION}
# Panels: number, axis, whether the axis is logarithmic.
MOTION_PANELS = [
    ("tau", "F$_s$(1 \u00c5$^{-1}$, t) is 1/e at t, ps", True),
    ("chi4", r"highest $\chi_4$", False),
    ("hop_rate", "hops of an ion, ps$^{-1}$", True),
    ("returns", "share of hops that return", False),
]
UNIT_PANELS = [
    ("PS4", "part of P in PS$_4$", False),
    ("P2S7", "part of P in P$_2$S$_7$", False),
    ("bond_life", "lifetime of a P-S bond, ps", True),
    ("tau_2", "rotation: C$_2$ is 1/e at t, ps", True),
]


def against_temperature(rows: list[Row], panels: list[tuple[str, str, bool]], picture: Path) -> None:
    """Four numbers against temperature, a color for each composition."""
    figure = Figure(figsize=(9.0, 6.4), layout="constrained")
    for axes, (name, label, logarithmic) in zip(figure.subplots(2, 2, sharex=True).flat, panels, strict=True):
        curves(axes, rows, lambda row, name=name: row.value(NAMES[name]))  # type: ignore[misc]
        axes.set_ylabel(label)
        axes.set_xticks(sorted({row.kelvin for row in rows}))
        values = [y for line in axes.lines for y in np.atleast_1d(line.get_ydata()) if np.isfinite(y) and y > 0]
        if logarithmic and values and max(values) > 3 * min(values):
            axes.set_yscale("log")
        elif values:
            axes.set_ylim(bottom=0)
        else:
            unknown(axes)
        if name in ("hop_rate", "bond_life"):
            axes.set_xlabel("temperature, K")
    legend(figure.axes[0])
    save(figure, picture, tables_of(rows, {NAMES[name].of for name, _, _ in panels}))


def curves(axes: Axes, rows: list[Row], value: Callable[[Row], Value]) -> None:
    """A line with error bars for each composition."""
    names = list(dict.fromkeys(row.composition for row in rows))
    for k, name in enumerate(names):
        color, marker = style(k)
        mine = [row for row in rows if row.composition == name]
        kelvin = np.array([row.kelvin for row in mine]) + ASIDE * (k - (len(names) - 1) / 2)
        found = [value(row) for row in mine]
        errors = np.nan_to_num([error_of(one) for one in found])
        axes.errorbar(
            kelvin,
            [one.value for one in found],
            errors,
            color=color,
            marker=marker,
            markersize=4,
            linewidth=1,
            label=name,
        )


def unknown(axes: Axes) -> None:
    """An empty panel says that it is meant to be."""
    axes.set_yticks([])
    axes.text(0.5, 0.5, "not known yet", transform=axes.transAxes, ha="center", va="center", color="0.4")


def legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)


def tables_of(rows: list[Row], measurements: set[str]) -> list[Table]:
    """The tables that a picture is drawn from, for its caption."""
    return [row.tables[of] for row in rows for of in sorted(measurements) if of in row.tables]


def save(figure: Figure, picture: Path, of: list[Table]) -> None:
    """With the models in small print below: the page says what else there is to say."""
    models = list(dict.fromkeys(model for table in of for model in table.models))
    pictures.caption_of(figure, [pictures.Source(f"{len(of)} tables of ./study analyze", [], [], models)])
    figure.savefig(picture, dpi=150)


def paths(rows: list[Row], kelvin: float, picture: Path) -> None:
    """A slice of -kT ln density through the first packing of each composition, and the heights of the lowest paths."""
    shown = [
        (row.composition, run)
        for row in rows
        for run in row.runs
        if row.kelvin == kelvin and run.packing == 1 and (run.folder / "density.cube").exists()
    ]
    if not shown:
        return
    figure = Figure(figsize=(max(3.1 * len(shown), 6.5), 6.6), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.05, 1])
    panels = above.subplots(1, len(shown), squeeze=False)[0]
    used, meshes = [], []
    for axes, (composition, run) in zip(panels, shown, strict=True):
        table = tables.read(run.folder / "density.dat", tables.DENSITY)
        cube = density.cube_of(table)
        if cube is None:
            continue
        energy, _ = density.free_energy(table, cube)
        place = np.unravel_index(cube.values.argmax(), cube.values.shape)[2]
        meshes.append(density.draw_slice(axes, energy, cube, 2, int(place)))
        axes.set_title(f"{composition}, {kelvin:g} K", fontsize=9)
        used.append(table)
    top = max(mesh.get_clim()[1] for mesh in meshes)
    for mesh in meshes:
        mesh.set_clim(0, top)
    above.colorbar(meshes[-1], ax=list(panels), label="$-kT$ ln density, eV", fraction=0.03, pad=0.01)
    heights(below.subplots(), rows)
    save(figure, picture, used)


def heights(axes: Axes, rows: list[Row]) -> None:
    """The lowest path of each packing against temperature."""
    names = list(dict.fromkeys(row.composition for row in rows))
    for k, name in enumerate(names):
        color, marker = style(k)
        mine = [row for row in rows if row.composition == name]
        for number in range(max(len(row.barriers) for row in mine)):
            points = [(row.kelvin, row.barriers[number]) for row in mine if number < len(row.barriers)]
            axes.errorbar(
                [kelvin + ASIDE * (k + number / 2 - (len(names) - 1) / 2) for kelvin, _ in points],
                [height.value for _, height in points],
                np.nan_to_num([error_of(height) for _, height in points]),
                color=color,
                marker=marker,
                markersize=4,
                linewidth=0.8,
                markerfacecolor="white" if number else color,
                label=None if number else name,
            )
    axes.set(xlabel="temperature, K", ylabel="lowest path: $-kT$ ln density, eV")
    axes.set_xticks(sorted({row.kelvin for row in rows}))
    if any(row.barriers for row in rows):
        axes.set_ylim(bottom=0)
        legend(axes)
    else:
        unknown(axes)


def energies(found: list[Energy], before: list[Energies], picture: Path) -> bool:
    """Activation energies of conductivity and of hops, of all packings of a composition and of each. Whether there are any."""
    if not any(np.isfinite(one.conductivity.value) for one in found):
        return False
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    names = list(dict.fromkeys(one.composition for one in found))
    of_hops = [one for one in found if np.isfinite(one.hops.value)]
    for one in found:
        color, marker = style(names.index(one.composition))
        aside = 0.1 * one.packing
        for value, face, shift in ((one.conductivity, color, 0.0), (one.hops, "white", 0.045)):
            axes.errorbar(
                [names.index(one.composition) + aside + shift],
                [value.value],
                [np.nan_to_num(error_of(value))],
                color=color,
                marker=marker,
                markerfacecolor=face,
                markersize=4 if one.packing else 7,
                capsize=3,
            )
    for one_before in before:
        at = names.index(one_before.composition)
        axes.errorbar(
            [at - 0.1], [one_before.earlier.value], [error_of(one_before.earlier)], color="0.5", marker="x", capsize=3
        )
    kinds = [("o", "0.3", "from $\\sigma T$; small: one packing")]
    kinds += [("o", "white", "from hops")] if of_hops else []
    kinds += [("x", "0.5", "earlier study")] if before else []
    axes.legend(
        handles=[
            Line2D([], [], ls="", color="0.3", marker=m, markerfacecolor=face, label=label) for m, face, label in kinds
        ],
        frameon=False,
        fontsize=8,
    )
    axes.set(ylabel="activation energy, eV", xlim=(-0.5, len(names) - 0.3))
    axes.set_xticks(range(len(names)), names)
    figure.savefig(picture, dpi=150)
    return True


def lengths(of: Compared, picture: Path) -> None:
    """Deviations of D after the first part from D after all, and how errors shrink."""
    held, rows = of.held, of.rows
    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    names = list(dict.fromkeys(run.composition for run in held.runs))
    for width, shade in ((2, 0.12), (1, 0.2)):
        left.axhspan(-width, width, color="0.5", alpha=shade, linewidth=0)
    left.axhline(0, color="0.5", linewidth=0.6)
    for k, name in enumerate(names):
        color, marker = style(k)
        mine = [run for run in held.runs if run.composition == name]
        at = [run.kelvin + ASIDE * (k - (len(names) - 1) / 2) for run in mine]
        left.plot(at, [run.deviation for run in mine], marker, color=color, markersize=5, label=name)
        for which, face in (("first", "white"), ("whole", color)):
            values = [getattr(run, which) for run in mine]
            right.plot(
                at,
                [100 * error_of(d) / d.value for d in values],
                marker,
                color=color,
                markerfacecolor=face,
                markersize=5,
            )
    for axes in (left, right):
        axes.set_xticks(sorted({run.kelvin for run in held.runs}))
    left.set(xlabel="temperature, K", ylabel="$D_{first} - D_{whole}$, in expected errors")
    left.set_ylim(*(np.array([-1, 1]) * max(3.2, 1.1 * np.abs(held.deviations).max())))
    legend(left)
    kinds = [("o", "white", "first part"), ("o", "0.3", "whole run")]
    if rows:
        at = [row.kelvin for row in rows]
        right.plot(at, [100 * error_of(row.earlier) / row.earlier.value * np.sqrt(2) for row in rows], "x", color="0.5")
        kinds.append(("x", "0.5", "earlier study, times $\\sqrt{2}$"))
    right.legend(
        handles=[
            Line2D([], [], ls="", color="0.3", marker=m, markerfacecolor=face, label=label) for m, face, label in kinds
        ],
        frameon=False,
        fontsize=8,
    )
    right.set(xlabel="temperature, K", ylabel="claimed error of D of one packing, %", yscale="log")
    right.yaxis.set_major_formatter("{x:g}")
    right.yaxis.set_minor_formatter("{x:g}")
    figure.savefig(picture, dpi=150)
