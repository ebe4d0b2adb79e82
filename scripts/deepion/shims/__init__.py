# SPDX-License-Identifier: MIT
"""Shims: the part of the plugin that is compiled for one build of LAMMPS. Only the standard library is used here."""
