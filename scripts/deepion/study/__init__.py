# SPDX-License-Identifier: MIT
"""Studies: many runs of LAMMPS, restartable, and what their results say together."""
