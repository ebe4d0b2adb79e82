# SPDX-License-Identifier: MIT
"""A study at two lengths, and an earlier one beside it: do errors that were claimed after the first part of the runs hold what all
of them say, and how do they shrink?

D after the first part is in the histories of the runs. The whole run holds its first part. For estimates that use their data well,
as a mean does, cov(D_first, D_whole) = var(D_whole), and so

    var(D_first - D_whole) = var(D_first) - var(D_whole) = var(D_first) (1 - t_first / t_whole)

(Hausman, Econometrica 46, 1251 (1978)). Deviations are given in units of the root of that, with the error that was claimed after the
first part: what was known then is tested, nothing else.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy import stats

from deepion.constants import BOLTZMANN
from deepion.results import tables
from deepion.results.tables import Value

from .joined import NOTHING, Measured, Row, error_of, mean
from .stages import StudyError

NEAR = 0.01  # a row of a history is taken for one at the wanted time where it is nearer than this part of it
LONGER = 1.5  # runs must be so much longer than their first part


@dataclass(frozen=True)
class Twice:
    """D of one run, cm^2/s, after the first part of it and after all."""

    composition: str
    packing: int
    kelvin: float
    first: Value
    whole: Value
    freedom: float  # degrees of freedom of the error after the first part
    share: float  # of the run that the first part is

    @property
    def deviation(self) -> float:
        """Of the first from the whole, in units of what the error claimed first lets expect."""
        return (self.first.value - self.whole.value) / (error_of(self.first) * np.sqrt(1 - self.share))

    @property
    def normal(self) -> float:
        """The same as the normal deviate of equal probability: the error is itself known from few parts."""
        upper = stats.t.logsf(abs(self.deviation), self.freedom)
        return float(np.copysign(stats.norm.isf(np.exp(upper)), self.deviation))

    def chance(self, width: float) -> float:
        """Probability of a deviation below `width` errors."""
        return float(1 - 2 * stats.t.sf(width, self.freedom))


@dataclass(frozen=True)
class Held:
    """Whether the errors of many runs held."""

    runs: list[Twice]

    @cached_property
    def deviations(self) -> np.ndarray:
        return np.array([run.deviation for run in self.runs])

    def within(self, width: float) -> int:
        """Runs whose deviation is below `width` errors."""
        return int((np.abs(self.deviations) < width).sum())

    def expected(self, width: float) -> float:
        """As many as there should be."""
        return sum(run.chance(width) for run in self.runs)

    @property
    def mean(self) -> float:
        """Of the deviations: 0 +- 1 / sqrt(n), unless D depends on the length of the run."""
        return float(np.mean([run.normal for run in self.runs]))

    @property
    def chance(self) -> float:
        """Probability of a larger scatter of the deviations (chi^2)."""
        return float(stats.chi2.sf(sum(run.normal**2 for run in self.runs), len(self.runs)))

    @property
    def shrunk(self) -> float:
        """Median of the claimed error at the end over that after the first part."""
        return float(np.median([error_of(run.whole) / error_of(run.first) for run in self.runs]))

    @property
    def share(self) -> float:
        """Median share of the run that the first part is."""
        return float(np.median([run.share for run in self.runs]))


def twice(runs: list[Measured], picoseconds: float) -> list[Twice]:
    """The runs that are long enough, and have a D with an error both times."""
    found = []
    for run in runs:
        history = tables.read(run.folder / "transport.history.dat", tables.HISTORY)
        time, d, parts = history.column("time"), history.quantity("D"), history.column("blocks")
        near = int(np.argmin(np.abs(time - picoseconds)))
        if abs(time[near] - picoseconds) > NEAR * picoseconds or time[-1] < LONGER * picoseconds:
            continue
        first, whole = (Value(d.values[k], d.errors[k], d.unit) for k in (near, -1))
        if first.value and whole.value and np.isfinite([error_of(first), error_of(whole)]).all():
            freedom = max(parts[near] - 1.0, 1.0)
            share = time[near] / time[-1]
            found.append(Twice(run.composition, run.packing, run.kelvin, first, whole, freedom, share))
    return found


@dataclass(frozen=True)
class Beside:
    """D at one temperature, cm^2/s: of an earlier study, of this one at the same length, and of all of this one."""

    composition: str
    kelvin: float
    earlier: Value
    equal: Value
    whole: Value


@dataclass(frozen=True)
class Energies:
    """Activation energy of a composition, eV, the same three times."""

    composition: str
    earlier: Value
    equal: Value
    whole: Value


@dataclass(frozen=True)
class Compared:
    """Runs at two lengths, and what an earlier study has beside them."""

    held: Held
    rows: list[Beside]
    energies: list[Energies]


def compared(runs: list[Twice], rows: list[Row], whole: dict[str, Value], earlier: Path | None) -> Compared:
    """`whole`: activation energies of all packings; `earlier`: folder with summary.dat and activation.dat of another study."""
    if earlier is None:
        return Compared(Held(runs), [], [])
    return Compared(Held(runs), beside(earlier, rows, runs), energies_beside(earlier, whole, runs))


def numbers(path: Path) -> list[dict[str, str]]:
    """Lines of summary.dat or activation.dat by the names of their columns, which the last line of the head holds."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise StudyError(f"cannot read {path} of the earlier study: {error.strerror}") from None
    head = [line for line in lines if line.startswith("#")]
    names = head[-1].removeprefix("#").partition(";")[0].split()
    return [dict(zip(names, line.split(), strict=True)) for line in lines if line and not line.startswith("#")]


def beside(folder: Path, rows: list[Row], runs: list[Twice]) -> list[Beside]:
    """The compositions and temperatures that both studies have."""
    before = {(one["composition"], float(one["T_K"])): one for one in numbers(folder / "summary.dat")}
    found = []
    for row in rows:
        same = [run.first for run in runs if (run.composition, run.kelvin) == (row.composition, row.kelvin)]
        one = before.get((row.composition, row.kelvin))
        if one is None or len(same) < len(row.runs):
            continue
        whole = row.tables["transport"].value("D") or NOTHING
        earlier = Value(float(one["D"]), float(one["D_se"]), "cm^2/s")
        found.append(Beside(row.composition, row.kelvin, earlier, mean(same), whole))
    return found


def energies_beside(folder: Path, whole: dict[str, Value], runs: list[Twice]) -> list[Energies]:
    """Activation energies of the compositions that both studies have; `whole`: those of this one."""
    before = {
        one["composition"]: Value(
            float(one.get("E_a", one.get("E_a_eV", "nan"))), float(one.get("E_a_se", one.get("E_a_se_eV", "nan"))), "eV"
        )
        for one in numbers(folder / "activation.dat")
        if one["packing"] == "0"
    }
    found = []
    for composition, earlier in before.items():
        mine = [run for run in runs if run.composition == composition]
        equal = energy(mine)
        if composition in whole and equal is not None:
            found.append(Energies(composition, earlier, equal, whole[composition]))
    return found


def energy(runs: list[Twice]) -> Value | None:
    """Activation energy after the first part, eV, by the rules of deepion-merge: the runs of a temperature joined, what packings
    differ by beyond their errors (DerSimonian and Laird 1986) in all errors, weights of smoothed errors, chi^2 above 1 in the error.
    """
    kelvins = sorted({run.kelvin for run in runs})
    if len(kelvins) < 2:
        return None
    groups = [[run.first for run in runs if run.kelvin == kelvin] for kelvin in kelvins]
    joined = [mean(group) for group in groups]
    extra = between(groups)
    relative = np.array(
        [np.hypot(error_of(d) / d.value, np.sqrt(extra / len(group))) for d, group in zip(joined, groups, strict=True)]
    )
    x = 1 / (BOLTZMANN * np.array(kelvins))
    if len(x) > 2:
        relative = np.exp(np.polyval(np.polyfit(x, np.log(relative), 1), x))
    y, weights = np.log([d.value for d in joined]), relative**-2
    middle = (weights * x).sum() / weights.sum()
    spread = (weights * (x - middle) ** 2).sum()
    slope, level = (weights * (x - middle) * y).sum() / spread, (weights * y).sum() / weights.sum()
    chi2 = (weights * (y - level - slope * (x - middle)) ** 2).sum() / max(len(x) - 2, 1)
    return Value(-slope, float(np.sqrt(max(chi2, 1.0) / spread)), "eV")


def between(groups: list[list[Value]]) -> float:
    """Relative variance between packings beyond their own errors, over all temperatures."""
    excess = scale = freedom = 0.0
    for group in groups:
        if len(group) < 2:
            continue
        weights = np.array([(d.value / error_of(d)) ** 2 for d in group])
        logs = np.log([d.value for d in group])
        total = weights.sum()
        excess += (weights * (logs - (weights * logs).sum() / total) ** 2).sum()
        scale += total - (weights**2).sum() / total
        freedom += len(group) - 1
    return max((excess - freedom) / scale, 0.0) if freedom else 0.0


def text(runs: list[Twice], picoseconds: float) -> str:
    """lengths.dat."""
    lines = [
        f"# D (cm^2/s) after the first {picoseconds:g} ps of each run and after all of it, with the claimed standard errors (_se);",
        "# share: of the run that the first part is; deviation: of the first from the whole in units of se_first sqrt(1 - share);",
        "# freedom: degrees of freedom of the error after the first part",
        "# composition packing T_K D_first D_first_se D_whole D_whole_se share deviation freedom",
    ]
    for run in runs:
        values = [run.first.value, error_of(run.first), run.whole.value, error_of(run.whole), run.share, run.deviation]
        lines.append(
            f"{run.composition} {run.packing} {run.kelvin:g} {' '.join(f'{x:.4g}' for x in values)} {run.freedom:g}"
        )
    return "\n".join(lines) + "\n"
