# SPDX-License-Identifier: MIT
"""Draw energy, temperature, pressure, volume and mean-square displacement from a LAMMPS log against time.

deepion plot thermo log.lammps thermo.png

Reads the last run of the log (`thermo_style custom` or `one`, `units metal` or `real`), which may still be going on or have
been killed. Quantities that the thermo output does not have are left out.
"""

import math
import re
import textwrap
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from deepion.errors import InputError
from deepion.results.lammps_log import Log, read_text

from . import pictures

# For each LAMMPS unit style: units of energy and pressure.
UNITS = {"metal": ("eV", "bar"), "real": ("kcal/mol", "atm")}
DRAWN = ("PotEng", "TotEng", "Temp", "Press", "Volume", "c_msd[4]")


@dataclass
class Run:
    """The last run of a log."""

    columns: dict[str, list[float]]
    time: list[float]  # ps since the first line
    atoms: int | None  # None: the log does not say
    energy_unit: str
    pressure_unit: str
    caption: str
    error: str | None  # of LAMMPS


def read(path: Path) -> Run:
    """Read a log; an InputError says what it lacks."""
    text, log = read_text(path), Log()
    log.take(text.splitlines())
    if not log.runs:
        raise InputError(f"{path} has no thermo output yet" + (f"; {log.error}" if log.error else ""))
    columns = log.runs[-1].columns

    def last(pattern: str, default: str) -> str:
        found = re.findall(pattern, text, re.MULTILINE)
        return found[-1] if found else default

    if log.units not in UNITS or log.timestep is None:
        raise InputError(f"{path} has units {log.units}, expected {' or '.join(UNITS)}")
    energy_unit, pressure_unit = UNITS[log.units]
    # of commands that make or read atoms, and of runs that have ended
    atoms = last(r"^(?:Loop time of .* with|Created| ) (\d+) atoms$", "")
    ranks = math.prod(int(n) for n in last(r"^\s+(\d+ by \d+ by \d+) MPI processor grid", "0").split(" by "))
    lammps = last(r"^(LAMMPS \(.*?\))", "LAMMPS")
    about = [f"{atoms} atoms"] * bool(atoms) + [f"{ranks} processor(s)"] * bool(ranks) + [lammps]
    if not log.runs[-1].finished:
        about.append(f"not finished, last step {columns['Step'][-1]:.0f}")
    caption = [f"{path.name}: {', '.join(about)}", *model_lines(text)]
    return Run(
        columns=columns,
        time=[(step - columns["Step"][0]) * log.timestep for step in columns["Step"]],
        atoms=int(atoms) if atoms else None,
        energy_unit=energy_unit,
        pressure_unit=pressure_unit,
        caption="\n".join(caption),
        error=log.error,
    )


def model_lines(text: str) -> list[str]:
    """The models of the run, by the hashes in the log."""
    return [f"model sha256 {digest}" for digest in dict.fromkeys(re.findall(r"\bsha256 ([0-9a-f]{64})\b", text))]


def draw(run: Run) -> Figure:
    """The picture."""
    columns = run.columns
    panels = [
        (
            f"energy, {run.energy_unit}{'/atom' if run.atoms else ''}",
            [
                (label, [value / (run.atoms or 1) for value in columns[key]])
                for label, key in [("potential", "PotEng"), ("total", "TotEng")]
                if key in columns
            ],
        ),
        ("temperature, K", [("", columns[key]) for key in ["Temp"] if key in columns]),
        (f"pressure, {run.pressure_unit}", [("", columns[key]) for key in ["Press"] if key in columns]),
        ("volume, A$^3$", [("", columns[key]) for key in ["Volume"] if key in columns]),
        (
            "mean-square displacement, A$^2$",
            [(key, values) for key, values in columns.items() if re.fullmatch(r"c_\w*msd\w*\[4\]", key)],
        ),
    ]
    panels = [panel for panel in panels if panel[1]]
    if not panels:
        raise InputError(f"nothing to draw: the columns are {' '.join(columns)}, none of {', '.join(DRAWN)}")
    rows = (len(panels) + 1) // 2
    figure = Figure(figsize=(9, 3 * rows + 0.6), layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (label, curves) in zip(axes.flat, panels, strict=False):
        for name, values in curves:
            axis.plot(run.time, values, "o" if len(values) == 1 else "-", label=name)
        if len(curves) > 1:
            axis.legend(frameon=False)
        axis.set_ylabel(label)
        axis.ticklabel_format(useOffset=False)
        axis.set_xlabel("time, ps")
    if run.error:
        figure.suptitle(textwrap.fill(run.error, 110), x=0.01, ha="left", fontsize=8, color=pictures.WARNING)
    figure.supxlabel(run.caption, x=0.01, ha="left", fontsize=7, family="monospace")
    return figure


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("log", metavar="LOG", type=Path, help="log of LAMMPS")
    parser.add_argument(
        "picture", metavar="OUT", type=Path, help="the picture, .png or .svg; without either, both are written"
    )


def run(arguments: Namespace) -> None:
    pictures.save(draw(read(arguments.log)), pictures.targets_of(arguments.picture), [arguments.log])
