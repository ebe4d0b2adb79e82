# SPDX-License-Identifier: MIT
"""The launchers of MPI on PATH, and to which MPI each belongs."""

import re
from dataclasses import dataclass
from pathlib import Path

from deepion.doctor.lammps_builds import Lammps
from deepion.doctor.programs import on_path, output_of

NAMES = ("mpirun", "mpiexec")


@dataclass(frozen=True)
class Launcher:
    """`family`: of the MPI it belongs to, mpich or openmpi; slurm, which serves many; empty: unknown. `text`: its version."""

    path: Path
    family: str
    text: str


def of_path(timeout: float) -> list[Launcher]:
    """mpirun and mpiexec, the first of each name first, and srun."""
    return [_asked(path, timeout) for path in on_path(*NAMES, "srun")]


def _asked(path: Path, timeout: float) -> Launcher:
    output = output_of([path, "--version"], timeout).output
    lines = [" ".join(line.split()) for line in output.splitlines() if line.strip()]
    version = next((line for line in lines if "version" in line.lower()), "")
    first = lines[0] if lines else "it prints no version"
    return Launcher(path, family(output), first if version in first else f"{first.rstrip(':')}, {version}")


def family(text: str) -> str:
    """The family by what `--version` prints."""
    if re.search(r"open ?mpi|openrte|prrte", text, re.IGNORECASE):
        return "openmpi"
    if re.search(r"mpich|hydra|intel\(r\) mpi|mvapich", text, re.IGNORECASE):
        return "mpich"
    return "slurm" if re.search(r"slurm", text, re.IGNORECASE) else ""


def first(launchers: list[Launcher]) -> Launcher | None:
    """What a user gets who types mpirun."""
    return next((launcher for launcher in launchers if launcher.family != "slurm"), None)


def fitting(launchers: list[Launcher], mpi: str, lammps: Lammps, timeout: float) -> Launcher | None:
    """One of the MPI of LAMMPS: beside LAMMPS itself, else the first on PATH."""
    beside = [lammps.program.parent / name for name in NAMES] if lammps.program else []
    candidates = [_asked(path, timeout) for path in beside if path.is_file()] + launchers
    return next((launcher for launcher in candidates if launcher.family == mpi), None)
