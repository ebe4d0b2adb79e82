# SPDX-License-Identifier: MIT
"""What a liblammps.so says of itself. It is loaded in a process of its own, where nothing that it does can do harm."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deepion.errors import DeepionError

# Runs in the other process: argv[1] is liblammps.so, argv[2:] are libraries that it may need and not find by itself.
QUESTIONS = r"""
import ctypes, json, sys
try:
    library = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
except OSError:
    for path in sys.argv[2:]:
        ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    library = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
answers = {}
# static const char *LAMMPS_NS::LAMMPS::git_descriptor()
descriptor = library._ZN9LAMMPS_NS6LAMMPS14git_descriptorEv
descriptor.restype = ctypes.c_char_p
answers["descriptor"] = descriptor().decode(errors="replace")
# whether `int Group::find(const std::string &)` is named with the std::string that g++ had before version 5
answers["old_strings"] = hasattr(library, "_ZN9LAMMPS_NS5Group4findERKSs")
answers["tagint"] = library.lammps_extract_setting(None, b"tagint")
answers["bigint"] = library.lammps_extract_setting(None, b"bigint")
answers["has_plugin"] = bool(library.lammps_config_has_package(b"PLUGIN"))
try:
    text, length = ctypes.create_string_buffer(8192), ctypes.c_int(0)
    library.MPI_Get_library_version(text, ctypes.byref(length))
    answers["mpi"] = text.value.decode(errors="replace").splitlines()[0]
except (AttributeError, IndexError):
    answers["mpi"] = ""
print(json.dumps(answers), flush=True)
"""


@dataclass(frozen=True)
class Answers:
    """Of a liblammps.so."""

    descriptor: str
    tagint: int  # bytes of atom IDs
    bigint: int  # bytes of numbers of atoms
    old_strings: bool  # compiled with _GLIBCXX_USE_CXX11_ABI=0, as for manylinux_2_17
    has_plugin: bool  # the package PLUGIN
    mpi: str  # first line of MPI_Get_library_version(), empty without MPI


class NoAnswerError(DeepionError):
    """The library could not be loaded or is no LAMMPS; the text says why."""


def ask(library: Path, needed: list[Path]) -> Answers:
    """Load `library`, after the libraries `needed` where it does not load without them, in another process.

    Raises NoAnswerError.
    """
    command = [sys.executable, "-I", "-c", QUESTIONS, str(library), *map(str, needed)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as problem:
        raise NoAnswerError(f"{library} does not answer within {problem.timeout:.0f} s") from problem
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"it stopped with status {done.returncode}"]
        raise NoAnswerError(f"{library} does not answer: {lines[-1]}")
    return Answers(**json.loads(done.stdout.splitlines()[-1]))


def mpi_family(name: str) -> str:
    """What is binary compatible with an MPI, from the text that it names itself with; as cpp/loader/host.h."""
    if not name or "STUBS" in name:
        return "serial"
    if "Open MPI" in name or "Spectrum" in name:
        return "openmpi"
    if any(one in name for one in ["MPICH", "Intel", "MVAPICH", "ParaStation", "CRAY"]):
        return "mpich"
    return "othermpi"
