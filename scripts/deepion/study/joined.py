# SPDX-License-Identifier: MIT
"""What the runs of a composition at one temperature say together: packings joined by deepion-merge, and their numbers."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from deepion.command import merge_program
from deepion.results import tables
from deepion.results.tables import Table, Value

from .stages import StudyError

# State of each measurement, what deepion-merge is told besides, and what it makes of it.
JOINED = {
    "transport": ([], tables.TRANSPORT),
    "vanhove": ([], tables.VANHOVE),
    "hops": ([], tables.HOPS),
    "coordination": ([], tables.COORDINATION),
    "rdf.LiS": ([], tables.RDF),
    "rdf.LiLi": ([], tables.RDF),
    "rdf.PS": ([], tables.RDF),
    "polyhedra": ([], tables.POLYHEDRA),
    "vdos": (["--split", "2pt"], tables.VDOS),
}
FIRST = ("transport", "coordination", "vdos")  # what a study of an earlier version has measured, too
NOTHING = Value(np.nan, None, "")


@dataclass(frozen=True)
class Measured:
    """A finished run."""

    composition: str
    packing: int
    kelvin: float
    folder: Path


@dataclass(frozen=True)
class Number:
    """A column of a table of results, with that of its error where it has one."""

    name: str
    of: str  # measurement
    value: Callable[[Table], Value | None]
    error: bool = True


def quantity(name: str) -> Callable[[Table], Value | None]:
    """The result of that name."""
    return lambda table: table.value(name)


def part(*kinds: str) -> Callable[[Table], Value | None]:
    """Part of the phosphorus in clusters of a kind, the first of these that was found; 0 where there are clusters, but none of it."""

    def found(table: Table) -> Value | None:
        species = {one["name"]: one for one in table.series("species")}
        one = next((species[kind] for kind in kinds if kind in species), None)
        if one is None:
            return Value(0.0, None, "") if species else None
        return Value(one["part"], one["part_error"], "")

    return found


# summary.dat: the numbers of the paper
SUMMARY = (
    Number("D", "transport", quantity("D")),
    Number("sigma", "transport", quantity("sigma")),
    Number("sigma_collective", "transport", quantity("sigma_collective")),
    Number("n_c", "coordination", quantity("mean_n_2.8")),
    Number("S_config", "coordination", quantity("S_config_2.8")),
    Number("S_vib", "vdos", quantity("S_vib_total")),
)
# motion.dat: what else is known of the motion of lithium, and of what it moves through
MOTION = (
    Number("tau", "vanhove", quantity("tau_Fs_1")),
    Number("chi4", "vanhove", quantity("chi4_peak")),
    Number("chi4_time", "vanhove", quantity("chi4_time"), error=False),
    Number("hop_rate", "hops", quantity("rate")),
    Number("hop_length", "hops", quantity("length")),
    Number("returns", "hops", quantity("returns")),
    Number("S_of_P", "polyhedra", quantity("bonds")),
    Number("PS4", "polyhedra", part("PS4")),
    Number("P2S7", "polyhedra", part("P2S7_1")),
    Number("P2S6", "polyhedra", part("P2S6_2")),
    Number("bridging", "polyhedra", quantity("bridging")),
    Number("bond_life", "polyhedra", quantity("bond_lifetime")),
    Number("tau_2", "polyhedra", quantity("tau_2")),
    Number("r_LiS", "rdf.LiS", quantity("r_peak"), error=False),
    Number("r_LiLi", "rdf.LiLi", quantity("r_peak"), error=False),
)


class Row:
    """All packings of a composition at one temperature, joined."""

    def __init__(self, composition: str, kelvin: float, runs: list[Measured], results: Path, window: list[str]):
        self.composition, self.kelvin, self.runs = composition, kelvin, runs
        self.results, self.window = results, window
        title = f"LPS:{composition},{kelvin:g}K"
        for style, (options, _) in JOINED.items():
            states = [run.folder / f"{style}.json" for run in runs]
            options = [*options, *(window if style == "transport" else [])]
            if style in FIRST:
                merge(results.parent, states, self.table(style), title, options)
            elif all(state.exists() for state in states):
                try:
                    merge(results.parent, states, self.table(style), title, options)
                except StudyError as error:
                    print(f"no {self.table(style).name}: {error}")

    def table(self, style: str) -> Path:
        return self.results / f"{self.composition}.{self.kelvin:g}K.{style}.dat"

    def has(self, style: str) -> bool:
        return self.table(style).exists()

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Those of all measurements that were made."""
        return {style: tables.read(self.table(style), kind) for style, (_, kind) in JOINED.items() if self.has(style)}

    def value(self, number: Number) -> Value:
        """A number with its error; NaN: not known."""
        found = number.value(self.tables[number.of]) if number.of in self.tables else None
        if not found or found.value == 0.0 == (found.error or 0.0) and number.name not in ("P2S7", "P2S6"):
            return NOTHING  # 0 +- 0: nothing complete yet
        return found

    @cached_property
    def each(self) -> list[float]:
        """D of each packing, with the window of all."""
        return [self.alone(run) for run in self.runs]

    def alone(self, run: Measured) -> float:
        with TemporaryDirectory() as folder:
            table = Path(folder, "table.dat")
            merge(self.results.parent, [run.folder / "transport.json"], table, run.composition, self.window)
            found = tables.read(table, tables.TRANSPORT).value("D")
        return found.value if found and found.value else np.nan

    @cached_property
    def barriers(self) -> list[Value]:
        """Height of the lowest path through each packing, eV: cells of their own, whose densities cannot be added."""
        found = []
        for run in self.runs:
            path = run.folder / "density.dat"
            height = tables.read(path, tables.DENSITY).value("barrier") if path.exists() else None
            found += [height] if height else []
        return found

    def summary(self) -> dict[str, float]:
        """A line of summary.dat."""
        spread = float(np.std(self.each, ddof=1)) if len(self.each) > 1 else np.nan
        beta = self.tables["transport"].value("beta")
        numbers = {"packings": float(len(self.runs))} | self.columns(SUMMARY)
        return numbers | {"D_sd_of_packings": spread, "beta": beta.value if beta else np.nan}

    def motion(self) -> dict[str, float]:
        """A line of motion.dat."""
        height = mean(self.barriers)
        heights = [one.value for one in self.barriers]
        spread = float(np.std(heights, ddof=1)) if len(heights) > 1 else np.nan
        path = {"path": height.value, "path_se": error_of(height), "path_sd_of_packings": spread}
        return self.columns(MOTION) | path

    def columns(self, numbers: tuple[Number, ...]) -> dict[str, float]:
        columns = {}
        for number in numbers:
            value = self.value(number)
            columns[number.name] = value.value
            if number.error:
                columns[f"{number.name}_se"] = error_of(value)
        return columns


def error_of(value: Value) -> float:
    return np.nan if value.error is None else value.error


def mean(values: list[Value]) -> Value:
    """Mean of independent values with its error, not known where that of any is not."""
    if not values:
        return NOTHING
    errors = [value.error for value in values if value.error is not None]
    error = float(np.sqrt(np.sum(np.square(errors)))) / len(values) if len(errors) == len(values) else None
    return Value(float(np.mean([value.value for value in values])), error, values[0].unit)


def merge(study: Path, states: list[Path], out: Path, title: str, options: list[str]) -> None:
    """deepion-merge. Names are relative to the study: the table says where its numbers come from, and a study may move."""
    names = [str(state.relative_to(study)) for state in states]
    command = [str(merge_program()), *names, *options, "--title", title, "--out", str(out)]
    said = subprocess.run(command, cwd=study, capture_output=True, text=True)
    if said.returncode:
        raise StudyError(f"{title}: {said.stderr.strip()}")
