# SPDX-License-Identifier: MIT
"""Tables and pictures from what the runs of a study measured: see ./study --help.

Replicas (packings) of a composition are joined by deepion-merge, so that results/ holds one table for each composition and
temperature, and a ladder for each composition and each of its packings.
"""

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from deepion import checkout
from deepion.command import merge_program
from deepion.results import tables as result_tables

from . import figures
from .stages import StudyError

STYLES = {"transport": [], "coordination": [], "vdos": ["--split", "2pt"]}


@dataclass(frozen=True)
class Measured:
    """A finished run."""

    composition: str
    packing: int
    kelvin: float
    folder: Path


def analyze(given) -> None:
    """Make all of results/ from the measurements that are finished."""
    results = given.out / "results"
    results.mkdir(parents=True, exist_ok=True)
    for path in results.iterdir():
        if path.suffix in (".dat", ".png") and path.name != "parity.png":
            path.unlink()
    runs = finished(given)
    first = {c: given.out / c / "1" for c in given.composition}
    figures.melt_quench(first, results / "melt-quench.png")
    figures.structures(first, results / "structures.png")
    if not runs:
        raise StudyError("no measurement is finished yet: no results")
    window = ["--fit", f"{given.fit[0]:g}", f"{given.fit[1]:g}"] if given.fit[1] > 0 else []
    compositions = list(dict.fromkeys(run.composition for run in runs))
    rows: list[Row] = []
    for c in compositions:
        mine = [run for run in runs if run.composition == c]
        for kelvin in sorted({run.kelvin for run in mine}):
            rows.append(Row(c, kelvin, [run for run in mine if run.kelvin == kelvin], results, window))

    for c in compositions:
        tables = [row.table("transport") for row in rows if row.composition == c]
        draw("plot transport", *tables, results / f"{c}.msd.png")
    activation(runs, compositions, results, window)

    shared = set.intersection(*({row.kelvin for row in rows if row.composition == c} for c in compositions))
    for kelvin in sorted(shared):
        beside = [row for row in rows if row.kelvin == kelvin]
        near, vdos = ([row.table(style) for row in beside] for style in ("coordination", "vdos"))
        draw("plot coordination", *near, "--vdos", *vdos, "--out", results / f"coordination.{kelvin:g}K.png")
        draw("plot vdos", *vdos, results / f"vdos.{kelvin:g}K.png")
    if shared:
        paths(runs, max(shared), results)
    summary(rows, results / "summary.dat")
    parity(given, results)


def finished(given) -> list[Measured]:
    """All finished runs of what was asked for, in order; what is missing is said."""
    runs = []
    for c in given.composition:
        for packing in sorted(int(p.name) for p in (given.out / c).glob("*") if p.name.isdigit()):
            folders = {t: given.out / c / str(packing) / f"{t:g}K" for t in sorted(given.temperatures)}
            done = {t: p for t, p in folders.items() if (p / "conductivity.done.json").exists()}
            if missing := [f"{t:g} K" for t in folders if t not in done]:
                print(f"{c} {packing}: not finished yet: {', '.join(missing)}")
            runs += [Measured(c, packing, t, p) for t, p in done.items()]
    return runs


class Row:
    """All packings of a composition at one temperature, joined."""

    def __init__(self, composition: str, kelvin: float, runs: list[Measured], results: Path, window: list[str]):
        self.composition, self.kelvin, self.runs = composition, kelvin, runs
        self.results, self.window = results, window
        title = f"LPS:{composition},{kelvin:g}K"
        for style, options in STYLES.items():
            options = [*options, *(window if style == "transport" else [])]
            merge(results.parent, [run.folder / f"{style}.json" for run in runs], self.table(style), title, options)

    def table(self, style: str) -> Path:
        return self.results / f"{self.composition}.{self.kelvin:g}K.{style}.dat"

    def alone(self, run: Measured) -> float:
        """D of one packing, with the window of all."""
        with TemporaryDirectory() as folder:
            table = Path(folder, "table.dat")
            merge(self.results.parent, [run.folder / "transport.json"], table, run.composition, self.window)
            return value(result_tables.read(table, result_tables.TRANSPORT), "D")[0]

    def numbers(self) -> dict[str, float]:
        """What summary.dat says of it. NaN: not known."""
        transport = result_tables.read(self.table("transport"), result_tables.TRANSPORT)
        near = result_tables.read(self.table("coordination"), result_tables.COORDINATION)
        vdos = result_tables.read(self.table("vdos"), result_tables.VDOS)
        each = [self.alone(run) for run in self.runs]
        numbers: dict[str, float] = {"packings": len(self.runs)}
        for name, table, quantity in [
            ("D", transport, "D"),
            ("sigma", transport, "sigma"),
            ("sigma_collective", transport, "sigma_collective"),
            ("n_c", near, "mean_n_2.8"),
            ("S_config", near, "S_config_2.8"),
            ("S_vib", vdos, "S_vib_total"),
        ]:
            numbers[name], numbers[f"{name}_se"] = value(table, quantity)
        numbers["D_sd_of_packings"] = float(np.std(each, ddof=1)) if len(each) > 1 else np.nan
        numbers["beta"] = value(transport, "beta")[0]
        return numbers


def merge(study: Path, states: list[Path], out: Path, title: str, options: list[str]) -> None:
    """deepion-merge. Names are relative to the study: the table says where its numbers come from, and a study may move."""
    names = [str(state.relative_to(study)) for state in states]
    command = [str(merge_program()), *names, *options, "--title", title, "--out", str(out)]
    said = subprocess.run(command, cwd=study, capture_output=True, text=True)
    if said.returncode:
        raise StudyError(f"{title}: {said.stderr.strip()}")


def activation(runs: list[Measured], compositions: list[str], results: Path, window: list[str]) -> None:
    """Ladders and their activation energies: of all packings of a composition together, and of each."""
    rows = [
        "# composition packing E_a_eV E_a_se_eV; from sigma T (Nernst-Einstein); packing 0: all joined; nan: not known"
    ]
    ladders = []
    for c in compositions:
        mine = [run for run in runs if run.composition == c]
        packings = sorted({run.packing for run in mine})
        for packing in [0, *packings]:
            some = [run for run in mine if packing in (0, run.packing)]
            table = results / (f"{c}.{packing}.ladder.dat" if packing else f"{c}.ladder.dat")
            energy = ladder(c, some, table, window)
            rows.append(f"{c} {packing} {energy[0]:.4g} {energy[1]:.4g}")
            if packing == 0 and table.exists():
                ladders.append(table)
                draw("plot arrhenius", table, results / f"{c}.arrhenius.png")
    (results / "activation.dat").write_text("\n".join(rows) + "\n")
    print("\n".join(rows))
    if len(ladders) > 1:
        draw("plot arrhenius", *ladders, results / "conductivity.png")


def ladder(composition: str, runs: list[Measured], table: Path, window: list[str]) -> tuple[float, float]:
    """The activation energy and its error, if there are two temperatures at least whose D is known."""
    if len({run.kelvin for run in runs}) < 2:
        return np.nan, np.nan
    try:
        merge(table.parent.parent, [run.folder / "transport.json" for run in runs], table, f"LPS:{composition}", window)
    except StudyError as error:
        print(f"no activation energy: {error}")
        return np.nan, np.nan
    return value(result_tables.read(table, result_tables.LADDER), "E_a_sigma")


def paths(runs: list[Measured], kelvin: float, results: Path) -> None:
    """The path of one ion in the first packing of each composition."""
    arguments = []
    for run in runs:
        if run.packing == 1 and run.kelvin == kelvin:
            files = ",".join(str(p) for p in run.folder.glob("path.*.lammpstrj"))
            arguments.append(f"LPS:{run.composition}={files}")
    draw("plot path", *arguments, results / f"path.{kelvin:g}K.png")


def parity(given, results: Path) -> None:
    """Errors of the model on frames that it was not trained on, with their labels; once for each model."""
    model, data = Path(given.model), given.valid or checkout.root() / "lammps-examples/models/lipsti-a-valid"
    if given.valid is None and model.name != "lipsti-a.onnx":
        print("no errors of the model: give --valid a folder of labeled frames")
        return
    document = results / "errors.json"
    if document.exists() and (results / "parity.png").exists():
        known = json.loads(document.read_text())
        if (known.get("sha256"), known.get("data")) == (hashlib.sha256(model.read_bytes()).hexdigest(), [str(data)]):
            return
    draw("evaluate", model, data, "--json", document, "--pictures", results / "parity.png")


def draw(command: str, *arguments) -> None:
    """One picture; what cannot be drawn is said, and stops nothing."""
    said = subprocess.run(
        [sys.executable, "-m", "deepion.command", *command.split(), *map(str, arguments)],
        capture_output=True,
        text=True,
    )
    if said.returncode:
        lines = said.stderr.strip().splitlines() or [f"{command} ended with status {said.returncode}"]
        print(f"no {Path(arguments[-1]).name}: {lines[-1]}")


def summary(rows: list[Row], path: Path) -> None:
    """A line for each composition and temperature; errors are standard errors, nan is not known."""
    numbers = [row.numbers() for row in rows]
    lines = [
        "# D cm^2/s; sigma (Nernst-Einstein, collective) S/cm; beta over the fit window; n_c and S_config (kB per ion)",
        "# within 2.8 A; S_vib kB per atom (two-phase); _se: standard error; nan: not known",
        "# composition T_K " + " ".join(numbers[0]),
    ]
    for row, values in zip(rows, numbers, strict=True):
        lines.append(f"{row.composition} {row.kelvin:g} " + " ".join(f"{x:.4g}" for x in values.values()))
    path.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def value(table: result_tables.Table, name: str) -> tuple[float, float]:
    found = table.value(name)
    if not found or found.value == 0.0 == (found.error or 0.0):  # 0 +- 0: nothing complete yet
        return np.nan, np.nan
    return found.value, np.nan if found.error is None else found.error
