# SPDX-License-Identifier: MIT
"""A measurement that is cut in two, or killed, ends with the files of one that was not."""

import json
import os
import random
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest

from ion_runs import columns, free_flight, gas, lj, table
from lammps_runs import LMP, PLUGIN, good, lmp

# Files have 13 digits. Rounding of toroidal positions where atoms are put back into a changing box: 1e-14 A of 0.1 A.
ROUNDING = 1e-10
# A liquid whose positions differ by 1e-15 A after 20 steps, 80 steps later.
CHAOS = 1e-8
KILLS = 20
STEPS = 40000  # a second of free flight

FILES = ("table.txt", "history.txt", "state.json")
WRITE = "file table.txt history history.txt state state.json"
MEASURE = f"fix tr ion ion/transport 5 lags 4 3 temp 900 fit 0.01 0.3 output 20 {WRITE}\n"
OTHERS = """fix late ion ion/transport 2 lags 3 2 start 150 drift com fit 0.001 0.1
compute m ion ion/msd
thermo 20
thermo_style custom step c_m[1] c_m[4] c_m[5] c_m[6] f_tr f_tr[10] f_tr[20] f_late f_late[20] f_tr[8][6]
thermo_modify format float %.17g
"""
SPAN = "start 0 stop 203"  # the box goes on where it was
DEFORM = "fix box all deform 1 x wiggle 1.5 0.3 y wiggle 1 0.4 z wiggle 0.5 0.2 remap x\n"
NPT = "unfix move\nfix move all npt temp 3000 3000 0.05 aniso 20000 20000 0.05\n"


def files(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def cut(folder, flow, commands="", ranks=(1, 1), once=""):
    """A run of 203 steps, and one that continues it from step 103 in another folder, with a history that goes on to step 163
    there: as after a crash. 103 is no step with a sample. Returns both folders and thermo tables from step 103 on."""
    whole, rest = folder / "whole", folder / "rest"
    whole.mkdir()
    rest.mkdir()
    data = gas(folder / "data")
    end = commands + MEASURE + OTHERS
    script = (
        flow(data)
        + once
        + end
        + f"run 103 {SPAN}\nwrite_restart half\nrun 60 {SPAN}\nshell cp history.txt later\nrun 40 {SPAN}\n"
    )
    first = good(lmp(script, whole, ranks=ranks[0]))
    shutil.copy(whole / "later", rest / "history.txt")
    second = good(
        lmp(
            flow(data, read="read_restart ../whole/half") + end + f"run 60 {SPAN}\nrun 40 {SPAN}\n",
            rest,
            ranks=ranks[1],
        )
    )
    assert "fix ion/transport tr" in first.output and "begins a measurement" in first.output
    assert second.output.count("continues a measurement") == 2

    rows = columns(table(whole / "table.txt"))
    assert len(rows["lag"]) == 14 and rows["origins"][0] == 40 and rows["msd"][0] > 0.02 and rows["msd"][-1] > 0.5
    assert np.array_equal(table(whole / "history.txt")[:, 0], np.arange(0, 201, 20))
    assert table(whole / "history.txt")[-1, 2] > 1e-5
    expected, found = first.thermo[1:], second.thermo
    assert found[-1]["Step"][-1] == 203 and found[-1]["f_tr[20]"][-1] == 41 and found[-1]["f_late[20]"][-1] == 27
    return whole, rest, expected, found


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("box", ["", DEFORM], ids=["image", "toroidal"])
def test_liquid_to_the_last_bit(tmp_path, box, ranks):
    whole, rest, expected, found = cut(tmp_path, lj, box, (ranks, ranks))
    assert files(rest) == files(whole)
    for one, two in zip(expected, found, strict=True):
        for name in one:
            assert np.array_equal(one[name], two[name]), name


def agree(whole, rest, expected, found, tolerance):
    one, two = columns(table(whole / "table.txt")), columns(table(rest / "table.txt"))
    assert one["x"][-1] > 0.1
    for name in ("lag", "origins", "x", "y", "z", "msd", "collective"):
        np.testing.assert_allclose(two[name], one[name], rtol=tolerance)
    np.testing.assert_allclose(found[-1]["c_m[4]"], expected[-1]["c_m[4]"], rtol=tolerance)


def test_npt(tmp_path):
    """LAMMPS' own npt does not go on to the last bit after a restart."""
    agree(*cut(tmp_path, lj, NPT, once="set group ion image 20 0 0\n"), CHAOS)


@pytest.mark.parametrize("ranks", [(1, 2), (2, 1), (2, 4), (4, 2)])
def test_other_number_of_ranks(tmp_path, ranks):
    whole, rest, expected, found = cut(tmp_path, free_flight, ranks=ranks)
    assert files(rest) == files(whole)
    for one, two in zip(expected, found, strict=True):
        for name in one:
            assert np.array_equal(one[name], two[name]), name


@pytest.mark.parametrize("ranks", [(1, 2), (2, 1)])
def test_other_number_of_ranks_in_a_changing_box(tmp_path, ranks):
    """Toroidal positions go with the atoms."""
    agree(*cut(tmp_path, free_flight, DEFORM, ranks, once="set group ion image 20 0 0\n"), ROUNDING)


def check(folder, reference):
    """Files on disk are whole; the history is the beginning of the reference's. Returns its last step."""
    for name in ("table.txt", "history.txt"):
        if (folder / name).exists():
            assert (folder / name).read_text().endswith("\n")
            assert len(table(folder / name)) >= 1
    if (folder / "state.json").exists():
        assert json.loads((folder / "state.json").read_text())["deepion_state"] == "ion/transport"
    if not (folder / "history.txt").exists():
        return -1
    history = (folder / "history.txt").read_bytes()
    assert reference["history.txt"].startswith(history)
    steps = table(folder / "history.txt")[:, 0]
    assert np.array_equal(steps, np.arange(len(steps)) * 500)
    return steps[-1]


def test_kill_at_random_moments(tmp_path):
    """Killed 20 times, each time continued from the newest restart file that can be read."""
    rng = random.Random(20)
    data = gas(tmp_path / "data")
    measure = f"fix tr ion ion/transport 5 lags 4 4 temp 900 fit 0.01 3 output 500 {WRITE}\n"
    run = f"thermo {STEPS}\nshell echo $(step) > started\nrun {STEPS} upto\n"
    whole = tmp_path / "whole"
    whole.mkdir()
    script = free_flight(data) + measure + run
    good(lmp(script, whole))
    reference = files(whole)
    assert (
        columns(table(whole / "table.txt"))["msd"][-1] > 1e3 and len(table(whole / "history.txt")) == STEPS // 500 + 1
    )

    folder = tmp_path / "killed"
    folder.mkdir()
    kills = finished = ahead = from_start = 0
    unreadable = set()
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    while True:
        saved = sorted((p for p in folder.glob("*.rs") if p not in unreadable), key=lambda p: -p.stat().st_mtime_ns)
        read = f"read_restart {saved[0].name}" if saved else ""
        from_start += not saved
        text = f"plugin load {PLUGIN}\n" + free_flight(data, read=read) + measure + "restart 300 a.rs b.rs\n" + run
        (folder / "in.killed").write_text(text)
        (folder / "started").unlink(missing_ok=True)
        before = check(folder, reference)
        with subprocess.Popen(
            [LMP, "-in", "in.killed", "-log", "none", "-nocite"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # lmp is a script that starts another process: both are killed
        ) as process:
            begin = time.monotonic()
            while not (folder / "started").exists() and process.poll() is None:
                assert time.monotonic() - begin < 60
                time.sleep(0.002)
            if kills < KILLS and process.poll() is None:
                time.sleep(rng.uniform(0.0, 0.15))
                os.killpg(process.pid, signal.SIGKILL)
            output = process.communicate(timeout=60)[0].decode()
        if process.returncode == -signal.SIGKILL:
            kills += 1
            unreadable.clear()
            ahead += int((folder / "started").read_text() or 0) < before
            check(folder, reference)
        elif process.returncode:
            assert "Last input line: read_restart" in output, output[-1000:]  # killed while LAMMPS wrote it
            unreadable.add(saved[0])
        else:
            assert files(folder) == reference
            finished += 1
            if kills >= KILLS:
                break
            shutil.rmtree(folder)
            folder.mkdir()
    print(f"{kills} kills, {finished} times to the end, {from_start} times from the start, {ahead} times set back")
    assert kills == KILLS and from_start < KILLS / 2 and ahead > 0
