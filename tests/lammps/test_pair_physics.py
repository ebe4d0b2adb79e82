# SPDX-License-Identifier: MIT
"""Energies, forces and virials: against stock ONNX Runtime in Python, and against themselves."""

import numpy as np
import pytest

from lammps_runs import MODEL, ROOT, Batch, assert_same, assert_signal, evaluate, good, lmp
from small_models import RCUT, Box, random_box

DOUBLE = "precision double"


def test_double_equals_python_and_mixed_is_close(models, box, data, tmp_path, python_values):
    batch = Batch(tmp_path)
    for precision in ("double", "mixed"):
        batch.add(data, f"deepmd/onnx {models['a']} precision {precision}")
    double, mixed = batch.run()
    expected = python_values(models["a"], box)
    assert_signal(expected)
    assert_same(expected, double, 1e-12)
    assert_same(expected, mixed, 1e-5)
    assert np.abs(mixed.force - double.force).max() > 1e-9  # mixed is another path


def test_per_atom_values_sum_to_totals(models, data, tmp_path):
    e = evaluate(tmp_path, data, f"deepmd/onnx {models['a']} {DOUBLE}")
    assert_signal(e)
    assert e.atom_energy.sum() == pytest.approx(e.energy, rel=1e-12)
    total = e.centroid.sum(axis=0)
    assert total[3:6] == pytest.approx(total[6:9], rel=1e-9, abs=1e-10)  # the whole is symmetric
    assert total[:6] == pytest.approx(e.virial, rel=1e-10, abs=1e-10)
    assert e.stress.sum(axis=0) == pytest.approx(e.virial, rel=1e-10, abs=1e-10)
    assert e.stress[:, 3:] == pytest.approx(0.5 * (e.centroid[:, 3:6] + e.centroid[:, 6:]), abs=1e-12)
    assert np.abs(e.force.sum(axis=0)).max() < 1e-11 * len(e.force)


def test_forces_are_minus_the_slope_of_the_energy(models, data, tmp_path):
    # step 1e-4 A: error of the central difference ~ h^2 f'' ~ 1e-8 eV/A, of rounding ~ 1e-16 E/h ~ 1e-10
    script = f"""units metal
atom_modify map array
read_data {data}
neighbor 1.0 bin
pair_style deepmd/onnx {models["a"]} {DOUBLE}
pair_coeff * * Li S
fix nd all numdiff 1 1e-4
variable dx atom abs(fx-f_nd[1])
variable dy atom abs(fy-f_nd[2])
variable dz atom abs(fz-f_nd[3])
compute d all reduce max v_dx v_dy v_dz
compute f all reduce max fx fy fz
thermo_style custom step pe c_d[1] c_d[2] c_d[3] c_f[1] c_f[2] c_f[3]
run 0
"""
    table = good(lmp(script, tmp_path)).thermo[0]
    for i in (1, 2, 3):
        assert table[f"c_d[{i}]"][0] < 1e-6 < 0.1 < table[f"c_f[{i}]"][0]


def test_virial_is_the_strain_derivative(models, tmp_path):
    box = random_box(tilt=1.0)
    h = 1e-5
    batch = Batch(tmp_path)
    style = f"deepmd/onnx {models['a']} {DOUBLE} check no"
    batch.add(box.write(tmp_path / "data.0"), style)
    strains = [(0, 0), (1, 1), (2, 2), (1, 0), (2, 0), (2, 1)]  # those that keep a along x and b in the xy plane
    for a, b in strains:
        for sign in (1, -1):
            deform = np.eye(3)
            deform[a, b] += sign * h  # row vectors: r' = r deform
            name = tmp_path / f"data.{a}{b}{sign}"
            batch.add(box.changed(x=box.x @ deform, cell=box.cell @ deform).write(name), style)
    results = batch.run()
    assert_signal(results[0])
    order = [0, 1, 2, 3, 4, 5]
    for k, (plus, minus) in enumerate(zip(results[1::2], results[2::2], strict=True)):
        assert -(plus.energy - minus.energy) / (2 * h) == pytest.approx(results[0].virial[order[k]], abs=1e-5)


def test_invariances(models, tmp_path):
    """Translation, permutation, supercell, and (for a cluster in the open) rotation."""
    box = random_box()
    rng = np.random.default_rng(7)
    n = len(box)
    permutation = rng.permutation(n)
    shift = (box.x + [1.3, -2.1, 0.7]) % np.diag(box.cell)
    cells = np.array([[i, j, k] for i in range(2) for j in range(1) for k in range(2)]) @ box.cell
    double = Box(np.concatenate([box.x + c for c in cells]), np.tile(box.types, 4), box.cell * [[2], [1], [2]])
    style = f"deepmd/onnx {models['a']} {DOUBLE} check no"
    batch = Batch(tmp_path)
    batch.add(box.write(tmp_path / "data.0"), style)
    batch.add(box.changed(x=shift).write(tmp_path / "data.1"), style)
    batch.add(box.changed(x=box.x[permutation], types=box.types[permutation]).write(tmp_path / "data.2"), style)
    batch.add(double.write(tmp_path / "data.3"), style)

    # the cluster, free in the middle of a large box, and turned
    q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    q *= np.sign(np.linalg.det(q))
    large = 40.0 * np.eye(3)
    centered = box.x - box.x.mean(axis=0)
    for k, x in ((4, centered), (5, centered @ q.T)):
        batch.add(box.changed(x=x + 20.0, cell=large).write(tmp_path / f"data.{k}"), style, before="boundary f f f")
    plain, shifted, permuted, supercell, free, turned = batch.run()

    assert_signal(plain)
    assert_same(plain, shifted, 1e-11)
    assert permuted.energy == pytest.approx(plain.energy, rel=1e-13)
    assert permuted.force == pytest.approx(plain.force[permutation], abs=1e-11)
    assert permuted.centroid == pytest.approx(plain.centroid[permutation], abs=1e-10)
    assert supercell.energy == pytest.approx(4 * plain.energy, rel=1e-13)
    assert supercell.force == pytest.approx(np.tile(plain.force, (4, 1)), abs=1e-11)
    assert supercell.virial == pytest.approx(4 * plain.virial, rel=1e-11, abs=1e-9)
    assert_signal(free)
    assert abs(free.energy - plain.energy) > 1e-3
    assert turned.energy == pytest.approx(free.energy, rel=1e-13)
    assert turned.force == pytest.approx(free.force @ q.T, abs=1e-11)


def test_no_interaction_beyond_the_cutoff(models, tmp_path):
    """An atom alone has the same energy as one with a neighbor just beyond the cutoff; within, not."""
    batch = Batch(tmp_path)
    for k, r in enumerate((RCUT + 1e-6, RCUT - 0.5, 15.0)):
        pair = Box([[5, 5, 5], [5 + r, 5, 5]], [1, 2], 30 * np.eye(3))
        style = f"deepmd/onnx {models['a']} {DOUBLE} check no"
        batch.add(pair.write(tmp_path / f"data.{k}"), style, before="boundary f f f")
    beyond, within, alone = batch.run()
    assert beyond.energy == pytest.approx(alone.energy, rel=1e-14)
    assert np.abs(beyond.force).max() == 0.0
    assert abs(within.energy - alone.energy) > 1e-4 and np.abs(within.force).max() > 1e-3


def test_units_real_are_those_of_metal_converted(models, data, tmp_path):
    batch = Batch(tmp_path)
    for units in ("metal", "real"):
        batch.add(data, f"deepmd/onnx {models['a']} {DOUBLE}", units=units)
    metal, real = batch.run()
    assert_signal(metal)
    assert_same(metal, real, 2e-6)  # LAMMPS' own constants of pressure agree to 6 digits only
    assert real.energy == pytest.approx(metal.energy, rel=1e-13)
    assert real.force == pytest.approx(metal.force, abs=1e-12)


@pytest.mark.parametrize(
    "mode",
    ["reduce 1e-3", "reduce 1e-4", "reduce 0", "precision double tabulate yes"],
    ids=lambda mode: mode.replace(" ", "-"),
)
def test_energy_is_conserved(mode, tmp_path):
    """Amorphous Li-P-S-Ti at constant energy and 700 K: forces are the slope of the energy wherever the run goes."""
    data = ROOT / "lammps-examples" / "quickstart" / "data.Ti10"
    script = f"""units metal
read_data {data}
pair_style deepmd/onnx {MODEL} {mode} check no
pair_coeff * * Li P S Ti
timestep 0.0005
velocity all create 1400 4711 mom yes dist gaussian
fix move all nve
run 200
reset_timestep 0
thermo 10
thermo_style custom step etotal
thermo_modify format float %.12g
run 1500
"""
    table = good(lmp(script, tmp_path, timeout=120)).thermo[-1]
    ps, energy = 0.0005 * table["Step"], table["TotEng"] / 105  # eV
    slope, _ = np.polyfit(ps, energy, 1)
    # Of the integrator: at 2 fs the energy wavers by 16 times as much. Forces that are off by 1e-4 of themselves make more of both.
    assert abs(slope) < 2e-6  # eV/atom/ps
    assert energy.std() < 2.5e-6
