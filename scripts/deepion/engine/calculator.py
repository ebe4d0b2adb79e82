# SPDX-License-Identifier: MIT
"""An ASE calculator on the engine of the pair style."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress
from numpy.typing import ArrayLike

from deepion.errors import InputError

from .deep_pot import keywords_of
from .model import Checked, Model

SKIN = 1.0  # A


class Deepion(Calculator):
    """Energy (eV), energies, forces (eV/A) and, for fully periodic cells, stress and the stresses of atoms (eV/A^3).

    The keywords are those of `pair_style deepmd/onnx` with its defaults: precision, threads, tabulate, table_error, reduce, sel,
    check, check_limit, on_excess, excess_limit, onnxruntime (see `deepion.engine.keywords.Keywords`). fparam and aparam: frame and atomic parameters; those in
    `atoms.info` go first. skin: the neighbor list is used again until an atom moved by half of it (A). label: ASE's.
    """

    name = "deepion"
    implemented_properties: ClassVar[list[str]] = [
        "energy", "free_energy", "energies", "forces", "stress", "stresses",
    ]  # fmt: skip

    def __init__(
        self,
        model: str | Path,
        *,
        fparam: ArrayLike | None = None,
        aparam: ArrayLike | None = None,
        skin: float = SKIN,
        label: str | None = None,
        **keywords: Any,
    ):
        super().__init__(label=label)
        if not 0.0 <= skin < float("inf"):
            raise InputError(f"skin: expected a length in Angstrom that is not negative, got {skin!r}")
        self._model = Model(model, keywords_of(keywords))
        self._fparam, self._aparam, self._skin = fparam, aparam, float(skin)

    @property
    def type_map(self) -> list[str]:
        """The elements that the model knows."""
        return self._model.type_map

    def summary(self) -> list[str]:
        """What the pair style prints of a model; empty before the first evaluation."""
        return self._model.potential.summary

    def checked(self) -> Checked:
        """What the checks of every N-th step found so far (check=N)."""
        return self._model.found

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """What changed since the last evaluation; parameters in `atoms.info` count."""
        changes = super().check_state(atoms, tol)
        if self.atoms is not None and any(
            not np.array_equal(atoms.info.get(name), self.atoms.info.get(name)) for name in ("fparam", "aparam")
        ):
            changes.append("info")
        return changes

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | tuple[str, ...] = ("energy",),
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate; stresses of atoms only where they are asked for, as they cost more."""
        super().calculate(atoms, properties, system_changes)
        now, model = self.atoms, self._model
        periodic = np.array(now.pbc, dtype=bool)
        each = "stresses" in properties and bool(periodic.all())
        out = model.step(
            np.array(now.positions, dtype=np.float64),
            model.types_of(now.get_chemical_symbols()),
            np.array(now.cell, dtype=np.float64).reshape(1, 3, 3),
            periodic.reshape(1, 3),
            model.fparam(1, now.info.get("fparam", self._fparam)),
            model.aparam(1, len(now), now.info.get("aparam", self._aparam)),
            each,
            self._skin,
        )
        energy = float(out.energy[0])
        self.results = {"energy": energy, "free_energy": energy, "energies": out.atom_energy, "forces": out.force}
        if periodic.all():
            self.results["stress"] = _stress(out.virial[0], now.get_volume())
        if each:
            self.results["stresses"] = _stress(out.atom_virial, now.get_volume())


def _stress(virial: np.ndarray, volume: float) -> np.ndarray:
    """Stress of virials [..., 3, 3] in Voigt's order."""
    return full_3x3_to_voigt_6_stress(-0.5 * (virial + np.swapaxes(virial, -1, -2)) / volume)
