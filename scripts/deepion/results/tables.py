# SPDX-License-Identifier: MIT
"""Reads the tables and histories that the ion/* fixes and deepion-merge write.

The head of such a file has one line of JSON, `# results {...}`, which holds everything that was found and what the columns are
(doc/styles/output_files.md). The sentences beside it are for people: nothing here reads them.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from deepion.errors import DeepionError

FORMAT, VERSION = "deepion-results", 1
BEGIN = "# results "

TRANSPORT = "the file of fix ion/transport"
ONSAGER = "the onsager file of fix ion/transport"
HISTORY = "the history of fix ion/transport"
LADDER = "the temperatures joined by deepion-merge"
COORDINATION = "the file of fix ion/coordination"
RDF = "the file of fix ion/rdf"
DENSITY = "the file of fix ion/density"
VANHOVE = "the file of fix ion/vanhove"
VANHOVE_SELF = "the self part of fix ion/vanhove"
VANHOVE_DISTINCT = "the distinct part of fix ion/vanhove"
POLYHEDRA = "the file of fix ion/polyhedra"
HOPS = "the file of fix ion/hops"
HOPS_RESIDENCE = "the residence times of fix ion/hops"
HOPS_LADDER = "the hop rates joined by deepion-merge"
VDOS = "the file of fix ion/vdos"
VACF = "the vacf of fix ion/vdos"

# Style and table of each kind, as the file names them, and columns that it must have.
KINDS = {
    TRANSPORT: (("ion/transport", "lags"), {"lag", "msd", "beta"}),
    ONSAGER: (("ion/transport", "onsager"), {"lag", "origins"}),
    HISTORY: (("ion/transport", "history"), {"time", "D", "fit_from"}),
    LADDER: (("ion/transport", "ladder"), {"temperature", "D", "sigma", "fit_to"}),
    COORDINATION: (("ion/coordination", "coordination"), {"rcut", "mean_n", "S_config"}),
    RDF: (("ion/rdf", "rdf"), {"r", "g", "n"}),
    DENSITY: (("ion/density", "density"), {"height", "energy", "volume", "inside", "edges"}),
    VANHOVE: (("ion/vanhove", "vanhove"), {"lag", "Q", "chi4", "ngp"}),
    VANHOVE_SELF: (("ion/vanhove", "self"), {"lag", "r", "P"}),
    VANHOVE_DISTINCT: (("ion/vanhove", "distinct"), {"lag", "r", "gd"}),
    POLYHEDRA: (("ion/polyhedra", "rotation"), {"lag", "C1", "C2", "kept"}),
    HOPS: (("ion/hops", "hops"), {"r", "p"}),
    HOPS_RESIDENCE: (("ion/hops", "residence"), {"from", "to", "p"}),
    HOPS_LADDER: (("ion/hops", "ladder"), {"temperature", "rate"}),
    VDOS: (("ion/vdos", "vdos"), {"nu", "g_total"}),
    VACF: (("ion/vdos", "vacf"), {"lag", "vacf_total"}),
}
NAMES = {key: name for name, (key, _) in KINDS.items()}


class TableError(DeepionError):
    """A file that is no table of deepion, or not the one that was expected."""


@dataclass(frozen=True)
class Value:
    """A result with its standard error, None: not known."""

    value: float
    error: float | None
    unit: str


@dataclass(frozen=True)
class Quantity:
    """A column with its standard errors, NaN: not known."""

    values: np.ndarray
    errors: np.ndarray
    unit: str


@dataclass(frozen=True)
class Warned:
    """Something the user must know to read the numbers; the code stays the same when the text is improved."""

    code: str
    text: str


@dataclass(frozen=True)
class Column:
    """What a column holds; `error_of`: name of the column that it is the standard error of."""

    name: str
    quantity: str
    unit: str
    meaning: str
    error_of: str | None


@dataclass(frozen=True)
class Table:
    """What a file holds."""

    path: Path
    head: dict[str, Any]  # the line `# results`
    columns: tuple[Column, ...]
    rows: np.ndarray  # one number per column

    @property
    def title(self) -> str:
        return self.head["title"]

    @property
    def label(self) -> str:
        return self.title or self.path.stem

    @property
    def kind(self) -> str | None:
        """Which of KINDS it is."""
        return NAMES.get((self.head["style"], self.head["table"]))

    @property
    def origin(self) -> list[str]:
        """Where the numbers come from: versions and atoms."""
        style, name = self.head["style"], self.head["id"]
        begin = f"deepion {self.head['deepion']}, " + (f"fix {style} {name}" if name else style)
        if self.joined:
            return [begin]
        origin = self.head["provenance"]
        lines = [begin]
        if origin["lammps"]:
            lines.append(f"LAMMPS {origin['lammps']}" + (f", units {origin['units']}" if origin["units"] else ""))
        if origin["group"]:
            lines.append(f"group {origin['group']}: {origin['ions']} of {origin['atoms']} atoms")
        return lines + origin["notes"]

    @property
    def joined(self) -> list[str]:
        """Saved states that deepion-merge joined."""
        return self.head["settings"].get("states", [])

    @property
    def models(self) -> list[str]:
        """The models that were used, with their first steps where there are several."""
        models = [(f"model sha256 {m['sha256']}", m["from_step"]) for m in self.head["models"] if m["sha256"]]
        return [f"{model} from step {step}" if len(models) > 1 else model for model, step in models]

    @cached_property
    def warnings(self) -> list[Warned]:
        return [Warned(one["code"], one["text"]) for one in self.head["warnings"]]

    @cached_property
    def quantities(self) -> dict[str, dict[str, Any]]:
        """All results by name, with the keys label, value, error, unit and, where there are several of a kind, of."""
        return {one["name"]: one for one in self.head["quantities"]}

    def value(self, name: str) -> Value | None:
        """A result by name; None: there is none, or it is not available yet."""
        found = self.quantities.get(name)
        if found is None or found["value"] is None:
            return None
        return Value(found["value"], found["error"], found["unit"])

    def need(self, name: str) -> Value:
        """The same, where it must be there."""
        found = self.value(name)
        if found is None:
            raise TableError(f"{self.path} has no result {name} yet")
        return found

    def setting(self, name: str) -> Any:
        """What was asked for."""
        if name not in self.head["settings"]:
            raise TableError(f"{self.path} is damaged: it has no setting {name}")
        return self.head["settings"][name]

    def series(self, name: str) -> list[Any]:
        """A list that is neither results nor rows, such as peaks."""
        return self.head.get("series", {}).get(name, [])

    def has(self, name: str) -> bool:
        """Whether there is a column of that quantity."""
        return any(column.quantity == name and column.error_of is None for column in self.columns)

    def column(self, name: str) -> np.ndarray:
        """The values of a quantity in all rows."""
        return self.quantity(name).values

    def quantity(self, name: str) -> Quantity:
        """The values of a quantity in all rows, with their standard errors."""
        found = [k for k, c in enumerate(self.columns) if c.quantity == name and c.error_of is None]
        if not found:
            has = ", ".join(column.quantity for column in self.columns if column.error_of is None)
            raise TableError(f"{self.path} has no column {name}; it has {has}")
        column = self.columns[found[0]]
        of_errors = [k for k, c in enumerate(self.columns) if c.error_of == column.name]
        values = self.rows[:, found[0]]
        errors = self.rows[:, of_errors[0]] if of_errors else np.zeros_like(values)
        return Quantity(values, np.where(errors > 0, errors, np.nan), column.unit)


def read(path: Path, kind: str) -> Table:
    """Read a table of one of KINDS."""
    table = read_any(path)
    if table.kind != kind:
        raise TableError(f"{path}: expected {kind}, but it is {table.kind or 'another table: ' + table.head['style']}")
    if missing := [name for name in KINDS[kind][1] if not table.has(name)]:
        raise TableError(f"{path} is damaged: it has no column {', '.join(sorted(missing))}")
    if not len(table.rows):
        raise TableError(f"{path} has no rows yet")
    return table


def read_any(path: Path) -> Table:
    """Read a table, whatever its columns are."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise TableError(f"{path} is no text file: expected a table of an ion/* fix or of deepion-merge") from None
    except OSError as error:
        raise TableError(f"cannot read {path}: {error.strerror}") from None
    lines = text.splitlines()
    end = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head, columns = checked(path, lines[:end])
    if head["table"] == "history" and not text.endswith("\n") and len(lines) > end:
        lines.pop()  # rows of a history are appended: the last one may just be being written
    return Table(path, head, columns, numbers(path, lines[end:], end + 1, len(columns)))


def checked(path: Path, lines: list[str]) -> tuple[dict[str, Any], tuple[Column, ...]]:
    """The line `# results`, with everything that is read from it."""
    found = [line.removeprefix(BEGIN) for line in lines if line.startswith(BEGIN)]
    if not found:
        old = any(line.startswith("# column 1: ") for line in lines)
        raise TableError(
            f"{path} is no table of this version of deepion: no line '{BEGIN}{{...}}' above the data; "
            + ("it was written before version 0.2" if old else "expected what an ion/* fix or deepion-merge writes")
        )
    if len(found) > 1:
        raise TableError(f"{path} is damaged: {len(found)} lines '{BEGIN}{{...}}', but one was expected")
    try:
        head = json.loads(found[0])
        version = (head["format"], head["version"])
        if version != (FORMAT, VERSION):
            raise TableError(
                f"{path} has format {version[0]} {version[1]}, this deepion reads {FORMAT} {VERSION}: "
                "take the version of deepion that wrote it"
            )
        complete(head)
        columns = tuple(
            Column(c["name"], c["quantity"], c["unit"], c["meaning"], c["error_of"]) for c in head["columns"]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"no key {error}" if isinstance(error, KeyError) else str(error)
        raise TableError(f"{path} is damaged: its line '{BEGIN}{{...}}' cannot be read: {what}") from None
    return head, columns


def complete(head: dict[str, Any]) -> None:
    """Raise where a key is missing, or has a value of another kind."""
    texts = [head[key] for key in ("style", "table", "deepion", "id", "title")]
    texts += [one[key] for one in head["warnings"] for key in ("code", "text")]
    texts += [one[key] for one in head["columns"] for key in ("name", "quantity", "unit", "meaning")]
    texts += [one[key] for one in head["quantities"] for key in ("name", "label", "unit")]
    texts += [one["sha256"] for one in head["models"]]
    origin = head["provenance"]
    texts += [origin[key] for key in ("lammps", "units", "group")] + list(origin["notes"])
    if wrong := next((text for text in texts if not isinstance(text, str)), None):
        raise ValueError(f"expected a text, got {wrong!r}")
    values = [one[key] for one in head["quantities"] for key in ("value", "error")]
    values += [one["from_step"] for one in head["models"]] + [origin["ions"], origin["atoms"]]
    if wrong := next((x for x in values if x is not None and not isinstance(x, int | float)), None):
        raise ValueError(f"expected a number, got {wrong!r}")


def numbers(path: Path, lines: list[str], first: int, width: int) -> np.ndarray:
    """Rows of numbers; `first`: number of the first line in the file."""
    rows = []
    for number, line in enumerate(lines, first):
        try:
            row = [float(word) for word in line.split()]
        except ValueError:
            raise TableError(f"{path}, line {number}: expected {width} numbers, got '{line[:60]}'") from None
        if len(row) != width:
            raise TableError(f"{path}, line {number}: expected {width} numbers, one per column, got {len(row)}")
        rows.append(row)
    return np.array(rows).reshape(len(rows), width)
