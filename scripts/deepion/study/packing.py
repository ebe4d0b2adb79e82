# SPDX-License-Identifier: MIT
"""Pack atoms of LPS:Ti at random, no two nearer than 2 Angstrom, and write a LAMMPS data file.

python -m deepion.study.packing Ti10 data.packed                     105 atoms, 10 mol % TiS2
python -m deepion.study.packing Ti10 data.packed --atoms 12000       as in the paper

The packing knows no chemistry: in.melt-quench makes the structure, and its pressure of 1 bar the density.
"""

import argparse
import re
from pathlib import Path

import numpy as np

from deepion.constants import AVOGADRO, MASSES

ELEMENTS = tuple(MASSES)
COMPOSITIONS = ("Ti00", "Ti10", "Ti20", "Ti30")  # of the paper: mol % of TiS2 in 75 Li2S : 25 P2S5
CLOSEST = 2.0  # Angstrom
ROUNDS = 3000


def counts_of(composition: str, atoms: int) -> tuple[int, ...]:
    """Numbers of Li, P, S, Ti: 3 k Li2S + k P2S5 + t TiS2 as close as possible to the composition and the number of atoms."""
    name = re.fullmatch(r"Ti(\d\d)", composition)
    if not name or atoms < 16:
        raise SystemExit(
            f"packing: {composition} with {atoms} atoms: expected Ti00 to Ti99, mol % of TiS2, and 16 atoms"
        )
    share = int(name[1]) / 100.0
    titanium = 4.0 * share / (1.0 - share)  # TiS2 for each 3 Li2S + P2S5, which are 4 units and 16 atoms
    k = max(1, round(atoms / (16.0 + 3.0 * titanium)))
    t = round(k * titanium)
    return 6 * k, 2 * k, 8 * k + 2 * t, t


def edge_of(counts: tuple[int, ...], density: float) -> float:
    """Edge of the cubic cell (Angstrom) with that density (g/cm^3)."""
    return (np.dot(counts, list(MASSES.values())) / (AVOGADRO * density)) ** (1.0 / 3.0)


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
        f"packing: {atoms} atoms do not fit {closest} A apart into a cell of {edge:.1f} A: take a lower --density"
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
    lines += [f"{k + 1} {mass}  # {ELEMENTS[k]}" for k, mass in enumerate(MASSES.values())]
    lines += ["", "Atoms # atomic", ""]
    lines += [f"{k + 1} {types[k]} {x:.10f} {y:.10f} {z:.10f}" for k, (x, y, z) in enumerate(positions)]
    part = path.with_name(path.name + ".part")
    part.write_text("\n".join(lines) + "\n")
    part.replace(path)


def build(composition: str, path: Path, atoms: int = 100, density: float = 1.7, seed: int = 4711) -> int:
    """Write the data file; returns the number of atoms."""
    counts = counts_of(composition, atoms)
    random = np.random.default_rng([seed, *counts])
    edge = edge_of(counts, density)
    positions = pack(sum(counts), edge, CLOSEST, random)
    types = np.repeat(np.arange(1, 5), counts)  # positions come in random order
    formula = "".join(f"{name}{n}" for name, n in zip(ELEMENTS, counts, strict=True) if n)
    title = f"LPS:{composition}, {formula}: random packing, {CLOSEST} A apart, {density} g/cm^3, seed {seed}"
    write_data(path, title, edge, types, random.permutation(positions))
    return sum(counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("composition", help=f"{', '.join(COMPOSITIONS)} or any other Ti<mol %%>")
    parser.add_argument("file", type=Path)
    parser.add_argument("--atoms", type=int, default=100, help="about how many (default 100)")
    parser.add_argument("--density", type=float, default=1.7, help="of the packing, g/cm^3 (default 1.7)")
    parser.add_argument("--seed", type=int, default=4711)
    given = parser.parse_args()
    atoms = build(given.composition, given.file, given.atoms, given.density, given.seed)
    print(f"{given.file}: {atoms} atoms")


if __name__ == "__main__":
    main()
