# SPDX-License-Identifier: MIT
"""The engine of the pair style in Python: a model (model.py), DeePMD-kit's call (deep_pot.py), an ASE calculator (calculator.py)."""
