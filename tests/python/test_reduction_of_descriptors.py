# SPDX-License-Identifier: MIT
"""Reduced networks of descriptors beyond one se_e2_a: what they are made from gives the energies of the file."""

import dataclasses

import numpy as np
import pytest

from deepion.evaluation.evaluator import Evaluator
from deepion.evaluation.frames import Frame
from deepion.export.serialized import potential_from_serialized
from deepion.model.model_file import open_model_file, write_model_file
from deepion.model.networks import network_value
from deepion.reduction import build, radial
from deepion.reduction.build import reduce_potential, why_not
from deepion.reduction.columns import features
from deepion.reduction.fitting_net import FirstLayer, run
from deepion.reduction.samples import rows_of_pairs, sample
from descriptor_cases import CASES, STRUCTURES
from random_models import dpa1, model

SOURCE = {"file": "random.dp", "sha256": "0" * 64, "software": "deepmd-kit 3.2.0"}
FOLDED = ["concat", "concat_one_side", "concat_skip_double", "concat_softplus_exclude", "strip", "strip_smooth", "v2_shifted",
          "strip_one_side_no_output", "v2_shifted_one_side_exclude", "compressed", "compressed_v2", "concat_excluded"]  # fmt: skip


def potential_of(name: str):
    return potential_from_serialized(CASES[name].build(), SOURCE)


def frame_of(name: str, seed: int = 0, by: float = 0.0) -> Frame:
    coord, types, cell, periodic = STRUCTURES[CASES[name].structure]()
    noise = np.random.default_rng(seed).normal(size=coord.shape) * by
    return Frame(types, coord + noise, cell, (periodic,) * 3)


@pytest.mark.parametrize("name", FOLDED)
def test_sampled_sums_give_the_energies_of_the_file(name, tmp_path, monkeypatch):
    monkeypatch.setattr(radial, "STEP", 5e-5)
    potential, frame = potential_of(name), frame_of(name)
    write_model_file(tmp_path / "full.onnx", potential)
    expected = (
        Evaluator(tmp_path / "full.onnx", 1).evaluate(frame.coord, frame.types, frame.cell, frame.periodic).atom_energy
    )
    rows = rows_of_pairs(potential, 0.5)
    part = potential.parts[0]
    for kind, found in enumerate(sample(potential, rows, [frame], 10_000, seed=1)):
        if kind in potential.atom_exclude_types:
            continue
        net = potential.fitting_net(kind)
        first = FirstLayer(net, part.width, part.axis_neuron)
        t = found.t.copy()
        t[:, 0] += build._constant(potential, rows, kind)
        passed = run(net.layers, first.value(t), first.slope(t, found.dt))
        energy = potential.energy_scale[kind] * passed.energy + potential.energy_shift[kind]
        np.testing.assert_allclose(energy, expected[frame.types == kind], atol=2e-5)


def test_reduced_networks_of_dpa1(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "CENTERS", 240)
    monkeypatch.setattr(build, "CENTERS_HELD_OUT", 60)
    monkeypatch.setattr(build, "WORTH", 2.0)  # networks as small as these have little to lose
    potential = potential_of("v2_shifted")
    assert why_not(potential) is None
    reduction = reduce_potential(potential, [frame_of("v2_shifted", k, 0.1) for k in range(36)], "36 structures")
    assert len(reduction.levels) == len(build.FORCE_ERRORS)
    write_model_file(tmp_path / "reduced.onnx", potential, reduction)
    reduced = open_model_file(tmp_path / "reduced.onnx").contract["reduced"]
    assert [len(level["fitting"]) for level in reduced["levels"]] == [3] * len(build.FORCE_ERRORS)

    # energies of other structures: of the reduced networks, by what they are made of, beside those of the whole file
    monkeypatch.setattr(radial, "STEP", 5e-5)
    rows = rows_of_pairs(potential, 0.5)
    evaluator = Evaluator(tmp_path / "reduced.onnx", 1)
    errors: list[list[float]] = [[] for _ in reduction.levels]
    for seed in (101, 102, 103):
        frame = frame_of("v2_shifted", seed, 0.1)
        whole = evaluator.evaluate(frame.coord, frame.types, frame.cell, frame.periodic).atom_energy
        for kind, found in enumerate(sample(potential, rows, [frame], 10_000, seed=1)):
            scale, shift = potential.energy_scale[kind], potential.energy_shift[kind]
            for level, of_level in zip(reduction.levels, errors, strict=True):
                center = level.centers[kind]
                a = found.t @ center.basis
                a[:, 0] -= center.mean
                energy = scale * network_value(center.network, features(a, center.products))[:, 0] + shift
                of_level += (energy - whole[frame.types == kind]).tolist()
    measured = [np.sqrt(np.mean(np.square(of_level))) for of_level in errors]
    assert measured[0] > 10 * measured[-1] and measured[-1] < 1e-4
    for level, error in zip(reduction.levels, measured, strict=True):
        assert error < 3 * level.energy_error + 5e-6  # recorded: that of the worst element; 5e-6: distances on a grid


@pytest.mark.parametrize("name", ["zbl", "linear"])
def test_reduced_networks_beside_a_pair_table(name, tmp_path, monkeypatch):
    """They take the place of the fitting nets alone; the table stays as it is."""
    monkeypatch.setattr(build, "CENTERS", 240)
    monkeypatch.setattr(build, "CENTERS_HELD_OUT", 60)
    monkeypatch.setattr(build, "WORTH", 2.0)
    potential = potential_of(name)
    assert why_not(potential) is None
    frames = [frame_of(name, k, 0.1) for k in range(36)]
    reduction = reduce_potential(potential, frames, "36 structures")
    alone = reduce_potential(dataclasses.replace(potential, pair_table=None), frames, "36 structures")
    assert [level.force_error for level in reduction.levels] == [level.force_error for level in alone.levels]
    write_model_file(tmp_path / "reduced.onnx", potential, reduction)
    contract = open_model_file(tmp_path / "reduced.onnx").contract
    assert contract["pair_table"]["sel"] == potential.pair_table.sel
    assert len(contract["reduced"]["levels"]) == len(build.FORCE_ERRORS)


@pytest.mark.parametrize(
    "name,reason",
    [
        ("hybrid", "the model has a hybrid descriptor"),
        ("se_e2_r", "the model has the descriptor se_e2_r"),
        ("concat_fitting_skip", "a fitting net's first layer has a skip connection"),
    ],
)
def test_why_not(name, reason):
    assert why_not(potential_of(name)) == reason


def test_many_elements_need_a_choice():
    names = [f"X{k}" for k in range(13)]
    random = np.random.RandomState(0)
    potential = potential_from_serialized(model(random, names, dpa1(random, names)), SOURCE)
    assert why_not(potential) == "the model has 13 elements (at most 12): name those you need with --elements"
