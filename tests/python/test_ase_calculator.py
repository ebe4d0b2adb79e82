# SPDX-License-Identifier: MIT
"""The ASE calculator: values, copies, and structures that have no forces."""

import copy
import pickle

import numpy as np
import pytest
from ase import Atoms

from conftest import DATA, LIPSTI
from deepion.ase_calculator import DeepionCalculator
from deepion.errors import InputError
from deepion.evaluation.structure import read_structure


@pytest.fixture
def atoms(exported) -> Atoms:
    structure = read_structure(DATA / "lipsti" / "Ti10_f0.data")
    atoms = Atoms(structure.symbols, structure.coord, cell=structure.cell, pbc=True)
    atoms.calc = DeepionCalculator(exported.path(LIPSTI), threads=1)
    return atoms


def test_values_are_those_of_deepmd(atoms):
    reference = np.load(DATA / "lipsti" / "Ti10_f0.npz")
    assert atoms.get_potential_energy() == pytest.approx(float(reference["energy"]), rel=1e-9)
    np.testing.assert_allclose(atoms.get_forces(), reference["force"], atol=1e-8)
    np.testing.assert_allclose(atoms.get_potential_energies(), reference["atom_energy"].ravel(), atol=1e-8)
    stress = atoms.get_stress(voigt=False)
    np.testing.assert_allclose(-stress * atoms.get_volume(), reference["virial"].reshape(3, 3), atol=1e-7)


def test_open_cells_have_no_stress(atoms):
    atoms.pbc = (True, True, False)
    atoms.get_forces()
    assert "stress" not in atoms.calc.results


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda calculator: pickle.loads(pickle.dumps(calculator))]
)
def test_copies_compute_the_same(atoms, copied):
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    other = atoms.copy()
    other.calc = copied(atoms.calc)
    assert other.get_potential_energy() == energy
    np.testing.assert_array_equal(other.get_forces(), forces)
    other.rattle(0.01)
    assert other.get_potential_energy() != energy == atoms.get_potential_energy()


def test_a_pickle_does_not_need_the_file(exported, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(exported.path(LIPSTI).read_bytes())
    data = pickle.dumps(DeepionCalculator(path, threads=1))
    path.unlink()
    atoms = Atoms("Li2", [[0, 0, 0], [2.5, 0, 0]], calculator=pickle.loads(data))
    assert np.isfinite(atoms.get_potential_energy())


def test_atoms_at_one_place_are_an_error(atoms):
    atoms.positions[7] = atoms.positions[3]
    with pytest.raises(InputError, match="atoms 4 and 8 are at the same place"):
        atoms.get_potential_energy()
