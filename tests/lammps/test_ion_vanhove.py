# SPDX-License-Identifier: MIT
"""fix ion/vanhove against numpy on the dump of the same run, over ranks, restarts and replicas, and what it refuses."""

import functools
import json
import subprocess

import numpy as np
import pytest

from deepion.plots import vanhove
from deepion.results.tables import VANHOVE, VANHOVE_DISTINCT, VANHOVE_SELF, read
from ion_runs import DT, against, changed, dump, free_flight, gas, lj, setup, sparse, table, write_moving
from lammps_runs import BUILD, good, lmp, lmp_each

FILE = 1e-11  # files have 13 digits; small differences of large numbers lose some
EVERY, STEPS, RMAX, BINS, Q, OVERLAP, SPACING = 4, 400, 3.9, 26, (0.9, 2.2), 0.8, 5
LEVELS = (3, 3)
FILES = ("table.txt", "history.txt", "state.json", "self.txt", "distinct.txt")
KEEP = "output 40 file table.txt history history.txt state state.json self self.txt distinct ion 3 distinct.txt"


def origins_of(per_level, levels, origins):
    """Lags and strides in samples."""
    found = []
    for level in range(levels):
        stride = max(per_level**level // origins, 1)
        unit = per_level**level // stride
        between = range(unit + 1, 2 * unit) if level else []
        found += [
            (k * stride, stride) for k in [*between, *(unit * k for k in range(2 if level else 1, per_level + 1))]
        ]
    return found


def histogram(r, edges):
    assert np.abs(r[..., None] - edges).min() > 1e-10, "a distance at an edge: rounding would decide"
    return np.histogram(r, edges)[0]


def nearest(d, cell):
    """Lengths of the shortest images of vectors d, which is one of the images around the rounded one."""
    s = d @ np.linalg.inv(cell)
    d = (s - np.round(s)) @ cell
    shifts = np.array(np.meshgrid(*3 * [(-1, 0, 1)], indexing="ij")).reshape(3, -1).T @ cell
    return np.linalg.norm(d[..., None, :] + shifts, axis=-1).min(axis=-1)


@pytest.fixture(scope="module", params=[(1, 0.0), (2, 2.0)], ids=["1-orthogonal", "2-triclinic"])
def liquid(request, tmp_path_factory):
    ranks, tilt = request.param
    folder = tmp_path_factory.mktemp("liquid")
    script = lj(gas(folder / "data", tilt=tilt)) + "group S type 2\n"
    drift = "com" if ranks == 1 else "framework"
    script += f"fix vh ion ion/vanhove {EVERY} {RMAX} {BINS} q {Q[0]} {Q[1]} overlap {OVERLAP} lags 3 3 origins 3 "
    script += f"drift {drift} file table.txt self self.txt distinct all {SPACING} distinct.txt history history.txt\n"
    script += f"fix other ion ion/vanhove {EVERY} {RMAX} {BINS} drift {drift} distinct S {SPACING} other.txt\n"
    columns = " ".join(["f_vh", *(f"f_vh[{k}]" for k in range(1, 14)), "f_vh[2][5]", "f_vh[9][14]"])
    script += f"thermo {STEPS}\nthermo_style custom step {columns}\nthermo_modify format float %.17g\n"
    script += f"dump d all custom {EVERY} dump id type x y z ix iy iz\ndump_modify d sort id format float %.17g\nrun {STEPS}\n"
    run = good(lmp(script, folder, ranks=ranks))
    _, cells, frames = dump(folder / "dump")
    u = frames[:, :, 1:4] + frames[:, :, 4:7] @ cells[0]
    return folder, run, drift, cells[0], frames[0, :, 0], u


def test_self_part_is_that_of_numpy(liquid):
    folder, run, drift, _, types, u = liquid
    r = against(u, types, drift)
    rows, own = table(folder / "table.txt"), table(folder / "self.txt")
    edges = np.arange(BINS + 1) * RMAX / BINS
    lags = [(lag, stride) for lag, stride in origins_of(3, 3, 3) if lag < len(r)]
    assert len(rows) == len(lags) and len(own) == BINS * len(lags)
    for row, shells, (lag, stride) in zip(rows, own.reshape(len(lags), BINS, 6), lags, strict=True):
        some = r[::stride]
        d = np.linalg.norm(some[lag // stride :] - some[: -(lag // stride)], axis=2)
        counts = histogram(d, edges)
        assert np.array_equal(shells[:, 5], counts) and row[1] == len(d)
        q = (d < OVERLAP).mean(axis=1)
        waves = [np.sinc(k * d / np.pi).mean() for k in Q]
        ngp = 0.6 * (d**4).mean() / (d**2).mean() ** 2 - 1
        expected = [
            lag * EVERY * DT,
            len(d),
            (d**2).mean(),
            1 - counts.sum() / d.size,
            ngp,
            q.mean(),
            32 * q.var(),
            *waves,
        ]
        np.testing.assert_allclose(row[[0, 1, 2, 3, 4, 6, 8, 10, 12]], expected, rtol=FILE, atol=1e-12)
        np.testing.assert_allclose(shells[:, 2], counts / d.size / (RMAX / BINS), rtol=FILE)
        volumes = 4 / 3 * np.pi * np.diff(edges**3)
        np.testing.assert_allclose(shells[:, 4], counts / d.size / volumes, rtol=FILE)
    assert np.ptp(rows[:, 6]) > 0.5 and np.all(rows[1:4, [5, 7, 9, 11, 13]] > 0) and rows[-1, 3] > 0
    last = {name: values[-1] for name, values in run.thermo[0].items()}
    assert last["f_vh[1]"] == STEPS // EVERY + 1 and last["f_vh"] == last["f_vh[2]"] > 0
    np.testing.assert_allclose([last["f_vh[2][5]"], last["f_vh[9][14]"]], [rows[1, 4], rows[8, 13]], rtol=FILE)
    np.testing.assert_allclose(
        table(folder / "history.txt")[-1, 1:], [last[f"f_vh[{k}]"] for k in range(2, 14)], rtol=FILE
    )


def test_relaxation_times_lie_on_the_curves(liquid):
    folder, *_ = liquid
    rows = table(folder / "table.txt")
    of = {one["name"]: one["value"] for one in read(folder / "table.txt", VANHOVE).head["quantities"]}
    for name, column in ((f"tau_Fs_{Q[0]}", 10), (f"tau_Fs_{Q[1]}", 12), ("tau_Q", 6)):
        late = np.argmax(rows[:, column] < np.exp(-1))
        x, y = np.append(0, rows[:, 0])[late : late + 2], np.append(1, rows[:, column])[late : late + 2]
        np.testing.assert_allclose(np.interp(-np.exp(-1), -y, x), of[name], rtol=1e-9)
    early = rows[rows[:, 0] <= STEPS * DT / 10]
    highest = early[early[:, 8].argmax()]
    if highest[0] < early[-1, 0]:
        assert (of["chi4_peak"], of["chi4_time"]) == pytest.approx((highest[8], highest[0]), rel=FILE)
    else:
        assert of["chi4_peak"] is None


@pytest.mark.parametrize("name", ["distinct.txt", "other.txt"])
def test_distinct_part_is_that_of_numpy(liquid, name):
    folder, _, drift, cell, types, u = liquid
    ion = types == 1
    center = u[:, ~ion].mean(axis=1) if drift == "framework" else np.average(u, axis=1, weights=10.0 * types)
    r = u - center[:, None]
    partners = np.arange(64) if name == "distinct.txt" else np.flatnonzero(~ion)
    per_level, levels, origins = (3, 3, 3) if name == "distinct.txt" else (10, 5, 5)
    strides = dict(origins_of(per_level, levels, origins))
    lags = [0, 1, *(per_level**level for level in range(1, levels + 1))]
    rows = table(folder / name)
    edges = np.arange(BINS + 1) * RMAX / BINS
    volumes = 4 / 3 * np.pi * np.diff(edges**3)
    both = np.isin(np.flatnonzero(ion), partners).sum()
    used = 0
    for lag in lags:
        steps = [s for s in range(0, len(r), SPACING) if s >= lag and s % strides.get(lag, 1) == 0]
        if not steps:
            continue
        counts = np.zeros(BINS)
        for step in steps:
            d = nearest(r[step][partners][None] - r[step - lag][ion][:, None], cell)
            d[np.flatnonzero(ion)[:, None] == partners[None]] = np.inf
            counts += histogram(d, edges)
        own = rows[used * BINS : (used + 1) * BINS]
        assert np.array_equal(own[:, 4], counts) and counts.sum() > 200
        g = counts / len(steps) / volumes * np.linalg.det(cell) / (32 * len(partners) - both)
        np.testing.assert_allclose(own[:, 2], g, rtol=FILE)
        np.testing.assert_allclose(own[:, 0], lag * EVERY * DT, rtol=FILE)
        used += 1
    assert len(rows) == used * BINS and used >= 4


def test_picture_shows_the_numbers_of_the_files(liquid):
    folder, *_ = liquid
    names = {"table.txt": VANHOVE, "self.txt": VANHOVE_SELF, "distinct.txt": VANHOVE_DISTINCT}
    figure = vanhove.draw([read(folder / name, kind) for name, kind in names.items()])
    rows = table(folder / "table.txt")
    relaxation, chi4, ngp, own, distinct = figure.axes
    drawn = [line.get_ydata() for line in relaxation.get_lines() if len(line.get_xdata()) == len(rows)]
    assert [list(line) for line in drawn] == [list(rows[:, column]) for column in (10, 12, 6)]
    assert np.array_equal(chi4.get_lines()[0].get_ydata(), rows[:, 8])
    assert np.array_equal(ngp.get_lines()[0].get_ydata(), rows[:, 4])
    for axes, name in ((own, "self.txt"), (distinct, "distinct.txt")):
        curves = [line for line in axes.get_lines() if len(line.get_xdata()) == BINS]
        of_file = table(folder / name)
        first = of_file[:BINS]
        assert np.array_equal(curves[0].get_ydata(), first[:, 2])


@pytest.mark.parametrize("ions", [32, 2])
def test_any_number_of_ranks_and_a_restart_write_the_same_bytes(tmp_path, ions):
    """Free flight, where nothing else depends on the number of ranks; with two ions most of 4 ranks have none. (In a tilted box LAMMPS
    rounds positions whenever it sorts atoms.)"""
    data = gas(tmp_path / "data", speed=100) if ions == 32 else write_moving(*sparse(2), tmp_path / "data")

    def script(read=""):
        flow = free_flight(data, read=read)
        rmax = 3.5 if ions == 32 else 7.5
        return (
            flow + f"fix vh ion ion/vanhove 2 {rmax} 14 lags 3 3 {KEEP}\nthermo 20\nthermo_style custom step f_vh[1]\n"
        )

    found = {}
    for ranks in (1, 2, 4) if ions == 32 else (1, 4):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        good(lmp(script() + "run 61\nwrite_restart half\nrun 59\n", folder, ranks=ranks))
        found[ranks] = [(folder / name).read_bytes() for name in FILES]
    assert all(found[ranks] == found[1] for ranks in found)
    assert table(tmp_path / "1/table.txt").shape[1] == 12 and table(tmp_path / "1/distinct.txt")[:, 4].sum() > 0
    folder = tmp_path / "restarted"
    folder.mkdir()
    (folder / "history.txt").write_bytes((tmp_path / "1/history.txt").read_bytes())
    rest = good(lmp(script("read_restart ../1/half") + "run 59\n", folder, ranks=2))
    assert "continues a measurement" in rest.output
    assert [(folder / name).read_bytes() for name in FILES] == found[1]


def test_box_that_breathes_has_a_self_part(tmp_path):
    """Toroidal unwrapping: nothing jumps. The distinct part is refused there."""
    data = gas(tmp_path / "data")
    script = free_flight(data) + "fix vh ion ion/vanhove 2 5.0 20 file table.txt\n"
    breathe = "fix box all deform 1 x wiggle 0.4 0.2 remap none\n"
    run = good(lmp(script + breathe + "run 100\n", tmp_path, ranks=2))
    assert "unwrap toroidal" in run.output and len(table(tmp_path / "table.txt")) > 5
    run = lmp(script.replace("file", "distinct ion 5 gd.txt file") + breathe + "run 10\n", tmp_path, ranks=2)
    (error,) = set(run.errors())
    assert "fix ion/vanhove vh: keyword distinct needs a box that stays the same" in error


def test_replicas_are_joined(tmp_path):
    states = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        script = lj(gas(folder / "data", seed=seed)) + "fix vh ion ion/vanhove 4 4 20 file table.txt state state.json\n"
        good(lmp(script + "run 400\n", folder))
        states.append(folder / "state.json")

    def merge(*paths):
        command = [BUILD / "deepion-merge", *paths, "--out", tmp_path / "joined.txt"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    result = merge(*states)
    assert result.returncode == 0, result.stderr
    one, two, both = (
        table(path) for path in (tmp_path / "1/table.txt", tmp_path / "2/table.txt", tmp_path / "joined.txt")
    )
    np.testing.assert_allclose(both[:, [6, 10]], (one + two)[:, [6, 10]] / 2, rtol=FILE)
    head = read(tmp_path / "joined.txt", VANHOVE)
    assert head.need("runs").value == 2
    result = merge(states[0], states[0])
    assert result.returncode != 0 and "the same run as another" in result.stderr


def test_memory_is_what_the_page_says(tmp_path):
    """24 (N + (L - 1) N M) bytes for an ion, and the counts of the lags in 33 blocks."""
    data = gas(tmp_path / "data")
    run = good(lmp(free_flight(data) + "fix vh ion ion/vanhove 2 4 100 lags 10 5\nrun 2\n", tmp_path))
    (printed,) = [line for line in run.output.splitlines() if "memory:" in line]
    lags, places = 10 + 4 * 13, 10 + 4 * 50
    # and 80 bytes of other sums for each lag; LAMMPS makes room for 16384 atoms
    predicted = (32 * 24 * places + 33 * lags * (8 * 100 + 80) + 8 * 16384) / 2**20
    assert float(printed.split("memory: ")[1].split()[0]) == pytest.approx(predicted, rel=0.1)


ARGUMENTS = {  # arguments after Nevery: the error
    "": "keyword rmax needs a value: a number above 0",
    "4": "keyword bins needs a value: an integer, 1 or larger",
    "-4 20": "keyword rmax needs a number above 0, not '-4'",
    "4 2.5": "keyword bins needs an integer, 1 or larger, not '2.5'",
    "4 200000": "200000 bins at each of 62 lags are not between 1 and 1000000 counts: use fewer bins or lags",
    "4 20 q": "keyword q needs one number or more",
    "4 20 q 1 -2": "a wave number of -2 1/A is not positive",
    "4 20 q 1 x": "keyword q needs numbers, not 'x'",
    "4 20 overlap 0": "keyword overlap needs a number above 0, not '0'",
    "4 20 drift some": "keyword drift needs framework, com or none, not 'some'",
    "4 20 lags 10 9 origins 3": "origins 3 is no divisor of the 10 lags per level",
    "4 20 distinct": "keyword distinct needs a value: the group whose atoms are counted",
    "4 20 distinct none 5 gd": "there is no group none",
    "4 20 distinct void 5 gd": "group void has no atoms",
    "4 20 distinct ion 0 gd": "keyword distinct needs an integer, 1 or larger, not '0'",
    "4 20 distinct ion 5": "keyword distinct needs a value: a file name",
    "4 20 most 3": "unknown keyword 'most'",
}


@pytest.fixture(scope="module")
def wrong_arguments(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arguments")
    begin = free_flight(gas(folder / "data")) + "group void empty\n"
    scripts = {arguments: f"{begin}fix vh ion ion/vanhove 5 {arguments}\n" for arguments in ARGUMENTS}
    return lmp_each(scripts, folder, ranks=2)


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_wrong_arguments(wrong_arguments, arguments):
    run = wrong_arguments[arguments]
    (error,) = set(run.errors())
    assert run.returncode != 0 and f"fix ion/vanhove vh: {ARGUMENTS[arguments]}" in error


SYSTEMS = {  # changes of the script, the error at `run`
    "small box": ({"3.5 20": "8.0 20"}, "needs an rmax below half the least height of the box"),
    "not periodic": (
        {"# boundary": "boundary p p f"},
        "keyword distinct needs a box that is periodic along x, y and z",
    ),
    "dynamic": ({"# more": "variable v atom x>1\ngroup S dynamic all var v every 10"}, "group S must not be dynamic"),
    "gone": ({"# more": "group S delete"}, "there is no group S any more"),
    "another box": (
        {"# more": "run 5\nchange_box all x scale 1.1 remap"},
        "the box has changed since the measurement began",
    ),
    "units": ({"units metal": "units lj"}, "units metal or units real are needed, not units lj"),
    "lost": (
        {"# more": "run 10\ngroup low id 40:64\ngroup both intersect S low\ndelete_atoms group both compress no"},
        "when the measurement began",
    ),
}


@pytest.fixture(scope="module")
def unmeasurable(tmp_path_factory):
    folder = tmp_path_factory.mktemp("systems")
    begin = setup(gas(folder / "data"), "pair_style zero 2.0\npair_coeff * *", before="# boundary")
    begin += "group S type 2\nfix vh ion ion/vanhove 5 3.5 20 drift com distinct S 2 gd.txt\n# more\nrun 10\n"
    scripts = {system: changed(begin, changes) for system, (changes, _) in SYSTEMS.items()}
    return functools.cache(lambda ranks: lmp_each(scripts, folder / str(ranks), ranks))


@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_that_cannot_be_measured(unmeasurable, system):
    run = unmeasurable(2)[system]
    (error,) = set(run.errors())
    assert run.returncode != 0 and "fix ion/vanhove vh: " in error and SYSTEMS[system][1] in error


def test_other_settings_than_those_of_the_restart_are_named(tmp_path):
    data = gas(tmp_path / "data")
    fix = "fix vh ion ion/vanhove 2 4 20\n"
    good(lmp(free_flight(data) + fix + "run 10\nwrite_restart half\n", tmp_path))
    changed = {"4 30": "bins was 20, is 30", "4 20 q 1.0": "q was [2.0], is [1.0]"}
    scripts = {
        text: free_flight(data, read=f"read_restart {tmp_path / 'half'}") + fix.replace("4 20", arguments)
        for arguments, text in changed.items()
    }
    for text, run in lmp_each(scripts, tmp_path, ranks=2).items():
        (error,) = set(run.errors())
        assert f"saved state of ion/vanhove was made with other settings: {text}: repeat" in error


def test_files_name_the_atoms_and_the_log_says_the_result(tmp_path):
    script = lj(gas(tmp_path / "data")) + f"fix vh ion ion/vanhove 4 4 20 {KEEP} title liquid\nrun 400\n"
    run = good(lmp(script, tmp_path, ranks=2))
    text = (tmp_path / "table.txt").read_text().splitlines()
    assert text[0] == "# liquid" and "# group ion: 32 of 64 atoms" in text
    assert "# distinct part: group ion: 32 atoms" in text
    assert [line for line in run.output.splitlines() if line.startswith("fix ion/vanhove vh: tau of F_s(q = 2 1/A) = ")]
    for name in ("self.txt", "distinct.txt"):
        (line,) = [one for one in (tmp_path / name).read_text().splitlines() if one.startswith("# results ")]
        assert json.loads(line.removeprefix("# results "))["provenance"]["ions"] == 32
