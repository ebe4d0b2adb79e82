# SPDX-License-Identifier: MIT
"""fix ion/density against numpy on the same trajectory, its files as ASE reads them, over ranks, restarts and replicas, and what it refuses."""

import functools
import json
import subprocess
from collections import deque

import numpy as np
import pytest
from ase.calculators.vasp import VaspChargeDensity
from ase.io.cube import read_cube_data
from ase.units import Bohr

from deepion.plots import density as plot
from deepion.results.tables import DENSITY, read
from ion_runs import changed, dump, free_flight, gas, gas_atoms, lj, sparse, table, write_moving
from lammps_runs import BUILD, good, lmp, lmp_each

EVERY, STEPS = 2, 300
FILES = ("table.txt", "history.txt", "state.json", "rho.cube", "energy.cube", "CHGCAR")
KEEP = "output 20 file table.txt history history.txt state state.json cube rho.cube energy energy.cube chgcar CHGCAR"
BOLTZMANN = 1.380649e-23 / 1.602176634e-19  # eV/K


def results(path):
    (line,) = [line for line in path.read_text().splitlines() if line.startswith("# results ")]
    return json.loads(line.removeprefix("# results "))


def quantities(path):
    return {one["name"]: (one["value"], one["error"]) for one in results(path)["quantities"]}


def visits(path):
    """Of each voxel, from a state; -n stands for n zeros."""
    blocks = json.loads(path.read_text())["total"]["blocks"]["blocks"]
    grids = [np.concatenate([np.zeros(-n, int) if n < 0 else [n] for n in block["visits"]]) for block in blocks]
    return np.sum(grids, axis=0).reshape(blocks[0]["grid"])


def naive(frames, cells, corners, grid, drift):
    """Visits of voxels, from frames [frame, atom, (type, x, y, z, ix, iy, iz, mass)]."""
    found, first = np.zeros(grid, int), None
    for atoms, cell, corner in zip(frames, cells, corners, strict=True):
        ion = atoms[:, 0] == 1
        s = (atoms[:, 1:4] - corner) @ np.linalg.inv(cell)
        whole = s + atoms[:, 4:7]
        if drift == "framework":
            center = whole[~ion].mean(axis=0)
        else:
            center = np.average(whole, axis=0, weights=atoms[:, 7]) if drift == "com" else np.zeros(3)
        first = center if first is None else first
        at = (s[ion] - center + first) % 1 * grid
        assert np.abs(at % 1 - 0.5).min() > 1e-9, "an ion on a border: rounding would decide"
        np.add.at(found, tuple(np.rint(at).astype(int).T % np.array(grid)[:, None]), 1)
    return found


def leads_through(inside):
    """Along which edges a region of voxels comes back to itself in another image of the cell: a flood fill."""
    images, found = {}, np.zeros(3, bool)
    for start in zip(*np.nonzero(inside), strict=True):
        if start in images:
            continue
        images[start], queue = (0, 0, 0), deque([start])
        while queue:
            at = queue.popleft()
            for axis in range(3):
                for step in (1, -1):
                    place, image = list(at), list(images[at])
                    crossed, place[axis] = divmod(place[axis] + step, inside.shape[axis])
                    image[axis] += crossed
                    place, image = tuple(place), tuple(image)
                    if not inside[place]:
                        continue
                    if place in images:
                        found |= np.array(images[place]) != image
                    else:
                        images[place] = image
                        queue.append(place)
    return found


def thresholds(counts):
    """Least visits with which a region leads through, along each edge; None: none does."""
    levels = np.unique(counts[counts > 0])[::-1]
    ways = np.array([leads_through(counts >= level) for level in levels])
    return [levels[ways[:, axis].argmax()] if ways[:, axis].any() else None for axis in range(3)]


@pytest.fixture(scope="module", params=[(1, 2.0, False), (2, 0.0, True)], ids=["1-triclinic", "2-deformed"])
def liquid(request, tmp_path_factory):
    """A hot liquid that drifts, in one case in a box that changes."""
    ranks, tilt, deformed = request.param
    folder = tmp_path_factory.mktemp("liquid")
    script = lj(gas(folder / "data", tilt=tilt))
    if deformed:
        script += "fix box all deform 1 x wiggle 0.4 0.2 y wiggle 0.3 0.3 remap x\n"
    for drift in ("framework", "com", "none"):
        script += f"fix {drift} ion ion/density {EVERY} spacing 0.9 drift {drift} temp 3000 file {drift}.txt state {drift}.json "
        script += f"cube {drift}.cube energy {drift}.energy.cube chgcar {drift}.CHGCAR title liquid\n"
    names = [f"f_framework[{k}]" for k in range(1, 14)] + [
        f"f_framework[{k}][{j}]" for k in (9, 65) for j in range(1, 6)
    ]
    script += f"thermo {STEPS}\nthermo_style custom step f_framework {' '.join(names)}\n"
    script += (
        f"thermo_modify format float %.17g\ncompute t all temp\nfix t all ave/time {EVERY} 1 {EVERY} c_t file t.txt\n"
    )
    script += f"dump d all custom {EVERY} dump id type x y z ix iy iz mass\ndump_modify d sort id format float %.17g\n"
    run = good(lmp(script + f"run {STEPS}\n", folder, ranks=ranks, timeout=120))
    bounds = []
    lines = (folder / "dump").read_text().splitlines()
    for at, line in enumerate(lines):
        if line.startswith("ITEM: BOX BOUNDS"):
            rows = np.array([row.split() for row in lines[at + 1 : at + 4]], float)
            tilts = rows[:, 2] if rows.shape[1] == 3 else np.zeros(3)  # xy, xz, yz
            low = np.array([min(0, tilts[0], tilts[1], tilts[0] + tilts[1]), min(0, tilts[2]), 0])
            bounds.append(rows[:, 0] - low)
    return folder, run.thermo[0], dump(folder / "dump"), np.array(bounds)


@pytest.mark.parametrize("drift", ["framework", "com", "none"])
def test_numpy_on_the_same_trajectory(liquid, drift):
    """The same visits of every voxel, thresholds as a flood fill finds them, and the mean box."""
    folder, _, (_, cells, frames), corners = liquid
    counts = visits(folder / f"{drift}.json")
    lengths = np.linalg.norm(cells[0], axis=1)
    assert counts.shape == tuple(np.ceil(lengths / 0.9 - 1e-9).astype(int))
    assert np.array_equal(counts, naive(frames, cells, corners, counts.shape, drift))
    assert counts.sum() == 32 * len(frames)
    found, kt = quantities(folder / f"{drift}.txt"), BOLTZMANN * 3000
    closing = thresholds(counts)
    for name, level in zip("abc", closing, strict=True):
        value, error = found[f"barrier_{name}"]
        assert value == pytest.approx(kt * np.log(counts.max() / level), abs=1e-12)
        assert error is None or 0 < error < 3 * kt
    assert found["barrier"][0] == min(found[f"barrier_{name}"][0] for name in "abc")
    assert found["closing_visits"][0] == max(closing)
    mean = cells.mean(axis=0)
    head = results(folder / f"{drift}.txt")
    np.testing.assert_allclose(head["series"]["cell_A"], mean, atol=1e-10)
    np.testing.assert_allclose(head["series"]["origin_A"], corners.mean(axis=0), atol=1e-10)
    voxel = np.linalg.det(mean) / counts.size
    assert found["density_max"][0] == pytest.approx(counts.max() / len(frames) / voxel, rel=1e-10)
    assert found["visited"][0] == np.count_nonzero(counts) / counts.size
    kelvin = np.loadtxt(folder / "t.txt")[:, 1].mean()
    assert found["temperature"][0] == 3000
    assert found["temperature_kinetic"][0] == pytest.approx(kelvin, rel=1e-4)


def test_thermo_output_is_that_of_the_table(liquid):
    folder, thermo, _, _ = liquid
    found, rows = quantities(folder / "framework.txt"), table(folder / "framework.txt")
    names = ("barrier", "barrier_a", "barrier_b", "barrier_c")
    expected = [found["samples"][0], *(x or 0 for name in names for x in found[name])]
    expected += [found[name][0] for name in ("closing_visits", "visited", "density_max", "temperature")]
    assert [thermo[f"f_framework[{k}]"][-1] for k in range(1, 14)] == expected
    assert thermo["f_framework"][-1] == expected[1]
    for k in (9, 65):
        np.testing.assert_allclose([thermo[f"f_framework[{k}][{j}]"][-1] for j in range(1, 6)], rows[k - 1], rtol=1e-12)
    assert np.all(np.diff(rows[:, 2:], axis=0) >= 0)
    assert rows[-1, 3] == pytest.approx(1) and rows[-1, 4] == 3


def test_ase_reads_the_files(liquid):
    """Units, the mean cell, the atoms of the framework with the drift taken back, and the same density in both formats."""
    folder, _, (_, cells, frames), corners = liquid
    counts, mean = visits(folder / "framework.json"), cells.mean(axis=0)
    voxel = np.linalg.det(mean) / counts.size
    rho = counts / len(frames) / voxel  # 1/A^3
    data, atoms = read_cube_data(str(folder / "framework.cube"))
    np.testing.assert_allclose(data, rho * Bohr**3, rtol=1e-5)
    np.testing.assert_allclose(atoms.cell, mean, atol=1e-6)
    last, ion = frames[-1], frames[-1, :, 0] == 1
    assert len(atoms) == 32 and set(atoms.get_chemical_symbols()) == {"Ne"}  # a mass of 20
    whole = [(f[:, 1:4] - c) @ np.linalg.inv(h) + f[:, 4:7] for f, h, c in zip(frames, cells, corners, strict=True)]
    drift = whole[-1][~ion].mean(axis=0) - whole[0][~ion].mean(axis=0)
    places = ((whole[-1] - drift)[~ion] % 1) @ mean + corners.mean(axis=0)
    np.testing.assert_allclose(atoms.positions, places, atol=1e-6)
    assert np.abs(drift).max() > 0.05, "a test without drift"
    assert last.shape == (64, 8)

    kt = BOLTZMANN * 3000
    energy, _ = read_cube_data(str(folder / "framework.energy.cube"))
    np.testing.assert_allclose(energy, kt * np.log(counts.max() / np.maximum(counts, 0.5)), atol=1e-5)

    chgcar = VaspChargeDensity(str(folder / "framework.CHGCAR"))
    np.testing.assert_allclose(chgcar.chg[0], rho, rtol=2e-5)
    assert chgcar.chg[0].mean() * np.linalg.det(mean) == pytest.approx(32, rel=1e-5)
    np.testing.assert_allclose(chgcar.atoms[0].cell, mean, atol=1e-8)
    np.testing.assert_allclose(chgcar.atoms[0].positions, places - corners.mean(axis=0), atol=1e-6)


def test_picture_shows_the_numbers_of_the_files(liquid):
    folder, *_ = liquid
    counts, rows = visits(folder / "framework.json"), table(folder / "framework.txt")
    figure = plot.draw(read(folder / "framework.txt", DENSITY))
    curves, *slices = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    volume, inside = [line for line in curves.get_lines() if len(line.get_xdata()) == len(rows)]
    assert np.array_equal(volume.get_ydata(), rows[:, 2]) and np.array_equal(inside.get_ydata(), rows[:, 3])
    assert len(slices) == 3
    place = np.unravel_index(counts.argmax(), counts.shape)
    for axis, axes in enumerate(slices):
        (mesh,) = axes.collections[:1]
        shown = np.ma.filled(mesh.get_array(), np.nan)
        expected = np.take(counts, place[axis], axis=axis).T
        with np.errstate(divide="ignore"):
            expected = np.where(expected > 0, BOLTZMANN * 3000 * np.log(counts.max() / expected), np.nan)
        np.testing.assert_allclose(shown, expected, atol=1e-4)


SYSTEM = {"gas": None, "one ion in a slab": (1, True), "three ions": (3, False)}


@pytest.mark.parametrize("system", SYSTEM)
def test_any_number_of_ranks_and_a_restart_write_the_same_bytes(tmp_path, system):
    """Free flight, where nothing else depends on the number of ranks; ranks without ions, and fewer ions than ranks."""
    sizes = SYSTEM[system]
    data = write_moving(*sparse(*sizes), tmp_path / "data") if sizes else gas(tmp_path / "data", tilt=1.5, speed=100)

    def script(ranks, read=""):
        grid = f"processors {ranks} 1 1\n" if sizes else ""
        return (
            free_flight(data, read=read, before=grid)
            + f"fix rho ion ion/density 2 spacing 1 {KEEP}\nthermo 10\n"
            + "thermo_style custom step f_rho f_rho[2] f_rho[3] f_rho[11]\nthermo_modify format float %.17g\n"
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
    assert visits(tmp_path / "1/state.json").sum() == 31 * (sizes[0] if sizes else 32)
    assert np.array_equal(np.loadtxt(tmp_path / "1/history.txt")[:, 0], [0, 20, 40, 60])

    folder = tmp_path / "restarted"
    folder.mkdir()
    (folder / "history.txt").write_bytes((tmp_path / "1/history.txt").read_bytes())
    rest = good(lmp(script(4, "read_restart ../1/half") + "run 29\n", folder, ranks=4))
    assert "continues a measurement" in rest.output
    assert [(folder / name).read_bytes() for name in FILES] == found[1][0]


def test_replicas_are_joined(tmp_path):
    """deepion-merge adds visits up, and refuses a run twice and other grids."""
    states = []
    for seed, spacing in ((1, 1.0), (2, 1.0), (3, 1.2)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        fix = (
            f"fix rho ion ion/density 2 grid {9 if spacing == 1 else 8} 9 9 temp 2000 file table.txt state state.json "
            "cube rho.cube energy energy.cube chgcar CHGCAR\n"
        )
        good(lmp(lj(gas(folder / "data", seed=seed)) + fix + "run 200\n", folder))
        states.append(folder / "state.json")

    written = {"cube": "rho.cube", "energy": "energy.cube", "chgcar": "CHGCAR"}

    def merge(*paths):
        volumes = [f"--{option}={tmp_path / name}" for option, name in written.items()]
        command = [BUILD / "deepion-merge", *paths, "--out", tmp_path / "joined.txt", "--title", "both", *volumes]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    # of one state they are the files of the fix, but for the title
    result = merge(states[0])
    assert result.returncode == 0, result.stderr
    for name in written.values():
        title, *lines = (tmp_path / name).read_text().splitlines()
        assert title == "both, fix ion/density rho, group ion, 1 runs"
        assert lines == (states[0].parent / name).read_text().splitlines()[1:]
    result = merge(*states[:2])
    assert result.returncode == 0, result.stderr
    cube, atoms = read_cube_data(str(tmp_path / "rho.cube"))
    both = visits(states[0]) + visits(states[1])
    assert np.allclose(cube / cube.max(), both / both.max(), atol=1e-5) and len(atoms) > 0
    assert results(tmp_path / "joined.txt")["settings"]["cube"] == str(tmp_path / "rho.cube")
    counts = visits(states[0]) + visits(states[1])
    found = quantities(tmp_path / "joined.txt")
    assert found["runs"][0] == 2 and found["temperature"][0] == 2000
    expected = BOLTZMANN * 2000 * np.log(counts.max() / max(thresholds(counts)))
    assert found["barrier"][0] == pytest.approx(expected, abs=1e-12)
    result = merge(states[0], states[0])
    assert result.returncode != 0 and "the same run as another" in result.stderr
    result = merge(states[0], states[2])
    assert result.returncode != 0 and "grid was [8,9,9], is [9,9,9]" in result.stderr


def test_log_says_the_result_and_the_memory(tmp_path):
    script = (
        free_flight(gas(tmp_path / "data"))
        + 'fix rho ion ion/density 1 start 10 file table.txt title "a test"\nrun 50\n'
    )
    run = good(lmp(script, tmp_path, ranks=2))
    assert (
        "fix ion/density rho: 32 ions every 1 steps, 30 x 30 x 30 voxels of 0.3 Angstrom at most, drift framework"
        in run.output
    )
    (line,) = [line for line in run.output.splitlines() if "memory: " in line]
    megabytes = float(line.partition("memory: ")[2].split()[0])
    assert megabytes == pytest.approx(30**3 * (8 + 2 + 11) / 2**20, rel=0.02)
    text = (tmp_path / "table.txt").read_text().splitlines()
    assert text[0] == "# a test" and "# frames = 41" in text
    assert [line for line in run.output.splitlines() if line.startswith("fix ion/density rho: path through the cell")]


ARGUMENTS = {  # arguments after Nevery: the error
    "spacing 0": "keyword spacing needs a number above 0, not '0'",
    "spacing far": "keyword spacing needs a number above 0, not 'far'",
    "spacing 0.01": "a grid of 900 x 900 x 900 voxels needs 22599000000 bytes on every rank, and 1073741824 are the limit: use a spacing",
    "grid 9 9": "keyword grid needs a value: an integer, 1 or larger",
    "grid 9 0 9": "keyword grid needs an integer, 1 or larger, not '0'",
    "grid 9 9 9 spacing 0.5": "keywords grid and spacing exclude each other",
    "grid 100000 1 1": "a grid of 100000 x 1 x 1 voxels is none of 1 to 65536 along each edge",
    "blocks 40": "40 blocks are not between 1 and 32",
    "drift away": "keyword drift needs framework, com or none, not 'away'",
    "temp -3": "keyword temp needs a number above 0, not '-3'",
    "most 3": "unknown keyword 'most'",
    "cube": "keyword cube needs a value: a file name",
    "output 7": "keyword output needs a multiple of Nevery (5), not 7",
}


@pytest.fixture(scope="module")
def wrong_arguments(tmp_path_factory):
    """What LAMMPS did with each, on 2 ranks."""
    folder = tmp_path_factory.mktemp("arguments")
    begin = free_flight(gas(folder / "data"))
    scripts = {arguments: f"{begin}fix rho ion ion/density 5 {arguments}\n" for arguments in ARGUMENTS}
    scripts["all"] = f"{begin}fix rho all ion/density 5\n"
    return lmp_each(scripts, folder, ranks=2)


@pytest.mark.parametrize("arguments", [*ARGUMENTS, "all"])
def test_wrong_arguments(wrong_arguments, arguments):
    run = wrong_arguments[arguments]
    (error,) = set(run.errors())
    expected = ARGUMENTS.get(arguments, "drift framework needs atoms outside the group of ions, and there are none")
    assert run.returncode != 0 and f"fix ion/density rho: {expected}" in error


SYSTEMS = {  # changes of the script, the error at `run`
    "units": ({"units metal": "units lj"}, "units metal or units real are needed, not units lj"),
    "not periodic": ({"read_data": "boundary p p f\nread_data"}, "periodic in x, y and z is needed"),
    "dynamic ions": (
        {"# more": "variable v atom x>1\ngroup ion dynamic all var v every 10"},
        "the group must not be dynamic",
    ),
    "lost framework": (
        {
            "# more": "run 10\nvariable v atom y<4\ngroup low variable v\ngroup S type 2\ngroup both intersect S low\ndelete_atoms group both compress no"
        },
        "atoms in the drift reference now, 32 when the measurement began",
    ),
    "flipped": (
        {"# more": "run 10\nchange_box all triclinic xy final 4.4 remap"},
        "use flip no with fix npt or fix deform",
    ),
    "one file twice": ({"cube rho.cube": "cube rho.cube energy rho.cube"}, "rho.cube"),
}


@pytest.fixture(scope="module")
def unmeasurable(tmp_path_factory):
    """Number of ranks -> name of a system -> what LAMMPS did."""
    folder = tmp_path_factory.mktemp("systems")
    begin = free_flight(gas(folder / "data"))
    begin += "fix rho ion ion/density 5 spacing 0.8 cube rho.cube\n# more\nthermo_style custom step f_rho\nrun 10\n"
    scripts = {system: changed(begin, changes) for system, (changes, _) in SYSTEMS.items()}
    return functools.cache(lambda ranks: lmp_each(scripts, folder / str(ranks), ranks))


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("system", SYSTEMS)
def test_systems_that_cannot_be_measured(unmeasurable, system, ranks):
    run = unmeasurable(ranks)[system]
    (error,) = set(run.errors())
    assert run.returncode != 0 and "fix ion/density rho: " in error and SYSTEMS[system][1] in error


def test_a_restart_needs_the_same_settings_but_not_the_same_box(tmp_path):
    """The grid of a spacing is that of the first frame, also where the box has changed since."""
    data = write_moving(*gas_atoms(), tmp_path / "data")
    fix = "fix box all deform 1 x final 0 10.5 remap x\nfix rho ion ion/density 2 spacing 1 state state.json\n"
    good(lmp(free_flight(data) + fix + "run 20\nwrite_restart half\n", tmp_path))
    rest = free_flight(data, read=f"read_restart {tmp_path / 'half'}") + fix.replace("10.5", "11.5")
    scripts = {
        "same": rest + "run 20\n",
        "spacing was 1.0, is 0.9": rest.replace("spacing 1", "spacing 0.9"),
        'drift was "framework", is "com"': rest.replace("spacing 1", "spacing 1 drift com"),
        "blocks was 8, is 4": rest.replace("spacing 1", "spacing 1 blocks 4"),
    }
    for text, run in lmp_each(scripts, tmp_path, ranks=2).items():
        if text == "same":
            counts = visits(good(run).folder / "state.json")
            assert counts.shape == (9, 9, 9) and counts.sum() == 32 * 21
            continue
        (error,) = set(run.errors())
        assert f"fix ion/density rho: saved state of ion/density was made with other settings: {text}" in error
