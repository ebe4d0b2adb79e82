# SPDX-License-Identifier: MIT
"""compute and fix ion/coordination against compute coord/atom, against numpy, over ranks, restarts and in strange boxes."""

import functools
import itertools
import re

import numpy as np
import pytest

from ion_runs import dump, free_flight, gas, lj, setup, table, write_moving
from lammps_runs import good, lmp, lmp_each
from small_models import Box

# Counts are integers: whatever is compared, is equal. These are for numbers in files of 13 digits, and for logarithms that
# numpy takes in another order.
FILE = 1e-12
LOGARITHM = 1e-13

CUTOFFS = (2.2, 2.7, 3.2, 3.7, 4.2)  # from one neighbor to 13: up to 6 and above 6, and 1 to 6 alone and not
RCUT = "rcut 2.2 4.2 5"
COLUMNS = " ".join(f"c_cn[{k}]" for k in range(1, 6))  # a dump does not know c_cn[*]: the array has more columns
MOST = 6
EVERY, STEPS = 5, 300
FILES = ("table.txt", "history.txt", "state.json")
KEEP = "output 20 file table.txt history history.txt state state.json"


def files(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def images(cell, reach):
    """Vectors to periodic images of the box that can hold a neighbor; the box itself is the first."""
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    ranges = [range(-n, n + 1) for n in np.ceil(reach / heights).astype(int)]
    return np.array(sorted(itertools.product(*ranges), key=lambda n: np.abs(n).sum())) @ cell


def naive(x, cell, ions, others, cutoffs):
    """Coordination numbers [ion, cut-off] by all distances to all images; an atom is no neighbor of itself."""
    shifts = images(cell, max(cutoffs))
    d = x[others][None, :, None, :] + shifts - x[ions][:, None, None, :]
    r = np.linalg.norm(d, axis=-1)
    assert np.all(np.abs(r[..., None] - cutoffs) > 1e-9), "an atom at a cut-off: rounding would decide"
    for k, i in enumerate(ions):
        r[k, others == i, 0] = np.inf
    return (r[..., None] <= cutoffs).sum(axis=(1, 2))


def entropy(p):
    p = p[p > 0] / p.sum()
    return -(p * np.log(p)).sum() if len(p) else 0.0


def estimates(counts, most=MOST):
    """Mean, entropy, entropy over 1 to 6, P(0) to P(> most) of counts [ion or frame and ion, cut-off]."""
    rows = []
    for n in counts.reshape(-1, counts.shape[-1]).T:
        p = np.bincount(np.minimum(n, most + 1), minlength=most + 2) / len(n)
        rows.append([n.mean(), entropy(p), entropy(p[1 : min(7, most + 1)]), *p])
    return np.array(rows)


@pytest.fixture(scope="module", params=[0.0, 2.0], ids=["orthogonal", "triclinic"])
def liquid(request, tmp_path_factory):
    """A hot liquid, measured by us and by compute coord/atom with fix ave/histo, at each sample and over the run."""
    folder = tmp_path_factory.mktemp("liquid")
    script = lj(gas(folder / "data", tilt=request.param))
    script += f"group S type 2\ncompute cn ion ion/coordination S {RCUT}\n"
    script += (
        f"fix co ion ion/coordination {EVERY} S {RCUT} {KEEP}\ncompute one ion ion/coordination S rcut 2.7 2.7 1\n"
    )
    columns = ["c_cn"]
    for k, cutoff in enumerate(CUTOFFS, 1):
        script += f"compute k{k} ion coord/atom cutoff {cutoff} group S\n"
        histogram = (
            f"ave/histo {EVERY} 1 {EVERY} -0.5 {MOST + 1.5} {MOST + 2} c_k{k} mode vector kind peratom beyond end"
        )
        script += f"fix now{k} ion {histogram}\nfix all{k} ion {histogram} ave running\n"
        columns += [f"c_cn[{k}]"] + [f"c_cn[{k}][{j}]" for j in range(1, MOST + 7)]
        columns += [f"f_co[{k}][{j}]" for j in range(1, 2 * MOST + 11)]
        for fix in ("now", "all"):
            columns += [f"f_{fix}{k}[{bin + 1}][{j}]" for bin in range(MOST + 2) for j in (2, 3)]
    script += f"thermo {10 * EVERY}\nthermo_style custom step {' '.join(columns)}\nthermo_modify format float %.17g\n"
    script += (
        f"dump d all custom {EVERY} dump id type x y z {COLUMNS} c_one {' '.join(f'c_k{k}' for k in range(1, 6))}\n"
    )
    script += f"dump_modify d sort id format float %.17g\nrun {STEPS}\n"
    run = good(lmp(script, folder, ranks=2))
    return folder, run.thermo[0], dump(folder / "dump")


def test_distribution_is_that_of_coord_atom(liquid):
    """P(n) of every cut-off to the last bit: both divide the same integers."""
    _, thermo, _ = liquid
    assert np.array_equal(thermo["Step"], np.arange(0, STEPS + 1, 10 * EVERY))
    for k, cutoff in enumerate(CUTOFFS, 1):
        assert np.all(thermo[f"c_cn[{k}][1]"] == cutoff) and np.all(thermo[f"f_co[{k}][1]"] == cutoff)
        for n in range(MOST + 2):
            now, run = (thermo[f"f_{fix}{k}[{n + 1}][2]"] for fix in ("now", "all"))
            frames = thermo["Step"] / EVERY + 1
            assert np.array_equal(thermo[f"c_cn[{k}][{n + 5}]"], now / 32), (k, n)
            assert np.array_equal(thermo[f"f_co[{k}][{n + 7}]"], run / (32 * frames)), (k, n)
    some = [np.ptp(thermo[f"f_co[{k}][{n + 7}]"]) > 0 for k in range(1, 6) for n in range(MOST + 2)]
    assert sum(some) > 20


def test_per_atom_values_are_those_of_coord_atom(liquid):
    _, _, (_, _, frames) = liquid
    types, ours, one, theirs = frames[0, :, 0], frames[..., 4:9], frames[..., 9], frames[..., 10:]
    assert np.array_equal(ours, theirs) and np.array_equal(one, ours[..., 1])
    assert np.all(ours[:, types == 2] == 0) and ours[:, types == 1].max() > 12 and ours[:, types == 1, 0].min() == 0


def test_numpy_on_the_same_trajectory(liquid):
    folder, thermo, (steps, cells, frames) = liquid
    types = frames[0, :, 0]
    ions, others = np.flatnonzero(types == 1), np.flatnonzero(types == 2)
    counts = np.array(
        [naive(frame[:, 1:4], cell, ions, others, CUTOFFS) for frame, cell in zip(frames, cells, strict=True)]
    )
    assert np.array_equal(frames[:, ions, 4:9], counts)

    rows = table(folder / "table.txt")
    assert rows.shape == (5, 2 * MOST + 10) and np.array_equal(rows[:, 0], CUTOFFS)
    expected = estimates(counts)
    np.testing.assert_allclose(rows[:, [1, 3, 5, *range(6, MOST + 8)]], expected, rtol=FILE, atol=FILE)
    assert np.all(np.abs(rows[:, 6 : MOST + 8].sum(axis=1) - 1) < FILE) and expected[0, 1] > 1 and expected[0, 2] > 1
    assert np.all(rows[:3, [2, 4]] > 0) and np.all(rows[:3, [2, 4]] < 0.2)

    history = table(folder / "history.txt")
    assert np.array_equal(history[:, 0], np.arange(0, STEPS + 1, 20))
    for row in history[[1, 7, -1]]:
        upto = estimates(counts[: int(row[0]) // EVERY + 1])
        np.testing.assert_allclose(row[1:], upto[:, :2].ravel(), rtol=FILE)

    for line, step in enumerate(thermo["Step"].astype(int)):
        now = estimates(counts[step // EVERY])
        for k in range(5):
            found = [thermo[f"c_cn[{k + 1}][{j}]"][line] for j in range(2, MOST + 7)]
            np.testing.assert_allclose(found, now[k], rtol=LOGARITHM, atol=LOGARITHM)
            assert thermo[f"c_cn[{k + 1}]"][line] == found[0]
        assert thermo["c_cn"][line] == now[0, 0]


@pytest.mark.parametrize("tilt", [0.0, 1.5])
def test_any_number_of_ranks_writes_the_same_bytes(tmp_path, tilt):
    """Free flight, where nothing else depends on the number of ranks."""
    data = gas(tmp_path / "data", tilt=tilt, speed=100)
    script = free_flight(data).replace("zero 2.0", "zero 4.5") + "group S type 2\n"
    script += f"compute cn ion ion/coordination S {RCUT} most 9\nfix co ion ion/coordination 2 S {RCUT} most 9 {KEEP}\n"
    script += "thermo 10\nthermo_style custom step c_cn[1] c_cn[5][3] c_cn[4][15] f_co f_co[5][3]\n"
    script += "thermo_modify format float %.17g\nrun 30\n"
    found = {}
    for ranks in (1, 2, 4):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        run = good(lmp(script, folder, ranks=ranks))
        found[ranks] = files(folder), {name: list(values) for name, values in run.thermo[0].items()}
    assert found[1] == found[2] == found[4]
    thermo = found[1][1]
    assert np.ptp(thermo["c_cn[1]"]) > 0.3 and thermo["f_co"][-1] > 1 and thermo["c_cn[4][15]"][-1] > 0.1
    assert table(tmp_path / "1" / "table.txt").shape == (5, 28)


def pair(folder, x, v, cell=30.0):
    return write_moving(Box(x, [1, 2], cell * np.eye(3)), v, folder / "data")


def test_a_small_box_and_equal_groups(tmp_path):
    """Cut-offs beyond half the box: all images count, those of the atom itself too, but not the atom. The two groups may be
    the same, or have atoms in common."""
    data = gas(tmp_path / "data", tilt=1.0)
    script = free_flight(data).replace("zero 2.0", "zero 9.5") + "group S type 2\ngroup both id 1:40\n"
    groups = {"S": "S", "all": "all", "ion": "ion", "both": "both"}
    for name in groups:
        script += f"compute {name} ion ion/coordination {name} rcut 3 9.4 3 most 200\n"
    script += "dump d all custom 1 dump id type x y z " + " ".join(
        f"c_{name}[{k}]" for name in groups for k in (1, 2, 3)
    )
    script += "\ndump_modify d sort id format float %.17g\nthermo_style custom step c_all[3]\nrun 0\n"
    for ranks in (1, 2):
        run = good(lmp(script, tmp_path, ranks=ranks))
        _, (cell,), (atoms,) = dump(tmp_path / "dump")
        types, x = atoms[:, 0], atoms[:, 1:4]
        ions, ids = np.flatnonzero(types == 1), np.arange(64)
        members = {"S": types == 2, "all": ids >= 0, "ion": types == 1, "both": ids < 40}
        cutoffs = np.array([3, 6.2, 9.4])
        for k, name in enumerate(groups):
            expected = naive(x, cell, ions, np.flatnonzero(members[name]), cutoffs)
            assert expected[:, 2].min() > 120, name
            assert np.array_equal(atoms[ions, 4 + 3 * k : 7 + 3 * k], expected), name
        assert run.thermo[0]["c_all[3]"][0] == naive(x, cell, ions, ids, cutoffs)[:, 2].mean()


@pytest.mark.parametrize("style", ["lj/cut 3.0", "zero 4.0"])
def test_pairs_that_swing_between_two_rebuilds(tmp_path, style):
    """Two atoms that swing by less than half a skin are never sorted again. A neighbor list made when they are farthest
    apart, 4.69 A at the first sample, must still know them when they are 2.91 A apart."""
    data = pair(tmp_path, [[10, 15, 15], [13.8, 15, 15]], np.zeros((2, 3)))
    script = f"""units metal
read_data {data}
reset_timestep 1
group a type 1
group b type 2
neighbor 1.0 bin
neigh_modify every 1 delay 0 check yes
pair_style {style}
pair_coeff * * {"0 1" if "lj" in style else ""}
fix a a move wiggle -0.45 0 0 0.04
fix b b move wiggle 0.45 0 0 0.04
timestep 0.001
compute cn a ion/coordination b rcut 2.95 2.95 1
fix co a ion/coordination 10 b rcut 2.95 2.95 1
fix now a ave/time 10 1 10 c_cn file now
thermo 10
thermo_style custom step f_co[1][2] nbuild
run 39
"""
    for ranks in (1, 2):
        thermo = good(lmp(script, tmp_path, ranks=ranks)).thermo[0]
        assert np.array_equal(np.loadtxt(tmp_path / "now"), [[10, 0], [20, 0], [30, 1], [40, 0]])
        np.testing.assert_allclose(thermo["f_co[1][2]"], [0, 0, 0, 1 / 3, 1 / 4], rtol=1e-6)
        assert np.all(thermo["Nbuild"] == 0)


def test_a_box_that_changes_at_the_end_of_a_step(tmp_path):
    """fix deform moves the atoms and not their ghosts: those across a border must not be counted where they were."""
    data = gas(tmp_path / "data", speed=1)
    script = (
        free_flight(data).replace("zero 2.0", "zero 5.0")
        + "group S type 2\nfix box all deform 1 x wiggle 2 0.02 remap x\n"
    )
    script += f"fix co ion ion/coordination 2 S {RCUT} file table.txt\ncompute cn ion ion/coordination S {RCUT}\n"
    script += f"dump d all custom 2 dump id type x y z {COLUMNS}\ndump_modify d sort id format float %.17g\nrun 20\n"
    for ranks in (1, 2):
        good(lmp(script, tmp_path, ranks=ranks))
        _, cells, frames = dump(tmp_path / "dump")
        assert np.ptp(cells[:, 0, 0]) > 3
        ions, others = np.flatnonzero(frames[0, :, 0] == 1), np.flatnonzero(frames[0, :, 0] == 2)
        counts = [naive(frame[:, 1:4], cell, ions, others, CUTOFFS) for frame, cell in zip(frames, cells, strict=True)]
        assert np.array_equal(frames[:, ions, 4:], counts)
        np.testing.assert_allclose(table(tmp_path / "table.txt")[:, 1], np.mean(counts, axis=(0, 1)), rtol=FILE)


@pytest.mark.parametrize("tilt", [0.0, 1.5])
def test_restart(tmp_path, tilt):
    """Half a run and the other half, on another number of ranks, write what one run writes."""
    data = gas(tmp_path / "data", tilt=tilt)
    common = "group S type 2\n" + f"fix co ion ion/coordination 2 S {RCUT} {KEEP}\n"

    def script(**options):
        return free_flight(data, **options).replace("zero 2.0", "zero 4.5") + common

    good(lmp(script() + "run 60\n", tmp_path))
    folder = tmp_path / "halves"
    folder.mkdir()
    first = good(lmp(script() + "run 31\nwrite_restart half\n", folder))
    second = good(lmp(script(read="read_restart half") + "run 29\n", folder, ranks=2))
    assert "begins a measurement" in first.output and "continues a measurement" in second.output
    assert len(table(folder / "history.txt")) == 4 and files(folder) == files(tmp_path)

    changed = {
        "fix co ion ion/coordination 2 all rcut 2.2 4.2 5": "neighbors was 32, is 64",
        "fix co ion ion/coordination 2 S rcut 2.2 4.2 3": "cutoffs was [2.2,2.7,3.2,3.7,4.2], is [2.2,3.2,4.2]",
        "fix co ion ion/coordination 2 S rcut 2.2 4.2 5 most 7": "most was 6, is 7",
    }
    for command, text in changed.items():
        run = lmp(
            script(read="read_restart half").replace(common, "group S type 2\n" + command + "\n"), folder, ranks=2
        )
        (error,) = set(run.errors())
        assert f"ion/coordination was made with other settings: {text}: repeat the settings" in error
        assert "fix ion/coordination co: " in error


def test_output_in_other_commands(tmp_path):
    """The time step may change; files name the neighbors; an atom-style variable takes per-atom values from fix ave/atom."""
    data = gas(tmp_path / "data")
    script = (
        free_flight(data).replace("zero 2.0", "zero 4.5")
        + f"""group S type 2
compute cn ion ion/coordination S rcut 2.7 2.7 1
compute many ion ion/coordination S {RCUT}
fix co ion ion/coordination 1 S {RCUT} start 10 file table.txt title "a test"
fix dt all dt/reset 5 0.001 0.002 0.1
fix atoms ion ave/atom 10 1 10 c_cn
variable n atom f_atoms
compute sum ion reduce sum v_n
compute each ion reduce sum c_cn
fix column all ave/time 50 1 50 c_many[2] c_many[3] f_co[2] mode vector file column format " %.17g"
thermo 10
thermo_style custom step c_cn c_cn[1] c_sum c_each f_co f_co[1] f_co[2][2] c_many[2]
thermo_modify format float %.17g
run 50
"""
    )
    run = good(lmp(script, tmp_path, ranks=2))
    thermo = run.thermo[0]
    assert np.array_equal(thermo["c_cn"], thermo["c_sum"] / 32) and np.array_equal(
        thermo["c_cn"], thermo["c_each"] / 32
    )
    assert np.array_equal(thermo["c_cn"], thermo["c_cn[1]"]) and np.array_equal(thermo["c_cn"], thermo["c_many[2]"])
    assert list(thermo["f_co[1]"]) == [0, 1, 11, 21, 31, 41] and thermo["c_cn"].min() > 2 and thermo["f_co"][-1] > 1
    text = (tmp_path / "table.txt").read_text().splitlines()
    assert text[0] == "# a test" and "# group ion: 32 of 64 atoms" in text and "# neighbors: group S: 32 atoms" in text
    rows = [line.split() for line in (tmp_path / "column").read_text().splitlines()]
    last = np.array([row for row in rows if len(row) == 4 and row[0] != "#"][-5:], float)
    np.testing.assert_allclose(last[:, 3], table(tmp_path / "table.txt")[:, 1], rtol=FILE)
    assert re.search(
        r"fix ion/coordination co: 32 ions every 1 steps, 32 neighbors \(group S\), 5 cut-offs from 2.2 to 4.2 Angstrom",
        run.output,
    )


ARGUMENTS = {  # arguments after the style (and Nevery): the error
    "": "keyword neighbor-group needs a value: the group whose atoms are counted",
    "none rcut 2 3 3": "there is no group none",
    "void rcut 2 3 3": "group void has no atoms",
    "S": "keyword rcut is missing: rcut lo hi n, lengths in Angstrom",
    "S most 7": "keyword rcut is missing: rcut lo hi n, lengths in Angstrom",
    "S rcut 2": "keyword rcut needs a value: a number above 0",
    "S rcut 2 3": "keyword rcut needs a value: an integer, 1 or larger",
    "S rcut 0 3 3": "keyword rcut needs a number above 0, not '0'",
    "S rcut 3 2 3": "keyword rcut needs cut-offs from a smaller to a larger one, not from 3 to 2",
    "S rcut 2 3 0": "keyword rcut needs an integer, 1 or larger, not '0'",
    "S rcut 2 3 1": "keyword rcut: from 2 to 3 are 2 cut-offs or more, not 1: repeat the same number, or use 2",
    "S rcut 2 2 3": "keyword rcut: from 2 to 2 is 1 cut-off, not 3",
    "S rcut 2 3 5000": "keyword rcut needs 1000 cut-offs or fewer, not 5000",
    "S rcut 2 2.0000000001 500": "keyword rcut: 500 cut-offs from 2 to 2.0000000001 are too close to tell apart",
    "S rcut 2 3 3 most 0": "keyword most needs an integer, 1 or larger, not '0'",
    "S rcut 2 3 3 most 1001": "keyword most needs 1000 or less, not 1001",
    "S rcut 2 3 3 cutoff 4": "unknown keyword 'cutoff'; keywords are rcut, most",
}


def style_of(arguments):
    """Compute and fix read arguments with the same code: they take turns."""
    return ("compute", "fix")[list(ARGUMENTS).index(arguments) % 2]


@pytest.fixture(scope="module")
def wrong_arguments(tmp_path_factory):
    """What LAMMPS did with each, on 2 ranks."""
    folder = tmp_path_factory.mktemp("arguments")
    begin = free_flight(gas(folder / "data")) + "group S type 2\ngroup void empty\n"
    scripts = {}
    for arguments in ARGUMENTS:
        style = style_of(arguments)
        scripts[arguments] = f"{begin}{style} cn ion ion/coordination {'5' if style == 'fix' else ''} {arguments}\n"
    return lmp_each(scripts, folder, ranks=2)


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_wrong_arguments(wrong_arguments, arguments):
    run = wrong_arguments[arguments]
    (error,) = set(run.errors())
    assert run.returncode != 0 and f"{style_of(arguments)} ion/coordination cn: {ARGUMENTS[arguments]}" in error


SYSTEMS = {  # changes of the script, the error at `run`
    "no pair style": (
        {"pair_style zero 2.0": "", "pair_coeff * *": "comm_modify cutoff 6"},
        "a pair style is needed, because neighbors are found for it; pair_style zero will do",
    ),
    "short": (
        {},
        "the largest cut-off is 3 Angstrom, but the pair style lists neighbors only up to 2 Angstrom between atoms of types "
        "1 and 2: use a pair style with a longer cutoff, e.g. pair_style hybrid/overlay with pair_style zero 3",
    ),
    "short for one pair of types": (
        {
            "pair_style zero 2.0": "pair_style lj/cut 4.0",
            "pair_coeff * *": "pair_coeff * * 0 1\npair_coeff 1 2 0 1 2.5",
        },
        "only up to 2.5 Angstrom between atoms of types 1 and 2",
    ),
    "include": (
        {
            "zero 2.0": "zero 4.0",
            "units metal": "units metal\natom_modify first ion",
            "# more": "neigh_modify include ion",
        },
        "neigh_modify include leaves atoms without neighbors: it cannot be used",
    ),
    "dynamic neighbors": (
        {"zero 2.0": "zero 4.0", "# more": "variable v atom x>1\ngroup S dynamic all var v every 10"},
        "group S must not be dynamic",
    ),
    "group is gone": ({"zero 2.0": "zero 4.0", "# more": "group S delete"}, "there is no group S any more"),
    "units": ({"units metal": "units lj"}, "units metal or units real are needed, not units lj"),
}


@pytest.fixture(scope="module")
def unmeasurable(tmp_path_factory):
    """Number of ranks -> (name of a system, style) -> what LAMMPS did."""
    folder = tmp_path_factory.mktemp("systems")
    begin = (
        free_flight(gas(folder / "data")) + "group S type 2\nMEASURE\n# more\nthermo_style custom step CALL\nrun 0\n"
    )
    scripts = {}
    for system, (changes, _) in SYSTEMS.items():
        script = begin
        for old, new in changes.items():
            assert old in script
            script = script.replace(old, new)
        compute = script.replace("MEASURE", "compute cn ion ion/coordination S rcut 2 3 3").replace("CALL", "c_cn")
        fix = script.replace("MEASURE", "fix cn ion ion/coordination 5 S rcut 2 3 3").replace("CALL", "f_cn")
        scripts |= {(system, "compute"): compute, (system, "fix"): fix}
    return functools.cache(lambda ranks: lmp_each(scripts, folder / str(ranks), ranks))


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_that_cannot_be_measured(unmeasurable, system, ranks):
    for style in ("compute", "fix"):
        run = unmeasurable(ranks)[system, style]
        (error,) = set(run.errors())
        assert run.returncode != 0 and f"{style} ion/coordination cn: " in error and SYSTEMS[system][1] in error


def test_types_elsewhere_may_have_short_cutoffs(tmp_path):
    """Only pairs of an ion and a neighbor matter; a cut-off may be as long as the pair style's."""
    data = gas(tmp_path / "data")
    pair_style = "pair_style lj/cut 2.0\npair_coeff * * 0 1\npair_coeff 1 2 0 1 3.0\n"
    script = free_flight(data).replace("pair_style zero 2.0\npair_coeff * *\n", pair_style)
    script += "group S type 2\ncompute cn ion ion/coordination S rcut 2 3 3\nthermo_style custom step c_cn[3]\nrun 0\n"
    assert good(lmp(script, tmp_path)).thermo[0]["c_cn[3]"][0] > 3


def test_a_longer_list_for_a_model(tmp_path, models):
    """What the error recommends: the model has a cutoff of 4 A, and neither its energy nor the shorter cut-offs change."""
    data = gas(tmp_path / "data")
    model = f"deepmd/onnx {models['a']} check no"
    systems = {
        "short": (f"pair_style {model}\npair_coeff * * Li S", "rcut 2 4 3"),
        "long": (
            f"pair_style hybrid/overlay {model} zero 6.0\npair_coeff * * deepmd/onnx Li S\npair_coeff * * zero",
            "rcut 2 6 5",
        ),
    }
    found = {}
    for name, (style, cutoffs) in systems.items():
        script = setup(data, style) + f"group S type 2\ncompute cn ion ion/coordination S {cutoffs}\n"
        script += "thermo_style custom step pe c_cn[1] c_cn[2] c_cn[3]\nthermo_modify format float %.15g\nrun 0\n"
        found[name] = [values[0] for values in good(lmp(script, tmp_path, ranks=2)).thermo[0].values()]
    assert found["short"][4] > 8 and abs(found["short"][1]) > 1
    np.testing.assert_allclose(found["long"], found["short"], rtol=1e-6)
    run = lmp(script.replace(systems["long"][0], systems["short"][0]), tmp_path, ranks=2)
    (error,) = set(run.errors())
    assert "the largest cut-off is 6 Angstrom, but the pair style lists neighbors only up to 4 Angstrom" in error


def test_hidden_pairs(tmp_path):
    """Exclusions are warned about; bonded neighbors that special_bonds leaves out are refused, others not."""
    data = gas(tmp_path / "data")
    script = free_flight(data).replace("zero 2.0", "zero 4.0") + "group S type 2\nneigh_modify exclude type 1 2\n"
    script += "compute cn ion ion/coordination S rcut 3 3 1\nthermo_style custom step c_cn\nrun 0\n"
    run = good(lmp(script, tmp_path, ranks=2))
    assert (
        run.output.count("compute ion/coordination cn: neigh_modify exclude hides pairs of atoms: they are not counted")
        == 1
    )
    assert run.thermo[0]["c_cn"][0] == 0

    bonds = tmp_path / "bonds"
    bonds.write_text("""bonded

4 atoms
1 bonds
3 atom types
1 bond types
0 20 xlo xhi
0 20 ylo yhi
0 20 zlo zhi

Masses

1 1
2 1
3 1

Atoms # bond

1 1 1 5 5 5
2 1 2 6 5 5
3 1 3 5 6 5
4 1 3 6 6 5

Bonds

1 1 1 2
""")
    script = f"""units metal
atom_style bond
read_data {bonds}
bond_style zero
bond_coeff *
pair_style zero 4.0
pair_coeff * *
special_bonds lj/coul FACTORS
group ion type A
group S type B
compute cn ion ion/coordination S rcut 2 2 1
thermo_style custom step c_cn
run 0
"""
    for factors, ion, other, expected in (("0 1 1", 1, 2, None), ("1e-50 1 1", 1, 2, 1), ("0 1 1", 3, 3, 1)):
        values = {"FACTORS": factors, "type A": f"type {ion}", "type B": f"type {other}"}
        command = script
        for name, value in values.items():
            command = command.replace(name, value)
        run = lmp(command, tmp_path, ranks=2)
        if expected is None:
            (error,) = set(run.errors())
            assert "special_bonds with a factor of 0 hides bonded neighbors: use 1.0e-50 instead of 0" in error
        else:
            assert good(run).thermo[0]["c_cn"][0] == expected


LOST = "the same atoms are needed throughout, but atoms were lost, added or moved between groups"
CHANGES = {  # commands between two runs: what the error says
    "group one id 4\ngroup ion subtract ion one": f"31 ions now, 32 when the measurement began: {LOST}",
    "group one id 40\ndelete_atoms group one compress no": f"31 neighbor atoms now, 32 when the measurement began: {LOST}",
    "set atom 4 type 3": "ions changed their atom types since the measurement began",
    "set atom 40 type 3": "neighbor atoms changed their atom types since the measurement began",
    "set atom 4 type 3\nset atom 4 type 1": None,
    "group one id 4\ngroup other id 40\ngroup ion subtract ion one\ngroup ion union ion other": "the ions are other atoms",
}


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_atoms_that_do_not_stay_the_same(tmp_path, change):
    """Lost neighbors made all coordination numbers too small without a word."""
    data = gas(tmp_path / "data")
    script = free_flight(data, read=f"read_data {data} extra/atom/types 1\nmass 3 10").replace("zero 2.0", "zero 4.0")
    script += "group S subtract all ion\n"
    script += "fix co ion ion/coordination 5 S rcut 2 3 3\nthermo_style custom step f_co\nrun 10\n"
    run = lmp(script + change + "\nrun 10\n", tmp_path, ranks=2)
    if CHANGES[change] is None:
        good(run)
    else:
        (error,) = set(run.errors())
        assert f"fix ion/coordination co: {CHANGES[change]}" in error
