# SPDX-License-Identifier: MIT
"""How far the runs are, by their logs: steps, speed, time left, and whether one has stopped."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath

from deepion.results.lammps_log import NS_PER_DAY, Log, Thermo
from deepion.results.tables import Table

from .collect import Found, LogFile

BEGINS, RUNS, ENDED, FAILED, SILENT = "begins", "runs", "ended", "failed", "silent"
PATIENCE = 600.0  # s without a word after which a run of unknown speed is said to be silent
ROWS = {
    True: 5,
    False: 60,
}  # and rows of thermo output, where the speed is known: unless flushed, they come 4 kB at a time


@dataclass(frozen=True)
class Run:
    """What a log says about its run."""

    name: str  # of the log
    state: str
    step: int | None
    until: int | None  # the last step that was asked for
    time: float | None  # ps of simulated time since step 0
    speed: float | None  # ns/day
    left: float | None  # s
    age: float  # s since something was written
    check: str | None  # of the model during the run, as the log or the newest table says it
    note: str  # what is wrong

    @property
    def part(self) -> float | None:
        """How much is done."""
        return min(self.step / self.until, 1.0) if self.until and self.step is not None else None


@dataclass
class Pace:
    """Looks at logs again and again, and so learns how fast runs are whose logs do not say it."""

    _seen: dict[str, tuple[int, float, float]] = field(default_factory=dict)  # number of the run, step, time

    def runs(self, found: Found, now: float) -> list[Run]:
        """The runs of a folder, those that matter first."""
        last = {PurePath(name).parent: name for name, _ in newest(found.logs)}  # of each folder
        runs = []
        for name, file in newest(found.logs):
            beside = tables_beside(found, name) if last[PurePath(name).parent] == name else []
            runs.append(self.run(found, name, file, beside, now))
        order = [FAILED, SILENT, RUNS, BEGINS, ENDED]
        return sorted(runs, key=lambda run: order.index(run.state))

    def run(self, found: Found, name: str, file: LogFile, beside: list[Table], now: float) -> Run:
        """One log. LAMMPS writes it 4 kB at a time: tables of the run may be newer."""
        log = file.log
        written = max(file.written, *(found.stamps[table.path][2] / 1e9 for table in beside), 0.0)
        age = max(now - written, 0.0)
        thermo = log.runs[-1] if log.runs else None
        step = latest(thermo, beside)
        rate = self.rate(name, file)
        limit = PATIENCE
        if rate and thermo and thermo.apart:
            limit = min(max(ROWS[log.flushed] * thermo.apart / rate, 120.0), 3600.0)
        state, note = state_of(log, age, limit)
        until = thermo.until if thermo else None
        ps = log.timestep
        speed = NS_PER_DAY * rate * ps if rate and ps else None
        return Run(
            name,
            state,
            step,
            until,
            step * ps if step is not None and ps else None,
            speed,
            (until - step) / rate if state == RUNS and rate and until and step is not None else None,
            age,
            log.check or check_of(beside),
            note,
        )

    def rate(self, name: str, file: LogFile) -> float | None:
        """Steps per second; None: not known yet."""
        log = file.log
        if not log.runs:
            return None
        columns = log.runs[-1].columns
        first, last = columns["Step"][0], columns["Step"][-1]
        if (per_day := columns.get("ns/day")) and per_day[-1] > 0 and log.timestep:
            return per_day[-1] / (NS_PER_DAY * log.timestep)
        if (seconds := columns.get("CPU")) and seconds[-1] > seconds[0] and last > first:
            return (last - first) / (seconds[-1] - seconds[0])
        if (
            log.runs[-1].finished
            and log.performance
            and (found := re.search(r"([\d.eE+-]+) timesteps/s", log.performance))
        ):
            return float(found[1])
        number, begin, when = self._seen.setdefault(name, (len(log.runs), last, file.written))
        if number != len(log.runs) or begin > last:  # another run of the same log, or another log
            self._seen[name] = (len(log.runs), last, file.written)
            return None
        return (last - begin) / (file.written - when) if last > begin and file.written > when else None


def newest(logs: dict[str, LogFile]) -> list[tuple[str, LogFile]]:
    """Of logs that continue each other, as log.conductivity.001 and .002, the latest."""
    latest: dict[str, tuple[str, LogFile]] = {}
    for name, file in sorted(logs.items(), key=lambda one: one[1].written):
        latest[re.sub(r"\.\d{3}$", "", name)] = (name, file)
    return list(latest.values())


def state_of(log: Log, age: float, limit: float) -> tuple[str, str]:
    """The state, and what is wrong."""
    if log.error:
        return FAILED, log.error
    if log.ended:
        return ENDED, ""
    if age > limit:
        return SILENT, f"nothing was written for {duration(age)}: it was killed, or is very slow"
    return (RUNS if log.runs else BEGINS), ""


def tables_beside(found: Found, name: str) -> list[Table]:
    """The tables in the folder of a log."""
    folder = found.folder / PurePath(name).parent
    return [t for tables in found.tables.values() for t in tables if t.path.parent == folder and t.path in found.stamps]


def latest(thermo: Thermo | None, beside: list[Table]) -> int | None:
    """The latest step of a run, by its thermo output or the histories of its measurements."""
    if thermo is None:
        return None
    steps = [thermo.columns["Step"][-1], *(table.column("step")[-1] for table in beside if table.has("step"))]
    return int(max(step for step in steps if thermo.until is None or step <= thermo.until))


def check_of(tables: list[Table]) -> str | None:
    """What tables say on the check of the model during the run."""
    notes = [note for table in tables for note in table.head["provenance"]["notes"]]
    return next((note for note in notes if note.startswith("check of the model: ")), None)


def count(runs: Iterable[Run]) -> str:
    """How many there are of each state."""
    states = [run.state for run in runs]
    words = {RUNS: "running", BEGINS: "beginning", SILENT: "silent", FAILED: "failed", ENDED: "ended"}
    return ", ".join(f"{states.count(state)} {word}" for state, word in words.items() if state in states)


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172800 else f"{seconds / 86400:.1f} d"
