# SPDX-License-Identifier: MIT
"""DeePMD-kit's own values: small models of every kind, and lipsti (tests/data, made by scripts/make_reference_models.py)."""

import json
import os

import large_cells
import numpy as np
import pytest

from deepion.export.exporter import export
from lammps_runs import BUILD, MODEL, ROOT, TENSOR, Batch

DATA = ROOT / "tests" / "data"
INDEX = json.loads((DATA / "models" / "index.json").read_text())
FRAMES = sorted(path.stem for path in (DATA / "lipsti").glob("*_f?.npz"))

# promised for precision double: energies relative, forces in eV/A, virials relative to the largest element
ENERGY, FORCE, VIRIAL = 1e-9, 1e-8, 1e-8


def exported(source):
    """The exported model without reduced networks, made again when its source or the exporter changed."""
    target = BUILD / "tests" / "models" / f"{source.name}.onnx"
    target.parent.mkdir(parents=True, exist_ok=True)
    exporter = [path for part in ("export", "model") for path in (ROOT / "scripts" / "deepion" / part).glob("*.py")]
    newest = max(path.stat().st_mtime for path in [source, *exporter])
    if not target.exists() or target.stat().st_mtime < newest:
        own = target.with_suffix(f".{os.getpid()}.onnx")  # tests may run in several processes
        export(source, own, reduced=False)
        own.replace(target)
    return target


def assert_matches(e, reference):
    energy = float(reference["energy"])
    atom_energy = reference["atom_energy"].reshape(-1)
    virial = reference["virial"].reshape(3, 3)
    virial = 0.5 * (virial + virial.T)
    expected = np.array([virial[a, b] for a, b in TENSOR[:6]])
    force = reference["force"].reshape(-1, 3)
    assert np.abs(force).max() > 1e-3
    assert abs(e.energy - energy) <= ENERGY * abs(energy)
    assert np.abs(e.atom_energy - atom_energy).max() <= ENERGY * np.abs(atom_energy).max()
    assert np.abs(e.force - force).max() <= FORCE
    assert np.abs(e.virial - expected).max() <= VIRIAL * np.abs(expected).max()
    if "atom_virial" in reference:
        tensor = reference["atom_virial"].reshape(-1, 3, 3)
        centroid = np.stack([tensor[:, b, a] for a, b in TENSOR], axis=1)
        assert np.abs(e.centroid - centroid).max() <= VIRIAL * np.abs(centroid).max()
        symmetric = 0.5 * (centroid[:, 3:6] + centroid[:, 6:])
        assert np.abs(e.stress[:, 3:] - symmetric).max() <= VIRIAL * np.abs(centroid).max()


def small_models(folder, keywords_for_all):
    """All small models in one LAMMPS: name -> evaluation."""
    batch = Batch(folder)
    for name, case in INDEX.items():
        keywords, before, after = keywords_for_all, "", ""
        if not case["periodic"]:
            before = "boundary s s s"
        if "fparam" in case:
            keywords += " fparam " + " ".join(map(repr, case["fparam"]))
        if "aparam" in case:
            values = np.array(case["aparam"])
            n = values.shape[1]
            keywords += " aparam_from_compute ap"
            names = ["d_ap"] if n == 1 else [f"d2_ap[{i + 1}]" for i in range(n)]
            after = f"fix ap all property/atom {'d_ap' if n == 1 else f'd2_ap {n}'} ghost no\n"
            for i, row in enumerate(values, 1):
                after += "".join(f"set atom {i} {name} {v!r}\n" for name, v in zip(names, row.tolist(), strict=True))
            after += f"compute ap all property/atom {' '.join(names)}\n"
        coeff = "* * " + " ".join(case["elements"])
        style = f"deepmd/onnx {exported(DATA / case['model'])} {keywords}"
        batch.add(DATA / case["structure"], style, coeff, before=before, after=after)
        assert name == list(INDEX)[len(batch.parts) - 1]
    return dict(zip(INDEX, batch.run(timeout=240), strict=True))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_models(tmp_path_factory.mktemp("small"), "precision double")


@pytest.mark.parametrize("name", INDEX)
def test_small_models(small, name):
    assert_matches(small[name], np.load(DATA / INDEX[name]["reference"]))


@pytest.fixture(scope="module")
def tabulated(tmp_path_factory):
    return small_models(tmp_path_factory.mktemp("tabulated"), "precision double tabulate yes table_error 1e-8")


@pytest.mark.parametrize("name", INDEX)
def test_small_models_with_tables(tabulated, name):
    """Every kind of model keeps its forces with tables (or runs its networks where tables cannot be accurate)."""
    reference = np.load(DATA / INDEX[name]["reference"])
    force = reference["force"].reshape(-1, 3)
    assert np.abs(tabulated[name].force - force).max() < 1e-6 * max(1, np.abs(force).max())
    assert abs(tabulated[name].energy - float(reference["energy"])) < 1e-6 * max(1, abs(float(reference["energy"])))


@pytest.fixture(scope="module")
def lipsti():
    assert MODEL.exists(), f"{MODEL} is missing: run scripts/setup"
    return MODEL


@pytest.fixture(scope="module")
def frames(lipsti, tmp_path_factory):
    """keywords -> name -> evaluation, of all frames of about 100 atoms."""
    ways = ("precision double", "precision mixed tabulate no", "precision mixed reduce 0")
    batch = Batch(tmp_path_factory.mktemp("frames"))
    for keywords in ways:
        for name in FRAMES:
            style = f"deepmd/onnx {lipsti} {keywords} check {'yes' if keywords == ways[0] else 'no'}"
            batch.add(DATA / "lipsti" / f"{name}.data", style, "* * Li P S Ti")
    results = iter(batch.run(ranks=2, timeout=240))
    return {keywords: {name: next(results) for name in FRAMES} for keywords in ways}


@pytest.mark.parametrize("name", FRAMES)
def test_lipsti_double(frames, name):
    assert_matches(frames["precision double"][name], np.load(DATA / "lipsti" / f"{name}.npz"))


def assert_mixed(e, reference):
    """precision mixed against float64: force RMS below 1e-5 eV/A, largest below 1e-4, energy below 2e-7 eV/atom."""
    difference = e.force - reference["force"].reshape(-1, 3)
    assert np.sqrt((difference**2).sum(axis=1).mean()) < 1e-5
    assert np.linalg.norm(difference, axis=1).max() < 1e-4
    assert abs(e.energy - float(reference["energy"])) / len(e.force) < 2e-7


@pytest.mark.parametrize("keywords", ["precision mixed tabulate no", "precision mixed reduce 0"])
@pytest.mark.parametrize("name", FRAMES)
def test_lipsti_mixed(frames, name, keywords):
    assert_mixed(frames[keywords][name], np.load(DATA / "lipsti" / f"{name}.npz"))


def test_lipsti_tables_in_double(lipsti, tmp_path):
    """Tables at their tightest: forces within 1e-8 eV/A, and visibly not the networks themselves."""
    batch = Batch(tmp_path)
    batch.add(DATA / "lipsti" / "Ti30_f0.data", f"deepmd/onnx {lipsti} precision double tabulate yes", "* * Li P S Ti")
    difference = batch.run(timeout=120)[0].force - np.load(DATA / "lipsti" / "Ti30_f0.npz")["force"].reshape(-1, 3)
    assert 1e-13 < np.abs(difference).max() < 1e-8


@pytest.fixture(scope="module", params=large_cells.CELLS)
def large(request, lipsti, tmp_path_factory):
    """A cell of thousands of atoms in both precisions, with DeePMD-kit's digest: name, double, mixed, reference."""
    folder = tmp_path_factory.mktemp(request.param)
    data = large_cells.write(request.param, folder)
    batch = Batch(folder)
    for precision in ("double", "mixed reduce 0"):
        batch.add(data, f"deepmd/onnx {lipsti} precision {precision}", "* * Li P S Ti")
    return (*batch.run(ranks=2, timeout=240), large_cells.reference(request.param))


def test_lipsti_thousands_of_atoms_double(large):
    double, _, reference = large
    got = large_cells.digest(double.force, double.atom_energy)
    virial = 0.5 * (reference["virial"] + reference["virial"].T)
    expected = np.array([virial[a, b] for a, b in TENSOR[:6]])
    assert len(double.force) > 6000 and np.abs(reference["force"]).max() > 1
    assert abs(double.energy - reference["energy"]) <= ENERGY * abs(reference["energy"])
    assert np.abs(double.virial - expected).max() <= VIRIAL * np.abs(expected).max()
    # The sums over groups of 16 atoms are held to the limit of one atom: they leave no room for a wrong one.
    for key in ("force", "force_sums"):
        assert np.abs(got[key] - reference[key]).max() <= FORCE
    for key in ("atom_energy", "atom_energy_sums"):
        assert np.abs(got[key] - reference[key]).max() <= ENERGY * np.abs(reference["atom_energy"]).max()


def test_lipsti_thousands_of_atoms_mixed(large):
    """As assert_mixed, and every atom of the cell against double precision, which the test above has compared."""
    double, mixed, reference = large
    assert_mixed(mixed, {"force": double.force, "energy": reference["energy"]})
