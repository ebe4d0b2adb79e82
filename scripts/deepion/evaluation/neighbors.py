# SPDX-License-Identifier: MIT
"""Periodic neighbor lists with numpy: any cell shape, cells smaller than the cutoff sphere, open directions.

Not ASE's: models are exported in the Python of a DeePMD-kit, too, which has no ASE. Tests compare with it.
"""

from dataclasses import dataclass

import numpy as np

from deepion.errors import InputError


@dataclass(frozen=True)
class Slots:
    """Room for a center's neighbors within rcut (A): sel[t] of each type t, or sel[0] of all types together (mixed)."""

    rcut: float
    sel: tuple[int, ...]
    mixed: bool = False


@dataclass(frozen=True)
class Neighborhood:
    """Local atoms with the images around them, and who is near whom.

    coord [nall, 3]: the nloc local atoms first (wrapped into the cell along periodic directions), then images, in
    Angstrom; owner [nall]: the local atom each one is an image of; nlist [nloc, sum(sel)]: indices into coord, a block
    of sel[t] slots per neighbor type, nearest first, -1 for an empty slot; overflow: (local atom, type, found, sel)
    of the center with the most neighbors beyond sel, or None (type -1: of all types together).
    """

    coord: np.ndarray
    owner: np.ndarray
    nlist: np.ndarray
    overflow: tuple[int, int, int, int] | None


def neighborhood(coord, types, cell, periodic, slots: list[Slots]) -> Neighborhood:
    """Neighbors of every atom, the slots of each descriptor behind those of the one before.

    coord [n, 3] in Angstrom, types [n] (negative: invisible), cell [3, 3] with the cell vectors as rows (unused
    directions may be zero), periodic: three bools.
    """
    rcut = max(one.rcut for one in slots)
    coord = np.array(coord, dtype=np.float64).reshape(-1, 3)
    types = np.asarray(types, dtype=np.int64)
    nloc = len(coord)
    if not np.isfinite(coord).all():
        raise InputError(f"atom {int(np.argwhere(~np.isfinite(coord))[0, 0]) + 1} has a position that is NaN or Inf")
    coord, all_coord, owner = _with_images(coord, np.asarray(cell, dtype=np.float64), periodic, rcut)
    center, other, distance = _pairs(all_coord, nloc, rcut)
    keep = (types[center] >= 0) & (types[owner[other]] >= 0)
    if (together := np.flatnonzero(keep & (distance == 0.0))).size:
        one, two = int(center[together[0]]) + 1, int(owner[other[together[0]]]) + 1
        raise InputError(f"atoms {one} and {two} are at the same place: their forces are not defined")
    center, other, distance = center[keep], other[keep], distance[keep]
    lists, overflow = [], None
    for room in slots:
        near = distance < room.rcut
        kind = np.zeros(near.sum(), dtype=np.int64) if room.mixed else types[owner[other[near]]]
        nlist, beyond = _slots(nloc, center[near], other[near], distance[near], kind, list(room.sel))
        lists.append(nlist)
        if beyond is not None and (overflow is None or beyond[2] - beyond[3] > overflow[2] - overflow[3]):
            overflow = (beyond[0], -1, *beyond[2:]) if room.mixed else beyond
    return Neighborhood(all_coord, owner, np.concatenate(lists, axis=1), overflow)


def pairs_within(coord, cell, periodic, rcut: float):
    """All pairs closer than rcut, by center: (center, neighbor, vector to it [n, 3] in Angstrom)."""
    coord = np.asarray(coord, dtype=np.float64).reshape(-1, 3)
    wrapped, everyone, owner = _with_images(coord, np.asarray(cell, dtype=np.float64), periodic, rcut)
    center, other, _ = _pairs(everyone, len(coord), rcut)
    order = np.argsort(center, kind="stable")
    center, other = center[order], other[order]
    return center, owner[other], everyone[other] - wrapped[center]


def complete_cell(cell: np.ndarray, periodic) -> np.ndarray:
    """The cell with unit vectors, perpendicular to the others, in place of missing open directions."""
    cell = np.array(cell, dtype=np.float64).reshape(3, 3)
    missing = [k for k in range(3) if not periodic[k] and not np.linalg.norm(cell[k]) > 0.0]
    for k in missing:
        given = [cell[m] for m in range(3) if m != k and np.linalg.norm(cell[m]) > 0.0]
        if len(given) == 2:
            normal = np.cross(*given)
        else:
            trial = np.eye(3)
            direction = given[0] if given else trial[(k + 1) % 3]
            normal = trial[np.argmin(np.abs(direction))]
            normal = normal - direction * (normal @ direction) / (direction @ direction)
        cell[k] = normal / np.linalg.norm(normal)
    return cell


def _with_images(coord, cell, periodic, rcut):
    """Wrapped local atoms, all atoms within rcut of the cell, and the owner of each."""
    nloc = len(coord)
    if not any(periodic) or nloc == 0:
        return coord, coord, np.arange(nloc)
    cell = complete_cell(cell, periodic)
    volume = abs(np.linalg.det(cell))
    if not volume > 1e-12:
        raise InputError("the cell has no volume")
    inverse = np.linalg.inv(cell)
    height = 1.0 / np.linalg.norm(inverse, axis=0)  # distance between opposite faces
    fraction = coord @ inverse
    wrap = np.where(periodic, np.floor(fraction), 0.0)
    coord = coord - wrap @ cell
    fraction = fraction - wrap
    reach = np.where(periodic, rcut / height, 0.0)
    count = np.ceil(reach).astype(int)
    parts, owners = [coord], [np.arange(nloc)]
    for shift in np.ndindex(*(2 * count + 1)):
        shift = np.array(shift) - count
        if not shift.any():
            continue
        moved = fraction + shift
        near = np.all((moved >= -reach) & (moved <= 1.0 + reach) | ~np.asarray(periodic, dtype=bool), axis=1)
        parts.append(coord[near] + shift @ cell)
        owners.append(np.flatnonzero(near))
    return coord, np.concatenate(parts), np.concatenate(owners)


def _pairs(all_coord, nloc, rcut):
    """All (center, other, distance) with distance < rcut; centers are the first nloc atoms."""
    empty = np.zeros(0, dtype=np.int64)
    if nloc == 0 or len(all_coord) < 2:
        return empty, empty, np.zeros(0)
    bins = np.floor((all_coord - all_coord.min(axis=0)) / rcut).astype(np.int64) + 1
    extent = bins.max(axis=0) + 2
    if np.prod(extent.astype(float)) > 2.0**62:
        raise InputError("the atoms are too far apart for a neighbor list")
    key = (bins[:, 0] * extent[1] + bins[:, 1]) * extent[2] + bins[:, 2]
    order = np.argsort(key, kind="stable")
    sorted_key = key[order]
    found = []
    for batch in np.array_split(np.arange(nloc), max(1, nloc // 2000)):
        for offset in np.ndindex(3, 3, 3):
            dx, dy, dz = (int(o) - 1 for o in offset)
            wanted = key[batch] + (dx * extent[1] + dy) * extent[2] + dz
            begin, end = np.searchsorted(sorted_key, wanted, "left"), np.searchsorted(sorted_key, wanted, "right")
            length = end - begin
            center = np.repeat(batch, length)
            within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
            other = order[np.repeat(begin, length) + within]
            distance = np.linalg.norm(all_coord[other] - all_coord[center], axis=1)
            near = (distance < rcut) & (center != other)
            found.append((center[near], other[near], distance[near]))
    return tuple(np.concatenate(columns) for columns in zip(*found, strict=True))


def _slots(nloc, center, other, distance, other_type, sel):
    """Sort each center's neighbors by type and distance into its slots; keep the nearest sel of each type."""
    nlist = np.full((nloc, sum(sel)), -1, dtype=np.int64)
    order = np.lexsort((other, distance, other_type, center))
    center, other, other_type = center[order], other[order], other_type[order]
    group = center * len(sel) + other_type
    start = np.searchsorted(group, group, "left")
    rank = np.arange(len(group)) - start
    room = np.asarray(sel)[other_type] if len(group) else np.zeros(0, dtype=np.int64)
    overflow = None
    if np.any(rank >= room):
        worst = int(np.argmax(rank - room))
        kind = int(other_type[worst])
        overflow = (int(center[worst]), kind, int(rank[worst]) + 1, int(sel[kind]))
    fits = rank < room
    first = np.concatenate([[0], np.cumsum(sel)])[other_type] if len(group) else room
    nlist[center[fits], (first + rank)[fits]] = other[fits]
    return nlist, overflow
