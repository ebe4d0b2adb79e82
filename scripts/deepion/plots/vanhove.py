# SPDX-License-Identifier: MIT
"""Draw what fix ion/vanhove measured: F_s(q, t) and the overlap Q(t), chi_4 and the non-Gaussian parameter; with its files of the
self and of the distinct part, 4 pi r^2 G_s(r, t) and G_d(r, t), too.

deepion plot vanhove vanhove.dat vanhove.png
deepion plot vanhove 500K.dat 700K.dat vanhove          vanhove.png and vanhove.svg, all temperatures
deepion plot vanhove vanhove.dat self.dat distinct.dat vanhove.png

FILE is what the keyword file, self or distinct of the fix names. Bands are one standard error.
"""

from argparse import ArgumentParser, Namespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deepion.errors import InputError
from deepion.results.tables import VANHOVE, VANHOVE_DISTINCT, VANHOVE_SELF, Table, read, read_any

from . import pictures

KINDS = (VANHOVE, VANHOVE_SELF, VANHOVE_DISTINCT)
STYLES = ("-", "--", ":", "-.")
MOST_LAGS = 7  # curves in one panel
FEWEST_COUNTS = 0.05  # of the counts of the best known lag: what has fewer is noise


def draw(tables: list[Table]) -> Figure:
    """Panels for the kinds that are there, from left to right; shells have a row for each file."""
    relaxing = [table for table in tables if table.kind == VANHOVE]
    shells = [table for table in tables if table.kind != VANHOVE]
    count = 3 * bool(relaxing) + len(shells)
    figure = Figure(figsize=(7.5, 2.6 * max(count, 2)), layout="constrained")
    panels = list(np.atleast_1d(figure.subplots(count, 1)))
    if relaxing:
        draw_relaxation(panels[:3], relaxing)
    for axes, table in zip(panels[3 * bool(relaxing) :], shells, strict=True):
        draw_shells(axes, table)
    texts = list(dict.fromkeys(one.text for table in tables for one in table.warnings))
    pictures.warn(panels[0], texts, 90)
    pictures.caption(figure, tables)
    return figure


def draw_relaxation(panels: list[Axes], tables: list[Table]) -> None:
    """F_s and Q, chi_4, non-Gaussian parameter against lag; a color for each table."""
    relaxation, chi4, ngp = panels
    alone = len(tables) == 1
    kinds: dict[str, str] = {}  # line styles of what is in the upper panel
    for table, color in zip(tables, pictures.COLORS * 9, strict=False):
        lag = table.column("lag")
        names = [f"Fs_{q}" for q in numbers(table)]
        for name, style in zip([*names, "Q"], STYLES * 9, strict=False):
            of = table.quantity(name)
            label = (
                f"Q, within {table.setting('overlap_A'):g} \u00c5"
                if name == "Q"
                else f"$F_s$, q = {name[3:]} \u00c5$^{{-1}}$"
            )
            kinds.setdefault(label, style)
            relaxation.plot(
                lag, of.values, style, color=color, linewidth=1.3, label=label if alone else f"_{table.label} {label}"
            )
            pictures.band(relaxation, lag, of, color)
        for axes, name in ((chi4, "chi4"), (ngp, "ngp")):
            of = table.quantity(name)
            axes.plot(lag, of.values, color=color, linewidth=1.3, label=table.label)
            pictures.band(axes, lag, of, color)
    relaxation.axhline(np.exp(-1), color="0.6", linewidth=0.6, zorder=0)
    handles = None if alone else [Line2D([], [], color="0.3", linestyle=style, label=of) for of, style in kinds.items()]
    relaxation.legend(handles=handles, frameon=False, fontsize=7)
    relaxation.set_ylabel("$F_s(q, t)$, Q(t)")
    chi4.set_ylabel(r"$\chi_4(t)$")
    ngp.set_ylabel("non-Gaussian\nparameter")
    ngp.set_xlabel("lag, ps")
    for axes in panels:
        axes.set_xscale("log")
    if not alone:
        chi4.legend(frameon=False, fontsize=7)


def numbers(table: Table) -> list[str]:
    """Wave numbers as the columns are named after them."""
    return [c.quantity.removeprefix("Fs_") for c in table.columns if c.quantity.startswith("Fs_") and not c.error_of]


def draw_shells(axes: Axes, table: Table) -> None:
    """A curve for each of some lags, evenly chosen, from dark to bright."""
    name, of_self = ("P", True) if table.kind == VANHOVE_SELF else ("gd", False)
    lags, which = np.unique(table.column("lag"), return_inverse=True)
    counts = np.bincount(which, weights=table.column("count"))
    lags = lags[counts >= FEWEST_COUNTS * counts.max()]
    chosen = lags[np.unique(np.linspace(0, len(lags) - 1, MOST_LAGS).round().astype(int))]
    quantity = table.quantity(name)
    colors = pictures.scale_colors(list(map(float, range(len(chosen)))))
    for lag, color in zip(chosen, colors, strict=True):
        rows = table.column("lag") == lag
        r, values, errors = table.column("r")[rows], quantity.values[rows], quantity.errors[rows]
        axes.plot(r, values, color=color, linewidth=1.2, label=f"{lag:.4g} ps")
        axes.fill_between(r, values - errors, values + errors, color=color, alpha=0.25, linewidth=0)
    axes.set(xlim=(0, float(table.setting("rmax_A"))), xlabel="r, \u00c5")
    if of_self:
        # the narrow peak of the shortest lags would flatten all others
        later = quantity.values[table.column("lag") >= chosen[min(1, len(chosen) - 1)]]
        axes.set_ylim(0, 1.05 * later.max() if later.max() > 0 else None)
        axes.set_ylabel("$4\\pi r^2 G_s(r, t)$, \u00c5$^{-1}$")
    else:
        axes.axhline(1, color="0.6", linewidth=0.6, zorder=0)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("$G_d(r, t)$ / mean density")
    axes.legend(frameon=False, fontsize=7, ncols=2, title=table.label, title_fontsize=7)


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE...")


def run(arguments: Namespace) -> None:
    files, targets = pictures.split_files(arguments)
    tables = []
    for path in files:
        kind = read_any(path).kind
        if kind not in KINDS:
            raise InputError(f"{path}: expected a file of fix ion/vanhove, but it is {kind or 'another table'}")
        tables.append(read(path, kind))
    pictures.save(draw(tables), targets, [table.path for table in tables])
