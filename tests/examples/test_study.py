# SPDX-License-Identifier: MIT
"""The study of lammps-examples/li-ti-p-s at its smallest: the whole chain, a kill in the middle, and what is refused."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from deepion.results.rounding import plain
from deepion.results.tables import DENSITY, HISTORY, HOPS, LADDER, POLYHEDRA, RDF, VANHOVE, Value, read
from deepion.study import lengths
from deepion.study.analyze import finished

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "lammps-examples" / "li-ti-p-s"
BUILD = [sys.executable, "-m", "deepion.study.packing"]
TINY = ["--scale", "tiny", "--settle", "0.04"]


def command(out: Path, *arguments: str) -> dict:
    variables = os.environ | {"OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return dict(args=[sys.executable, str(STUDY / "study"), *arguments, "--out", str(out)], env=variables)


def study(out: Path, *arguments: str, code: int = 0) -> str:
    said = subprocess.run(**command(out, *arguments), capture_output=True, text=True, timeout=600)
    assert said.returncode == code, said.stdout[-2000:] + said.stderr[-2000:]
    return said.stdout + said.stderr


def runs(text: str) -> list[str]:
    """What the driver said on each run of LAMMPS."""
    return [line for line in text.splitlines() if line.endswith((": begins", ": finished")) or "goes on from" in line]


def data_of(file: Path) -> str:
    return file.read_text().split("Atoms # atomic")[1]


def diffusion(table: Path) -> float:
    return float(next(line for line in table.read_text().splitlines() if line.startswith("# D = ")).split()[3])


def samples(place: Path) -> str:
    return next(line for line in (place / "transport.dat").read_text().splitlines() if line.startswith("# samples"))


def session(leader: int) -> list[int]:
    """The driver and all that it started, which has process groups of its own."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, leads = entry.read_text().rpartition(")")[2].split()[:4]
            if int(leads) == leader and state != "Z":
                found.append(int(entry.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def kill_session(leader: int) -> None:
    """SIGKILL to all of them."""
    for process in session(leader):
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


@pytest.mark.parametrize(
    "name, atoms, counts",
    [
        ("Ti00", 100, (36, 12, 48, 0)),  # the paper's cell of 6 x (3 Li2S + P2S5)
        ("Ti30", 100, (30, 10, 58, 9)),
        ("Ti15", 300, (102, 34, 160, 12)),
        ("Ti00", 1000, (372, 124, 496, 0)),
    ],
)
def test_packing_has_the_composition_and_is_reproducible(tmp_path, name, atoms, counts):
    for file in ("a", "b"):
        subprocess.run([*BUILD, name, str(tmp_path / file), "--atoms", str(atoms)], check=True)
    text = (tmp_path / "a").read_text()
    assert text == (tmp_path / "b").read_text()
    lines = text.splitlines()
    edge = float(next(line for line in lines if "xlo" in line).split()[1])
    rows = np.loadtxt(lines[lines.index("Atoms # atomic") + 1 :])
    assert tuple(np.bincount(rows[:, 1].astype(int), minlength=5)[1:]) == counts
    assert abs(counts[3] / (counts[3] + counts[0] / 2 + counts[1] / 2) - int(name[2:]) / 100) < 0.02
    mass = np.array(counts) @ [6.94, 30.974, 32.06, 47.867]
    assert mass / 0.602214076 / edge**3 == pytest.approx(1.7)
    vector = rows[:, None, 2:] - rows[None, :, 2:]
    vector -= edge * np.round(vector / edge)
    distance = np.sqrt((vector**2).sum(-1)) + 100.0 * np.eye(len(rows))
    assert 2.0 <= distance.min() < 2.2


def test_packing_refuses_impossible_compositions(tmp_path):
    for name, atoms in (("Ti5", 100), ("LPS", 100), ("Ti10", 3)):
        said = subprocess.run(
            [*BUILD, name, str(tmp_path / "x"), "--atoms", str(atoms)], capture_output=True, text=True
        )
        assert said.returncode == 1 and f"{name} with {atoms} atoms: expected Ti00 to Ti99" in said.stderr


def test_whole_study_then_extended_and_with_a_changed_setting(tmp_path):
    """Everything, two packings, two runs at a time; then again, longer in one respect, and with a setting that differs."""
    many = [*TINY, "--packings", "2", "--jobs", "2"]
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "summary.dat").write_text("# composition T_K D D_se\nTi10 800 1e-4 1e-5\nTi20 800 1e-4 1e-5\n")
    (earlier / "activation.dat").write_text("# composition packing E_a E_a_se\nTi10 0 0.2 0.02\nTi10 1 0.1 0.02\n")
    kept = tmp_path / "kept"
    said = study(tmp_path, *many, "--earlier", str(earlier), "--keep", str(kept))
    assert len(runs(said)) == 10 and all(line.endswith(": begins") for line in runs(said))
    assert "Ti10 2: 2 of 2 done" in said or "Ti10 1: 2 of 2 done" in said
    results = tmp_path / "results"
    pictures = [
        "structures",
        "melt-quench",
        "Ti10.msd",
        "Ti10.arrhenius",
        "path.1000K",
        "coordination.800K",
        "vdos.800K",
        *("lengths", "energies", "hops", "motion", "units", "density"),
        *("vanhove.1000K", "Ti10.shells.1000K", "polyhedra.1000K", "rdf.LiS.1000K", "rdf.LiLi.1000K", "rdf.PS.1000K"),
    ]
    for picture in [*pictures, "parity"]:
        assert (results / f"{picture}.png").stat().st_size > 10000, picture
    assert data_of(tmp_path / "Ti10/1/data.packed") != data_of(tmp_path / "Ti10/2/data.packed")

    text = (results / "summary.dat").read_text().splitlines()
    names, rows = text[-3].split()[1:], [line.split() for line in text[-2:]]
    assert [row[:2] for row in rows] == [["Ti10", "800"], ["Ti10", "1000"]]
    for row, kelvin in zip(rows, (800, 1000), strict=True):
        number = dict(zip(names, row, strict=True))
        assert number["packings"] == "2"
        assert 1e-6 < float(number["D"]) < 1e-2 and 0.5 < float(number["n_c"]) < 6.0
        each = [diffusion(tmp_path / f"Ti10/{packing}/{kelvin}K/transport.dat") for packing in (1, 2)]
        assert float(number["D_sd_of_packings"]) == pytest.approx(abs(each[0] - each[1]) / 2**0.5, rel=2e-3)
        assert min(each) < float(number["D"]) < max(each)

    ladder = (results / "Ti10.ladder.dat").read_text()
    assert ladder.startswith("# LPS:Ti10\n") and "E_a from D" in ladder
    energies = lengths.numbers(results / "activation.dat")
    assert [(one["composition"], one["packing"]) for one in energies] == [("Ti10", "0"), ("Ti10", "1"), ("Ti10", "2")]
    check_lengths(tmp_path, energies)
    check_motion(tmp_path)
    check_page(results)
    shown = re.findall(r"\]\(([^)]*)\)", (kept / "RESULTS.md").read_text())
    assert sorted(shown) == ["density.png", "lengths.png", "motion.png"]  # one composition has no conductivity.png
    assert all((kept / name).stat().st_size <= 12000 for name in shown)
    assert (kept / "RESULTS.md").read_text().count("\n## ") == (results / "RESULTS.md").read_text().count("\n## ")
    assert (kept / "motion.dat").read_text() == (results / "motion.dat").read_text()
    assert re.search(r"^# model sha256 [0-9a-f]{64}$", ladder, re.MULTILINE)
    assert "LPS:Ti10,800K" in (tmp_path / "Ti10/1/800K/coordination.dat").read_text()
    errors = json.loads((results / "errors.json").read_text())
    assert errors["frames"] == 93

    # watched, each cell has the ladder that the analysis made of it
    seen = subprocess.run(
        [sys.executable, "-m", "deepion.command", "watch", str(tmp_path), "--once", "--text"],
        capture_output=True,
        text=True,
    )
    assert "hop rate" in report_of(tmp_path) and "bonds of a center" in report_of(tmp_path)
    assert seen.returncode == 0 and "10 ended" in seen.stdout.splitlines()[0], seen.stdout + seen.stderr
    for packing in (1, 2):
        energy = plain(read(results / f"Ti10.{packing}.ladder.dat", LADDER).need("E_a_sigma"))
        assert re.search(rf"^E_a Ti10/{packing} +{re.escape(energy)}  ", seen.stdout, re.MULTILINE), seen.stdout

    again = runs(study(tmp_path, "run", *many))
    assert len(again) == 10 and all(line.endswith(": finished") for line in again)
    assert "other settings (timestep 0.002, now 0.001)" in study(tmp_path, "run", *many, "--timestep", "1", code=1)


def check_lengths(out: Path, energies: list[dict[str, str]]) -> None:
    """D of lengths.dat is that of the histories, and the activation energy from them is that of deepion-merge."""
    rows = lengths.numbers(out / "results" / "lengths.dat")
    assert [(one["packing"], one["T_K"]) for one in rows] == [("1", "800"), ("1", "1000"), ("2", "800"), ("2", "1000")]
    runs = []
    for one in rows:
        place = out / f"Ti10/{one['packing']}/{one['T_K']}K"
        history = read(place / "transport.history.dat", HISTORY)
        assert history.column("time")[[3, -1]] == pytest.approx([0.3, 0.6]) and float(one["share"]) == 0.5
        for name, row in (("first", 3), ("whole", -1)):
            assert float(one[f"D_{name}"]) == pytest.approx(history.column("D")[row], rel=1e-3)
            assert float(one[f"D_{name}_se"]) == pytest.approx(history.quantity("D").errors[row], rel=1e-3)
        whole = Value(history.column("D")[-1], history.quantity("D").errors[-1], "cm^2/s")
        runs.append(lengths.Twice("Ti10", int(one["packing"]), float(one["T_K"]), whole, whole, 7.0, 0.5))
    for packing in (1, 2):
        found = lengths.energy([run for run in runs if run.packing == packing])
        assert found is not None
        assert found.value == pytest.approx(float(energies[packing]["E_a"]), rel=1e-3, abs=1e-5)
        assert found.error == pytest.approx(float(energies[packing]["E_a_se"]), rel=1e-3)


def check_motion(out: Path) -> None:
    """Numbers of the further measurements are those of the tables of the runs, joined."""
    for one in lengths.numbers(out / "results" / "motion.dat"):
        places = [out / f"Ti10/{packing}/{one['T_K']}K" for packing in (1, 2)]
        hops = [read(place / "hops.dat", HOPS).need("rate").value for place in places]
        assert float(one["hop_rate"]) == pytest.approx(np.mean(hops), rel=1e-3)
        bonds = [read(place / "polyhedra.dat", POLYHEDRA).need("bonds").value for place in places]
        assert float(one["S_of_P"]) == pytest.approx(np.mean(bonds), rel=1e-3)
        assert 2 < float(one["r_LiS"]) < 3 and 0 <= float(one["PS4"]) <= 1
        heights = [found.value for place in places if (found := read(place / "density.dat", DENSITY).value("barrier"))]
        assert float(one["path"]) == pytest.approx(np.mean(heights), rel=1e-3) if heights else one["path"] == "nan"


def check_page(results: Path) -> None:
    """Every picture of the page is there, every picture is on it, and no number is missing or not a number."""
    page = (results / "RESULTS.md").read_text()
    shown = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", page)
    assert sorted(shown) == sorted(path.name for path in results.glob("*.png"))
    assert not re.search(r"\b(nan|None|inf)\b", page), page
    rate = plain(read(results / "Ti10.800K.hops.dat", HOPS).need("rate")).split(" 1/ps")[0].strip("()")
    assert f"| {rate} |" in page
    assert "Beside the earlier study of 0.3 ps" in page
    assert "| Ti10 | 800 | 10.0 \u00b1 1.0 |" in page and "| Ti10 | 0.200 \u00b1 0.020 |" in page


def report_of(out: Path) -> str:
    """The page of deepion report."""
    command = [sys.executable, "-m", "deepion.command", "report", str(out)]
    assert subprocess.run(command, capture_output=True, text=True).returncode == 0
    return (out / "report.html").read_text()


def test_errors_name_the_missing_step_or_file(tmp_path):
    said = study(tmp_path, "ladder", *TINY, code=1)
    assert "melt-quench is not finished: call ./study melt-quench first" in said
    said = study(tmp_path, "melt-quench", *TINY, "--model", "none.onnx", code=1)
    assert "cannot read the model" in said and "none.onnx" in said
    broken = tmp_path / "broken.onnx"
    broken.write_text("no model")
    said = study(tmp_path, "melt-quench", *TINY, "--model", str(broken), code=1)
    assert "Ti10 1: melt-quench ended with status 1: ERROR" in said and "1 of 1 failed" in said
    (tmp_path / "a b").mkdir()
    said = study(tmp_path, "melt-quench", *TINY, "--model", str(tmp_path / "a b" / "m.onnx"), code=2)
    assert "has a blank" in said
    # nothing was simulated yet: another model, another size may still be taken
    said = study(tmp_path, "melt-quench", *TINY, "--atoms", "50", "--lammps", "no-lammps", code=1)
    assert "Ti10 1 build: 51 atoms" in said
    assert "no-lammps cannot be started: No such file" in said
    assert "no measurement is finished yet" in study(tmp_path, "analyze", *TINY, code=1)


def test_kill_and_continue(tmp_path):
    """SIGKILL of everything during melt-quench, then in a measurement; the measurement ends with all its samples."""
    short = [
        "run",
        *TINY,
        "--temperatures",
        "900",
        "--every",
        "10",
        "--save",
        "20",
        "--picoseconds",
        "4",
        "--until",
        "1e-6",
    ]
    cell = tmp_path / "Ti10" / "1"
    place = cell / "900K"
    for wanted in (cell / "restart.melt-quench.2", place / "restart.conductivity.2"):
        process = subprocess.Popen(**command(tmp_path, *short), stdout=subprocess.DEVNULL, start_new_session=True)
        limit = time.monotonic() + 60
        while not wanted.exists() and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.01)
        kill_session(process.pid)
        process.wait()
        assert wanted.exists()
    # the newest file is cut off, as by a kill while it was written: the one before is taken
    newest, before = sorted(place.glob("restart.conductivity.*"), key=lambda p: -p.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:-200])
    said = runs(study(tmp_path, *short))
    assert said[0].endswith("melt-quench: finished")
    assert said[-1].endswith(f"conductivity: goes on from {before.name}")
    assert "samples = 201, " in samples(place)
    for name, kind, count in (
        ("vanhove", VANHOVE, 201),
        ("hops", HOPS, 201),
        ("density", DENSITY, 201),
        ("polyhedra", POLYHEDRA, 41),
        ("rdf.LiS", RDF, 41),
    ):
        assert read(place / f"{name}.dat", kind).need("samples").value == count
    steps = np.loadtxt(place / "transport.history.dat")[:, 0]
    assert (np.diff(steps) == 50).all() and steps[-1] == 2000
    assert len(list(place.glob("path.*.lammpstrj"))) == 2

    # a longer measurement continues
    longer = runs(study(tmp_path, *short, "--picoseconds", "4.1"))
    assert longer[-1].endswith("conductivity: goes on from restart.conductivity.end")
    assert "samples = 206, " in samples(place)
    assert json.loads((place / "conductivity.done.json").read_text())["steps"] == 2050


def test_terminated_driver_ends_its_runs(tmp_path):
    """SIGTERM, as from a batch system: all runs of LAMMPS end with the driver, and the next call goes on."""
    many = ["run", *TINY, "--factor", "0.2", "--packings", "2", "--jobs", "2"]
    process = subprocess.Popen(**command(tmp_path, *many), stdout=subprocess.DEVNULL, start_new_session=True)
    wanted = [tmp_path / f"Ti10/{packing}/restart.melt-quench.1" for packing in (1, 2)]
    limit = time.monotonic() + 60
    while not all(p.exists() for p in wanted) and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.01)
    process.terminate()
    assert process.wait(timeout=20) == 143
    limit = time.monotonic() + 10  # lmp is a script, and the program that it started may end a little later
    while session(process.pid) and time.monotonic() < limit:
        time.sleep(0.01)
    assert not session(process.pid)
    # nobody holds the locks: a driver that wants less than what was begun says only that the settings differ
    assert "begun with other settings" in study(tmp_path, *many, "--factor", "0.1", code=1)


def test_a_cell_in_use_by_another_driver_is_refused(tmp_path):
    """A cell that another driver works on is refused; temperatures of one cell may run beside each other."""
    study(tmp_path, "melt-quench", *TINY)
    slow = ["ladder", *TINY, "--picoseconds", "20", "--temperatures", "800"]
    process = subprocess.Popen(**command(tmp_path, *slow), stdout=subprocess.DEVNULL, start_new_session=True)
    limit = time.monotonic() + 60
    while not (tmp_path / "Ti10/1/800K/log.conductivity.001").exists() and time.monotonic() < limit:
        time.sleep(0.01)
    try:
        assert "another study" in study(tmp_path, *slow, code=1)
        assert "1 of 1 done" in study(tmp_path, "ladder", *TINY, "--temperatures", "900")
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait()


def test_unfinished_runs_are_taken_only_where_asked(tmp_path, capsys):
    """A run that has ended, one that has written its measurements, and one that has only begun."""
    for kelvin, names in ((700, ["conductivity.done.json"]), (800, []), (900, None)):
        folder = tmp_path / "Ti10" / "1" / f"{kelvin}K"
        folder.mkdir(parents=True)
        if names is not None:
            for name in ("transport.json", "coordination.json", "vdos.json", *names):
                (folder / name).touch()
    given = Namespace(out=tmp_path, composition=["Ti10"], temperatures=[900.0, 800.0, 700.0], unfinished=False)
    assert [run.kelvin for run in finished(given)] == [700.0]
    assert "Ti10 1: not finished yet: 800 K, 900 K" in capsys.readouterr().out
    given.unfinished = True
    assert [run.kelvin for run in finished(given)] == [700.0, 800.0]


@pytest.mark.parametrize("script", ["slurm.mpi", "slurm.hybrid"])
def test_job_scripts_cover_the_study(tmp_path, script):
    """Tasks of both arrays, with a study that only says what it was asked for."""
    (tmp_path / "a/b").mkdir(parents=True)
    for name in (script, "slurm.common"):
        (tmp_path / "a/b" / name).write_text((STUDY / name).read_text().replace(". ../../.venv/bin/activate", ":"))
    fake = tmp_path / "a/b/study"
    fake.write_text('#!/bin/sh\necho "$@"\n')
    fake.chmod(0o755)

    def task(step: str, number: int) -> list[str]:
        variables = {"PATH": os.environ["PATH"], "SLURM_ARRAY_TASK_ID": str(number), "SLURM_CPUS_PER_TASK": "4"}
        said = subprocess.run(["bash", script, step], cwd=fake.parent, env=variables, capture_output=True, text=True)
        assert said.returncode == 0, said.stderr
        return said.stdout.split()

    words = [task("melt-quench", k) for k in range(4)]
    assert [w[w.index("--composition") + 1] for w in words] == ["Ti00", "Ti10", "Ti20", "Ti30"]
    words = [task("ladder", k) for k in range(32)]
    asked = {(w[w.index("--composition") + 1], w[w.index("--temperatures") + 1]) for w in words}
    assert len(asked) == 32 and ("Ti30", "500") in asked and all(w[0] == "ladder" for w in words)
