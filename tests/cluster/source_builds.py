# SPDX-License-Identifier: MIT
"""The LAMMPS under test, and the row that says what ran in it."""

import os
from pathlib import Path

from deepion.doctor.lammps_builds import all_here, ask
from deepion.shims.asked_program import facts
from lammps_runs import LMP, MODEL, PLUGIN, ROOT, Run, good, launch

BUILD_FOLDER = Path(LMP).parent
MPI_COMPILER = os.environ.get("DEEPION_TEST_MPI_COMPILER", "mpicxx")
FACTS = facts(ask(all_here([Path(LMP)])[0], 60).output)
EXAMPLE = ROOT / "lammps-examples/quickstart"


def quickstart(folder: Path, steps: int, ranks: int, program: str = LMP, plugin: Path = PLUGIN, **env: str) -> Run:
    """The example as shipped, its thermo output on the screen."""
    command = [program, "-in", "in.quickstart", "-log", "none"]
    command += ["-var", "steps", str(steps), "-var", "plugin", str(plugin), "-var", "model", str(MODEL)]
    return good(Run(*launch(command, EXAMPLE, ranks, 1, 300, env), folder))


def add_row(how: str, ran: str, seconds: float) -> None:
    """A row of the table: version, MPI, sizes, how installed, what ran, seconds to the first step."""
    if "DEEPION_TEST_TABLE" in os.environ:
        table = Path(os.environ["DEEPION_TEST_TABLE"])
        head = "| LAMMPS | MPI | atom IDs | how installed | what ran | first step |\n|---|---|---|---|---|---|\n"
        sizes = "8 bytes" if FACTS.identity.bigbig else "4 bytes"
        mpi = FACTS.mpi_text.partition(",")[0]
        with open(table, "a") as file:
            file.write("" if table.stat().st_size else head)
            file.write(f"| {FACTS.release} | {mpi} | {sizes} | {how} | {ran} | {seconds:.1f} s |\n")
