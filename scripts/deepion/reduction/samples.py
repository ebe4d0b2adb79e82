# SPDX-License-Identifier: MIT
"""What atoms of one type see in sampled structures: T without its constant, and how it changes when atoms move."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from deepion.evaluation.frames import Frame
from deepion.evaluation.neighbors import pairs_within
from deepion.model.potential import Potential

from .parameters import scaled_parameters
from .radial import RadialRows

DIRECTIONS = 2  # random displacements of all atoms, per structure


@dataclass
class Sample:
    """t [n, 4, M]; dt [DIRECTIONS, n, 4, M]: derivative of t along normally distributed displacements of all atoms (1/A); float32.

    param [n, np]: frame and atomic parameters of the atoms as the fitting nets take them, scaled; np may be 0.
    """

    t: np.ndarray
    dt: np.ndarray
    param: np.ndarray


def rows_of_pairs(potential: Potential, nearest: float) -> dict[tuple[int, int], RadialRows]:
    """The rows of every pair of types that have an embedding net and count as neighbors."""
    rows = {}
    part = potential.parts[0]
    for i in range(potential.ntypes):
        for j in range(potential.ntypes):
            apart = [min(i, j), max(i, j)] in potential.pair_exclude_types
            if not apart and part.embedding_for(i, j) is not None:
                rows[i, j] = RadialRows(part, i, j, nearest)
    return rows


def sample(
    potential: Potential, rows: dict[tuple[int, int], RadialRows], frames: Iterable[Frame], per_type: int, seed: int
) -> list[Sample]:
    """About `per_type` atoms of each type, spread evenly over the frames and chosen at random within each."""
    frames = list(frames)
    random = np.random.default_rng(seed)
    frames_with = [max(1, sum(bool((frame.types == i).any()) for frame in frames)) for i in range(potential.ntypes)]
    found: list[list[Sample]] = [[] for _ in range(potential.ntypes)]
    for frame in frames:
        center, other, vector = pairs_within(frame.coord, frame.cell, frame.periodic, potential.parts[0].rcut)
        moves = random.standard_normal((DIRECTIONS, len(frame.types), 3))
        for i in range(potential.ntypes):
            atoms = np.flatnonzero(frame.types == i)
            wanted = min(len(atoms), -(-per_type // frames_with[i]))
            if wanted:
                chosen = np.sort(random.permutation(atoms)[:wanted])
                near = np.isin(center, chosen)
                pairs = (np.searchsorted(chosen, center[near]), other[near], vector[near])
                change = moves[:, other[near]] - moves[:, center[near]]
                t, dt = _sums(potential, rows, i, wanted, frame.types, pairs, change)
                found[i].append(
                    Sample(t.astype(np.float32), dt.astype(np.float32), scaled_parameters(potential, frame, chosen))
                )
    width, parameters = potential.parts[0].width, potential.numb_fparam + potential.numb_aparam
    empty = Sample(np.zeros((0, 4, width)), np.zeros((DIRECTIONS, 0, 4, width)), np.zeros((0, parameters)))
    return [joined(parts) if parts else empty for parts in found]


def joined(parts: list[Sample]) -> Sample:
    """The atoms of several samples of one type."""
    return Sample(
        np.concatenate([s.t for s in parts]),
        np.concatenate([s.dt for s in parts], axis=1),
        np.concatenate([s.param for s in parts]),
    )


def _sums(potential: Potential, rows, i: int, n: int, types, pairs, change) -> tuple[np.ndarray, np.ndarray]:
    """t and dt of n centers of type i; pairs: (center among the n, neighbor, vector to it); change: of the vectors."""
    center, other, vector = pairs
    width = potential.parts[0].width
    t, dt = np.zeros((n, 4, width)), np.zeros((DIRECTIONS, n, 4, width))
    for j in range(potential.ntypes):
        of_type = types[other] == j
        if (i, j) not in rows or not of_type.any():
            continue
        table, index, v = rows[i, j], center[of_type], vector[of_type]
        if [min(i, j), max(i, j)] in potential.parts[0].exclude_types:
            t[:, 0] -= np.bincount(index, minlength=n)[:, None] * table.padding
            continue
        r = np.linalg.norm(v, axis=1)
        u = v / r[:, None]
        place = table.place(r)
        f0, f1, df0, df1 = table.f0[place], table.f1[place], table.df0[place], table.df1[place]
        t += _by_center(index, n, f0, f1, u)
        for d, moved in enumerate(change[:, of_type]):
            dr = np.einsum("nx,nx->n", moved, u)
            turn = (moved - dr[:, None] * u) / r[:, None]
            dt[d] += _by_center(index, n, df0 * dr[:, None], df1 * dr[:, None], u)
            dt[d] += _by_center(index, n, None, f1, turn)
    return t / potential.parts[0].slots, dt / potential.parts[0].slots


def _by_center(index, n, radial, angular, direction):
    """Sums over each center's pairs of (radial; angular times direction), [n, 4, M]."""
    out = np.zeros((n, 4, angular.shape[1]))
    start = np.flatnonzero(np.r_[True, index[1:] != index[:-1]])
    if radial is not None:
        out[index[start], 0] = np.add.reduceat(radial, start, axis=0)
    for x in range(3):
        out[index[start], x + 1] = np.add.reduceat(angular * direction[:, x : x + 1], start, axis=0)
    return out
