# SPDX-License-Identifier: MIT
"""DeePMD-kit's own test cases in LAMMPS: two molecules of water, with its published models and with random ones of their shape.

The published ones come from a checkout of DeePMD-kit, whose folder source/tests/infer the variable DEEPMD_KIT_MODELS names, or from its
source distribution, which scripts/fetch_deepmd_models puts into build. Where there are none, those cases are skipped.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import water
from water import PARAMETER, expected

from deepion.export.exporter import export
from deepion.export.serialized import potential_from_serialized
from deepion.model.model_file import write_model_file
from lammps_runs import BUILD, ENERGY, LENGTH, TENSOR, Batch, good, lmp
from small_models import Box, write_model

DOUBLE = "precision double"
MASSES = (15.999, 1.008, 15.999)
PLACES = (os.environ.get("DEEPMD_KIT_MODELS", ""), str(BUILD / "deepmd-models"))
SI_MASS = 1.66053906660e-27  # kg in one g/mol


def published_file(kind: str) -> Path:
    """The published model file; skips the test where there is none, fails where it is another one."""
    name, sha256 = water.PUBLISHED[kind]
    for place in PLACES:
        path = Path(place, name)
        if place and path.exists():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256, (
                f"{path} is not the file these values are of"
            )
            return path
    way = "" if kind in ("parameters", "default") else ", or run scripts/fetch_deepmd_models"
    pytest.skip(
        f"DeePMD-kit's test model {name} is not here: name its folder source/tests/infer in DEEPMD_KIT_MODELS{way}"
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """(source, kind) -> .onnx file."""
    folder, known = tmp_path_factory.mktemp("water"), {}

    def find(source: str, kind: str) -> Path:
        target = folder / f"{source}-{kind}.onnx"
        if (source, kind) not in known:
            if source == "published":
                export(published_file(kind), target, reduced=False)
            else:
                name = {"file": "random.dp", "sha256": "0" * 64, "software": "deepmd-kit 3.2.0"}
                write_model_file(target, potential_from_serialized(water.random_model(kind), name))
            known[source, kind] = target
        return known[source, kind]

    return find


@pytest.fixture(params=["random", "published"])
def source(request) -> str:
    return request.param


def box_of(coord=water.COORD, types=None, edge=water.EDGE, ntypes=2) -> Box:
    return Box(coord, water.TYPES + 1 if types is None else types, np.diag([edge] * 3), ntypes)


def scaled(box: Box, units: str) -> Box:
    return box.in_meters() if units == "si" else box


def masses(units: str, order=(0, 1)) -> str:
    return "".join(
        f"mass {k + 1} {MASSES[element] * (SI_MASS if units == 'si' else 1.0)}\n" for k, element in enumerate(order)
    )


def flat(tensors) -> np.ndarray:
    """[n, 3, 3] of DeePMD-kit in LAMMPS' order of 9."""
    return np.stack([tensors[..., b, a] for a, b in TENSOR], axis=-1)


def assert_equals(found, want, virials=True):
    assert found.energy == pytest.approx(float(want["energy"]), rel=1e-9)
    assert np.abs(found.force - want["force"]).max() < 1e-8
    assert np.abs(want["force"]).max() > 0.01
    assert found.virial == pytest.approx(flat(want["virial"])[:6], abs=1e-8)
    if virials:
        assert found.atom_energy == pytest.approx(want["atom_energy"], rel=1e-9)
        assert found.centroid == pytest.approx(flat(want["atom_virial"]), abs=1e-8)


# --- values -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", ["metal", "real", "si"])
def test_energies_forces_pressures_and_virials(exported, source, units, tmp_path):
    """Per atom and of the whole; every unit of LAMMPS converted back to eV and A by the test's own factors."""
    batch = Batch(tmp_path)
    for kind in ("first", "second"):
        data = scaled(box_of(), units).write(tmp_path / f"{kind}.data")
        batch.add(data, f"deepmd/onnx {exported(source, kind)} {DOUBLE}", "* *", units=units, after=masses(units))
    for found, kind in zip(batch.run(), ("first", "second"), strict=True):
        assert_equals(found, expected(source, kind), virials=kind == "first")


def test_elements_by_name_in_another_order(exported, source, tmp_path):
    batch = Batch(tmp_path)
    data = box_of(types=2 - water.TYPES).write(tmp_path / "data")
    batch.add(data, f"deepmd/onnx {exported(source, 'first')} {DOUBLE}", "* * H O", after=masses("metal", (1, 0)))
    assert_equals(batch.run()[0], expected(source, "first"))


def with_unseen_atom() -> Box:
    """An atom of a third type, 0.1 A beside an oxygen."""
    return box_of(np.vstack([water.COORD, [3.46, 3.00, 1.81]]), [*(water.TYPES + 1), 3], ntypes=3)


def test_atom_of_a_type_that_the_model_does_not_see(exported, source, tmp_path):
    """It has no energy, force and virial, and the others have those they have without it."""
    box = with_unseen_atom()
    batch = Batch(tmp_path)
    style = f"deepmd/onnx {exported(source, 'first')} {DOUBLE}"
    batch.add(box.write(tmp_path / "data"), style, "* * O H NULL", after=masses("metal", (0, 1, 2)))
    found = batch.run()[0]
    for name in ("force", "atom_energy", "centroid"):
        values = getattr(found, name)
        assert not values[6].any(), name
        setattr(found, name, values[:6])
    assert_equals(found, expected(source, "first"))


def test_two_halves_that_each_see_one_element(exported, source, tmp_path):
    """hybrid/scaled: half of the energy of the hydrogen alone and half of that of the oxygen alone."""
    data, model = box_of(types=2 - water.TYPES).write(tmp_path / "data"), exported(source, "first")
    style = f"deepmd/onnx {model} {DOUBLE} check no"
    batch = Batch(tmp_path)
    mass = masses("metal", (1, 0))
    batch.add(data, style, "* * H NULL", after=mass)
    batch.add(data, style, "* * NULL O", after=mass)
    coeff = "* * deepmd/onnx 1 H NULL\npair_coeff * * deepmd/onnx 2 NULL O"
    batch.add(data, f"hybrid/scaled 0.5 {style} 0.5 {style}", coeff, after=mass)
    hydrogen, oxygen, both = batch.run()
    assert both.energy == pytest.approx(0.5 * (hydrogen.energy + oxygen.energy), rel=1e-12)
    assert both.force == pytest.approx(0.5 * (hydrogen.force + oxygen.force), abs=1e-12)
    assert abs(hydrogen.energy - oxygen.energy) > 1e-3


@pytest.mark.parametrize("ranks", [1, 2])
def test_many_atoms(exported, ranks, tmp_path):
    """192 atoms in a triclinic cell thinner than twice the cutoff."""
    coord, types, cell, _ = water.many_atoms()
    batch = Batch(tmp_path)
    data = Box(coord, types + 1, cell).write(tmp_path / "data")
    batch.add(data, f"deepmd/onnx {exported('random', 'first')} {DOUBLE}", "* *", after=masses("metal"))
    found, want = batch.run(ranks=ranks)[0], expected("random", "many")
    assert found.energy == pytest.approx(float(want["energy"]), rel=1e-9)
    assert np.abs(found.force[::16] - want["force"]).max() < 1e-8 < 0.1 < np.abs(want["force"]).max()
    assert found.virial == pytest.approx(flat(want["virial"])[:6], rel=1e-8, abs=1e-8)


# --- model deviation ----------------------------------------------------------------------------------------------------

KEYWORDS = {"": (None, None), "relative": (1.0, None), "relative_v": (None, 1.0), "both": (0.5, 2.0)}


def deviations(source: str, relative: float | None, relative_v: float | None, unseen: int = 0) -> np.ndarray:
    """max, min and rms of virials, max, min and mean of forces, forces of all atoms; eV and A.

    unseen: atoms of no element of the model: they have no force, and count where the virial is divided by the number of atoms.
    """
    both = [expected(source, kind) for kind in ("first", "second")]
    force = np.array([np.vstack([one["force"], np.zeros((unseen, 3))]) for one in both])
    of_force = np.linalg.norm(np.std(force, axis=0), axis=1)
    if relative is not None:
        of_force /= np.linalg.norm(force.mean(axis=0), axis=1) + relative
    virial = np.array([one["virial"].ravel() for one in both]) / (len(water.TYPES) + unseen)
    of_virial = np.std(virial, axis=0)
    if relative_v is not None:
        of_virial /= np.abs(virial.mean(axis=0)) + relative_v
    rms = np.sqrt(np.mean(of_virial**2))
    return np.array([of_virial.max(), of_virial.min(), rms, of_force.max(), of_force.min(), of_force.mean(), *of_force])


def deviation_script(
    exported, source, folder, units, keywords, more="", run="run 0", box=None, coeff="* *", order=(0, 1)
) -> str:
    data = scaled(box or box_of(), units).write(folder / f"data.{units}")
    return f"""units {units}
neighbor {2.0 * LENGTH[units]:g} bin
neigh_modify every 10 delay 0 check no
{more.split("|")[0]}
read_data {data}
{masses(units, order)}
timestep {({"metal": 0.0005, "real": 0.5, "si": 5e-16})[units]}
fix 1 all nve
pair_style deepmd/onnx {exported(source, "first")} {exported(source, "second")} {DOUBLE} out_freq 1 {keywords}
pair_coeff {coeff}
{more.split("|")[-1]}
thermo_style custom step pe
thermo_modify format float %.17g
{run}
"""


@pytest.mark.parametrize("units", ["metal", "real", "si"])
@pytest.mark.parametrize("name", KEYWORDS)
def test_model_deviation(exported, source, units, name, tmp_path):
    """Levels are given in the units of LAMMPS, and the file has its units."""
    energy, force = ENERGY[units], ENERGY[units] / LENGTH[units]
    relative, relative_v = KEYWORDS[name]
    words = "out_file md.out atomic"
    words += f" relative {relative * force:.17g}" if relative is not None else ""
    words += f" relative_v {relative_v * energy:.17g}" if relative_v is not None else ""
    run = good(lmp(deviation_script(exported, source, tmp_path, units, words), tmp_path))
    assert run.thermo[0]["PotEng"][0] == pytest.approx(energy * float(expected(source, "first")["energy"]), rel=1e-9)
    row = np.loadtxt(tmp_path / "md.out", ndmin=2)[0]
    want = deviations(source, relative, relative_v) * np.r_[[energy] * 3, [force] * 9]
    assert row[0] == 0 and row[1:] == pytest.approx(want, rel=1e-6)  # 7 digits in the file


@pytest.mark.parametrize("name", KEYWORDS)
def test_model_deviation_with_an_unseen_atom(exported, source, name, tmp_path):
    relative, relative_v = KEYWORDS[name]
    words = "out_file md.out atomic"
    words += f" relative {relative}" if relative is not None else ""
    words += f" relative_v {relative_v}" if relative_v is not None else ""
    text = deviation_script(exported, source, tmp_path, "metal", words, box=with_unseen_atom(), coeff="* * O H NULL",
                            order=(0, 1, 2))  # fmt: skip
    good(lmp(text, tmp_path))
    row = np.loadtxt(tmp_path / "md.out", ndmin=2)[0]
    assert row[1:] == pytest.approx(deviations(source, relative, relative_v, unseen=1), rel=1e-6)


@pytest.mark.parametrize("balance", ["", "balance 1.0 shift xyz 5 1.05", "comm_style tiled|balance 1.0 rcb"])
def test_model_deviation_on_two_ranks(exported, source, balance, tmp_path):
    words = "out_file md.out atomic relative 1.0"
    more = f"processors 2 1 1\n{balance}" if "|" in balance else f"processors 2 1 1|{balance}"
    text = deviation_script(exported, source, tmp_path, "metal", words, more)
    run = good(lmp(text, tmp_path, ranks=2))
    assert run.thermo[0]["PotEng"][0] == pytest.approx(float(expected(source, "first")["energy"]), rel=1e-9)
    row = np.loadtxt(tmp_path / "md.out", ndmin=2)[0]
    assert row[1:] == pytest.approx(deviations(source, 1.0, None), rel=1e-6)


def test_runs_again_and_after_clear(exported, source, tmp_path):
    """A second run of the same pair style, and another one after clear."""
    text = deviation_script(exported, source, tmp_path, "metal", "out_file a.out atomic", run="run 0\nrun 1\nrun 0")
    text += "clear\n" + deviation_script(exported, source, tmp_path, "metal", "out_file b.out atomic")
    run = good(lmp(text, tmp_path))
    energies = [table["PotEng"][0] for table in run.thermo]
    assert energies[0] == energies[1] == energies[3] != energies[2]
    assert np.loadtxt(tmp_path / "a.out").shape[0] == 2
    assert (tmp_path / "a.out").read_text().splitlines()[1] == (tmp_path / "b.out").read_text().splitlines()[1]


def test_partitions_with_a_model_each(exported, source, tmp_path):
    """Two worlds of two ranks in one LAMMPS: each opens the model that it names."""
    first, second = (exported(source, kind) for kind in ("first", "second"))
    text = f"""processors 1 2 1
read_data {box_of().write(tmp_path / "data")}
{masses("metal")}
pair_style deepmd/onnx ${{model}} {DOUBLE}
pair_coeff * *
dump 1 all custom 1 dump.${{w}} id fx fy fz
dump_modify 1 sort id format float %.17g
run 0
"""
    text = f"units metal\nvariable model world {first} {second}\nvariable w world 1 2\n" + text
    good(lmp(text, tmp_path, ranks=4, args=("-partition", "2x2", "-plog", "none", "-pscreen", "none")))
    for k, kind in ((1, "first"), (2, "second")):
        force = np.loadtxt(tmp_path / f"dump.{k}", skiprows=9)[:, 1:]
        assert np.abs(force - expected(source, kind)["force"]).max() < 1e-8


# --- frame and atomic parameters ----------------------------------------------------------------------------------------

ONE_TYPE = {"coeff": "* *", "after": f"mass 1 {MASSES[0]}\n"}


def parameter_box(folder: Path) -> Path:
    return box_of(types=np.ones(6, int), ntypes=1).write(folder / "data")


@pytest.mark.parametrize("units", ["metal", "real", "si"])
def test_parameters_as_numbers(exported, source, units, tmp_path):
    """They have no unit, whatever the units are."""
    data = scaled(box_of(types=np.ones(6, int), ntypes=1), units).write(tmp_path / "data")
    batch = Batch(tmp_path)
    style = f"deepmd/onnx {exported(source, 'parameters')} {DOUBLE} fparam {PARAMETER} aparam {PARAMETER}"
    batch.add(data, style, "* *", units=units, after=masses(units, (0,)))
    assert_equals(batch.run()[0], expected(source, "parameters"))


@pytest.mark.parametrize("ranks", [1, 2])
def test_dpa1_with_parameters(exported, ranks, tmp_path):
    """Two elements and one fitting net, which takes the parameters behind the type embedding."""
    batch = Batch(tmp_path)
    style = f"deepmd/onnx {exported('random', 'dpa1')} {DOUBLE} fparam {PARAMETER} aparam {PARAMETER}"
    batch.add(box_of().write(tmp_path / "data"), style, "* * O H", after=masses("metal"))
    assert_equals(batch.run(ranks=ranks)[0], expected("random", "dpa1"))


def test_default_of_a_published_model(exported, tmp_path):
    """Without fparam, and with the same value given."""
    data, style = parameter_box(tmp_path), f"deepmd/onnx {exported('published', 'default')} {DOUBLE} aparam {PARAMETER}"
    batch = Batch(tmp_path)
    for more in ("", f"fparam {PARAMETER}", "fparam 0.5"):
        batch.add(data, f"{style} {more}", **ONE_TYPE)
    default, given, other = batch.run()
    assert default.energy == given.energy and np.array_equal(default.force, given.force)
    want = expected("published", "parameters")
    assert np.abs(default.atom_energy - want["atom_energy"]).max() < 2e-8  # the weights differ by as much
    assert np.abs(default.force - want["force"]).max() < 2e-8 < 1e-3 < np.abs(other.force - default.force).max()


def test_parameters_from_computes_are_those_given_as_numbers(exported, source, tmp_path):
    """Atoms at rest have the temperature 0, and all are of type 1."""
    data, model = parameter_box(tmp_path), exported(source, "parameters")
    batch = Batch(tmp_path)
    computes = "compute F all temp\ncompute A all property/atom type\n"
    batch.add(data, f"deepmd/onnx {model} {DOUBLE} fparam 0 aparam 1", **ONE_TYPE)
    batch.add(data, f"deepmd/onnx {model} {DOUBLE} fparam_from_compute F aparam_from_compute A", "* *",
              after=ONE_TYPE["after"] + computes)  # fmt: skip
    numbers, from_computes = batch.run()
    assert from_computes.energy == numbers.energy and np.array_equal(from_computes.force, numbers.force)
    assert abs(numbers.energy - float(expected(source, "parameters")["energy"])) > 1e-3


def test_model_deviation_with_parameters(tmp_path):
    """Two models with defaults of their own, an atomic parameter for each atom: numpy's formula on what each gives alone."""
    data, batch = box_of().write(tmp_path / "data"), Batch(tmp_path)
    names = []
    for seed, default in ((4, [0.3, -0.2]), (5, [0.1, 0.4])):
        names.append(write_model(tmp_path / f"{seed}.onnx", seed, type_map=("O", "H"), numb_fparam=2, numb_aparam=1,
                                 default_fparam=default))  # fmt: skip
    given = f"{DOUBLE} aparam_from_compute A"
    after = masses("metal") + "compute A all property/atom id\n"
    for name in names:
        batch.add(data, f"deepmd/onnx {name} {given}", "* * O H", after=after)
    batch.add(
        data, f"deepmd/onnx {names[0]} {names[1]} {given} out_freq 1 out_file md.out atomic", "* * O H", after=after
    )
    one, two, both = batch.run()
    spread = np.linalg.norm(np.std([one.force, two.force], axis=0), axis=1)
    row = np.loadtxt(tmp_path / "md.out", ndmin=2)[0]
    assert row[4:] == pytest.approx([spread.max(), spread.min(), spread.mean(), *spread], rel=1e-6)
    assert both.energy == one.energy != two.energy and spread.max() > 0.01


def test_frame_parameter_from_a_fix(exported, source, tmp_path):
    """The scalar of a fix, and an element of its vector."""
    data, model = parameter_box(tmp_path), exported(source, "parameters")
    fix = f"variable p equal {PARAMETER}\nvariable z equal 7.0\n"
    scalar = fix + "fix F all ave/time 1 1 1 v_p\n"
    vector = fix + "fix F all ave/time 1 1 1 v_z v_p\n"
    energies = []
    for words, more in (("F", scalar), ("F 2", vector)):
        text = f"""units metal
read_data {data}
mass 1 {MASSES[0]}
{more}
pair_style deepmd/onnx {model} {DOUBLE} fparam_from_fix {words} aparam {PARAMETER}
pair_coeff * *
thermo_style custom step pe
thermo_modify format float %.17g
run 1
run 0
"""
        energies.append(good(lmp(text, tmp_path)).thermo[-1]["PotEng"][0])
    assert energies[0] == pytest.approx(float(expected(source, "parameters")["energy"]), rel=1e-9)
    assert energies[1] == energies[0]
