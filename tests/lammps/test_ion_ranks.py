# SPDX-License-Identifier: MIT
"""Measurements on ranks that hold no ion: one ion, fewer ions than ranks, a slab with vacuum, a restart on more ranks."""

import numpy as np
import pytest

from ion_runs import free_flight, write_moving
from lammps_runs import good, lmp
from small_models import Box

FILES = ("tr.txt", "tr.history", "tr.state", "cn.txt", "cn.history", "cn.state", "vd.txt", "vacf.txt", "vd.state")
# Each fix fills several blocks and levels of lags; `processors` makes slabs along x.
MEASURE = """fix tr ion ion/transport 2 lags 3 3 drift none fit 0.01 0.05 output 20 file tr.txt history tr.history state tr.state
fix cn ion ion/coordination 2 frame rcut 1.5 1.9 2 output 20 file cn.txt history cn.history state cn.state
fix vd ion ion/vdos 2 8 origins 3 names A B output 20 file vd.txt vacf vacf.txt state vd.state
compute m ion ion/msd drift none
compute cn ion ion/coordination frame rcut 1.5 1.9 2
thermo 20
thermo_style custom step c_m[4] c_m[5] c_cn c_cn[2] f_tr f_tr[20] f_cn f_vd
thermo_modify format float %.17g
"""


def atoms(ions, slab):
    """A cube of 16 A with framework atoms and ions that fly through it, or through one eighth of its length along x.
    All numbers are multiples of 2^-20: nothing is rounded, whatever rank computes it."""
    rng = np.random.default_rng(ions)
    n = 200
    width = 2.0 if slab else 16.0
    x = rng.uniform(0, 16, (ions + n, 3)) * [width / 16, 1, 1]
    v = rng.normal(size=(ions + n, 3)) * [0.0 if slab else 30.0, 30.0, 30.0]
    types = np.array([1] * ions + [2] * n)
    box = Box(np.round(x * 2**20) / 2**20, types, np.diag([16.0] * 3))
    return box, np.round(v * 2**20) / 2**20


def script(data, read="", ranks=1):
    flow = free_flight(data, read=read, before=f"processors {ranks} 1 1\n")
    return flow + "group frame type 2\n" + MEASURE


def outcome(run):
    return [(run.folder / name).read_bytes() for name in FILES], run.thermo


@pytest.mark.parametrize("slab", [False, True], ids=["gas", "slab"])
@pytest.mark.parametrize("ions", [1, 3])
def test_ranks_without_ions(tmp_path, ions, slab):
    """The same files and thermo output, to the last bit, on 1, 2 and 4 ranks, and after a restart on more ranks."""
    data = write_moving(*atoms(ions, slab), tmp_path / "data")
    runs = {}
    for ranks in (1, 2, 4):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        commands = script(data, ranks=ranks) + "run 60\nwrite_restart half\nrun 60\n"
        runs[ranks] = good(lmp(commands, folder, ranks=ranks))
    files, thermo = outcome(runs[1])
    assert thermo[1]["c_m[4]"][-1] > 0.1 and thermo[1]["f_tr[20]"][-1] == 61
    assert slab or thermo[1]["f_cn"].max() > 0
    for ranks in (2, 4):
        assert outcome(runs[ranks])[0] == files
        for one, two in zip(thermo, runs[ranks].thermo, strict=True):
            assert all(np.array_equal(one[name], two[name]) for name in one)

    folder = tmp_path / "restarted"
    folder.mkdir()
    for name in FILES:
        if name.endswith("history"):
            (folder / name).write_bytes((tmp_path / "1" / name).read_bytes())
    rest = good(lmp(script(data, "read_restart ../1/half", 4) + "run 60\n", folder, ranks=4))
    assert outcome(rest)[0] == files
    assert all(np.array_equal(thermo[1][name], rest.thermo[0][name]) for name in thermo[1])
