# SPDX-License-Identifier: MIT
"""What LAMMPS' own classical force field for ions costs on the same atoms: Buckingham and Coulomb to 10 A, PPPM to 1e-4.

What people compare with when they call machine-learned potentials slow. The cost depends on the cutoff, the density and the accuracy of
PPPM, not on charges and parameters: these are such that atoms stay about where they are, and describe no material.
"""

from collections import Counter

NAME = "buck/coul/long, PPPM 1e-4"
CUTOFF = 10.0  # A
COMMANDS = """fix charges all property/atom q ghost yes
{charges}
pair_style buck/coul/long {cutoff}
pair_coeff * * 500.0 0.3 0.0
kspace_style pppm 1e-4"""
CHARGE = 0.3  # of the atoms of the most frequent element, e; the others have the opposite charge in sum


def commands(elements: list[str], symbols: list[str]) -> str:
    """The commands that choose it. elements: of the atom types in order; symbols: of all atoms of the cell."""
    counts = Counter(symbols)
    frequent = max(elements, key=lambda element: counts[element])
    others = len(symbols) - counts[frequent]
    balance = -CHARGE * counts[frequent] / max(others, 1)
    charges = [CHARGE if element == frequent else balance for element in elements]
    lines = [f"set type {k} charge {charge:.12g}" for k, charge in enumerate(charges, start=1)]
    return COMMANDS.format(charges="\n".join(lines), cutoff=CUTOFF)
