# SPDX-License-Identifier: MIT
"""Loading of stored structures and reference values, and their comparison; model files with changes."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest

from conftest import DATA, INDEX
from deepion.errors import ModelFileError
from deepion.evaluation.evaluator import Evaluator, Result
from deepion.evaluation.structure import model_types, read_structure
from deepion.model.model_file import check_content, with_trailer
from deepion.results.tables import BEGIN


@dataclass
class Case:
    """One evaluation: everything Evaluator.evaluate takes."""

    coord: np.ndarray
    types: np.ndarray
    cell: np.ndarray
    periodic: tuple[bool, bool, bool]
    fparam: list[float] | None = None
    aparam: np.ndarray | None = None

    def run(self, evaluator: Evaluator, **changes) -> Result:
        return evaluator.evaluate(**{**self.__dict__, **changes})


def small_case(name: str, type_map: list[str]) -> Case:
    """The structure and parameters a small model's reference belongs to."""
    line = INDEX[name]
    structure = read_structure(DATA / line["structure"], line["elements"])
    types = model_types(structure.symbols, type_map)
    return Case(structure.coord, types, structure.cell, (line["periodic"],) * 3, line.get("fparam"), line.get("aparam"))


def lipsti_case(name: str, type_map: list[str]) -> Case:
    structure = read_structure(DATA / "lipsti" / f"{name}.data")
    return Case(structure.coord, model_types(structure.symbols, type_map), structure.cell, structure.periodic)


def relative(got, expected) -> float:
    """Largest difference over the largest expected value."""
    return float(np.abs(np.asarray(got) - expected).max() / np.abs(expected).max())


def assert_matches(result: Result, reference) -> None:
    """The tolerances promised: energies 1e-9 relative, forces 1e-8 eV/A, virials 1e-8 relative."""
    assert abs(result.energy - float(reference["energy"])) <= 1e-9 * abs(float(reference["energy"]))
    assert relative(result.atom_energy, reference["atom_energy"].reshape(-1)) <= 1e-9
    assert np.abs(result.force - reference["force"].reshape(-1, 3)).max() <= 1e-8
    assert relative(result.virial, reference["virial"].reshape(3, 3)) <= 1e-8
    if "atom_virial" in reference:
        assert relative(result.atom_virial, reference["atom_virial"].reshape(-1, 3, 3)) <= 1e-8


def rewritten(content: bytes, **metadata) -> bytes:
    """The file with changed metadata (None removes an entry) and a fitting trailer."""
    model = onnx.ModelProto.FromString(content)
    entries = {e.key: e.value for e in model.metadata_props if e.key != "deepion_sha256"} | metadata
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {k: v for k, v in entries.items() if v is not None})
    return with_trailer(model.SerializeToString(deterministic=True))


def with_contract(content: bytes, **changes) -> bytes:
    model = onnx.ModelProto.FromString(content)
    contract = json.loads({e.key: e.value for e in model.metadata_props}["deepion_contract"])
    contract.update(changes)
    contract = {k: v for k, v in contract.items() if v != "REMOVE"}
    return rewritten(content, deepion_contract=json.dumps(contract))


def message(content: bytes) -> str:
    """What a bad file's content is refused with."""
    with pytest.raises(ModelFileError) as caught:
        check_content(content)
    return str(caught.value)


def with_head(path: Path, target: Path, change) -> Path:
    """A copy of a table whose line of results was changed: `change(head)` changes the decoded JSON in place."""
    lines = path.read_text().splitlines()
    place = next(k for k, line in enumerate(lines) if line.startswith(BEGIN))
    head = json.loads(lines[place].removeprefix(BEGIN))
    change(head)
    lines[place] = BEGIN + json.dumps(head)
    target.write_text("\n".join(lines) + "\n")
    return target
