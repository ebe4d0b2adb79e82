# SPDX-License-Identifier: MIT
"""Structures beside those that a user gives: dense, hot and random ones, made from them.

Runs meet such structures at their beginning, in a collision or under pressure, while data of a finished potential may lack
them. A few of them in the sample keep the directions that they need.
"""

from dataclasses import replace

import numpy as np

from deepion.evaluation.frames import Frame
from deepion.evaluation.neighbors import pairs_within

EVERY = 4  # one rough structure for so many given ones
MOST = 90
DENSER = (0.88, 0.96)  # edges of dense structures, in those given
DENSE_RATTLE, HOT_RATTLE = 0.05, (0.1, 0.3)  # A; standard deviation of every coordinate's displacement
CLOSEST = 0.7  # distance of atoms put at random, in (volume per atom)^(1/3)
PUSHES = 30
LONGEST = 0.3  # A; longest move of a push


def rough(frames: list[Frame]) -> list[Frame]:
    """Dense, hot and random structures in turn, with the compositions and cells of some of the given ones; the same every time."""
    random = np.random.default_rng(19531016)
    count = min(MOST, -(-len(frames) // EVERY))
    kinds = (_dense, _hot, _random)
    return [
        kinds[k % len(kinds)](frames[int(place)], random)
        for k, place in enumerate(np.linspace(0, len(frames) - 1, count).round())
    ]


def _dense(frame: Frame, random: np.random.Generator) -> Frame:
    scale = random.uniform(*DENSER)
    moved = scale * frame.coord + DENSE_RATTLE * random.standard_normal(frame.coord.shape)
    return replace(frame, coord=moved, cell=scale * frame.cell)


def _hot(frame: Frame, random: np.random.Generator) -> Frame:
    return replace(frame, coord=frame.coord + random.uniform(*HOT_RATTLE) * random.standard_normal(frame.coord.shape))


def _random(frame: Frame, random: np.random.Generator) -> Frame:
    """Atoms anywhere, pushed apart until few are closer than CLOSEST; hot where the cell is open."""
    if not all(frame.periodic):
        return _hot(frame, random)
    closest = CLOSEST * (abs(np.linalg.det(frame.cell)) / len(frame.types)) ** (1.0 / 3.0)
    coord = random.uniform(0.0, 1.0, frame.coord.shape) @ frame.cell
    for _ in range(PUSHES):
        center, _, vector = pairs_within(coord, frame.cell, frame.periodic, closest)
        r = np.maximum(np.linalg.norm(vector, axis=1), 1e-3)
        push = np.zeros_like(coord)
        np.add.at(push, center, -0.5 * ((closest - r) / r)[:, None] * vector)
        length = np.linalg.norm(push, axis=1, keepdims=True)
        coord = coord + push * np.minimum(1.0, LONGEST / np.maximum(length, 1e-12))
    return replace(frame, coord=coord)
