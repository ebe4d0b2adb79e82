# SPDX-License-Identifier: MIT
"""lammps-examples/reduction: what reduced networks change, from the frames of a run with the full ones."""

import math
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "lammps-examples" / "reduction" / "reweight"


def test_frames_are_weighted_with_the_boltzmann_factor(tmp_path):
    kt = 0.08
    frames = {"0": [(1.0, 1e4), (2.0, 3e4)], "1e-3": [(1.5, 2e4), (2.5 + kt * math.log(3.0), 4e4)]}  # eV, bar
    for networks, values in frames.items():
        rows = "".join(f"{50 * k} {energy:.15g} {pressure}\n" for k, (energy, pressure) in enumerate(values))
        log = f"units metal\n   Step PotEng c_virial\n{rows}Loop time of 1 on 1 procs\n"
        (tmp_path / f"log.in.again.{networks}").write_text(log)
    wavers, same, weighted = runpy.run_path(str(PROGRAM))["difference"](tmp_path, "1e-3", kt)
    assert wavers == pytest.approx(math.log(3.0) / math.sqrt(2.0))
    assert same == pytest.approx(1.0)
    assert weighted == pytest.approx((3 * 2.0 + 4.0) / 4 - 2.0)  # GPa; the first frame counts three times


def test_reduced_networks_do_not_change_averages_of_a_glass(tmp_path):
    short = ["-var", "copies", "1", "-var", "before", "50", "-var", "steps", "200"]
    command = [sys.executable, PROGRAM, "--out", tmp_path, "--seeds", "1", "2", "--networks", "0", "1e-3", "--", *short]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout
    full, reduced = (line.strip("| ").split(" | ") for line in output.splitlines()[-2:])
    assert full == ["`reduce 0`", *["0 +- 0"] * 5]
    assert reduced[0] == "`reduce 1e-3`"
    values = [float(cell.split(" +- ")[0]) for cell in reduced[1:]]
    assert 1e-4 < values[0] < 0.1  # kT, of 105 atoms
    assert all(0.0 < abs(value) < 0.1 for value in values[1:3])  # GPa
    assert all(abs(value) < 0.5 for value in values[3:])
