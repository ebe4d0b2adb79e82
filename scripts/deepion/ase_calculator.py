# SPDX-License-Identifier: MIT
"""The documented place of the ASE calculator: from deepion.ase_calculator import DeepionCalculator."""

from deepion.evaluation.calculator import DeepionCalculator

__all__ = ["DeepionCalculator"]
