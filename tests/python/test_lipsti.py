# SPDX-License-Identifier: MIT
"""The model of the examples against DeePMD-kit's values in float64."""

import time

import large_cells
import numpy as np
import pytest

from conftest import DATA, LIPSTI
from deepion.evaluation.structure import model_types, read_structure
from helpers import assert_matches, lipsti_case, relative


@pytest.mark.parametrize(
    "name", [f"{cell}_f{frame}" for cell in ("Ti00", "Ti10", "Ti20", "Ti30") for frame in range(3)]
)
def test_validation_frames(exported, name):
    evaluator = exported.evaluator(LIPSTI)
    assert_matches(lipsti_case(name, evaluator.type_map).run(evaluator), np.load(DATA / "lipsti" / f"{name}.npz"))


def test_thousands_of_atoms(exported, tmp_path):
    evaluator, reference = exported.evaluator(LIPSTI), large_cells.reference("Ti30_large")
    structure = read_structure(large_cells.write("Ti30_large", tmp_path))
    types = model_types(structure.symbols, evaluator.type_map)
    result = evaluator.evaluate(structure.coord, types, structure.cell, structure.periodic)
    got = large_cells.digest(result.force, result.atom_energy)
    # The sums over groups of atoms are held to the limits of one atom.
    for key in ("force", "force_sums"):
        assert np.abs(got[key] - reference[key]).max() <= 1e-8
    for key in ("atom_energy", "atom_energy_sums"):
        assert relative(got[key], reference[key]) <= 1e-9
    assert abs(result.energy - reference["energy"]) <= 1e-9 * abs(reference["energy"])
    assert relative(result.virial, reference["virial"]) <= 1e-8


def test_export_and_opening_are_quick(tmp_path):
    from deepion.evaluation.evaluator import Evaluator
    from deepion.export.exporter import export

    begin = time.perf_counter()
    export(LIPSTI, tmp_path / "model.onnx", reduced=False)
    Evaluator(tmp_path / "model.onnx", threads=1)
    assert time.perf_counter() - begin < 10.0
    assert (tmp_path / "model.onnx").stat().st_size < 11e6  # float32 weights are stored as such
