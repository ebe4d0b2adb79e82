# SPDX-License-Identifier: MIT
"""rerun of dumps: the same results as in the run where all is read that is needed; refused where it is not."""

import numpy as np
import pytest

from ion_runs import free_flight, gas
from lammps_runs import good, lmp

FIXES = "fix tr ion ion/transport 5 drift none lags 4 3 file tr.txt\nfix vd ion ion/vdos 5 8 names A B file vd.txt vacf vacf.txt\n"
SHAPES = (
    "group frame type 2\nfix rho ion ion/density 5 spacing 1 temp 900 file rho.txt\n"
    "fix po ion ion/polyhedra 5 frame 1.5 1.9 lags 4 3 file po.txt\n"
)
MSD = "compute m ion ion/msd drift none\nthermo 100\nthermo_style custom step c_m[4]\n"
JUMPS = (
    "rerun does not read image flags (ix), so atoms would jump by a box length at periodic boundaries: dump x y z ix iy iz and use "
    "'rerun FILE dump x y z ix iy iz', or dump xu yu zu and use 'rerun FILE dump x y z wrapped no'"
)
STALE = (
    "rerun does not read velocities (vx vy vz), so those of another moment would be measured: dump vx vy vz and use 'rerun FILE dump "
    "x y z vx vy vz'"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run in which ions cross the box several times, and its dumps."""
    folder = tmp_path_factory.mktemp("run")
    data = gas(folder / "data")
    dumps = (
        "dump one all custom 5 wrapped id type x y z ix iy iz vx vy vz\ndump two all custom 5 unwrapped id type xu yu zu vx vy vz\n"
        "dump_modify one sort id format float %.17g\ndump_modify two sort id format float %.17g\n"
    )
    good(lmp(free_flight(data) + FIXES + SHAPES + MSD + dumps + "run 300\n", folder))
    return folder, data


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("fields", ["wrapped dump x y z ix iy iz vx vy vz", "unwrapped dump x y z vx vy vz wrapped no"])
def test_rerun_gives_the_results_of_the_run(tmp_path, run, fields, ranks):
    folder, data = run
    script = free_flight(data) + FIXES + SHAPES + MSD
    good(lmp(script + f"rerun {folder}/{fields}\n", tmp_path, ranks=ranks))
    for name in ("tr.txt", "vd.txt", "vacf.txt", "rho.txt", "po.txt"):
        one, two = np.loadtxt(folder / name), np.loadtxt(tmp_path / name)
        assert len(one) > 5
        np.testing.assert_allclose(two, one, rtol=1e-9, atol=1e-9 * np.abs(one).max())


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize(
    ("commands", "fields", "message"),
    [
        ("fix tr ion ion/transport 5\n", "x y z", "fix ion/transport tr: " + JUMPS),
        ("fix tr ion ion/transport 5\n", "x y z iy iz vx vy vz", "fix ion/transport tr: " + JUMPS),
        ("fix rho ion ion/density 5\n", "x y z", "fix ion/density rho: " + JUMPS),
        ("fix tr ion ion/transport 5\n", "x y z wrapped yes", "fix ion/transport tr: " + JUMPS),
        (MSD, "x y z", "compute ion/msd m: " + JUMPS),
        ("fix vd ion ion/vdos 5 8\n", "x y z ix iy iz", "fix ion/vdos vd: " + STALE),
        ("fix vd ion ion/vdos 5 8\n", "x y z vx vy", "fix ion/vdos vd: " + STALE),
    ],
)
def test_what_a_rerun_must_read(tmp_path, run, commands, fields, message, ranks):
    folder, data = run
    result = lmp(free_flight(data) + commands + f"rerun {folder}/wrapped dump {fields}\n", tmp_path, ranks=ranks)
    (error,) = set(result.errors())
    assert message in error


def test_what_is_not_needed_need_not_be_read(tmp_path, run):
    """Coordination numbers, bonds and a density without drift come from positions alone."""
    folder, data = run
    script = free_flight(data) + "group frame type 2\nfix co ion ion/coordination 5 frame rcut 1.5 2 2\n"
    script += "fix rho ion ion/density 5 spacing 1 drift none\nfix po ion ion/polyhedra 5 frame 1.5 1.9\n"
    good(lmp(script + f"rerun {folder}/wrapped dump x y z\n", tmp_path))
