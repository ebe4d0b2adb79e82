# SPDX-License-Identifier: MIT
"""Memory of the ranks once the set-up is done, and what only the set-up needs when it is needed again."""

import re
from pathlib import Path

from lammps_runs import MODEL, ROOT, good, lmp

SCRIPT = f"""units metal
read_data {ROOT / "tests/data/lipsti/Ti10_f0.data"}
pair_style deepmd/onnx {MODEL}
pair_coeff * * Li P S Ti
thermo_style custom step pe
"""
OTHER = "pair_coeff * * Li P S NULL\n"
READ_MEMORY = """for process in /proc/[0-9]*; do
  if [ "$(readlink "$process/cwd")" = "$PWD" ]; then
    case $(readlink "$process/exe") in */lmp) cat "$process/smaps_rollup" ;; esac
  fi
done > held
"""
MOST = 50e6  # bytes of one rank: LAMMPS and MPI alone take 10 MB of it
FILE = 12e6  # bytes of the model file, at least


def private_bytes(smaps: str) -> list[float]:
    """What each rank holds for itself, from their /proc/PID/smaps_rollup."""
    ranks = re.split(r"^.*\[rollup\]$", smaps, flags=re.MULTILINE)[1:]
    return [sum(1024.0 * int(kb) for kb in re.findall(r"^Private_\w+:\s*(\d+) kB$", rank, re.M)) for rank in ranks]


def test_ranks_give_back_what_only_the_set_up_needs(tmp_path: Path) -> None:
    (tmp_path / "memory").write_text(READ_MEMORY)
    again = good(lmp(SCRIPT + "run 0\nshell sh memory\n" + OTHER + "run 0\n", tmp_path, ranks=2)).thermo
    held = private_bytes((tmp_path / "held").read_text())
    assert len(held) == 2 and max(held) < MOST + FILE, held
    assert min(held) < MOST and max(held) - min(held) > 0.8 * FILE, f"rank 0 alone keeps the file: {held}"
    fresh = good(lmp(SCRIPT + OTHER + "run 0\n", tmp_path, ranks=2)).thermo
    assert again[1]["PotEng"][0] == fresh[0]["PotEng"][0] != again[0]["PotEng"][0]
