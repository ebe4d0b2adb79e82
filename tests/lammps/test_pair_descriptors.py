# SPDX-License-Identifier: MIT
"""Every descriptor in LAMMPS against DeePMD-kit's values (tests/data/descriptor_reference.json): networks, tables, both precisions."""

import json

import numpy as np
import pytest

from deepion.export.serialized import potential_from_serialized
from deepion.model.model_file import write_model_file
from descriptor_cases import CASES, STRUCTURES, THREE, projected
from lammps_runs import ROOT, TENSOR, Batch
from small_models import Box

REFERENCE = json.loads((ROOT / "tests" / "data" / "descriptor_reference.json").read_text())
SOURCE = {"file": "random.dp", "sha256": "0" * 64, "software": "deepmd-kit 3.2.0"}
WAYS = {
    "networks": "precision double tabulate no",
    "tables": "precision double tabulate yes table_error 1e-9",
    "mixed": "precision mixed tabulate no",
    "mixed tables": "precision mixed",
}


@pytest.fixture(scope="module")
def evaluations(tmp_path_factory):
    """way -> case -> evaluation, all in one LAMMPS on two ranks."""
    folder = tmp_path_factory.mktemp("descriptors")
    for name, case in CASES.items():
        write_model_file(folder / f"{name}.onnx", potential_from_serialized(case.build(), SOURCE))
        coord, types, cell, _ = STRUCTURES[case.structure]()
        Box(coord, types + 1, cell, ntypes=len(THREE)).write(folder / f"{name}.data")
    batch = Batch(folder)
    for keywords in WAYS.values():
        for name, case in CASES.items():
            before = "" if STRUCTURES[case.structure]()[3] else "boundary s s s"
            style = f"deepmd/onnx {folder / name}.onnx {keywords} reduce 0"
            batch.add(folder / f"{name}.data", style, "* * " + " ".join(THREE), before=before)
    results = iter(batch.run(ranks=2, timeout=400))
    return {way: {name: next(results) for name in CASES} for way in WAYS}


def differences(evaluation, expected) -> dict[str, float]:
    """Largest difference of each quantity, eV and eV/A."""
    virial = np.reshape(expected["virial"], (3, 3))
    virial = 0.5 * (virial + virial.T)
    return {
        "energy": abs(evaluation.energy - expected["energy"]),
        "force": np.abs(np.subtract(projected("force", evaluation.force), expected["force"])).max(),
        "atom_energy": np.abs(
            np.subtract(projected("atom_energy", evaluation.atom_energy), expected["atom_energy"])
        ).max(),
        "virial": np.abs(evaluation.virial - [virial[a, b] for a, b in TENSOR[:6]]).max(),
    }


@pytest.mark.parametrize("name", CASES)
def test_networks_have_deepmd_kits_values(evaluations, name):
    found = differences(evaluations["networks"][name], REFERENCE[name])
    assert REFERENCE[name]["largest_force"] > 1e-3
    assert found["energy"] < 1e-9 * abs(REFERENCE[name]["energy"]), found
    assert max(found.values()) < 1e-9, found


@pytest.mark.parametrize("name", CASES)
def test_tables_keep_the_values(evaluations, name):
    found = differences(evaluations["tables"][name], REFERENCE[name])
    assert max(found.values()) < 1e-6, found


@pytest.mark.parametrize("way", ["mixed", "mixed tables"])
@pytest.mark.parametrize("name", CASES)
def test_single_precision_keeps_the_values(evaluations, name, way):
    found = differences(evaluations[way][name], REFERENCE[name])
    assert 1e-13 < found["force"] < 1e-3 and found["energy"] < 1e-3, found
