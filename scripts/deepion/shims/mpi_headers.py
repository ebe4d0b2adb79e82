# SPDX-License-Identifier: MIT
"""Where the header mpi.h is, and of which MPI it is."""

import itertools
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

# What only the header of this family defines.
MARKS = {"openmpi": "OPEN_MPI", "mpich": "MPICH_VERSION|MPICH_NAME|I_MPI_VERSION"}


def of_compiler(compiler: str) -> list[Path]:
    """The folders that an MPI compiler wrapper gives to its compiler; empty where it does not say."""
    for question in ["-show", "--showme:compile", "--cray-print-opts=cflags"]:
        try:
            done = subprocess.run([*shlex.split(compiler), question], capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            return []
        folders = [Path(word[2:]) for word in shlex.split(done.stdout) if word.startswith("-I")]
        if done.returncode == 0 and any((folder / "mpi.h").exists() for folder in folders):
            return folders
    return []


def of_path(wanted: str) -> list[Path]:
    """Of the first MPI compiler wrapper on the path that is of the family `wanted`; of the first, where none is."""
    names = ["mpicxx", "mpic++", "CC"]
    first: list[Path] = []
    for folder, name in itertools.product(os.get_exec_path(), names):
        wrapper = shutil.which(name, path=folder)
        if not wrapper or not (found := of_compiler(shlex.quote(wrapper))):
            continue
        if family(found) == wanted:
            return found
        first = first or found
    return first


def of_cmake_cache(cache: Path) -> list[Path]:
    """Of the MPI that CMake configured LAMMPS with."""
    text = cache.read_text(errors="replace")
    compiler = re.search(r"^MPI_CXX_COMPILER:\w+=(\S+)$", text, re.MULTILINE)
    if compiler and (found := of_compiler(compiler[1])):
        return found
    values = re.findall(
        r"^MPI_CXX_(?:HEADER_DIR|ADDITIONAL_INCLUDE_DIRS|COMPILER_INCLUDE_DIRS):\w+=(.+)$", text, re.MULTILINE
    )
    folders = [Path(folder) for value in values for folder in value.split(";")]
    return folders if any((folder / "mpi.h").exists() for folder in folders) else []


def family(folders: list[Path]) -> str:
    """mpich, openmpi or serial (the header that comes with LAMMPS)."""
    for folder in folders:
        for header in sorted(folder.glob("mpi*.h")):
            text = header.read_text(errors="replace")
            for name, marks in MARKS.items():
                if re.search(rf"^\s*#\s*define\s+({marks})\b", text, re.MULTILINE):
                    return name
    return "serial"
