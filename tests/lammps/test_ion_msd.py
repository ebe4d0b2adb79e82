# SPDX-License-Identifier: MIT
"""Displacements against numpy on the same trajectory: every lag, every drift reference, every kind of box and of unwrapping."""

import re

import numpy as np
import pytest

from ion_runs import DT, against, brute_force, columns, dump, free_flight, gas, gas_atoms, lj, moments, setup, table
from lammps_runs import good, lmp

# The file has 13 digits and positions of up to 100 A have errors of 1e-14 A: 1e-10 leaves room for neither to matter, and
# none for an origin too many.
FILE = 1e-10
# Toroidal positions add up 400 steps of 1e-15 A each, against displacements of 1 A and more.
ADDED = 1e-9
# Free flight is exact: what is left are 13 digits, and 1e-14 A of a mean position against displacements of 0.3 A and more.
DRIFT = 1e-11

REFERENCES = ("framework", "com", "none")
PER_LEVEL, LEVELS, EVERY = 4, 3, 5
ORIGINS = 4  # of a unit where there are 4 lags on a level
NAMES = ("x", "y", "z", "msd", "collective", "ngp")


def close(found, expected, tolerance):
    """Relative; the non-Gaussian parameter, a ratio less 1, counts as the ratio."""
    found, expected = np.array(found, float), np.array(expected, float)
    found[-1] += 1
    expected[-1] += 1
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=0)


def measurements(prefix=""):
    text = ""
    for drift in REFERENCES:
        text += f"fix {drift} ion ion/transport {EVERY} drift {drift} lags {PER_LEVEL} {LEVELS} file {prefix}{drift} "
        text += f"temp 900 fit 0.02 0.3\ncompute {drift} ion ion/msd drift {drift}\n"
    return text


THERMO = "thermo_style custom step " + " ".join(f"c_{d}[{k}]" for d in REFERENCES for k in range(1, 7))
THERMO += " " + " ".join(f"f_{d} f_{d}[10]" for d in REFERENCES) + "\nthermo_modify format float %.17g\n"


@pytest.fixture(scope="module", params=[0.0, 2.0], ids=["orthogonal", "triclinic"])
def liquid(request, tmp_path_factory):
    """1003 steps of a hot liquid with its dump, then the dump once more in units real."""
    folder = tmp_path_factory.mktemp("liquid")
    data = gas(folder / "data", tilt=request.param)
    script = lj(data) + measurements() + THERMO
    script += f"""thermo 100
dump d all custom {EVERY} dump.u id type xu yu zu
dump_modify d sort id format float %.17g
dump i all custom {EVERY} dump.x id type x y z ix iy iz
dump_modify i sort id format float %.17g
run 1003
"""
    run = good(lmp(script, folder))
    again = setup(data, "pair_style zero 5.0\npair_coeff * *", units="real") + measurements("real.") + THERMO
    real = good(lmp(again + "thermo 100\nrerun dump.x dump x y z ix iy iz box yes\n", folder))
    steps, _, frames = dump(folder / "dump.u")
    assert np.array_equal(steps, np.arange(0, 1001, EVERY))
    return folder, frames[0, :, 0], frames[:, :, 1:], run.thermo[0], real.thermo[0]


@pytest.mark.parametrize("drift", REFERENCES)
def test_msd_at_every_lag_equals_brute_force(liquid, drift):
    folder, types, u, _, _ = liquid
    rows = table(folder / drift)
    found = columns(rows)
    expected = brute_force(against(u, types, drift), PER_LEVEL, LEVELS, EVERY * DT, ORIGINS)
    assert len(rows) == 16 and expected[0, 2] > 0.04 and expected[-1, 2] > 5
    np.testing.assert_allclose(found["lag"], expected[:, 0], rtol=1e-12)
    assert np.array_equal(found["origins"], expected[:, 1])
    for k in range(len(rows)):
        close([found[name][k] for name in NAMES], expected[k, 2:], FILE)


def test_drift_references_differ(liquid):
    """Masses count, and so does the framework: or the test above would show nothing."""
    folder, types, u, _, _ = liquid
    msd = {drift: columns(table(folder / drift))["msd"][-1] for drift in REFERENCES}
    centered = (u - u.mean(axis=1, keepdims=True))[:, types == 1]
    same_masses = brute_force(centered, PER_LEVEL, LEVELS, EVERY * DT, ORIGINS)[-1, 5]
    values = [*msd.values(), same_masses]
    assert all(abs(a / b - 1) > 1e-3 for i, a in enumerate(values) for b in values[:i]), values


@pytest.mark.parametrize("drift", REFERENCES)
def test_compute_msd_counts_from_its_definition(liquid, drift):
    _, types, u, thermo, _ = liquid
    r = against(u, types, drift)
    rows = np.flatnonzero(thermo["Step"] % EVERY == 0)
    assert len(rows) == 11
    for k in rows[1:]:
        expected = moments((r[int(thermo["Step"][k]) // EVERY] - r[0])[None])
        assert expected[3] > 1
        close([thermo[f"c_{drift}[{i}]"][k] for i in range(1, 7)], expected, FILE)
    assert all(abs(thermo[f"c_{drift}[{i}]"][0]) < 1e-20 for i in range(1, 7))  # put back into the box: rounding


@pytest.mark.parametrize("drift", REFERENCES)
def test_units_metal_and_real(liquid, drift):
    """The same trajectory gives the same file, diffusion coefficient and conductivity."""
    folder, _, _, metal, real = liquid
    np.testing.assert_allclose(table(folder / f"real.{drift}"), table(folder / drift), rtol=FILE)
    for name in (f"f_{drift}", f"f_{drift}[10]"):
        last = np.flatnonzero(metal["Step"] == 1000)[0]
        assert metal[name][last] > 0.0
        np.testing.assert_allclose(real[name][-1], metal[name][last], rtol=FILE)


def test_drift_of_all_atoms_is_removed(tmp_path):
    """A velocity added to all atoms moves ions and framework alike; one added to the ions alone is theirs."""
    data = gas(tmp_path / "data")
    found = {}
    for name, drift in {"still": "", "all": "velocity all", "ions": "velocity ion"}.items():
        command = f"{drift} set 8 -6 5 sum yes" if drift else ""
        script = free_flight(data) + f"{command}\nfix tr ion ion/transport 5 lags 10 2 file {name}\n"
        script += f"fix no ion ion/transport 5 lags 10 2 drift none file {name}.none\nrun 1000\n"
        good(lmp(script, tmp_path))
        found[name] = columns(table(tmp_path / name))
        found[name + ".none"] = columns(table(tmp_path / f"{name}.none"))
    time = found["still"]["lag"]
    assert len(time) == 23 and found["still"]["msd"][0] > 0.2
    for name in NAMES:
        np.testing.assert_allclose(found["all"][name], found["still"][name], rtol=DRIFT)
    assert np.all(np.abs(found["all.none"]["x"] / found["still.none"]["x"] - 1) > 0.005)
    # ballistic: MSD = <(v + u)^2> t^2; the collective one gains most, its velocities do not cancel
    u = np.array([8, -6, 5])
    box, v = gas_atoms()
    v = v[box.types == 1] - v[box.types == 2].mean(axis=0)
    expected = ((v + u) ** 2).sum(axis=1).mean()
    assert abs(expected / (v**2).sum(axis=1).mean() - 1) > 0.005
    np.testing.assert_allclose(found["ions"]["msd"], expected * time**2, rtol=DRIFT)
    np.testing.assert_allclose(
        found["ions"]["collective"], ((v + u).sum(axis=0) ** 2).sum() / len(v) * time**2, rtol=DRIFT
    )


BREATHING = {  # name: (tilt, commands)
    "wiggle": (0.0, "fix box all deform 1 x wiggle 1.5 0.3 y wiggle 1 0.4 z wiggle 0.5 0.2 remap x"),
    "sheared": (1.0, "fix box all deform 1 x wiggle 1 0.3 xy wiggle 1.0 0.4 yz wiggle 0.5 0.3 remap x flip no"),
    "npt": (0.0, "unfix move\nfix box all npt temp 3000 3000 0.05 aniso 20000 20000 0.05"),
}


@pytest.mark.parametrize("box", BREATHING)
def test_unwrapping_in_a_box_that_changes_size(tmp_path, box):
    """Ions far away by image flags: toroidal positions are the sum of the steps, image positions swing with the box."""
    tilt, commands = BREATHING[box]
    data = gas(tmp_path / "data", speed=10, tilt=tilt)
    script = lj(data) + f"{commands}\nset group ion image 20 0 0\n"
    for name, unwrap in {"auto": "", "toroidal": "unwrap toroidal", "image": "unwrap image"}.items():
        script += f"fix {name} ion ion/transport 2 lags 4 4 {unwrap} file {name}\ncompute {name} ion ion/msd {unwrap}\n"
    script += """dump d all custom 1 dump id type x y z ix iy iz
dump_modify d sort id format float %.17g
thermo 400
thermo_style custom step lx c_auto[4] c_toroidal[4] c_image[4]
thermo_modify format float %.17g
run 400
"""
    run = good(lmp(script, tmp_path, ranks=2))
    assert re.search("transport auto: .*unwrap toroidal", run.output) and re.search(
        "transport image: .*unwrap image", run.output
    )
    _, cells, frames = dump(tmp_path / "dump")
    types, x, n = frames[0, :, 0], frames[:, :, 1:4], frames[:, :, 4:]
    assert np.ptp(cells[:, 0, 0]) > 0.2 and np.abs(np.diff(n, axis=0)).sum() > 80
    steps = np.diff(x, axis=0) + np.einsum("fak,fkx->fax", np.diff(n, axis=0), cells[1:])
    toroidal = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(steps, axis=0)])
    image = x + np.einsum("fak,fkx->fax", n, cells)
    msd = {}
    for name, u, tolerance in (("toroidal", toroidal, ADDED), ("image", image, FILE)):
        r = against(u, types, "framework")
        expected = brute_force(r[::2], 4, 4, 2 * DT, 4)
        found = columns(table(tmp_path / name))
        assert len(found["lag"]) == len(expected) == 21 and expected[0, 2] > 1e-4 and expected[-1, 5] > 1
        assert np.array_equal(found["origins"], expected[:, 1])
        for k in range(12):
            close([found[column][k] for column in NAMES], expected[k, 2:], tolerance)
        last = run.thermo[0][f"c_{name}[4]"][-1]
        np.testing.assert_allclose(last, moments((r[-1] - r[0])[None])[3], rtol=tolerance)
        msd[name] = found["msd"].max()

    def without_id(name: str) -> str:
        text = (tmp_path / name).read_text()
        return text.replace(f"transport {name}", "transport ID").replace(f'"id":"{name}"', '"id":"ID"')

    assert without_id("auto") == without_id("toroidal")
    assert run.thermo[0]["c_auto[4]"][-1] == run.thermo[0]["c_toroidal[4]"][-1]
    assert msd["image"] > 1.5 * msd["toroidal"], msd
