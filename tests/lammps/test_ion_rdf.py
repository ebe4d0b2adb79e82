# SPDX-License-Identifier: MIT
"""fix ion/rdf against LAMMPS' compute rdf with fix ave/time, against numpy, over ranks and restarts."""

import json
import subprocess

import numpy as np
import pytest

from ion_runs import gas, lj, table
from lammps_runs import BIN, good, lmp
from small_models import Box

RMAX, BINS, EVERY, STEPS = 4.5, 45, 5, 200
FILES = ("rdf.txt", "history.txt", "state.json")
KEEP = "output 50 file rdf.txt history history.txt state state.json"


def fix(name="g", group="ion", around="other", keywords=KEEP, every=EVERY):
    return f"fix {name} {group} ion/rdf {every} {around} {RMAX} {BINS} {keywords}\n"


GROUPS = "group other type 2\n"


def results(path):
    """What the one line of data in the head of a table says."""
    (line,) = [line for line in path.read_text().splitlines() if line.startswith("# results ")]
    return json.loads(line.removeprefix("# results "))


@pytest.fixture(scope="module")
def liquid(tmp_path_factory):
    """Both styles in one run: ions around others, ions around ions; the same frames for both."""
    folder = tmp_path_factory.mktemp("liquid")
    script = lj(gas(folder / "data", n=5)) + GROUPS
    script += fix() + fix("own", "ion", "ion", "output 50 file own.txt")
    for name, types in (("a", "1 2"), ("b", "1 1")):
        script += f"compute {name} all rdf {BINS} {types} cutoff {RMAX}\n"
        script += f"fix {name} all ave/time {EVERY} {STEPS // EVERY} {STEPS} c_{name}[*] mode vector file {name}.txt format ' %.17g'\n"
    # ave/time leaves out step 0, the fix does not: it begins with its first step
    script = script.replace(KEEP, KEEP + f" start {EVERY}").replace(
        "output 50 file own.txt", f"output 50 file own.txt start {EVERY}"
    )
    script += f"run {STEPS}\n"
    good(lmp(script, folder))
    return folder


@pytest.mark.parametrize(("ours", "theirs"), [("rdf.txt", "a.txt"), ("own.txt", "b.txt")])
def test_same_numbers_as_lammps(liquid, ours, theirs):
    own = table(liquid / ours)
    lammps = np.array([line.split() for line in (liquid / theirs).read_text().splitlines()[4:]], float)
    assert lammps.shape == (BINS, 4) and own.shape == (BINS, 5)
    np.testing.assert_allclose(own[:, 0], lammps[:, 1], rtol=1e-12)
    np.testing.assert_allclose(own[:, 1], lammps[:, 2], rtol=1e-11)
    np.testing.assert_allclose(own[:, 3], lammps[:, 3], rtol=1e-11)
    # the pairs themselves: LAMMPS' average of the coordination number is a sum of integers over one number
    ions = results(liquid / ours)["settings"]["ions"]
    pairs = own[:, 3] * ions * (STEPS // EVERY)
    np.testing.assert_allclose(pairs, np.round(pairs), atol=1e-6)
    assert np.array_equal(np.round(pairs), np.round(lammps[:, 3] * ions * (STEPS // EVERY)))
    assert own[:, 1].max() > 1.3 and (own[-5:, 2] > 0).all()


def test_head_of_the_table(liquid):
    data = results(liquid / "rdf.txt")
    assert (data["style"], data["table"], data["id"]) == ("ion/rdf", "rdf", "g")
    assert [column["name"] for column in data["columns"]] == ["r_A", "g", "g_se", "n", "n_se"]
    peak = next(of for of in data["quantities"] if of["name"] == "g_peak")
    rows = table(liquid / "rdf.txt")
    assert peak["value"] == pytest.approx(rows[:, 1].max(), rel=1e-11) and peak["error"] > 0


@pytest.mark.parametrize("tilt", [0.0, 1.5])
def test_any_number_of_ranks_writes_the_same_bytes(tmp_path, tilt):
    data = gas(tmp_path / "data", n=5, tilt=tilt)
    written = []
    for ranks in (1, 2, 4):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        # free flight: the same positions to the bit on any number of ranks
        script = (
            lj(data).replace("fix move all nve", "fix move all nve/noforce") + GROUPS + fix() + f"run {STEPS // 2}\n"
        )
        good(lmp(script, folder, ranks=ranks))
        written.append({name: (folder / name).read_bytes() for name in FILES})
    assert written[0] == written[1] == written[2]


def test_restart(tmp_path):
    """A run in two parts leaves the same bytes as one in a piece."""
    data = gas(tmp_path / "data", n=5)
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    still = lj(data).replace("fix move all nve", "fix move all nve/noforce")
    good(lmp(still + GROUPS + fix() + "run 100\n", tmp_path / "whole"))
    good(lmp(still + GROUPS + fix() + "run 50\nwrite_restart r\n", tmp_path / "parts"))
    again = lj(data, read="read_restart r").replace("fix move all nve", "fix move all nve/noforce")
    good(lmp(again + "group other type 2\n" + fix() + "run 50\n", tmp_path / "parts", ranks=2))
    for name in FILES:
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_merge(tmp_path):
    """Two runs joined are the mean of both; a run twice is refused."""
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        script = lj(gas(tmp_path / f"data{seed}", n=5, seed=seed)) + GROUPS + fix() + "run 100\n"
        good(lmp(script, tmp_path / str(seed)))
    merge = BIN.parent.parent / "build" / "deepion-merge"
    states = [str(tmp_path / str(seed) / "state.json") for seed in (1, 2)]
    out = tmp_path / "both.txt"
    subprocess.run([merge, *states, "--out", out], check=True, capture_output=True)
    both, each = table(out), [table(tmp_path / str(seed) / "rdf.txt") for seed in (1, 2)]
    np.testing.assert_allclose(both[:, [1, 3]], (each[0] + each[1])[:, [1, 3]] / 2, rtol=1e-10)
    assert results(out)["settings"]["states"] == states
    twice = subprocess.run([merge, states[0], states[0]], check=False, capture_output=True, text=True)
    assert twice.returncode and "same run as another" in twice.stderr


@pytest.mark.parametrize("ranks", [1, 4])
def test_one_ion_and_empty_ranks(tmp_path, ranks):
    """One ion with two neighbors in a corner of a large box: most ranks have nothing."""
    x = np.array([[1.0, 1.0, 1.0], [3.0, 1.0, 1.0], [1.0, 1.0, 4.05]])
    data = Box(x, [1, 2, 2], np.diag([30.0] * 3)).write(tmp_path / "data")
    script = f"""units metal
read_data {data}
group ion type 1
group other type 2
pair_style zero 5.0
pair_coeff * *
fix move all nve
velocity all set 0 0 0
{fix(every=1)}run 3
"""
    good(lmp(script, tmp_path, ranks=ranks))
    rows = table(tmp_path / "rdf.txt")
    shell = 4 * np.pi / 3 * (2.1**3 - 2.0**3)
    assert rows[20, 1] == pytest.approx(30.0**3 / (2 * shell), rel=1e-9)
    assert rows[19, 3] == 0 and rows[20, 3] == 1 and rows[29, 3] == 1 and rows[30, 3] == 2 == rows[-1, 3]
    assert np.count_nonzero(rows[:, 1]) == 2


WRONG = {
    "fix g ion ion/rdf 5 other 4.5 0": "bins",
    "fix g ion ion/rdf 5 other -1 10": "rmax",
    "fix g ion ion/rdf 5 other 4.5": "bins",
    "fix g ion ion/rdf 5 nothing 4.5 10": "there is no group nothing",
    "fix g ion ion/rdf 5 other 4.5 10 colour red": "unknown keyword 'colour'",
    "fix g ion ion/rdf 5 other 4.5 200000": "200000 bins are not between 1 and 100000",
    "fix g ion ion/rdf 5 other 40.0 10": "the largest cut-off is 40 Angstrom, but the pair style lists neighbors only up to",
}


@pytest.mark.parametrize("command", WRONG)
def test_wrong_commands_are_refused(tmp_path, command):
    run = lmp(lj(gas(tmp_path / "data", n=4)) + GROUPS + command + "\nrun 5\n", tmp_path)
    assert run.returncode and WRONG[command] in run.output, run.output[-800:]


def test_picture(liquid, tmp_path):
    """Curves of both files, as they hold them."""
    pytest.importorskip("matplotlib")
    from deepion.plots import rdf
    from deepion.results.tables import RDF, read

    tables = [read(liquid / name, RDF) for name in ("rdf.txt", "own.txt")]
    figure = rdf.draw(tables)
    for axes, column in zip(figure.axes, (1, 3), strict=True):
        lines = [line for line in axes.get_lines() if len(line.get_xdata()) == BINS]
        for line, name in zip(lines, ("rdf.txt", "own.txt"), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), table(liquid / name)[:, column])
    figure.savefig(tmp_path / "rdf.png")
