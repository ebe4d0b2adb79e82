# SPDX-License-Identifier: MIT
"""Reduced networks of models with frame and atomic parameters, by all ways in which parameters come to the pair style."""

import re

import numpy as np
import pytest

from deepion.evaluation.frames import Frame
from deepion.export.serialized import potential_from_serialized
from deepion.model.model_file import write_model_file
from deepion.model.potential import ParameterScaling
from deepion.reduction import build
from lammps_runs import ROOT, Batch, assert_same, good, lmp
from random_models import dpa1, model
from small_models import random_box, random_potential


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """name -> model file, and the force error recorded in it; two fparam, one aparam, and energies of free atoms in `vacuum`."""
    folder, found = tmp_path_factory.mktemp("models"), {}
    boxes = [random_box(seed=10 + k) for k in range(40)]
    frames = [Frame(box.types - 1, box.x, box.cell, (True,) * 3) for box in boxes]
    kinds = {
        "plain": {},
        "vacuum": {"vacuum": [True, False]},
        "default": {"numb_aparam": 0, "default_fparam": [0.3, -0.2]},
        "atoms": {"numb_fparam": 0, "vacuum": [True, True]},
        "hot": {"numb_fparam": 1, "numb_aparam": 0, "scaling": ParameterScaling(np.array([800.0]), np.array([0.005]))},
    }
    potentials = {
        name: random_potential(4, hidden=64, **({"numb_fparam": 2, "numb_aparam": 1} | changes))
        for name, changes in kinds.items()
    }
    for name, kind in (("dpa1", "dpa1"), ("strip", "se_atten_v2")):
        random, elements = np.random.RandomState(5), ["Li", "S"]
        part = dpa1(random, elements, kind=kind, rcut=4.0, rcut_smth=1.0, sel=60, neuron=(4, 8, 16))
        whole = model(random, elements, part, neuron=(48, 48), fparam=2, aparam=1)
        source = {"file": "random.dp", "sha256": "0" * 64, "software": "deepmd-kit 3.2.0"}
        potentials[name] = potential_from_serialized(whole, source)
    for name, potential in potentials.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(build, "WORTH", 2.0)  # networks as small as these have little to lose
            reduction = build.reduce_potential(potential, frames, "40 boxes")
        path = folder / f"{name}.onnx"
        write_model_file(path, potential, reduction)
        found[name] = path, reduction.levels[0].force_error
    return found


def style(models, name, keywords):
    return f"deepmd/onnx {models[name][0]} check no {keywords}"


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


GIVEN = {  # parameters of each model: keywords, commands after pair_coeff
    "plain": ("fparam 0.5 -0.4 aparam 0.6", ""),
    "vacuum": ("fparam 0.5 -0.4 aparam_from_compute ap", "compute ap all ke/atom\nvelocity all create 5.0e3 7\n"),
    "default": ("", ""),
    "atoms": ("aparam_from_compute ap", "compute ap all ke/atom\nvelocity all create 5.0e3 7\n"),
    "dpa1": ("fparam 0.5 -0.4 aparam_from_compute ap", "compute ap all ke/atom\nvelocity all create 5.0e3 7\n"),
    "strip": ("fparam 0.5 -0.4 aparam 0.6", ""),
}


@pytest.mark.parametrize("name", GIVEN)
def test_force_error_is_the_one_recorded(models, name, data, tmp_path):
    """Against the full networks with the same parameters; energies per atom, too, and the precisions against each other."""
    keywords, after = GIVEN[name]
    batch = Batch(tmp_path)
    for more in ("precision double", "precision double reduce 2e-3", "precision mixed reduce 2e-3"):
        batch.add(data, style(models, name, f"{keywords} {more}"), after=after)
    full, double, mixed = batch.run()
    recorded = models[name][1]
    print(f"forces {rms(full.force):.2g}, recorded error {recorded:.2g} eV/A")
    assert rms(full.force) > 10 * recorded
    assert 0.2 * recorded < rms(double.force - full.force) < 3 * recorded
    assert np.abs(double.atom_energy - full.atom_energy).max() < 0.05
    assert 0.0 < rms(mixed.force - double.force) < 2e-5
    assert abs(mixed.energy - double.energy) < 1e-4


@pytest.mark.parametrize("name", ["dpa1", "strip"])
def test_full_networks_of_dpa1_with_parameters(models, box, data, tmp_path, python_values, name):
    """The file's own graph in Python, with a parameter for each atom, and tables."""
    batch = Batch(tmp_path)
    after = "compute ap all property/atom type\n"
    for more in ("tabulate no", "tabulate yes"):
        batch.add(
            data, style(models, name, f"fparam 0.5 -0.4 aparam_from_compute ap precision double {more}"), after=after
        )
    plain, tabulated = batch.run()
    want = python_values(models[name][0], box, fparam=[0.5, -0.4], aparam=box.types[:, None].astype(float))
    assert_same(want, plain, 1e-10)
    assert_same(want, tabulated, 1e-8)


def test_parameters_far_from_their_mean(models, data, tmp_path):
    """Mean 0.1, deviation 0.67: three deviations off, and the energy moves with them."""
    batch = Batch(tmp_path)
    values = (0.1, 1.4, 2.1, -1.2, -1.9)
    for value in values:
        for more in ("precision double", "precision double reduce 2e-3"):
            batch.add(data, style(models, "vacuum", f"fparam {value} {value} aparam {value} {more}"))
    results = batch.run()
    energies = [full.energy for full in results[::2]]
    assert np.ptp(energies) > 1.0
    for value, full, reduced in zip(values, results[::2], results[1::2], strict=True):
        print(f"{value}: {rms(reduced.force - full.force) / models['vacuum'][1]:.2f} of the recorded error")
        assert rms(reduced.force - full.force) < 10 * models["vacuum"][1]


def test_ranks_and_threads(models, data, tmp_path):
    keywords, after = GIVEN["vacuum"]
    results = []
    for ranks, threads in ((1, 1), (1, 2), (2, 1)):
        batch = Batch(tmp_path)
        batch.add(
            data, style(models, "vacuum", f"{keywords} precision double reduce 2e-3 threads {threads}"), after=after
        )
        results += batch.run(ranks=ranks)
    assert np.array_equal(results[0].force, results[1].force)
    assert_same(results[0], results[2], 1e-10)


def test_forces_are_minus_the_slope_of_the_reduced_energy(models, data, tmp_path):
    text = f"""units metal
atom_modify map array
read_data {data}
neighbor 1.0 bin
pair_style {style(models, "vacuum", "fparam 0.5 -0.4 aparam 0.6 precision double reduce 2e-3")}
pair_coeff * * Li S
group some id 1:64:9
fix nd some numdiff 1 1e-4
variable dx atom abs(fx-f_nd[1])
variable fx atom abs(fx)
compute d some reduce max v_dx
compute f some reduce max v_fx
thermo_style custom step pe c_d c_f
run 0
"""
    table = good(lmp(text, tmp_path)).thermo[0]
    assert table["c_f"][0] > 0.3 and 0.0 < table["c_d"][0] < 1e-6


def test_fparam_from_compute_follows_a_run(models, data, tmp_path):
    """The forces of the last step are those of its configuration with its parameters, given as numbers."""
    text = f"""units metal
read_data {data}
neighbor 1.0 bin
pair_style {style(models, "default", "fparam_from_compute P precision double reduce 2e-3")}
pair_coeff * * Li S
compute P all com
velocity all create 3000 9
fix 1 all nve
thermo_style custom step pe c_P[1] c_P[2]
thermo_modify format float %.17g
run 5
write_data after.data
variable a equal c_P[1]
variable b equal c_P[2]
print "parameters $(v_a:%.17g) $(v_b:%.17g)"
"""
    run = good(lmp(text, tmp_path))
    given = next(line for line in run.output.splitlines() if line.startswith("parameters ")).removeprefix("parameters ")
    batch = Batch(tmp_path)
    batch.add(tmp_path / "after.data", style(models, "default", f"fparam {given} precision double reduce 2e-3"))
    batch.add(tmp_path / "after.data", style(models, "default", "precision double reduce 2e-3"))
    fixed, default = batch.run()
    assert fixed.energy == pytest.approx(run.thermo[0]["PotEng"][-1], rel=1e-9)
    assert abs(default.energy - fixed.energy) > 1e-3


def test_temperature_of_the_electrons(models, data, tmp_path):
    """The input that the page shows; at the end, forces are those of the temperature that fix ttm had then."""
    page = (ROOT / "doc/styles/pair_deepmd_onnx.md").read_text()
    (block,) = (part for part in re.findall(r"```\n(.*?)```", page, re.DOTALL) if "ttm" in part)
    (tmp_path / "hot.onnx").symlink_to(models["hot"][0])
    text = f"""units metal
read_data {data}
neighbor 1.0 bin
{block.strip()} precision double reduce 2e-3
pair_coeff * * Li S
velocity all create 3000 9
fix 1 all nve
thermo_style custom step pe c_electrons
thermo_modify format float %.17g
run 5
write_data after.data
"""
    table = good(lmp(text, tmp_path)).thermo[0]
    assert table["c_electrons"][0] == pytest.approx(900.0) and abs(table["c_electrons"][-1] - 900.0) > 1e-3
    batch = Batch(tmp_path)
    for value in (table["c_electrons"][-1], 600.0):
        batch.add(tmp_path / "after.data", style(models, "hot", f"fparam {value:.17g} precision double reduce 2e-3"))
    same, other = batch.run()
    # the fix moves its temperature after the forces of the last step
    assert same.energy == pytest.approx(table["PotEng"][-1], rel=1e-6)
    assert abs(other.energy - same.energy) > 0.05


def test_default_fparam_is_that_of_the_model(models, data, tmp_path):
    batch = Batch(tmp_path)
    for more in ("", "fparam 0.3 -0.2", "fparam 0.4 -0.2"):
        batch.add(data, style(models, "default", f"{more} precision double reduce 2e-3"))
    default, same, other = batch.run()
    assert np.array_equal(default.force, same.force) and abs(default.energy - other.energy) > 1e-4


def test_self_check_with_parameters(models, data, tmp_path):
    text = f"""units metal
read_data {data}
neighbor 1.0 bin
pair_style deepmd/onnx {models["vacuum"][0]} fparam 0.5 -0.4 aparam 0.6 reduce 2e-3
pair_coeff * * Li S
run 0
"""
    out = good(lmp(text, tmp_path)).output
    assert "deepion: self-check: " in out and "as measured at export on" in out and "40 boxes" in out


SAID = {
    ("plain", "fparam 0.5 -0.4 aparam 0.6"): "fparam 0.5 -0.4, aparam 0.6 of all atoms",
    ("plain", "fparam_from_fix F aparam_from_compute A"): "fparam from fix F, aparam from compute A",
    ("hot", "fparam_from_compute T"): "fparam from compute T",
    ("default", ""): "fparam 0.3 -0.2 (default of the model)",
    ("atoms", "aparam 0.25"): "aparam 0.25 of all atoms",
}


@pytest.mark.parametrize(("name", "keywords"), SAID)
def test_summary_says_where_parameters_come_from(models, data, tmp_path, name, keywords):
    text = f"""units metal
read_data {data}
neighbor 1.0 bin
variable one equal 1.0
fix F all ave/time 1 1 1 v_one
compute A all property/atom id
compute T all temp
pair_style {style(models, name, keywords)}
pair_coeff * * Li S
run 0
"""
    out = good(lmp(text, tmp_path)).output
    assert f"\n  {SAID[name, keywords]}\n" in out, out
