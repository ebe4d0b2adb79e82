# SPDX-License-Identifier: MIT
"""Variables that LAMMPS, the plugin and the dynamic loader read, and the Python packages around them."""

import os
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from deepion import lammps_plugin
from deepion.doctor.finding import Finding, Verdict

SECTION = "environment"
FOLDERS = ("LAMMPS_PLUGIN_PATH", "DEEPION_SHIM_PATH", "LD_LIBRARY_PATH", "PYTHONPATH")
SHOWN = ("VIRTUAL_ENV", "CONDA_PREFIX", "LD_PRELOAD", "DEEPION_CACHE", "DEEPION_ALIAS", "DEEPION_LOG")
EXPORT = ("onnx", "jsonschema", "h5py", "yaml")  # dependencies of the package
TOOLS = ("ase", "matplotlib", "tqdm", "jinja2")  # extra `tools` of pyproject.toml


def findings() -> Iterator[Finding]:
    """Variables that are set, then packages."""
    for name in FOLDERS:
        if os.environ.get(name):
            yield _folders(name, os.environ[name])
    yield from _plugins(os.environ.get("LAMMPS_PLUGIN_PATH", ""))
    for name in SHOWN:
        if os.environ.get(name):
            yield Finding(SECTION, name, os.environ[name], Verdict.NOTE)
    if os.environ.get("CONDA_PREFIX") and not sys.prefix.startswith(os.environ["CONDA_PREFIX"]):
        text = f"conda's environment {os.environ['CONDA_PREFIX']} is active, but this Python is of {sys.prefix}"
        mend = "use one of the two: conda deactivate, or install deepion into conda's environment"
        yield Finding(SECTION, "conda", text, Verdict.WARNING, mend)
    yield Finding(SECTION, "Python", f"{sys.version.split()[0]}, {sys.executable}")
    if missing := _missing(EXPORT):
        text = f"not installed: {missing}; a run needs them where it names a model that is not exported yet"
        yield Finding(SECTION, "export", text, Verdict.WARNING, "pip install onnx jsonschema h5py PyYAML")
    else:
        yield Finding(SECTION, "export", "all packages are installed")
    if missing := _missing(TOOLS):
        text = f"not installed: {missing}; a run in LAMMPS needs none of them"
        yield Finding(SECTION, "tools", text, Verdict.NOTE, "for evaluate and plots: pip install 'deepion[tools]'")
    else:
        yield Finding(SECTION, "tools", "all packages for evaluate and plots are installed")
    yield from _deepmd()


def _missing(modules: tuple[str, ...]) -> str:
    return ", ".join(name for name in modules if find_spec(name) is None)


def _folders(name: str, value: str) -> Finding:
    gone = [folder for folder in value.split(os.pathsep) if folder and not Path(folder).is_dir()]
    if not gone:
        return Finding(SECTION, name, value, Verdict.NOTE)
    text = f"{value} ({', '.join(gone)}: no such folder)"
    return Finding(SECTION, name, text, Verdict.WARNING, f"take it out of {name}, or correct it")


def _plugins(value: str) -> Iterator[Finding]:
    """LAMMPS opens every *plugin.so of these folders when it starts, and of two with one style the first only."""
    if not value:
        return
    found = [file for folder in value.split(os.pathsep) if folder for file in sorted(Path(folder).glob("*plugin.so"))]
    ours = [file for file in found if file.name == "deepionplugin.so"]
    if len({file.resolve() for file in ours}) > 1:
        text = f"more than one deepionplugin.so: {', '.join(map(str, ours))}; LAMMPS keeps the first"
        yield Finding(SECTION, "plugins", text, Verdict.WARNING, "keep one folder of deepion in LAMMPS_PLUGIN_PATH")
    elif not ours:
        text = f"LAMMPS_PLUGIN_PATH has no deepionplugin.so; it has {', '.join(file.name for file in found) or 'no plugin'}"
        mend = "add the plugin folder to it, or use 'plugin load' in inputs"
        yield Finding(SECTION, "plugins", text, Verdict.WARNING, mend)
    else:
        yield Finding(SECTION, "plugins", f"LAMMPS loads {', '.join(map(str, found))} when it starts")


def _deepmd() -> Iterator[Finding]:
    owner = "its own, deepmd/onnx is deepion's" if lammps_plugin.deepmd_has_its_plugin() else "deepion's"
    try:
        text = f"deepmd-kit {version('deepmd-kit')} is installed: pair_style deepmd is {owner}"
    except PackageNotFoundError:
        text = f"not installed, and deepion does not need it: pair_style deepmd is {owner}"
    yield Finding(SECTION, "DeePMD-kit", text, Verdict.NOTE)
