# SPDX-License-Identifier: MIT
"""pymatgen-analysis-diffusion: DiffusionAnalyzer (displacements against the framework) and fit_arrhenius."""

from pathlib import Path
from typing import Any

import numpy as np

from deepion.constants import BOLTZMANN

from . import measured
from . import settings as s
from .trajectory import Trajectory, read_dump
from .verdicts import ABSOLUTE, Row, close, note, number, within_errors

NAME = "pymatgen-diffusion"
DISTRIBUTION = "pymatgen-analysis-diffusion"
HOT = f"walk{s.WALK_TEMPERATURES[-1]}"

MSD, LINE, CONSTANTS, ARRHENIUS = 1e-10, 1e-9, 1e-10, 1e-9  # relative
MERGE_DIGITS = 5.1e-5  # eV: deepion-merge prints four decimals
SAME_DATA = 1.0  # standard errors between two straight lines through the same data
DATA = 3.0  # the same where one of them has weights of twice the variance: their difference scatters as much as the better one
NUMPY = "numpy polyfit"
TRUE = 3.0  # standard errors from the true value
TRUTH = "true value"


def evaluate(folder: Path) -> dict[str, np.ndarray]:
    """For the run and the hottest walk: lags in samples, MSD and MSCD (A^2), D and charge D with errors (cm^2/s),
    conductivities (mS/cm), Haven ratio. For both ladders of temperatures: activation energy (eV) and prefactor (cm^2/s).
    """
    from pymatgen.analysis.diffusion.analyzer import DiffusionAnalyzer, fit_arrhenius
    from pymatgen.core import Lattice, Structure

    found: dict[str, Any] = {}
    for name, kelvin in (("run", s.TEMPERATURE), (HOT, s.WALK_TEMPERATURES[-1])):
        dump = read_dump(folder / f"{name}.dump")
        structure = Structure(
            Lattice.orthorhombic(*dump.box), elements(dump, name), dump.unwrapped[0], coords_are_cartesian=True
        )
        displacements = np.swapaxes(dump.unwrapped - dump.unwrapped[0], 0, 1)
        ions, frames = int(np.sum(dump.types == s.ION)), len(dump.steps)
        last = measured.fit_lags(name)[-1]
        analyzer = DiffusionAnalyzer(
            structure,
            displacements,
            "Li",
            kelvin,
            time_step=s.TIMESTEP * 1000,
            step_skip=int(dump.steps[1] - dump.steps[0]),
            smoothed="max",
            min_obs=ions * frames // (last + 1),
        )
        found |= {
            f"{name} lags": np.rint(analyzer.dt / (1000 * s.interval(name))).astype(int),
            f"{name} msd": analyzer.msd,
            f"{name} mscd": analyzer.mscd,
            f"{name} d": np.array([analyzer.diffusivity, analyzer.diffusivity_std_dev]),
            f"{name} charge d": np.array([analyzer.chg_diffusivity, analyzer.chg_diffusivity_std_dev]),
            f"{name} sigma": np.array([analyzer.conductivity, analyzer.chg_conductivity]),
            f"{name} haven": np.array(analyzer.haven_ratio),
        }
    for ladder in ("ladder", "few"):
        table = measured.table(folder, f"{ladder}.dat")
        energy, prefactor, _ = fit_arrhenius(table.column("temperature"), table.column("D"))
        found[ladder] = np.array([energy, prefactor])
    return found


def elements(dump: Trajectory, name: str) -> list[str]:
    return [s.ELEMENTS[kind - 1] if name == "run" else ("Li", "S")[kind - 1] for kind in dump.types]


def compare(folder: Path, theirs: dict[str, np.ndarray], tool: str) -> list[Row]:
    files = {"run": ("origins.dat", "origins.history"), HOT: (f"{HOT}.origins.dat", f"{HOT}.origins.history")}
    rows = []
    for name, (table, history) in files.items():
        rows += trajectory_rows(measured.table(folder, table), measured.diffusion(folder, history), name, theirs, tool)
    rows += default_lags_rows(folder, theirs, tool)
    true = s.walk_diffusion(s.WALK_TEMPERATURES[-1])
    ours = measured.diffusion(folder, f"{HOT}.history").d
    rows.append(within_errors("walk: D, default lags", TRUTH, *ours, true, TRUE, "cm^2/s"))
    usual = measured.diffusion(folder, f"{HOT}.usual.history").d
    rows.append(within_errors("walk: D by default", TRUTH, *usual, true, TRUE, "cm^2/s"))
    return [*rows, *ladder_rows(folder, theirs, tool)]


def trajectory_rows(table, ours: measured.Diffusion, name: str, theirs: dict[str, np.ndarray], tool: str) -> list[Row]:
    """MSDs, D, conductivity and Haven ratio of one trajectory."""
    lags, step = theirs[f"{name} lags"], s.interval(name)
    span = f"lags {lags[0]} to {lags[-1]}"
    where = "run" if name == "run" else "walk"
    msd, mscd = (measured.at_lags(table, column, lags, step) for column in ("msd", "msd_collective"))
    d, error = theirs[f"{name} d"]
    charge_d, _ = theirs[f"{name} charge d"]
    sigma, charge_sigma = theirs[f"{name} sigma"]
    rows = [
        close(f"{where}: MSD, drift framework, {span}", tool, msd, theirs[f"{name} msd"], MSD, "A^2"),
        close(f"{where}: collective MSD, {span}", tool, mscd, theirs[f"{name} mscd"], MSD, "A^2"),
    ]
    # 1 A^2/ps = 1e-4 cm^2/s
    line = measured.straight_line(lags * step, msd, 1) / 6 * 1e-4
    rows.append(close(f"{where}: D, line with weights 1/t through our MSD", tool, line, d, LINE, "cm^2/s"))
    line = measured.weighted_line(table, lags * step, theirs[f"{name} msd"]) / 6 * 1e-4
    rows.append(close(f"{where}: D, line with our weights through its MSD", tool, ours.d[0], line, LINE, "cm^2/s"))
    rows.append(within_errors(f"{where}: D, each with its own weights", tool, *ours.d, d, DATA, "cm^2/s"))
    rows.append(within_errors(f"{where}: collective D, own weights", tool, *ours.collective, charge_d, DATA, "cm^2/s"))
    factors = 1000 * np.array([ours.sigma[0] / ours.d[0], ours.sigma_collective[0] / ours.collective[0]])
    both = np.array([sigma / d, charge_sigma / charge_d])
    rows.append(close(f"{where}: sigma / D, both kinds", tool, factors, both, CONSTANTS, "mS s/cm^3"))
    haven = float(theirs[f"{name} haven"])
    ratios = ours.haven[0] / (ours.d[0] / ours.collective[0]), haven / (d / charge_d)
    rows.append(close(f"{where}: Haven ratio over D / collective D", tool, *ratios, CONSTANTS))
    rows.append(within_errors(f"{where}: Haven ratio", tool, *ours.haven, haven, DATA))
    words = number(ours.d[1], "cm^2/s", 2), number(error, "cm^2/s", 2)
    return [*rows, note(f"{where}: error of D", tool, *words, ours.d[1] / error, "times as large")]


def default_lags_rows(folder: Path, theirs: dict[str, np.ndarray], tool: str) -> list[Row]:
    """The default lags of the fix have fewer origins where they are long."""
    table, ours = measured.table(folder, "framework.dat"), measured.diffusion(folder, "framework.history")
    lags = np.rint(table.column("lag") / s.interval("run")).astype(int)
    common = np.intersect1d(lags, theirs["run lags"])
    known = np.isin(lags, common)
    msd, errors = table.column("msd")[known], np.nan_to_num(table.quantity("msd").errors)[known]
    its = theirs["run msd"][np.isin(theirs["run lags"], common)]
    what = f"run: MSD at the default lags, {common[0]} to {common[-1]}"
    rows = [within_errors(what, tool, msd, errors, its, SAME_DATA, "A^2")]
    d, _ = theirs["run d"]
    rows.append(within_errors("run: D, default lags", tool, *ours.d, d, DATA, "cm^2/s"))
    usual = measured.diffusion(folder, "usual.history").d
    return [*rows, within_errors("run: D by default", tool, *usual, d, DATA, "cm^2/s")]


def smoothed_line(of) -> np.ndarray:
    """Slope, -eV, and height of ln D against 1/kT with the weights of the ladder: logarithms of relative errors on a straight line."""
    d, x = of.column("D"), 1 / (BOLTZMANN * of.column("temperature"))
    errors = np.exp(np.polyval(np.polyfit(x, np.log(of.quantity("D").errors / d), 1), x))
    return np.polyfit(x, np.log(d), 1, w=1 / errors)


def ladder_rows(folder: Path, theirs: dict[str, np.ndarray], tool: str) -> list[Row]:
    """Activation energies."""
    ladder, few = (measured.table(folder, f"{name}.dat") for name in ("ladder", "few"))
    alike = np.polyfit(1 / (BOLTZMANN * ladder.column("temperature")), np.log(ladder.column("D")), 1)
    energy, prefactor = theirs["ladder"]
    rows = [
        close("E_a, rows of the ladder alike (line: numpy)", tool, -alike[0], energy, ARRHENIUS, "eV"),
        close("prefactor, rows alike (line: numpy)", tool, np.exp(alike[1]), prefactor, ARRHENIUS, "cm^2/s"),
    ]
    for of, ions in ((few, f"{s.FEW_IONS} ions"), (ladder, "all")):
        printed, (slope, height) = of.need("E_a_D").value, smoothed_line(of)
        words = number(printed, "eV"), number(-slope, "eV")
        what = f"E_a that deepion-merge prints, smoothed weights, {ions}"
        rows.append(Row(what, NUMPY, *words, abs(printed + slope), ABSOLUTE, MERGE_DIGITS))
        what = f"ln prefactor that deepion-merge prints, {ions}"
        rows.append(close(what, NUMPY, of.series("lines")[0]["ln_prefactor"], height, 1e-6))
    few_energy = few.need("E_a_D")
    rows.append(
        within_errors(
            f"E_a of {s.FEW_IONS} ions", tool, few_energy.value, few_energy.error, theirs["few"][0], DATA, "eV"
        )
    )
    weighted_energy = ladder.need("E_a_D")
    rows.append(
        within_errors("E_a, ours weighted", tool, weighted_energy.value, weighted_energy.error, energy, DATA, "eV")
    )
    rows.append(
        within_errors(
            "E_a, ours weighted", TRUTH, weighted_energy.value, weighted_energy.error, s.WALK_ENERGY, TRUE, "eV"
        )
    )
    return rows
