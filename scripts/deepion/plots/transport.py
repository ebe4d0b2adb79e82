# SPDX-License-Identifier: MIT
"""Draw what fix ion/transport measured: mean-square displacement, its slope beta and the non-Gaussian parameter against lag.

deepion plot transport transport.dat msd.png
deepion plot transport 300K.dat 400K.dat 500K.dat msd            msd.png and msd.svg, all temperatures

FILE is what the keyword file of the fix names; a table of deepion-merge serves as well. Bands are one standard error; where it is not known yet there is none.
"""

from argparse import ArgumentParser, Namespace

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from deepion.results.tables import TRANSPORT, Table, Value, read

from . import pictures

# With more files than these, x, y and z would only hide each other.
MOST_WITH_AXES = 3


def temperature(table: Table) -> float | None:
    value = table.value("temperature") or table.value("temperature_kinetic")
    return value.value if value else None


def labels(tables: list[Table]) -> list[str]:
    """Temperatures; what has none, or shares it, is called by its title or file."""
    kelvin = [temperature(table) for table in tables]
    names = [table.label if value is None else f"{value:.0f} K" for table, value in zip(tables, kelvin, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{name} ({table.path.stem})" for name, table in zip(names, tables, strict=True)]
    return names


def window(table: Table) -> tuple[float, float] | None:
    """Lags of the fitted line, ps."""
    first, last = table.value("fit_from"), table.value("fit_to")
    return (first.value, last.value) if first and last else None


def draw(tables: list[Table]) -> Figure:
    """The picture of all tables."""
    tables = sorted(tables, key=lambda table: temperature(table) or 0.0)
    alone = len(tables) == 1
    kelvin = [temperature(table) for table in tables]
    known = [value for value in kelvin if value is not None]
    order = known if len(known) == len(tables) else [float(k) for k in range(len(tables))]
    colors = pictures.COLORS[:1] if alone else pictures.scale_colors(order)
    figure = Figure(figsize=(7.2, 8.4) if alone else (9.6, 8.4), layout="constrained")
    msd, beta, gauss = figure.subplots(3, 1, sharex=True, height_ratios=(2.4, 1, 1))
    handles = []
    for table, name, color in zip(tables, labels(tables), colors, strict=True):
        draw_msd(msd, table, name, color, alone, len(tables) <= MOST_WITH_AXES)
        lag = table.column("lag")
        slope, other = table.column("beta"), table.column("non_gaussian")
        beta.plot(lag[slope != 0], slope[slope != 0], color=color, label=name)
        gauss.plot(lag, other, color=color, label=name)
        handles.append(Line2D([], [], color=color, label=f"{name}: {diffusion(table)}"))
    guide(msd, tables)
    beta.axhspan(0.95, 1.05, color="0.5", alpha=0.3, linewidth=0)
    beta.axhline(1.0, color="0.4", linewidth=0.8)
    gauss.axhline(0.0, color="0.4", linewidth=0.8)
    low, high = beta.get_ylim()
    beta.set_ylim(min(low, 0.85), max(high, 1.15))
    msd.set(xscale="log", yscale="log", ylabel="mean-square displacement, \u00c5$^2$")
    beta.set_ylabel("slope $\\beta$\n(band: |$\\beta-1$| < 0.05)")
    gauss.set(xlabel="lag, ps", ylabel="non-Gaussian\nparameter")
    if alone:
        figure.suptitle(handles[0].get_label(), fontsize=11)
        for axes in (beta, gauss):
            shade(axes, tables[0])
        msd.legend(frameon=False, fontsize=8)
    else:
        # slowest at the bottom, as the curves lie
        figure.legend(handles=[*handles[::-1], *styles(tables)], loc="outside right upper", frameon=False, fontsize=8)
    pictures.warn(msd, [one.text for one in tables[0].warnings] if alone else notes(tables), 100 if alone else 115)
    pictures.caption(figure, tables)
    return figure


def draw_msd(axes: Axes, table: Table, name: str, color, alone: bool, with_axes: bool) -> None:
    """The curves of one table: its sum over the axes, each axis, and that of the collective displacement."""
    lag, msd = table.column("lag"), table.quantity("msd")
    pictures.band(axes, lag, msd, color)
    axes.plot(lag, msd.values, color=color, linewidth=1.6, label="MSD, all ions" if alone else name)
    if with_axes:
        for axis, own in zip("xyz", pictures.COLORS[1:], strict=False):
            axes.plot(
                lag,
                table.column(f"msd_{axis}"),
                color=own if alone else color,
                linewidth=0.7,
                label=f"along {axis}" if alone else f"_{name} {axis}",
            )
    axes.plot(
        lag,
        table.column("msd_collective"),
        color="0.25" if alone else color,
        linestyle="--",
        linewidth=1.0,
        label="collective, per ion" if alone else f"_{name} collective",
    )
    if alone:
        shade(axes, table, "fit window")
    elif fitted := window(table):
        inside = (lag >= fitted[0] - 1e-9) & (lag <= fitted[1] + 1e-9)
        axes.plot(lag[inside], msd.values[inside], color=color, linewidth=4, alpha=0.35, label=f"_{name} fit window")


def shade(axes: Axes, table: Table, label: str | None = None) -> None:
    if fitted := window(table):
        axes.axvspan(*fitted, color="#F0E442", alpha=0.3, linewidth=0, label=label)


def guide(axes: Axes, tables: list[Table]) -> None:
    """A line of slope 1 above the fastest curve, over its window and as much again on both sides."""
    fastest = max(tables, key=lambda table: table.column("msd").max())
    lag, msd = fastest.column("lag"), fastest.column("msd")
    start, end = window(fastest) or (lag[len(lag) // 2], lag[-1])
    start, end = max(start / 2, lag[0]), min(end * 2, lag[-1])
    inside = (lag >= start) & (lag <= end)
    above = 1.6 * (msd[inside] / lag[inside]).max()
    axes.plot([start, end], [above * start, above * end], color="0.4", linestyle=":", linewidth=1.2, label="slope 1")


def styles(tables: list[Table]) -> list[Line2D]:
    """Entries of the legend that say what the kinds of lines are."""
    lines = [
        Line2D([], [], color="0.3", linewidth=4, alpha=0.35, label="fit window"),
        Line2D([], [], color="0.3", linestyle="--", linewidth=1.0, label="collective, per ion"),
        Line2D([], [], color="0.4", linestyle=":", linewidth=1.2, label="slope 1"),
    ]
    thin = [Line2D([], [], color="0.3", linewidth=0.7, label="along x, y, z")]
    return [*lines, *(thin if len(tables) <= MOST_WITH_AXES else [])]


def notes(tables: list[Table]) -> list[str]:
    """Warnings after the names of the tables that have them."""
    whose: dict[str, list[str]] = {}
    for table, name in zip(tables, labels(tables), strict=True):
        for warning in table.warnings:
            whose.setdefault(warning.text, []).append(name)
    return [f"{', '.join(names)}: {warning}" for warning, names in whose.items()]


def diffusion(table: Table) -> str:
    found: Value | None = table.value("D")
    return f"D = {pictures.as_text(found)}" if found else "no diffusion coefficient yet"


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE...")


def run(arguments: Namespace) -> None:
    files, targets = pictures.split_files(arguments)
    tables = [read(path, TRANSPORT) for path in files]
    pictures.save(draw(tables), targets, [table.path for table in tables])
