# SPDX-License-Identifier: MIT
"""The ASE calculator: from deepion.ase import Deepion."""

from deepion.engine.calculator import Deepion

__all__ = ["Deepion"]
