# SPDX-License-Identifier: MIT
"""Reads logs of LAMMPS: thermo output (thermo_style one or custom), errors and warnings, also of runs that have not ended.

LogFile of LAMMPS' Python package leaves out a run without its line 'Loop time', and fails on a line that a kill cut off.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from deepion.errors import InputError

# For each LAMMPS unit style: time units in a ps, default time step.
TIME = {"metal": (1.0, 0.001), "real": (1000.0, 1.0), "si": (1.0e-12, 1.0e-8)}
NS_PER_DAY = 86.4  # of 1 ps/s


@dataclass
class Thermo:
    """The thermo output of one run."""

    columns: dict[str, list[float]]
    end: tuple[int, bool] | None = None  # what the command `run` asked for: a number of steps, or the last step (upto)
    finished: bool = False  # LAMMPS wrote 'Loop time'
    apart: float = 0.0  # steps between the latest two rows

    @property
    def until(self) -> int | None:
        """The last step that was asked for; None: the log does not say."""
        if self.end is None or not self.columns["Step"]:
            return None
        return self.end[0] + (0 if self.end[1] else int(self.columns["Step"][0]))


@dataclass
class Log:
    """What a log says so far; `take` reads on in it."""

    every_row: bool = True  # False: of each run, the first row and the latest are kept
    runs: list[Thermo] = field(default_factory=list)  # that have a row of numbers
    notices: list[str] = field(default_factory=list)  # errors and warnings
    units: str = "lj"
    check: str | None = None  # the latest line on the check of the model during the run
    performance: str | None = None  # of the latest run that finished: ns/day and more
    ended: bool = False  # LAMMPS came to the end of its input
    flushed: bool = False  # each row of thermo output is written at once
    _step: float | None = None  # time units
    _end: tuple[int, bool] | None = None  # of the run that comes next
    _open: Thermo | None = None
    _names: list[str] = field(default_factory=list)  # of its columns

    @property
    def error(self) -> str | None:
        """The first error message."""
        return next((line for line in self.notices if line.startswith("ERROR")), None)

    @property
    def timestep(self) -> float | None:
        """The time step, ps; None: there is none in these units."""
        if self.units not in TIME:
            return None
        per_ps, default = TIME[self.units]
        return (default if self._step is None else self._step) / per_ps

    def take(self, lines: Iterable[str]) -> None:
        """Further lines. The log holds the input's own commands; where one holds a variable, the line after it has the value."""
        for line in lines:
            words = line.split()
            if not words:
                continue
            if words[0] == "Step" and len(words) > 1:
                self._open, self._names = Thermo({name: [] for name in words}, self._end), words
                self._end, self.ended = None, False
            elif line.startswith(("ERROR", "WARNING")):
                self.notices.append(line.strip())
            elif self._open is not None and line.startswith("Loop time of"):
                self._open.finished, self._open = True, None
            elif self._open is not None and (numbers := row(words, len(self._names))):
                self.add(self._open, numbers)
            else:
                self.command(line, words)

    def add(self, run: Thermo, numbers: list[float]) -> None:
        """One row of a run."""
        if steps := run.columns["Step"]:
            run.apart = numbers[0] - steps[-1]
        else:
            self.runs.append(run)
        for name, number in dict(zip(self._names, numbers, strict=True)).items():
            if not self.every_row and len(run.columns[name]) == 2:
                run.columns[name].pop()
            run.columns[name].append(number)

    def command(self, line: str, words: list[str]) -> None:
        """A command of the input, or what LAMMPS or deepion say outside of thermo output."""
        if words[0] == "run" and len(words) > 1 and words[1].isdigit():
            self._end = int(words[1]), "upto" in words
        elif words[0] == "units" and len(words) > 1:
            self.units = words[1]
        elif words[0] == "timestep" and (number := row(words[1:2], 1)):
            self._step = number[0]
        elif words[0] == "thermo_modify" and "flush" in words[:-1]:
            self.flushed = words[words.index("flush") + 1] == "yes"
        elif line.startswith("deepion: check:"):
            self.check = line.strip().removeprefix("deepion: ")
        elif line.startswith("Performance:"):
            self.performance = line.strip().removeprefix("Performance: ")
        elif line.startswith("Total wall time"):
            self.ended = True


def read_text(path: Path) -> str:
    """The text of a log, without a last line that was not ended."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    return text[: text.rfind("\n") + 1]


def read_log(path: Path) -> Log:
    """Read a whole log; runs without a row of numbers are left out."""
    log = Log()
    log.take(read_text(path).splitlines())
    return log


def row(words: list[str], count: int) -> list[float] | None:
    """The numbers of a line; None: it is a warning or something else that LAMMPS prints between rows."""
    if len(words) != count:
        return None
    try:
        return [float(word) for word in words]
    except ValueError:
        return None
