# SPDX-License-Identifier: MIT
"""Endings of DeePMD-kit's model files."""

NATIVE_SUFFIXES = (".dp", ".yaml", ".yml")  # read here
# read by an installed DeePMD-kit
FOREIGN_SUFFIXES = (".pb", ".pth", ".pt", ".savedmodel", ".jax", ".hlo", ".json", ".pd", ".pte", ".pt2", ".ckpt")
