# SPDX-License-Identifier: MIT
"""Every descriptor in LAMMPS against DeePMD-kit's values (tests/data/descriptor_reference.json): networks, tables, both precisions."""

import json
import re
import sys

import numpy as np
import pytest

from deepion.benchmark import rank_usage
from deepion.export.electrons import SYMBOLS
from deepion.export.serialized import potential_from_serialized
from deepion.model.model_file import write_model_file
from descriptor_cases import CASES, STRUCTURES, THREE, projected
from lammps_runs import ROOT, TENSOR, Batch, good, lmp
from random_models import dpa1, model
from small_models import Box, random_box

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


def test_a_model_of_90_elements_opens_for_those_of_the_run(tmp_path):
    """Tables and networks are made for the elements of pair_coeff alone: with four of 90, below 300 MB of memory."""
    random, names = np.random.RandomState(1), SYMBOLS[:90]
    widths = {"neuron": (25, 50, 100), "axis": 16, "sel": 120, "rcut": 6.0}
    many = model(random, names, dpa1(random, names, mode="strip", **widths), neuron=(240, 240, 240))
    write_model_file(tmp_path / "many.onnx", potential_from_serialized(many, SOURCE))
    box = random_box(n=4)
    box.changed(types=np.arange(len(box)) % 4 + 1, ntypes=4).write(tmp_path / "data")
    (tmp_path / "peak").write_text(f"{sys.executable} -S {rank_usage.__file__} > ranks && sh ranks peak\n")
    script = """units metal
atom_style atomic
read_data data
pair_style deepmd/onnx many.onnx
pair_coeff * * Li P S Ti
run 0
shell sh peak
pair_coeff * * Ti O Li H
run 0
"""
    run = good(lmp(script, tmp_path))
    first, second = run.thermo
    assert first["E_pair"][0] != second["E_pair"][0], "other elements, other energies"
    columns = re.findall(r"relative error \S+, ([\d ]+) basis functions per center type", run.output)
    assert [len(counts.split()) for counts in columns] == [4, 4]
    assert rank_usage.peak_bytes((tmp_path / "peak.status").read_text()) < 300e6
