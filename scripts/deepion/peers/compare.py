# SPDX-License-Identifier: MIT
"""What fix ion/transport, ion/coordination and ion/vdos and deepion-merge say, beside MDAnalysis, pymatgen, kinisi, freud and
numpy on the same trajectories.

First LAMMPS runs 105 atoms at 1000 K with everything measured on the fly and a dump of the same frames, and evaluates random
walks of known diffusion coefficient with rerun. Then each tool evaluates the dumps in a process of its own environment. Ends with
status 1 where a difference is larger than allowed.
"""

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from importlib.metadata import version
from pathlib import Path

from deepion import __version__, checkout
from deepion.benchmark.report import aligned, machine

from . import peers, settings, simulation, verdicts, walks
from .errors import ComparisonError

PROGRAM = "scripts/compare_analysis"
FEWEST_STEPS = 10 * settings.FIT[1] * settings.EVERY  # so that all errors are from blocks of time


def run(arguments: Namespace) -> None:
    complete(arguments)
    if arguments.walks:
        rows = walks.compare(arguments.folder / "walks", arguments.venv, arguments.walks, say)
        print(walks.markdown(rows) if arguments.markdown else aligned([walks.HEAD, *rows], left=2))
        return
    found = compare(arguments)
    print(verdicts.markdown(found) if arguments.markdown else verdicts.text(found))
    failed = verdicts.failures(found)
    judged = sum(row.allowed is not None for row in found)
    print(f"\n{judged - len(failed)} of {judged} comparisons within what is allowed")
    if arguments.json:
        arguments.json.write_text(json.dumps(everything(arguments, found), indent=1) + "\n")
    if failed:
        sys.exit(1)


def add_arguments(parser: ArgumentParser) -> None:
    build = checkout.root() / "build"
    parser.add_argument("--steps", type=int, default=settings.STEPS, help="of 2 fs, in the run [default: %(default)s]")
    parser.add_argument("--peers", nargs="+", choices=peers.PEERS, default=peers.PEERS, help="which tools")
    parser.add_argument(
        "--walks", type=int, default=0, metavar="RUNS", help="in place of all else: kinisi on so many walks of known D"
    )
    parser.add_argument("--json", type=Path, help="write the table there, with versions and the machine")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--model", type=Path, default=build / "models/lipsti-a.onnx", help="for deepmd/onnx")
    parser.add_argument(
        "--folder", type=Path, default=build / "analysis-peers/run", help="for dumps and results, 60 MB"
    )
    parser.add_argument("--again", action="store_true", help="take the runs that are in the folder already")
    parser.add_argument(
        "--venv", type=Path, default=build / "analysis-peers", help="the environment that has the tools"
    )


def complete(arguments: Namespace) -> None:
    """Refuse what cannot work, and make paths absolute."""
    if arguments.walks < 0:
        raise ComparisonError(f"--walks needs a number of walks, not {arguments.walks}")
    if arguments.steps < FEWEST_STEPS or arguments.steps % settings.EVERY:
        raise ComparisonError(
            f"--steps needs a multiple of {settings.EVERY} from {FEWEST_STEPS} on, not {arguments.steps}"
        )
    for name in ("model", "folder", "venv"):
        setattr(arguments, name, getattr(arguments, name).resolve())


def compare(arguments: Namespace) -> list[verdicts.Row]:
    """Both stages."""
    folder, plugin = arguments.folder, checkout.root() / "build/deepionplugin.so"
    if not (arguments.venv / "bin/python").exists():
        raise ComparisonError(f"no virtual environment in {arguments.venv}: start {PROGRAM}, which makes it")
    if not arguments.again:
        folder.mkdir(parents=True, exist_ok=True)
        simulation.measure_walks(folder, plugin, say)
        say(f"LAMMPS: 105 atoms, {arguments.steps * settings.TIMESTEP:g} ps at {settings.TEMPERATURE:g} K")
        simulation.measure(folder, plugin, arguments.model, arguments.steps)
    rows = []
    for peer in arguments.peers:
        start = time.monotonic()
        peers.evaluated(peer, folder, arguments.venv)
        found = peers.compared(peer, folder)
        say(f"{peer}: {len(found)} lines, {time.monotonic() - start:.0f} s")
        rows += found
    return rows


def everything(arguments: Namespace, rows: list[verdicts.Row]) -> dict:
    """What --json writes."""
    return {
        "deepion": __version__,
        "lammps": version("lammps"),
        "steps": arguments.steps,
        "machine": machine(),
        "rows": verdicts.as_json(rows),
    }


def say(text: str) -> None:
    print(f"[compare] {text}", file=sys.stderr, flush=True)
