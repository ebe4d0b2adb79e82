# SPDX-License-Identifier: MIT
"""D of many walks whose D is known: what fix ion/transport finds on each, and what kinisi makes of the same positions.

The walks and our values are those of rust/analysis/examples/estimator. Lengths have no unit, times are samples.
"""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepion import checkout

from .errors import ComparisonError
from .peers import evaluated

LAGS = 100  # about so many in kinisi's line: all of them take minutes, and are the same data
SEED = 3_000_000
HEAD = ["walk, samples", "estimator", "D in", "bias", "scatter", "stated", "1 and 2 errors hold", "within 10 %"]


@dataclass(frozen=True)
class Case:
    """`cage`: sample from which on the slope of the MSD is constant within 5 %."""

    kind: str
    ions: int
    samples: int
    cage: int

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.ions}-{self.samples}"

    @property
    def lags(self) -> np.ndarray:
        """Of kinisi's line, samples: from the cage time to the end of the run."""
        return np.arange(self.cage, self.samples, max(1, self.samples // LAGS))


CASES = (
    Case("free", 36, 300, 10),
    Case("rattling", 36, 300, 10),
    Case("rattling", 36, 1000, 10),
    Case("hops", 36, 1800, 60),
)


def compare(folder: Path, venv: Path, runs: int, say: Callable[[str], None]) -> list[list[str]]:
    """Rows of the table, one for each estimator of each case; everything goes into the folder."""
    rows = []
    for case in CASES:
        where = folder / case.name
        say(f"{runs} walks: {case.name}")
        walk(case, where, runs)
        evaluated("kinisi_walks", where, venv)
        with np.load(where / "kinisi_walks.npz") as file:
            theirs, tool = file["d"], f"kinisi {file['_version']}, from the cage time"
        ours, truth = read(where, case, runs)
        for name, found in [*ours.items(), (tool, theirs)]:
            rows.append([f"{case.kind} {case.ions}, {case.samples}", name, *summary(found, truth)])
    return rows


def walk(case: Case, where: Path, runs: int) -> None:
    """Have the estimator's program write positions and its values; what is there already is kept."""
    where.mkdir(parents=True, exist_ok=True)
    if all((where / f"{SEED + k}.values").exists() for k in range(runs)):
        return
    program = ["cargo", "run", "--quiet", "--release", "-p", "deepion-analysis", "--example", "estimator", "--"]
    words = [case.kind, case.ions, case.samples, runs, SEED, f"walks={where}"]
    result = subprocess.run(
        [*program, *map(str, words)], cwd=checkout.root(), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if result.returncode != 0:
        raise ComparisonError(f"the program of the walks failed:\n{result.stderr[-2000:]}")


def read(where: Path, case: Case, runs: int) -> tuple[dict[str, np.ndarray], float]:
    """Value and error of each run, [run, 2], by the name of the estimator, and the true D; NaN: none."""
    wanted = {
        "**stationary**": "deepion",
        "**given**": "deepion, fit from the cage time, a decade",
        "beta": "deepion, window beta",
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in wanted.values()}
    truth = np.nan
    for run in range(runs):
        for line in (where / f"{SEED + run}.values").read_text().splitlines():
            length, name, true, value, error = line.split(";")
            if int(length) == case.samples and name in wanted:
                truth = float(true)
                found[wanted[name]].append((float(value), float(error)))
    return {name: np.array(values) for name, values in found.items()}, truth


def summary(found: np.ndarray, truth: float) -> list[str]:
    """Share of runs with a D; bias, scatter and root mean square error stated in percent of the true D; percent of the intervals of one and
    of two errors that hold it; percent of all runs within a tenth of it. `found`: [run, 2].
    """
    known = found[np.isfinite(found[:, 0])]
    share = f"{100 * len(known) / len(found):.0f} %"
    if len(known) < 3:
        return [share, "", "", "", "", ""]
    off, error = 100 * (known[:, 0] / truth - 1), 100 * known[:, 1] / truth
    holds = [f"{100 * np.mean(np.abs(off) < k * error):.0f}" for k in (1, 2)]
    near = f"{100 * np.sum(np.abs(off) < 10) / len(found):.0f} %"
    return [
        share,
        f"{off.mean():+.1f}",
        f"{off.std():.1f}",
        f"{np.sqrt(np.mean(error**2)):.1f}",
        ", ".join(holds),
        near,
    ]


def markdown(rows: list[list[str]]) -> str:
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def case_of(where: Path) -> Case:
    return next(case for case in CASES if case.name == where.name)


def positions(path: Path, case: Case) -> np.ndarray:
    """[sample, ion, 3], as the program wrote them."""
    x = np.fromfile(path, np.float64)
    if x.size != case.samples * case.ions * 3:
        raise ComparisonError(f"{path} has {x.size} numbers, not those of {case.name}: remove it")
    return x.reshape(case.samples, case.ions, 3)
