# SPDX-License-Identifier: MIT
"""One LAMMPS: what it is, whether the plugin has a part for it, and whether it runs with it, alone and on two ranks."""

import sys
from collections.abc import Iterator
from pathlib import Path

from deepion.doctor import lammps_builds, launchers, trial
from deepion.doctor.finding import Finding, Verdict
from deepion.doctor.lammps_builds import Lammps
from deepion.doctor.launchers import Launcher
from deepion.doctor.symptoms import recognized
from deepion.shims import asked_program
from deepion.shims.names import Identity, shim_name

NAMES = {
    "mpich": "MPICH's family",
    "openmpi": "Open MPI",
    "serial": "no MPI",
    "othermpi": "an MPI that is not known here",
}


def lammps_findings(
    lammps: Lammps, at_hand: list[str], found: list[Launcher], script: Path | None, timeout: float
) -> Iterator[Finding]:
    """`at_hand`: names of the shims; `script`: input of the test run, None for no test run."""
    section = f"LAMMPS: {lammps.name}"
    ended = lammps_builds.ask(lammps, timeout)
    facts = asked_program.facts(ended.output)
    if facts is None:
        yield from _silent(section, lammps, ended.output)
        return
    build = facts.identity
    sizes = "8-byte atom IDs (bigbig)" if build.bigbig else "4-byte atom IDs (smallbig)"
    git = f", {build.descriptor}" if build.descriptor else ""
    yield Finding(section, "version", f"{facts.release} ({build.version}{git}), {sizes}")
    yield Finding(
        section, "MPI", facts.mpi_text or "not named", Verdict.NOTE if build.mpi == "othermpi" else Verdict.OK
    )
    if "PLUGIN" not in facts.packages:
        text = "its package PLUGIN is missing, so it can load no plugin"
        yield Finding(
            section, "packages", text, Verdict.ERROR, "take another LAMMPS, or build this one with -D PKG_PLUGIN=on"
        )
        return
    if "deepmd" in facts.pair_styles:
        yield Finding(section, "pair styles", "pair_style deepmd is built in", Verdict.NOTE)
    yield _shim(section, lammps, build, at_hand)
    launcher = launchers.first(found)
    if launcher and launcher.family and launcher.family != build.mpi and build.mpi != "serial":
        text = f"{launcher.path} belongs to {NAMES[launcher.family]}, this LAMMPS to {NAMES[build.mpi]}"
        other = launchers.fitting(found, build.mpi, lammps, timeout)
        mend = f"start it with {other.path}" if other else "put the launcher of its own MPI first in PATH"
        yield Finding(section, "launcher", text, Verdict.WARNING, mend)
    if script is not None:
        yield from _runs(section, lammps, build.mpi, found, script, timeout)


def _silent(section: str, lammps: Lammps, output: str) -> Iterator[Finding]:
    """Why it prints no help."""
    beside = sorted(Path(sys.prefix, "lib").glob("libmpi.so.*"))
    if lammps.program is None and beside and beside[0].name in output:
        text = f"`import lammps` does not find {beside[0].name} of its own environment; the program lmp does"
        mend = f"for Python scripts that use LAMMPS: export LD_LIBRARY_PATH={beside[0].parent}"
        yield Finding(section, "start", text, Verdict.WARNING, mend)
        return
    problems = list(recognized(output))
    last = (output.strip().splitlines() or ["nothing"])[-1]
    if not problems:
        problems = [
            (f"'-h' does not print what LAMMPS prints, but: {last}", "is this LAMMPS? name another with --lammps")
        ]
    for text, mend in problems:
        yield Finding(section, "start", text, Verdict.ERROR, mend)


def _shim(section: str, lammps: Lammps, build: Identity, at_hand: list[str]) -> Finding:
    name = shim_name(build)
    if name in at_hand:
        return Finding(section, "plugin", f"{name} fits")
    text = f"there is no {name}; at hand: {', '.join(at_hand) or 'none'}"
    mend = f"deepion build-shim --lammps {lammps.program or sys.prefix}"
    return Finding(section, "plugin", text, Verdict.ERROR, mend)


def _runs(
    section: str, lammps: Lammps, mpi: str, found: list[Launcher], script: Path, timeout: float
) -> Iterator[Finding]:
    what = "one step of a Deep Potential" if "deepmd/onnx" in script.read_text() else "one step with compute ion/msd"
    alone = trial.run(lammps, script, None, timeout)
    yield from _outcome(section, "test run", f"{what}: done", alone)
    if alone.passed:
        text = "LAMMPS finds the plugin by itself"
        if not alone.self_loaded:
            text = "inputs need 'plugin load', or LAMMPS_PLUGIN_PATH the plugin folder"
        yield Finding(section, "loading", text, Verdict.OK if alone.self_loaded else Verdict.NOTE)
    launcher = launchers.fitting(found, mpi, lammps, timeout) or launchers.first(found)
    if not alone.passed or mpi == "serial":
        return
    if launcher is None:
        yield Finding(section, "2 ranks", "no mpirun on PATH", Verdict.WARNING, "add the bin folder of its MPI to PATH")
        return
    both = trial.run(lammps, script, launcher.path, timeout)
    yield from _outcome(section, "2 ranks", f"{what} under {launcher.path}: done", both)


def _outcome(section: str, subject: str, done: str, outcome: trial.Outcome) -> Iterator[Finding]:
    if outcome.passed:
        yield Finding(section, subject, done)
    for text, mend in outcome.problems:
        yield Finding(section, subject, text, Verdict.ERROR, mend)
