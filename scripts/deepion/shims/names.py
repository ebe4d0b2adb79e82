# SPDX-License-Identifier: MIT
"""The names of shims, by which the loader (cpp/loader) finds the one for the LAMMPS that runs."""

import re
from dataclasses import dataclass
from pathlib import Path

SHIM = re.compile(r"deepion-(?P<version>\d+)-(?P<descriptor>[^-]+)-(?P<mpi>[^-]+)(-(?P<sizes>bigbig))?\.so")


MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def version_of_date(day: str, month: str, year: str) -> int:
    """As 20250722, from the words of "22 Jul 2025"; raises ValueError where the second is no month."""
    return int(year) * 10000 + (MONTHS.index(month) + 1) * 100 + int(day)


@dataclass(frozen=True)
class Identity:
    """What tells builds of LAMMPS apart."""

    version: int  # as 20250722
    descriptor: str  # of its source in git, as it names itself; a build from an archive has none or "(unknown)"
    mpi: str  # family: mpich, openmpi, serial
    bigbig: bool  # 8-byte atom IDs

    def __str__(self) -> str:
        return f"LAMMPS {self.version}, {self.descriptor or '(unknown)'}, {self.mpi}{', bigbig' if self.bigbig else ''}"


def shim_name(build: Identity) -> str:
    """File name of the shim for this build; cpp/loader/loader.cpp has the same rule."""
    known = re.search(r"[0-9]", build.descriptor)
    descriptor = re.sub(r"[^0-9A-Za-z.]", "_", build.descriptor) if known else "unknown"
    return f"deepion-{build.version}-{descriptor}-{build.mpi}{'-bigbig' if build.bigbig else ''}.so"


def parse(name: str) -> Identity | None:
    """What a shim was built for, by its file name; None: it is no shim's name."""
    match = SHIM.fullmatch(name)
    if not match:
        return None
    return Identity(int(match["version"]), match["descriptor"], match["mpi"], match["sizes"] == "bigbig")


def at_hand(folder: Path) -> list[Path]:
    """The shims in a folder, by name."""
    return sorted(path for path in folder.glob("deepion-*.so") if parse(path.name))
