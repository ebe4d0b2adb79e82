# SPDX-License-Identifier: MIT
"""fix ion/hops against a plain numpy program on the dump of the same run, over ranks, restarts and replicas, and what it refuses."""

import functools
import subprocess

import numpy as np
import pytest

from deepion.plots import hops
from deepion.results.tables import HOPS, HOPS_LADDER, HOPS_RESIDENCE, read
from ion_runs import DT, against, changed, dump, free_flight, gas, lj, setup, sparse, table, write_moving
from lammps_runs import BUILD, good, lmp, lmp_each

FILE = 1e-11  # files have 13 digits
EVERY, STEPS, WINDOW, CUT, BACK, RMAX, BINS = 4, 1200, 8, 0.7, 0.6, 3.0, 30
FILES = ("table.txt", "history.txt", "state.json", "residence.txt")
KEEP = "output 40 file table.txt history history.txt state state.json residence residence.txt"


def naive(r, window, cut):
    """Hops (middle sample, from, to) of one ion from its whole path r [sample, 3], and its number of excursions."""
    half, found, excursions, stretch = window // 2, [], 0, []
    for middle in range(half, len(r) - half + 1):
        early, late = r[middle - half : middle], r[middle : middle + half]
        a, b = early.mean(axis=0), late.mean(axis=0)
        p = np.sqrt(((early - b) ** 2).sum(axis=1).mean() * ((late - a) ** 2).sum(axis=1).mean())
        assert abs(p - cut**2) > 1e-10, "rounding would decide"
        if p > cut**2:
            stretch.append((p, middle, a, b))
        elif stretch:
            (_, _, start, _), (_, _, _, end) = stretch[0], stretch[-1]
            at = max(stretch, key=lambda one: one[0])[1]
            if np.linalg.norm(end - start) > cut:
                found.append((at, start, end))
            else:
                excursions += 1
            stretch = []
    return found, excursions


@pytest.fixture(scope="module", params=[1, 2])
def liquid(request, tmp_path_factory):
    ranks = request.param
    folder = tmp_path_factory.mktemp("liquid")
    drift = "com" if ranks == 1 else "framework"
    script = lj(gas(folder / "data", tilt=2.0 * (ranks - 1))).replace("0.03 2.0", "0.05 2.2") + "group S type 2\n"
    script += f"fix hp ion ion/hops {EVERY} {WINDOW} {CUT} back {BACK} lengths {RMAX} {BINS} drift {drift} temp 500 "
    script += "file table.txt residence residence.txt history history.txt state state.json\n"
    columns = " ".join(["f_hp", *(f"f_hp[{k}]" for k in range(1, 12)), "f_hp[12][4]"])
    script += f"thermo {STEPS}\nthermo_style custom step {columns}\nthermo_modify format float %.17g\n"
    script += f"dump d all custom {EVERY} dump id type x y z ix iy iz f_hp\n"
    script += f"dump_modify d sort id format float %.17g\nrun {STEPS}\n"
    run = good(lmp(script, folder, ranks=ranks, timeout=300))
    _, cells, frames = dump(folder / "dump")
    return folder, run, drift, frames[0, :, 0], frames[:, :, 1:4] + frames[:, :, 4:7] @ cells[0], frames[:, :, 7]


def test_same_hops_as_numpy(liquid):
    folder, run, drift, types, u, counts = liquid
    r = against(u, types, drift)
    found = [naive(r[:, ion], WINDOW, CUT) for ion in range(r.shape[1])]
    every = [hop for one, _ in found for hop in one]
    pairs = [pair for one, _ in found for pair in zip(one, one[1:], strict=False)]
    times = np.array([late[0] - early[0] for early, late in pairs])
    back = np.array([np.linalg.norm(late[2] - early[1]) for early, late in pairs])
    lengths = np.array([np.linalg.norm(end - start) for _, start, end in every])
    excursions = sum(count for _, count in found)
    assert len(every) > 100 and len(pairs) > 70 and excursions > 0 and 0 < (back < BACK).mean() < 1

    assert np.array_equal(counts[-1, types == 1], [len(one) for one, _ in found])
    assert not counts[:, types == 2].any() and np.all(np.diff(counts, axis=0) >= 0)
    last = {name: values[-1] for name, values in run.thermo[0].items()}
    v = np.array([last[f"f_hp[{k}]"] for k in range(1, 12)])
    rate = len(every) / (32 * (len(r) - WINDOW + 1) * EVERY * DT)
    expected = [len(r), len(every), excursions, rate, times.mean() * EVERY * DT, lengths.mean(), (back < BACK).mean()]
    np.testing.assert_allclose(v[[0, 1, 2, 3, 5, 7, 9]], expected, rtol=FILE)
    assert last["f_hp"] == v[3] and np.all(v[[4, 6, 8, 10]] > 0)

    rows = table(folder / "table.txt")
    edges = np.arange(BINS + 1) * RMAX / BINS
    assert np.array_equal(rows[:, 3], np.histogram(lengths, edges)[0]) and last["f_hp[12][4]"] == rows[11, 3]
    np.testing.assert_allclose(rows[:, 1], rows[:, 3] / len(every) / (RMAX / BINS), rtol=FILE)
    stays = table(folder / "residence.txt")
    borders = np.append(stays[:, 0], stays[-1, 1]) / (EVERY * DT)
    assert np.array_equal(stays[:, 4], np.histogram(times, borders)[0]) and stays[:, 4].sum() == len(pairs)
    np.testing.assert_allclose(stays[:, 2] * (stays[:, 1] - stays[:, 0]), stays[:, 4] / len(pairs), rtol=FILE)
    np.testing.assert_allclose(table(folder / "history.txt")[-1, 1:], v[3:], rtol=FILE)


def test_picture_shows_the_numbers_of_the_files(liquid):
    folder, *_ = liquid
    figure = hops.draw([read(folder / "table.txt", HOPS), read(folder / "residence.txt", HOPS_RESIDENCE)])
    rows, stays = table(folder / "table.txt"), table(folder / "residence.txt")
    lengths, times = figure.axes
    assert np.array_equal(lengths.get_lines()[0].get_ydata(), rows[:, 1])
    assert np.array_equal(times.get_lines()[0].get_ydata(), stays[stays[:, 2] > 0, 2])


@pytest.mark.parametrize("ions", [32, 2])
def test_any_number_of_ranks_and_a_restart_write_the_same_bytes(tmp_path, ions):
    """Free flight that ends: a long hop of each ion, where no position is rounded. With two ions most of 4 ranks have none."""
    data = gas(tmp_path / "data", speed=100) if ions == 32 else write_moving(*sparse(ions), tmp_path / "data")

    def script(read=""):
        flow = free_flight(data, read=read)
        return (
            flow + f"fix hp ion ion/hops 2 4 0.05 lengths 80 40 {KEEP}\nthermo 20\nthermo_style custom step f_hp[2]\n"
        )

    stop = "velocity all set 0 0 0\nrun 20\n"
    fly = "run 61\nwrite_restart half\nrun 39\n"
    found = {}
    for ranks in (1, 2) if ions == 32 else (1, 4):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        run = good(lmp(script() + fly + stop, folder, ranks=ranks))
        found[ranks] = [(folder / name).read_bytes() for name in FILES]
        assert ions - 2 <= run.thermo[-1]["f_hp[2]"][-1] <= ions and table(folder / "table.txt")[:, 3].any()
    assert all(found[ranks] == found[1] for ranks in found)
    folder = tmp_path / "restarted"
    folder.mkdir()
    (folder / "history.txt").write_bytes((tmp_path / "1/history.txt").read_bytes())
    rest = good(lmp(script("read_restart ../1/half") + "run 39\n" + stop, folder, ranks=2))
    assert "continues a measurement" in rest.output
    assert [(folder / name).read_bytes() for name in FILES] == found[1]


def test_counts_follow_the_ions_through_restarts_and_sorting(tmp_path):
    """Dumped on every step, also on those without a sample, and again in the first step after a restart."""
    data = gas(tmp_path / "data")
    fix = "fix hp ion ion/hops 2 4 0.4\ndump d all custom 1 {name} id f_hp x\ndump_modify d sort id\n"
    script = lj(data) + fix.format(name="dump") + "run 101\nwrite_restart half\nrun 5\n"
    good(lmp(script, tmp_path, ranks=2))
    rest = lj(data, read="read_restart half") + fix.format(name="again") + "run 0\n"
    good(lmp(rest, tmp_path, ranks=1))
    steps, _, frames = dump(tmp_path / "dump")
    _, _, again = dump(tmp_path / "again")
    assert np.all(np.diff(frames[:, :, 0], axis=0) >= 0) and frames[-1, :, 0].sum() > 10
    assert np.array_equal(again[0, :, 0], frames[list(steps).index(101), :, 0])


def test_replicas_are_joined_and_temperatures_make_an_energy(tmp_path):
    states = []
    for k, (speed, kelvin) in enumerate([(15, 400), (16, 400), (22, 800), (30, 1600)]):
        folder = tmp_path / str(k)
        folder.mkdir()
        script = lj(gas(folder / "data", seed=k + 1, speed=speed))
        good(lmp(script + f"fix hp ion ion/hops 4 8 0.7 temp {kelvin} file t.txt state s.json\nrun 800\n", folder))
        states.append(folder / "s.json")

    def merge(*paths):
        command = [BUILD / "deepion-merge", *paths, "--out", tmp_path / "joined.txt"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    result = merge(*states[:2])
    assert result.returncode == 0, result.stderr
    both = read(tmp_path / "joined.txt", HOPS)
    alone = [read(tmp_path / f"{k}/t.txt", HOPS).need("rate").value for k in range(4)]
    assert both.need("rate").value == pytest.approx(np.mean(alone[:2]), rel=FILE)
    assert merge(states[0], states[0]).returncode != 0

    result = merge(*states)
    assert result.returncode == 0, result.stderr
    ladder = read(tmp_path / "joined.txt", HOPS_LADDER)
    assert list(ladder.column("temperature")) == [400, 800, 1600]
    np.testing.assert_allclose(ladder.column("rate"), [np.mean(alone[:2]), *alone[2:]], rtol=FILE)
    assert ladder.need("E_a_rate").error > 0 and "E_a from hop rate" in result.stdout
    assert len(hops.draw([ladder]).axes) == 1


def test_memory_is_what_the_page_says(tmp_path):
    run = good(lmp(free_flight(gas(tmp_path / "data")) + "fix hp ion ion/hops 2 1000 1.5\nrun 2\n", tmp_path))
    (printed,) = [line for line in run.output.splitlines() if "memory:" in line]
    # LAMMPS makes room for 16384 atoms
    predicted = (32 * (24 * 1000 + 104) + 33 * (8 * 80 + 800) + 16 * 16384) / 2**20
    assert float(printed.split("memory: ")[1].split()[0]) == pytest.approx(predicted, rel=0.1)


ARGUMENTS = {  # arguments after Nevery: the error
    "": "keyword window needs a value: an integer, 4 or larger",
    "2 1.5": "keyword window needs an integer, 4 or larger, not '2'",
    "7 1.5": "a window of 7 samples is no even number from 4 to 1000",
    "2000 1.5": "a window of 2000 samples is no even number from 4 to 1000",
    "20": "keyword cut needs a value: a number above 0",
    "20 0": "keyword cut needs a number above 0, not '0'",
    "20 1.5 back -1": "keyword back needs a number above 0, not '-1'",
    "20 1.5 lengths 8": "keyword lengths needs a value: an integer, 1 or larger",
    "20 1.5 lengths 8 200000": "200000 bins are not between 1 and 100000",
    "20 1.5 temp c_1": "keyword temp needs a number above 0, not 'c_1'",
    "20 1.5 drift some": "keyword drift needs framework, com or none, not 'some'",
    "20 1.5 residence": "keyword residence needs a value: a file name",
    "20 1.5 most 3": "unknown keyword 'most'",
}


@pytest.fixture(scope="module")
def wrong_arguments(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arguments")
    begin = free_flight(gas(folder / "data"))
    scripts = {arguments: f"{begin}fix hp ion ion/hops 5 {arguments}\n" for arguments in ARGUMENTS}
    return lmp_each(scripts, folder, ranks=2)


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_wrong_arguments(wrong_arguments, arguments):
    run = wrong_arguments[arguments]
    (error,) = set(run.errors())
    assert run.returncode != 0 and f"fix ion/hops hp: {ARGUMENTS[arguments]}" in error


SYSTEMS = {  # changes of the script, the error at `run`
    "dynamic": ({"# more": "variable v atom x>1\ngroup ion dynamic all var v every 10"}, "must not be dynamic"),
    "units": ({"units metal": "units lj"}, "units metal or units real are needed, not units lj"),
    "timestep": ({"# more": "run 10\ntimestep 0.01"}, "the time step was"),
    "gap": ({"# more": "run 10\nunfix move\nrun 7\nreset_timestep 50"}, "reset"),
}


@pytest.fixture(scope="module")
def unmeasurable(tmp_path_factory):
    folder = tmp_path_factory.mktemp("systems")
    begin = setup(gas(folder / "data"), "pair_style zero 2.0\npair_coeff * *")
    begin += "fix hp ion ion/hops 5 4 1.5\n# more\nrun 10\n"
    scripts = {system: changed(begin, changes) for system, (changes, _) in SYSTEMS.items()}
    return functools.cache(lambda ranks: lmp_each(scripts, folder / str(ranks), ranks))


@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_that_cannot_be_measured(unmeasurable, system):
    run = unmeasurable(2)[system]
    assert run.returncode != 0 and any(SYSTEMS[system][1] in error for error in run.errors())


def test_other_settings_than_those_of_the_restart_are_named(tmp_path):
    data = gas(tmp_path / "data")
    fix = "fix hp ion ion/hops 2 4 1.5\n"
    good(lmp(free_flight(data) + fix + "run 10\nwrite_restart half\n", tmp_path))
    changed = {
        "6 1.5": "window was 4, is 6",
        "4 2 temp 300": "back was 1.5, is 2.0; cut was 1.5, is 2.0; temperature was 0.0, is 300.0",
    }
    scripts = {
        text: free_flight(data, read=f"read_restart {tmp_path / 'half'}") + fix.replace("4 1.5", arguments)
        for arguments, text in changed.items()
    }
    for text, run in lmp_each(scripts, tmp_path, ranks=2).items():
        (error,) = set(run.errors())
        assert f"saved state of ion/hops was made with other settings: {text}" in error
