# SPDX-License-Identifier: MIT
"""CPU time and peak memory of the LAMMPS processes of one mpirun, asked from inside the run.

As a script, started by LAMMPS' command `shell` on rank 0: prints a shell script that copies what Linux counts for all ranks.
LAMMPS calls that one right before and right after the timed steps; it takes milliseconds, so that little else is counted.
"""

import os
import re
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")  # s


def main() -> None:
    rank0 = os.getppid()
    while name(rank0) != "lmp":
        rank0 = parent(rank0)
    processes = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    ranks = [pid for pid in processes if name(pid) == "lmp" and parent(pid) == parent(rank0)]
    print("cat", *(f"/proc/{pid}/stat" for pid in ranks), "> $1.stat")
    print("cat", *(f"/proc/{pid}/status" for pid in ranks), "> $1.status")


def cpu_seconds(stat: str) -> float:
    """User and system time of all ranks and threads since they began, s, from their /proc/PID/stat."""
    return sum(sum(int(ticks) for ticks in fields(line)[11:13]) for line in stat.splitlines()) * TICK


def peak_bytes(status: str) -> int:
    """The largest resident memory so far, summed over ranks, from their /proc/PID/status."""
    return sum(int(kilobytes) * 1024 for kilobytes in re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE))


def fields(stat: str) -> list[str]:
    """What stands behind the program's name in a line of /proc/PID/stat: state, parent, ..."""
    return stat.rpartition(")")[2].split()


def name(pid: int) -> str:
    return text(pid, "comm").strip()


def parent(pid: int) -> int:
    return int(fields(text(pid, "stat"))[1])


def text(pid: int, file: str) -> str:
    """Empty for a process that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/{file}").read_text()
    except OSError:
        return ""


if __name__ == "__main__":
    main()
