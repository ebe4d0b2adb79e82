# SPDX-License-Identifier: MIT
"""The ASE calculator under the name that it had before: it is `deepion.ase.Deepion`."""

from deepion.engine.calculator import Deepion as DeepionCalculator

__all__ = ["DeepionCalculator"]
