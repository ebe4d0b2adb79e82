# SPDX-License-Identifier: MIT
"""The engine in Python gives what the pair style gives with the same keywords: they are one engine behind two borders."""

import pickle

import numpy as np
import pytest
from ase import Atoms

from deepion import DeepPot
from deepion.ase import Deepion
from deepion.errors import ExcessError
from deepion.evaluation.structure import model_types, read_structure
from lammps_runs import MODEL, ROOT, TENSOR, Batch, Evaluation
from small_models import Box, random_box

# Neighbors come in another order: float64 sums of some hundred terms, and float32 ones.
ROUNDING = {"double": 1e-12, "mixed": 2e-6}
CASES = {
    "double": {"precision": "double"},
    "double with tables": {"precision": "double", "tabulate": True},
    "mixed": {},
    "mixed without tables": {"tabulate": False},
    "coarse tables": {"table_error": 1e-3},
}


def style(model, keywords: dict) -> str:
    words = {key: "yes" if v is True else "no" if v is False else v for key, v in keywords.items()}
    return " ".join([f"deepmd/onnx {model} check no"] + [f"{key} {word}" for key, word in words.items()])


def boxes() -> dict[str, tuple[Box, str]]:
    return {
        "triclinic": (random_box(seed=2, tilt=2.0), "p p p"),
        "slab": (random_box(seed=3), "p p f"),
        "smaller than the cutoff": (random_box(n=2, spacing=1.9, shift=0.1), "p p p"),
    }


@pytest.fixture(scope="module")
def of_lammps(models, tmp_path_factory) -> dict[tuple[str, str], Evaluation]:
    folder = tmp_path_factory.mktemp("lammps")
    batch, names = Batch(folder), []
    for name, (box, boundary) in boxes().items():
        data = box.write(folder / f"data.{len(names)}")
        for case, keywords in CASES.items():
            batch.add(data, style(models["a"], keywords), before=f"boundary {boundary}")
            names.append((name, case))
    return dict(zip(names, batch.run(timeout=120), strict=True))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", boxes())
def test_same_keywords_same_values(of_lammps, models, name, case):
    box, boundary = boxes()[name]
    expected, keywords = of_lammps[name, case], CASES[case]
    atoms = Atoms(np.array(["Li", "S"])[box.types - 1], box.x, cell=box.cell, pbc=[b == "p" for b in boundary.split()])
    atoms.calc = Deepion(models["a"], threads=1, check=False, **keywords)
    order = np.argsort(box.ids)
    allowed = ROUNDING[keywords.get("precision", "mixed")] * max(1.0, np.abs(expected.force).max())
    assert atoms.get_potential_energy() == pytest.approx(expected.energy, abs=allowed * len(atoms))
    np.testing.assert_allclose(atoms.get_forces()[order], expected.force, rtol=0, atol=allowed)
    np.testing.assert_allclose(atoms.get_potential_energies()[order], expected.atom_energy, rtol=0, atol=allowed)
    if atoms.pbc.all():
        stress = -atoms.get_stress(voigt=False) * atoms.get_volume()
        # through LAMMPS' pressure, which has its own constants and 12 digits
        virial = [stress[a, b] for a, b in TENSOR[:6]]
        np.testing.assert_allclose(virial, expected.virial, rtol=1e-6, atol=1e-5 + 10 * allowed)


def test_parameters_and_virials_of_atoms(models, box, tmp_path):
    data = box.write(tmp_path / "data")
    batch = Batch(tmp_path)
    batch.add(data, f"deepmd/onnx {models['p']} precision double fparam 0.3 -0.2 aparam 0.7 check no")
    expected = batch.run()[0]
    pot = DeepPot(models["p"], precision="double", threads=1)
    out = pot.eval(box.x, box.cell, box.types - 1, True, [0.3, -0.2], [0.7])
    order = np.argsort(box.ids)
    np.testing.assert_allclose(out[1][0][order], expected.force, rtol=0, atol=1e-12)
    tensor = out[4][0][order].reshape(-1, 3, 3)
    centroid = np.stack([tensor[:, b, a] for a, b in TENSOR], axis=1)
    np.testing.assert_allclose(centroid, expected.centroid, rtol=0, atol=1e-12 * max(1.0, np.abs(centroid).max()))


def test_default_and_reduced_networks_of_lipsti(tmp_path):
    data = ROOT / "tests/data/lipsti/Ti10_f0.data"
    structure = read_structure(data)
    types = model_types(structure.symbols, ["Li", "P", "S", "Ti"])
    batch = Batch(tmp_path)
    exact = {"reduce": 1e-4, "precision": "double"}
    styles = {
        "default": {},
        "coarse": {"reduce": 1e-3},
        "full": {"reduce": 0},
        "the networks of the default in float64": exact,
    }
    for keywords in styles.values():
        batch.add(data, style(MODEL, keywords), "* * Li P S Ti")
    for expected, keywords in zip(batch.run(), styles.values(), strict=True):
        pot = DeepPot(MODEL, threads=1, **keywords)
        energy, force, _ = pot.eval(structure.coord, structure.cell, types)
        # float32 rounds an atom's energy by 5e-7 eV, and neighbors come in another order here
        assert energy[0, 0] == pytest.approx(expected.energy, abs=3 * 5e-7 * np.sqrt(2 * len(types)))
        np.testing.assert_allclose(force[0], expected.force, rtol=0, atol=1e-5)
        if keywords is exact:
            assert energy[0, 0] == pytest.approx(expected.energy, rel=1e-13)
            np.testing.assert_allclose(force[0], expected.force, rtol=0, atol=1e-11)


def test_what_to_do_where_reduced_networks_err_too_much():
    """A limit that everything is above of: a warning once, the full networks from that step on, or an error."""
    structure = read_structure(ROOT / "tests/data/lipsti/Ti10_f0.data")
    atoms = Atoms(structure.symbols, structure.coord, cell=structure.cell, pbc=True)
    every = {"threads": 1, "check": 2, "excess_limit": 1e-9}

    def forces(calculator, steps):
        random, moving = np.random.default_rng(8), atoms.copy()
        moving.calc = calculator
        for _ in range(steps):
            moving.positions += 0.01 * random.standard_normal(moving.positions.shape)
            found = moving.get_forces()
        return found

    warns = Deepion(MODEL, **every)
    with pytest.warns(UserWarning, match=r"check of step 2: atom \d+ \(from 0\) errs by .* \(limit 1e-09\)") as warned:
        reduced = forces(warns, 5)
    assert (
        len(warned) == 1 and warns.checked().excesses == warns.checked().checks == 2 and warns.checked().full_step == 0
    )

    switches = Deepion(MODEL, on_excess="full", **every)
    with pytest.warns(UserWarning, match="The full networks are used from this step on"):
        switched = forces(switches, 2)
    full = Deepion(MODEL, threads=1, reduce=0)
    np.testing.assert_allclose(switched, forces(full, 2), atol=2e-6)  # the step itself is evaluated again
    np.testing.assert_allclose(forces(switches, 5), forces(full, 5), atol=2e-6)
    assert np.abs(reduced - forces(full, 5)).max() > 1e-5
    assert switches.checked().full_step == 2 and switches.checked().checks == switches.checked().excesses == 1
    assert "reduced" not in " ".join(switches.summary())
    again = pickle.loads(pickle.dumps(switches))
    np.testing.assert_allclose(forces(again, 3), forces(full, 3), atol=2e-6)

    stops = Deepion(MODEL, on_excess="stop", **every)
    with pytest.raises(ExcessError, match=r"check of step 2: atom .*use a smaller reduce .*\(on_excess='stop'\)"):
        forces(stops, 5)
