# SPDX-License-Identifier: MIT
"""Speed on paper: ns/day of large systems on many cores, from costs measured on one, ghost counts and LAMMPS' communication.

    python -m deepion.benchmark.scaling BENCH.json [MODE]

BENCH.json comes from `scripts/bench --json`; the last table sets the prediction beside what was measured there.
"""

import json
import sys
from pathlib import Path

import numpy as np

DENSITY = 0.0474  # atoms per A^3: Li3PS4
HALO = 8.0  # A: cutoff 7 and skin 1
LATENCY = 2e-6  # s per message
BANDWIDTH = 0.15e9  # bytes/s per core: a node's 100 Gbit/s shared by 80 cores, all neighbors on other nodes
BYTES = 2 * 24  # per ghost and step: its position comes, its force goes back
SYSTEMS = (12_000, 1_000_000, 100_000_000)
CORES = (1, 10, 100, 1_000, 10_000)
TIMESTEP = 1.0  # fs
FEWEST_ATOMS = 10  # per core: below, the prediction means nothing


def ghosts(atoms: float) -> float:
    """Ghost atoms around a cube of that many atoms."""
    edge = (atoms / DENSITY) ** (1.0 / 3.0)
    return DENSITY * ((edge + 2.0 * HALO) ** 3 - edge**3)


def fit(rows: list[dict], mode: str) -> tuple[float, float]:
    """Seconds per atom and per ghost of a step, from the runs on one core."""
    alone = [r for r in rows if r["mode"] == mode and r["ranks"] * r["threads"] == 1]
    if len({r["atoms"] for r in alone}) < 2:
        sys.exit(f"scaling: need runs of mode {mode} on 1 x 1 of at least two sizes")
    shares = np.array([[1.0, ghosts(r["atoms"]) / r["atoms"]] for r in alone])
    costs = np.array([r["core-us/atom/step"] * 1e-6 for r in alone])
    (per_atom, per_ghost), *_ = np.linalg.lstsq(shares / costs[:, None], np.ones(len(costs)), rcond=None)
    return float(per_atom), max(0.0, float(per_ghost))


def step(atoms: float, cores: int, per_atom: float, per_ghost: float) -> float:
    """Seconds of a step with one rank on each core."""
    own = atoms / cores
    outside = ghosts(own)
    if cores == 1:
        return own * per_atom + outside * per_ghost
    edge = (own / DENSITY) ** (1.0 / 3.0)
    messages = 2 * 6 * int(np.ceil(HALO / edge))
    return own * per_atom + outside * (per_ghost + BYTES / BANDWIDTH) + messages * LATENCY


def ns_per_day(seconds: float) -> float:
    return 86400.0 / seconds * TIMESTEP * 1e-6


def main() -> None:
    rows = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["rows"]
    mode = sys.argv[2] if len(sys.argv) > 2 else "default"
    per_atom, per_ghost = fit(rows, mode)
    print(f"mode {mode}: {per_atom * 1e6:.2f} us per atom, {per_ghost * 1e6:.3f} us per ghost atom\n")
    print("| atoms | " + " | ".join(f"{c:,} core{'s' if c > 1 else ''}" for c in CORES) + " |")
    print("| --- |" + " --- |" * len(CORES))
    for atoms in SYSTEMS:
        cells = []
        for cores in CORES:
            if atoms / cores < FEWEST_ATOMS:
                cells.append("-")
                continue
            seconds = step(atoms, cores, per_atom, per_ghost)
            efficiency = step(atoms, 1, per_atom, per_ghost) / (cores * seconds)
            cells.append(f"{ns_per_day(seconds):.3g} ({100 * efficiency:.0f} %)")
        print(f"| {atoms:,} | " + " | ".join(cells) + " |")
    print("\n| atoms | ranks | predicted, us/atom/step | measured |\n| --- | --- | --- | --- |")
    for r in rows:
        if r["mode"] == mode and r["threads"] == 1:
            predicted = step(r["atoms"], r["ranks"], per_atom, per_ghost) / r["atoms"] * 1e6
            print(f"| {r['atoms']:,} | {r['ranks']} | {predicted:.2f} | {r['us/atom/step']:.2f} |")


if __name__ == "__main__":
    main()
