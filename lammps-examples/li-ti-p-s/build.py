#!/usr/bin/env python3
"""Pack atoms of LPS:Ti at random, no two nearer than 2 Angstrom, and write a LAMMPS data file.

python build.py Ti10 data.packed                 105 atoms
python build.py Ti10 data.packed --copies 5      5^3 times as many: 13,125 atoms

The packing knows no chemistry: in.melt-quench makes the structure, and its pressure of 1 bar the density.
"""

import argparse
from pathlib import Path

import numpy as np

ELEMENTS = ("Li", "P", "S", "Ti")
MASSES = (6.94, 30.974, 32.06, 47.867)
# 75 Li2S : 25 P2S5 with 0, 10, 20, 30 mol % TiS2, about 100 atoms each: as near as whole numbers come
COMPOSITIONS = {
    "Ti00": (36, 12, 48, 0),
    "Ti10": (36, 12, 54, 3),
    "Ti20": (30, 10, 50, 5),
    "Ti30": (30, 10, 58, 9),
}
CLOSEST = 2.0  # Angstrom
AVOGADRO = 0.602214076  # g/cm^3 from g/mol and Angstrom^3
ROUNDS = 3000


def edge_of(counts: tuple[int, ...], density: float) -> float:
    """Edge of the cubic cell (Angstrom) with that density (g/cm^3)."""
    return (np.dot(counts, MASSES) / (AVOGADRO * density)) ** (1.0 / 3.0)


def pack(atoms: int, edge: float, closest: float, random: np.random.Generator) -> np.ndarray:
    """Positions in a periodic cube, thrown in one after the other; who would come too near is thrown again.

    A grid so fine that a cell can hold one atom makes the cost proportional to the number of atoms.
    """
    side = int(np.ceil(edge * np.sqrt(3.0) / closest))
    reach = np.arange(-2, 3)
    around = np.stack(np.meshgrid(reach, reach, reach, indexing="ij"), -1).reshape(-1, 3)
    placed = np.empty((0, 3))
    held = np.full((side, side, side), -1)
    for _ in range(ROUNDS):
        missing = atoms - len(placed)
        if missing == 0:
            return placed
        new = random.uniform(0.0, edge, (max(missing, 64), 3))
        cells = np.minimum((new / edge * side).astype(int), side - 1)
        new = new[_free(new, cells, held, placed, around, edge, closest)]
        # Among themselves: the first of those who are too near each other stays.
        cells = np.minimum((new / edge * side).astype(int), side - 1)
        _, first = np.unique(cells, axis=0, return_index=True)
        new, cells = new[first], cells[first]
        among = np.full_like(held, -1)
        among[tuple(cells.T)] = np.arange(len(new))
        good = _free(new, cells, among, new, around, edge, closest, earlier=True)
        new, cells = new[good][:missing], cells[good][:missing]
        held[tuple(cells.T)] = len(placed) + np.arange(len(new))
        placed = np.concatenate([placed, new])
    raise SystemExit(
        f"build: {atoms} atoms do not fit {closest} A apart into a cell of {edge:.1f} A: take a lower --density"
    )


def _free(points, cells, held, others, around, edge, closest, earlier=False) -> np.ndarray:
    """Which points have none of the others too near; with earlier only those that come before count."""
    if not len(others):
        return np.full(len(points), True)
    side = len(held)
    free = np.full(len(points), True)
    for shift in around:
        index = held[tuple(((cells + shift) % side).T)]
        vector = points - others[index]
        vector -= edge * np.round(vector / edge)
        near = (index >= 0) & ((vector**2).sum(1) < closest**2)
        free &= ~(near & (index < np.arange(len(points)))) if earlier else ~near
    return free


def write_data(path: Path, title: str, edge: float, types: np.ndarray, positions: np.ndarray) -> None:
    """A LAMMPS data file (units metal, atom_style atomic), replaced as a whole."""
    lines = [f"# {title}", "", f"{len(types)} atoms", f"{len(ELEMENTS)} atom types", ""]
    lines += [f"0.0 {edge:.10f} {axis}lo {axis}hi" for axis in "xyz"]
    lines += ["", "Masses", ""]
    lines += [f"{k + 1} {mass}  # {ELEMENTS[k]}" for k, mass in enumerate(MASSES)]
    lines += ["", "Atoms # atomic", ""]
    lines += [f"{k + 1} {types[k]} {x:.10f} {y:.10f} {z:.10f}" for k, (x, y, z) in enumerate(positions)]
    part = path.with_name(path.name + ".part")
    part.write_text("\n".join(lines) + "\n")
    part.replace(path)


def build(composition: str, path: Path, copies: int = 1, density: float = 1.7, seed: int = 4711) -> int:
    """Write the data file; returns the number of atoms."""
    counts = tuple(n * copies**3 for n in COMPOSITIONS[composition])
    random = np.random.default_rng([seed, copies, *counts])
    edge = edge_of(counts, density)
    positions = pack(sum(counts), edge, CLOSEST, random)
    types = np.repeat(np.arange(1, 5), counts)  # positions come in random order
    formula = "".join(f"{name}{n}" for name, n in zip(ELEMENTS, counts, strict=True) if n)
    title = f"LPS:{composition}, {formula}: random packing, {CLOSEST} A apart, {density} g/cm^3, seed {seed}"
    write_data(path, title, edge, types, random.permutation(positions))
    return sum(counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("composition", choices=COMPOSITIONS)
    parser.add_argument("file", type=Path)
    parser.add_argument("--copies", type=int, default=1, help="n for n^3 times as many atoms")
    parser.add_argument("--density", type=float, default=1.7, help="of the packing, g/cm^3 (default 1.7)")
    parser.add_argument("--seed", type=int, default=4711)
    given = parser.parse_args()
    atoms = build(given.composition, given.file, given.copies, given.density, given.seed)
    print(f"{given.file}: {atoms} atoms")


if __name__ == "__main__":
    main()
