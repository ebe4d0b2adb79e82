# SPDX-License-Identifier: MIT
"""Draw what fix ion/rdf measured: g(r) and the running coordination number.

deepion plot rdf rdf.dat rdf.png
deepion plot rdf Ti00.dat Ti10.dat rdf        rdf.png and rdf.svg, a curve for each

FILE is what the keyword file of the fix names. Bands are one standard error.
"""

from argparse import ArgumentParser, Namespace

from matplotlib.figure import Figure

from deepion.results.tables import RDF, Table, read

from . import pictures


def draw(tables: list[Table]) -> Figure:
    """The picture: g(r) above, n(r) below."""
    figure = Figure(figsize=(7.5, 7.0), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    for table, color in zip(tables, pictures.COLORS * 9, strict=False):
        middle = table.column("r")
        edge = middle + middle[0]  # n counts up to the outer edge of a shell, and the first shell begins at 0
        for axes, name, r in ((upper, "g", middle), (lower, "n", edge)):
            quantity = table.quantity(name)
            axes.plot(r, quantity.values, color=color, linewidth=1.3, label=table.label)
            pictures.band(axes, r, quantity, color)
    upper.axhline(1, color="0.6", linewidth=0.6, zorder=0)
    upper.set_ylabel("g(r)")
    lower.set_ylabel("n(r), neighbors within r")
    lower.set_xlabel("r, Å")
    lower.set_xlim(0, max(table.column("r")[-1] for table in tables))
    for axes in (upper, lower):
        axes.set_ylim(bottom=0)
    upper.legend(frameon=False, fontsize=8)
    pictures.warn(upper, [one.text for table in tables for one in table.warnings], 90)
    pictures.caption(figure, tables)
    return figure


def add_arguments(command: ArgumentParser) -> None:
    pictures.add_files(command, "FILE...")


def run(arguments: Namespace) -> None:
    files, targets = pictures.split_files(arguments)
    tables = [read(path, RDF) for path in files]
    pictures.save(draw(tables), targets, [table.path for table in tables])
