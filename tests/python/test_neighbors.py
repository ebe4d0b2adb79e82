# SPDX-License-Identifier: MIT
"""The neighbor list against brute force."""

import numpy as np
import pytest

from deepion.errors import InputError
from deepion.evaluation.neighbors import Slots, neighborhood, pairs_within

CELLS = {
    "box": np.diag([9.0, 10.0, 11.0]),
    "small": np.array([[4.0, 0, 0], [1.5, 3.5, 0], [-1.0, 0.8, 5.0]]),
    "skewed": np.array([[8.0, 0, 0], [7.5, 6.0, 0], [-6.0, 5.0, 7.0]]),
    "rotated": np.array([[6.0, 1.0, -2.0], [0.5, 7.0, 1.5], [2.0, -1.0, 8.0]]),
}


def brute_force(coord, cell, periodic, rcut):
    """Sorted distances below rcut of every atom."""
    reach = [range(-9, 10) if p else range(1) for p in periodic]
    shifts = np.array([[i, j, k] for i in reach[0] for j in reach[1] for k in reach[2]]) @ cell
    distances = []
    for center in coord:
        d = np.linalg.norm(coord[None] + shifts[:, None] - center, axis=2).ravel()
        distances.append(np.sort(d[(d > 1e-9) & (d < rcut)]))
    return distances


@pytest.mark.parametrize("name", list(CELLS))
@pytest.mark.parametrize("periodic", [(True, True, True), (True, False, True), (False, False, False)])
def test_all_neighbors_are_found_once(name, periodic):
    rng = np.random.default_rng(3)
    coord = (rng.random((14, 3)) * 3.0 - 1.0) @ CELLS[name]
    types = rng.integers(0, 2, 14)
    near = neighborhood(coord, types, CELLS[name], periodic, [Slots(6.0, (400, 400))])
    for center, expected in enumerate(brute_force(coord, CELLS[name], periodic, 6.0)):
        slots = near.nlist[center]
        found = np.linalg.norm(near.coord[slots[slots >= 0]] - near.coord[center], axis=1)
        assert len(found) == len(expected)
        np.testing.assert_allclose(np.sort(found), expected, atol=1e-9)
        for kind in (0, 1):
            block = slots[400 * kind : 400 * (kind + 1)]
            assert np.all(types[near.owner[block[block >= 0]]] == kind)


def test_nearest_are_kept():
    coord = np.array([[0.0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3], [-1.5, 0, 0]])
    near = neighborhood(coord, [0, 1, 1, 1, 0], np.zeros((3, 3)), (False,) * 3, [Slots(5.0, (3, 2))])
    assert near.nlist[0].tolist() == [4, -1, -1, 1, 2]
    assert near.overflow[1:] == (1, 3, 2)


def test_invisible_atoms_are_nobody():
    coord = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    near = neighborhood(coord, [0, -1, 0], np.zeros((3, 3)), (False,) * 3, [Slots(5.0, (2,))])
    assert near.nlist.tolist() == [[2, -1], [-1, -1], [0, -1]]


def test_bad_input():
    with pytest.raises(InputError, match="atom 2 has a position that is NaN or Inf"):
        neighborhood([[0.0, 0, 0], [np.nan, 0, 0]], [0, 0], np.eye(3), (True,) * 3, [Slots(1.0, (4,))])
    with pytest.raises(InputError, match="the cell has no volume"):
        neighborhood([[0.0, 0, 0]], [0], np.ones((3, 3)), (True,) * 3, [Slots(1.0, (4,))])


def test_atoms_at_one_place_are_refused():
    cell, periodic = 10.0 * np.eye(3), (True, True, True)
    coord = [[1.0, 1.0, 1.0], [5.0, 5.0, 5.0], [11.0, 1.0, 1.0]]  # the last one is an image of the first
    with pytest.raises(InputError, match="atoms 1 and 3 are at the same place"):
        neighborhood(coord, [0, 0, 0], cell, periodic, [Slots(4.0, (10,))])
    neighborhood(coord, [0, 0, -1], cell, periodic, [Slots(4.0, (10,))])  # one that the model does not see


@pytest.mark.parametrize("name", list(CELLS))
@pytest.mark.parametrize("periodic", [(True, True, True), (True, False, True), (False, False, False)])
def test_pairs_are_those_of_ase(name, periodic):
    from ase.neighborlist import primitive_neighbor_list

    coord = np.random.default_rng(5).uniform(0, 1, (12, 3)) @ CELLS[name]
    center, other, vector = pairs_within(coord, CELLS[name], periodic, 4.5)
    ase_center, ase_other, ase_vector = primitive_neighbor_list("ijD", periodic, CELLS[name], coord, 4.5)
    assert len(center) == len(ase_center) > 0

    def ordered(i, j, d):
        return sorted(zip(i.tolist(), j.tolist(), np.round(d, 9).tolist(), strict=True))

    found, expected = ordered(center, other, vector + 0.0), ordered(ase_center, ase_other, ase_vector + 0.0)
    assert [one[:2] for one in found] == [one[:2] for one in expected]
    np.testing.assert_allclose([one[2] for one in found], [one[2] for one in expected], atol=1e-8)


def test_slots_of_several_descriptors():
    """Per type and of all types together, each within its own cutoff; the worst overflow of all is told."""
    coord = np.array([[0.0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3], [-1.5, 0, 0]])
    slots = [Slots(5.0, (3, 2)), Slots(2.5, (2,), True), Slots(1.2, (1, 1))]
    near = neighborhood(coord, [0, 1, 1, 1, 0], np.zeros((3, 3)), (False,) * 3, slots)
    assert near.nlist.shape == (5, 5 + 2 + 2)
    assert near.nlist[0].tolist() == [4, -1, -1, 1, 2, 1, 4, -1, 1]
    assert near.overflow == (0, 1, 3, 2), (
        "three of type 1 for two slots; as many too many as with all together, found first"
    )
    near = neighborhood(coord, [0, 1, 1, 1, 0], np.zeros((3, 3)), (False,) * 3, [Slots(3.5, (2,), True)])
    assert near.overflow == (0, -1, 4, 2) and near.nlist[0].tolist() == [1, 4]
