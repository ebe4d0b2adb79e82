# SPDX-License-Identifier: MIT
"""Cells of thousands of atoms, made when a test needs them, and a digest of DeePMD-kit's values for them.

A cell is four copies along each axis of a melt-quenched cell of about 100 atoms, with every atom displaced at random. All
values of DeePMD-kit would be 700 kB for each cell. The digest holds those of every 16th atom, sums over each group of 16
atoms, so that every atom counts, and the totals: the repository stays small, and no atom can be wrong unseen.
make_lipsti_reference.py makes it.
"""

from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests/data/lipsti"
CELLS = {
    "Ti00_large": DATA / "Ti00_a300.data",
    "Ti10_large": ROOT / "lammps-examples/quickstart/data.Ti10",
    "Ti30_large": DATA / "Ti30_a300.data",
}
COPIES = 4  # along each axis
DISPLACEMENT = 0.08  # A; standard deviation of every coordinate
GROUP = 16


def write(name: str, folder: Path) -> Path:
    """The cell as a LAMMPS data file, NAME.data in the folder."""
    head, atoms = CELLS[name].read_text().split("Atoms # atomic\n")
    edge = next(float(line.split()[1]) for line in head.splitlines() if line.endswith("xlo xhi"))
    rows = np.array([line.split() for line in atoms.splitlines() if line], float)
    rows = rows[rows[:, 0].argsort()]
    shifts = edge * np.stack(np.meshgrid(*3 * [np.arange(COPIES)], indexing="ij"), axis=-1).reshape(-1, 1, 3)
    coord = (rows[None, :, 2:] + shifts).reshape(-1, 3)
    # RandomState: its numbers are the same in every version of numpy
    coord += DISPLACEMENT * np.random.RandomState(sum(map(ord, name))).standard_normal(coord.shape)
    types = np.tile(rows[:, 1].astype(int), COPIES**3)
    lines = [f"{name}: {COPIES}^3 copies, displaced by {DISPLACEMENT} A", "", f"{len(coord)} atoms", "4 atom types", ""]
    lines += [f"0.0 {COPIES * edge:.10f} {axis}lo {axis}hi" for axis in "xyz"]
    lines += ["", "Masses" + head.split("Masses")[1].rstrip(), "", "Atoms # atomic", ""]
    lines += [
        f"{k} {t} {x:.10f} {y:.10f} {z:.10f}" for k, (t, (x, y, z)) in enumerate(zip(types, coord, strict=True), 1)
    ]
    path = folder / f"{name}.data"
    path.write_text("\n".join(lines) + "\n")
    return path


def reference(name: str) -> dict[str, np.ndarray]:
    """DeePMD-kit's digest: force and atom_energy of each group's first atom, their sums over groups, energy, virial."""
    with np.load(DATA / f"{name}.npz") as content:
        return dict(content)


def digest(force: np.ndarray, atom_energy: np.ndarray) -> dict[str, np.ndarray]:
    """The digest of forces [n, 3] and atomic energies [n], in the order of atom IDs."""
    return {
        "force": force[::GROUP],
        "atom_energy": atom_energy[::GROUP],
        "force_sums": np.add.reduceat(force, np.arange(0, len(force), GROUP)),
        "atom_energy_sums": np.add.reduceat(atom_energy, np.arange(0, len(atom_energy), GROUP)),
    }
