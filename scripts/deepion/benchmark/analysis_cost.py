# SPDX-License-Identifier: MIT
"""What the on-the-fly measurements cost at their defaults beside a step of pair_style deepmd/onnx, and what they hold in memory.

    python -m deepion.benchmark.analysis_cost [--ranks N] [--edge N]

A row for each measurement and for all together: time per sample beyond that of the run without them (the Modify line of LAMMPS'
breakdown, mean over ranks), its share of the time of 10 steps (Nevery 10), and memory as printed at set-up beside what the page
of fix ion/transport predicts (24 N (1 + (L - 1) M) bytes for each ion).
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from deepion import checkout

SCRIPT = """units metal
plugin load {root}/build/deepionplugin.so
read_data {root}/lammps-examples/quickstart/data.Ti10
replicate {edge} {edge} {edge}
pair_style deepmd/onnx {root}/build/models/lipsti-a.onnx
pair_coeff * * Li P S Ti
neighbor 1.0 bin
timestep 0.002
velocity all create 600 4711
fix move all nve
group li type 1
group p type 2
group s type 3
run 20
{fixes}
run {steps} post yes
"""
FIXES = {
    "ion/transport": "fix t li ion/transport 10 temp 600",
    "ion/coordination": "fix c li ion/coordination 10 s rcut 2.5 3.1 7",
    "ion/vanhove": "fix h li ion/vanhove 10 8.0 80 distinct li 100 gd.dat",
    "ion/hops": "fix j li ion/hops 10 20 1.5",
    "ion/density": "fix d li ion/density 10 spacing 0.5",
    "ion/polyhedra": "fix u p ion/polyhedra 10 s 2.4 2.9",
    "ion/rdf": "fix g li ion/rdf 10 s 7.0 140",
    "ion/vdos": "fix v all ion/vdos 10 500",
}


def run(fixes: str, edge: int, ranks: int, steps: int) -> tuple[float, float, list[float], int]:
    """Seconds of a step, seconds of Modify, MB of each fix per rank, atoms."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.cost").write_text(SCRIPT.format(root=checkout.root(), edge=edge, fixes=fixes, steps=steps))
        tools = Path(sys.executable).parent
        command = [
            str(tools / "mpirun"),
            "-np",
            str(ranks),
            str(tools / "lmp"),
            "-in",
            "in.cost",
            "-log",
            "none",
            "-nocite",
        ]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"analysis_cost: a run failed:\n{result.stdout[-2000:]}{result.stderr[-1000:]}")
    loops = re.findall(r"^Loop time of (\S+) on \d+ procs for \d+ steps with (\d+) atoms", result.stdout, re.MULTILINE)
    modify = re.findall(r"^Modify +\| +\S+ +\| +(\S+)", result.stdout, re.MULTILINE)
    memory = re.findall(r"measurement.*, memory: (\S+) MB per MPI rank", result.stdout)
    return float(loops[-1][0]) / steps, float(modify[-1]), [float(mb) for mb in memory], int(loops[-1][1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--edge", type=int, default=5, help="copies of the 105-atom cell along each axis")
    parser.add_argument("--steps", type=int, default=100)
    arguments = parser.parse_args()
    edge, ranks, steps = arguments.edge, arguments.ranks, arguments.steps
    samples = steps // 10 + 1

    plain_step, plain_modify, _, atoms = run("", edge, ranks, steps)
    print(f"{atoms} atoms, {ranks} rank(s), {steps} steps: {plain_step * 1e3:.1f} ms per step without measurements\n")
    print("| measurement | ms per sample | of 10 steps | MB per rank |\n| --- | --- | --- | --- |")
    for name, fixes in [*FIXES.items(), ("all", "\n".join(FIXES.values()))]:
        _, modify, memory, _ = run(fixes, edge, ranks, steps)
        cost = (modify - plain_modify) / samples
        print(f"| {name} | {cost * 1e3:.2f} | {100 * cost / (10 * plain_step):.2f} % | {sum(memory):.2f} |", flush=True)
    ions = 36 * edge**3 / ranks
    print(
        f"\nrows of fix ion/transport as its page predicts: {24 * 10 * (1 + 5 * 5) * ions / 2**20:.2f} MB per rank, and about 1 MB"
    )


if __name__ == "__main__":
    main()
