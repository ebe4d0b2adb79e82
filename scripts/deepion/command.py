# SPDX-License-Identifier: MIT
"""The command `deepion`: one subcommand for each tool.

The module of a subcommand is imported only when it was chosen: none waits for packages that it does not use, or fails
without them. Each module has `add_arguments(parser)` and `run(arguments)`; its docstring is what --help says.
"""

import os
import signal
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from deepion import __version__
from deepion.errors import DeepionError

# name: (module, line of the overview)
COMMANDS = {
    "export": ("deepion.export.command", "write a DeePMD-kit model as an ONNX file"),
    "cache": ("deepion.cache_command", "list or clear the cache of exported models"),
    "inspect": ("deepion.inspection.command", "say what a model file holds, and how it can be exported"),
    "energy": ("deepion.evaluation.energy", "energy, forces and virial of a structure, without LAMMPS"),
    "evaluate": ("deepion.evaluation.evaluate", "errors of a model on labeled data"),
    "merge": (None, "join replicas and temperatures (the program deepion-merge)"),
    "plot": (None, "draw results"),
    "doctor": ("deepion.doctor.command", "say whether LAMMPS, MPI and ONNX Runtime fit together, and what mends it"),
    "report": ("deepion.report.command", "write one HTML page about a study"),
    "watch": ("deepion.watch.command", "look at a run or a study while it goes on"),
    "build-shim": ("deepion.shims.build_shim", "compile what fits the plugin to another LAMMPS"),
    "bench": ("deepion.benchmark.bench", "measure the speed of the pair style (in a checkout)"),
    "compare": ("deepion.peers.compare", "compare measurements with other programs (in a checkout)"),
}
PLOTS = {
    "transport": ("deepion.plots.transport", "mean-square displacement against lag, of fix ion/transport"),
    "onsager": ("deepion.plots.onsager", "correlations between species, transport numbers, of fix ion/transport"),
    "history": ("deepion.plots.history", "convergence of the diffusion coefficient, of fix ion/transport"),
    "coordination": ("deepion.plots.coordination", "coordination numbers and entropy, of fix ion/coordination"),
    "entropy": ("deepion.plots.entropy", "configurational entropy against the cutoff, of fix ion/coordination"),
    "rdf": ("deepion.plots.rdf", "radial distribution functions, of fix ion/rdf"),
    "density": ("deepion.plots.density", "density of ions, free energy and paths through the cell, of fix ion/density"),
    "vanhove": ("deepion.plots.vanhove", "van Hove functions, overlap and chi_4, of fix ion/vanhove"),
    "polyhedra": ("deepion.plots.polyhedra", "rotation of units, clusters and lifetimes, of fix ion/polyhedra"),
    "hops": ("deepion.plots.hops", "lengths, residence times and rates of hops, of fix ion/hops"),
    "vdos": ("deepion.plots.vdos", "vibrational density of states, of fix ion/vdos"),
    "path": ("deepion.plots.path", "the path of one ion, from dumps"),
    "arrhenius": ("deepion.plots.arrhenius", "conductivity against temperature, of deepion-merge"),
    "thermo": ("deepion.plots.thermo", "energy, temperature, pressure and volume, from a log of LAMMPS"),
}
DISTRIBUTIONS = {"yaml": "PyYAML"}  # packages whose name differs from that of the module
INTERRUPTED = 130  # exit status of shells for a program that Ctrl-C ended


def main(words: list[str] | None = None) -> NoReturn:
    """Run one subcommand and exit; errors meant for the user become one line."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader that ends early, as in `... | head`, is no error
    words = sys.argv[1:] if words is None else words
    name = " ".join(["deepion", *words[: 2 if words[:1] == ["plot"] else 1]])
    try:
        if words[:1] == ["merge"]:
            merge(words[1:])
        parser, chosen = parser_of(words)
        arguments = parser.parse_args(words)
        if chosen is not None:  # argparse exits where no command was given
            chosen.run(arguments)
    except DeepionError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    sys.exit(0)


def parser_of(words: list[str]) -> tuple[ArgumentParser, ModuleType | None]:
    """The parser of the command line, complete for the subcommand that the words choose, and that one's module."""
    parser = ArgumentParser(prog="deepion", description="Tools around pair_style deepmd/onnx and the ion/* fixes.")
    parser.add_argument("--version", action="version", version=f"deepion {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    chosen = None
    for name, (module, line) in COMMANDS.items():
        command = commands.add_parser(name, help=line, formatter_class=RawDescriptionHelpFormatter)
        if name == "plot":
            command.description = "Draw what the ion/* fixes, deepion-merge or LAMMPS wrote."
            plots = command.add_subparsers(metavar="WHAT", required=True, title="pictures")
            for kind, (module_of_plot, line_of_plot) in PLOTS.items():
                plot = plots.add_parser(kind, help=line_of_plot, formatter_class=RawDescriptionHelpFormatter)
                if words[:2] == [name, kind]:
                    chosen = completed(plot, module_of_plot)
        elif module and words[:1] == [name]:
            chosen = completed(command, module)
    return parser, chosen


def completed(parser: ArgumentParser, name: str) -> ModuleType:
    """Import the module of a subcommand and have it add its arguments."""
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "deepion":
            raise
        wanted = DISTRIBUTIONS.get(package, package)
        raise DeepionError(
            f"{sys.executable} has no package {wanted}: install it with 'pip install {wanted}', or everything that the "
            "tools need with 'pip install deepion[tools]'"
        ) from None
    parser.description = module.__doc__
    module.add_arguments(parser)
    return module


def merge(words: list[str] | None = None) -> NoReturn:
    """Become the program deepion-merge: that of the wheel, or that of the checkout."""
    program = merge_program()
    os.execv(program, ["deepion-merge", *(sys.argv[1:] if words is None else words)])  # noqa: S606


def merge_program() -> Path:
    """Where deepion-merge is."""
    here = Path(__file__).resolve().parent
    for program in (here / "bin/deepion-merge", here.parents[1] / "build/deepion-merge"):
        if program.exists():
            return program
    raise DeepionError("deepion-merge is not built: run scripts/setup")


if __name__ == "__main__":
    main()
