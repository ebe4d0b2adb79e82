# SPDX-License-Identifier: MIT
"""Export a DeePMD-kit model (.dp, .yaml; .pb, .pth with an installed DeePMD-kit) to a self-contained ONNX file."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from deepion.errors import InputError
from deepion.model.potential import Descriptor, Table

from .exporter import Exported, export


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("input", metavar="IN", type=Path, help="DeePMD-kit model: .dp, .yaml, .yml, .pb, .pth, ...")
    parser.add_argument("output", metavar="OUT.onnx", type=Path, help="the ONNX file to write")
    parser.add_argument(
        "--data",
        metavar="PATH",
        type=Path,
        nargs="+",
        help="what the reduced networks are chosen by: DeePMD-kit systems, folders of them, or structure files; default: "
        "structures generated with the model itself",
    )
    parser.add_argument(
        "--elements",
        metavar="NAME",
        nargs="+",
        help="keep these elements only, of a model that shares its networks among all (DPA-1); default: all",
    )
    parser.add_argument("--full-only", action="store_true", help="leave out the reduced networks (exports in a second)")


def run(arguments: Namespace) -> None:
    if arguments.output.suffix.lower() != ".onnx":
        raise InputError(f"the output file must end in .onnx, got {arguments.output}")
    if arguments.full_only and arguments.data:
        raise InputError("--data is of no use with --full-only")
    done = export(
        arguments.input, arguments.output, arguments.data, not arguments.full_only, print_progress, arguments.elements
    )
    potential = done.potential
    size = arguments.output.stat().st_size
    print(f"wrote {arguments.output} ({size / 1e6:.1f} MB, sha256 {done.sha256})")
    print(f"  types      {' '.join(potential.type_map)}")
    for part in potential.parts:
        together = " of all types together" if part.mixed_types else ""
        print(f"  cutoff     {part.rcut:g} A, sel {' '.join(map(str, part.sel))}{together}")
    fitting = f"fitting {'-'.join(map(str, potential.fitting_neuron))}, {potential.precision}"
    print(f"  networks   {', '.join(map(_embedding, potential.parts))}, {fitting}")
    if potential.scaling is not None:
        print(f"  parameters fparam {potential.numb_fparam}, aparam {potential.numb_aparam}")
    for note in potential.notes:
        print(f"  note       {note}")
    print_reduction(done)


def _embedding(part: Descriptor) -> str:
    axis = f", axis {part.axis_neuron}" if part.axis_neuron else ""
    table = " (compressed)" if any(isinstance(net, Table) for net in part.embedding.values()) else ""
    return f"embedding {'-'.join(map(str, part.neuron))}{table}{axis}"


def print_progress(line: str) -> None:
    print(f"{line} ...", file=sys.stderr, flush=True)


def print_reduction(done: Exported) -> None:
    if done.reduction is None:
        print(f"  reduced    none: {done.without}")
        return
    print(f"  reduced    chosen and measured on {done.reduction.sample}")
    print("             force error  energy error  columns of each type     weights (full networks: 1)")
    print("             eV/A RMS     eV/atom RMS")
    full = sum(done.potential.fitting_net(t).weights for t in range(done.potential.ntypes))
    for level in done.reduction.levels:
        columns = " ".join(str(center.columns) for center in level.centers)
        share = sum(center.network.weights for center in level.centers) / full
        print(f"             {level.force_error:.1e}      {level.energy_error:.1e}       {columns:<24s} {share:.3f}")
