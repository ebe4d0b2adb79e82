"""Cost per atom and step of pair_style deepmd/onnx, each beside its force error against float64 networks.

Every case is a run of LAMMPS on copies of the quickstart cell; the cases of a round are run in turn, rounds are repeated, and
medians are printed. Costs are wall times: use a quiet machine.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CELL = ROOT / "lammps-examples/quickstart/data.Ti10"
CELL_ATOMS = 105
MODES = ("precision mixed", "precision mixed tabulate no", "precision double tabulate yes", "precision double")
REFERENCE = "precision double tabulate no"
INPUT = """units metal
read_data {cell}
replicate {copies}
displace_atoms all random 0.05 0.05 0.05 7
neighbor 1.0 bin
plugin load {plugin}
pair_style deepmd/onnx {model} {mode}
pair_coeff * * Li P S Ti
velocity all create 300 4711
fix 1 all nve
timestep 0.001
thermo {steps}
dump 1 all custom 1000000 {dump} id fx fy fz
dump_modify 1 sort id format float %.12g
run 1
undump 1
run {steps}
"""


def main() -> None:
    arguments = parse()
    sizes = [copies(atoms) for atoms in arguments.atoms]
    cases = [(size, layout, mode) for size in sizes for layout in arguments.layouts for mode in arguments.modes]
    costs: dict[tuple, list[float]] = {case: [] for case in cases}
    errors: dict[tuple, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        exact = {size: run(Path(folder), arguments, size, arguments.layouts[-1], REFERENCE, 1)[1] for size in sizes}
        for repeat in range(arguments.repeats):
            for case in cases:
                steps = steps_for(case, costs, arguments.seconds)
                seconds, force = run(Path(folder), arguments, *case, steps)
                costs[case].append(seconds / steps / np.prod(case[0]) / CELL_ATOMS * 1e6)
                errors[case] = float(np.sqrt(((force - exact[case[0]]) ** 2).mean()))
                print(f"round {repeat + 1} of {arguments.repeats}: {label(case)}", file=sys.stderr)
    rows = [row(case, costs[case], errors[case]) for case in cases]
    print_table(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps({"model": str(arguments.model), "rows": rows}, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "--atoms", type=int, nargs="+", default=[105, 840, 13125], help="rounded to copies of 105 atoms"
    )
    parser.add_argument("--layouts", nargs="+", default=["1x1", "1x2", "2x1"], help="MPI ranks x threads")
    parser.add_argument("--modes", nargs="+", default=list(MODES), help="keywords of the pair style, quoted")
    parser.add_argument("--repeats", type=int, default=3, help="rounds; medians are printed")
    parser.add_argument("--seconds", type=float, default=4.0, help="about how long one run is timed")
    parser.add_argument("--model", type=Path, default=ROOT / "build/models/lipsti-a.onnx", help="elements Li P S Ti")
    parser.add_argument("--json", type=Path, help="also write the table there")
    arguments = parser.parse_args()
    arguments.layouts = [tuple(int(n) for n in layout.split("x")) for layout in arguments.layouts]
    return arguments


def copies(atoms: int) -> tuple[int, int, int]:
    """The box of copies of the cell that comes closest to a number of atoms."""
    edge = max(1, round((atoms / CELL_ATOMS) ** (1 / 3)))
    return (edge, edge, edge)


def steps_for(case: tuple, costs: dict[tuple, list[float]], seconds: float) -> int:
    """Steps that fill the time, from this case's own cost so far, else from 200 us per atom and core."""
    size, (ranks, threads), _ = case
    cost = costs[case][-1] if costs[case] else 200 / (ranks * threads)
    return max(3, round(seconds / (cost * 1e-6 * np.prod(size) * CELL_ATOMS)))


def run(folder: Path, arguments: argparse.Namespace, size: tuple, layout: tuple, mode: str, steps: int):
    """One run: seconds of the timed steps and the forces at the start, eV/Angstrom, atoms x 3."""
    dump, script = folder / "forces", folder / "in.bench"
    values = {"cell": CELL, "copies": "{} {} {}".format(*size), "plugin": ROOT / "build/deepionplugin.so"}
    script.write_text(INPUT.format(model=arguments.model, mode=mode, steps=steps, dump=dump, **values))
    ranks, threads = layout
    command = [BIN / "mpirun", "-np", str(ranks), BIN / "lmp", "-in", script, "-log", "none"]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    times = re.findall(r"^Loop time of (\S+)", result.stdout, re.MULTILINE)
    if result.returncode != 0 or len(times) != 2:
        sys.exit(f"scripts/bench: a run failed ({mode}):\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return float(times[1]), np.loadtxt(dump, skiprows=9, max_rows=int(np.prod(size)) * CELL_ATOMS)[:, 1:]


def label(case: tuple) -> str:
    size, (ranks, threads), mode = case
    return f"{np.prod(size) * CELL_ATOMS} atoms, {ranks} x {threads}, {mode}"


def row(case: tuple, costs: list[float], error: float) -> dict:
    size, (ranks, threads), mode = case
    atoms, cost = int(np.prod(size)) * CELL_ATOMS, statistics.median(costs)
    return {
        "atoms": atoms,
        "ranks": ranks,
        "threads": threads,
        "keywords": mode,
        "us per atom and step": round(cost, 2),
        "core-us": round(cost * ranks * threads, 2),
        "spread, core-us": [round(min(costs) * ranks * threads, 2), round(max(costs) * ranks * threads, 2)],
        "ns/day at 1 fs": round(86400 / (cost * 1e-6 * atoms) * 1e-6, 4),
        "force RMS error, eV/A": float(f"{error:.1e}"),
    }


def print_table(rows: list[dict]) -> None:
    print(
        "atoms    ranks x threads  keywords                         us/atom/step  core-us (min - max)        ns/day   force RMS, eV/A"
    )
    for r in rows:
        low, high = r["spread, core-us"]
        print(
            f"{r['atoms']:<8d} {r['ranks']} x {r['threads']:<13d} {r['keywords']:<32s} {r['us per atom and step']:12.2f}  "
            f"{r['core-us']:7.2f} ({low:.2f} - {high:.2f})".ljust(97)
            + f"{r['ns/day at 1 fs']:9.4f}   {r['force RMS error, eV/A']:.1e}"
        )


if __name__ == "__main__":
    main()
