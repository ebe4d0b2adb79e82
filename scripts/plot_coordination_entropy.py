"""Configurational and vibrational entropy against the cut-off, the lower part of the picture of plot_coordination.py."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D

import result_pictures as pictures
from result_tables import Table, TableError

MARKERS = "osD^vP*"


def draw(figure: SubFigure, tables: list[Table], vdos: list[Table]) -> None:
    """One panel, or two that share the cut-offs: the vibrational entropy is several times larger."""
    if vdos:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.7))
    else:
        lower = figure.subplots()
    handles = []
    for k, table in enumerate(tables):
        colour, marker = pictures.COLOURS[k % len(pictures.COLOURS)], MARKERS[k % len(MARKERS)]
        configurational(lower, table, colour, marker)
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=4, label=table.label))
        if vdos:
            vibrational(upper, vdos[k], table.columns["rcut_A"], colour, marker)
    lower.set(xlabel="$r_{cut}$, \u00c5", ylabel="$S_{config}$, $k_B$ per ion")
    handles.append(Line2D([], [], color="0.4", linestyle=":", label="$S_{config}$ of $n_c$ = 1 to 6 alone"))
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=8)
    if vdos:
        upper.set_ylabel("$S_{vib}$,\n$k_B$ per atom")
        upper.margins(y=0.25)
        upper.legend(frameon=False, fontsize=7, ncols=len(vdos), loc="best")


def configurational(axes: Axes, table: Table, colour: str, marker: str) -> None:
    cutoff, entropy = table.columns["rcut_A"], table.quantity("S_config")
    bars = None if np.isnan(entropy.errors).all() else np.nan_to_num(entropy.errors)
    axes.errorbar(cutoff, entropy.values, bars, color=colour, marker=marker, markersize=4, capsize=2, label=table.label)
    axes.plot(cutoff, table.columns["S_config_1to6_kB"], ":", color=colour, linewidth=1, label=f"_{table.label} 1 to 6")


def vibrational(axes: Axes, table: Table, cutoff: np.ndarray, colour: str, marker: str) -> None:
    """Does not depend on the cut-off: a level line."""
    entropy = table.value("S_vib")
    if entropy is None:
        raise TableError(f"{table.path}: its header lacks a line 'S_vib = ... kB per atom'")
    levels = np.full(len(cutoff), entropy.value)
    bars = None if entropy.error is None else np.full(len(cutoff), entropy.error)
    how = entropy.unit.partition("(")[2].removesuffix(")")
    label = f"{table.label}: {how}" if how else table.label
    axes.errorbar(cutoff, levels, bars, fmt="--", color=colour, marker=marker, markersize=3, capsize=2, label=label)
