# SPDX-License-Identifier: MIT
"""An ASE calculator for an exported model:

from deepion.ase_calculator import DeepionCalculator
atoms.calc = DeepionCalculator("model.onnx")
"""

from pathlib import Path

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from .evaluator import Evaluator
from .structure import from_atoms, model_types


class DeepionCalculator(Calculator):
    """Energy (eV), energies, forces (eV/A) and, for fully periodic cells, stress (eV/A^3)."""

    implemented_properties = ["energy", "energies", "free_energy", "forces", "stress"]

    def __init__(self, model: str | Path, fparam=None, aparam=None, threads: int = 0, **kwargs):
        super().__init__(**kwargs)
        self._evaluator = Evaluator(Path(model), threads)
        self._fparam, self._aparam = fparam, aparam

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        structure = from_atoms(self.atoms)
        types = model_types(structure.symbols, self._evaluator.type_map)
        out = self._evaluator.evaluate(
            structure.coord, types, structure.cell, structure.periodic, self._fparam, self._aparam
        )
        self.results = {
            "energy": out.energy,
            "free_energy": out.energy,
            "energies": out.atom_energy,
            "forces": out.force,
        }
        if all(structure.periodic):
            stress = -0.5 * (out.virial + out.virial.T) / abs(np.linalg.det(structure.cell))
            self.results["stress"] = full_3x3_to_voigt_6_stress(stress)
