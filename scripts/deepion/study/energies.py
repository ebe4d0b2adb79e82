# SPDX-License-Identifier: MIT
"""Activation energies: of conductivity and of hops, for each composition and packing, and whether they differ by more than chance."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from deepion.results import tables
from deepion.results.tables import Value

from .joined import NOTHING, Measured, error_of, merge
from .stages import StudyError

HEAD = """\
# Activation energies, eV: E_a from sigma T (Nernst-Einstein), E_hops from the rate of hops; _se: standard error, with what packings
# scatter by in E_a of those joined; temperatures: that have a D; packing 0: all joined; nan: not known
# composition packing E_a E_a_se E_hops E_hops_se temperatures
"""


@dataclass(frozen=True)
class Energy:
    """Activation energies of a composition, of all packings together (0) or of one."""

    composition: str
    packing: int
    conductivity: Value
    hops: Value
    temperatures: int  # through which the line of the conductivity leads

    @property
    def freedom(self) -> int:
        """Degrees of freedom of a line through so many points; where chi^2 makes the error, it has no more."""
        return self.temperatures - 2


def energies(runs: list[Measured], compositions: list[str], results: Path, window: list[str]) -> list[Energy]:
    """Ladders of all packings of a composition together, and of each, as tables in results/."""
    found = []
    for composition in compositions:
        mine = [run for run in runs if run.composition == composition]
        for packing in [0, *sorted({run.packing for run in mine})]:
            some = [run for run in mine if packing in (0, run.packing)]
            stem = f"{composition}.{packing}" if packing else composition
            own = ladder(composition, some, "transport", results / f"{stem}.ladder.dat", tables.LADDER, window)
            hops = None
            if all((run.folder / "hops.json").exists() for run in some):
                hops = ladder(composition, some, "hops", results / f"{stem}.hops.ladder.dat", tables.HOPS_LADDER, [])
            count = int((own.column("fit_to") > 0).sum()) if own else 0
            conductivity = (own.value("E_a_sigma") if own else None) or NOTHING
            rate = (hops.value("E_a_rate") if hops else None) or NOTHING
            found.append(Energy(composition, packing, conductivity, rate, count))
    return found


def ladder(
    composition: str, runs: list[Measured], style: str, table: Path, kind: str, window: list[str]
) -> tables.Table | None:
    """What deepion-merge makes of two temperatures or more."""
    if len({run.kelvin for run in runs}) < 2:
        return None
    try:
        merge(table.parent.parent, [run.folder / f"{style}.json" for run in runs], table, f"LPS:{composition}", window)
    except StudyError as error:
        print(f"no activation energy of {style}: {error}")
        return None
    return tables.read(table, kind)


def text(found: list[Energy]) -> str:
    """activation.dat."""
    lines = []
    for one in found:
        numbers = [x for value in (one.conductivity, one.hops) for x in (value.value, error_of(value))]
        lines.append(f"{one.composition} {one.packing} {' '.join(f'{x:.4g}' for x in numbers)} {one.temperatures}\n")
    return HEAD + "".join(lines)


def difference(some: list[Energy]) -> float | None:
    """Probability that activation energies of conductivity that are all the same differ as much by chance; None: not known.

    Welch's test of several means (Biometrika 38, 330 (1951)), which for two is his t test: errors are themselves known from few
    points, here as many as their lines have degrees of freedom.
    """
    known = [one for one in some if np.isfinite(one.conductivity.value) and one.conductivity.error and one.freedom > 0]
    if len(known) < 2 or len(known) < len(some):
        return None
    values = np.array([one.conductivity.value for one in known])
    errors = np.array([error_of(one.conductivity) for one in known])
    return welch(values, errors, np.array([one.freedom for one in known], float))


def welch(values: np.ndarray, errors: np.ndarray, freedoms: np.ndarray) -> float:
    """Probability of a larger scatter of values with these standard errors, each with its degrees of freedom, by chance."""
    weights = errors**-2
    total, count = weights.sum(), len(values)
    scatter = (weights * (values - (weights * values).sum() / total) ** 2).sum() / (count - 1)
    unsure = ((1 - weights / total) ** 2 / freedoms).sum()
    statistic = scatter / (1 + 2 * (count - 2) / (count**2 - 1) * unsure)
    return float(stats.f.sf(statistic, count - 1, (count**2 - 1) / (3 * unsure)))
