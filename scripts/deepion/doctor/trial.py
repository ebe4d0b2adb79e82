# SPDX-License-Identifier: MIT
"""A step of a tiny system through LAMMPS, alone and under a launcher of MPI."""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deepion.doctor.lammps_builds import Lammps
from deepion.doctor.programs import output_of
from deepion.doctor.symptoms import ranks_alone, recognized

RANKS = 2
LOADING, DONE = "doctor: plugin load", "doctor: the step was made"
# Launchers refuse root (who everyone is in a container) and more ranks than cores: of Open MPI 4, 5.
PERMISSIONS = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}
SYSTEM = """units metal
atom_style atomic
lattice sc 2.3
region box block 0 4 0 4 0 4
create_box 1 box
create_atoms 1 box
mass 1 10
displace_atoms all random 0.1 0.1 0.1 12345
"""


@dataclass(frozen=True)
class Outcome:
    """`self_loaded`: LAMMPS knew the plugin before the input named it. `problems`: meaning and mend of each."""

    passed: bool
    self_loaded: bool
    problems: list[tuple[str, str]]


def write_input(folder: Path, plugin: Path) -> Path:
    """An input that loads the plugin and makes one step: with a Deep Potential of random weights, or with a measurement only
    where Python has no package to write a model with.
    """
    potential = "pair_style zero 4.0\npair_coeff * *\n"
    if all(find_spec(name) for name in ("numpy", "onnx", "jsonschema")):
        from deepion.doctor import trial_model

        trial_model.write(folder / "doctor.onnx")
        potential = f"pair_style deepmd/onnx doctor.onnx check no\npair_coeff * * {trial_model.ELEMENT}\n"
    script = folder / "in.doctor"
    script.write_text(
        f'{SYSTEM}plugin list\nprint "{LOADING}"\nplugin load {plugin}\n{potential}'
        "fix move all nve\ncompute msd all ion/msd drift none\nthermo_style custom step pe c_msd[4]\nthermo 1\nrun 1\n"
        f'print "{DONE}"\n'
    )
    return script


def run(lammps: Lammps, script: Path, launcher: Path | None, timeout: float) -> Outcome:
    """Run the input in its own folder; `launcher` starts two ranks."""
    ranks = 1 if launcher is None else RANKS
    start = () if launcher is None else (launcher, "-n", str(RANKS))
    ended = output_of(
        [*start, *lammps.run, script.name, "-log", "none", "-nocite"], timeout, script.parent, PERMISSIONS
    )
    output = ended.output
    before = output.partition(LOADING)[0]
    problems = list(recognized(output))
    if ranks_alone(output, ranks):
        text = f"{launcher} does not belong to the MPI of this LAMMPS: every process ran the whole input alone"
        problems.insert(0, (text, "start it with the mpirun of the MPI that LAMMPS was built with"))
    passed = ended.status == 0 and DONE in output and not problems
    if not passed and not problems:
        last = (
            [line for line in output.splitlines() if re.search("error", line, re.IGNORECASE)]
            or output.splitlines()
            or ["nothing"]
        )
        how = "took too long" if ended.status is None else f"ended with status {ended.status}"
        problems.append(
            (
                f"it {how}: {last[-1].strip()}",
                "look at the whole output: run it by hand with the input that 'deepion doctor --keep FOLDER' leaves",
            )
        )
    return Outcome(passed, "deepmd/onnx" in before, problems)
