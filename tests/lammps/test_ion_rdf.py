# SPDX-License-Identifier: MIT
"""fix ion/rdf against compute rdf with fix ave/time, against numpy, over ranks, restarts and replicas, and what it refuses."""

import functools
import itertools
import json
import subprocess

import numpy as np
import pytest

from deepion.plots import rdf
from deepion.results.tables import RDF, read
from ion_runs import changed, dump, free_flight, gas, lj, sparse, table, write_moving
from lammps_runs import BUILD, good, lmp, lmp_each
from small_models import Box

FILE = 1e-12  # files have 13 digits
RMAX, BINS = 4.2, 30
EVERY, STEPS = 5, 300
FILES = ("table.txt", "history.txt", "state.json")
KEEP = "output 20 file table.txt history history.txt state state.json"
# ID: group of the fix, neighbor group, types of compute rdf, atoms in both groups
PAIRS = {"is": ("ion", "S", "1 2", 0), "ii": ("ion", "ion", "1 1", 32), "aa": ("all", "all", "1*2 1*2", 64)}


def results(path):
    (line,) = [line for line in path.read_text().splitlines() if line.startswith("# results ")]
    return json.loads(line.removeprefix("# results "))


def pairs(path):
    """Sums over all frames of ordered pairs in each shell, from a state."""
    blocks = json.loads(path.read_text())["total"]["blocks"]["blocks"]
    return np.sum([block["counts"] for block in blocks], axis=0)


def naive(x, cell, ions, others, rmax, bins):
    """Pairs in each shell by all distances to all images; an atom is no neighbor of itself."""
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    ranges = [range(-n, n + 1) for n in np.ceil(rmax / heights).astype(int)]
    shifts = np.array(sorted(itertools.product(*ranges), key=lambda n: np.abs(n).sum())) @ cell
    r = np.linalg.norm(x[others][None, :, None, :] + shifts - x[ions][:, None, None, :], axis=-1)
    for k, i in enumerate(ions):
        r[k, others == i, 0] = np.inf  # the first image is the box itself
    edges = np.arange(bins + 1) * rmax / bins
    assert np.abs(r[..., None] - edges).min() > 1e-9, "an atom at an edge: rounding would decide"
    return np.histogram(r, edges)[0]


def g_of(counts, volumes, ions, others, both, rmax=RMAX, bins=BINS):
    """Mean over frames of g(r) from pairs [frame, shell], and running coordination number."""
    edges = np.arange(bins + 1) * rmax / bins
    shells = 4 / 3 * np.pi * np.diff(edges**3)
    g = np.mean(counts * np.asarray(volumes)[:, None], axis=0) / (shells * (ions * others - both))
    return g, np.cumsum(counts.mean(axis=0)) / ions


@pytest.fixture(
    scope="module", params=[(1, 0.0), (2, 2.0), (4, 0.0)], ids=["1-orthogonal", "2-triclinic", "4-pressure"]
)
def liquid(request, tmp_path_factory):
    """A hot liquid, on 4 ranks with a volume that changes, measured by us and by compute rdf with fix ave/time."""
    ranks, tilt = request.param
    folder = tmp_path_factory.mktemp("liquid")
    script = lj(gas(folder / "data", tilt=tilt)).replace("lj/cut 5.0", f"lj/cut {RMAX}") + "group S type 2\n"
    if ranks == 4:
        script += "fix box all deform 1 x wiggle 0.4 0.2 y wiggle 0.3 0.3 remap x\n"
    columns = []
    for name, (group, neighbors, types, _) in PAIRS.items():
        script += f"fix {name} {group} ion/rdf {EVERY} {neighbors} {RMAX} {BINS} file {name}.txt state {name}.json\n"
        script += f"compute {name} all rdf {BINS} {types}\n"
        script += f"fix ave{name} all ave/time {EVERY} 1 {EVERY} c_{name}[*] mode vector ave running file {name}.ave\n"
        columns += [f"f_{name}[{k}][{j}]" for k in range(1, BINS + 1) for j in (1, 2, 3, 4, 5)]
        columns += [f"f_ave{name}[{k}][{j}]" for k in range(1, BINS + 1) for j in (1, 2, 3)]
        columns += [f"f_{name}", *(f"f_{name}[{j}]" for j in range(1, 7))]
    script += f"thermo {STEPS}\nthermo_style custom step {' '.join(columns)}\nthermo_modify format float %.17g\n"
    script += f"dump d all custom {EVERY} dump id type x y z\ndump_modify d sort id format float %.17g\nrun {STEPS}\n"
    run = good(lmp(script, folder, ranks=ranks))
    return folder, run.thermo[0], dump(folder / "dump")


def columns_of(thermo, fix, columns):
    """Rows of an array in the last line of thermo output."""
    return np.array([[thermo[f"f_{fix}[{k}][{j}]"][-1] for j in range(1, columns + 1)] for k in range(1, BINS + 1)])


@pytest.mark.parametrize("name", PAIRS)
def test_same_sums_as_compute_rdf(liquid, name):
    """The sums of pairs are equal, g(r) and n(r) to rounding, and as printed by fix ave/time."""
    folder, thermo, _ = liquid
    group, *_ = PAIRS[name]
    frames, ions = STEPS // EVERY + 1, {"ion": 32, "all": 64}[group]
    ours, theirs = columns_of(thermo, name, 5), columns_of(thermo, f"ave{name}", 3)
    # fix ave/time adds up 61 rounded numbers, also of what never changes
    np.testing.assert_allclose(ours[:, 0], theirs[:, 0], rtol=1e-14)
    np.testing.assert_allclose(ours[:, 1], theirs[:, 1], rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(ours[:, 3], theirs[:, 2], rtol=1e-13, atol=1e-14)
    sums = theirs[:, 2] * frames * ions
    assert np.abs(sums - np.rint(sums)).max() < 1e-6
    assert np.array_equal(np.rint(sums), np.cumsum(pairs(folder / f"{name}.json")))
    assert sums[-1] > 1000 and ours[:, 1].max() > 1.2 and np.all(ours[ours[:, 1] > 0, 2] > 0)

    printed = [line.split() for line in (folder / f"{name}.ave").read_text().splitlines()[-BINS:]]
    assert [words[1:] for words in printed] == [[f"{x:g}" for x in row] for row in ours[:, [0, 1, 3]]]


def test_scalar_and_vector_are_those_of_the_array(liquid):
    folder, thermo, _ = liquid
    for name in PAIRS:
        rows = columns_of(thermo, name, 5)
        peak = rows[rows[:, 1].argmax()]
        vector = [thermo[f"f_{name}[{j}]"][-1] for j in range(1, 7)]
        assert vector == [STEPS / EVERY + 1, *rows[-1, 3:], *peak[:3]] and thermo[f"f_{name}"][-1] == rows[-1, 3]
        np.testing.assert_allclose(table(folder / f"{name}.txt"), rows, rtol=FILE)
        found = {one["name"]: (one["value"], one["error"]) for one in results(folder / f"{name}.txt")["quantities"]}
        assert found["n_rmax"] == (rows[-1, 3], rows[-1, 4]) and found["g_peak"] == (peak[1], peak[2])
        assert found["r_peak"] == (peak[0], None) and found["samples"] == (vector[0], None)


def test_numpy_on_the_same_trajectory(liquid):
    folder, _, (_, cells, frames) = liquid
    types = frames[0, :, 0]
    groups = {"ion": np.flatnonzero(types == 1), "S": np.flatnonzero(types == 2), "all": np.arange(64)}
    volumes = np.linalg.det(cells)
    for name, (group, neighbors, _, both) in PAIRS.items():
        ions, others = groups[group], groups[neighbors]
        counts = np.array(
            [naive(frame[:, 1:4], cell, ions, others, RMAX, BINS) for frame, cell in zip(frames, cells, strict=True)]
        )
        assert np.array_equal(counts.sum(axis=0), pairs(folder / f"{name}.json"))
        g, n = g_of(counts, volumes, len(ions), len(others), both)
        rows = table(folder / f"{name}.txt")
        np.testing.assert_allclose(rows[:, [1, 3]], np.stack([g, n], axis=1), rtol=FILE, atol=FILE)
        assert results(folder / f"{name}.txt")["settings"]["shared"] == both


def test_picture_shows_the_numbers_of_the_files(liquid):
    folder, *_ = liquid
    figure = rdf.draw([read(folder / f"{name}.txt", RDF) for name in PAIRS])
    rows = [table(folder / f"{name}.txt") for name in PAIRS]
    edges = np.arange(1, BINS + 1) * RMAX / BINS  # up to which n counts
    for axes, column, x in zip(figure.axes, (1, 3), (edges - RMAX / BINS / 2, edges), strict=True):
        lines = [line for line in axes.get_lines() if len(line.get_xdata()) == BINS]
        assert len({line.get_color() for line in lines}) == 3
        for line, of, band in zip(lines, rows, axes.collections, strict=True):
            np.testing.assert_allclose(line.get_xdata(), x, rtol=FILE)
            assert np.array_equal(line.get_ydata(), of[:, column])
            top = np.concatenate([path.vertices[:, 1] for path in band.get_paths()]).max()
            assert top == (of[:, column] + of[:, column + 1])[of[:, column + 1] > 0].max()


SYSTEM = {"gas": None, "one ion": (1, False), "one ion in a slab": (1, True), "three ions": (3, False)}


@pytest.mark.parametrize("system", SYSTEM)
def test_any_number_of_ranks_and_a_restart_write_the_same_bytes(tmp_path, system):
    """Free flight, where nothing else depends on the number of ranks; ranks without ions, and fewer ions than ranks."""
    sizes = SYSTEM[system]
    data = (
        write_moving(*sparse(*sizes, others=200), tmp_path / "data")
        if sizes
        else gas(tmp_path / "data", tilt=1.5, speed=100)
    )

    def script(ranks, read=""):
        grid = f"processors {ranks} 1 1\n" if sizes else ""
        flow = free_flight(data, read=read, before=grid).replace("zero 2.0", "zero 4.5")
        return (
            flow
            + f"group S type 2\nfix rd ion ion/rdf 2 S 4.5 40 {KEEP}\nthermo 10\n"
            + ("thermo_style custom step f_rd f_rd[4] f_rd[30][2] f_rd[40][4]\nthermo_modify format float %.17g\n")
        )

    found = {}
    for ranks in (1, 2, 4):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        run = good(lmp(script(ranks) + "run 31\nwrite_restart half\nrun 29\n", folder, ranks=ranks))
        found[ranks] = (
            [(folder / name).read_bytes() for name in FILES],
            [{name: list(values) for name, values in part.items()} for part in run.thermo],
        )
    assert found[1] == found[2] == found[4]
    assert found[1][1][-1]["f_rd"][-1] > 0.2 and table(tmp_path / "1/table.txt").shape == (40, 5)
    assert np.array_equal(table(tmp_path / "1/history.txt")[:, 0], [0, 20, 40, 60])

    folder = tmp_path / "restarted"
    folder.mkdir()
    (folder / "history.txt").write_bytes((tmp_path / "1/history.txt").read_bytes())
    rest = good(lmp(script(4, "read_restart ../1/half") + "run 29\n", folder, ranks=4))
    assert "continues a measurement" in rest.output
    assert [(folder / name).read_bytes() for name in FILES] == found[1][0]


def test_box_smaller_than_rmax_and_overlapping_groups(tmp_path):
    """Beyond half the box all images count, those of the ion itself too, but not the ion. Groups may have atoms in common."""
    data = gas(tmp_path / "data", tilt=1.0)
    script = free_flight(data).replace("zero 2.0", "zero 9.5") + "group S type 2\ngroup some id 1:40\n"
    members = {"S": "S", "all": "all", "ion": "ion", "some": "some"}
    for name in members:
        script += f"fix {name} ion ion/rdf 1 {name} 9.4 43 file {name}.txt state {name}.json\n"
    script += "dump d all custom 1 dump id type x y z\ndump_modify d sort id format float %.17g\nrun 0\n"
    good(lmp(script, tmp_path, ranks=2))
    _, (cell,), (atoms,) = dump(tmp_path / "dump")
    ids, ions = np.arange(64), np.flatnonzero(atoms[:, 0] == 1)
    groups = {"S": np.flatnonzero(atoms[:, 0] == 2), "all": ids, "ion": ions, "some": ids[:40]}
    for name, others in groups.items():
        both = len(np.intersect1d(ions, others))
        counts = naive(atoms[:, 1:4], cell, ions, others, 9.4, 43)
        assert np.array_equal(pairs(tmp_path / f"{name}.json"), counts) and counts.sum() > 1000
        g, n = g_of(counts[None], [np.linalg.det(cell)], 32, len(others), both, 9.4, 43)
        rows = table(tmp_path / f"{name}.txt")
        np.testing.assert_allclose(rows[:, [1, 3]], np.stack([g, n], axis=1), rtol=FILE, atol=FILE)
        assert np.all(rows[:, [2, 4]] == 0)  # one frame has no error


@pytest.mark.parametrize("ranks", [1, 4])
def test_two_neighbors_of_one_ion(tmp_path, ranks):
    """In a corner of a large box: most ranks have nothing, and g is known."""
    x = np.array([[1.0, 1.0, 1.0], [3.0, 1.0, 1.0], [1.0, 1.0, 4.05]])
    data = write_moving(Box(x, [1, 2, 2], np.diag([30.0] * 3)), np.zeros((3, 3)), tmp_path / "data")
    script = free_flight(data).replace("zero 2.0", "zero 5.0")
    good(lmp(script + "group S type 2\nfix rd ion ion/rdf 1 S 4.5 45 file table.txt\nrun 3\n", tmp_path, ranks=ranks))
    rows = table(tmp_path / "table.txt")
    assert rows[20, 1] == pytest.approx(30.0**3 / (2 * 4 * np.pi / 3 * (2.1**3 - 2.0**3)), rel=1e-9)
    assert rows[19, 3] == 0 and rows[20, 3] == 1 and rows[29, 3] == 1 and rows[30, 3] == 2 == rows[-1, 3]
    assert np.count_nonzero(rows[:, 1]) == 2


def test_an_ion_alone_has_no_neighbors(tmp_path):
    data = write_moving(Box([[1, 1, 1], [5, 5, 5]], [1, 2], np.diag([30.0] * 3)), np.zeros((2, 3)), tmp_path / "data")
    run = lmp(free_flight(data) + "fix rd ion ion/rdf 1 ion 1.5 10\nrun 1\n", tmp_path, ranks=2)
    (error,) = set(run.errors())
    assert "fix ion/rdf rd: no atom of the neighbor group can be a neighbor" in error


def test_replicas_are_joined(tmp_path):
    """deepion-merge gives the mean over all frames, with smaller errors, and refuses a run twice."""
    states = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        script = lj(gas(folder / "data", seed=seed)) + "group S type 2\n"
        good(lmp(script + "fix rd ion ion/rdf 5 S 4.2 30 file table.txt state state.json\nrun 300\n", folder))
        states.append(folder / "state.json")

    def merge(*paths):
        command = [BUILD / "deepion-merge", *paths, "--out", tmp_path / "joined.txt"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    result = merge(*states)
    assert result.returncode == 0, result.stderr
    one, two, both = (
        table(path) for path in (tmp_path / "1/table.txt", tmp_path / "2/table.txt", tmp_path / "joined.txt")
    )
    np.testing.assert_allclose(both[:, [1, 3]], (one + two)[:, [1, 3]] / 2, rtol=FILE, atol=FILE)
    assert np.median(both[15:, 2] / (one + two)[15:, 2]) < 0.45
    head = results(tmp_path / "joined.txt")
    assert head["style"] == "ion/rdf" and [one["value"] for one in head["quantities"] if one["name"] == "runs"] == [2]
    result = merge(states[0], states[0])
    assert result.returncode != 0 and "the same run as another" in result.stderr


def test_files_name_the_atoms_and_the_log_says_the_result(tmp_path):
    """The time step may change; fix ave/time reads rows of the array."""
    data = gas(tmp_path / "data")
    script = free_flight(data).replace("zero 2.0", "zero 4.5") + "group S type 2\n"
    script += 'fix rd ion ion/rdf 1 S 4.5 20 start 10 file table.txt history history.txt title "a test"\n'
    script += "fix dt all dt/reset 5 0.001 0.002 0.1\n"
    script += "fix column all ave/time 50 1 50 f_rd[2] f_rd[4] mode vector file column format ' %.17g'\nrun 50\n"
    run = good(lmp(script, tmp_path, ranks=2))
    text = (tmp_path / "table.txt").read_text().splitlines()
    assert text[0] == "# a test" and "# group ion: 32 of 64 atoms" in text and "# neighbors: group S: 32 atoms" in text
    assert "# r_A g g_se n n_se" in text and "# frames = 41" in text
    assert "fix ion/rdf rd: 32 ions every 1 steps, 32 neighbors (group S), 20 bins up to 4.5 Angstrom" in run.output
    (line,) = [line for line in run.output.splitlines() if line.startswith("fix ion/rdf rd: n within 4.5 A = ")]
    assert " +- " in line
    rows = [line.split() for line in (tmp_path / "column").read_text().splitlines()]
    last = np.array([row for row in rows if len(row) == 3 and row[0] != "#"][-20:], float)
    np.testing.assert_allclose(last[:, 1:], table(tmp_path / "table.txt")[:, [1, 3]], rtol=FILE)
    head = results(tmp_path / "history.txt")
    names = ["step", "n_rmax", "n_rmax_se", "r_peak_A", "g_peak", "g_peak_se"]
    assert [column["name"] for column in head["columns"]] == names


ARGUMENTS = {  # arguments after Nevery: the error
    "": "keyword neighbor-group needs a value: the group whose atoms are counted",
    "none 4 20": "there is no group none",
    "void 4 20": "group void has no atoms",
    "S": "keyword rmax needs a value: a number above 0",
    "S 4": "keyword bins needs a value: an integer, 1 or larger",
    "S far 20": "keyword rmax needs a number above 0, not 'far'",
    "S 0 20": "keyword rmax needs a number above 0, not '0'",
    "S -4 20": "keyword rmax needs a number above 0, not '-4'",
    "S 4 0": "keyword bins needs an integer, 1 or larger, not '0'",
    "S 4 2.5": "keyword bins needs an integer, 1 or larger, not '2.5'",
    "S 4 200000": "200000 bins are not between 1 and 100000",
    "S 4 20 most 3": "unknown keyword 'most'",
    "S 4 20 file": "keyword file needs a value: a file name",
    "S 4 20 output 7": "keyword output needs a multiple of Nevery (5), not 7",
}


@pytest.fixture(scope="module")
def wrong_arguments(tmp_path_factory):
    """What LAMMPS did with each, on 2 ranks."""
    folder = tmp_path_factory.mktemp("arguments")
    begin = free_flight(gas(folder / "data")) + "group S type 2\ngroup void empty\n"
    scripts = {arguments: f"{begin}fix rd ion ion/rdf 5 {arguments}\n" for arguments in ARGUMENTS}
    return lmp_each(scripts, folder, ranks=2)


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_wrong_arguments(wrong_arguments, arguments):
    run = wrong_arguments[arguments]
    (error,) = set(run.errors())
    assert run.returncode != 0 and f"fix ion/rdf rd: {ARGUMENTS[arguments]}" in error


SYSTEMS = {  # changes of the script, the error at `run`
    "no pair style": (
        {"pair_style zero 4.5": "", "pair_coeff * *": "comm_modify cutoff 6"},
        "a pair style is needed, because neighbors are found for it; pair_style zero will do",
    ),
    "short": (
        {"zero 4.5": "zero 2.0"},
        "rmax is 3 Angstrom, but the pair style lists neighbors only up to 2 Angstrom between atoms of types 1 and 2: use a pair "
        "style with a longer cutoff, e.g. pair_style hybrid/overlay with pair_style zero 3",
    ),
    "dynamic neighbors": (
        {"# more": "variable v atom x>1\ngroup S dynamic all var v every 10"},
        "group S must not be dynamic",
    ),
    "group is gone": ({"# more": "group S delete"}, "there is no group S any more"),
    "units": ({"units metal": "units lj"}, "units metal or units real are needed, not units lj"),
    "lost neighbors": (
        {
            "# more": "run 10\nvariable v atom y<4\ngroup low variable v\ngroup both intersect S low\ndelete_atoms group both compress no"
        },
        "neighbor atoms now, 32 when the measurement began",
    ),
    "other type": ({"# more": "run 10\nset group S type/fraction 1 0.5 4711"}, "changed their atom types"),
}


@pytest.fixture(scope="module")
def unmeasurable(tmp_path_factory):
    """Number of ranks -> name of a system -> what LAMMPS did."""
    folder = tmp_path_factory.mktemp("systems")
    begin = free_flight(gas(folder / "data")).replace("zero 2.0", "zero 4.5")
    begin += "group S type 2\nfix rd ion ion/rdf 5 S 3 20\n# more\nthermo_style custom step f_rd\nrun 10\n"
    scripts = {system: changed(begin, changes) for system, (changes, _) in SYSTEMS.items()}
    return functools.cache(lambda ranks: lmp_each(scripts, folder / str(ranks), ranks))


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_that_cannot_be_measured(unmeasurable, system, ranks):
    run = unmeasurable(ranks)[system]
    (error,) = set(run.errors())
    assert run.returncode != 0 and "fix ion/rdf rd: " in error and SYSTEMS[system][1] in error


def test_two_dimensions_are_refused(tmp_path):
    script = """units metal
dimension 2
region box block 0 9 0 9 -0.5 0.5
create_box 1 box
create_atoms 1 random 20 4711 box
mass 1 10
pair_style zero 4.0
pair_coeff * *
fix rd all ion/rdf 5 all 3 20
run 0
"""
    run = lmp(script, tmp_path, ranks=2)
    (error,) = set(run.errors())
    assert "fix ion/rdf rd: a 3-dimensional system is needed" in error


def test_other_settings_than_those_of_the_restart_are_named(tmp_path):
    data = gas(tmp_path / "data")
    fix = "group S type 2\nfix rd ion ion/rdf 2 S 4.5 40\n"
    script = free_flight(data).replace("zero 2.0", "zero 4.5") + fix
    good(lmp(script + "run 10\nwrite_restart half\n", tmp_path))
    changed = {
        "S 4.5 30": "bins was 40, is 30",
        "S 4.4 40": "rmax was 4.5, is 4.4",
        "all 4.5 40": "neighbors was 32, is 64; shared was 0, is 32",
    }
    scripts = {
        text: free_flight(data, read=f"read_restart {tmp_path / 'half'}").replace("zero 2.0", "zero 4.5")
        + fix.replace("S 4.5 40", arguments)
        for arguments, text in changed.items()
    }
    for text, run in lmp_each(scripts, tmp_path, ranks=2).items():
        (error,) = set(run.errors())
        assert f"fix ion/rdf rd: saved state of ion/rdf was made with other settings: {text}: repeat" in error
