# SPDX-License-Identifier: MIT
"""Programs of others on the engine in Python: lammps-examples/python. `scripts/test environments` installs them."""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
from environments import needs, python_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "lammps-examples" / "python"
MODEL = ROOT / "build" / "models" / "lipsti-a.onnx"
pytestmark = needs("python")


def run(script: str, *arguments: object) -> str:
    python = python_of("python")
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    command = [python, EXAMPLES / script, MODEL, *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=600, env=os.environ | {"PATH": path})
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_phonons():
    text = run("phonons.py")
    bands = {name: np.array(numbers.split(), float) for name, numbers in re.findall(r"at (\w+) \(THz\): (.*)", text)}
    assert len(bands["Gamma"]) == 48
    assert np.abs(bands["Gamma"][:3]).max() < 0.05, "the crystal as a whole moves without a force"
    assert bands["Gamma"][3] > 1.0 and all((bands[name] > 0.5).all() for name in ("X", "Z")), "the crystal is stable"
    # a glide plane: on this face of the zone bands come in pairs
    assert np.abs(bands["X"][::2] - bands["X"][1::2]).max() < 0.02
    assert 13.0 < bands["Gamma"][-1] < 17.0, "P-S bonds"
    heat = [float(line.split()[3]) for line in text.splitlines()[-4:]]
    assert heat[0] == 0.0 and 380 < heat[3] < 3 * 16 * 8.3145, "Dulong and Petit"


def test_path_integrals(tmp_path):
    run("path_integrals.py", tmp_path)
    rows = np.loadtxt(tmp_path / "simulation.out")
    assert len(rows) == 21
    conserved, temperature, kinetic, _ = rows.T[2:]
    # four beads of 105 atoms: the sum of all squares of speeds scatters by some percent
    assert 150 < temperature.mean() < 450
    assert np.ptp(conserved) < 1e-3 * 105
    assert kinetic.mean() > 1.5 * 105 * 8.617e-5 * 300, "more than a classical particle has"
