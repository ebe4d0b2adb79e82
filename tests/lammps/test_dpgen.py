# SPDX-License-Identifier: MIT
"""Inputs as DP-GEN and dpgen2 themselves write them, run unchanged, and what their own readers make of the result.

Not part of the default run: `scripts/test environments` installs both programs.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from environments import needs, python_of

from lammps_runs import good, lmp
from test_deepmd_inputs import EXPORTS, write_graph

pytestmark = needs("dpgen")

# what each program calls for one task: writes the input, and reads the deviations back
DPGEN = """
import json, sys
from dpgen.generator.lib.lammps import make_lammps_input
from dpgen.generator.run import _read_model_devi_file
settings = json.loads(sys.argv[2])
if sys.argv[1] == "write":
    given = {"use_clusters": settings["atomic"], "use_relative": settings["relative"], "epsilon": 1.0}
    given |= {"use_relative_v": settings["relative"], "epsilon_v": 0.5}
    print(make_lammps_input(settings["ensemble"], "conf.lmp", settings["graphs"], 40, 0.0005, 10, 10, [6.941, 32.06], 300.0, given,
                            pres=1.0, ele_temp_f=settings["fparam"], nopbc=settings["cluster"], deepmd_version="2.0",
                            nbeads=settings["beads"]))
else:
    print(json.dumps(_read_model_devi_file(".").tolist()))
"""
DPGEN2 = """
import json, sys
from pathlib import Path
from dpgen2.exploration.deviation import DeviManager
from dpgen2.exploration.render import TrajRenderLammps
from dpgen2.exploration.task.lmp.lmp_input import make_lmp_input
settings = json.loads(sys.argv[2])
if sys.argv[1] == "write":
    relative = settings["relative"]
    print(make_lmp_input("conf.lmp", settings["ensemble"], settings["graphs"], 40, 0.0005, 10, 10, [6.941, 32.06], 300.0, pres=1.0,
                         use_clusters=settings["atomic"], relative_f_epsilon=1.0 if relative else None,
                         relative_v_epsilon=0.5 if relative else None, ele_temp_f=settings["fparam"], nopbc=settings["cluster"]))
else:
    found = TrajRenderLammps().get_model_devi([Path("model_devi.out")])
    names = ["MAX_DEVI_V", "MIN_DEVI_V", "AVG_DEVI_V", "MAX_DEVI_F", "MIN_DEVI_F", "AVG_DEVI_F"]
    columns = [found.get(getattr(DeviManager, name))[0] for name in names]
    print(json.dumps([[0.0, *map(float, row)] for row in zip(*columns)]))
"""
TASKS = {
    "nvt": {"ensemble": "nvt"},
    "npt": {"ensemble": "npt-tri"},
    "cluster": {"ensemble": "nvt", "cluster": True},
    "deviations": {"ensemble": "nve", "atomic": True, "relative": True},
    "temperature": {"ensemble": "nvt", "fparam": 0.25},
    "beads": {"ensemble": "nvt", "beads": 2},
}


def call(program: str, what: str, settings: dict, folder: Path) -> str:
    done = subprocess.run(
        [python_of("dpgen"), "-c", program, what, json.dumps(settings)], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("program", [DPGEN, DPGEN2], ids=["dpgen", "dpgen2"])
def test_task_of_exploration(box, tmp_path, program, task):
    settings = {"cluster": False, "atomic": False, "relative": False, "fparam": None, "beads": None} | TASKS[task]
    if settings["beads"] and program is DPGEN2:
        pytest.skip("dpgen2 writes no inputs for beads")
    for k in range(4):
        write_graph(tmp_path / f"graph.{k:03}.pb", k, **({"fparam": 1} if settings["fparam"] else {}))
    settings["graphs"] = [path.name for path in sorted(tmp_path.glob("graph.*.pb"))]
    box.write(tmp_path / "conf.lmp")
    (tmp_path / "traj").mkdir()
    text = call(program, "write", settings, tmp_path)
    env = {"DEEPION_ALIAS": "1", "DEEPION_CACHE": str(tmp_path / "cache"), **EXPORTS}
    args = ["-v", "restart", "0"] + (["-p", "2x1"] if settings["beads"] else [])
    good(lmp(text, tmp_path, ranks=settings["beads"] or 1, env=env, args=args, timeout=240))

    read = np.array(json.loads(call(program, "read", settings, tmp_path)))
    assert read.shape == (5 * (settings["beads"] or 1), 7 + (len(box) if settings["atomic"] else 0)) or (
        program is DPGEN2 and read.shape == (5, 7)
    )
    written = np.loadtxt(tmp_path / "model_devi.out")
    assert (read[:, 1:] == written[:, 1 : read.shape[1]]).all() and (read[:, 1:] > 0).all()
