# SPDX-License-Identifier: MIT
"""Whether structures hold enough of every pair of elements to choose reduced networks by."""

import numpy as np

from deepion.evaluation.frames import Frame
from deepion.evaluation.neighbors import pairs_within
from deepion.model.potential import Potential

FEWEST_PAIRS = 1000  # of an element with neighbors of another; below, directions that these need may be missed
MOST_FRAMES = 60  # looked at; numbers are scaled up


def thin_pairs(potential: Potential, frames: list[Frame]) -> list[str]:
    """A sentence for each pair of elements of which the structures hold few, or none."""
    looked = [frames[int(k)] for k in np.linspace(0, len(frames) - 1, min(MOST_FRAMES, len(frames))).round()]
    n = potential.ntypes
    counts = np.zeros((n, n))
    for frame in looked:
        center, other, _ = pairs_within(frame.coord, frame.cell, frame.periodic, potential.parts[0].rcut)
        np.add.at(counts, (frame.types[center], frame.types[other]), 1.0)
    counts *= len(frames) / max(1, len(looked))
    found = []
    for i in range(n):
        for j in range(i, n):
            apart = [i, j] in potential.pair_exclude_types or [i, j] in potential.parts[0].exclude_types
            if not apart and counts[i, j] < FEWEST_PAIRS:
                pair = f"{potential.type_map[i]}-{potential.type_map[j]}"
                found.append(
                    f"few {pair} pairs in the structures (about {counts[i, j]:.0f} within the cutoff, at least {FEWEST_PAIRS} are "
                    "wanted): reduced networks may err more where these elements meet: give data with them"
                )
    return found
