#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Phonons of a crystal by finite displacements: phonopy makes the displaced cells, deepion computes their forces as one batch.

    pip install phonopy
    python phonons.py MODEL.onnx

The crystal is gamma-Li3PS4 (space group Pmn2_1, from K. Homma et al., Solid State Ionics 182, 53 (2011)). The model of this repository was
trained on glasses, so the numbers show how it is done; they are no prediction.
"""

import sys

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from ase.spacegroup import crystal

from deepion import DeepPot
from deepion.ase import Deepion

CELLS = [2, 2, 2]  # the supercell
DISPLACEMENT = 0.01  # A
# Differences of forces are divided by the displacement: everything in float64, on tables that are exact to 1e-9.
EXACT = {"precision": "double", "tabulate": True}
MESH = [6, 6, 6]  # points in the Brillouin zone


def relaxed(model: str) -> Atoms:
    """The primitive cell with atoms and cell at rest: no stress, or frequencies would be those of a strained crystal."""
    atoms = crystal(
        ["Li", "Li", "P", "S", "S", "S"],
        [
            [0.244, 0.330, 0.003],
            [0, 0.148, 0.503],
            [0, 0.821, 0],
            [0.218, 0.670, 0.890],
            [0, 0.117, 0.888],
            [0, 0.807, 0.331],
        ],
        spacegroup=31,
        cellpar=[7.708, 6.535, 6.136, 90, 90, 90],
    )
    atoms.calc = Deepion(model, **EXACT)
    BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=1e-4, steps=500)
    return atoms


def force_constants(model: str, atoms: Atoms):
    """The phonopy object, with force constants."""
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms

    cell = PhonopyAtoms(symbols=atoms.symbols, cell=atoms.cell[:], scaled_positions=atoms.get_scaled_positions())
    phonons = Phonopy(cell, supercell_matrix=np.diag(CELLS), primitive_matrix=np.eye(3))
    phonons.generate_displacements(distance=DISPLACEMENT)
    displaced = phonons.supercells_with_displacements
    pot = DeepPot(model, **EXACT)
    number = {name: k for k, name in enumerate(pot.get_type_map())}
    _, phonons.forces, _ = pot.eval(
        [cell.positions for cell in displaced],
        [cell.cell for cell in displaced],
        [number[name] for name in displaced[0].symbols],
    )
    phonons.produce_force_constants()
    phonons.symmetrize_force_constants()
    return phonons


def main() -> None:
    """Relax, displace, print."""
    model = sys.argv[1]
    atoms = relaxed(model)
    print("cell (A):", " ".join(f"{length:.3f}" for length in atoms.cell.lengths()))
    phonons = force_constants(model, atoms)
    print(f"{len(phonons.supercells_with_displacements)} displaced cells of {len(phonons.supercell)} atoms")
    for name, point in {"Gamma": [0, 0, 0], "X": [0.5, 0, 0], "Z": [0, 0, 0.5]}.items():
        phonons.run_qpoints([point])
        frequencies = phonons.qpoints.frequencies[0]
        print(f"frequencies at {name} (THz):", " ".join(f"{f:.2f}" for f in frequencies))
    phonons.run_mesh(MESH)
    phonons.run_thermal_properties(t_min=0, t_max=900, t_step=300)
    thermal = phonons.thermal_properties
    print("      T (K)  free energy (kJ/mol)  entropy (J/K/mol)  heat capacity (J/K/mol)")
    columns = (thermal.temperatures, thermal.free_energy, thermal.entropy, thermal.heat_capacity)
    for row in zip(*columns, strict=True):
        print("{:11.0f}{:22.3f}{:19.3f}{:25.3f}".format(*row))


if __name__ == "__main__":
    main()
