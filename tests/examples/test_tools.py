# SPDX-License-Identifier: MIT
"""The small programs around an example: progress of a run, and the plot of its log."""

import subprocess
import sys
from pathlib import Path

import pytest

from deepion.plots import thermo as plot_thermo
from deepion.study.progress import annotate

SCRIPTS = Path(__file__).parents[2] / "scripts"
HASH = "0123abcd" * 8
SCREEN = """LAMMPS (22 Jul 2025 - Update 4)
Setting up Verlet run ...
  Unit style    : {unit}
  Current step  : 100
  Time step     : {timestep}
   Step          Temp
       100   500
       110   501.5
       120   499
Loop time of 2 on 1 procs for 20 steps with 420 atoms
       120   500
"""
LOG = """LAMMPS (22 Jul 2025 - Update 4)
variable dt index 2.0
units           {unit}
timestep        ${{dt}}
timestep        {timestep}
deepion 0.1.0, pair_style deepmd/onnx
  sha256 {hash}
  from some.dp (deepmd-kit 3.2.0, trained in float64)
  types Li (sel 50) S (sel 64)
  precision mixed (float32 networks, float64 geometry and sums), tabulate no
  ONNX Runtime 1.32.0 (/somewhere/libonnxruntime.so.1.32.0)
  memory: 10.0 MB per MPI rank for the models
run 20
   Step          Temp          PotEng         TotEng         Press        c_msd[4]
       100   500            -840           -800            1000           0
       110   480            -838           -799            1500           0.1
       120   460            -836           -799            900            0.2
Loop time of 2 on 2 procs for 20 steps with 420 atoms
{rest}""".replace("{hash}", HASH)


@pytest.mark.parametrize(("unit", "timestep"), [("metal", "0.002"), ("real", "2")])
def test_progress_appends_speed_and_time_left(unit, timestep):
    seconds = iter([10.0, 11.0, 12.0])
    before = SCREEN.format(unit=unit, timestep=timestep).splitlines(keepends=True)
    after = list(annotate(before, 40, lambda: next(seconds)))
    # 10 steps of 2 fs a second are 1.728 ns a day
    assert after[7] == before[7].rstrip("\n") + "   |  25 %  1.73 ns/day  3 s left"
    assert after[8] == before[8].rstrip("\n") + "   |  50 %  1.73 ns/day  2 s left"
    unchanged = [0, 1, 2, 3, 4, 5, 6, 9, 10]
    assert [after[i] for i in unchanged] == [before[i].rstrip("\n") for i in unchanged]


@pytest.mark.parametrize(("unit", "timestep"), [("metal", "0.002"), ("real", "2")])
def test_plot_reads_units_time_and_atoms(tmp_path, unit, timestep):
    log = tmp_path / "log.lammps"
    log.write_text(LOG.format(unit=unit, timestep=timestep, rest=""))
    run = plot_thermo.read(log)
    assert run.time == pytest.approx([0, 0.02, 0.04])
    assert run.atoms == 420
    assert run.columns["c_msd[4]"] == [0, 0.1, 0.2]
    assert run.caption.splitlines() == [
        "log.lammps: 420 atoms, LAMMPS (22 Jul 2025 - Update 4)",
        f"model sha256 {HASH}",
    ]
    plot_thermo.draw(run).savefig(tmp_path / "thermo.png")
    assert (tmp_path / "thermo.png").read_bytes().startswith(b"\x89PNG")


def test_log_of_a_running_job(tmp_path):
    """No line 'Loop time' yet, and a last line that is cut off."""
    finished = LOG.format(unit="metal", timestep="0.002", rest="")
    running = finished[: finished.index("Loop time")] + "       130   45"
    log = tmp_path / "log.lammps"
    log.write_text("  1 by 1 by 2 MPI processor grid\n  420 atoms\n" + running)
    run = plot_thermo.read(log)
    assert run.columns["Temp"] == [500, 480, 460] and run.atoms == 420
    assert run.caption.startswith(
        "log.lammps: 420 atoms, 2 processor(s), LAMMPS (22 Jul 2025 - Update 4), not finished, last step 120"
    )
    assert plot_thermo.draw(run).axes[0].lines[0].get_ydata()[0] == -2.0  # eV/atom


def test_log_that_ends_with_an_error(tmp_path):
    log = tmp_path / "log.lammps"
    finished = LOG.format(unit="metal", timestep="0.002", rest="")
    log.write_text(finished.replace("Loop time", "ERROR: Lost atoms (src/thermo.cpp:494)\nLoop time"))
    figure = plot_thermo.draw(plot_thermo.read(log))
    assert figure.get_suptitle() == "ERROR: Lost atoms (src/thermo.cpp:494)"
    assert len(figure.axes[0].lines[0].get_ydata()) == 3


def test_the_last_run_of_a_log_is_drawn(tmp_path):
    log = tmp_path / "log.lammps"
    finished = LOG.format(unit="metal", timestep="0.002", rest="")
    later = finished[finished.index("   Step") :].replace("500            -840", "700            -420")
    log.write_text(finished + "WARNING: something (src/x.cpp:1)\n" + later)
    run = plot_thermo.read(log)
    assert run.columns["Temp"][0] == 700 and len(run.time) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("LAMMPS\n", "has no thermo output yet"),
        ("LAMMPS\nERROR: Unknown command\n", "has no thermo output yet; ERROR: Unknown command"),
        (LOG.format(unit="lj", timestep="0.002", rest=""), "has units lj, expected metal or real"),
    ],
)
def test_error_for_logs_without_a_picture(tmp_path, text, message):
    log = tmp_path / "log.lammps"
    log.write_text(text)
    result = subprocess.run(
        [sys.executable, SCRIPTS / "plot_thermo.py", log, tmp_path / "x.png"], capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr == f"deepion plot thermo: {log} {message}\n"
