# SPDX-License-Identifier: MIT
"""The call of `deepmd.infer.DeepPot`, so that scripts need one other import: from deepion import DeepPot."""

from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deepion.errors import InputError

from .keywords import Keywords
from .model import Floats, Model

Three = tuple[Floats, Floats, Floats]
Five = tuple[Floats, Floats, Floats, Floats, Floats]


class DeepPot:
    """A Deep Potential from an ONNX file.

    The keywords are those of `pair_style deepmd/onnx`: precision, threads, tabulate, table_error, reduce, sel, check, check_limit,
    onnxruntime (see `deepion.engine.keywords.Keywords`). Frames of a call are evaluated in parallel, each on one thread, with the
    same bits for any number of threads.
    """

    def __init__(self, model_file: str | Path, **keywords: Any):
        self.model_file = str(model_file)
        self._model = Model(model_file, keywords_of(keywords))

    @overload
    def eval(
        self,
        coords: ArrayLike,
        cells: ArrayLike | None,
        atom_types: ArrayLike,
        atomic: Literal[False] = False,
        fparam: ArrayLike | None = None,
        aparam: ArrayLike | None = None,
        mixed_type: bool = False,
    ) -> Three: ...
    @overload
    def eval(
        self,
        coords: ArrayLike,
        cells: ArrayLike | None,
        atom_types: ArrayLike,
        atomic: Literal[True],
        fparam: ArrayLike | None = None,
        aparam: ArrayLike | None = None,
        mixed_type: bool = False,
    ) -> Five: ...

    def eval(
        self,
        coords: ArrayLike,
        cells: ArrayLike | None,
        atom_types: ArrayLike,
        atomic: bool = False,
        fparam: ArrayLike | None = None,
        aparam: ArrayLike | None = None,
        mixed_type: bool = False,
    ) -> Three | Five:
        """Energies, forces and virials of frames of equally many atoms.

        Args:
            coords: positions in Angstrom, [frames, atoms, 3] in any shape with so many numbers.
            cells: cell vectors in Angstrom, [frames, 9]; None: open boundaries.
            atom_types: indices into the type map, [atoms], or [frames, atoms] where frames differ; -1: invisible to the model.
            atomic: whether energies and virials of atoms are returned, too.
            fparam: frame parameters, [frames, dim_fparam], or [dim_fparam] for all.
            aparam: atomic parameters, [frames, atoms, dim_aparam], [atoms, dim_aparam] or [dim_aparam].
            mixed_type: whether atom_types are those of each frame; their shape says so as well.

        Returns:
            energy [frames, 1] (eV), force [frames, atoms, 3] (eV/Angstrom), virial [frames, 9] (eV; -stress x volume, row by row),
            and with atomic the energy [frames, atoms, 1] and virial [frames, atoms, 9] of each atom.

        Raises:
            deepion.errors.InputError: arrays that do not fit each other or the model, or positions without forces.
        """
        types = _integers(atom_types)
        if mixed_type and types.ndim != 2:
            raise InputError(f"mixed_type: expected atom_types [frames, atoms], got shape {types.shape}")
        atoms = types.shape[-1]
        coord = _floats("coords", coords)
        if atoms == 0 or coord.size % (3 * atoms):
            raise InputError(f"coords: {coord.size} numbers are no whole number of frames of {atoms} atoms x 3")
        frames = coord.size // (3 * atoms)
        if types.ndim == 2 and len(types) not in (1, frames):
            raise InputError(f"atom_types: expected {frames} frames as in coords, got {len(types)}")
        types = np.ascontiguousarray(np.broadcast_to(types, (frames, atoms))).ravel()
        cell = np.zeros((frames, 3, 3)) if cells is None else _floats("cells", cells)
        if cell.size != 9 * frames:
            raise InputError(f"cells: expected {frames} x 9 numbers, got {cell.size}")
        model = self._model
        out = model.frames(
            coord.reshape(-1, 3),
            types,
            [atoms] * frames,
            cell.reshape(frames, 3, 3),
            np.full((frames, 3), cells is not None),
            model.fparam(frames, fparam),
            model.aparam(frames, atoms, aparam),
            atomic,
        )
        energy, force = out.energy.reshape(frames, 1), out.force.reshape(frames, atoms, 3)
        virial = out.virial.reshape(frames, 9)
        if not atomic:
            return energy, force, virial
        atom_energy = out.atom_energy.reshape(frames, atoms, 1)
        return energy, force, virial, atom_energy, out.atom_virial.reshape(frames, atoms, 9)

    def get_rcut(self) -> float:
        """The cutoff in Angstrom."""
        return self._model.potential.cutoff

    def get_ntypes(self) -> int:
        """The number of types."""
        return len(self._model.type_map)

    def get_type_map(self) -> list[str]:
        """The element of each type."""
        return self._model.type_map

    def get_dim_fparam(self) -> int:
        """The number of frame parameters."""
        return self._model.potential.numb_fparam

    def get_dim_aparam(self) -> int:
        """The number of atomic parameters of an atom."""
        return self._model.potential.numb_aparam

    def has_default_fparam(self) -> bool:
        """Whether frame parameters may be left out."""
        return self._model.potential.default_fparam is not None

    def get_sel_type(self) -> list[int]:
        """Empty: all types have energies."""
        return []

    def get_ntypes_spin(self) -> int:
        """0: models with spins cannot be exported."""
        return 0

    def summary(self) -> list[str]:
        """What the pair style prints of a model; empty before the first evaluation."""
        return self._model.potential.summary


def keywords_of(given: dict[str, Any]) -> Keywords:
    """The keywords, with the names of all where one is unknown."""
    known = Keywords.__dataclass_fields__
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InputError(f"unknown keyword {' '.join(unknown)}; keywords are {' '.join(known)}")
    return Keywords(**given)


def _floats(name: str, given: ArrayLike) -> Floats:
    try:
        return np.ascontiguousarray(given, dtype=np.float64)
    except (ValueError, TypeError):
        raise InputError(f"{name}: expected numbers, in frames of equally many atoms") from None


def _integers(given: ArrayLike) -> NDArray[np.int32]:
    types = np.asarray(given)
    if types.ndim not in (1, 2) or types.size and not np.issubdtype(types.dtype, np.integer):
        raise InputError(
            f"atom_types: expected whole numbers, [atoms] or [frames, atoms], got {types.dtype} of shape {types.shape}"
        )
    return np.ascontiguousarray(np.clip(types, -1, None), dtype=np.int32)
