# SPDX-License-Identifier: MIT
"""What a measurement says about its conditions: the kinetic temperature beside the given one, and the models that were used."""

import json

import numpy as np
import pytest

from ion_runs import free_flight, gas
from lammps_runs import good, lmp

# LAMMPS' own Boltzmann constants and conversions differ from CODATA 2018 in the sixth digit.
CONSTANTS = 3e-5
TRANSPORT = (
    "fix tr ion ion/transport 5 drift none {} file tr.txt state tr.json\nthermo 5\nthermo_modify format float %.17g\n"
)


def results(path):
    """The one line of data in the head of a file."""
    (line,) = [line for line in path.read_text().splitlines() if line.startswith("# results ")]
    return json.loads(line.removeprefix("# results "))


def quantity(path, name):
    (found,) = [one for one in results(path)["quantities"] if one["name"] == name]
    return found["value"]


def warnings(path):
    return {one["code"] for one in results(path)["warnings"]}


@pytest.mark.parametrize("units", ["metal", "real"])
@pytest.mark.parametrize("ranks", [1, 2])
def test_kinetic_temperature_of_all_atoms(tmp_path, ranks, units):
    """The mean over samples of what thermo says, whatever temperature was given."""
    data = gas(tmp_path / "data", speed=30.0 if units == "metal" else 0.03)
    run = good(lmp(free_flight(data, units=units) + TRANSPORT.format("temp 300") + "run 100\n", tmp_path, ranks=ranks))
    expected = run.thermo[0]["Temp"].mean()
    assert expected > 900
    assert abs(quantity(tmp_path / "tr.txt", "temperature_kinetic") / expected - 1) < CONSTANTS
    assert quantity(tmp_path / "tr.txt", "temperature") == 300
    assert "temperature_differs" in warnings(tmp_path / "tr.txt")
    assert any(
        line.startswith("fix ion/transport tr: ") and "WARNING: " in line and " 300" in line
        for line in run.output.splitlines()
    )


def test_degrees_of_freedom(tmp_path):
    """Those that LAMMPS counts: a constraint takes some away."""
    data = gas(tmp_path / "data")
    script = free_flight(data) + "compute_modify thermo_temp extra/dof 90\n" + TRANSPORT.format("temp c_thermo_temp")
    run = good(lmp(script + "run 20\n", tmp_path))
    expected = run.thermo[0]["Temp"].mean()
    assert abs(quantity(tmp_path / "tr.txt", "temperature_kinetic") / expected - 1) < CONSTANTS
    assert "temperature_differs" not in warnings(tmp_path / "tr.txt")


def test_a_ramp_is_noticed(tmp_path):
    data = gas(tmp_path / "data")
    ramp = "fix ramp all temp/rescale 1 7000 9000 0 1.0\n"
    run = good(lmp(free_flight(data) + ramp + TRANSPORT.format("temp c_thermo_temp") + "run 200\n", tmp_path))
    assert warnings(tmp_path / "tr.txt") >= {"temperature_ramp"}
    assert "WARNING: " in run.output


def test_rerun_without_velocities_has_no_kinetic_temperature(tmp_path):
    data = gas(tmp_path / "data")
    dump = "dump d all custom 5 frames id type x y z ix iy iz\ndump_modify d sort id format float %.17g\n"
    good(lmp(free_flight(data) + dump + "run 50\n", tmp_path))
    script = free_flight(data) + TRANSPORT.format("temp 300") + "rerun frames dump x y z ix iy iz\n"
    good(lmp(script, tmp_path))
    assert "temperature_differs" not in warnings(tmp_path / "tr.txt")


def models_of(models, box):
    """Scripts of a run under one model and under another."""
    setup = "units metal\n{read}\ngroup ion type 1\nneighbor 1.0 bin\nfix move all nve\ntimestep 0.0005\n"
    pair = {name: f"pair_style deepmd/onnx {models[name]}\npair_coeff * * Li S\n" for name in ("a", "b")}
    return setup, pair


@pytest.mark.parametrize("again", ["between runs", "after a restart"])
def test_another_model_is_named(tmp_path, models, box, again):
    """Log, table and state name both models and the steps from which they were used."""
    data = box.write(tmp_path / "data.box")
    setup, pair = models_of(models, box)
    first = (
        setup.format(read=f"read_data {data}") + "mass 1 6.94\nmass 2 32.06\n"
        if "Masses" not in data.read_text()
        else setup.format(read=f"read_data {data}")
    )
    first += pair["a"] + TRANSPORT.format("temp 300") + "run 10\nwrite_restart half\n"
    if again == "between runs":
        run = good(lmp(first + pair["b"] + "run 10\n", tmp_path))
    else:
        good(lmp(first, tmp_path))
        run = good(
            lmp(
                setup.format(read="read_restart half") + pair["b"] + TRANSPORT.format("temp 300") + "run 10\n", tmp_path
            )
        )
    used = results(tmp_path / "tr.txt")["models"]
    assert [one["from_step"] for one in used] == [0, 10]
    assert used[0]["sha256"] != used[1]["sha256"]
    assert "several_models" in warnings(tmp_path / "tr.txt")
    state = json.loads((tmp_path / "tr.json").read_text())
    assert np.all([one["sha256"] in json.dumps(state) for one in used])
    said = [line for line in run.output.splitlines() if line.startswith("fix ion/transport tr: WARNING: ")]
    assert any(used[0]["sha256"] in line and used[1]["sha256"] in line for line in said)
