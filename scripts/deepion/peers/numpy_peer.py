# SPDX-License-Identifier: MIT
"""numpy: velocity autocorrelation and density of states of the dumped velocities by FFT, coordination numbers by brute force."""

from pathlib import Path

import numpy as np

from deepion.constants import MASSES  # in the order of the types of data.Ti10

from . import measured
from . import settings as s
from .trajectory import Trajectory, read_dump
from .verdicts import Row, close_curve, same_integers

NAME = "numpy"
DISTRIBUTION = "numpy"
SAME = 1e-10


def evaluate(folder: Path) -> dict[str, np.ndarray]:
    """Curves at all lags and frequencies for each species and, last, all atoms; n_c [frame, ion, cutoff]."""
    dump = read_dump(folder / "run.dump")
    vacf, dos, atoms = [], [], []
    for kind in range(1, len(s.ELEMENTS) + 1):
        v = dump.vectors("vx", "vy", "vz")[:, dump.types == kind]
        atoms.append(v.shape[1])
        vacf.append(list(MASSES.values())[kind - 1] * autocorrelation(v, s.VDOS_LAGS))
        dos.append(density_of_states(vacf[-1] / vacf[-1][0], s.interval("run")))
    shares = np.array(atoms) / sum(atoms)
    vacf.append(shares @ np.array(vacf))
    dos.append(shares @ np.array(dos))
    return {
        "vacf": np.array([curve / curve[0] for curve in vacf]),
        "dos": np.array(dos),
        "numbers": coordination(dump),
    }


def autocorrelation(v: np.ndarray, lags: int) -> np.ndarray:
    """<v(t0).v(t0 + lag)> of velocities [frame, atom, 3] over all origins and atoms, by FFT padded with zeros."""
    frames = len(v)
    spectrum = np.fft.rfft(v, n=2 * frames, axis=0)
    products = np.fft.irfft(np.abs(spectrum) ** 2, n=2 * frames, axis=0)[:lags].sum(axis=2).mean(axis=1)
    return products / (frames - np.arange(lags))


def density_of_states(c: np.ndarray, step: float) -> np.ndarray:
    """12 x integral of w(t) C(t) cos(2 pi nu t) by the trapezoid rule, as a sum of cosines: 1/THz, 3 modes per atom.

    c: C(t)/C(0) at lags `step` ps apart; w: half a Hann window; nu = 0, 1, ... times 1 / (2 x longest lag).
    """
    lag = np.arange(len(c))
    window = 0.5 * (1 + np.cos(np.pi * lag / lag[-1]))
    ends = np.where((lag == 0) | (lag == lag[-1]), 0.5, 1.0)
    cosines = np.cos(np.pi * np.outer(lag, lag) / lag[-1])
    return 12 * step * cosines @ (ends * window * c)


def distances(dump: Trajectory, frame: int) -> np.ndarray:
    """From each ion to each sulfur, A: the nearest image in an orthogonal box."""
    x = dump.vectors("x", "y", "z")[frame]
    d = x[dump.types == s.SULFUR][None, :] - x[dump.types == s.ION][:, None]
    d -= dump.box * np.rint(d / dump.box)
    return np.sqrt((d**2).sum(axis=2))


def coordination(dump: Trajectory) -> np.ndarray:
    """n_c [frame, ion, cutoff]."""
    frames = range(len(dump.steps))
    return np.array([(distances(dump, k)[:, :, None] <= s.CUTOFFS).sum(axis=1) for k in frames])


def compare(folder: Path, theirs: dict[str, np.ndarray], tool: str) -> list[Row]:
    vacf, dos = measured.table(folder, "vacf.dat"), measured.table(folder, "vdos.dat")
    names = [*s.ELEMENTS, "total"]
    ours = np.array([vacf.column(f"vacf_{name}") for name in names])
    rows = [
        close_curve(f"VACF of {len(names) - 1} species and all, {s.VDOS_LAGS} lags", tool, ours, theirs["vacf"], SAME)
    ]
    ours = np.array([dos.column(f"g_{name}") for name in names])
    what = f"VDOS of {len(names) - 1} species and all, {s.VDOS_LAGS} frequencies"
    rows.append(close_curve(what, tool, ours, theirs["dos"], SAME, "1/THz"))
    return [*rows, *numbers_rows(folder, theirs["numbers"], tool)]


def dumped_numbers(folder: Path) -> np.ndarray:
    """n_c [frame, ion, cutoff] of compute ion/coordination."""
    dump = read_dump(folder / "numbers.dump")
    return np.stack([dump.columns[f"c_now[{k}]"] for k in range(1, len(s.CUTOFFS) + 1)], axis=-1).astype(int)


def numbers_rows(folder: Path, theirs: np.ndarray, tool: str, doubtful: np.ndarray | None = None) -> list[Row]:
    """n_c [frame, ion, cutoff] against what was dumped, and its histogram against what was averaged; `doubtful`: numbers that a
    tool of single precision may get wrong, of the same shape.
    """
    ours = dumped_numbers(folder)
    rows = [same_integers(f"n_c(Li-S), {len(s.CUTOFFS)} cutoffs, every ion and frame", tool, ours, theirs, doubtful)]
    table = measured.table(folder, "coordination.dat")
    most = int(table.setting("most"))
    columns = [*(f"P_{n}" for n in range(most + 1)), f"P_above_{most}"]
    fractions = np.array([table.column(name) for name in columns]).T
    ions = ours.shape[0] * ours.shape[1]
    counts = np.rint(fractions * ions).astype(int)
    clipped = np.minimum(theirs, len(columns) - 1)
    if doubtful is not None:
        clipped = np.where(doubtful, np.minimum(ours, len(columns) - 1), clipped)
    found = np.array([np.bincount(clipped[:, :, k].ravel(), minlength=len(columns)) for k in range(len(s.CUTOFFS))])
    return [*rows, same_integers(f"P(n_c; r_cut) x {ions}, {counts.size} bins", tool, counts, found)]
