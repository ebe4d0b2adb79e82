# SPDX-License-Identifier: MIT
"""fix ion/polyhedra against numpy on the same trajectory, over ranks, restarts and replicas, and what it refuses."""

import functools
import json
import subprocess

import numpy as np
import pytest

from deepion.plots import polyhedra as plot
from deepion.results.tables import POLYHEDRA, read
from ion_runs import DT, changed, dump, free_flight, gas, lj, sparse, table, write_moving
from lammps_runs import BUILD, good, lmp, lmp_each
from small_models import Box

EVERY, STEPS = 2, 400
MADE, BROKEN = 1.9, 2.3
LAGS = (4, 3)
FILES = ("table.txt", "history.txt", "state.json")
KEEP = "output 20 file table.txt history history.txt state state.json"
DIRECTION = 2e-6  # directions have 20 bits


def results(path):
    (line,) = [line for line in path.read_text().splitlines() if line.startswith("# results ")]
    return json.loads(line.removeprefix("# results "))


def quantities(path):
    return {one["name"]: (one["value"], one["error"]) for one in results(path)["quantities"]}


def bonds_of(frames, cells):
    """Of each frame: (center, ligand) -> unit vector; atoms of type 1 are centers, of type 2 ligands."""
    found, known = [], {}
    for atoms, cell in zip(frames, cells, strict=True):
        now = {}
        centers, ligands = np.flatnonzero(atoms[:, 0] == 1), np.flatnonzero(atoms[:, 0] == 2)
        for i in centers:
            s = (atoms[ligands, 1:4] - atoms[i, 1:4]) @ np.linalg.inv(cell)
            d = (s - np.rint(s)) @ cell
            r = np.linalg.norm(d, axis=1)
            assert np.abs(r[:, None] - [MADE, BROKEN]).min() > 1e-9, "a bond at a cutoff: rounding would decide"
            now |= {
                (i, j): d[k] / r[k] for k, j in enumerate(ligands) if r[k] < MADE or (r[k] < BROKEN and (i, j) in known)
            }
        found.append(now)
        known = now
    return found


def clusters_of(bonds, centers):
    """Of a frame: the atoms of each cluster -> number of shared ligands."""
    found = {}
    for start in centers:
        atoms = {start}
        while True:
            more = {x for pair in bonds if pair[0] in atoms or pair[1] in atoms for x in pair}
            if more <= atoms:
                break
            atoms |= more
        counts = {}
        for center, ligand in bonds:
            if center in atoms:
                counts[ligand] = counts.get(ligand, 0) + 1
        found[frozenset(atoms)] = (len(counts), sum(n > 1 for n in counts.values()))
    return found


def name_of(atoms, ligands, shared):
    n = len(atoms) - ligands
    if n > 4:
        return "larger"
    text = "A" + (str(n) if n > 1 else "") + ("B" if ligands else "") + (str(ligands) if ligands > 1 else "")
    return f"{text}_{shared}" if n > 1 else text


@pytest.fixture(scope="module", params=[(1, 2.0, False), (2, 0.0, True)], ids=["1-triclinic", "2-deformed"])
def liquid(request, tmp_path_factory):
    """A hot liquid whose atoms bond at random."""
    ranks, tilt, deformed = request.param
    folder = tmp_path_factory.mktemp("liquid")
    script = lj(gas(folder / "data", tilt=tilt)) + "group S type 2\n"
    if deformed:
        script += "fix box all deform 1 x wiggle 0.4 0.2 y wiggle 0.3 0.3 remap x\n"
    script += f"fix ab ion ion/polyhedra {EVERY} S {MADE} {BROKEN} names A B lags {LAGS[0]} {LAGS[1]} {KEEP}\n"
    names = ["f_ab"] + [f"f_ab[{k}]" for k in range(1, 16)] + [f"f_ab[2][{j}]" for j in range(1, 8)]
    script += f"thermo {STEPS}\nthermo_style custom step {' '.join(names)}\nthermo_modify format float %.17g\n"
    script += f"dump d all custom {EVERY} dump id type x y z\ndump_modify d sort id format float %.17g\n"
    run = good(lmp(script + f"run {STEPS}\n", folder, ranks=ranks, timeout=120))
    _, cells, frames = dump(folder / "dump")
    return folder, run.thermo[0], frames, bonds_of(frames, cells)


def test_rotation_is_that_of_numpy(liquid):
    folder, _, frames, bonds = liquid
    rows = table(folder / "table.txt")
    samples, lags = len(frames), [1, 2, 3, 4, 8, 12, 16, 32, 48, 64]
    assert samples == STEPS // EVERY + 1
    np.testing.assert_allclose(rows[:, 0], np.array(lags) * EVERY * DT, rtol=1e-12)
    for row, lag in zip(rows, lags, strict=True):
        stride = 1 if lag <= 4 else 4 if lag <= 16 else 16
        cosines, origins = [], 0
        for end in range(lag, samples):
            if end % stride == 0:
                old, new = bonds[end - lag], bonds[end]
                origins += len(old)
                cosines += [old[pair] @ new[pair] for pair in old if pair in new]
        cosines = np.array(cosines)
        assert len(cosines) >= 10
        assert row[1] == pytest.approx(cosines.mean(), abs=DIRECTION)
        assert row[3] == pytest.approx((1.5 * cosines**2 - 0.5).mean(), abs=DIRECTION)
        assert row[5] == pytest.approx(len(cosines) / origins, rel=1e-12)
    assert np.all(rows[:6, [2, 4, 6]] > 0)


def test_clusters_and_lifetimes_are_those_of_numpy(liquid):
    folder, _, frames, bonds = liquid
    centers = np.flatnonzero(frames[0, :, 0] == 1)
    ligands = np.flatnonzero(frames[0, :, 0] == 2)
    found, head, samples = quantities(folder / "table.txt"), results(folder / "table.txt"), len(frames)
    assert found["bonds"][0] == pytest.approx(sum(map(len, bonds)) / samples / 32, rel=1e-12)
    parts = np.zeros(3)
    for now in bonds:
        counts = np.array([sum(pair[1] == ligand for pair in now) for ligand in ligands])
        parts += np.bincount(np.minimum(counts, 2), minlength=3)
    for name, part in zip(("free", "terminal", "bridging"), parts / samples / 32, strict=True):
        assert found[name][0] == pytest.approx(part, rel=1e-12) and found[name][1] > 0
    watched = sum(map(len, bonds[:-1]))
    broken = sum(len(old.keys() - new.keys()) for old, new in zip(bonds[:-1], bonds[1:], strict=True))
    assert found["bond_lifetime"][0] == pytest.approx(watched / broken * EVERY * DT, rel=1e-12)

    clusters = [clusters_of(now, centers) for now in bonds]
    expected = {}
    for k, now in enumerate(clusters):
        for atoms, (n, shared) in now.items():
            sums = expected.setdefault(name_of(atoms, n, shared), np.zeros(4))
            sums += [1, len(atoms) - n, k + 1 < samples, k + 1 < samples and atoms not in clusters[k + 1]]
    species = {one["name"]: one for one in head["series"]["species"]}
    assert species.keys() == expected.keys() and len(species) > 5
    for name, (number, inside, watched, ended) in expected.items():
        one = species[name]
        assert one["number"] == pytest.approx(number / samples, rel=1e-12)
        assert one["part"] == pytest.approx(inside / samples / 32, rel=1e-12)
        assert one["lifetime_ps"] == (pytest.approx(watched / ended * EVERY * DT, rel=1e-12) if ended else None)
    assert sum(one["part"] for one in species.values()) == pytest.approx(1)
    most = max(species.values(), key=lambda one: one["part"])
    assert found[f"part_{most['name']}"][0] == most["part"]


def test_thermo_output_is_that_of_the_table(liquid):
    folder, thermo, _, _ = liquid
    found, rows = quantities(folder / "table.txt"), table(folder / "table.txt")
    names = ("bonds", "free", "terminal", "bridging", "bond_lifetime", "tau_1", "tau_2")
    expected = [found["samples"][0], *(x or 0 for name in names for x in found[name])]
    assert [thermo[f"f_ab[{k}]"][-1] for k in range(1, 16)] == expected and thermo["f_ab"][-1] == expected[13]
    np.testing.assert_allclose([thermo[f"f_ab[2][{j}]"][-1] for j in range(1, 8)], rows[1], rtol=1e-12)


def test_picture_shows_the_numbers_of_the_files(liquid):
    folder, *_ = liquid
    rows = table(folder / "table.txt")
    left, right = plot.draw([read(folder / "table.txt", POLYHEDRA)]).axes
    lines = [line for line in left.get_lines() if len(line.get_xdata()) == len(rows)]
    for line, column in zip(lines, (1, 3, 5), strict=True):
        assert np.array_equal(line.get_xdata(), rows[:, 0]) and np.array_equal(line.get_ydata(), rows[:, column])
    parts = sorted((one["part"] for one in results(folder / "table.txt")["series"]["species"]), reverse=True)[:8]
    assert [bar.get_width() for bar in right.patches] == parts


SYSTEM = {"gas": None, "one center in a slab": (1, True), "three centers": (3, False)}


@pytest.mark.parametrize("system", SYSTEM)
def test_any_number_of_ranks_and_a_restart_write_the_same_bytes(tmp_path, system):
    """Free flight, where nothing else depends on the number of ranks; ranks without centers, and fewer centers than ranks."""
    sizes = SYSTEM[system]
    data = (
        write_moving(*sparse(*sizes, others=200, speed=10.0), tmp_path / "data")
        if sizes
        else gas(tmp_path / "data", tilt=1.5)
    )

    def script(ranks, read=""):
        grid = f"processors {ranks} 1 1\n" if sizes else ""
        return (
            free_flight(data, read=read, before=grid).replace("zero 2.0", "zero 3.0")
            + f"group S type 2\nfix ab ion ion/polyhedra 2 S 1.8 2.6 lags 4 2 {KEEP}\nthermo 10\n"
            + "thermo_style custom step f_ab f_ab[2] f_ab[10]\nthermo_modify format float %.17g\n"
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
    assert quantities(tmp_path / "1/table.txt")["bonds"][0] > 0.2
    assert np.array_equal(np.loadtxt(tmp_path / "1/history.txt")[:, 0], [0, 20, 40, 60])

    folder = tmp_path / "restarted"
    folder.mkdir()
    (folder / "history.txt").write_bytes((tmp_path / "1/history.txt").read_bytes())
    rest = good(lmp(script(4, "read_restart ../1/half") + "run 29\n", folder, ranks=4))
    assert "continues a measurement" in rest.output
    assert [(folder / name).read_bytes() for name in FILES] == found[1][0]


def test_known_clusters(tmp_path):
    """A tetrahedron alone, two that share a corner, two that share an edge, and a free ligand."""
    corner = 1.2 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    x, types = [], []

    def add(center, ligands):
        x.extend([center, *ligands])
        types.extend([1] + [2] * len(ligands))

    add(np.array([5.0, 5, 5]), corner + [5, 5, 5])
    first = np.array([15.0, 15, 15])
    shared = first + corner[0]
    add(first, corner + first)
    add(first + 2 * corner[0], shared + corner[0] - corner[1:])  # mirrored at the corner
    second = np.array([25.0, 5, 25])
    add(second, corner + second)
    middle = second + (corner[0] + corner[1]) / 2
    turned = 2 * middle - second  # mirrored at the edge
    add(turned, 2 * middle - (corner[2:] + second))
    x.append([5.0, 25, 5])
    types.append(2)
    data = write_moving(Box(np.array(x), types, np.diag([32.0] * 3)), np.zeros((len(x), 3)), tmp_path / "data")
    script = free_flight(data).replace("zero 2.0", "zero 4.0") + "group S type 2\n"
    good(lmp(script + "fix ab ion ion/polyhedra 1 S 2.4 2.9 names P S file table.txt\nrun 12\n", tmp_path, ranks=2))
    species = {one["name"]: one["number"] for one in results(tmp_path / "table.txt")["series"]["species"]}
    assert species == {"PS4": 1, "P2S7_1": 1, "P2S6_2": 1}
    found = quantities(tmp_path / "table.txt")
    assert found["bonds"][0] == 4 and found["free"][0] == pytest.approx(1 / 18) and found["bond_lifetime"][0] is None
    assert found["bridging"][0] == pytest.approx(3 / 18) and found["tau_2"][0] is None
    rows = table(tmp_path / "table.txt")
    np.testing.assert_allclose(rows[:, [1, 3, 5]], 1, atol=1e-12)


def test_replicas_are_joined(tmp_path):
    """deepion-merge gives the mean over all frames, and refuses a run twice."""
    states = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        script = lj(gas(folder / "data", seed=seed)) + "group S type 2\n"
        good(
            lmp(
                script + "fix ab ion ion/polyhedra 5 S 1.9 2.3 names A B file table.txt state state.json\nrun 300\n",
                folder,
            )
        )
        states.append(folder / "state.json")

    def merge(*paths):
        command = [BUILD / "deepion-merge", *paths, "--out", tmp_path / "joined.txt"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    result = merge(*states)
    assert result.returncode == 0, result.stderr
    one, two, both = (
        quantities(path) for path in (tmp_path / "1/table.txt", tmp_path / "2/table.txt", tmp_path / "joined.txt")
    )
    for name in ("bonds", "free", "terminal", "bridging"):
        assert both[name][0] == pytest.approx((one[name][0] + two[name][0]) / 2, rel=1e-12)
    assert both["runs"][0] == 2
    result = merge(states[0], states[0])
    assert result.returncode != 0 and "the same run as another" in result.stderr


def test_log_says_the_result_and_the_memory(tmp_path):
    script = free_flight(gas(tmp_path / "data")).replace("zero 2.0", "zero 4.0") + "group S type 2\n"
    script += 'fix ab ion ion/polyhedra 1 S 1.8 2.6 names Li S start 10 file table.txt title "a test"\nrun 50\n'
    run = good(lmp(script, tmp_path, ranks=2))
    assert (
        "fix ion/polyhedra ab: 32 centers Li every 1 steps, 32 ligands S (group S), bonds made below 1.8 and broken above "
        "2.6 Angstrom, 10 lags on each of 4 levels" in run.output
    )
    assert "memory: " in run.output
    text = (tmp_path / "table.txt").read_text().splitlines()
    assert text[0] == "# a test" and "# frames = 41" in text and "# ligands: group S: 32 atoms" in text
    lines = [
        line for line in run.output.splitlines() if line.startswith("fix ion/polyhedra ab: mean lifetime of a bond = ")
    ]
    assert len(lines) == 1


ARGUMENTS = {  # arguments after Nevery: the error
    "": "keyword neighbor-group needs a value: the group whose atoms are counted",
    "none 2 3": "there is no group none",
    "ion 2 3": "an atom cannot be a center and a ligand",
    "S": "keyword r1 needs a value: a number above 0",
    "S 2": "keyword r2 needs a value: a number above 0",
    "S 2 -3": "keyword r2 needs a number above 0, not '-3'",
    "S 3 2": "bonds need a length at which they are made and one, not smaller, at which they break, not 3 and 2 A",
    "S 2 3 lags 1 3": "keyword lags needs an integer, 2 or larger, not '1'",
    "S 2 3 lags 600 2": "lags 600 2 means that all bonds are kept at 1200 moments: use 1000 or fewer",
    "S 2 3 names P": "keyword names needs a value: a name for centers and one for ligands",
    "S 2 3 names P S2": "names of letters are needed, such as P and S, not P and S2",
    "S 2 3 most 3": "unknown keyword 'most'",
    "S 2 3 output 7": "keyword output needs a multiple of Nevery (5), not 7",
}


@pytest.fixture(scope="module")
def wrong_arguments(tmp_path_factory):
    """What LAMMPS did with each, on 2 ranks."""
    folder = tmp_path_factory.mktemp("arguments")
    begin = free_flight(gas(folder / "data")) + "group S type 2\n"
    scripts = {arguments: f"{begin}fix ab ion ion/polyhedra 5 {arguments}\n" for arguments in ARGUMENTS}
    return lmp_each(scripts, folder, ranks=2)


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_wrong_arguments(wrong_arguments, arguments):
    run = wrong_arguments[arguments]
    (error,) = set(run.errors())
    assert run.returncode != 0 and f"fix ion/polyhedra ab: {ARGUMENTS[arguments]}" in error


SYSTEMS = {  # changes of the script, the error at `run`
    "short": (
        {"zero 4.5": "zero 1.5"},
        "r2 is 2.5 Angstrom, but the pair style lists neighbors only up to 1.5 Angstrom",
    ),
    "units": ({"units metal": "units lj"}, "units metal or units real are needed, not units lj"),
    "small box": (
        {"# more": "change_box all x scale 0.45 y scale 0.45 z scale 0.45 remap"},
        "the box is too small for bonds of this length",
    ),
    "other type": ({"# more": "run 10\nset group S type/fraction 1 0.5 4711"}, "changed their atom types"),
    "time step": ({"# more": "run 10\ntimestep 0.001"}, "lags would mean other times"),
}


@pytest.fixture(scope="module")
def unmeasurable(tmp_path_factory):
    """Number of ranks -> name of a system -> what LAMMPS did."""
    folder = tmp_path_factory.mktemp("systems")
    begin = free_flight(gas(folder / "data")).replace("zero 2.0", "zero 4.5")
    begin += "group S type 2\nfix ab ion ion/polyhedra 5 S 2 2.5\n# more\nthermo_style custom step f_ab\nrun 10\n"
    scripts = {system: changed(begin, changes) for system, (changes, _) in SYSTEMS.items()}
    return functools.cache(lambda ranks: lmp_each(scripts, folder / str(ranks), ranks))


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_that_cannot_be_measured(unmeasurable, system, ranks):
    run = unmeasurable(ranks)[system]
    (error,) = set(run.errors())
    assert run.returncode != 0 and "fix ion/polyhedra ab: " in error and SYSTEMS[system][1] in error


def test_other_settings_than_those_of_the_restart_are_named(tmp_path):
    data = gas(tmp_path / "data")
    fix = "group S type 2\nfix ab ion ion/polyhedra 2 S 2 2.5\n"
    script = free_flight(data).replace("zero 2.0", "zero 4.5") + fix
    good(lmp(script + "run 10\nwrite_restart half\n", tmp_path))
    changed = {
        "S 2.1 2.5": "made was 2.0, is 2.1",
        "S 2 2.6": "broken was 2.5, is 2.6",
        "S 2 2.5 lags 5 4": "lags_per_level was 10, is 5",
    }
    scripts = {
        text: free_flight(data, read=f"read_restart {tmp_path / 'half'}").replace("zero 2.0", "zero 4.5")
        + fix.replace("S 2 2.5", arguments)
        for arguments, text in changed.items()
    }
    for text, run in lmp_each(scripts, tmp_path, ranks=2).items():
        (error,) = set(run.errors())
        assert (
            f"fix ion/polyhedra ab: saved state of ion/polyhedra was made with other settings: {text}: repeat" in error
        )
