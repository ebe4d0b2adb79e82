# SPDX-License-Identifier: MIT
"""The examples of on-the-fly measurements run as they stand, shortened, and begin as their reference logs do."""

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "lammps"))
from lammps_runs import good, lmp  # noqa: E402

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "lammps-examples"
VERSION = "22Jul2025"

# name: steps of the shortened run, files, columns of the table whose values must not all be 0
CASES = {
    "transport": (2000, ["msd.1000K.dat", "diffusion.1000K.dat", "state.1000K.json"], ["msd_A^2", "beta"]),
    "onsager": (1000, ["msd.dat", "onsager.dat", "history.dat", "state.json"], ["msd_A^2", "msd_collective_A^2"]),
    "coordination": (200, ["coordination.dat", "history.dat", "state.json"], ["mean_n", "S_config_kB"]),
    "hops": (
        1000,
        ["hops.700K.dat", "residence.700K.dat", "history.700K.dat", "state.700K.json"],
        ["p_1/A"],
    ),
    "vanhove": (500, ["vanhove.dat", "self.dat", "distinct.dat", "history.dat", "state.json"], ["Q", "ngp", "Fs_1"]),
    "density": (600, ["density.dat", "state.json", "density.cube", "energy.cube", "CHGCAR"], ["volume", "inside"]),
    "polyhedra": (400, ["polyhedra.dat", "history.dat", "state.json"], ["C2", "kept"]),
    "vdos": (2000, ["vdos.dat", "vacf.dat", "history.dat", "state.json"], ["g_total_1/THz", "g_Li_1/THz"]),
}
CLOSE = 1e-4  # relative; a log prints 8 digits, and the first lines come before chaos does


def first_rows(text: str, count: int) -> np.ndarray:
    """Numbers of the first lines of the last thermo table."""
    table = re.split(r"^ *Step .*\n", text, flags=re.MULTILINE)[-1]
    return np.array([line.split() for line in table.splitlines()[:count]], float)


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("name", CASES)
def test_example(tmp_path, name, ranks):
    steps, files, columns = CASES[name]
    folder = tmp_path / "lammps-examples" / name
    shutil.copytree(EXAMPLES / name, folder)
    (tmp_path / "lammps-examples" / "quickstart").symlink_to(EXAMPLES / "quickstart")
    (tmp_path / "build").symlink_to(ROOT / "build")
    for leftover in [*folder.glob("*.dat"), *folder.glob("*.json")]:
        leftover.unlink()

    arguments = ["-var", "steps", str(steps)]
    run = good(lmp((folder / f"in.{name}").read_text(), folder, ranks=ranks, plugin=None, args=arguments, timeout=120))
    for file in files:
        assert (folder / file).stat().st_size > 100
    lines = (folder / files[0]).read_text().splitlines()
    names = [line for line in lines if line.startswith("#")][-1].split()[1:]
    table = np.loadtxt(folder / files[0])
    assert np.isfinite(table).all()
    for column in columns:
        assert np.abs(table[:, names.index(column)]).max() > 0.01
    assert any("model sha256" in line for line in lines)

    reference = first_rows((EXAMPLES / name / f"log.{VERSION}.{name}.g++.{ranks}").read_text(), 1)
    here = first_rows(run.output, 1)
    if name == "coordination":  # begins with the first step; the others after some ps of chaos
        np.testing.assert_allclose(here, reference, rtol=CLOSE)
    assert here.shape == reference.shape
