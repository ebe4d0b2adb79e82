# SPDX-License-Identifier: MIT
"""The page: what was found, pictures and numbers, as HTML that needs nothing beside itself. For reports and for `deepion watch`."""

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from deepion.results.rounding import UNITS, plain
from deepion.results.tables import Table, Value

from .collect import Collector, Found
from .drawings import DRAWINGS, Album, Picture, ready
from .findings import Findings, findings
from .ladders import Ladders
from .remarks import all_remarks
from .runs import ENDED, Pace, Run, count, duration

MOST_COLUMNS = 7  # numbers beside each other: more would need a wider page


@dataclass(frozen=True)
class View:
    """A folder at one moment."""

    found: Found
    shown: dict[str, list[Table]]  # by kind, in the order of the page
    findings: Findings
    remarks: list[str]
    runs: list[Run]
    notes: list[str]  # what could not be made
    when: float  # s since 1970

    @property
    def name(self) -> str:
        return self.found.folder.resolve().name

    @property
    def written(self) -> str:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.when))

    @property
    def state(self) -> object:
        """The same where nothing was written in between."""
        logs = [(name, file.written) for name, file in self.found.logs.items()]
        return logs, self.found.stamps, self.found.unread, [run.state for run in self.runs]


class Study:
    """A folder that is looked at once or again and again; what has not changed is neither read nor drawn again."""

    def __init__(self, folder: Path, live: bool = False):
        self.folder, self.live = folder, live
        self._collector, self._ladders, self._album, self._pace = Collector(folder), Ladders(), Album(), Pace()

    def look(self) -> View:
        """What there is now."""
        now = time.time()
        found = self._collector.collect()
        results = {kind: [t for t in tables if in_results(found, t)] for kind, tables in found.tables.items()}
        if self.live:  # the runs themselves: results are made when they have ended
            found.tables = {
                kind: [t for t in tables if not in_results(found, t)] for kind, tables in found.tables.items()
            }
            found.tables = {kind: tables for kind, tables in found.tables.items() if tables} or results
        notes = self._ladders.join(found)
        tables = results if any(results.values()) and not self.live else found.tables
        shown = {kind: tables[kind] for kind in DRAWINGS if tables.get(kind)}
        return View(
            found,
            shown,
            findings(found, shown),
            all_remarks(found),
            self._pace.runs(found, now),
            notes,
            now,
        )

    def pictures(self, view: View) -> tuple[list[Picture], list[str]]:
        """All pictures, and why others are missing."""
        pictures = list(ready(view.found)) if not self.live else []
        notes = list(view.notes)
        for kind in view.shown if not pictures else ():
            drawn, missing = self._album.pictures(view.found, kind, view.shown[kind])
            pictures += drawn
            notes += missing
        return pictures, notes

    def html(self, view: View, pictures: tuple[list[Picture], list[str]], every: float | None = None) -> str:
        """The page; `every`: it is written anew after so many seconds, and reads itself again."""
        found = view.found
        return template().render(
            title=f"{view.name}: ion transport, coordination, vibrations",
            view=view,
            every=None if every is None else math.ceil(every),
            state=count(view.runs),
            going=[run for run in view.runs if run.state != ENDED],
            ended=[run for run in view.runs if run.state == ENDED],
            pictures=pictures[0],
            notes=pictures[1],
            sections=[] if self.live else [section(found, kind, view.shown[kind]) for kind in view.shown],
            errors=found.errors,
            origins=origins(found, [table for tables in view.shown.values() for table in tables]),
            nothing=nothing(view),
        )


def nothing(view: View) -> str:
    """What to say where there is no number."""
    if view.found.empty:
        return f"Nothing yet: no log of LAMMPS (log.*) and no table of an ion/* fix is in {view.found.folder}"
    return "Nothing yet: no table of an ion/* fix has a result"


def template() -> Any:
    environment = Environment(
        loader=PackageLoader("deepion.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"symbol": symbol, "duration": duration}
    return environment.get_template("page.html.j2")


def symbol(text: str) -> Markup:
    """A name with its index lowered, as in n_c."""
    head, _, index = text.partition("_")
    return Markup("{}<sub>{}</sub>").format(head, index) if index else escape(head)


def in_results(found: Found, table: Table) -> bool:
    """Whether it is one of a study's joined results: then the tables of single runs are not shown."""
    return table.path.is_relative_to(found.folder / "results")


def section(found: Found, kind: str, tables: list[Table]) -> dict[str, Any]:
    """Numbers of all tables of a kind."""
    listed = [numbers(found, table) for table in tables] if DRAWINGS[kind].listed else []
    return {"heading": DRAWINGS[kind].heading, "tables": listed}


def numbers(found: Found, table: Table) -> dict[str, Any]:
    """Results of a table, and its rows where they are few."""
    drawing = DRAWINGS[str(table.kind)]
    results = [
        {
            "label": one["label"],
            "value": as_text(one["value"], one["error"]),
            "unit": UNITS.get(one["unit"], one["unit"]),
        }
        for one in table.quantities.values()
        if one["value"] is not None and not (drawing.rows and "of" in one)
    ]
    return {"name": found.names[table.path], "results": results, "parts": turned(table) if drawing.rows else []}


def turned(table: Table) -> list[list[list[str]]]:
    """The rows of a table beside each other, some at a time: a line for each quantity, with its error."""
    parts = []
    names = [column.quantity for column in table.columns if column.error_of is None]
    count = -(-len(table.rows) // MOST_COLUMNS)
    for rows in np.array_split(np.arange(len(table.rows)), count):
        part = []
        for name in names:
            of = table.quantity(name)
            cells = [as_text(of.values[k], None if np.isnan(of.errors[k]) else of.errors[k]) for k in rows]
            part.append([f"{name}, {UNITS.get(of.unit, of.unit)}" if of.unit else name, *cells])
        parts.append(part)
    return parts


def as_text(value: float, error: float | None) -> str:
    """A number with its error, both with digits that mean something."""
    return f"{value:.5g}" if error is None else plain(Value(value, error, ""))


def origins(found: Found, tables: list[Table]) -> list[str]:
    """Versions, atoms, models and joined files of all tables, each once, with the tables that they belong to."""
    whose: dict[str, list[str]] = {}
    for table in tables:
        joined = [f"joined from {', '.join(table.joined)}"] if table.joined else []
        whose.setdefault("\n".join([*table.origin, *joined, *table.models]), []).append(found.names[table.path])
    return [f"{origin}\nfiles: {', '.join(names)}" for origin, names in whose.items()]


def replace_text(path: Path, text: str) -> None:
    """Write a file as a whole: who reads it at any moment finds the old page or the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
