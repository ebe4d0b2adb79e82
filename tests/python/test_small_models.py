# SPDX-License-Identifier: MIT
"""Small models of every kind the exporter supports against DeePMD-kit's values (scripts/make_reference_models.py)."""

import numpy as np
import pytest

from conftest import DATA, INDEX
from helpers import assert_matches, small_case


@pytest.mark.parametrize("name", list(INDEX))
def test_values_of_deepmd_kit(exported, name):
    evaluator = exported.small(name)
    reference = np.load(DATA / INDEX[name]["reference"])
    assert np.abs(reference["force"]).max() > 1e-3, "a reference without a signal proves nothing"
    assert_matches(small_case(name, evaluator.type_map).run(evaluator), reference)


def test_every_kind_is_there():
    expected = {"two_sided", "four_types_one_sided", "odd_widths", "resnet_dt", "no_resnet_dt", "exclude_types",
                "pair_exclude_types", "atom_exclude_types", "atom_ener", "set_davg_zero", "float32", "out_std", "fparam",
                "aparam", "sel_overflow", "small_box", "null_atoms", "yaml", "tf_exclude_types", "tf_trained"}  # fmt: skip
    activations = ["relu", "relu6", "gelu", "gelu_tf", "softplus", "sigmoid", "silu", "silut", "linear", "none"]
    assert expected | {f"activation_{name}" for name in activations} <= set(INDEX)


@pytest.mark.parametrize(
    ("one", "other"), [("relu", "relu6"), ("silu", "silut"), ("silut", "silut_1p5"), ("silu", "custom_silu_0p5")]
)
def test_activations_differ_where_they_are_used(one, other):
    """Networks have the same weights, so that references differ only by the activation, if atoms reach its threshold."""
    one, other = (np.load(DATA / INDEX[f"activation_{name}"]["reference"])["force"] for name in (one, other))
    assert np.abs(one - other).max() > 1e-2


def test_overflow_of_sel_is_reported(exported):
    evaluator = exported.small("sel_overflow")
    result = small_case("sel_overflow", evaluator.type_map).run(evaluator)
    _, kind, found, sel = result.overflow
    assert (kind, sel) == (0, 14) and found > 14
    evaluator = exported.small("two_sided")
    assert small_case("two_sided", evaluator.type_map).run(evaluator).overflow is None


def test_contract_carries_what_the_model_knows(exported):
    contract = exported.small("min_nbor_dist").contract
    assert contract["min_nbor_dist"] == 0.93
    assert exported.small("two_sided").contract["min_nbor_dist"] is None
    assert exported.small("float32").contract["precision"] == "float32"
    assert exported.small("default_fparam").contract["default_fparam"] == [0.1, 0.9]
    assert exported.small("tf_trained").contract["source"]["software"] == "deepmd-kit 3.2.0"
    assert exported.small("tf_exclude_types").contract["embedding"][0][1] is None
    assert exported.small("tf_exclude_types").contract["exclude_types"] == []
    assert exported.small("exclude_types").contract["exclude_types"] == [[0, 1], [2, 2]]
    assert exported.small("atom_exclude_types").contract["energy_shift"][1] == 0.0


def test_null_atoms_feel_and_do_nothing(exported):
    evaluator = exported.small("null_atoms")
    case = small_case("null_atoms", evaluator.type_map)
    result = case.run(evaluator)
    invisible = case.types < 0
    assert invisible.sum() == 7
    assert not result.force[invisible].any() and not result.atom_energy[invisible].any()
    moved = case.coord + invisible[:, None] * 0.3
    assert case.run(evaluator, coord=moved).energy == pytest.approx(result.energy, rel=1e-12)
