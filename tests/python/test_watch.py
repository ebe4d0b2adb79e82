# SPDX-License-Identifier: MIT
"""`deepion watch`: what runs write while they go on, however much of it there is; cheap to look at again; a page, a server, text."""

import http.client
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from conftest import interruptible
from deepion.errors import DeepionError, InputError
from deepion.report import collect, drawings, ladders
from deepion.report.page import Study
from deepion.report.runs import BEGINS, ENDED, FAILED, RUNS, SILENT
from deepion.results.lammps_log import Log
from deepion.results.rounding import plain
from deepion.results.tables import COORDINATION, HISTORY, LADDER, TRANSPORT, read
from deepion.watch import command, terminal
from deepion.watch.server import Server
from helpers import with_head
from test_report import Texts

TABLES = Path(__file__).parent / "tables"
DEEPION = str(Path(sys.executable).parent / "deepion")
HEAD = """LAMMPS (22 Jul 2025 - Update 4)
units           metal
variable        steps index 40000
timestep        ${dt}
timestep        0.002
run             ${steps}
run             40000
Per MPI rank memory allocation (min/avg/max) = 22.28 | 22.28 | 22.28 Mbytes
"""
# Steps 1000 to 3000 at 2000 steps in 100 s: 20 steps/s of 2 fs are 3.456 ns/day.
ROWS = """   Step          Temp          CPU
      1000   1029.7247      0
      2000   933.24639      50
WARNING: something in between
      3000   1005.4182      100
"""
END = """Loop time of 67.7069 on 1 procs for 40000 steps with 105 atoms

Performance: 102.087 ns/day, 0.235 hours/ns, 590.781 timesteps/s, 62.032 katom-step/s
deepion: check: 3687 atoms at 410 steps, force error 3.1e-05 eV/A RMS, 0.00085 at most (atom 2, step 7900)
Total wall time: 0:01:10
"""


def look(folder: Path):
    return Study(folder, live=True).look()


def only(runs):
    (run,) = runs
    return run


def run_of(folder: Path, text: str, age: float = 0.0, name: str = "log.lammps"):
    """What is said of a log with this text, written so many seconds ago."""
    (folder / name).write_text(text)
    os.utime(folder / name, (time.time() - age,) * 2)
    return only(look(folder).runs)


def page_of(study: Study) -> str:
    view = study.look()
    return study.html(view, study.pictures(view), 10)


def with_tables(folder: Path, *names: str, title: str = "a glass") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        with_head(TABLES / f"{name}.dat", folder / f"{name}.dat", lambda head: head.update(title=title))
    return folder


def command_line(folder: Path, *words: str) -> Namespace:
    parser = ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(folder), *words])


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """In place of pictures, which take a second each: that they are right is tested elsewhere."""

    def picture_of(drawing: drawings.Drawing, tables: list, names: str) -> drawings.Picture:
        return drawings.Picture(drawing.heading, names, "", 100, 100)

    monkeypatch.setattr(drawings, "picture_of", picture_of)


def test_a_run_is_followed_by_its_log(tmp_path):
    run = run_of(tmp_path, HEAD + ROWS, age=30)
    assert (run.state, run.step, run.until, run.time) == (RUNS, 3000, 41000, 6.0)
    assert run.part == pytest.approx(3000 / 41000) and run.speed == pytest.approx(20 * 0.002e-3 * 86400)
    assert run.left == pytest.approx(38000 / 20) and 25 < run.age < 60 and run.note == ""


def test_the_columns_of_the_study_are_used(tmp_path):
    """ns/day of the thermo output, and a run up to a step."""
    rows = "   Step          Temp          ns/day         seconds_left\n 500  700 0 0\n 1000  700  17.28  5\n"
    run = run_of(tmp_path, HEAD.replace("run             40000", "run             21000 upto") + rows)
    assert (run.until, run.speed) == (21000, pytest.approx(17.28))
    assert run.left == pytest.approx(20000 / 100)  # 17.28 ns/day are 100 steps/s of 2 fs


def test_what_ended_and_what_failed(tmp_path):
    run = run_of(tmp_path, HEAD + ROWS + END, age=1e6)
    assert (run.state, run.note) == (ENDED, "") and run.check == "check: 3687 atoms" + run.check.split("atoms", 1)[1]
    assert run.check.endswith("0.00085 at most (atom 2, step 7900)")
    run = run_of(tmp_path, HEAD + ROWS + "ERROR: Lost atoms: original 105 current 104 (thermo.cpp:494)\n")
    assert run.state == FAILED and run.note.startswith("ERROR: Lost atoms")


def test_a_killed_run_is_silent(tmp_path):
    """Later than its rows of output come, even if the log is written 4 kB at a time."""
    assert run_of(tmp_path, HEAD + ROWS, age=2900).state == RUNS  # a row takes 50 s
    run = run_of(tmp_path, HEAD + ROWS, age=3100)
    assert run.state == SILENT and run.note.startswith("nothing was written for 52 min") and run.left is None
    flushed = HEAD.replace("run   ", "thermo_modify   lost warn flush yes\nrun   ", 1)
    assert run_of(tmp_path, flushed + ROWS, age=240).state == RUNS
    assert run_of(tmp_path, flushed + ROWS, age=260).state == SILENT
    run_of(tmp_path, HEAD + ROWS, age=3100)
    assert "silent: nothing" not in page_of(Study(tmp_path)) and "nothing was written for 52 min" in page_of(
        Study(tmp_path)
    )


def test_logs_cut_anywhere_are_read(tmp_path):
    """As a kill, or a buffer that is not full yet, leaves them."""
    text = HEAD + ROWS + END
    states = {run_of(tmp_path, text[:place]).state for place in range(0, len(text), 7)}
    assert states == {BEGINS, RUNS}
    assert run_of(tmp_path, text).state == ENDED
    # bytes that are no text
    (tmp_path / "log.lammps").write_bytes(HEAD.encode() + b"\xff\xfe\x00\n" + ROWS.encode())
    assert only(look(tmp_path).runs).step == 3000


def test_columns_may_come_twice_and_logs_be_appended_to(tmp_path):
    twice = ROWS.replace("CPU", "CPU  Temp").replace("0\n", "0  300\n")
    assert run_of(tmp_path, HEAD + twice).step == 3000
    assert run_of(tmp_path, HEAD + ROWS + END + HEAD + ROWS).state == RUNS


def test_a_continued_run_is_one(tmp_path):
    """log.x.001 was killed, .002 goes on; a stage that ended early is named, too, after those that go on."""
    run_of(tmp_path, HEAD + ROWS + END, 9000, "log.equilibrate.001")
    for number, age in (("001", 8000), ("002", 10)):
        (tmp_path / f"log.conductivity.{number}").write_text(HEAD + ROWS)
        os.utime(tmp_path / f"log.conductivity.{number}", (time.time() - age,) * 2)
    runs = look(tmp_path).runs
    assert [(run.name, run.state) for run in runs] == [("log.conductivity.002", RUNS), ("log.equilibrate.001", ENDED)]


def test_which_files_are_logs(tmp_path):
    """Replicas of -partition do not continue each other; *.log may be of another program."""
    for name in ("log.lammps.0", "log.lammps.1", "my.log"):
        (tmp_path / name).write_text(HEAD + ROWS)
    (tmp_path / "other.log").write_text("something else\nERROR: of another program\n")
    (tmp_path / "log.folder").mkdir()
    os.mkfifo(tmp_path / "log.pipe")
    assert sorted(run.name for run in look(tmp_path).runs) == ["log.lammps.0", "log.lammps.1", "my.log"]


def test_tables_may_know_more_than_the_log(tmp_path):
    """Step and sign of life come from the histories, where LAMMPS has not written its log yet; the check from a table."""
    with_tables(tmp_path, "history-500K")
    line = (
        "check of the model: 192 atoms at 12 steps, force error 7.2e-05 eV/A RMS, 0.00061 at most (atom 1734, step 400)"
    )
    with_head(TABLES / "transport-500K.dat", tmp_path / "t.dat", lambda head: head["provenance"].update(notes=[line]))
    run = run_of(tmp_path, HEAD + ROWS, age=5000)
    last = int(read(TABLES / "history-500K.dat", HISTORY).column("step")[-1])
    assert last > 3000 and (run.state, run.step, run.check) == (RUNS, last, line)


def test_speed_is_learned_from_looking(tmp_path):
    """Where the log does not say it."""
    study, log = Study(tmp_path, live=True), tmp_path / "log.lammps"
    begin = time.time() - 100
    log.write_text(HEAD + "   Step          Temp\n 0 300\n 1000 300\n")
    os.utime(log, (begin, begin))
    assert only(study.look().runs).speed is None
    with log.open("a") as file:
        file.write(" 2000 300\n 3000 300\n 40")  # the last one is being written
    os.utime(log, (begin + 50, begin + 50))
    run = only(study.look().runs)
    assert run.step == 3000 and run.speed == pytest.approx(40 * 0.002e-3 * 86400)  # 2000 steps in 50 s


def test_a_log_is_read_on_where_it_ended_before(tmp_path, monkeypatch):
    collector, log = collect.Collector(tmp_path), tmp_path / "log.lammps"
    taken: list[str] = []
    take = Log.take
    monkeypatch.setattr(Log, "take", lambda self, lines: (taken.extend(lines), take(self, lines)))
    log.write_text(HEAD + ROWS[:-10])
    collector.collect()
    with log.open("a") as file:
        file.write(ROWS[-10:] + "      4000   1000.0      150\n")
    collector.collect()
    collector.collect()
    assert taken == (HEAD + ROWS + "      4000   1000.0      150\n").splitlines()
    log.write_text("LAMMPS\n")  # another run began the file anew
    assert collector.collect().logs["log.lammps"].log.runs == []


def test_what_has_not_changed_is_neither_read_nor_drawn_again(tmp_path, undrawn, monkeypatch):
    folder = with_tables(tmp_path / "run", "history-500K", "transport-500K", "coordination-Ti00")
    (folder / "tr.json").write_bytes(collect.STATE + b"}")
    (folder / "dump.bin").write_bytes(bytes(1000))
    done: list[str] = []
    for module, name in ((collect, "read"), (drawings, "picture_of")):
        before = getattr(module, name)
        note = lambda *words, before=before, name=name: (done.append(name), before(*words))[1]  # noqa: E731
        monkeypatch.setattr(module, name, note)
    study = Study(folder, live=True)
    first = page_of(study)
    assert sorted(done) == ["picture_of"] * 3 + ["read"] * 5
    done.clear()
    assert len(page_of(study)) == len(first) and done == []
    # a further row of the history: read once, drawn once
    with (folder / "history-500K.dat").open("a") as file:
        file.write((TABLES / "history-500K.dat").read_text().splitlines()[-1] + "\n")
    page_of(study)
    assert done == ["read", "picture_of"]


def test_half_written_rows_and_vanished_files_do_no_harm(tmp_path, monkeypatch):
    folder = with_tables(tmp_path / "run", "history-500K")
    text = (folder / "history-500K.dat").read_text()
    (folder / "history-500K.dat").write_text(text + text.splitlines()[-1][:40])
    view = look(folder)
    assert view.found.unread == [] and len(view.shown[HISTORY][0].rows) == len(
        read(TABLES / "history-500K.dat", HISTORY).rows
    )
    stat = Path.stat

    def gone(path: Path, **words):
        if path.name == "history-500K.dat":
            raise FileNotFoundError
        return stat(path, **words)

    monkeypatch.setattr(Path, "stat", gone)
    assert look(folder).found.unread == []


def test_a_folder_where_nothing_has_begun(tmp_path, deepion):
    run = deepion("watch --once --text", tmp_path)
    assert run.returncode == 0 and "Nothing yet: no log of LAMMPS (log.*) and no table" in run.stdout
    assert "Nothing yet" in page_of(Study(tmp_path, live=True))


def test_the_page_says_what_the_files_say(tmp_path, undrawn):
    folder = with_tables(tmp_path / "run", "transport-500K", "history-500K", "coordination-Ti00", "ladder")
    (folder / "log.lammps").write_text(HEAD + ROWS)
    command.run(command_line(folder, "--once"))
    page = (folder / "watch.html").read_text()
    texts = Texts(page).texts
    for name, kind in (("D", TRANSPORT), ("sigma", TRANSPORT), ("E_a_sigma", LADDER)):
        table = next(folder.glob("transport*" if kind == TRANSPORT else "ladder*"))
        assert plain(read(table, kind).need(name)) in texts
    step = int(read(TABLES / "history-500K.dat", HISTORY).column("step")[-1])
    assert f"{step} of 41000" in texts and "3.46 ns/day" in texts and f"{(41000 - step) / 20 / 60:.0f} min" in texts
    pictures = ["Temperatures", "Convergence", "Mean-square displacement and diffusion", "Coordination"]
    assert [text for text in texts if text in pictures] == pictures and "Tables" not in texts
    # looked at once: it does not read itself again
    assert "refresh" not in page and "<script" not in page
    live = page_of(Study(folder, live=True))
    assert '<meta http-equiv="refresh" content="10">' in live and live.count("<script") == 1
    assert not list(folder.glob(".watch*"))


def test_text_has_the_numbers_and_curves(tmp_path, deepion):
    folder = with_tables(tmp_path / "run", "transport-500K", "history-500K", "coordination-Ti00")
    (folder / "log.lammps").write_text(HEAD + ROWS)
    run = deepion("watch --once --text", folder)
    assert run.returncode == 0 and "\x1b" not in run.stdout and not (folder / "watch.html").exists()
    lines = run.stdout.splitlines()
    assert any(
        line.startswith("D ") and plain(read(TABLES / "transport-500K.dat", TRANSPORT).need("D")) in line
        for line in lines
    )
    assert any(re.fullmatch(r"D\(t\) +[\u2581-\u2588]+  up to \d+ ps", line) for line in lines)
    (curve, marks) = next((a, b) for a, b in zip(lines, lines[1:], strict=False) if a.startswith("MSD"))
    table = read(TABLES / "transport-500K.dat", TRANSPORT)
    inside = (table.column("lag") >= 0.02) & (table.column("lag") <= 14.4)
    assert marks.count("^") == inside.sum() and "window 0.02 to 14.4 ps" in marks and "\u2588" in curve
    assert any(line.startswith("log.lammps  runs  [#") and " of 41000" in line for line in lines)
    assert any(line.startswith("! transport-500K.dat: errors come from only 5 blocks") for line in lines)


def test_text_fits_the_terminal(tmp_path):
    for kelvin in (320, 500):
        with_tables(tmp_path / f"{kelvin}K", f"transport-{kelvin}K", title=f"a glass at {kelvin} K")
    view = look(tmp_path)
    for width, height in ((40, 8), (200, 30)):
        lines = terminal.screen(view, width, height, color=True).splitlines()
        assert len(lines) <= height and all(len(terminal.ESCAPE.sub("", line)) <= width for line in lines)
        assert all(line.count("\x1b[") % 2 == 0 for line in lines)
    assert "more lines: --html FILE shows everything" in terminal.screen(view, 100, 4, color=False)


def test_small_curves():
    assert terminal.spark([0, 1, 2, 3, 4, 5, 6, 7], 20) == terminal.BLOCKS
    assert terminal.spark([5, 5], 20) == terminal.BLOCKS[3] * 2 and terminal.spark([], 5) == ""
    assert terminal.spark(list(range(1000)), 8) == terminal.BLOCKS


@pytest.fixture
def merge(tmp_path, monkeypatch) -> Path:
    """In place of deepion-merge: a program that writes a ladder and notes how it was called."""
    said = tmp_path / "calls"
    program = tmp_path / "merge"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {said}\n'
        'while [ "$1" != --out ]; do shift; done\n'
        f'if [ -e {tmp_path}/fails ]; then echo "deepion-merge: other settings" >&2; exit 1; fi\n'
        f'cp {TABLES}/ladder.dat "$2"\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(ladders, "merge_program", lambda: program)
    return said


def state(path: Path, words: bytes = b"") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(collect.STATE + words)


def test_states_that_differ_in_their_temperature_become_a_ladder(tmp_path, merge):
    study = tmp_path / "study"
    for cell in ("Ti10/1", "Ti10/2"):
        for kelvin in (500, 700.5):
            state(study / cell / f"{kelvin:g}K" / "transport.json")
    state(study / "alone" / "transport.json")
    state(study / "single" / "300K" / "transport.json")
    watched = Study(study, live=True)
    view = watched.look()
    assert [table.title for table in view.shown[LADDER]] == ["", ""] and view.notes == []
    calls = merge.read_text().splitlines()
    assert [re.sub(r"--out \S*/", "--out ", call) for call in calls] == [
        f"Ti10/{k}/500K/transport.json Ti10/{k}/700.5K/transport.json --title Ti10/{k} --out ladder.dat" for k in (1, 2)
    ]
    watched.look()
    assert len(merge.read_text().splitlines()) == 2  # joined once
    state(study / "Ti10/2/500K/transport.json", b"more")
    watched.look()
    assert len(merge.read_text().splitlines()) == 3  # only where something changed
    (tmp_path / "fails").touch()
    view = look(study)
    assert LADDER not in view.shown
    assert view.notes[0] == "no ladder of Ti10/1/*/transport.json: deepion-merge: other settings"


def test_a_ladder_has_the_window_of_its_runs(tmp_path, merge):
    for kelvin in (320, 500):
        folder = with_tables(tmp_path / "s" / f"{kelvin}K", f"transport-{kelvin}K")
        state(folder / "transport.json")
        table = folder / f"transport-{kelvin}K.dat"
        with_head(table, table, lambda head: head["settings"].update(fit_ps=[2.0, 8.5]))
    look(tmp_path / "s")
    assert "--fit 2 8.5 --title s" in merge.read_text()


def test_without_deepion_merge_there_is_a_note(tmp_path, monkeypatch):
    def missing() -> Path:
        raise DeepionError("deepion-merge is not built: run scripts/setup")

    monkeypatch.setattr(ladders, "merge_program", missing)
    for kelvin in (300, 400):
        state(tmp_path / f"state.{kelvin}K.json")
    assert look(tmp_path).notes == ["no ladder of state.*.json: deepion-merge is not built: run scripts/setup"]


def test_a_study_shows_its_runs_while_they_go_on(tmp_path):
    """Joined results are those of a study's last end; the report shows them."""
    with_tables(tmp_path / "results", "transport-320K")
    with_tables(tmp_path / "a", "transport-500K")
    shown = {live: Study(tmp_path, live).look().shown[TRANSPORT][0].path.parent.name for live in (True, False)}
    assert shown == {True: "a", False: "results"}
    shutil.rmtree(tmp_path / "a")
    assert look(tmp_path).shown[TRANSPORT][0].path.parent.name == "results"


def test_a_damaged_number_leaves_the_others(tmp_path):
    folder = with_tables(tmp_path / "run", "transport-500K", "coordination-Ti00")

    def without_n(head: dict) -> None:
        for column in head["columns"]:
            column["quantity"] = column["quantity"].replace("mean_n", "other")

    with_head(folder / "coordination-Ti00.dat", folder / "coordination-Ti00.dat", without_n)
    study = Study(folder, live=True)
    view = study.look()
    assert [number.symbol for number in view.findings.numbers] == ["D", "\u03c3"]
    assert any("has no column mean_n" in note for note in study.pictures(view)[1])


def test_markup_in_files_is_shown_as_text(tmp_path, undrawn):
    with_tables(tmp_path / "run", "transport-500K", title="<script>alert(1)</script>")
    with_tables(tmp_path / "run2", "transport-320K")
    (tmp_path / "log.x").write_text(HEAD + ROWS + "ERROR: <b>\n")
    page = page_of(Study(tmp_path, live=True))
    assert page.count("<script") == 1 and "&lt;script&gt;alert" in page and "ERROR: &lt;b&gt;" in page


def test_the_server_is_for_this_machine_only():
    server = Server(0)
    server.page = b"<!doctype html>page"

    def ask(path: str, host: str, method: str = "GET"):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.request(method, path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers

    try:
        assert server.server_address[0] == "127.0.0.1" and server.url == f"http://127.0.0.1:{server.server_port}/"
        status, page, headers = ask("/", f"127.0.0.1:{server.server_port}")
        assert (status, page) == (200, server.page) and headers["Cache-Control"] == "no-store"
        assert ask("/", "localhost:8765")[0] == 200
        assert ask("/", "evil.example")[0] == 403  # a name that was made to mean this machine
        assert ask("/../../etc/passwd", "localhost")[0] == 404
        assert ask("/", "localhost", "POST")[0] == 501
        with pytest.raises(InputError, match=f"cannot listen at port {server.server_port}: Address already in use"):
            Server(server.server_port)
        with pytest.raises(InputError, match="it must be between 0 and 65535"):
            Server(70000)
    finally:
        server.shutdown()
        server.server_close()


def waited_for(condition, seconds: float = 60.0):
    """The first result that is not empty."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("did not happen")


def test_page_and_server_follow_the_run_until_interrupted(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "log.lammps").write_text(HEAD)
    out = tmp_path / "page.html"
    words = [DEEPION, "watch", str(folder), "--html", str(out), "--serve", "0", "--every", "0.1"]
    streams = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with subprocess.Popen(words, preexec_fn=interruptible, **streams) as process:
        try:
            url = process.stdout.readline().split()[0]
            waited_for(out.exists)
            assert "3000 of 41000" not in out.read_text()
            with (folder / "log.lammps").open("a") as file:
                file.write(ROWS)
            page = waited_for(lambda: text if "3000 of 41000" in (text := out.read_text()) else "")
            Texts(page)
            host, port = re.fullmatch(r"http://([\d.]+):(\d+)/", url).groups()
            connection = http.client.HTTPConnection(host, int(port), timeout=10)
            connection.request("GET", "/")
            assert connection.getresponse().read().decode() == out.read_text()
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=60)
    assert (
        process.returncode == 0 and rest[1] == "" and sorted(p.name for p in tmp_path.iterdir()) == ["page.html", "run"]
    )


def test_over_ssh_the_terminal_is_painted_and_given_back(tmp_path):
    folder = with_tables(tmp_path / "run", "transport-500K")
    master, slave = pty.openpty()
    words = [DEEPION, "watch", str(folder), "--every", "0.1"]
    environment = os.environ | {"SSH_CONNECTION": "1.2.3.4 1 5.6.7.8 22", "TERM": "xterm"}
    streams = dict(stdin=slave, stdout=slave, stderr=slave)
    with subprocess.Popen(words, env=environment, preexec_fn=interruptible, **streams) as process:
        os.close(slave)
        text = ""

        def more() -> str:
            nonlocal text
            if select.select([master], [], [], 0.1)[0]:
                text += os.read(master, 65536).decode(errors="replace")
            return text if text.count("\x1b[H") >= 2 else ""

        try:
            waited_for(more)
        finally:
            process.send_signal(signal.SIGINT)
        waited_for(lambda: more() and text.endswith("\n") and "\x1b[?1049l" in text)
        assert process.wait(timeout=60) == 0
    os.close(master)
    assert text.startswith("\x1b[?1049h") and "\x1b[?25h" in text.rpartition("\x1b[?1049l")[0]
    assert "D " in text.rpartition("\x1b[?1049l")[2] and not (folder / "watch.html").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--once --serve", "a page that is looked at once is a file: take --html FILE"),
        ("--every 0", "--every 0: expected seconds above 0"),
        ("--html nowhere/x.html", "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_line(tmp_path, deepion, words, expected):
    run = deepion("watch", tmp_path, *words.split())
    assert run.returncode == 1 and expected in run.stderr and run.stderr.count("\n") == 1


def test_a_folder_that_is_not_there(tmp_path, deepion):
    run = deepion("watch", tmp_path / "nowhere")
    assert run.returncode == 1 and "no such folder: expected that of a run or of a study" in run.stderr


def test_looking_takes_a_small_part_of_a_core(tmp_path, monkeypatch):
    """The time between looks grows with what a look costs, and the page says it."""
    spent = iter([0.0, 10.0, 11.0, 13.0])  # s: before the first look, before the second, while and after drawing
    monkeypatch.setattr(command, "cpu", lambda: next(spent))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise KeyboardInterrupt
        (tmp_path / "log.x").write_text(HEAD)

    monkeypatch.setattr(command.time, "sleep", sleep)
    command.run(command_line(tmp_path, "--html", str(tmp_path / "x.html"), "--every", "5"))
    assert slept == [5.0, pytest.approx(3.0 / 0.05)]
    assert 'content="20"' in (tmp_path / "x.html").read_text()


def test_a_full_disk_is_said_once_and_tried_again(tmp_path, monkeypatch, capsys):
    study = Study(tmp_path, live=True)
    pages = command.Pages(study, tmp_path / "x.html", None)
    write = command.replace_text

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command, "replace_text", full)
    for _ in range(2):
        pages.shown = None
        pages.show(study.look(), command.Budget(10.0))
    assert capsys.readouterr().err.count("No space left on device; trying again") == 1
    monkeypatch.setattr(command, "replace_text", write)
    pages.shown = None
    pages.show(study.look(), command.Budget(10.0))
    assert (tmp_path / "x.html").exists()


def test_the_map_of_coordination_is_on_the_page(tmp_path):
    folder = with_tables(tmp_path / "run", "coordination-Ti00")
    study = Study(folder, live=True)
    view = study.look()
    (picture,), notes = study.pictures(view)
    assert (picture.heading, picture.files, notes) == ("Coordination", "coordination-Ti00.dat", [])
    assert view.shown[COORDINATION][0].title == "a glass"
