# SPDX-License-Identifier: MIT
"""Pictures of how the cells were made: the melt and quench, and what came out."""

import json
from pathlib import Path

import matplotlib
import numpy as np
from ase.data import atomic_numbers
from ase.io import read
from ase.visualize.plot import plot_atoms

from deepion.plots.pictures import COLORS
from deepion.results.lammps_log import read_log

from .packing import ELEMENTS

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

BALLS = {"Li": "#7fbf5f", "P": "#ff8000", "S": "#e8d820", "Ti": "#8090a8"}


def melt_quench(folders: dict[str, Path], picture: Path) -> None:
    """Temperature, energy, pressure and volume over the whole schedule (figure 2 a-d of the paper)."""
    series = {name: found for name, folder in folders.items() if (found := schedule(folder)) is not None}
    if not series:
        return
    figure, panels = plt.subplots(2, 2, sharex=True, figsize=(9, 5.5), layout="constrained")
    labels = ("temperature, K", "potential energy, eV per atom", "pressure, bar", "volume, \u00c5$^3$ per atom")
    for color, (name, (times, values)) in zip(COLORS, series.items(), strict=False):
        for axes, column in zip(panels.flat, values.T, strict=True):
            axes.plot(times, column, linewidth=0.8, color=color, label=name)
    for axes, label in zip(panels.flat, labels, strict=True):
        axes.set_ylabel(label)
    for axes in panels[1]:
        axes.set_xlabel("time, ps")
    panels[0, 0].legend(frameon=False)
    figure.savefig(picture, dpi=150)
    plt.close(figure)


def schedule(folder: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Times (ps) and rows of temperature, energy per atom, pressure, volume per atom, from all logs of melt-quench."""
    rows: dict[float, list[float]] = {}
    for log in sorted(folder.glob("log.melt-quench.*")):
        for table in (run.columns for run in read_log(log).runs):
            if "percent" in table:  # all but the minimization
                names = ("Temp", "PotEng", "Press", "Volume")
                rows |= {s: [table[n][k] for n in names] for k, s in enumerate(table["Step"])}
    if len(rows) < 2:
        return None
    with open(folder / "data.packed") as file:
        atoms = next(int(line.split()[0]) for line in file if line.rstrip().endswith(" atoms"))
    steps = np.array(sorted(rows))
    # a restarted run may begin later than the last line of the one before it: a gap, not a line
    gaps = np.flatnonzero(np.diff(steps) > 1.5 * np.median(np.diff(steps)))
    rows |= {int(steps[k]) + 1: [np.nan] * 4 for k in gaps}
    steps = np.array(sorted(rows))
    step = float(json.loads((folder / "melt-quench.begun.json").read_text())["timestep"])
    return steps * step, np.array([rows[s] for s in steps]) / [1.0, atoms, 1.0, atoms]


def structures(folders: dict[str, Path], picture: Path) -> None:
    """The cells after the quench (figures 1 b-e and 2 e-h of the paper)."""
    files = {name: folder / "data.quenched" for name, folder in folders.items()}
    files = {name: file for name, file in files.items() if file.with_name("melt-quench.done.json").exists()}
    if not files:
        return
    figure, panels = plt.subplots(1, len(files), figsize=(3.2 * len(files), 3.5), layout="constrained", squeeze=False)
    numbers = {k + 1: atomic_numbers[name] for k, name in enumerate(ELEMENTS)}
    for axes, (name, file) in zip(panels.flat, files.items(), strict=True):
        atoms = read(file, format="lammps-data", atom_style="atomic", Z_of_type=numbers)
        atoms.wrap()
        colors = [BALLS[symbol] for symbol in atoms.get_chemical_symbols()]
        plot_atoms(atoms, axes, radii=0.35, colors=colors, rotation="10x,-15y", show_unit_cell=2)
        axes.set_axis_off()
        axes.set_title(f"{name}: {atoms.get_chemical_formula()}", fontsize=9)
    handles = [plt.Line2D([], [], marker="o", ls="", color=color, label=name) for name, color in BALLS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(BALLS), frameon=False)
    figure.savefig(picture, dpi=150)
    plt.close(figure)
