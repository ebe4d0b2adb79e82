# SPDX-License-Identifier: MIT
"""Reads a cube file (Gaussian's format of numbers on a grid), as fix ion/density writes it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepion.errors import InputError

BOHR = 0.529177210903  # A, CODATA 2018


@dataclass(frozen=True)
class Cube:
    """Numbers on a grid."""

    path: Path
    comment: str  # second line
    cell: np.ndarray  # edges, 3 x 3, A
    values: np.ndarray  # [a, b, c], as in the file


def read_cube(path: Path) -> Cube:
    """Read a cube file; an error names what is wrong with it."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is no text file'}") from None
    try:
        atoms = int(lines[2].split()[0])
        head = [line.split() for line in lines[3:6]]
        shape = tuple(int(words[0]) for words in head)
        steps = np.array([words[1:4] for words in head], float)
        values = np.array(" ".join(lines[6 + atoms :]).split(), float)
        if min(shape) < 1 or values.size != np.prod(shape):
            raise ValueError
    except (ValueError, IndexError):
        raise InputError(
            f"{path} is no whole cube file: expected what fix ion/density writes with keyword cube"
        ) from None
    return Cube(path, lines[1], steps * np.array(shape)[:, None] * BOHR, values.reshape(shape))
