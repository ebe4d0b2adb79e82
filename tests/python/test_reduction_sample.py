# SPDX-License-Identifier: MIT
"""What reduced networks are chosen by: dense, hot and random structures beside those given, and warnings where pairs are rare."""

import numpy as np
import pytest

from conftest import ROOT
from deepion.evaluation.frames import Frame, read_frames
from deepion.evaluation.neighbors import pairs_within
from deepion.export.exporter import load_potential
from deepion.reduction import rough as rough_structures
from deepion.reduction.build import reduce_potential
from deepion.reduction.coverage import thin_pairs
from deepion.reduction.rough import rough

MODELS = ROOT / "lammps-examples" / "models"


@pytest.fixture(scope="module")
def potential():
    return load_potential(MODELS / "lipsti-a.dp")


@pytest.fixture(scope="module")
def frames(potential) -> list[Frame]:
    return read_frames([MODELS / "lipsti-a-data"], potential.type_map, 24)[0]


def nearest(frame: Frame) -> np.ndarray:
    """Distance of each atom's nearest neighbor, A."""
    center, _, vector = pairs_within(frame.coord, frame.cell, frame.periodic, 4.0)
    found = np.full(len(frame.types), 4.0)
    np.minimum.at(found, center, np.linalg.norm(vector, axis=1))
    return found


def test_dense_hot_and_random_structures(frames, monkeypatch):
    """By turns, made from the given ones: the same every time, denser, shaken, and packed without two atoms in one place."""
    given = frames[:1] * 12
    dense, hot, random = rough(given)
    again = rough(given)
    for one, other in zip((dense, hot, random), again, strict=True):
        np.testing.assert_array_equal(one.coord, other.coord)
        assert np.array_equal(one.types, given[0].types) and one.coord.shape == given[0].coord.shape
    ratio = np.linalg.det(dense.cell) / np.linalg.det(given[0].cell)
    low, high = rough_structures.DENSER
    assert low**3 <= ratio <= high**3
    moved = np.sqrt(np.mean((hot.coord - given[0].coord) ** 2))
    assert 0.9 * rough_structures.HOT_RATTLE[0] < moved < 1.1 * rough_structures.HOT_RATTLE[1]
    closest = rough_structures.CLOSEST * (np.linalg.det(random.cell) / len(random.types)) ** (1 / 3)
    assert np.quantile(nearest(random), 0.05) > 0.9 * closest > 1.7
    monkeypatch.setattr(rough_structures, "MOST", 2)
    assert len(rough(given)) == 2
    open_frame = Frame(given[0].types, given[0].coord, np.zeros((3, 3)), (False,) * 3)
    assert all(np.isfinite(one.coord).all() for one in rough([open_frame] * 12))


def test_rare_pairs_are_named(potential, frames):
    assert thin_pairs(potential, frames * 40) == []
    types = frames[0].types
    no_titanium = [Frame(np.where(f.types == 3, 2, f.types), f.coord, f.cell, f.periodic) for f in frames * 40]
    found = thin_pairs(potential, no_titanium)
    assert [text.split(" pairs")[0] for text in found] == ["few Li-Ti", "few P-Ti", "few S-Ti", "few Ti-Ti"]
    assert "(about 0 within the cutoff, at least 1000 are wanted)" in found[0] and len(types) == len(frames[0].types)


def test_rough_structures_choose_but_do_not_measure(potential, frames, monkeypatch):
    """More atoms choose the networks, those that measure them stay the same."""
    from deepion.reduction import build

    monkeypatch.setattr(build, "FORCE_ERRORS", (1e-2,))
    monkeypatch.setattr(build, "FEWEST_CENTERS", 10)
    monkeypatch.setattr(build, "CENTERS", 300)
    monkeypatch.setattr(build, "CENTERS_HELD_OUT", 60)
    monkeypatch.setattr(build, "ROUGH_SHARE", 0.5)
    plain = reduce_potential(potential, frames, "these")
    more = reduce_potential(potential, frames, "these", rough=rough(frames[:8]))
    number = [int(r.sample.split()[0]) for r in (plain, more)]
    assert number[1] > 1.1 * number[0] and plain.warnings == more.warnings
    assert plain.levels[0].force_error != more.levels[0].force_error
