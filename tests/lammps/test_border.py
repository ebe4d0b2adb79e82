# SPDX-License-Identifier: MIT
"""The border called from C++, as the styles call it: an executable linked with the plugin's own libdeepion.so."""

import importlib.util
import os
import subprocess
from pathlib import Path

from lammps_runs import BIN, BUILD


def test_border_from_cpp(models, tmp_path):
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    build = [BIN / "cmake", "--build", BUILD, "--target", "border-tests"]
    subprocess.run(build, env=os.environ | {"PATH": path}, check=True, capture_output=True, timeout=900)
    package = Path(importlib.util.find_spec("onnxruntime").origin).parent
    names = {
        "DEEPION_TEST_MODEL": str(models["a"]),
        "DEEPION_TEST_FOLDER": str(tmp_path),
        "ORT_DYLIB_PATH": str(min(package.glob("capi/libonnxruntime.so*"))),
    }
    run = subprocess.run([BUILD / "border-tests"], env=os.environ | names, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.endswith("4 tests, 0 failed\n")
