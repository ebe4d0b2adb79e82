#!/usr/bin/env python3
"""Export a DeePMD-kit model (.dp, .yaml; .pb, .pth with an installed DeePMD-kit) to a self-contained ONNX file."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from deepion.errors import DeepionError  # noqa: E402
from deepion.export import export  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", metavar="IN", type=Path, help="DeePMD-kit model: .dp, .yaml, .yml, .pb, .pth, ...")
    parser.add_argument("output", metavar="OUT.onnx", type=Path, help="the ONNX file to write")
    arguments = parser.parse_args()
    if arguments.output.suffix.lower() != ".onnx":
        parser.error(f"the output file must end in .onnx, got {arguments.output}")
    try:
        potential, digest = export(arguments.input, arguments.output)
    except DeepionError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    size = arguments.output.stat().st_size
    print(f"wrote {arguments.output} ({size / 1e6:.1f} MB, sha256 {digest})")
    print(f"  types      {' '.join(potential.type_map)}")
    print(f"  cutoff     {potential.rcut:g} A, sel {' '.join(map(str, potential.sel))}")
    widths = f"embedding {'-'.join(map(str, potential.neuron))}, axis {potential.axis_neuron}"
    print(f"  networks   {widths}, fitting {'-'.join(map(str, potential.fitting_neuron))}, {potential.precision}")
    if potential.scaling is not None:
        print(f"  parameters fparam {potential.numb_fparam}, aparam {potential.numb_aparam}")
    for note in potential.notes:
        print(f"  note       {note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
