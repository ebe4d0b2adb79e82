# SPDX-License-Identifier: MIT
"""ONNX Runtime: the library that the plugin would find, and whether it loads."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from deepion import lammps_plugin
from deepion.doctor.finding import Finding, Verdict
from deepion.doctor.programs import output_of

SECTION = "ONNX Runtime"
OLDEST = (1, 17)  # rust/onnx/src/library.rs
# In a process of its own, which a damaged library may take down. OrtApiBase: GetApi, GetVersionString.
ASK = """import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.OrtGetApiBase.restype = ctypes.POINTER(ctypes.c_void_p)
print("version", ctypes.CFUNCTYPE(ctypes.c_char_p)(library.OrtGetApiBase()[1])().decode())
"""


def findings(timeout: float) -> Iterator[Finding]:
    """The library, its version, and an error where it does not load."""
    named = os.environ.get("ORT_DYLIB_PATH", "")
    library = Path(named) if named else lammps_plugin.onnxruntime_library()
    install = "pip install onnxruntime"
    if library is None:
        text = f"not in {sys.executable}'s environment, and ORT_DYLIB_PATH is not set"
        yield Finding(
            SECTION, "library", text, Verdict.ERROR, install + ", or set ORT_DYLIB_PATH to its libonnxruntime.so"
        )
        return
    source = "named by ORT_DYLIB_PATH" if named else "of the package onnxruntime"
    if not library.exists():
        mend = "correct it, or unset ORT_DYLIB_PATH"
        yield Finding(SECTION, "library", f"{library}, {source}, does not exist", Verdict.ERROR, mend)
        return
    candidates = lammps_plugin.libraries_at(library)
    if not candidates:
        text = f"{library}, {source}, is a folder without libonnxruntime.so"
        yield Finding(SECTION, "library", text, Verdict.ERROR, "name the file itself in ORT_DYLIB_PATH")
        return
    library = candidates[0]
    ended = output_of([sys.executable, "-I", "-c", ASK, library], timeout, env={"ORT_DISABLE_TELEMETRY": "1"})
    version = ended.output.partition("version ")[2].strip()
    if ended.status != 0 or not version:
        reason = (ended.output.strip().splitlines() or [f"status {ended.status}"])[-1]
        text = f"{library}, {source}, does not load: {reason}"
        yield Finding(
            SECTION, "library", text, Verdict.ERROR, install + " --force-reinstall, or name another in ORT_DYLIB_PATH"
        )
    elif tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        text = f"{version} is too old: {library}, {source}"
        yield Finding(SECTION, "library", text, Verdict.ERROR, install + " --upgrade")
    else:
        yield Finding(SECTION, "library", f"{version}: {library}, {source}")
