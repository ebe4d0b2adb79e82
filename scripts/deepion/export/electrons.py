# SPDX-License-Identifier: MIT
"""Electron configurations of the elements as vectors, which DeePMD-kit's option use_econf_tebd feeds to the type embedding.

Every orbital has two numbers, 1 for an electron and -1 for none: (-1, 1) with one electron. Orbitals of a subshell take one
electron each before any takes a second one, and the vector is scaled to unit length. Configurations follow the n + l rule with
its exceptions as DeePMD-kit 3.2.0 has them (those of lawrencium, darmstadtium and roentgenium are disputed).
"""

import numpy as np

from deepion.errors import ExportError

SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru "
    "Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At "
    "Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
).split()
# in the order of the vector
SUBSHELLS = "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f 5s 5p 5d 5f 6s 6p 6d 7s 7p".split()
FILLING = "1s 2s 2p 3s 3p 4s 3d 4p 5s 4d 5p 6s 4f 5d 6p 7s 5f 6d 7p".split()
# electrons that are in another subshell than the rule says: (from, to, how many)
EXCEPTIONS = {
    "Cr": ("4s", "3d", 1), "Cu": ("4s", "3d", 1), "Nb": ("5s", "4d", 1), "Mo": ("5s", "4d", 1), "Ru": ("5s", "4d", 1),
    "Rh": ("5s", "4d", 1), "Pd": ("5s", "4d", 2), "Ag": ("5s", "4d", 1), "La": ("4f", "5d", 1), "Ce": ("4f", "5d", 1),
    "Gd": ("4f", "5d", 1), "Pt": ("6s", "5d", 1), "Au": ("6s", "5d", 1), "Ac": ("5f", "6d", 1), "Th": ("5f", "6d", 2),
    "Pa": ("5f", "6d", 1), "U": ("5f", "6d", 1), "Np": ("5f", "6d", 1), "Cm": ("5f", "6d", 1), "Ds": ("7s", "6d", 1),
    "Rg": ("7s", "6d", 1),
}  # fmt: skip


def electron_vectors(type_map: list[str]) -> np.ndarray:
    """One vector for each element, [n, 118]."""
    for name in type_map:
        if name not in SYMBOLS:
            raise ExportError(f"use_econf_tebd: '{name}' of the type_map is no chemical element")
    return np.array([_vector(name) for name in type_map])


def _vector(symbol: str) -> np.ndarray:
    numbers: list[int] = []
    electrons = configuration(symbol)
    for shell in SUBSHELLS:
        orbitals, count = _orbitals(shell), electrons[shell]
        for orbital in range(orbitals):
            numbers += [1 if orbital < count - orbitals else -1, 1 if orbital < count else -1]
    return np.array(numbers) * (1.0 / np.sqrt(len(numbers)))


def configuration(symbol: str) -> dict[str, int]:
    """Electrons of each subshell of the neutral atom."""
    left = SYMBOLS.index(symbol) + 1
    electrons = {}
    for shell in FILLING:
        electrons[shell] = min(left, 2 * _orbitals(shell))
        left -= electrons[shell]
    if symbol in EXCEPTIONS:
        source, target, count = EXCEPTIONS[symbol]
        electrons[source] -= count
        electrons[target] += count
    return electrons


def _orbitals(shell: str) -> int:
    return 2 * "spdf".index(shell[1]) + 1
