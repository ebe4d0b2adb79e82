# SPDX-License-Identifier: MIT
"""Constants of physics (exact in the SI since 2019) and masses, each once in Python."""

BOLTZMANN = 1.380649e-23 / 1.602176634e-19  # eV/K
AVOGADRO = 0.602214076  # g/cm^3 from g/mol and Angstrom^3
WAVENUMBERS = 1e12 / 2.99792458e10  # 1/cm in a THz
MASSES = {"Li": 6.94, "P": 30.974, "S": 32.06, "Ti": 47.867}  # g/mol
