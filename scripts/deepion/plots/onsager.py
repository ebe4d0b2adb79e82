# SPDX-License-Identifier: MIT
"""Draw how the collective displacements of several species depend on each other, of fix ion/transport with keyword onsager.

deepion plot onsager onsager.dat onsager.png

Above: mean product of the summed displacements of two species, per atom, against the lag. Below: what each pair contributes to the
conductivity; without a temperature their collective diffusion coefficients. Bands and bars are one standard error.
"""

from argparse import ArgumentParser, Namespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepion.errors import InputError
from deepion.results.tables import ONSAGER, Table, read

from . import pictures
from .transport import shade, window

LONGER = 1.5  # of the fit window is drawn


def names(table: Table) -> list[tuple[str, str]]:
    """Pairs of species in the order of the file."""
    species = [one["name"] for one in table.setting("species")]
    return [(one, other) for k, one in enumerate(species) for other in species[k:]]


def draw(table: Table) -> Figure:
    figure = Figure(figsize=(7.2, 7.6), layout="constrained")
    curves, bars = figure.subplots(2, 1, height_ratios=(1.4, 1))
    pairs = names(table)
    draw_curves(curves, table, pairs)
    draw_contributions(bars, table, pairs)
    figure.suptitle("\n".join(words(table)), fontsize=10)
    pictures.warn(curves, [one.text for one in table.warnings], 100)
    pictures.caption(figure, [table])
    return figure


def words(table: Table) -> list[str]:
    """Conductivity, and transport numbers, a few in a line."""
    total = table.value("sigma_total")
    shares = [(one["name"], table.value(f"t_{one['name']}")) for one in table.setting("species")]
    lines = [f"$\\sigma$ = {pictures.as_text(total)}"] if total else []
    parts = [f"t({name}) = {pictures.as_text(share)}" for name, share in shares if share]
    lines += [", ".join(parts[k : k + 3]) for k in range(0, len(parts), 3)]
    return lines or ["no coefficients yet"]


def draw_curves(axes: Axes, table: Table, pairs: list[tuple[str, str]]) -> None:
    lag = table.column("lag")
    fitted = window(table)
    shown = lag <= (LONGER * fitted[1] if fitted else lag[-1]) * (1 + 1e-9)
    for (one, other), color in zip(pairs, pictures.COLORS * len(pairs), strict=False):
        of = table.quantity(f"c_{one}_{other}")
        errors = np.nan_to_num(of.errors)
        axes.fill_between(
            lag[shown], (of.values - errors)[shown], (of.values + errors)[shown], color=color, alpha=0.2, linewidth=0
        )
        style = "-" if one == other else "--"
        axes.plot(lag[shown], of.values[shown], style, color=color, linewidth=1.4, label=f"{one} {other}")
    shade(axes, table, "fit window")
    axes.set(
        xlabel="lag, ps", ylabel="product of summed displacements\nover $\\sqrt{n n'}$, \u00c5$^2$", xlim=(0, None)
    )
    axes.legend(frameon=False, fontsize=8, ncols=2)


def draw_contributions(axes: Axes, table: Table, pairs: list[tuple[str, str]]) -> None:
    name = "sigma" if table.value("sigma_total") else "D"
    found = [table.value(f"{name}_{one}_{other}") for one, other in pairs]
    if not all(found):
        axes.set_axis_off()
        return
    heights = [value.value for value in found if value]
    errors = [value.error or 0.0 for value in found if value]
    colors = [color for _, color in zip(pairs, pictures.COLORS * len(pairs), strict=False)]
    axes.bar(range(len(pairs)), heights, yerr=errors, color=colors, width=0.7, capsize=3, error_kw={"linewidth": 0.9})
    axes.axhline(0.0, color="0.4", linewidth=0.8)
    labels = [one if one == other else f"{one}\n{other}" for one, other in pairs]
    axes.set_xticks(range(len(pairs)), labels, fontsize=8, rotation=90 if len(pairs) > 6 else 0)
    unit = pictures.pretty(next(value.unit for value in found if value))
    what = "contribution to $\\sigma$" if name == "sigma" else "collective D"
    axes.set_ylabel(f"{what}, {unit}")


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE")


def run(arguments: Namespace) -> None:
    files, targets = pictures.split_files(arguments)
    if len(files) != 1:
        raise InputError(f"one file makes a picture, got {len(files)}: draw each by itself")
    pictures.save(draw(read(files[0], ONSAGER)), targets, files)
