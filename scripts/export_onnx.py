#!/usr/bin/env python3
"""Export a DeePMD-kit model (.dp, .yaml; .pb, .pth with an installed DeePMD-kit) to a self-contained ONNX file."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from deepion.errors import DeepionError  # noqa: E402

try:
    from deepion.export import Exported, export
except ModuleNotFoundError as error:  # in the Python of a DeePMD-kit
    if error.name != "onnx":
        raise
    sys.exit(f"ERROR: {sys.executable} has no package onnx: pip install onnx onnxruntime")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
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
    parser.add_argument("--full-only", action="store_true", help="leave out the reduced networks (exports in a second)")
    arguments = parser.parse_args()
    if arguments.output.suffix.lower() != ".onnx":
        parser.error(f"the output file must end in .onnx, got {arguments.output}")
    if arguments.full_only and arguments.data:
        parser.error("--data is of no use with --full-only")
    try:
        done = export(arguments.input, arguments.output, arguments.data, not arguments.full_only, say=print_progress)
    except DeepionError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    potential = done.potential
    size = arguments.output.stat().st_size
    print(f"wrote {arguments.output} ({size / 1e6:.1f} MB, sha256 {done.sha256})")
    print(f"  types      {' '.join(potential.type_map)}")
    print(f"  cutoff     {potential.rcut:g} A, sel {' '.join(map(str, potential.sel))}")
    widths = f"embedding {'-'.join(map(str, potential.neuron))}, axis {potential.axis_neuron}"
    print(f"  networks   {widths}, fitting {'-'.join(map(str, potential.fitting_neuron))}, {potential.precision}")
    if potential.scaling is not None:
        print(f"  parameters fparam {potential.numb_fparam}, aparam {potential.numb_aparam}")
    for note in potential.notes:
        print(f"  note       {note}")
    print_reduction(done)
    return 0


def print_progress(line: str) -> None:
    print(f"{line} ...", file=sys.stderr, flush=True)


def print_reduction(done: Exported) -> None:
    if done.reduction is None:
        print(f"  reduced    none: {done.without}")
        return
    print(f"  reduced    chosen and measured on {done.reduction.sample}")
    print("             force error  energy error  columns of each type     weights (full networks: 1)")
    print("             eV/A RMS     eV/atom RMS")
    full = sum(net.weights for net in done.potential.fitting)
    for level in done.reduction.levels:
        columns = " ".join(str(centre.columns) for centre in level.centres)
        share = sum(centre.network.weights for centre in level.centres) / full
        print(f"             {level.force_error:.1e}      {level.energy_error:.1e}       {columns:<24s} {share:.3f}")


if __name__ == "__main__":
    sys.exit(main())
