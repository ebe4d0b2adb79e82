# SPDX-License-Identifier: MIT
"""What was found, on one screen: the numbers that one asks for first, with their errors and doubts.

A further number is one more entry of COLUMNS.
"""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import numpy as np

from deepion.errors import DeepionError
from deepion.plots import arrhenius_comparison
from deepion.results.rounding import plain, power_of, scaled, unit_of
from deepion.results.tables import (
    COORDINATION,
    DENSITY,
    HISTORY,
    HOPS,
    LADDER,
    POLYHEDRA,
    TRANSPORT,
    VDOS,
    Table,
    Value,
)

from .collect import TEMPERATURE, Found
from .remarks import remarks_of


@dataclass(frozen=True)
class Column:
    """A number of a table of some kind, and what to say beside it where there is room."""

    symbol: str  # _ before an index
    name: str
    kind: str
    value: Callable[[Table], Value | None]
    notes: Callable[[Table], list[str]] = lambda _: []
    large: bool = True  # shown by itself where there is one line
    unknown: str = ""  # what to say instead of a number that the table does not have yet


@dataclass(frozen=True)
class Number:
    """A number as it is shown large."""

    symbol: str
    name: str
    text: str
    notes: list[str] = field(default_factory=list)
    system: str = ""  # what it belongs to, where there are several


@dataclass(frozen=True)
class Line:
    """All that was found of one run, or of runs that were joined."""

    label: str
    tables: dict[str, Table]  # by kind
    values: list[Value | None]  # one for each column
    doubts: list[str]  # codes of warnings, as words


@dataclass(frozen=True)
class Findings:
    """What a page opens with."""

    columns: list[Column]  # of which any line has a number
    lines: list[Line]
    numbers: list[Number]  # shown large: all, where there is one line, and activation energies

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Units and, for each line, its numbers in them: one power of ten for a whole column, where that can be read."""
        units, columns = [], []
        for k in range(len(self.columns)):
            values = [value for line in self.lines if (value := line.values[k])]
            sizes = [abs(value.value) for value in values if value.value] or [1.0]
            alike = len({value.unit for value in values}) == 1 and max(sizes) < 1e4 * min(sizes)
            power = power_of(min(sizes)) if max(sizes) < 0.01 or min(sizes) >= 1e4 else 0
            units.append(unit_of(values[0].unit, power) if alike else "")
            columns.append(
                [
                    (scaled(v, power) if alike else plain(v)) if v else ""
                    for v in (line.values[k] for line in self.lines)
                ]
            )
        return units, [list(row) for row in zip(*columns, strict=True)]


def cell(value: Value | None, power: int | None, unsure: str) -> str:
    """A number of a column, in units of 10^power or by itself; `unsure` says that its error is not known."""
    if value is None:
        return ""
    return (plain(value) if power is None else scaled(value, power)) + ("" if value.error else unsure)


def temperature(table: Table) -> Value | None:
    return table.value("temperature") or table.value("temperature_kinetic")


def of_diffusion(table: Table) -> list[str]:
    """How D was found."""
    notes = []
    d, first, last = (table.value(name) for name in ("D", "fit_from", "fit_to"))
    if d and d.error and d.value:
        notes.append(f"known to {100 * d.error / abs(d.value):.2g} %")
    if first and last:
        notes.append(f"lags of {first.value:g} to {last.value:g} ps")
    if beta := table.value("beta"):
        notes.append(f"\u03b2 = {beta.value:.3g}")
    if (blocks := table.value("blocks")) and (source := table.head["settings"].get("errors_from")):
        notes.append(f"error from {blocks.value:g} {source.replace('_', ' ')}")
    return notes


def of_conductivity(table: Table) -> list[str]:
    """What else there is on the conductivity."""
    notes = [f"at {kelvin.value:g} K"] if (kelvin := table.value("temperature")) else []
    if collective := table.value("sigma_collective"):
        notes.append(f"collective: {plain(collective)}")
    if haven := table.value("haven"):
        notes.append(f"Haven ratio {plain(haven)}")
    return notes


def steady(table: Table) -> int:
    """The row of the cutoff where the mean coordination number changes least with it."""
    cutoffs, mean = table.column("rcut"), table.column("mean_n")
    return int(np.argmin(np.abs(np.gradient(mean, cutoffs)))) if len(cutoffs) > 1 else 0


def coordination_number(table: Table) -> Value | None:
    of, k = table.quantity("mean_n"), steady(table)
    return Value(of.values[k], None if np.isnan(of.errors[k]) else of.errors[k], "") if of.values.any() else None


def of_coordination(table: Table) -> list[str]:
    """At which cutoff, and how much it matters."""
    cutoffs, mean, k = table.column("rcut"), table.column("mean_n"), steady(table)
    notes = [f"within {cutoffs[k]:g} \u00c5" + (", where it changes least with the cutoff" if len(cutoffs) > 1 else "")]
    if len(cutoffs) > 1:
        notes.append(f"{mean[0]:.3g} to {mean[-1]:.3g} within {cutoffs[0]:g} to {cutoffs[-1]:g} \u00c5")
    return notes


def of_hops(table: Table) -> list[str]:
    """How far, and how many lead back; what counts as a hop."""
    notes = [f"{plain(length)} long"] if (length := table.value("length")) else []
    if returns := table.value("returns"):
        notes.append(f"share that returns: {plain(returns)}")
    span = table.setting("window") * table.setting("every") * table.setting("timestep_ps")
    notes.append(f"changes of cage by {table.setting('cut_A'):g} \u00c5 in a window of {span:g} ps")
    return notes


def of_paths(table: Table) -> list[str]:
    """What the height depends on."""
    notes = (
        [f"\u2212kT ln density, voxels of {table.setting('spacing_A'):g} \u00c5"] if table.setting("spacing_A") else []
    )
    if visits := table.value("closing_visits"):
        notes.append(f"closed by a voxel with {visits.value:g} visits")
    return notes


def of_units(table: Table) -> list[str]:
    """The commonest clusters, and how long bonds last."""
    species = sorted(table.series("species"), key=lambda one: -(one["part"] or 0.0))[:3]
    notes = [", ".join(f"{100 * one['part']:.0f} % in {one['name']}" for one in species if one["part"])]
    if life := table.value("bond_lifetime"):
        notes.append(f"a bond lasts {plain(life)}")
    return [note for note in notes if note]


COLUMNS = (
    Column("T", "temperature", TRANSPORT, temperature, large=False),
    Column(
        "D",
        "self-diffusion coefficient",
        TRANSPORT,
        lambda table: table.value("D"),
        of_diffusion,
        unknown="not known yet",
    ),
    Column("\u03c3", "Nernst-Einstein conductivity", TRANSPORT, lambda table: table.value("sigma"), of_conductivity),
    Column(
        "\u03c3_coll",
        "conductivity of all ions together",
        TRANSPORT,
        lambda table: table.value("sigma_collective"),
        large=False,
    ),
    Column("n_c", "coordination number", COORDINATION, coordination_number, of_coordination),
    Column("k_hop", "hop rate of an ion", HOPS, lambda table: table.value("rate"), of_hops),
    Column("F_path", "lowest path through the cell", DENSITY, lambda table: table.value("barrier"), of_paths),
    Column("n_M", "bonds of a center", POLYHEDRA, lambda table: table.value("bonds"), of_units),
    Column("S_vib", "vibrational entropy per atom", VDOS, lambda table: table.value("S_vib_total")),
)


def findings(found: Found, tables: dict[str, list[Table]]) -> Findings:
    """What these tables say."""
    groups = sorted(together(tables), key=lambda group: natural(label_of(found, group)))
    labels = [label_of(found, group) for group in groups]
    lines = []
    for group, label in zip(groups, labels, strict=True):
        if labels.count(label) > 1:
            label += f" ({found.names[next(iter(group.values())).path]})"
        values = [value_of(column, group) for column in COLUMNS]
        doubts = dict.fromkeys(one.code.replace("_", " ") for table in group.values() for one in remarks_of(table))
        if any(values) or doubts:
            lines.append(Line(label, group, values, list(doubts)))
    shown = [k for k in range(len(COLUMNS)) if any(line.values[k] for line in lines)]
    lines = [Line(line.label, line.tables, [line.values[k] for k in shown], line.doubts) for line in lines]
    ladders = tables.get(LADDER, [])
    systems = arrhenius_comparison.labels(ladders) if len(ladders) > 1 else [ladder.title for ladder in ladders]
    large = alone(lines[0].tables) if len(lines) == 1 else []
    large += [one for ladder, name in zip(ladders, systems, strict=True) if (one := energy(ladder, name))]
    return Findings([COLUMNS[k] for k in shown], lines, large)


def together(tables: dict[str, list[Table]]) -> list[dict[str, Table]]:
    """Tables of one run: of one folder and title and, where these have several of a kind, of one temperature in their names."""
    several: dict[Hashable, list[Table]] = {}
    for kind in dict.fromkeys([*(column.kind for column in COLUMNS), HISTORY]):
        for table in tables.get(kind, []):
            several.setdefault((table.path.parent, table.title), []).append(table)
    runs: list[dict[str, Table]] = []
    for some in several.values():
        if one := by_kind(some):
            runs.append(one)
            continue
        groups: dict[Hashable, list[Table]] = {}
        for table in some:
            groups.setdefault(tuple(TEMPERATURE.findall(table.path.name)), []).append(table)
        for group in groups.values():
            one = by_kind(group)
            runs += [one] if one else [{str(table.kind): table} for table in group]
    return runs


def by_kind(tables: list[Table]) -> dict[str, Table] | None:
    """The tables by their kinds; None: there are several of one."""
    kinds = {str(table.kind): table for table in tables}
    return kinds if len(kinds) == len(tables) else None


def label_of(found: Found, group: dict[str, Table]) -> str:
    """The title, else the folder and, where there is none, the file."""
    table = next(iter(group.values()))
    folder = str(table.path.parent.relative_to(found.folder))
    return table.title or (folder if folder != "." else table.path.stem)


def natural(label: str) -> list[tuple[int, float, str]]:
    """So that 900 comes before 1000."""
    parts = re.split(r"(\d+(?:\.\d+)?)", label)
    return [(0, 0.0, part) if k % 2 == 0 else (1, float(part), "") for k, part in enumerate(parts)]


def value_of(column: Column, group: dict[str, Table]) -> Value | None:
    """The number of a column; None: there is none, or its table is damaged, which the page says elsewhere."""
    try:
        return column.value(group[column.kind]) if column.kind in group else None
    except DeepionError:
        return None


def alone(group: dict[str, Table]) -> list[Number]:
    """The numbers of a run, with what there is to say on them."""
    numbers = []
    for column in COLUMNS:
        if column.large and column.kind in group:
            value = value_of(column, group)
            if value is not None:
                unsure = [] if value.error else ["error not known"]
                numbers.append(
                    Number(column.symbol, column.name, plain(value), unsure + column.notes(group[column.kind]))
                )
            elif column.unknown:
                numbers.append(Number(column.symbol, column.name, column.unknown))
    return numbers


def energy(ladder: Table, system: str) -> Number | None:
    """The activation energy of a ladder."""
    value = ladder.value("E_a_sigma") or ladder.value("E_a_D")
    if value is None:
        return None
    kelvin = ladder.column("temperature")[ladder.column("fit_to") > 0]
    notes = [] if value.error else ["error not known"]
    notes += [f"of \u03c3T (Nernst-Einstein), {len(kelvin)} temperatures, {kelvin.min():g} to {kelvin.max():g} K"]
    if predicted := ladder.value("sigma_predicted"):
        notes.append(f"\u03c3({ladder.setting('predict_K'):g} K) = {plain(predicted)} on this line")
    notes += [one.text for one in ladder.warnings if one.code == "extrapolated"]
    return Number("E_a", "activation energy", plain(value), notes, system)
