# SPDX-License-Identifier: MIT
"""Trajectories for the tests of fix ion/transport and compute ion/msd, and what numpy makes of them."""

import json
from pathlib import Path

import numpy as np

from small_models import Box, random_box

BOLTZMANN, CHARGE = 1.380649e-23, 1.602176634e-19  # J/K, C
DT = 1 / 512  # ps
LAG_COLUMNS = ("lag", "origins", "x", "y", "z", "msd", "se", "collective", "ngp", "beta")


def write_moving(box: Box, v, path: Path) -> Path:
    """A data file with velocities: the same bits on every number of ranks, which `velocity create` does not give."""
    box.write(path)
    rows = "".join(f"{i} {r[0]:.17g} {r[1]:.17g} {r[2]:.17g}\n" for i, r in zip(box.ids, v, strict=True))
    path.write_text(path.read_text() + "\nVelocities\n\n" + rows)
    return path


def gas_atoms(seed=1, speed=30.0, tilt=0.0, n=4):
    """n^3 atoms and their velocities in A/ps; half are ions (type 1, mass 10), the others heavier (mass 20) and four times
    slower. The mean velocities of both are not 0: drift references matter. All lengths, velocities and the time step are
    multiples of 2^-20: in free flight no position is ever rounded, wherever a run is cut and atoms are put back into the box."""
    box = random_box(seed, n=n, spacing=2.25, tilt=tilt)
    v = (
        np.random.default_rng(seed + 100).normal(size=(len(box), 3))
        * np.where(box.types == 1, speed, speed / 4)[:, None]
    )
    return box.changed(x=np.round(box.x * 2**20) / 2**20), np.round(v * 2**20) / 2**20


def sparse(ions: int, slab: bool = False, others: int = 60, speed: float = 30.0) -> tuple[Box, np.ndarray]:
    """A few ions among other atoms in a cube of 16 A, or in one eighth of it along x; multiples of 2^-20, so that free flight
    rounds nothing."""
    rng = np.random.default_rng(ions)
    x = rng.uniform(0, 16, (ions + others, 3)) * [0.125 if slab else 1, 1, 1]
    v = rng.normal(size=(ions + others, 3)) * [0.0 if slab else speed, speed, speed]
    box = Box(np.round(x * 2**20) / 2**20, np.array([1] * ions + [2] * others), np.diag([16.0] * 3))
    return box, np.round(v * 2**20) / 2**20


def gas(path: Path, **options) -> Path:
    return write_moving(*gas_atoms(**options), path)


def setup(data: Path, pair: str, units="metal", before="", read="") -> str:
    """Everything but the measurement. Without `read`, the data file is read; with it, this command instead."""
    dt = {"metal": DT, "real": 1000 * DT}[units]
    return f"""units {units}
{before}
{read or f"read_data {data}"}
group ion type 1
neighbor 1.0 bin
neigh_modify every 1 delay 0 check yes
{pair}
fix move all nve
timestep {dt}
"""


def free_flight(data: Path, **options) -> str:
    """No forces: exact positions."""
    return setup(data, "pair_style zero 2.0\npair_coeff * *", **options)


def brownian(data: Path, seed: int = 7) -> str:
    """Set-up of ions (type 1) that walk at random at 400 K, with a friction of 50 amu/ps, among atoms that stand still (type 2)."""
    return f"""units metal
read_data {data}
group ion type 1
group wall type 2
pair_style zero 2.0
pair_coeff * *
neighbor 2.0 bin
timestep 0.002
fix walk ion brownian 400 {seed} gamma_t 50
"""


def changed(script: str, changes: dict[str, str]) -> str:
    """The script with texts of it, which must be there, replaced by others."""
    for old, new in changes.items():
        assert old in script
        script = script.replace(old, new)
    return script


def lj(data: Path, **options) -> str:
    """A hot liquid; metal units only."""
    pair = "pair_style lj/cut 5.0\npair_coeff * * 0.03 2.0\npair_coeff 1 2 0.02 1.9"
    return setup(data, pair, **options)


def table(path: Path) -> np.ndarray:
    return np.loadtxt(path, ndmin=2)


def columns(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of the table, by the names above."""
    assert rows.shape[1] == len(LAG_COLUMNS)
    return dict(zip(LAG_COLUMNS, rows.T, strict=True))


def dump(path: Path):
    """Steps, box matrices (rows: a, b, c) and columns after the ID, [frame, atom, column], of a dump sorted by ID."""
    steps, cells, frames = [], [], []
    lines = path.read_text().splitlines()
    at = 0
    while at < len(lines):
        steps.append(int(lines[at + 1]))
        n = int(lines[at + 3])
        bounds = np.array([line.split() for line in lines[at + 5 : at + 8]], float)
        xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else (0.0, 0.0, 0.0)
        sides = bounds[:, 1] - bounds[:, 0] - [np.ptp([0, xy, xz, xy + xz]), np.ptp([0, yz]), 0.0]
        cell = np.diag(sides)
        cell[1, 0], cell[2, 0], cell[2, 1] = xy, xz, yz
        cells.append(cell)
        rows = np.array([line.split() for line in lines[at + 9 : at + 9 + n]], float)
        assert np.array_equal(rows[:, 0], np.sort(rows[:, 0]))
        frames.append(rows[:, 1:])
        at += 9 + n
    return np.array(steps), np.array(cells), np.array(frames)


def against(u, types, drift):
    """Unwrapped positions of the ions [frame, ion, 3] against the drift reference."""
    ion = types == 1
    if drift == "framework":
        u = u - u[:, ~ion].mean(axis=1, keepdims=True)
    elif drift == "com":
        u = u - np.average(u, axis=1, weights=10.0 * types)[:, None]
    return u[:, ion]


def moments(d):
    """x, y, z, total, collective, non-Gaussian of displacements [origin, ion, 3]."""
    x, y, z = (d**2).mean(axis=(0, 1))
    total = x + y + z
    collective = (d.sum(axis=1) ** 2).sum(axis=1).mean() / d.shape[1]
    return [x, y, z, total, collective, 0.6 * ((d**2).sum(axis=2) ** 2).mean() / total**2 - 1]


def brute_force(r, per_level, levels, interval, origins=1):
    """From all positions of the ions [sample, ion, 3]: rows of lag, origins and moments, as the fix is to find them with so many
    `origins` in each unit of a level."""
    rows = []
    for level in range(levels):
        stride = max(per_level**level // origins, 1)
        unit = per_level**level // stride
        between = range(unit + 1, 2 * unit) if level else []
        for k in [*between, *(unit * k for k in range(2 if level else 1, per_level + 1))]:
            some = r[::stride]
            if len(some) > k:
                rows.append([k * stride * interval, len(some) - k, *moments(some[k:] - some[:-k])])
    return np.array(rows)


def weighted(path: Path, lag, y):
    """The slope of y as the weights in the file of the fix make it."""
    (line,) = [line for line in path.read_text().splitlines() if line.startswith("# results ")]
    weights = np.array(json.loads(line.removeprefix("# results "))["series"]["fit_weights"])
    np.testing.assert_allclose([weights[:, 1].sum(), weights[:, 0] @ weights[:, 1]], [0, 1], atol=1e-5)
    at = [np.argmin(np.abs(lag - wanted)) for wanted in weights[:, 0]]
    np.testing.assert_allclose(lag[at], weights[:, 0], rtol=1e-9)
    return weights[:, 1] @ y[at]


def slope(lag, y, window):
    """Of the straight line with weights 1/t^3 through the lags of a window."""
    near = (lag > 0.999 * window[0]) & (lag < 1.001 * window[1])
    assert near.sum() > 2
    return np.polyfit(lag[near], y[near], 1, w=lag[near] ** -1.5)[0]
