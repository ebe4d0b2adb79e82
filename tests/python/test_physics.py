# SPDX-License-Identifier: MIT
"""Independent of DeePMD-kit: derivatives, sums and symmetries of the exported potential."""

import numpy as np
import pytest

from conftest import LIPSTI
from helpers import lipsti_case, small_case

MODELS = ["four_types", "resnet_dt", "activation_gelu", "activation_silut", "skip_from_input", "exclude_types_kept_nets",
          "env_protection", "atom_ener_fparam", "small_box", "cluster"]  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_forces_are_minus_the_gradient(exported, name):
    evaluator = exported.small(name)
    case = small_case(name, evaluator.type_map)
    force = case.run(evaluator).force
    assert np.abs(force).max() > 1e-3
    step = 1e-4
    for atom, axis in [(0, 0), (1, 2), (len(case.types) - 1, 1)]:
        energies = []
        for sign in (1, -1):
            coord = case.coord.copy()
            coord[atom, axis] += sign * step
            energies.append(case.run(evaluator, coord=coord).energy)
        assert force[atom, axis] == pytest.approx(-(energies[0] - energies[1]) / (2 * step), abs=2e-6)


@pytest.mark.parametrize("name", MODELS[:4] + ["small_box"])
def test_virial_is_minus_the_strain_derivative(exported, name):
    evaluator = exported.small(name)
    case = small_case(name, evaluator.type_map)
    virial = case.run(evaluator).virial
    assert np.abs(virial).max() > 1e-3
    step = 1e-5
    for a, b in [(0, 0), (1, 2), (2, 2), (0, 1)]:
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[a, b] += sign * step
            energies.append(case.run(evaluator, coord=case.coord @ strain, cell=case.cell @ strain).energy)
        assert virial[a, b] == pytest.approx(-(energies[0] - energies[1]) / (2 * step), abs=1e-5)


def test_sums_and_symmetries(exported):
    evaluator = exported.evaluator(LIPSTI)
    case = lipsti_case("Ti10_f0", evaluator.type_map)
    result = case.run(evaluator)
    assert np.abs(result.force).max() > 0.1
    assert np.abs(result.force.sum(axis=0)).max() < 1e-10
    assert result.atom_energy.sum() == pytest.approx(result.energy, rel=1e-14)
    assert np.abs(result.atom_virial.sum(axis=0) - result.virial).max() < 1e-10
    assert np.abs(result.virial - result.virial.T).max() < 1e-10

    rng = np.random.default_rng(0)
    shifted = case.run(evaluator, coord=case.coord + rng.normal(size=3) * 5.0)
    assert shifted.energy == pytest.approx(result.energy, rel=1e-12)
    assert np.abs(shifted.force - result.force).max() < 1e-10

    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    rotated = case.run(evaluator, coord=case.coord @ rotation, cell=case.cell @ rotation)
    assert rotated.energy == pytest.approx(result.energy, rel=1e-12)
    assert np.abs(rotated.force - result.force @ rotation).max() < 1e-10

    order = rng.permutation(len(case.types))
    permuted = case.run(evaluator, coord=case.coord[order], types=case.types[order])
    assert permuted.energy == pytest.approx(result.energy, rel=1e-12)
    assert np.abs(permuted.force - result.force[order]).max() < 1e-10

    doubled = case.run(
        evaluator,
        coord=np.concatenate([case.coord, case.coord + case.cell[1]]),
        types=np.tile(case.types, 2),
        cell=case.cell * np.array([[1], [2], [1]]),
    )
    assert doubled.energy == pytest.approx(2 * result.energy, rel=1e-12)
    assert np.abs(doubled.force - np.tile(result.force, (2, 1))).max() < 1e-10


def test_slab_and_wire(exported):
    """An open direction equals a periodic one with a wide gap."""
    evaluator = exported.small("two_sided")
    case = small_case("two_sided", evaluator.type_map)
    open_slab = case.run(evaluator, periodic=(True, True, False))
    gap = case.cell.copy()
    gap[2, 2] += 30.0
    assert case.run(evaluator, cell=gap).energy == pytest.approx(open_slab.energy, rel=1e-12)
    assert abs(open_slab.energy - case.run(evaluator).energy) > 1e-4
    gap[1, 1] += 30.0
    wire = case.run(evaluator, periodic=(True, False, False))
    assert case.run(evaluator, cell=gap).energy == pytest.approx(wire.energy, rel=1e-12)


def test_lone_and_absent_atoms(exported):
    evaluator = exported.small("two_sided")
    cell = np.eye(3) * 20.0
    alone = evaluator.evaluate(np.zeros((1, 3)), [1], cell, (True,) * 3)
    assert np.isfinite(alone.energy) and not alone.force.any() and not alone.virial.any()
    nothing = evaluator.evaluate(np.zeros((0, 3)), [], cell, (True,) * 3)
    assert nothing.energy == 0.0 and nothing.force.shape == (0, 3)
