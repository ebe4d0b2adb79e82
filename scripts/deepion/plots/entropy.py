# SPDX-License-Identifier: MIT
"""Draw the configurational entropy of coordination numbers against the cutoff, and the vibrational one beside it.

deepion plot entropy coordination.dat entropy.png
deepion plot entropy Ti00.dat Ti10.dat --vdos Ti00.vdos Ti10.vdos --out entropy.png

FILE is what the keyword file of fix ion/coordination names; with --vdos, what fix ion/vdos wrote for the same compositions
in the same order. Bars are one standard error. The same panels are a part of `deepion plot coordination`.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from deepion.results.tables import COORDINATION, VDOS, Table, TableError, read

from . import pictures

MARKERS = "osD^vP*"
HOW = {"none": "harmonic", "twophase": "two-phase"}


def draw(figure: Figure | SubFigure, tables: list[Table], vdos: list[Table]) -> None:
    """One panel, or two that share the cutoffs: the vibrational entropy is several times larger."""
    if vdos:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.7))
    else:
        lower = figure.subplots()
    handles = []
    for k, table in enumerate(tables):
        color, marker = pictures.COLORS[k % len(pictures.COLORS)], MARKERS[k % len(MARKERS)]
        configurational(lower, table, color, marker)
        handles.append(Line2D([], [], color=color, marker=marker, markersize=4, label=table.label))
        if vdos:
            vibrational(upper, vdos[k], table.column("rcut"), color, marker)
    lower.set(xlabel="$r_{cut}$, \u00c5", ylabel="$S_{config}$, $k_B$ per ion")
    handles.append(Line2D([], [], color="0.4", linestyle=":", label="$S_{config}$ of $n_c$ = 1 to 6 alone"))
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=8)
    if vdos:
        upper.set_ylabel("$S_{vib}$,\n$k_B$ per atom")
        upper.margins(y=0.25)
        upper.legend(frameon=False, fontsize=7, ncols=len(vdos), loc="best")


def configurational(axes: Axes, table: Table, color: str, marker: str) -> None:
    cutoff, entropy = table.column("rcut"), table.quantity("S_config")
    bars = None if np.isnan(entropy.errors).all() else np.nan_to_num(entropy.errors)
    axes.errorbar(cutoff, entropy.values, bars, color=color, marker=marker, markersize=4, capsize=2, label=table.label)
    axes.plot(cutoff, table.column("S_config_1to6"), ":", color=color, linewidth=1, label=f"_{table.label} 1 to 6")


def how_split(table: Table) -> str:
    """How the entropy of fix ion/vdos leaves out diffusion."""
    split = table.setting("split")
    return f"without frequencies below {table.setting('cut_THz'):g} THz" if split == "cut" else HOW.get(split, split)


def vibrational(axes: Axes, table: Table, cutoff: np.ndarray, color: str, marker: str) -> None:
    """Does not depend on the cutoff: a level line."""
    entropy = table.need("S_vib_total")
    levels = np.full(len(cutoff), entropy.value)
    bars = None if entropy.error is None else np.full(len(cutoff), entropy.error)
    label = f"{table.label}: {how_split(table)}"
    axes.errorbar(cutoff, levels, bars, fmt="--", color=color, marker=marker, markersize=3, capsize=2, label=label)


def add_vdos(command: ArgumentParser) -> None:
    """The option --vdos."""
    command.add_argument("--vdos", metavar="VDOS", type=Path, nargs="+", default=[], help="files of fix ion/vdos")


def read_both(arguments: Namespace) -> tuple[list[Table], list[Table], list[Path]]:
    """Tables of fix ion/coordination, those of fix ion/vdos, and the pictures to be written."""
    files, targets = pictures.split_files(arguments)
    if arguments.vdos and len(arguments.vdos) != len(files):
        raise TableError(
            f"{len(files)} tables but {len(arguments.vdos)} after --vdos: expected one for each, or --out OUT"
        )
    tables = [read(path, COORDINATION) for path in files]
    return tables, [read(path, VDOS) for path in arguments.vdos], targets


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE...")
    add_vdos(command)


def run(arguments: Namespace) -> None:
    tables, vdos, targets = read_both(arguments)
    figure = Figure(figsize=(7.2, 5.2 if vdos else 3.8), layout="constrained")
    draw(figure, tables, vdos)
    pictures.caption(figure, [*tables, *vdos])
    pictures.save(figure, targets, [table.path for table in [*tables, *vdos]])
