# SPDX-License-Identifier: MIT
"""Draw what fix ion/vdos measured: the vibrational density of states of each species and of all atoms.

deepion plot vdos vdos.dat vdos.png
deepion plot vdos Ti00.dat Ti10.dat vdos        vdos.png and vdos.svg, a panel for each

FILE is what the keyword file of the fix names. The band of the total is one standard error. Triangles are the peaks that the
file lists, with their frequency in THz for the total. A g(0) above 0 is diffusion, no vibration.
"""

from argparse import ArgumentParser, Namespace

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepion.constants import WAVENUMBERS
from deepion.results.tables import VDOS, Table, Value, read

from . import pictures
from .entropy import how_split


def species(table: Table) -> list[str]:
    """Names from the columns, without the total."""
    names = [column.quantity for column in table.columns if column.error_of is None]
    return [name.removeprefix("g_") for name in names if name.startswith("g_") and name != "g_total"]


def peaks(table: Table, name: str) -> list[float]:
    """Frequencies that the file lists, THz."""
    return [peak["nu_THz"] for peak in table.series("peaks") if peak["of"] == name]


def entropies(table: Table, name: str) -> str:
    """All that the file says on one species' entropy, kB per atom."""
    if name == "total" and (best := table.value("S_vib_total")):
        return f"$S_{{vib}}$ = {pictures.as_text(Value(best.value, best.error, '$k_B$ per atom'))}\n    ({how_split(table)})"
    cut = f"above {table.setting('cut_THz'):g} THz"
    ways = [("S_harmonic", "harmonic"), ("S_cut", cut), ("S_two_phase", "two-phase")]
    words = [f"{found.value:.2f} {how}" for way, how in ways if (found := table.value(f"{way}_{name}"))]
    return f"$S_{{vib}}$/$k_B$ = {', '.join(words)}" if words else ""


def zero(table: Table, name: str) -> Value | None:
    """Density of states at frequency 0: D up to a factor."""
    if name == "total":
        g = table.quantity("g_total")
        error = float(g.errors[0])
        return Value(float(g.values[0]), error if np.isfinite(error) else None, "1/THz")
    return table.value(f"g_0_{name}")


def draw(tables: list[Table]) -> Figure:
    """The picture: a panel for each table."""
    figure = Figure(figsize=(11.5, 4.4 * len(tables) + 0.6), layout="constrained")
    panels = figure.subplots(len(tables), 1, sharex=True, squeeze=False)[:, 0]
    for axes, table in zip(panels, tables, strict=True):
        draw_panel(axes, table)
        axes.set_ylabel("g($\\nu$), 1/THz, 3 modes per atom")
    panels[-1].set_xlabel("frequency, THz")
    panels[0].set_xlim(0, max(highest(table) for table in tables))
    pictures.caption(figure, tables)
    return figure


def draw_panel(axes: Axes, table: Table) -> None:
    """All curves of one table."""
    thz, total = table.column("nu"), table.quantity("g_total")
    for name, color in zip(["total", *species(table)], ["black", *pictures.COLORS * 3], strict=False):
        g = table.column(f"g_{name}")
        label = f"{name}: {entropies(table, name)}".removesuffix(": ")
        if at_zero := zero(table, name):
            label += f"\n    g(0) = {pictures.as_text(at_zero)}"
            axes.plot([0], [at_zero.value], "o", color=color, markersize=5, clip_on=False, zorder=4)
        axes.plot(thz, g, color=color, linewidth=1.8 if name == "total" else 1.0, label=label)
        where = peaks(table, name)
        after = np.searchsorted(thz, where).clip(1, len(thz) - 1)
        heights = np.maximum(g[after - 1], g[after])
        offset = 0.02 * max(table.column(f"g_{of}").max() for of in ["total", *species(table)])
        size = 6 if name == "total" else 4
        axes.plot(where, heights + offset, "v", color=color, markersize=size, label=f"_{name} peaks")
        if name == "total":
            for x, y in zip(where, heights, strict=True):
                mark(axes, x, y + offset)
    pictures.band(axes, thz, total, "black")
    axes.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    above = axes.secondary_xaxis("top", functions=(lambda x: x * WAVENUMBERS, lambda x: x / WAVENUMBERS))
    above.set_xlabel("wavenumber, 1/cm")
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0), title=table.label)
    pictures.warn(axes, [one.text for one in table.warnings], 130)


def mark(axes: Axes, x: float, y: float) -> None:
    """Frequency above a peak of the total."""
    text = axes.annotate(f"{x:.1f}", (x, y), (0, 5), textcoords="offset points", ha="center", fontsize=8)
    text.set_path_effects([effects.Stroke(linewidth=2, foreground="white"), effects.Normal()])


def highest(table: Table) -> float:
    """Frequency above which there is nothing to be seen, THz."""
    thz, g = table.column("nu"), table.column("g_total")
    seen = np.flatnonzero(g > 0.01 * g.max())
    return min(1.1 * thz[seen[-1]], thz[-1]) if len(seen) and seen[-1] > 0 else thz[-1]


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE...")


def run(arguments: Namespace) -> None:
    files, targets = pictures.split_files(arguments)
    tables = [read(path, VDOS) for path in files]
    pictures.save(draw(tables), targets, [table.path for table in tables])
