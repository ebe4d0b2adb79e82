# SPDX-License-Identifier: MIT
"""Draw the path of one ion, colored by time: in 3D, and seen along z and along y; a column for each run.

deepion plot path path.0.lammpstrj path.png
deepion plot path 'Ti00=Ti00/path.*.lammpstrj' 'Ti10=Ti10/path.*.lammpstrj' path     path.png and path.svg

A run is FILE[,FILE...], with LABEL= before it for the title of its column. FILE is a text dump with unwrapped positions
(dump p GROUP custom 100 FILE id type xu yu zu). Several files of one run, as restarts leave them, are joined: from the
first step of a file on, its frames replace those of files that begin before it. A frame cut off at the end is left out.

Without --ion it is the ion whose net displacement at the end is the median of all in the files, the lower of the two in
the middle of an even number, so that no path is selected by its look. One path shows how ions move; how far they do on average,
plot_transport.py draws. Positions are those in the box: a drift of everything in it is not taken off.
"""

import glob
import os
import textwrap
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d.art3d import Line3DCollection  # type: ignore[import-untyped]

from deepion.errors import InputError

from . import lammps_dump, pictures
from .lammps_dump import Paths

MEDIAN = "drawn is the ion whose net displacement is the median of these"
ASKED = "drawn is the ion asked for with --ion"
COLORS = ListedColormap(pictures.scale_colors(list(range(256))))
PANEL = 2.7  # inches, width of a panel
# Longer paths become pixels in an .svg too, which no viewer would open otherwise.
MOST_LINES = 5000
START = {"marker": "o", "color": "black", "markerfacecolor": "white", "markersize": 6, "linestyle": ""}
END = {"marker": "s", "color": "black", "markersize": 5, "linestyle": ""}


@dataclass(frozen=True)
class Run:
    """The ions of one run, and which of them is drawn."""

    label: str
    files: list[Path]
    paths: Paths
    clock: np.ndarray  # since the first frame: ps, or steps
    ion: int  # index in paths.ids
    rule: str  # by which it was chosen

    @property
    def path(self) -> np.ndarray:
        """Relative to the start, Angstrom."""
        return self.paths.positions[:, self.ion] - self.paths.positions[0, self.ion]

    @property
    def source(self) -> pictures.Source:
        """What the caption says."""
        ids, far = self.paths.ids, net_displacements(self.paths)
        lines = [
            self.label,
            f"ion {ids[self.ion]} of {len(ids)}, whose net displacements are {far.min():.1f} to {far.max():.1f} \u00c5",
            self.rule,
            f"{len(self.clock)} frames",
        ]
        joined = [path.name for path in self.files] if len(self.files) > 1 else []
        return pictures.Source(self.files[0].name, lines, joined, [])


def net_displacements(paths: Paths) -> np.ndarray:
    """Of each ion from the first to the last frame, Angstrom."""
    return np.linalg.norm(paths.positions[-1] - paths.positions[0], axis=1)


def median_ion(paths: Paths) -> int:
    """Index of the ion with the median net displacement, the lower of two."""
    return int(np.argsort(net_displacements(paths), kind="stable")[(len(paths.ids) - 1) // 2])


def radius_of_gyration(path: np.ndarray) -> float:
    """Root mean square distance of a path's points from their mean, Angstrom."""
    return float(np.sqrt(((path - path.mean(axis=0)) ** 2).sum(axis=1).mean()))


def label_and_files(argument: str) -> tuple[str, list[Path]]:
    """[LABEL=]FILE[,FILE...], where a FILE that does not exist may have wildcards."""
    plain = "=" not in argument or os.path.exists(argument)
    label, _, rest = ("", "", argument) if plain else argument.partition("=")
    files = []
    for name in [rest] if os.path.exists(rest) else rest.split(","):
        wild = not os.path.exists(name) and glob.has_magic(name)
        if wild and not glob.glob(name):
            raise InputError(f"no file matches {name}")
        files += [Path(found) for found in sorted(glob.glob(name))] if wild else [Path(name)]
    return label or files[0].stem, files


def chosen(label: str, paths: Paths, ion: int | None) -> int:
    """Index of the ion that is drawn."""
    if ion is None:
        return median_ion(paths)
    found = np.flatnonzero(paths.ids == ion)
    if not len(found):
        raise InputError(f"{label} has no ion {ion}; it has {lammps_dump.numbers(paths.ids)}")
    return int(found[0])


def clocks(labels: list[str], all_paths: list[Paths], timestep: float | None) -> tuple[list[np.ndarray], str]:
    """Times of the frames of each path, and the label of the color scale: time in ps if it is known, else steps."""
    known = [bool(np.isfinite(paths.time).all()) for paths in all_paths]
    if timestep is None and any(known) and not all(known):
        without = labels[known.index(False)]
        raise InputError(f"{without} says no time (dump_modify ... time yes), others do: give --timestep in ps")
    if timestep is None and not any(known):
        return [paths.steps - paths.steps[0] for paths in all_paths], "steps"
    times = [p.time if there else p.steps * timestep for p, there in zip(all_paths, known, strict=True)]
    return [time - time[0] for time in times], "time, ps"


def read(arguments: list[str], ion: int | None, timestep: float | None) -> tuple[list[Run], str]:
    """All runs, and what their colors mean."""
    named = [label_and_files(argument) for argument in arguments]
    labels = [label for label, _ in named]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise InputError(f"two runs are called {twice}: write LABEL= before the files of each")
    all_paths = [lammps_dump.read(files) for _, files in named]
    for label, paths in zip(labels, all_paths, strict=True):
        if len(paths.steps) < 2:
            raise InputError(f"{label} has only one complete frame: no path yet")
    times, meaning = clocks(labels, all_paths, timestep)
    rule = MEDIAN if ion is None else ASKED
    runs = [
        Run(label, files, paths, clock, chosen(label, paths, ion), rule)
        for (label, files), paths, clock in zip(named, all_paths, times, strict=True)
    ]
    return runs, meaning


def shared_limits(runs: list[Run]) -> np.ndarray:
    """Lowest and highest x, y and z of all paths, Angstrom; no range is far less than another."""
    everything = np.concatenate([run.path for run in runs])
    low, high = everything.min(axis=0), everything.max(axis=0)
    widest = (high - low).max() or 1.0
    half = np.maximum(high - low, widest / 1.5) * 0.55
    return np.array([(low + high) / 2 - half, (low + high) / 2 + half]).T


def draw(runs: list[Run], meaning: str) -> Figure:
    """The picture; all columns have the same limits, so that areas and volumes compare."""
    limits = shared_limits(runs)
    x, y, z = np.ptp(limits, axis=1)
    heights = (3.0, PANEL * y / x, PANEL * z / x)
    figure = Figure(figsize=(1.15 * PANEL * len(runs) + 1.6, sum(heights) + 2.0), layout="constrained")
    grid = figure.add_gridspec(3, len(runs), height_ratios=heights)
    scale = ScalarMappable(Normalize(0, max(run.clock[-1] for run in runs)), COLORS)
    for column, run in enumerate(runs):
        space = figure.add_subplot(grid[0, column], projection="3d")
        draw_path(space, run, [0, 1, 2], scale, limits)
        space.set_title(
            f"{run.label}\nnet displacement {np.linalg.norm(run.path[-1]):.1f} \u00c5\n"
            f"radius of gyration {radius_of_gyration(run.path):.1f} \u00c5",
            fontsize=10,
        )
        for row, seen in [(1, [0, 1]), (2, [0, 2])]:
            axes = figure.add_subplot(grid[row, column])
            draw_path(axes, run, seen, scale, limits)
            axes.label_outer()
    figure.colorbar(scale, ax=figure.axes, label=meaning, shrink=0.6, aspect=40)
    figure.legend(handles=figure.axes[0].lines, loc="outside upper right", ncols=2, frameon=False, fontsize=8)
    if warning := unequal(runs, meaning):
        words = textwrap.fill(warning, int(12 * figure.get_figwidth()))  # leaves room for the legend
        figure.suptitle(words, x=0.01, ha="left", fontsize=8, color=pictures.WARNING)
    pictures.caption_of(figure, [run.source for run in runs])
    return figure


def draw_path(axes: Axes, run: Run, seen: list[int], scale: ScalarMappable, limits: np.ndarray) -> None:
    """The path along the axes `seen`, two or three of x, y and z, with its start and its end."""
    path = run.path[:, seen]
    pieces = np.stack([path[:-1], path[1:]], axis=1)
    kind = LineCollection if len(seen) == 2 else Line3DCollection
    lines = kind(pieces, cmap=scale.cmap, norm=scale.norm, linewidths=0.8, capstyle="round")
    lines.set_array((run.clock[:-1] + run.clock[1:]) / 2)
    lines.set_rasterized(len(pieces) > MOST_LINES)
    axes.add_collection(lines)
    axes.plot(*path[:1].T, **START, label="start", zorder=3)
    axes.plot(*path[-1:].T, **END, label="end", zorder=3)
    for name, which in zip("xyz", seen, strict=False):
        axes.set(**{f"{name}lim": limits[which], f"{name}label": f"{'xyz'[which]}, \u00c5"})
    if len(seen) == 2:
        axes.set_aspect("equal")
        return
    axes.set_box_aspect(np.ptp(limits, axis=1), zoom=0.9)
    axes.patch.set_visible(False)  # else it hides labels of the column before
    for axis, name in zip((axes.xaxis, axes.yaxis, axes.zaxis), "xyz", strict=True):
        axis.set_major_locator(MaxNLocator(4))
        axis.set_label_text(name)
    axes.tick_params(labelsize=7, pad=-1)
    axes.xaxis.labelpad = axes.yaxis.labelpad = axes.zaxis.labelpad = -4


def unequal(runs: list[Run], meaning: str) -> str:
    """A warning where paths of different duration stand side by side."""
    ends = [run.clock[-1] for run in runs]
    if min(ends) > 0.99 * max(ends):
        return ""
    unit = "ps" if meaning.endswith("ps") else "steps"
    words = "; ".join(f"{run.label}: {end:g} {unit}" for run, end in zip(runs, ends, strict=True))
    return f"WARNING: the paths do not last equally long, so that areas do not compare ({words})"


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "[LABEL=]FILE[,FILE...]...")
    command.add_argument(
        "--ion", type=int, metavar="ID", help="draw this ion (default: that of the median displacement)"
    )
    command.add_argument(
        "--timestep", type=float, metavar="PS", help="time between steps, for dumps without ITEM: TIME"
    )


def run(arguments: Namespace) -> None:
    given, targets = pictures.split_files(arguments)
    if arguments.timestep is not None and not arguments.timestep > 0:
        raise InputError(f"--timestep {arguments.timestep:g}: expected ps above 0")
    runs, meaning = read([str(path) for path in given], arguments.ion, arguments.timestep)
    pictures.save(draw(runs, meaning), targets, [path for run in runs for path in run.files])
