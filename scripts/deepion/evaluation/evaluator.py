# SPDX-License-Identifier: MIT
"""Energy, forces and virial of a structure from an exported file, with stock ONNX Runtime."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from deepion.errors import InputError, ModelFileError
from deepion.model.contract import parts_of
from deepion.model.model_file import open_model_file

from .neighbors import Neighborhood, Slots, neighborhood

CHUNK = 128  # centers a call; bounds the memory


@dataclass(frozen=True)
class Result:
    """energy in eV; atom_energy [n] in eV; force [n, 3] in eV/A; virial [3, 3] and atom_virial [n, 3, 3] in eV.

    virial = sum of position (x) force = -stress * volume. overflow: see neighbors.Neighborhood.
    """

    energy: float
    atom_energy: np.ndarray
    force: np.ndarray
    virial: np.ndarray
    atom_virial: np.ndarray
    overflow: tuple[int, int, int, int] | None


class Evaluator:
    """An exported model, ready to evaluate structures in float64."""

    def __init__(self, path: Path, threads: int = 0):
        """threads: of ONNX Runtime; 0 leaves the choice to it."""
        if find_spec("onnxruntime") is None:
            raise ModelFileError("evaluating a model needs ONNX Runtime: pip install onnxruntime")
        self.file = open_model_file(path)
        self.contract = self.file.contract
        self._slots = [
            Slots(part["rcut"], tuple(part["sel"]), part.get("mixed_types", False)) for part in parts_of(self.contract)
        ]
        if "pair_table" in self.contract:
            table = self.contract["pair_table"]
            self._slots.append(Slots(table["rcut"], (table["sel"],), True))
        self._threads = threads
        self._session = self._open_session()

    def _open_session(self):
        """ONNX Runtime with the model."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(self.file.content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no common base
            version = onnxruntime.__version__
            raise ModelFileError(f"{self.file.path}: ONNX Runtime {version} cannot load it: {error}") from None

    def __deepcopy__(self, memo) -> "Evaluator":
        """Nothing in an evaluator changes: a copy may be the same."""
        return self

    def __getstate__(self) -> dict:
        """A pickle holds the model itself: the file may be gone or replaced where it is read."""
        return {name: value for name, value in self.__dict__.items() if name != "_session"}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._session = self._open_session()

    @property
    def type_map(self) -> list[str]:
        return self.contract["type_map"]

    def evaluate(self, coord, types, cell, periodic, fparam=None, aparam=None) -> Result:
        """coord [n, 3] and cell [3, 3] in Angstrom, types [n] as indices into type_map (-1: invisible)."""
        types = np.asarray(types, dtype=np.int64)
        if np.any(types >= len(self.type_map)):
            raise InputError(f"type {types.max()} does not exist; the model has {len(self.type_map)} types")
        parameters = self._parameters(len(types), fparam, aparam)
        near = neighborhood(coord, types, cell, periodic, self._slots)
        n = len(types)
        atom_energy, force, atom_virial = np.zeros(n), np.zeros((n, 3)), np.zeros((n, 3, 3))
        virial = np.zeros((3, 3))
        centers = np.flatnonzero(types >= 0)
        centers = centers[np.argsort(types[centers], kind="stable")]
        for begin in range(0, len(centers), CHUNK):
            chunk = centers[begin : begin + CHUNK]
            owner, out = self._run(chunk, near, types, parameters)
            atom_energy[chunk] = out["atom_energy"]
            np.add.at(force, owner, out["force"])
            np.add.at(atom_virial, owner, out["atom_virial"])
            virial += out["virial"]
        if not (np.isfinite(atom_energy).all() and np.isfinite(force).all()):
            raise InputError("the model gives energies or forces that are NaN or infinite for this structure")
        return Result(float(atom_energy.sum()), atom_energy, force, virial, atom_virial, near.overflow)

    def _run(self, chunk, near: Neighborhood, types, parameters):
        """The model on these centers alone: owners of the atoms it saw, and its outputs."""
        nlist = near.nlist[chunk]
        listed = np.unique(nlist[nlist >= 0])
        index = np.concatenate([chunk, np.setdiff1d(listed, chunk)])
        place = np.full(len(near.coord) + 1, -1, dtype=np.int64)  # the last entry serves -1
        place[index] = np.arange(len(index))
        owner = near.owner[index]
        feed = {"coord": near.coord[index], "atype": types[owner], "nlist": place[nlist]}
        if "fparam" in parameters:
            feed["fparam"] = parameters["fparam"]
        if "aparam" in parameters:
            feed["aparam"] = parameters["aparam"][chunk]
        names = [output.name for output in self._session.get_outputs()]
        return owner, dict(zip(names, self._session.run(names, feed), strict=True))

    def _parameters(self, n: int, fparam, aparam) -> dict[str, np.ndarray]:
        """Frame parameters [numb_fparam] and atomic parameters [n, numb_aparam] the model needs."""
        given = {}
        numb_fparam, numb_aparam = self.contract["numb_fparam"], self.contract["numb_aparam"]
        if fparam is None:
            fparam = self.contract["default_fparam"]
        for name, value, count in (("fparam", fparam, numb_fparam), ("aparam", aparam, numb_aparam)):
            if count == 0:
                if value is not None and np.size(value):
                    raise InputError(f"the model has no {name}, but {np.size(value)} values were given")
                continue
            if value is None:
                raise InputError(f"the model needs {name}: {count} values{'' if name == 'fparam' else ' per atom'}")
            given[name] = np.asarray(value, dtype=np.float64)
        if "fparam" in given and given["fparam"].shape != (numb_fparam,):
            raise InputError(f"fparam: expected {numb_fparam} values, got {given['fparam'].size}")
        if "aparam" in given:
            if given["aparam"].size == numb_aparam:
                given["aparam"] = np.tile(given["aparam"].reshape(1, -1), (n, 1))
            if given["aparam"].size != n * numb_aparam:
                raise InputError(
                    f"aparam: expected {numb_aparam} values or {numb_aparam} for each of {n} atoms, "
                    f"got {given['aparam'].size}"
                )
            given["aparam"] = given["aparam"].reshape(n, numb_aparam)
        return given
