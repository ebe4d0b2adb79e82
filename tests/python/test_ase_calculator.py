# SPDX-License-Identifier: MIT
"""The ASE calculator: values, cells of every kind, the neighbor list that is used again, copies, and structures without forces."""

import copy
import pickle

import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.calculator import PropertyNotImplementedError
from ase.md.verlet import VelocityVerlet

from conftest import DATA, INDEX, LIPSTI
from deepion.ase import Deepion
from deepion.errors import InputError
from deepion.evaluation.structure import from_atoms, model_types, read_structure
from helpers import small_case


@pytest.fixture
def atoms(exported) -> Atoms:
    structure = read_structure(DATA / "lipsti" / "Ti10_f0.data")
    atoms = Atoms(structure.symbols, structure.coord, cell=structure.cell, pbc=True)
    atoms.calc = Deepion(exported.path(LIPSTI), precision="double", threads=1, check=False)
    return atoms


def graph(exported, atoms: Atoms):
    """What the model file's own graph gives."""
    evaluator = exported.evaluator(LIPSTI)
    structure = from_atoms(atoms)
    types = model_types(structure.symbols, evaluator.type_map)
    return evaluator.evaluate(structure.coord, types, structure.cell, structure.periodic)


def test_values_are_those_of_deepmd(atoms):
    reference = np.load(DATA / "lipsti" / "Ti10_f0.npz")
    assert atoms.get_potential_energy() == pytest.approx(float(reference["energy"]), rel=1e-9)
    np.testing.assert_allclose(atoms.get_forces(), reference["force"], atol=1e-8)
    np.testing.assert_allclose(atoms.get_potential_energies(), reference["atom_energy"].ravel(), atol=1e-8)
    stress = atoms.get_stress(voigt=False)
    np.testing.assert_allclose(-stress * atoms.get_volume(), reference["virial"].reshape(3, 3), atol=1e-7)
    atom_virial = reference["atom_virial"].reshape(-1, 3, 3)
    symmetric = -0.5 * (atom_virial + atom_virial.transpose(0, 2, 1)) / atoms.get_volume()
    np.testing.assert_allclose(atoms.get_stresses(voigt=False), symmetric, atol=1e-10)
    assert atoms.get_potential_energy(force_consistent=True) == atoms.get_potential_energy()


def test_stress_is_the_derivative_of_the_energy(atoms):
    atoms.set_cell(atoms.cell @ (np.eye(3) + [[0, 0.1, 0.03], [0, 0, -0.07], [0, 0, 0.02]]), scale_atoms=True)
    stress, cell, volume, step = atoms.get_stress(), atoms.cell.copy(), atoms.get_volume(), 1e-4
    for voigt, (a, b) in enumerate([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[a, b] += 0.5 * sign * step
            strain[b, a] += 0.5 * sign * step
            atoms.set_cell(cell @ strain, scale_atoms=True)
            energies.append(atoms.get_potential_energy())
        # central difference: the error is of the order of the step squared times the third derivative
        assert stress[voigt] == pytest.approx((energies[0] - energies[1]) / (2 * step * volume), abs=1e-7)


def test_open_cells_have_no_stress(atoms):
    atoms.pbc = (True, True, False)
    atoms.get_forces()
    assert "stress" not in atoms.calc.results
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()


@pytest.mark.parametrize("pbc", [True, (True, False, True), (False, False, True), False])
def test_cells_of_every_kind(atoms, exported, pbc):
    """Triclinic, with atoms outside, and open directions; the last cell is smaller than the cutoff."""
    atoms.set_cell(atoms.cell @ [[1, 0.2, 0.1], [0, 1, -0.3], [0.05, 0, 1]], scale_atoms=True)
    atoms.positions += atoms.cell[0] * 1.7 - atoms.cell[1] * 0.4
    tiny = Atoms("LiSTi", [[0, 0, 0.1], [2.1, 0.2, 7.0], [0.3, 2.2, -1.9]], cell=[[4, 0, 0], [1, 4.5, 0], [0, -1, 5]])
    tiny.calc = atoms.calc
    for one in (atoms, tiny):
        one.pbc = pbc
        expected = graph(exported, one)
        np.testing.assert_allclose(one.get_forces(), expected.force, atol=1e-10)
        assert one.get_potential_energy() == pytest.approx(expected.energy, rel=1e-12)
    atoms.cell = [0, 0, 0]
    if pbc is False:
        np.testing.assert_allclose(atoms.get_forces(), graph(exported, atoms).force, atol=1e-10)


def test_a_list_that_is_used_again_gives_what_a_new_one_gives(atoms, exported):
    """Through moves of atoms, of whole cells and of the cell's shape."""
    atoms.calc = Deepion(exported.path(LIPSTI), precision="double", threads=1, check=False, skin=1.5)
    fresh = Deepion(exported.path(LIPSTI), precision="double", threads=1, check=False, skin=0.0)
    random = np.random.default_rng(8)
    for step in range(12):
        atoms.positions += 0.05 * random.standard_normal(atoms.positions.shape)
        if step == 4:
            atoms.wrap()
        if step > 6:
            atoms.set_cell(atoms.cell @ (np.eye(3) + 0.003 * random.standard_normal((3, 3))), scale_atoms=True)
        other = atoms.copy()
        other.calc = fresh
        np.testing.assert_allclose(atoms.get_forces(), other.get_forces(), atol=1e-12)
        np.testing.assert_allclose(atoms.get_stress(), other.get_stress(), atol=1e-13)


def test_check_at_every_nth_step(atoms, exported):
    """Against the full networks in float64: float32 errs, float64 does not, and a structure of nonsense is told."""
    random = np.random.default_rng(8)
    mixed = Deepion(exported.path(LIPSTI), threads=1, check=2)
    double = Deepion(exported.path(LIPSTI), precision="double", threads=1, check=2)
    for calculator in (mixed, double):
        atoms.calc = calculator
        for _ in range(5):
            atoms.positions += 0.01 * random.standard_normal(atoms.positions.shape)
            atoms.get_forces()
    found = mixed.checked()
    assert found.checks == 2 and found.step in (2, 4) and 0 <= found.atom < len(atoms)
    assert 0 < found.rms < found.largest < 1e-4 and found.atoms > found.in_turn >= 2 * min(8, len(atoms) // 2)
    assert double.checked().checks == 2 and double.checked().largest < 1e-11
    for wrong in (0, -1, "often", 1.5):
        with pytest.raises(InputError, match="check: expected True, False or a number of steps, got"):
            Deepion(exported.path(LIPSTI), check=wrong)


def test_keywords_of_excesses_that_do_not_go_together(exported):
    for keywords, message in [
        ({"on_excess": "halt"}, "on_excess: expected warn or full or stop, got 'halt'"),
        ({"on_excess": "stop"}, "need a check at some of the steps: add check=N"),
        ({"excess_limit": 0.1, "check": False}, "need a check at some of the steps: add check=N"),
        ({"on_excess": "full", "check": 5, "reduce": 0}, "which are in use already"),
        ({"on_excess": "full", "check": 5, "precision": "double"}, "which are in use already"),
        ({"excess_limit": -1.0, "check": 5}, "excess_limit: expected a number that is not negative"),
    ]:
        with pytest.raises(InputError, match=message):
            Deepion(exported.path(LIPSTI), **keywords)


def test_molecular_dynamics_conserves_energy(atoms, exported):
    atoms.calc = Deepion(exported.path(LIPSTI))
    speed = np.sqrt(300 * units.kB / atoms.get_masses())
    atoms.set_velocities(speed[:, None] * np.random.default_rng(2).standard_normal((len(atoms), 3)))
    dynamics = VelocityVerlet(atoms, timestep=1.0 * units.fs)
    energies = []
    dynamics.attach(lambda: energies.append(atoms.get_total_energy()), interval=1)
    dynamics.run(60)
    # 1 meV in a kinetic energy of 4 eV: the size of what a step of 1 fs leaves open
    assert np.ptp(energies) < 1e-3 * len(atoms)


def test_parameters_come_from_the_calculator_or_the_atoms(exported):
    name = "fparam_aparam"
    path = exported.path(DATA / INDEX[name]["model"])
    case = small_case(name, exported.small(name).type_map)
    symbols = [exported.small(name).type_map[kind] for kind in case.types]
    atoms = Atoms(symbols, case.coord, cell=case.cell, pbc=case.periodic)
    atoms.calc = Deepion(path, fparam=case.fparam, aparam=case.aparam, precision="double", check=False)
    expected = case.run(exported.small(name))
    assert atoms.get_potential_energy() == pytest.approx(expected.energy, rel=1e-11)
    atoms.info["fparam"] = [0.1, -0.3]
    other = case.run(exported.small(name), fparam=[0.1, -0.3])
    assert atoms.get_potential_energy() == pytest.approx(other.energy, rel=1e-11) != pytest.approx(expected.energy)
    atoms.calc = Deepion(path)
    with pytest.raises(InputError, match="the model needs aparam: 2 values per atom"):
        atoms.get_potential_energy()


def test_unknown_elements_and_settings_are_named(atoms, exported):
    atoms.symbols[3] = "Kr"
    with pytest.raises(InputError, match="the model does not know Kr; it knows Li P S Ti"):
        atoms.get_potential_energy()
    with pytest.raises(InputError, match="skin: expected a length"):
        Deepion(exported.path(LIPSTI), skin=-1.0)
    empty = Atoms(cell=[5, 5, 5], pbc=True, calculator=Deepion(exported.path(LIPSTI)))
    assert empty.get_potential_energy() == 0.0 and empty.get_forces().shape == (0, 3)


def test_names_of_before(atoms):
    from deepion.ase_calculator import DeepionCalculator

    assert DeepionCalculator is Deepion


def test_nothing_is_printed(exported, capfd):
    atoms = Atoms("Li2", [[0, 0, 0], [2.5, 0, 0]], calculator=Deepion(exported.path(LIPSTI)))
    atoms.get_forces()
    assert capfd.readouterr() == ("", "")


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
    data = pickle.dumps(Deepion(path, threads=1))
    path.unlink()
    atoms = Atoms("Li2", [[0, 0, 0], [2.5, 0, 0]], calculator=pickle.loads(data))
    assert np.isfinite(atoms.get_potential_energy())


def test_atoms_at_one_place_are_an_error(atoms):
    atoms.positions[7] = atoms.positions[3]
    with pytest.raises(InputError, match="atom index 3 and atom index 7 are at the same place"):
        atoms.get_potential_energy()
