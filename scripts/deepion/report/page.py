# SPDX-License-Identifier: MIT
"""The page: pictures and numbers of everything that was found, as HTML that needs nothing beside itself."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure
from tqdm import tqdm

from deepion.errors import DeepionError
from deepion.plots import arrhenius, coordination, history, rdf, transport, vdos
from deepion.results.tables import COORDINATION, HISTORY, LADDER, RDF, TRANSPORT, VDOS, Table

from .collect import Found
from .remarks import all_remarks

MOST_TOGETHER = 8  # curves in one picture
MOST_COLUMNS = 8  # numbers beside each other: more would need a wider page
PREDICT = 300.0  # K
HEADINGS = {
    LADDER: "Temperatures",
    TRANSPORT: "Mean-square displacement and diffusion",
    HISTORY: "Convergence",
    COORDINATION: "Coordination",
    RDF: "Radial distribution functions",
    VDOS: "Vibrations",
}


@dataclass(frozen=True)
class Drawing:
    """How tables of a kind are drawn: whether one has anything to draw, and how many go into one picture."""

    draw: Callable[[list[Table]], Figure]
    anything: Callable[[Table], bool] = lambda _: True
    together: int = MOST_TOGETHER


DRAWINGS = {
    LADDER: Drawing(
        lambda some: arrhenius.draw(some[0], PREDICT), lambda table: bool((table.column("fit_to") > 0).any()), 1
    ),
    TRANSPORT: Drawing(transport.draw),
    HISTORY: Drawing(history.draw, lambda table: bool(table.column("D").any())),
    COORDINATION: Drawing(lambda some: coordination.draw(some, [])),
    RDF: Drawing(rdf.draw),
    VDOS: Drawing(vdos.draw, together=4),
}


def page(found: Found) -> str:
    """The whole report."""
    ready = [
        {"name": path.stem, "data": encoded(path.read_bytes())} for path in sorted(found.folder.glob("results/*.png"))
    ]
    results = {kind: [t for t in tables if in_results(found, t)] for kind, tables in found.tables.items()}
    shown = results if any(results.values()) else found.tables
    kinds = [kind for kind in HEADINGS if shown.get(kind)]
    environment = Environment(
        loader=PackageLoader("deepion.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        title=f"{found.folder.resolve().name}: ion transport, coordination, vibrations",
        remarks=all_remarks(found),
        errors=found.errors,
        ready=ready,
        sections=[section(found, kind, shown[kind], not ready) for kind in tqdm(kinds, unit="kind", disable=None)],
        origins=origins(found, [table for kind in kinds for table in shown[kind]]),
    )


def in_results(found: Found, table: Table) -> bool:
    """Whether it is one of a study's joined results: then the tables of single runs are not shown."""
    return table.path.is_relative_to(found.folder / "results")


def section(found: Found, kind: str, tables: list[Table], drawn: bool) -> dict[str, Any]:
    """Pictures and numbers of all tables of a kind."""
    pictures, notes = pictures_of(found, kind, tables) if drawn else ([], [])
    listed = [] if kind == HISTORY else [numbers(found, table) for table in tables]
    return {"heading": HEADINGS[kind], "pictures": pictures, "notes": notes, "tables": listed}


def pictures_of(found: Found, kind: str, tables: list[Table]) -> tuple[list[str], list[str]]:
    """Pictures of all tables of a kind, and why others are missing. Warnings are on the page already."""
    drawing, pictures, notes = DRAWINGS[kind], [], []
    quiet = [replace(table, head=table.head | {"warnings": []}) for table in tables]
    empty: list[Table] = []
    full: list[Table] = []
    for table in quiet:
        try:
            (full if drawing.anything(table) else empty).append(table)
        except DeepionError as error:
            notes.append(str(error))
    if empty:
        notes.append(
            f"nothing to draw yet: no diffusion coefficient in {', '.join(found.names[t.path] for t in empty)}"
        )
    for first in range(0, len(full), drawing.together):
        try:
            pictures.append(drawn_png(drawing.draw(full[first : first + drawing.together])))
        except DeepionError as error:
            notes.append(str(error))
    return pictures, notes


def drawn_png(figure: Figure) -> str:
    data = io.BytesIO()
    figure.savefig(data, dpi=110, format="png")
    return encoded(data.getvalue())


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def numbers(found: Found, table: Table) -> dict[str, Any]:
    """Results of a table, and its rows where they are few."""
    results = [
        {"label": one["label"], "value": as_text(one["value"], one["error"]), "unit": one["unit"]}
        for one in table.quantities.values()
        if one["value"] is not None and table.kind != COORDINATION
    ]
    parts = turned(table) if table.kind in (LADDER, COORDINATION) else []
    return {"name": found.names[table.path], "results": results, "parts": parts}


def turned(table: Table) -> list[list[list[str]]]:
    """The rows of a table beside each other, some at a time: a line for each quantity, with its error."""
    parts = []
    names = [column.quantity for column in table.columns if column.error_of is None]
    for first in range(0, len(table.rows), MOST_COLUMNS):
        part = []
        for name in names:
            of = table.quantity(name)
            some = zip(of.values, of.errors, strict=True)
            cells = [as_text(value, None if np.isnan(error) else error) for value, error in some]
            part.append([f"{name}, {of.unit}" if of.unit else name, *cells[first : first + MOST_COLUMNS]])
        parts.append(part)
    return parts


def as_text(value: float, error: float | None) -> str:
    """A number with its error, both with digits that mean something."""
    return f"{value:.5g}" if error is None else f"{value:.5g} \u00b1 {error:.2g}"


def origins(found: Found, tables: list[Table]) -> list[str]:
    """Versions, atoms, models and joined files of all tables, each once, with the tables that they belong to."""
    whose: dict[str, list[str]] = {}
    for table in tables:
        joined = [f"joined from {', '.join(table.joined)}"] if table.joined else []
        whose.setdefault("\n".join([*table.origin, *joined, *table.models]), []).append(found.names[table.path])
    return [f"{origin}\nfiles: {', '.join(names)}" for origin, names in whose.items()]


def write(found: Found, path: Path) -> None:
    path.write_text(page(found), encoding="utf-8")
