# SPDX-License-Identifier: MIT
"""Units si: energies in J, lengths in m, forces in N, pressures in Pa, against units metal."""

import numpy as np
import pytest

from lammps_runs import ENERGY, Batch, assert_same, assert_signal, good, lmp
from small_models import random_box
from test_pair_errors import refused

DOUBLE = "precision double"
JOULE = ENERGY["si"]  # in one eV
NEWTON = JOULE / 1e-10  # in one eV/A
DALTON = 1.66053906660e-27  # kg


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("keywords", [DOUBLE, "precision double tabulate yes", "precision mixed"])
@pytest.mark.parametrize("tilt", [0.0, 1.0])
def test_same_as_metal(models, tmp_path, keywords, ranks, tilt):
    """Energies, forces, pressure and virials per atom. Positions differ in their last bits: 1e-12 in double, float32 in mixed."""
    box = random_box(tilt=tilt)
    batch = Batch(tmp_path)
    batch.add(box.write(tmp_path / "metal"), f"deepmd/onnx {models['a']} {keywords}")
    batch.add(box.in_meters().write(tmp_path / "si"), f"deepmd/onnx {models['a']} {keywords}", units="si")
    metal, si = batch.run(ranks=ranks)
    assert_signal(metal)
    assert si.x == pytest.approx(metal.x, rel=1e-14)
    assert_same(metal, si, 1e-11 if "double" in keywords else 3e-6)


def test_virial_is_the_strain_derivative_of_the_energy(models, tmp_path):
    """Pressure in Pa = -dE/dV in J/m^3: the unit of pressure does not come from a table of the test."""
    box, h = random_box(), 1e-5
    batch = Batch(tmp_path)
    for k, strain in enumerate((0.0, h, -h)):
        scaled = box.changed(x=box.x * (1 + strain), cell=box.cell * (1 + strain)).in_meters()
        batch.add(scaled.write(tmp_path / f"{k}"), f"deepmd/onnx {models['a']} {DOUBLE}", units="si")
    whole, plus, minus = batch.run()
    pressure = batch.last.thermo[0]
    volume, energy = pressure["Volume"][0], [e.energy * JOULE for e in (plus, minus)]
    slope = (energy[0] - energy[1]) / (2 * h) / (3 * volume)
    assert np.mean([pressure[f"c_press[{i}]"][0] for i in (1, 2, 3)]) == pytest.approx(-slope, rel=1e-6)
    assert abs(slope) > 1e8


def test_dynamics(models, tmp_path):
    """The same trajectory as in units metal, and energy in J that is conserved."""
    box = random_box()
    results = {}
    for units, scaled, factor, mass, speed, dt in (
        ("metal", box, 1.0, 1.0, 1.0, 0.0005),
        ("si", box.in_meters(), JOULE, DALTON, 100.0, 0.5e-15),
    ):
        text = f"""units {units}
read_data {scaled.write(tmp_path / f"data.{units}")}
mass 1 {10.0 * mass}
mass 2 {20.0 * mass}
neighbor {1.0 if units == "metal" else 1e-10} bin
pair_style deepmd/onnx {models["a"]} {DOUBLE}
pair_coeff * * Li S
variable v atom {speed}*3.0*sin(id)
velocity all set v_v v_v v_v
timestep {dt}
fix 1 all nve
thermo_style custom step pe etotal press
thermo_modify format float %.17g
run 20
"""
        run = good(lmp(text, tmp_path))
        results[units] = {name: column / factor for name, column in run.thermo[0].items()}
        assert "the time step" not in run.output, run.output
    metal, si = results["metal"], results["si"]
    assert abs(metal["PotEng"][-1] - metal["PotEng"][0]) > 0.1
    assert np.ptp(si["TotEng"]) < 0.05 * np.ptp(si["PotEng"])
    assert si["PotEng"] == pytest.approx(metal["PotEng"], rel=1e-5)  # LAMMPS' constants of both units have 7 digits


def test_deviation_file(models, tmp_path):
    """Deviations of forces in N, of virials in J; relative ones like absolute ones, as in units real."""
    box = random_box()
    kinds = {"": (1.0, 1.0), "relative {0:.17g}": (0.5, 1.0), "relative_v {1:.17g}": (1.0, 0.2), "atomic": (1.0, 1.0)}
    rows = {}
    for units, scaled, force, energy in (("metal", box, 1.0, 1.0), ("si", box.in_meters(), NEWTON, JOULE)):
        data = scaled.write(tmp_path / f"data.{units}")
        text = ""
        for k, (keywords, levels) in enumerate(kinds.items()):
            words = keywords.format(levels[0] * force, levels[1] * energy)
            text += f"""clear
units {units}
read_data {data}
neighbor {1.0 if units == "metal" else 1e-10} bin
pair_style deepmd/onnx {models["a"]} {models["b"]} {DOUBLE} out_file {units}.{k} out_freq 1 {words}
pair_coeff * * Li S
compute md all pair deepmd/onnx
thermo_style custom step c_md[1] c_md[4]
thermo_modify format float %.17g
run 0
"""
        run = good(lmp(text, tmp_path))
        rows[units] = []
        for k, table in enumerate(run.thermo):
            row = np.loadtxt(tmp_path / f"{units}.{k}", ndmin=2)[0][1:]
            assert table["c_md[1]"][0] == pytest.approx(row[0], rel=1e-6)
            assert table["c_md[4]"][0] == pytest.approx(row[3], rel=1e-6)
            rows[units].append(np.concatenate([row[:3] / energy, row[3:] / force]))
    for metal, si in zip(rows["metal"], rows["si"], strict=True):
        assert len(metal) == len(si) >= 6 and np.abs(metal).min() > 1e-4
        assert si == pytest.approx(metal, rel=2e-6)  # 7 digits in the file
    assert rows["metal"][1][3] != rows["metal"][0][3] and rows["metal"][2][0] != rows["metal"][0][0]


SETUP = """units {units}
{before}
read_data {data}
{neighbor}
pair_style deepmd/onnx {model}
pair_coeff * * Li S
{after}
run 0
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_default_skin_is_refused(models, tmp_path, ranks):
    """1 mm: LAMMPS would look for images of atoms until memory ends."""
    text = SETUP.format(units="si", before="", data=random_box().in_meters().write(tmp_path / "si"), neighbor="",
                        model=models["a"], after="")  # fmt: skip
    refused(
        tmp_path,
        text,
        "the neighbor skin is 1e+07 A (the default in units si is 1 mm): use 'neighbor 2e-10 bin'",
        ranks,
    )


def test_messages_are_in_angstrom_and_masses_in_kg(models, tmp_path):
    """The cutoff against the box, atoms that are close, masses that tell elements."""
    box = random_box()
    data = box.in_meters().write(tmp_path / "si")
    text = SETUP.format(units="si", before="comm_style tiled", data=data, neighbor="neighbor 6e-10 bin", model=models["a"],
                        after="")  # fmt: skip
    text = text.replace("read_data", "processors * * *\nread_data")
    refused(tmp_path, text, "the periodic box is 9.2 A thin in x, less than cutoff plus skin (10 A)", 1)

    swapped = f"mass 1 {32.06 * DALTON}\nmass 2 {6.94 * DALTON}\n"
    text = SETUP.format(
        units="si", before="", data=data, neighbor="neighbor 1e-10 bin", model=models["a"], after=swapped
    )
    refused(tmp_path, text, "atom type 1 is named Li (6.94 g/mol), but its mass 32.06 is that of S", 1)

    right = f"mass 1 {6.94 * DALTON}\nmass 2 {32.06 * DALTON}\ntimestep 1e-18\n"
    text = SETUP.format(
        units="si", before="", data=data, neighbor="neighbor 1e-10 bin", model=models["close"], after=right
    )
    out = good(lmp(text, tmp_path)).output
    assert "but its mass is" not in out
    assert "the time step 1e-18 is 0.001 fs: units si count time in s" in out
    assert "A apart, closer than any pair in the training data" in out and "(2.2 A)" in out


MEASUREMENTS = (
    "fix m ions ion/transport 1",
    "fix m ions ion/coordination 1 all rcut 3.0 3.0 1",
    "fix m ions ion/rdf 1 all 3.0 10",
    "fix m ions ion/vdos 1 11",
    "compute m ions ion/coordination all rcut 3.0 3.0 1",
    "compute m ions ion/msd",
)


@pytest.mark.parametrize("command", MEASUREMENTS)
def test_measurements_refuse_units_si(models, tmp_path, command):
    """They name the units that they work in."""
    text = SETUP.format(
        units="si",
        before="",
        data=random_box().in_meters().write(tmp_path / "si"),
        neighbor="neighbor 1e-10 bin",
        model=models["a"],
        after=f"group ions type 1\n{command}\nthermo_style custom step {'c_m[1]' if 'msd' in command else ''}",
    )
    run = lmp(text, tmp_path, timeout=30)
    assert run.returncode != 0 and len(run.errors()) == 1
    assert "units metal or units real are needed, not units si" in run.errors()[0], run.errors()
