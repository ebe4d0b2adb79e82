# SPDX-License-Identifier: MIT
"""Dumps of LAMMPS as arrays, with every digit that is in them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import ComparisonError


@dataclass(frozen=True)
class Trajectory:
    """Frames of the same atoms in the order of their IDs.

    steps [frame]; box: lengths of the edges of an orthogonal box, A, the same in all frames; columns: [frame, atom] by name.
    """

    steps: np.ndarray
    box: np.ndarray
    columns: dict[str, np.ndarray]

    @property
    def types(self) -> np.ndarray:
        return self.columns["type"][0].astype(int)

    def vectors(self, *names: str) -> np.ndarray:
        """[frame, atom, 3] of three columns such as xu yu zu (A) or vx vy vz (A/ps)."""
        return np.stack([self.columns[name] for name in names], axis=-1)

    @property
    def unwrapped(self) -> np.ndarray:
        return self.vectors("xu", "yu", "zu")


def read_dump(path: Path) -> Trajectory:
    """Read a text dump of style custom, sorted by ID."""
    steps, frames, boxes, names = [], [], [], None
    try:
        with open(path) as stream:
            while stream.readline():
                steps.append(int(stream.readline()))
                stream.readline()
                atoms = int(stream.readline())
                shape = stream.readline().split()[3:]
                if len(shape) != 3:
                    raise ComparisonError(f"{path}: the box is not orthogonal: {' '.join(shape)}")
                boxes.append([float(word) for _ in range(3) for word in stream.readline().split()])
                found = stream.readline().split()[2:]
                rows = np.array([stream.readline().split() for _ in range(atoms)], float)
                if names not in (None, found) or rows.shape != (atoms, len(found)):
                    raise ComparisonError(f"{path}: step {steps[-1]} has other columns, or is cut off")
                names = found
                frames.append(rows)
    except (ValueError, IndexError):
        raise ComparisonError(
            f"{path} is no text dump of style custom, or is damaged after step {steps[-1:]}"
        ) from None
    if names is None or any(len(frame) != len(frames[0]) for frame in frames):
        raise ComparisonError(f"{path} has no frames, or frames of different numbers of atoms")
    data, bounds = np.array(frames), np.array(boxes)
    columns = {name: data[:, :, k] for k, name in enumerate(names)}
    if np.any(columns["id"] != columns["id"][0]) or np.any(np.diff(columns["id"][0]) <= 0):
        raise ComparisonError(f"{path} is not sorted by ID: dump_modify with sort id is needed")
    if np.any(bounds != bounds[0]):
        raise ComparisonError(f"{path}: the box changes, and only runs in one box are compared")
    return Trajectory(np.array(steps), bounds[0, 1::2] - bounds[0, ::2], columns)


def write_dump(path: Path, steps: np.ndarray, box: float, types: np.ndarray, positions: np.ndarray) -> None:
    """Write unwrapped positions [frame, atom, 3], A, in a cubic box as LAMMPS would: id type xu yu zu."""
    head = f"ITEM: NUMBER OF ATOMS\n{len(types)}\nITEM: BOX BOUNDS pp pp pp\n" + f"0 {box:.17g}\n" * 3
    head += "ITEM: ATOMS id type xu yu zu\n"
    with open(path, "w") as stream:
        for step, frame in zip(steps, positions, strict=True):
            rows = zip(range(1, len(types) + 1), types, frame.tolist(), strict=True)
            lines = [f"{i} {kind} {x:.17g} {y:.17g} {z:.17g}\n" for i, kind, (x, y, z) in rows]
            stream.write(f"ITEM: TIMESTEP\n{step}\n{head}{''.join(lines)}")
