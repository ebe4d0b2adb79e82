# SPDX-License-Identifier: MIT
"""Serialized models with settings of wrong kinds, values and places, as damaged files give them: refused, or a potential."""

import copy
import warnings

import numpy as np
import pytest

from deepion.errors import ExportError
from deepion.export.kinds import check_kinds
from deepion.export.serialized import potential_from_serialized
from deepion.model.model_file import build_model
from descriptor_cases import CASES

SOURCE = {"file": "random.dp", "sha256": "0" * 64, "software": "deepmd-kit 3.2.0"}
NAMES = [
    "concat",
    "v2_shifted",
    "hybrid",
    "hybrid_mixed",
    "compressed",
    "compressed_v2",
    "se_e2_r",
    "zbl",
    "linear",
    "case",
]
VALUES = [
    None, True, 0, -1, 1, 2, 5, 1e30, float("nan"), "", "text", "tanh", "strip", "concat", [], {}, [1], [[0, 5]], [[0]], [None],
    {"a": 1}, 10**9, [10**9], np.zeros(3), np.zeros((2, 2)), np.array(1.0), np.array(["a"]),
]  # fmt: skip
MUTATIONS = 60  # of each model


def places(node, path=()):
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def damaged(data: dict, where: list, random: np.random.Generator) -> dict:
    data = copy.deepcopy(data)
    for _ in range(random.integers(1, 3)):
        *parents, last = where[random.integers(len(where))]
        node = data
        try:
            for key in parents:
                node = node[key]
            if random.random() < 0.15:
                del node[last]
            else:
                node[last] = copy.deepcopy(VALUES[random.integers(len(VALUES))])
        except (KeyError, TypeError, IndexError, ValueError):
            pass  # the first change took this place away
    return data


@pytest.mark.parametrize("name", NAMES)
def test_every_damage_is_refused_or_harmless(name):
    random = np.random.default_rng(NAMES.index(name))
    data = CASES[name].build()
    where = list(places(data))
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # values such as 1e30 overflow
        for _ in range(MUTATIONS):
            try:
                build_model(potential_from_serialized(damaged(data, where, random), SOURCE))
            except ExportError as error:
                refused += 1
                assert str(error)
    assert refused > MUTATIONS // 4


def test_the_place_is_named():
    data = CASES["hybrid"].build()["model"]
    data["descriptor"]["list"][1]["rcut"] = "6"
    with pytest.raises(ExportError) as caught:
        check_kinds(data)
    assert str(caught.value) == "model.descriptor.list[1]: rcut: expected a number, got '6'"
    deep: dict = {}
    for _ in range(40):
        deep = {"a": deep}
    with pytest.raises(ExportError, match="nested too deeply"):
        check_kinds(deep)
