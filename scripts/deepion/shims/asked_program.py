# SPDX-License-Identifier: MIT
"""What a LAMMPS program says of itself in `lmp -h`."""

import re
from dataclasses import dataclass

from .asked_library import mpi_family
from .lammps_build import descriptor_of_help
from .names import Identity, version_of_date


@dataclass(frozen=True)
class Facts:
    """Of one LAMMPS: what tells it from other builds, its release and MPI in its own words, and the packages and pair styles
    built in.
    """

    identity: Identity
    release: str
    mpi_text: str
    packages: frozenset[str]
    pair_styles: frozenset[str]


def facts(text: str) -> Facts | None:
    """What is in the help; None where no LAMMPS printed it."""
    release = re.search(r"Simulator - ((\d+) ([A-Z][a-z]{2})[a-z]* (\d{4}).*)", text)
    if not release:
        return None
    git = re.search(r"^Git info (.*)", text, re.MULTILINE)
    mpi = re.search(r"^MPI v\S+: *(.*)", text, re.MULTILINE)
    packages = re.search(r"Installed packages:\s*\n\n(.*?)\n\n", text, re.DOTALL)
    styles = re.search(r"\* Pair styles:\s*\n\n(.*?)\n\n", text, re.DOTALL)
    mpi_text = " ".join(mpi[1].split()) if mpi else ""
    return Facts(
        Identity(
            version_of_date(release[2], release[3], release[4]),
            descriptor_of_help(git[1]) if git else "",
            mpi_family(mpi_text),
            "-DLAMMPS_BIGBIG" in text,
        ),
        release[1].strip(),
        mpi_text,
        frozenset(packages[1].split() if packages else ()),
        frozenset(styles[1].split() if styles else ()),
    )
