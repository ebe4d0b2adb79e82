# SPDX-License-Identifier: MIT
"""Fixtures of the tests that drive LAMMPS."""

import numpy as np
import pytest

from deepion.evaluation.evaluator import Evaluator
from lammps_runs import PLUGIN, TENSOR, Evaluation
from small_models import Box, random_box, write_model


@pytest.fixture(scope="session", autouse=True)
def plugin():
    assert PLUGIN.exists(), f"{PLUGIN} is missing: run scripts/setup, or cmake --build build"
    return PLUGIN


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Small models: a and b (two weights), p (fparam 2, aparam 1), and one with other element names."""
    folder = tmp_path_factory.mktemp("models")
    return {
        "a": write_model(folder / "a.onnx", 1),
        "b": write_model(folder / "b.onnx", 2),
        "c": write_model(folder / "c.onnx", 3, type_map=("S", "Ti", "Li"), sel=(28, 28, 28)),
        "p": write_model(folder / "p.onnx", 4, numb_fparam=2, numb_aparam=1),
        "p1": write_model(folder / "p1.onnx", 5, numb_fparam=1),
        "default": write_model(folder / "default.onnx", 4, numb_fparam=2, default_fparam=[0.3, -0.2]),
        "narrow": write_model(folder / "narrow.onnx", 1, sel=(4, 4)),
        "close": write_model(folder / "close.onnx", 1, min_nbor_dist=2.2),
    }


@pytest.fixture(scope="session")
def box() -> Box:
    """64 atoms in a cell smaller than twice the cutoff plus skin."""
    return random_box()


@pytest.fixture
def data(box, tmp_path):
    return box.write(tmp_path / "data.box")


@pytest.fixture(scope="session")
def python_values():
    """What stock ONNX Runtime in Python makes of a model file and a box."""

    def values(model, box: Box, elements=("Li", "S"), periodic=(True, True, True), **parameters) -> Evaluation:
        evaluator = Evaluator(model, threads=1)
        index = {name: k for k, name in enumerate(evaluator.type_map)} | {"NULL": -1}
        types = np.array([index[elements[t - 1]] for t in box.types])
        r = evaluator.evaluate(box.x, types, box.cell, periodic, **parameters)
        order = np.argsort(box.ids)
        tensor = r.atom_virial[order]
        centroid = np.stack([tensor[:, a, b] for a, b in TENSOR], axis=1)
        mirrored = np.stack([tensor[:, b, a] for a, b in TENSOR], axis=1)
        virial = np.array([0.5 * (r.virial[a, b] + r.virial[b, a]) for a, b in TENSOR[:6]])
        return Evaluation(
            energy=r.energy,
            virial=virial,
            ids=box.ids[order],
            types=box.types[order],
            x=box.x[order],
            force=r.force[order],
            atom_energy=r.atom_energy[order],
            centroid=mirrored,
            stress=0.5 * (centroid + mirrored)[:, :6],
        )

    return values
