# SPDX-License-Identifier: MIT
"""Say what of LAMMPS, MPI and ONNX Runtime is here, whether it fits together, and what mends it.

Every LAMMPS is asked for its version, MPI and packages, and makes one step of a tiny system with the plugin, alone and
on two ranks. Looked at are the programs lmp, lmp_mpi, lmp_serial and lammps of PATH and the LAMMPS that `import lammps`
opens, or those that --lammps names. Exit status 1: something that must be mended was found.

    deepion doctor
    deepion doctor --lammps /path/to/lammps/build
    deepion doctor --log log.lammps
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from deepion import lammps_plugin
from deepion.doctor import (
    environment,
    lammps_builds,
    launchers,
    machine,
    onnxruntime_library,
    page,
    plugin_folder,
    trial,
)
from deepion.doctor.checks import lammps_findings
from deepion.doctor.finding import Finding, Verdict
from deepion.doctor.symptoms import headers, ranks_alone, recognized
from deepion.errors import InputError
from deepion.shims import names

LAUNCHERS = "MPI launchers"


def add_arguments(parser: ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        "--lammps",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="a LAMMPS program, or the folder that it was built in or installed to; may be given several times",
    )
    parser.add_argument("--log", type=Path, help="only look through this log of a run for what is known to go wrong")
    parser.add_argument("--no-run", action="store_true", help="ask every LAMMPS, but run nothing in it")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="leave input and model of the test run in this new folder"
    )
    parser.add_argument(
        "--timeout", type=float, default=60.0, help="seconds for each program that is started (%(default)g)"
    )
    parser.add_argument("--json", action="store_true", help="print a list of objects instead of a page")


def run(arguments: Namespace) -> None:
    """Print the page; exit with status 1 if there are errors on it."""
    if arguments.timeout <= 0:
        raise InputError(f"--timeout {arguments.timeout:g}: expected a number of seconds above 0")
    found = list(of_log(arguments.log) if arguments.log else everything(arguments))
    print(page.as_json(found) if arguments.json else page.page(found))
    sys.exit(any(finding.verdict is Verdict.ERROR for finding in found))


def of_log(log: Path) -> Iterator[Finding]:
    """What is recognized in the log of a run."""
    try:
        text = log.read_text(errors="replace")
    except OSError as error:
        raise InputError(f"--log {log}: cannot be read: {error.strerror}") from None
    problems = list(recognized(text))
    for meaning, mend in problems:
        yield Finding(str(log), "recognized", meaning, Verdict.ERROR, mend)
    processes = headers(text)
    alone = ranks_alone(text, processes)
    if alone:
        meaning = f"{processes} processes ran at once, each by itself: if one mpirun started them, it belongs to another MPI than LAMMPS"
        mend = "start LAMMPS with the mpirun of its own MPI"
        yield Finding(str(log), "recognized", meaning, Verdict.WARNING, mend)
    if not problems and not alone:
        yield Finding(str(log), "recognized", "nothing of what is known to go wrong at the start of a run")


def everything(arguments: Namespace) -> Iterator[Finding]:
    """All sections."""
    folder = lammps_plugin.plugin_folder()
    folders = [folder, *(Path(f) for f in os.environ.get("DEEPION_SHIM_PATH", "").split(os.pathsep) if f)]
    at_hand = list(dict.fromkeys(shim.name for place in folders if place.is_dir() for shim in names.at_hand(place)))
    yield from plugin_folder.findings(folder, at_hand)
    yield from machine.findings()
    yield from onnxruntime_library.findings(arguments.timeout)
    yield from environment.findings()
    found = launchers.of_path(arguments.timeout)
    for launcher in found:
        yield Finding(LAUNCHERS, str(launcher.path), launcher.text, Verdict.OK if launcher.family else Verdict.NOTE)
    if not found:
        yield Finding(LAUNCHERS, "mpirun", "not on PATH: LAMMPS runs on one rank only", Verdict.NOTE)
    here = lammps_builds.all_here(arguments.lammps)
    if not here:
        mend = "pip install 'lammps[mpi]', load the module of your cluster, or name one with --lammps"
        yield Finding("LAMMPS", "programs", "no lmp on PATH, and no 'import lammps'", Verdict.ERROR, mend)
    with TemporaryDirectory(prefix="deepion-doctor-") as temporary:
        place = Path(temporary)
        if arguments.keep:
            place = arguments.keep
            place.mkdir(parents=True, exist_ok=True)
        plugin = folder / "deepionplugin.so"
        script = None if arguments.no_run or not plugin.exists() else trial.write_input(place, plugin)
        for lammps in here:
            yield from lammps_findings(lammps, at_hand, found, script, arguments.timeout)
