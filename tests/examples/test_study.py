"""The study of lammps-examples/li-ti-p-s at its smallest: the whole chain, a kill in the middle, and what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "lammps-examples" / "li-ti-p-s"
BUILD = [sys.executable, str(STUDY / "build.py")]
TINY = ["--scale", "tiny", "--settle", "0.04"]


def command(out: Path, *arguments: str) -> dict:
    variables = os.environ | {"OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return dict(args=[sys.executable, str(STUDY / "study"), *arguments, "--out", str(out)], env=variables)


def study(out: Path, *arguments: str, code: int = 0) -> str:
    said = subprocess.run(**command(out, *arguments), capture_output=True, text=True, timeout=120)
    assert said.returncode == code, said.stdout[-2000:] + said.stderr[-2000:]
    return said.stdout + said.stderr


def runs(text: str) -> list[str]:
    """What the driver said on each run of LAMMPS."""
    return [line for line in text.splitlines() if line.endswith((": begins", ": finished")) or "goes on from" in line]


def samples(place: Path) -> str:
    return next(line for line in (place / "transport.dat").read_text().splitlines() if line.startswith("# samples"))


def kill_session(leader: int) -> None:
    """SIGKILL to the driver and all that it started, which has process groups of its own."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(entry.read_text().rpartition(")")[2].split()[3]) == leader:
                os.kill(int(entry.parent.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass


@pytest.mark.parametrize("name, counts", [("Ti00", (36, 12, 48, 0)), ("Ti30", (30, 10, 58, 9))])
@pytest.mark.parametrize("copies", [1, 2])
def test_packing(tmp_path, name, counts, copies):
    for file in ("a", "b"):
        subprocess.run([*BUILD, name, str(tmp_path / file), "--copies", str(copies)], check=True)
    text = (tmp_path / "a").read_text()
    assert text == (tmp_path / "b").read_text()
    lines = text.splitlines()
    edge = float(next(line for line in lines if "xlo" in line).split()[1])
    atoms = np.loadtxt(lines[lines.index("Atoms # atomic") + 1 :])
    number = np.array(counts) * copies**3
    assert (np.bincount(atoms[:, 1].astype(int), minlength=5)[1:] == number).all()
    mass = number @ [6.94, 30.974, 32.06, 47.867]
    assert mass / 0.602214076 / edge**3 == pytest.approx(1.7)
    vector = atoms[:, None, 2:] - atoms[None, :, 2:]
    vector -= edge * np.round(vector / edge)
    distance = np.sqrt((vector**2).sum(-1)) + 100.0 * np.eye(len(atoms))
    assert 2.0 <= distance.min() < 2.2


def test_chain(tmp_path):
    said = study(tmp_path, *TINY)
    assert len(runs(said)) == 5 and all(line.endswith(": begins") for line in runs(said))
    results = tmp_path / "results"
    pictures = ["Ti10.melt-quench", "Ti10.msd", "Ti10.arrhenius", "coordination.800K", "vdos.800K"]
    for picture in pictures:
        assert (results / f"{picture}.png").stat().st_size > 10000
    rows = [line.split() for line in (results / "summary.dat").read_text().splitlines() if not line.startswith("#")]
    assert [row[:2] for row in rows] == [["Ti10", "800"], ["Ti10", "1000"]]
    for row in rows:
        assert 1e-6 < float(row[2]) < 1e-2 and 0.5 < float(row[6]) < 6.0
    assert "E_a from D" in (results / "Ti10.ladder.dat").read_text()
    assert "LPS:Ti10,800K" in (tmp_path / "Ti10" / "800K" / "coordination.dat").read_text()

    again = runs(study(tmp_path, "run", *TINY))
    assert len(again) == 5 and all(line.endswith(": finished") for line in again)
    assert "other settings (timestep 0.002, now 0.001)" in study(tmp_path, "run", *TINY, "--timestep", "1", code=1)


def test_kill_and_continue(tmp_path):
    """SIGKILL of everything during melt-quench, then in a measurement; the measurement ends with all its samples."""
    short = ["run", *TINY, "--temperatures", "900", "--every", "10", "--save", "20"]
    place = tmp_path / "Ti10" / "900K"
    for wanted in (tmp_path / "Ti10" / "restart.melt-quench.2", place / "restart.conductivity.2"):
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
    assert "samples = 31, " in samples(place)
    steps = np.loadtxt(place / "transport.history.dat")[:, 0]
    assert (np.diff(steps) == 50).all() and steps[-1] == 300

    # a longer measurement continues
    longer = runs(study(tmp_path, *short, "--picoseconds", "0.7"))
    assert longer[-1].endswith("conductivity: goes on from restart.conductivity.end")
    assert "samples = 36, " in samples(place)
    assert json.loads((place / "conductivity.done.json").read_text())["steps"] == 350
