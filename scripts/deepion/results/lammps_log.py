# SPDX-License-Identifier: MIT
"""Reads thermo output from logs of LAMMPS (thermo_style one or custom), also of runs that have not ended.

LogFile of LAMMPS' Python package leaves out a run without its line 'Loop time', and fails on a line that a kill cut off.
"""

from dataclasses import dataclass
from pathlib import Path

from deepion.errors import InputError


@dataclass(frozen=True)
class Thermo:
    """The thermo output of one run."""

    columns: dict[str, list[float]]
    finished: bool  # LAMMPS wrote 'Loop time'


@dataclass(frozen=True)
class Log:
    """A log: its text without a last line that was not ended, its runs, and the first error message."""

    text: str
    runs: list[Thermo]
    error: str | None


def read_log(path: Path) -> Log:
    """Read a log; runs without a row of numbers are left out."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    text = text[: text.rfind("\n") + 1]
    lines = text.splitlines()
    errors = [line.strip() for line in lines if line.startswith("ERROR")]
    return Log(text, [run for run in runs_of(lines) if run.columns["Step"]], errors[0] if errors else None)


def runs_of(lines: list[str]) -> list[Thermo]:
    """The runs of a log: each begins with the names of its columns."""
    runs: list[Thermo] = []
    names: list[str] = []
    columns: dict[str, list[float]] = {}
    for line in lines:
        words = line.split()
        if words[:1] == ["Step"] and len(words) > 1:
            if names:
                runs.append(Thermo(columns, finished=False))
            names, columns = words, {name: [] for name in words}
        elif names and line.startswith("Loop time of"):
            runs.append(Thermo(columns, finished=True))
            names = []
        elif names and (numbers := row(words, len(names))):
            for name, number in zip(names, numbers, strict=True):
                columns[name].append(number)
    return [*runs, *([Thermo(columns, finished=False)] if names else [])]


def row(words: list[str], count: int) -> list[float] | None:
    """The numbers of a line; None: it is a warning or something else that LAMMPS prints between rows."""
    if len(words) != count:
        return None
    try:
        return [float(word) for word in words]
    except ValueError:
        return None
