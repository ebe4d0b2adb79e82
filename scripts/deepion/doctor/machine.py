# SPDX-License-Identifier: MIT
"""The machine: processor, memory, C library, and the threads that a rank would start."""

import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from deepion.doctor.finding import Finding, Verdict

SECTION = "machine"
RANK = 130e6  # bytes of one rank while it opens its model, doc/guides/cluster.md


def findings() -> Iterator[Finding]:
    """What decides whether deepion runs here, and how fast."""
    yield _system()
    yield from _processor(_text("/proc/cpuinfo"))
    cores = len(os.sched_getaffinity(0))
    yield from _threads(cores, os.environ.get("OMP_NUM_THREADS", ""))
    yield from _memory(cores, _text("/proc/meminfo"), _text("/sys/fs/cgroup/memory.max"))


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _system() -> Finding:
    system = f"{platform.system()} {platform.machine()}, {' '.join(platform.libc_ver()) or 'unknown C library'}"
    if platform.system() == "Linux":
        return Finding(SECTION, "system", system)
    return Finding(SECTION, "system", system, Verdict.ERROR, "deepion is built and tested on Linux only")


def _processor(cpuinfo: str) -> Iterator[Finding]:
    name = re.search(r"^model name\s*: (.*)", cpuinfo, re.MULTILINE)
    flags_line = re.search(r"^flags\s*: (.*)", cpuinfo, re.MULTILINE)
    flags = set(flags_line[1].split() if flags_line else ())
    text = name[1] if name else platform.processor() or platform.machine()
    if {"avx512f", "avx512dq"} <= flags:
        yield Finding(SECTION, "processor", f"{text}, AVX-512")
    elif {"avx2", "fma"} <= flags:
        yield Finding(SECTION, "processor", f"{text}, AVX2")
    elif platform.machine() == "x86_64":
        mend = "on a virtual machine, have the host pass its processor through; results are the same, only slower"
        yield Finding(SECTION, "processor", f"{text}, without AVX2: the portable code runs", Verdict.WARNING, mend)
    else:
        yield Finding(SECTION, "processor", f"{text}: the portable code runs", Verdict.NOTE)


def _threads(cores: int, threads: str) -> Iterator[Finding]:
    text = f"{cores} cores for this process, OMP_NUM_THREADS {threads or 'not set (LAMMPS takes 1)'}"
    if threads and not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", threads):
        yield Finding(SECTION, "cores", text, Verdict.WARNING, "set OMP_NUM_THREADS to a whole number, 1 to begin with")
    elif threads and int(threads.split(",")[0]) > cores:
        mend = (
            f"ranks times threads should be the number of cores: export OMP_NUM_THREADS={cores}, or 1 with more ranks"
        )
        yield Finding(SECTION, "cores", text, Verdict.WARNING, mend)
    else:
        yield Finding(SECTION, "cores", text)


def _memory(cores: int, meminfo: str, limit: str) -> Iterator[Finding]:
    available = re.search(r"^MemAvailable:\s*(\d+) kB", meminfo, re.MULTILINE)
    if not available:
        return
    free = int(available[1]) * 1024.0
    if limit.strip().isdigit():
        free = min(free, float(limit))
    text = f"{free / 1e9:.1f} GB available"
    if free < cores * RANK:
        mend = "a rank takes about 40 MB, and 130 MB while it opens a model: fewer ranks with more threads"
        yield Finding(SECTION, "memory", text, Verdict.WARNING, mend)
    else:
        yield Finding(SECTION, "memory", text)
