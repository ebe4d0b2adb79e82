# SPDX-License-Identifier: MIT
"""freud: Li-S neighbors within each cutoff in every frame."""

from pathlib import Path

import numpy as np

from . import settings as s
from .numpy_peer import distances, dumped_numbers, numbers_rows
from .trajectory import read_dump
from .verdicts import Row, note

NAME = "freud"
DISTRIBUTION = "freud-analysis"
# freud keeps positions as 32-bit floats: a distance is known to this, A.
SINGLE = 1e-5


def evaluate(folder: Path) -> dict[str, np.ndarray]:
    """n_c [frame, ion, cutoff], and which of them have a distance so close to the cutoff that single precision cannot tell."""
    import freud

    dump = read_dump(folder / "run.dump")
    box = freud.box.Box(*dump.box)
    x = dump.vectors("x", "y", "z")
    numbers, doubtful = [], []
    for k, frame in enumerate(x):
        ions, sulfur = frame[dump.types == s.ION], frame[dump.types == s.SULFUR]
        query = freud.locality.AABBQuery(box, box.wrap(sulfur))
        found = []
        for cutoff in s.CUTOFFS:
            pairs = query.query(box.wrap(ions), {"r_max": float(cutoff)}).toNeighborList()
            found.append(pairs.neighbor_counts)
        numbers.append(np.array(found).T)
        near = np.abs(distances(dump, k)[:, :, None] - s.CUTOFFS) < SINGLE
        doubtful.append(near.any(axis=1))
    return {"numbers": np.array(numbers), "doubtful": np.array(doubtful)}


def compare(folder: Path, theirs: dict[str, np.ndarray], tool: str) -> list[Row]:
    rows = numbers_rows(folder, theirs["numbers"], tool, theirs["doubtful"])
    doubtful = theirs["doubtful"]
    differ = int(np.sum(dumped_numbers(folder)[doubtful] != theirs["numbers"][doubtful]))
    what = f"n_c left out: a distance within {SINGLE:g} A of r_cut"
    return [*rows, note(what, tool, f"{doubtful.sum()} of {doubtful.size}", f"{differ} of them differ")]
