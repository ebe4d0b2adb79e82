# SPDX-License-Identifier: MIT
"""Draw what fix ion/coordination measured: a map of the probability of coordination numbers against the cutoff, and the
configurational entropy of that distribution.

deepion plot coordination coordination.dat coordination.png
deepion plot coordination Ti00.dat Ti10.dat Ti20.dat Ti30.dat coordination        .png and .svg, a map for each
deepion plot coordination Ti00.dat Ti10.dat --vdos Ti00.vdos Ti10.vdos --out coordination.png

FILE is what the keyword file of the fix names. With --vdos, what fix ion/vdos wrote for the same compositions in the same
order: their vibrational entropies are drawn, too. Bars are one standard error; the keyword title of the fixes names the panels.
"""

from argparse import ArgumentParser, Namespace

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepion.results.tables import Table

from . import entropy, pictures

# Numbers in more columns than these cannot be read.
MOST_NUMBERED = 26


def probabilities(table: Table) -> tuple[list[str], np.ndarray]:
    """Labels of the coordination numbers, and P[number, cutoff]; the last row holds all larger numbers."""
    most = int(table.setting("most"))
    names = [*(f"P_{n}" for n in range(most + 1)), f"P_above_{most}"]
    return [*map(str, range(most + 1)), f"{most + 1}+"], np.array([table.column(name) for name in names])


def draw(tables: list[Table], vdos: list[Table]) -> Figure:
    """Maps above, two beside each other where there are several, entropies below."""
    across = 1 if len(tables) == 1 else 2
    down = -(-len(tables) // across)
    widest = max(len(table.column("rcut")) for table in tables)
    tallest = max(len(probabilities(table)[0]) for table in tables)
    width = across * min(max(0.44 * widest + 1.0, 5.0), 11.0) + 0.9
    heights = [down * (0.3 * tallest + 1.0), 4.6 if vdos else 3.2]
    figure = Figure(figsize=(max(width, 7.2), sum(heights) + 0.6), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    grid = above.subplots(down, across, squeeze=False)
    top = max(probabilities(table)[1].max() for table in tables)
    for axes, table in zip(grid.flat, tables, strict=False):
        mesh = draw_map(axes, table, top)
    for axes in grid.flat[len(tables) :]:
        axes.axis("off")
    above.colorbar(mesh, ax=grid, label="probability $P(n_c)$", fraction=0.05, pad=0.01)
    entropy.draw(below, tables, vdos)
    pictures.caption(figure, [*tables, *vdos])
    return figure


def draw_map(axes: Axes, table: Table, top: float):
    """One map: a column for each cutoff, whatever the distances between them."""
    labels, p = probabilities(table)
    cutoffs = table.column("rcut")
    mesh = axes.pcolormesh(np.arange(len(cutoffs) + 1) - 0.5, np.arange(len(labels) + 1) - 0.5, p, vmin=0, vmax=top)
    mesh.set(cmap="viridis", edgecolor="face", linewidth=0.1)
    if len(cutoffs) <= MOST_NUMBERED:
        for (n, k), value in np.ndenumerate(p):
            if value > 0:
                write(axes, k, n, value, mesh.to_rgba(value))
    line = axes.plot(np.arange(len(cutoffs)), table.column("mean_n"), "-", color="white", linewidth=1.4, label="mean")
    line[0].set_path_effects([effects.Stroke(linewidth=2.6, foreground="black"), effects.Normal()])
    step = max(1, len(cutoffs) // MOST_NUMBERED + (len(cutoffs) > MOST_NUMBERED))
    axes.set_xticks(np.arange(len(cutoffs))[::step], [f"{r:g}" for r in cutoffs[::step]], fontsize=8)
    axes.set_yticks(np.arange(len(labels)), labels)
    axes.set(xlabel="$r_{cut}$, \u00c5", ylabel="$n_c$", ylim=(-0.5, len(labels) - 0.5))
    axes.set_title(f"{table.label} (line: mean $n_c$)", fontsize=10)
    return mesh


def write(axes: Axes, k: int, n: int, value: float, cell: tuple[float, ...]) -> None:
    """The number of a cell, with a rim of the cell's color over the line of means."""
    bright = 0.3 * cell[0] + 0.59 * cell[1] + 0.11 * cell[2] > 0.45
    words = f"{value:.2f}" if value >= 0.005 else "<.01"
    text = axes.text(k, n, words, ha="center", va="center", fontsize=7, color="black" if bright else "white", zorder=4)
    text.set_path_effects([effects.Stroke(linewidth=2.5, foreground=cell), effects.Normal()])


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE...")
    entropy.add_vdos(command)


def run(arguments: Namespace) -> None:
    tables, vdos, targets = entropy.read_both(arguments)
    pictures.save(draw(tables, vdos), targets, [table.path for table in [*tables, *vdos]])
