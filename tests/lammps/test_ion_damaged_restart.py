# SPDX-License-Identifier: MIT
"""Restart files that are damaged where a measurement keeps its state: a message, never a crash or wrong numbers."""

import math
import random
import re
import struct

import pytest

from ion_runs import free_flight, gas
from lammps_runs import good, lmp, lmp_each

FIXES = {
    "tr": "fix tr ion ion/transport 5 drift none lags 4 3\n",
    "co": "group frame type 2\nfix co ion ion/coordination 5 frame rcut 1.5 2 2\n",
    "vd": "fix vd ion ion/vdos 5 8\n",
}


@pytest.fixture(scope="module")
def restart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("restart")
    data = gas(folder / "data")
    good(lmp(free_flight(data) + "".join(FIXES.values()) + "run 23\nwrite_restart half\n", folder))
    return data, (folder / "half").read_bytes()


def test_undamaged(tmp_path, restart):
    data, whole = restart
    (tmp_path / "half").write_bytes(whole)
    run = good(lmp(free_flight(data, read="read_restart half") + "".join(FIXES.values()) + "run 10\n", tmp_path))
    assert run.output.count("continues a measurement") == 3


@pytest.mark.parametrize("ranks", [1, 2])
def test_damage_is_noticed(tmp_path, restart, ranks):
    """Bytes of the head, lengths among them, and of the state."""
    data, whole = restart
    rng = random.Random(ranks)
    starts = [found.start() for found in re.finditer(b"deepion2", whole)]
    assert len(starts) == 3
    scripts = {}
    for start, (name, fix) in zip(starts, FIXES.items(), strict=True):
        for place in [3, 10, 19, 26, 33, 39, 41, 50] + [rng.randrange(56, 300) for _ in range(3)]:
            bad = bytearray(whole)
            bad[start + place] ^= 1 << rng.randrange(8)
            (tmp_path / f"{name}.{place}").write_bytes(bad)
            scripts[f"{name}.{place}"] = (
                free_flight(data, read=f"read_restart {tmp_path}/{name}.{place}") + fix + "run 5\n"
            )
    for name, run in lmp_each(scripts, tmp_path, ranks=ranks).items():
        errors = {re.sub(r" on proc \d+", "", error) for error in run.errors()}
        assert run.returncode != 0 and len(errors) == 1, name + run.output[-1000:]
        assert re.search(r"ERROR: fix ion/\w+ \w\w: the restart file .*damaged", errors.pop()), name


def test_damaged_rows_of_atoms(tmp_path, restart):
    """The number of numbers of an atom, and whether it has a row, decide what is read."""
    data, whole = restart
    scripts = {}
    for length in range(4, 400):  # of the data of one fix for one ion: its length, 1 for a row, the row
        places = [found.start() for found in re.finditer(re.escape(struct.pack("<dd", length, 1.0)), whole)]
        if len(places) < 32:
            continue
        for new in (
            (length, 0.0),
            (length + 1, 1.0),
            (length - 1, 1.0),
            (0, 1.0),
            (-5, 1.0),
            (1e300, 1.0),
            (math.nan, 1.0),
        ):
            bad = whole[: places[3]] + struct.pack("<dd", *new) + whole[places[3] + 16 :]
            name = f"{length}.{new[0]}.{new[1]}"
            (tmp_path / name).write_bytes(bad)
            scripts[name] = (
                free_flight(data, read=f"read_restart {tmp_path}/{name}") + "".join(FIXES.values()) + "run 5\n"
            )
    assert len(scripts) == 14  # of fix ion/transport and fix ion/vdos
    for name, run in lmp_each(scripts, tmp_path).items():
        errors = {re.sub(r" on proc \d+", "", error) for error in run.errors()}
        assert len(errors) == 1 and "the process ended here" not in run.output, name + run.output[-1000:]
        assert re.search(r"ERROR: fix ion/\w+ \w\w: the restart file is damaged", errors.pop()), name
