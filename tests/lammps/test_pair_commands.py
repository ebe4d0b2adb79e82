# SPDX-License-Identifier: MIT
"""The commands around the style: pair_coeff, hybrid styles, fix adapt, parameters, per-atom computes."""

import hashlib

import numpy as np
import pytest

from lammps_runs import NKTV2P, Batch, assert_same, assert_signal, evaluate, good, lmp

DOUBLE = "precision double"


def setup(data, style, coeff="* * Li S", more=""):
    return f"""units metal
read_data {data}
neighbor 1.0 bin
pair_style {style}
pair_coeff {coeff}
{more}
"""


# --- pair_coeff ---------------------------------------------------------------------------------------------------------


def test_elements_may_come_in_any_order_and_repeat(models, box, tmp_path, python_values):
    """Types permuted in the data file and in pair_coeff; two types of one element; a later pair_coeff replaces."""
    style = f"deepmd/onnx {models['a']} {DOUBLE}"
    swapped = box.changed(types=3 - box.types)
    split = box.changed(types=np.where((box.types == 1) & (box.ids % 2 == 0), 3, box.types), ntypes=3)
    batch = Batch(tmp_path)
    batch.add(box.write(tmp_path / "data.0"), style)
    batch.add(swapped.write(tmp_path / "data.1"), style, "* * S Li")
    batch.add(split.write(tmp_path / "data.2"), style, "* * Li S Li")
    batch.add(tmp_path / "data.0", style, "* * S Li", after="pair_coeff * * Li S")
    batch.add(tmp_path / "data.0", style, "* *")
    plain, *others = batch.run()
    assert_signal(plain)
    for other in others:
        assert_same(plain, other, 1e-12)
    assert batch.last.output.count("deepion: pair_coeff * * without names: atom type 1 = Li, 2 = S") == 1


def test_atoms_of_null_types_do_not_interact(models, box, tmp_path, python_values):
    third = box.changed(types=np.where(box.ids % 8 == 0, 3, box.types), ntypes=3)
    e = evaluate(tmp_path, third.write(tmp_path / "data"), f"deepmd/onnx {models['a']} {DOUBLE}", coeff="* * Li S NULL")
    expected = python_values(models["a"], third, elements=("Li", "S", "NULL"))
    assert_signal(expected)
    assert_same(expected, e, 1e-11)
    assert np.all(e.force[third.types == 3] == 0.0) and np.all(e.atom_energy[third.types == 3] == 0.0)


def test_model_with_more_elements_than_the_system(models, box, tmp_path, python_values):
    e = evaluate(tmp_path, box.write(tmp_path / "data"), f"deepmd/onnx {models['c']} {DOUBLE}")
    assert_same(python_values(models["c"], box), e, 1e-11)


def test_pair_style_given_again_keeps_the_elements(models, box, data, tmp_path, python_values):
    """pair_style of the same name again replaces the models; pair_coeff is remembered by element."""
    more = f"pair_style deepmd/onnx {models['c']} {DOUBLE}\n"
    e = evaluate(tmp_path, data, f"deepmd/onnx {models['a']} {DOUBLE}", after=more)
    assert_same(python_values(models["c"], box), e, 1e-11)


# --- hybrid -------------------------------------------------------------------------------------------------------------


def test_hybrid_styles_add_up(models, box, data, tmp_path):
    style = f"deepmd/onnx {models['a']} {DOUBLE}"
    lj = "pair_coeff * * lj/cut 0.2 2.0\n"
    third = box.changed(types=np.where(box.ids % 8 == 0, 3, box.types), ntypes=3)
    with_third = third.write(tmp_path / "data.third")
    batch = Batch(tmp_path)
    batch.add(data, style)
    batch.add(data, "lj/cut 3.5", "* * 0.2 2.0")
    batch.add(data, f"hybrid/overlay {style} lj/cut 3.5", "* * deepmd/onnx Li S", after=lj)
    batch.add(data, f"hybrid/scaled 0.3 {style} 0.6 lj/cut 3.5", "* * deepmd/onnx Li S", after=lj)
    batch.add(with_third, style, "* * Li S NULL")
    lj3 = "pair_coeff * 3 lj/cut 0.2 2.0\n"
    batch.add(with_third, f"hybrid {style} lj/cut 3.5", "* * deepmd/onnx Li S NULL", after=lj3)
    batch.add(with_third, "lj/cut 3.5", "* * 0.0 2.0", after="pair_coeff * 3 0.2 2.0\n")
    two = f"hybrid/overlay {style} {style.replace('a.onnx', 'b.onnx')}"
    batch.add(data, two, "* * deepmd/onnx 1 Li S", after="pair_coeff * * deepmd/onnx 2 Li S\n")
    batch.add(data, style.replace("a.onnx", "b.onnx"))
    deep, pair, overlay, scaled, deep3, hybrid3, pair3, both, second = batch.run()
    assert_signal(deep)
    assert_signal(pair)
    for whole, parts in (
        (overlay, ((1.0, deep), (1.0, pair))),
        (scaled, ((0.3, deep), (0.6, pair))),
        (hybrid3, ((1.0, deep3), (1.0, pair3))),
        (both, ((1.0, deep), (1.0, second))),
    ):
        assert whole.energy == pytest.approx(sum(w * p.energy for w, p in parts), rel=1e-12)
        assert whole.virial == pytest.approx(sum(w * p.virial for w, p in parts), rel=1e-9, abs=1e-9)
        assert whole.force == pytest.approx(sum(w * p.force for w, p in parts), abs=1e-10)
        if whole is not scaled:
            assert whole.atom_energy == pytest.approx(sum(w * p.atom_energy for w, p in parts), abs=1e-10)


def test_fix_adapt_scales_energy_forces_and_virial(models, data, tmp_path):
    scale = "variable s equal {}\nfix a all adapt 1 pair deepmd/onnx scale * * v_s\n"
    batch = Batch(tmp_path)
    for value in (1.0, 0.25, 0.0):
        batch.add(data, f"deepmd/onnx {models['a']} {DOUBLE}", after=scale.format(value))
    full, quarter, nothing = batch.run()
    assert_signal(full)
    for name in ("energy", "virial", "force", "atom_energy", "centroid", "stress"):
        assert getattr(quarter, name) == pytest.approx(0.25 * getattr(full, name), rel=1e-12, abs=1e-13)
        assert np.all(getattr(nothing, name) == 0.0)


@pytest.mark.parametrize("word", ["elements", "model_sha256"])
def test_fix_adapt_cannot_write_into_the_model(models, data, tmp_path, word):
    """What other styles of the plugin ask the potential is no parameter that fix adapt could change."""
    adapt = f"variable s equal 2.0\nfix a all adapt 1 pair deepmd/onnx {word} * * v_s\nrun 0\n"
    run = lmp(setup(data, f"deepmd/onnx {models['a']} check no", more=adapt), tmp_path)
    assert run.returncode != 0 and len(run.errors()) == 1, run.output
    assert f"Fix adapt pair style deepmd/onnx param {word} not supported" in run.errors()[0]


def test_fixes_see_the_elements_and_hashes_of_hybrid_styles(models, box, tmp_path):
    """Two instances of the style, one for each element: a fix names the species after both, the table both files."""
    instance = f"deepmd/onnx {models['a']} check no"
    split = f"""units metal
read_data {box.write(tmp_path / "data")}
mass 1 6.94
mass 2 32.06
neighbor 1.0 bin
pair_style hybrid/overlay {instance} {instance.replace("a.onnx", "b.onnx")}
pair_coeff * * deepmd/onnx 1 Li NULL
pair_coeff * * deepmd/onnx 2 NULL S
velocity all create 300 1
fix nve all nve
fix vd all ion/vdos 1 5 file vdos.txt output 10
run 10
"""
    good(lmp(split, tmp_path))
    text = (tmp_path / "vdos.txt").read_text()
    hashes = [hashlib.sha256(models[name].read_bytes()).hexdigest() for name in "ab"]
    assert "+".join(hashes) in text
    assert "g_Li_1/THz" in text and "g_S_1/THz" in text and "type1" not in text


# --- parameters ---------------------------------------------------------------------------------------------------------


def test_fparam_and_aparam(models, box, data, tmp_path, python_values):
    style = f"deepmd/onnx {models['p']} {DOUBLE}"
    batch = Batch(tmp_path)
    batch.add(data, f"{style} fparam 0.3 -0.2 aparam 0.7")
    batch.add(data, f"{style} fparam 0.1 -0.2 aparam 0.7")
    batch.add(data, f"{style} fparam 0.3 -0.2 aparam_from_compute ap", after="compute ap all property/atom id\n")
    batch.add(data, f"deepmd/onnx {models['default']} {DOUBLE}")
    uniform, other, per_atom, default = batch.run()
    fparam = [0.3, -0.2]
    assert_same(python_values(models["p"], box, fparam=fparam, aparam=[0.7]), uniform, 1e-11)
    assert abs(uniform.energy - other.energy) > 1e-4
    ids = box.ids[:, None].astype(float)
    assert_same(python_values(models["p"], box, fparam=fparam, aparam=ids), per_atom, 1e-11)
    assert_same(python_values(models["default"], box), default, 1e-11)


def test_fparam_from_compute_and_fix_follow_the_run(models, box, data, tmp_path, python_values):
    """On every step, although thermo looks only at some; a fix's value is the one it has when forces are computed."""
    style = f"deepmd/onnx {models['p1']} {DOUBLE}"
    run = """velocity all create 3000 9
timestep 0.001
fix 1 all nve
thermo 4
dump d all custom 1 dump.{0} id type xu yu zu fx fy fz
dump_modify d sort id format float %.17g
run 4
"""
    script = setup(data, style + " fparam_from_compute G", more="compute G all gyration\n") + run.format("compute")
    fix = "variable x equal 0.4\nfix F all ave/time 1 1 1 v_x\n"
    script += "clear\n" + setup(data, style + " fparam_from_fix F", more=fix) + run.format("fix")
    good(lmp(script, tmp_path))

    def frames(name):
        blocks = (tmp_path / f"dump.{name}").read_text().split("ITEM: TIMESTEP\n")[1:]
        return [np.array([line.split() for line in block.splitlines()[8:]], float) for block in blocks]

    mass = 10.0 * box.types
    radii = []
    for rows in frames("compute"):
        x = rows[:, 2:5]
        radii.append(np.sqrt((mass * ((x - mass @ x / mass.sum()) ** 2).sum(axis=1)).sum() / mass.sum()))
        expected = python_values(models["p1"], box.changed(x=x), fparam=[radii[-1]])
        assert rows[:, 5:8] == pytest.approx(expected.force, abs=1e-9)
    assert np.ptp(radii) > 1e-3
    for step, rows in enumerate(frames("fix")):
        expected = python_values(models["p1"], box.changed(x=rows[:, 2:5]), fparam=[0.4 if step > 1 else 0.0])
        if step != 1:
            assert rows[:, 5:8] == pytest.approx(expected.force, abs=1e-9), step


# --- computes -----------------------------------------------------------------------------------------------------------


def test_heat_flux_with_centroid_stress(models, data, tmp_path):
    """compute heat/flux with centroid stress = sum over atoms of e v and the centroid virial times v."""
    more = """velocity all create 500 4
compute ke all ke/atom
compute pe all pe/atom
compute s all centroid/stress/atom NULL virial
compute J all heat/flux ke pe s
thermo_style custom step c_J[1] c_J[2] c_J[3] c_J[4] c_J[5] c_J[6]
thermo_modify format float %.17g
dump d all custom 1 dump.j id vx vy vz c_ke c_pe c_s[1] c_s[2] c_s[3] c_s[4] c_s[5] c_s[6] c_s[7] c_s[8] c_s[9]
dump_modify d sort id format float %.17g
run 0
"""
    table = good(lmp(setup(data, f"deepmd/onnx {models['a']} {DOUBLE}", more=more), tmp_path)).thermo[0]
    flux = np.array([table[f"c_J[{i}]"][0] for i in range(1, 7)])
    rows = np.loadtxt(tmp_path / "dump.j", skiprows=9)
    v, energy, s = rows[:, 1:4], rows[:, 4] + rows[:, 5], rows[:, 6:] / NKTV2P["metal"]
    convective = (energy[:, None] * v).sum(axis=0)
    virial = -np.array(
        [
            (s[:, 0] * v[:, 0] + s[:, 3] * v[:, 1] + s[:, 4] * v[:, 2]).sum(),
            (s[:, 6] * v[:, 0] + s[:, 1] * v[:, 1] + s[:, 5] * v[:, 2]).sum(),
            (s[:, 7] * v[:, 0] + s[:, 8] * v[:, 1] + s[:, 2] * v[:, 2]).sum(),
        ]
    )
    assert np.abs(virial).max() > 0.1
    assert flux[3:] == pytest.approx(convective, rel=1e-9)
    assert flux[:3] == pytest.approx(convective + virial, rel=1e-8)


def test_communication_cutoff_below_the_model_is_raised(models, data, tmp_path):
    """LAMMPS itself takes the larger of the two: a small comm_modify cutoff changes nothing."""
    batch = Batch(tmp_path)
    for more in ("", "comm_modify cutoff 2.0\n"):
        batch.add(data, f"deepmd/onnx {models['a']} {DOUBLE}", after=more)
    plain, small = batch.run(ranks=2)
    assert_same(plain, small, 1e-13)


def test_types_exchanged_without_a_new_neighbor_list(models, data, tmp_path):
    """fix atom/swap changes types between list builds: the energy must follow."""
    more = """velocity all create 300 1
fix s all atom/swap 1 5 11 3000 ke no types 1 2
neigh_modify delay 100 every 100 check no
thermo 1
thermo_style custom step pe f_s[1] f_s[2]
thermo_modify format float %.15g
run 5
write_data data.swapped nocoeff
"""
    style = f"deepmd/onnx {models['a']} {DOUBLE}"
    table = good(lmp(setup(data, style, more=more), tmp_path)).thermo[0]
    assert table["f_s[2]"][-1] > 0
    after = evaluate(tmp_path, tmp_path / "data.swapped", style)
    assert table["PotEng"][-1] == pytest.approx(after.energy, rel=1e-9)


def test_minimize_and_rerun(models, data, tmp_path):
    more = "thermo_style custom step pe fnorm\nminimize 0 1e-3 50 200\n"
    table = good(lmp(setup(data, f"deepmd/onnx {models['a']}", more=more), tmp_path)).thermo[0]
    assert table["PotEng"][-1] < table["PotEng"][0] - 0.1
