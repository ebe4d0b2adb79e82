# SPDX-License-Identifier: MIT
"""Compile the part of the plugin that must fit one build of LAMMPS, for a LAMMPS that deepion has nothing for.

A C++17 compiler is all that is needed. The plugin finds the result by itself: in deepion's own plugin folder, or in that of --output.
"""

import csv
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from deepion.errors import DeepionError
from deepion.lammps_plugin import onnxruntime_library

from .compilation import Sources, compile_shim, replace
from .lammps_build import Given, find


def add_arguments(parser: ArgumentParser) -> None:
    """Of the command line."""
    parser.add_argument(
        "--lammps",
        type=Path,
        required=True,
        metavar="PATH",
        help="a source tree or its build folder, an installation prefix, a Python environment, a liblammps.so or lmp in one of these",
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="make a plugin folder of its own there")
    parser.add_argument(
        "--compiler", default="", metavar="CXX", help="C++ compiler (default: the environment variable CXX, or c++)"
    )
    parser.add_argument(
        "--mpi-compiler", default="", metavar="MPICXX", help="compiler wrapper of the MPI that LAMMPS uses"
    )
    parser.add_argument(
        "--mpi-include", type=Path, metavar="FOLDER", help="folder of its mpi.h, where there is no wrapper"
    )
    parser.add_argument(
        "--sizes", default="", choices=["smallbig", "bigbig"], help="of a source tree without liblammps.so"
    )
    parser.add_argument(
        "--descriptor", default="", metavar="TEXT", help="the same: what `lmp -h` prints as 'Git info', after the slash"
    )
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="compilers at once (default: all cores)")


def run(args: Namespace) -> None:
    """Compile and say where it is; raises DeepionError."""
    build = find(args.lammps, Given(args.mpi_compiler, args.mpi_include, args.descriptor, args.sizes))
    print(f"{build.identity} ({build.kind})", file=sys.stderr)
    try:
        folder = prepared(args.output)
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"{folder} cannot be written")
        shim = compile_shim(build, folder, args.compiler, args.jobs, progress)
        if args.output is None:
            record(shim)
    except OSError as problem:
        raise DeepionError(f"{problem}; give a folder that can be written with --output FOLDER") from problem
    print(f"made {shim}\nin the input script: plugin load {folder / 'deepionplugin.so'}")


def prepared(output: Path | None) -> Path:
    """The plugin folder: deepion's own, or a complete one at `output`."""
    own = Sources.find().plugin
    if output is None or output.resolve() == own.resolve():
        return own
    output.mkdir(parents=True, exist_ok=True)
    for name in ["deepionplugin.so", "libdeepion.so"]:
        replace(own / name, output / name)
    link, library = output / "libonnxruntime.so", onnxruntime_library()
    if library and not link.exists():
        link.unlink(missing_ok=True)  # one that leads nowhere
        link.symlink_to(library)
    return output.resolve()


def progress(results: Iterator[None], total: int) -> Iterator[None]:
    """Says how far it is, where somebody looks."""
    for number, result in enumerate(results, 1):
        if sys.stderr.isatty():
            print(
                f"\rcompiled {number} of {total} files", end="" if number < total else "\n", file=sys.stderr, flush=True
            )
        yield result


def record(shim: Path) -> None:
    """Add a file to those that `pip uninstall` removes; a checkout has no such list for it."""
    try:
        files = metadata.files("deepion") or []
    except metadata.PackageNotFoundError:
        return
    lists = [Path(str(file.locate())) for file in files if file.name == "RECORD"]
    plugin = [Path(str(file.locate())) for file in files if file.name == "deepionplugin.so"]
    if not lists or not plugin or plugin[0].resolve().parent != shim.resolve().parent:
        return
    name = next(file for file in files if file.name == "deepionplugin.so").parent / shim.name
    with lists[0].open(newline="") as file:
        known = any(row and row[0] == str(name) for row in csv.reader(file))
    if not known:
        with lists[0].open("a", newline="") as file:
            csv.writer(file).writerow([str(name), "", ""])
