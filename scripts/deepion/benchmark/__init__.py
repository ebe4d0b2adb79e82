# SPDX-License-Identifier: MIT
"""What scripts/bench measures with: the modes, runs of LAMMPS, DeePMD-kit beside them, the fitting nets alone, the tables."""
