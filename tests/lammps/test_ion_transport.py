# SPDX-License-Identifier: MIT
"""fix ion/transport in use: ranks and threads, known diffusion coefficients, its values in other commands."""

import os
import re

import numpy as np
import pytest

from ion_runs import BOLTZMANN, CHARGE, DT, brownian, columns, dump, free_flight, gas, lj, setup, slope, table, weighted
from lammps_runs import good, lmp
from small_models import Box

# Thermo prints 17 digits, the file 13.
FILE = 1e-11
# Brownian motion of 512 ions over 2000 steps: the true error of D is 0.5 %.
OWN_ERRORS, WALK = 3.0, 0.05
# A whole script, and the same one after 20 clears: what is kept would add up.
CLEARS = 20

FILES = ("table.txt", "history.txt", "state.json")
MEASURE = "fix tr ion ion/transport 2 lags 5 3 temp 300 fit 0.004 0.2 output 40 "
MEASURE += "file table.txt history history.txt state state.json\ncompute m ion ion/msd drift com\n"
THERMO = "thermo 50\nthermo_style custom step c_m[1] c_m[4] c_m[5] c_m[6] f_tr f_tr[2]\n"
THERMO += "thermo_modify format float %.17g\n"


def files(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


GRIDS = {  # name: (ranks, threads, commands before and after the box is there)
    "2 threads": (1, 2, "", ""),
    "2 ranks": (2, 1, "", ""),
    "4 ranks": (4, 1, "", ""),
    "2 tiles": (2, 1, "comm_style tiled", "fix balance all balance 20 1.0 rcb\n"),
    "4 tiles": (4, 1, "comm_style tiled", "fix balance all balance 100 1.0 rcb\n"),
}


@pytest.fixture(scope="module")
def one_rank(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one")
    data = gas(folder / "data", speed=400)
    script = free_flight(data) + MEASURE + THERMO
    script += "dump d all custom 200 dump id type ix iy iz\ndump_modify d sort id\nrun 200\n"
    run = good(lmp(script, folder))
    return data, files(folder), run.thermo[0], dump(folder / "dump")[2]


@pytest.mark.parametrize("grid", GRIDS)
def test_ranks_and_threads_write_the_same_bytes(tmp_path, one_rank, grid):
    """Fast atoms in a small box: borders are crossed thousands of times, rows go from rank to rank with the atoms."""
    data, expected, thermo, images = one_rank
    assert np.abs(images[-1, :, 1:] - images[0, :, 1:]).sum() > 1500
    rows = columns(table(data.parent / "table.txt"))
    assert len(rows["lag"]) == 20 and rows["msd"][0] > 1 and thermo["f_tr"][-1] > 0.1 and thermo["c_m[4]"][-1] > 1e4
    ranks, threads, before, after = GRIDS[grid]
    script = free_flight(data, before=before) + after + MEASURE + THERMO + "run 200\n"
    run = good(lmp(script, tmp_path, ranks=ranks, threads=threads))
    assert files(tmp_path) == expected
    for name, values in thermo.items():
        assert np.array_equal(run.thermo[0][name], values), name


def test_rerun_of_a_liquid_on_any_number_of_ranks(tmp_path):
    """The same bytes again and again; the run itself differs where rerun puts atoms back into the box: in rounding."""
    data = gas(tmp_path / "data", tilt=1.5)
    measure = MEASURE.replace("transport 2", "transport 8").replace("fit 0.004", "fit 0.01").replace("5 3", "3 3")
    script = lj(data) + measure + "dump d all custom 8 dump id type x y z ix iy iz\n"
    good(lmp(script + "dump_modify d sort id format float %.17g\nrun 320\n", tmp_path))
    found = {}
    for ranks in (1, 2, 4):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        script = setup(data, "pair_style zero 2.0\npair_coeff * *") + measure + THERMO
        good(lmp(script + "rerun ../dump dump x y z ix iy iz box yes\n", folder, ranks=ranks))
        found[ranks] = files(folder)
    rows, run = columns(table(tmp_path / "1" / "table.txt")), columns(table(tmp_path / "table.txt"))
    assert len(rows["lag"]) == 11 and rows["msd"][0] > 0.1 and rows["msd"][-1] > 10
    assert found[1] == found[2] == found[4]
    for name in rows:
        np.testing.assert_allclose(rows[name], run[name], rtol=1e-10)


def walk(data, keywords: str, seed: int = 7) -> str:
    return brownian(data, seed) + f"fix tr ion ion/transport 2 temp 400 charge -2 {keywords}\n"


KT = 8.617343e-5 * 400 / 1.0364269e-4  # amu (A/ps)^2, with LAMMPS' constants
BROWNIAN_D = KT / 50 * 1e-4  # cm^2/s


@pytest.fixture(scope="module")
def walkers(tmp_path_factory):
    """512 ions that walk at random, and one atom that stands still: the framework."""
    folder = tmp_path_factory.mktemp("walk")
    x = np.random.default_rng(3).uniform(0, 30, (513, 3))
    return Box(x, np.append(np.ones(512, int), 2), 30 * np.eye(3)).write(folder / "data")


@pytest.mark.parametrize("window", ["fit 0.02 0.4", "", "window beta"])
def test_random_walk(tmp_path, walkers, window):
    """D = kT / gamma, sigma from it; ions that know nothing of each other have a Haven ratio of 1."""
    script = walk(walkers, f"{window} file table.txt")
    numbers = "f_tr " + " ".join(f"f_tr[{k}]" for k in range(1, 28))
    script += f"thermo 2000\nthermo_style custom step vol {numbers}\nthermo_modify format float %.17g\nrun 4000\n"
    found = {k: v[-1] for k, v in good(lmp(script, tmp_path, ranks=2, timeout=300)).thermo[0].items()}
    v = np.array([0.0] + [found[f"f_tr[{k}]"] for k in range(1, 28)])
    rows = columns(table(tmp_path / "table.txt"))

    assert found["f_tr"] == v[1] and 0 < v[2] < 0.03 * v[1] and v[19] >= 4
    assert abs(v[1] - BROWNIAN_D) < OWN_ERRORS * v[2] and abs(v[1] / BROWNIAN_D - 1) < WALK
    np.testing.assert_allclose(v[3], v[2] / v[1], rtol=FILE)
    np.testing.assert_allclose(v[4:7].mean(), v[1], rtol=FILE)
    assert np.all(np.abs(v[4:7] / BROWNIAN_D - 1) < 2 * WALK)
    if window.startswith("fit"):
        assert tuple(v[17:19]) == (0.02, 0.4)
    of_file = weighted(tmp_path / "table.txt", rows["lag"], rows["msd"])
    np.testing.assert_allclose(v[1], of_file / 6 * 1e-4, rtol=1e-9)
    if window:
        of_file = weighted(tmp_path / "table.txt", rows["lag"], rows["collective"])
        np.testing.assert_allclose(v[8], of_file / 6 * 1e-4, rtol=1e-9)
    else:  # p, power, shift of the start
        assert v[24] > 0.001 and 0 < v[25] < 0.1 and 0 < v[26] < 0.05
    if window == "window beta":
        np.testing.assert_allclose(v[1], slope(rows["lag"], rows["msd"], v[17:19]) / 6 * 1e-4, rtol=FILE)
    end = np.argmin(np.abs(rows["lag"] - v[18]))
    np.testing.assert_allclose(v[7], rows["msd"][end] / (6 * v[18]) * 1e-4, rtol=FILE)
    assert abs(v[16] - 1) < 0.05

    density = 512 / found["Volume"] * 1e30  # 1/m^3
    for d, sigma in ((1, 10), (2, 11), (8, 12), (9, 13)):
        expected = density * (2 * CHARGE) ** 2 * v[d] * 1e-4 / (BOLTZMANN * 400) * 0.01
        assert v[sigma] > 0
        np.testing.assert_allclose(v[sigma], expected, rtol=1e-9)
    np.testing.assert_allclose(v[14], v[1] / v[8], rtol=FILE)
    assert abs(v[14] - 1) < OWN_ERRORS * v[15] and 0 < v[15] < 1
    assert v[20] == 2001 and v[21] == 400 and abs(v[22] - found["Volume"]) < 1e-6

    text = (tmp_path / "table.txt").read_text()
    for name, value in {"D": v[1], "sigma (Nernst-Einstein)": v[10], "D_collective": v[8]}.items():
        (words,) = re.findall(rf"^# {re.escape(name)} = (\S+) \+- \S+ S?[c/]", text, re.M)
        np.testing.assert_allclose(float(words), value, rtol=1e-5)


def test_units_si(tmp_path, walkers):
    found = {}
    for units in ("cgs", "si"):
        script = walk(walkers, f"fit 0.02 0.2 units {units} history {units}")
        script += "thermo_style custom step f_tr f_tr[2] f_tr[3] f_tr[10] f_tr[12] f_tr[14]\n"
        script += "thermo_modify format float %.17g\nrun 2000\n"
        found[units] = [v[-1] for v in good(lmp(script, tmp_path)).thermo[0].values()]
    cgs, si = np.array(found["cgs"]), np.array(found["si"])
    assert cgs[1] > 1e-4 and cgs[4] > 1
    np.testing.assert_allclose(si / cgs, [1, 1e-4, 1e-4, 1, 100, 100, 1], rtol=FILE)
    np.testing.assert_allclose(table(tmp_path / "si")[-1, 2] / table(tmp_path / "cgs")[-1, 2], 1e-4, rtol=FILE)
    assert "D_cm^2/s " in (tmp_path / "cgs").read_text() and "D_m^2/s " in (tmp_path / "si").read_text()


@pytest.mark.parametrize("ranks", [1, 2])
def test_fix_halt_on_the_error(tmp_path, walkers, ranks):
    """A run that goes on until D is known to 1 %."""
    script = walk(walkers, "fit 0.02 0.2 output 20 file table.txt history history.txt", seed=11)
    script += """variable relative equal f_tr[3]
fix enough all halt 20 v_relative < 0.01 error continue
thermo 20
thermo_style custom step f_tr f_tr[3]
run 20000
"""
    run = good(lmp(script, tmp_path, ranks=ranks))
    found = run.thermo[0]
    assert found["f_tr[3]"][0] == 1e99
    assert np.all(found["f_tr[3]"][:-1] >= 0.01) and 0 < found["f_tr[3]"][-1] < 0.01
    assert 100 < found["Step"][-1] < 20000
    assert f"samples = {int(found['Step'][-1]) // 2 + 1}," in (tmp_path / "table.txt").read_text()
    history = table(tmp_path / "history.txt")
    assert np.array_equal(history[:, 0], np.arange(0, found["Step"][-1] + 1, 20))
    np.testing.assert_allclose(history[-1, 3] / history[-1, 2], found["f_tr[3]"][-1], rtol=1e-6)


@pytest.mark.parametrize("ranks", [1, 2])
def test_until_the_error_is_small(tmp_path, walkers, ranks):
    """Stops when D is known, with a line that says so; the next run goes on."""
    script = walk(walkers, "until 0.03", seed=11) + "thermo 200\n"
    run = good(
        lmp(script + "thermo_style custom step f_tr f_tr[3]\nrun 20000\nrun 20\n", tmp_path, ranks=ranks, timeout=300)
    )
    first, second = run.thermo
    (said,) = re.findall(r"^fix ion/transport tr: (D is known to .*)$", run.output, re.MULTILINE)
    assert said.endswith("the run ends") and "(until 0.03)" in said
    assert 200 < first["Step"][-1] < 20000 and first["f_tr[3]"][-1] < 0.03
    assert second["Step"][-1] == first["Step"][-1] + 20
    assert abs(first["f_tr"][-1] / BROWNIAN_D - 1) < WALK


@pytest.mark.parametrize("ranks", [1, 2])
def test_log_names_the_result_at_the_end_of_each_run(tmp_path, walkers, ranks):
    """D with its window, or why there is none; the history has a row for the end of each run, once."""
    keywords = "fit 0.02 0.2 output 1000 file table.txt history history.txt"
    script = walk(walkers, keywords) + "run 6\nrun 994\nrun 510\nrun 0\n"
    output = good(lmp(script, tmp_path, ranks=ranks)).output
    said = re.findall(r"^fix ion/transport tr: (.*)$", output, re.MULTILINE)
    # velocities of fix brownian are steps of a random walk, no thermal ones
    assert said[1].startswith("WARNING: the temperature given is 400")
    assert said[2].startswith("no diffusion coefficient yet: ") and "fit 0.02 0.2 ps" in said[2]
    results = [line for line in (tmp_path / "table.txt").read_text().splitlines() if line.startswith("# D = ")]
    assert [line for line in said if line.startswith("D = ")][-1] == results[0].removeprefix("# ")
    assert len([line for line in said if line.startswith("D = ")]) == 2  # the last run took no new sample
    assert said[-2].startswith("D = ") or said[-1].startswith("sigma (Nernst-Einstein) = ")
    assert np.array_equal(table(tmp_path / "history.txt")[:, 0], [0, 1000, 1510])  # 6: until it went on


def test_values_in_other_commands(tmp_path):
    """On any step, from thermo, variables, fix ave/time and print, with two measurements side by side."""
    data = gas(tmp_path / "data")
    script = free_flight(data) + MEASURE
    script += """fix fast all ion/transport 1 drift none lags 3 2 fit 0.001 0.1 charge 2 temp c_thermo_temp
fix late ion ion/transport 4 lags 3 2 start 50 fit 0.001 0.1 file late
variable d equal f_tr
variable third equal f_tr[3][4]+f_fast[20]
variable many vector f_tr[6]
fix scalars all ave/time 7 1 7 f_tr f_fast[20] v_d v_third c_m[4] file scalars format " %.17g"
fix column all ave/time 50 1 50 f_tr[1] f_tr[2] f_tr[6] mode vector file column format " %.17g"
thermo 3
thermo_style custom step f_tr f_tr[20] f_tr[1][2] f_tr[3][4] f_fast[20] f_fast[4][1] f_late[20] v_d v_third c_m[4] f_fast[21]
thermo_modify format float %.17g
print "before: $(f_tr) $(f_tr[20]) $(f_tr[1][6])"
run 100
print "after: $(f_tr:%.17g) $(f_tr[20]) $(f_tr[2][6]:%.17g) $(v_many[2]:%.17g)"
run 50
"""
    run = good(lmp(script, tmp_path, ranks=2))
    assert "before: 0 0 0" in run.output
    rows = columns(table(tmp_path / "table.txt"))
    first, second = run.thermo
    step = first["Step"]
    assert np.array_equal(first["f_tr[20]"], step // 2 + 1) and np.array_equal(first["f_fast[20]"], step + 1)
    assert np.array_equal(first["f_late[20]"], np.maximum(0, (step - 52) // 4 + 1))
    assert np.array_equal(first["f_tr[1][2]"], step // 2) and np.all(np.diff(first["c_m[4]"]) > 0)
    assert np.array_equal(first["v_d"], first["f_tr"]) and first["f_tr"][-1] > 0
    np.testing.assert_allclose(first["v_third"], first["f_tr[3][4]"] + first["f_fast[20]"], rtol=FILE)
    assert np.all(first["f_fast[4][1]"] == 4 * DT) and np.all(first["f_fast[21]"] > 1000)
    assert second["Step"][0] == 100 and second["Step"][-1] == 150
    for name in first:
        assert second[name][0] == first[name][-1], name
    assert second["f_tr[20]"][-1] == 76 == rows["origins"][0] + 1

    after = [float(word) for word in re.findall("after: (.*)", run.output)[0].split()]
    assert after[:2] == [first["f_tr"][-1], 51] and after[2] > 0
    assert after[3] == after[2]
    scalars = np.loadtxt(tmp_path / "scalars")
    assert np.array_equal(scalars[:, 0], np.arange(0, 148, 7)) and np.array_equal(scalars[:, 2], scalars[:, 0] + 1)
    assert np.array_equal(scalars[:, 1], scalars[:, 3]) and scalars[-1, 1] > 0
    assert np.all(np.diff(scalars[:, 5]) > 0)
    lines = [line.split() for line in (tmp_path / "column").read_text().splitlines() if not line.startswith("#")]
    column = np.array([line for line in lines if len(line) == 4][-21:], float)
    np.testing.assert_allclose(column[: len(rows["lag"]), 1], rows["lag"], rtol=FILE)
    np.testing.assert_allclose(column[: len(rows["lag"]), 3], rows["msd"], rtol=FILE)


def test_temperature_of_a_compute(tmp_path):
    data = gas(tmp_path / "data")
    script = lj(data) + "compute t ion temp\nfix tr ion ion/transport 10 fit 0.02 0.3 temp c_t\nthermo 10\n"
    script += (
        "thermo_style custom step c_t f_tr[21] f_tr f_tr[10] f_tr[22]\nthermo_modify format float %.17g\nrun 500\n"
    )
    found = good(lmp(script, tmp_path, ranks=2)).thermo[0]
    assert np.ptp(found["c_t"]) > 100
    np.testing.assert_allclose(found["f_tr[21]"], np.cumsum(found["c_t"]) / np.arange(1, 52), rtol=1e-10)
    last = {name: values[-1] for name, values in found.items()}
    sigma = 32 / last["f_tr[22]"] * 1e30 * CHARGE**2 * last["f_tr"] * 1e-4 / (BOLTZMANN * last["f_tr[21]"]) * 0.01
    assert sigma > 1
    np.testing.assert_allclose(last["f_tr[10]"], sigma, rtol=1e-9)


def test_files_say_what_they_are(tmp_path):
    data = gas(tmp_path / "data")
    script = free_flight(data) + MEASURE.replace("fit", 'title "ions of a gas, 50 %d {}" fit') + "run 100\n"
    good(lmp(script, tmp_path))
    for name in ("table.txt", "history.txt"):
        lines = (tmp_path / name).read_text().splitlines()
        assert lines[0] == "# ions of a gas, 50 %d {}"
        assert lines[1].startswith("# deepion ") and lines[1].endswith(", fix ion/transport tr")
        assert lines[2].startswith("# LAMMPS ") and lines[2].endswith(", units metal")
        assert lines[3] == "# group ion: 32 of 64 atoms"
        names = [line for line in lines if line.startswith("#")][-1].split()[1:]
        assert len(names) == table(tmp_path / name).shape[1] and len(set(names)) == len(names)
    assert sorted(os.listdir(tmp_path)) == ["data", "history.txt", "in.test", "state.json", "table.txt"]


@pytest.mark.parametrize("ranks", [1, 2])
def test_clear_and_define_again_many_times(tmp_path, ranks):
    data = gas(tmp_path / "data")
    once = free_flight(data) + MEASURE
    script = f"label again\nvariable k loop {CLEARS}\nclear\n" + once + "run 20\n"
    script += 'if "$k < 10" then "unfix tr" "uncompute m" "compute m ion ion/msd" "run 5"\n'
    script += 'if "$k > 15" then "uncompute m"\nnext k\njump SELF again\n'
    run = good(lmp(script, tmp_path, ranks=ranks))
    assert run.output.count("begins a measurement") == CLEARS and "Total wall time" in run.output
    assert len(table(tmp_path / "table.txt")) == 10


def test_memory_is_what_the_page_says(tmp_path):
    """The page of fix ion/transport predicts 24 N (1 + (L-1) M) bytes for each ion and about 1 MB for the sums; 10 % is what it may be off."""
    script = """units metal
atom_style atomic
lattice fcc 4.0
region box block 0 12 0 12 0 12
create_box 2 box
create_atoms 1 box
set type 1 type/fraction 2 0.3 5
mass * 7.0
group ion type 1
pair_style zero 4.0
pair_coeff * *
fix move all nve
fix tr ion ion/transport 10
run 100
"""
    run = good(lmp(script, tmp_path))
    ions = int(re.search(r"ion/transport tr: (\d+) ions", run.output)[1])
    printed = float(re.search(r"memory: (\S+) MB per MPI rank", run.output)[1])
    assert ions > 4000
    assert printed == pytest.approx(24 * 10 * (1 + 5 * 5) * ions / 2**20 + 1.0, rel=0.1)
