"""Reads the tables that the ion/* fixes and deepion-merge write.

Lines before the data begin with '#': where they come from, results in words ('name = value +- error unit'), one line
'column K: NAME: meaning' for each column, and last the column names. Then rows of numbers.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepion.errors import DeepionError

TRANSPORT = "the file of fix ion/transport"
HISTORY = "the history of fix ion/transport"
LADDER = "the temperatures joined by deepion-merge"
COORDINATION = "the file of fix ion/coordination"
RDF = "the file of fix ion/rdf"
VDOS = "the file of fix ion/vdos"
VACF = "the vacf of fix ion/vdos"

# Columns by which a table is told from the others.
KINDS = {
    TRANSPORT: {"lag_ps", "msd_A^2", "beta"},
    HISTORY: {"step", "time_ps", "fit_from_ps"},
    LADDER: {"temperature_K", "1000/T_1/K"},
    COORDINATION: {"rcut_A", "mean_n"},
    RDF: {"r_A", "g", "n"},
    VDOS: {"nu_THz", "g_total_1/THz"},
    VACF: {"lag_ps", "vacf_total"},
}

UNITS = ["cm^2/s", "m^2/s", "S/cm", "S/m", "A^2", "A^3", "A", "ps", "kB", "1/THz", "THz", "1/cm", "K", "1"]

NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|inf|NaN)"
BEGIN = re.compile(r"deepion \d\S*, ")
ORIGIN = ("LAMMPS ", "group ", "neighbors: ", "model ", "  ")


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
class Table:
    """What a file holds."""

    path: Path
    title: str
    provenance: list[str]  # versions, atoms, model
    summary: list[str]  # results in words, warnings
    columns: dict[str, np.ndarray]
    meanings: dict[str, str]

    @property
    def label(self) -> str:
        return self.title or self.path.stem

    @property
    def kind(self) -> str | None:
        """Which of KINDS it is."""
        return next((name for name, keys in KINDS.items() if keys <= set(self.columns)), None)

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.summary if "WARNING: " in line]

    def value(self, name: str) -> Value | None:
        """The first 'NAME = value +- error unit' of the summary."""
        pattern = rf"{re.escape(name)} = ({NUMBER})(?: \+- ({NUMBER})| \(error not known[^)]*\))?(?: (.*))?"
        for line in self.summary:
            if found := re.fullmatch(pattern, line):
                value, error, unit = found.groups()
                known = error is not None and float(error) > 0
                return Value(float(value), float(error) if known else None, unit or "")
        return None

    def need(self, name: str) -> Value:
        """The same, where it must be there."""
        found = self.value(name)
        if found is None:
            raise TableError(f"{self.path} has no result '{name}' yet")
        return found

    def quantity(self, name: str) -> Quantity:
        """A column by its name without the unit, with the column of its standard errors."""
        for unit in UNITS:
            if (values := self.columns.get(f"{name}_{unit}")) is not None:
                break
        else:
            unit, values = "", self.columns.get(name)
        if values is None:
            raise TableError(f"{self.path} has no column {name}; it has {', '.join(self.columns)}")
        named = (f"{name}_se_{unit}", f"{name}_{unit}_se", f"{name}_se")
        errors = next((self.columns[key] for key in named if key in self.columns), np.zeros_like(values))
        return Quantity(values, np.where(errors > 0, errors, np.nan), unit)


def read(path: Path, kind: str) -> Table:
    """Read a table of one of KINDS."""
    table = read_any(path)
    if not KINDS[kind] <= set(table.columns):
        what = f"it is {table.kind}" if table.kind else f"its columns are {', '.join(table.columns)}"
        raise TableError(f"{path}: expected {kind}, but {what}")
    if not len(next(iter(table.columns.values()))):
        raise TableError(f"{path} has no rows yet")
    return table


def read_any(path: Path) -> Table:
    """Read a table, whatever its columns are."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise TableError(f"{path} is no text file: expected a table of an ion/* fix or of deepion-merge") from None
    except OSError as error:
        raise TableError(f"cannot read {path}: {error.strerror}") from None
    end = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    header = [line[1:].removeprefix(" ") for line in lines[:end]]
    begin = next((k for k, line in enumerate(header) if line.startswith("column 1: ")), None)
    if begin is None:
        raise TableError(
            f"{path} is no table of deepion: no line '# column 1: NAME: meaning' before the data; "
            "expected what an ion/* fix writes with file or history, or deepion-merge with --out"
        )
    meanings = column_meanings(path, header[begin:])
    title, provenance, summary = parts(header[:begin])
    data = numbers(path, lines[end:], end + 1, len(meanings))
    return Table(path, title, provenance, summary, dict(zip(meanings, data.T, strict=True)), meanings)


def parts(header: list[str]) -> tuple[str, list[str], list[str]]:
    """Title, origin and results among the lines above the columns."""
    version = next((k for k, line in enumerate(header) if BEGIN.match(line)), None)
    if version is None:
        return "", [], header
    end = version + 1
    while end < len(header) and header[end].startswith(ORIGIN):
        end += 1
    return " ".join(header[:version]), header[version:end], header[end:]


def column_meanings(path: Path, lines: list[str]) -> dict[str, str]:
    """Names and meanings of columns from the lines on them, which the line of all names must agree with."""
    described = [re.fullmatch(r"column (\d+): (\S+): (.*)", line) for line in lines[:-1]]
    names = [found[2] for found in described if found]
    numbered = [int(found[1]) for found in described if found] == list(range(1, len(lines)))
    if not numbered or names != lines[-1].split() or len(set(names)) < len(names):
        raise TableError(
            f"{path} is damaged: the last line with # before the data should hold the names of columns 1 to "
            f"{len(names)} described above it"
        )
    return {found[2]: found[3] for found in described if found}


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
