# SPDX-License-Identifier: MIT
"""Structures to sample: training data in DeePMD-kit's formats, or structure files."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deepion.errors import InputError

from .structure import model_types, read_structures


@dataclass(frozen=True)
class Frame:
    """types [n]: indices into the model's type_map; coord [n, 3] and cell [3, 3] (rows: cell vectors) in Angstrom.

    fparam [any] and aparam [n, any]: frame and atomic parameters; None: not known.
    """

    types: np.ndarray
    coord: np.ndarray
    cell: np.ndarray
    periodic: tuple[bool, bool, bool]
    fparam: np.ndarray | None = None
    aparam: np.ndarray | None = None


RATTLE = 0.05  # A; standard deviation of every coordinate's displacement


def rattled(frames: list[Frame]) -> list[Frame]:
    """Every third frame with its atoms displaced at random: what hot or strained systems meet and data may lack.

    None of those that errors are measured on (build.HELD_OUT) is among them: errors are those of the data as given.
    """
    random = np.random.default_rng(19530606)
    return [
        frame if k % 3 else replace(frame, coord=frame.coord + RATTLE * random.standard_normal(frame.coord.shape))
        for k, frame in enumerate(frames)
    ]


def read_frames(paths: list[Path], type_map: list[str], most: int) -> tuple[list[Frame], int]:
    """Up to `most` frames, spread evenly over all that the paths hold, and how many those are.

    A path is a deepmd/npy or deepmd/npy/mixed system (a folder with type.raw), a folder that holds such systems at any
    depth, or a structure file (LAMMPS data, extxyz with any number of frames, ...).
    """
    sets = [part for path in paths for part in _sets(Path(path), type_map)]
    counts = [len(part) for part in sets]
    total = sum(counts)
    wanted = np.unique(np.linspace(0, total - 1, min(most, total)).round().astype(int))
    start = np.concatenate([[0], np.cumsum(counts)])
    frames = []
    for k in wanted:
        part = int(np.searchsorted(start, k, side="right")) - 1
        frames.append(sets[part][int(k - start[part])])
    return frames, total


class _Set:
    """One set.* folder of a deepmd/npy system."""

    def __init__(self, folder: Path, types: np.ndarray, type_map: list[str], names: list[str], periodic: bool):
        n = len(types)
        coord = _array(folder / "coord.npy")
        frames = len(coord)
        if coord.size != frames * n * 3:
            raise InputError(f"{folder}: {n} atoms in type.raw, but coord.npy has the shape {list(coord.shape)}")
        self._coord = coord.reshape(frames, n, 3)
        self._cell = _of_shape(folder / "box.npy", (frames, 3, 3)) if periodic else np.zeros((frames, 3, 3))
        mixed = folder / "real_atom_types.npy"
        self._types = _of_shape(mixed, (frames, n)).astype(np.int64) if mixed.exists() else np.tile(types, (frames, 1))
        wrong = self._types[(self._types < 0) | (self._types >= len(names))]
        if wrong.size:
            raise InputError(f"{folder}: type {wrong[0]} has no name in type_map.raw ({' '.join(names)})")
        self._model_type = model_types(names, type_map)
        self._periodic = (periodic,) * 3
        self._fparam = _parameters(folder / "fparam.npy", (frames,))
        self._aparam = _parameters(folder / "aparam.npy", (frames, n))

    def __len__(self) -> int:
        return len(self._coord)

    def __getitem__(self, k: int) -> Frame:
        return Frame(
            self._model_type[self._types[k]],
            self._coord[k].astype(np.float64),
            self._cell[k].astype(np.float64),
            self._periodic,
            None if self._fparam is None else self._fparam[k].astype(np.float64),
            None if self._aparam is None else self._aparam[k].astype(np.float64),
        )


def _sets(path: Path, type_map: list[str]) -> list[_Set | list[Frame]]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.is_file():
        return [[Frame(model_types(s.symbols, type_map), s.coord, s.cell, s.periodic) for s in read_structures(path)]]
    systems = sorted({p.parent for p in path.rglob("type.raw")})
    if not systems:
        raise InputError(f"{path}: no DeePMD-kit system in it (a folder with type.raw and set.*)")
    found: list[_Set | list[Frame]] = []
    for system in systems:
        try:
            types = np.loadtxt(system / "type.raw", dtype=np.int64, ndmin=1)
            named = system / "type_map.raw"
            names = named.read_text(encoding="utf-8").split() if named.exists() else list(type_map)
        except (OSError, ValueError) as error:
            raise InputError(f"{system}: type.raw or type_map.raw cannot be read: {error}") from None
        folders = sorted(system.glob("set.*"))
        if not folders:
            raise InputError(f"{system}: no set.* folder")
        found += [_Set(folder, types, type_map, names, not (system / "nopbc").exists()) for folder in folders]
    return found


def _array(path: Path) -> np.ndarray:
    try:
        array = np.load(path)
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if array.ndim == 0:
        raise InputError(f"{path}: expected one row per frame, got a single number")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path}: expected numbers, got values of type {array.dtype}")
    return array


def _parameters(path: Path, of: tuple[int, ...]) -> np.ndarray | None:
    """An array with as many values as there are for each of these; None where there is no such file."""
    if not path.exists():
        return None
    array = _array(path)
    count = int(np.prod(of))
    if array.size == 0 or array.size % count:
        raise InputError(
            f"{path}: expected values for each of {' x '.join(map(str, of))}, got the shape {list(array.shape)}"
        )
    return array.reshape(*of, -1)


def _of_shape(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    array = _array(path)
    if array.size != np.prod(shape):
        raise InputError(f"{path}: expected the shape {list(shape)}, got {list(array.shape)}")
    return array.reshape(shape)
