# SPDX-License-Identifier: MIT
"""kinisi: MSD against the framework and a Bayesian straight line through it."""

from pathlib import Path

import numpy as np

from . import measured
from . import settings as s
from .pymatgen_peer import HOT, elements
from .trajectory import read_dump
from .verdicts import Row, close, note, number, overlap, with_error, within_errors

NAME = "kinisi"
DISTRIBUTION = "kinisi"
SAME = 1e-10
SPACING = 10  # of the lags in the straight line, samples: all of them take minutes, and are the same data


def evaluate(folder: Path) -> dict[str, np.ndarray]:
    """For the run and the hottest walk: MSD (A^2) at the lags with every origin, the observations that kinisi adds to them (A^2),
    mean and standard deviation of its samples of D (cm^2/s), from where the slope is fitted and from where deepion finds it constant.
    """
    import scipp
    from kinisi.analyze import DiffusionAnalyzer
    from pymatgen.core import Lattice, Structure

    found = {}
    for name in ("run", HOT):
        dump = read_dump(folder / f"{name}.dump")
        lattice, names = Lattice.orthorhombic(*dump.box), elements(dump, name)
        structures = [Structure(lattice, names, x, coords_are_cartesian=True) for x in dump.unwrapped]
        # whole femtoseconds: kinisi truncates lag / interval to an integer
        every = int(dump.steps[1] - dump.steps[0])
        step = every * round(1000 * s.TIMESTEP)
        settings = {
            "trajectory": _Frames(structures),
            "specie": "Li",
            "time_step": scipp.scalar(round(1000 * s.TIMESTEP), unit="fs"),
            "step_skip": scipp.scalar(every, unit="dimensionless"),
            "progress": False,
        }
        short = scipp.array(dims=["time interval"], values=np.arange(1, s.EVERY_ORIGIN + 1) * step, unit="fs")
        found[f"{name} msd"] = DiffusionAnalyzer.from_xdatcar(**settings, dt=short).da.values

        for which, start in (("d", measured.fit_lags(name)[0]), ("usual d", usual_start(folder, name))):
            lags = np.arange(start, len(dump.steps), SPACING) * step
            analyzer = DiffusionAnalyzer.from_xdatcar(
                **settings, dt=scipp.array(dims=["time interval"], values=lags, unit="fs")
            )
            analyzer.diffusion(
                scipp.scalar(int(lags[0]), unit="fs"), progress=False, random_state=np.random.RandomState(4711)
            )
            samples = np.asarray(analyzer.D.values)
            found[f"{name} {which}"] = np.array([samples.mean(), samples.std(ddof=1)])
        found[f"{name} added"] = added(dump.unwrapped, dump.types)
    return found


def usual_start(folder: Path, name: str) -> int:
    """Where the slope of the MSD is constant by the default of fix ion/transport, samples."""
    prefix = "" if name == "run" else f"{name}."
    start = measured.diffusion(folder, f"{prefix}usual.history").window[0]
    return max(1, round(start / s.interval(name)))


class _Frames:
    """What kinisi asks of an Xdatcar: its structures."""

    def __init__(self, structures: list):
        self.structures = structures


def added(x: np.ndarray, types: np.ndarray) -> np.ndarray:
    """The observation that kinisi 2.1 adds to those of lag 1, 2, ...: mean square displacement, A^2, from the first frame to
    frame lag - 1, which is one sample short. x: unwrapped [frame, atom, 3], A.
    """
    r = x[:, types == s.ION] - x[:, types != s.ION].mean(axis=1, keepdims=True)
    return ((r[: s.EVERY_ORIGIN] - r[0]) ** 2).sum(axis=2).mean(axis=1)


def compare(folder: Path, theirs: dict[str, np.ndarray], tool: str) -> list[Row]:
    rows = []
    for name, where, prefix in (("run", "run", ""), (HOT, "walk", f"{HOT}.")):
        table = measured.table(folder, f"{prefix}origins.dat")
        ours = measured.diffusion(folder, f"{prefix}origins.history")
        lags = np.arange(1, s.EVERY_ORIGIN + 1)
        msd, errors = table.column("msd"), np.nan_to_num(table.quantity("msd").errors)
        origins = table.column("origins")
        off = theirs[f"{name} msd"] / msd - 1
        k = int(np.argmax(np.abs(off)))
        words = number(msd[k], "A^2"), number(theirs[f"{name} msd"][k], "A^2")
        what = f"{where}: MSD, lags 1 to {lags[-1]}, most at lag {lags[k]}"
        rows.append(note(what, tool, *words, float(np.abs(off[k])), "relative"))
        expected = (origins * msd + theirs[f"{name} added"]) / (origins + 1)
        what = f"{where}: MSD with kinisi's extra observation"
        rows.append(close(what, tool, expected, theirs[f"{name} msd"], SAME, "A^2"))
        known = errors > 0
        what = f"{where}: MSD as they are"
        rows.append(within_errors(what, tool, msd[known], errors[known], theirs[f"{name} msd"][known], 1.0, "A^2"))
        rows.append(overlap(f"{where}: D, one-sigma intervals", tool, ours.d, tuple(theirs[f"{name} d"]), "cm^2/s"))
        usual = measured.diffusion(folder, f"{prefix}usual.history")
        what = f"{where}: D by default, slope constant from {usual.window[0]:.3g} ps on"
        rows.append(overlap(what, tool, usual.d, tuple(theirs[f"{name} usual d"]), "cm^2/s"))
    true = s.walk_diffusion(s.WALK_TEMPERATURES[-1])
    for which, what in (("d", "walk: D of the tool"), ("usual d", "walk: D of the tool, from our start")):
        d, error = theirs[f"{HOT} {which}"]
        words = number(true, "cm^2/s (true)", 4), with_error(d, error, "cm^2/s")
        rows.append(note(what, tool, *words, abs(d - true) / error, "of its s.e."))
    return rows
