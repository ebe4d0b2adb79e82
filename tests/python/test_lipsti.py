"""The model of the examples against DeePMD-kit's values in float64."""

import time

import numpy as np
import pytest

from conftest import DATA, LIPSTI
from helpers import assert_matches, lipsti_case


@pytest.mark.parametrize(
    "name", [f"{cell}_f{frame}" for cell in ("Ti00", "Ti10", "Ti20", "Ti30") for frame in range(3)]
)
def test_validation_frames(exported, name):
    evaluator = exported.evaluator(LIPSTI)
    assert_matches(lipsti_case(name, evaluator.type_map).run(evaluator), np.load(DATA / "lipsti" / f"{name}.npz"))


def test_thousands_of_atoms(exported):
    evaluator = exported.evaluator(LIPSTI)
    reference = np.load(DATA / "lipsti" / "Ti30_12k.npz")
    assert_matches(lipsti_case("Ti30_12k", evaluator.type_map).run(evaluator), reference)


def test_export_and_opening_are_quick(tmp_path):
    from deepion.evaluation.evaluator import Evaluator
    from deepion.export.exporter import export

    begin = time.perf_counter()
    export(LIPSTI, tmp_path / "model.onnx", reduced=False)
    Evaluator(tmp_path / "model.onnx", threads=1)
    assert time.perf_counter() - begin < 10.0
    assert (tmp_path / "model.onnx").stat().st_size < 11e6  # float32 weights are stored as such
