# SPDX-License-Identifier: MIT
"""Structures with energies, forces and virials to compare a model with: deepmd/npy systems and extxyz files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepion.errors import InputError

from .frames import Frame, read_frames
from .structure import from_atoms, model_types

ALL = 10**9  # frames


@dataclass(frozen=True)
class Labeled:
    """A frame and what is known of it: energy in eV, force [n, 3] in eV/A, virial [3, 3] = -stress x volume in eV; None: not."""

    system: str
    frame: Frame
    energy: float | None
    force: np.ndarray | None
    virial: np.ndarray | None


def read_labeled(paths: list[Path], type_map: list[str]) -> list[Labeled]:
    """All labeled frames of deepmd/npy systems (folders with type.raw, at any depth) and files that ASE reads."""
    frames: list[Labeled] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder")
        found = list(_of_file(path, type_map)) if path.is_file() else list(_of_folder(path, type_map))
        if not found:
            raise InputError(f"{path}: no labeled frames: expected set.*/energy.npy or force.npy beside coord.npy")
        frames += found
    return frames


def _of_folder(path: Path, type_map: list[str]) -> Iterator[Labeled]:
    systems = sorted({p.parent for p in path.rglob("type.raw")})
    if not systems:
        raise InputError(f"{path}: no DeePMD-kit system in it (a folder with type.raw and set.*)")
    for system in systems:
        frames, count = read_frames([system], type_map, ALL)
        n = len(frames[0].types)
        energy = _label(system, "energy", count, (count,))
        force = _label(system, "force", count, (count, n, 3))
        virial = _label(system, "virial", count, (count, 3, 3))
        if energy is None and force is None:
            continue
        for k, frame in enumerate(frames):
            pick = [None if label is None else label[k] for label in (energy, force, virial)]
            yield Labeled(system.name, frame, None if pick[0] is None else float(pick[0]), pick[1], pick[2])


def _label(system: Path, name: str, count: int, shape: tuple[int, ...]) -> np.ndarray | None:
    """A label of all sets of a system, in the order of the sets."""
    files = [folder / f"{name}.npy" for folder in sorted(system.glob("set.*"))]
    if not all(file.exists() for file in files):
        return None
    values = np.concatenate([np.load(file).reshape(-1) for file in files]).astype(np.float64)
    if values.size != int(np.prod(shape)):
        raise InputError(f"{system}: {name}.npy holds {values.size} numbers, but {count} frames need {np.prod(shape)}")
    return values.reshape(shape)


def _of_file(path: Path, type_map: list[str]) -> Iterator[Labeled]:
    import ase.io

    try:
        structures = ase.io.read(path, index=":")
    except Exception as error:  # ASE's readers raise whatever they meet
        raise InputError(f"{path}: ASE cannot read it: {error}") from None
    for atoms in structures:
        results = atoms.calc.results if atoms.calc else {}
        if "energy" not in results and "forces" not in results:
            continue
        structure = from_atoms(atoms)
        types = model_types(structure.symbols, type_map)
        fparam = _numbers(path, "fparam", atoms.info.get("fparam"), 1)
        aparam = _numbers(path, "aparam", atoms.arrays.get("aparam"), len(types))
        frame = Frame(
            types,
            structure.coord,
            structure.cell,
            structure.periodic,
            None if fparam is None else fparam[0],
            aparam,
        )
        virial = -atoms.get_stress(voigt=False) * atoms.get_volume() if "stress" in results else None
        yield Labeled(path.stem, frame, results.get("energy"), results.get("forces"), virial)


def _numbers(path: Path, name: str, value: Any, rows: int) -> np.ndarray | None:
    """Parameters of a frame (1 row) or of its atoms, [rows, any]; None where the file has none."""
    if value is None:
        return None
    try:
        return np.asarray(value, dtype=np.float64).reshape(rows, -1)
    except (ValueError, TypeError):
        raise InputError(f"{path}: {name}: expected numbers, got {str(value)[:60]}") from None
