# SPDX-License-Identifier: MIT
"""Readers of the files that Deep Potentials come in; each gives DeePMD-kit's serialized dictionary (see table)."""
