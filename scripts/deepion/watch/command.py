# SPDX-License-Identifier: MIT
"""Look at a run, or at a whole study, while it goes on: D and its error, MSD with its window, conductivity against temperature,
coordination, the check of the model, speed, what is left, and what is wrong.

deepion watch RUNDIR                      a page, RUNDIR/watch.html, which is written anew and reads itself again in the browser;
                                          in a terminal over ssh, text
deepion watch RUNDIR --html page.html     the page somewhere else
deepion watch RUNDIR --serve              at http://127.0.0.1:8765/, for browsers on this machine only; from elsewhere through
                                          ssh -L 8765:127.0.0.1:8765 HOST
deepion watch RUNDIR --text               in the terminal
deepion watch RUNDIR --once               one picture, then end

RUNDIR is the folder of a run or of many, at any depth. Nothing of the runs is touched; what they write anyway is read: tables,
histories and states of the ion/* fixes and logs of LAMMPS (log.*, *.log). States whose names differ only in the temperature
(700K/transport.json, state.700K.json) are joined to a conductivity ladder by deepion-merge. Ctrl-C ends it.
"""

import os
import shutil
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from deepion.errors import InputError, check_writable
from deepion.report.page import Study, View, replace_text

from . import terminal
from .server import Server

EVERY = 10.0  # s
SHARE = 0.05  # of one core: what looking may cost
PORT = 8765


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="RUNDIR", type=Path, help="folder of a run or of a study")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write the page here (default: RUNDIR/watch.html)")
    parser.add_argument(
        "--serve", metavar="PORT", type=int, nargs="?", const=PORT, help=f"show the page at 127.0.0.1 (default: {PORT})"
    )
    parser.add_argument("--text", action="store_true", help="text in the terminal (default over ssh)")
    parser.add_argument("--once", action="store_true", help="look once and end")
    parser.add_argument(
        "--every",
        metavar="S",
        type=float,
        default=EVERY,
        help=f"seconds between looks (default: {EVERY:g}; more where looking would take more than {100 * SHARE:g} %% of a core)",
    )


def run(arguments: Namespace) -> None:
    folder = arguments.folder
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder: expected that of a run or of a study")
    if not arguments.every > 0:
        raise InputError(f"--every {arguments.every:g}: expected seconds above 0")
    if arguments.once and arguments.serve is not None:
        raise InputError("--once and --serve: a page that is looked at once is a file: take --html FILE")
    text = arguments.text or (over_ssh() and arguments.html is None and arguments.serve is None)
    out = arguments.html or (folder / "watch.html" if not text and arguments.serve is None else None)
    if out is not None:
        check_writable(out)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    server = Server(arguments.serve) if arguments.serve is not None else None
    if server and not text:
        print(f"{server.url} shows {folder}; Ctrl-C ends it", flush=True)
    if out and not text:
        print(f"{out}: open it in a browser" + ("" if arguments.once else "; Ctrl-C ends it"), flush=True)
    watch(Study(folder, live=True), arguments, text, out, server)


def over_ssh() -> bool:
    """Whether this is a terminal where a browser is far."""
    return sys.stdout.isatty() and bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))


def watch(study: Study, arguments: Namespace, text: bool, out: Path | None, server: Server | None) -> None:
    """Look again and again, or once."""
    screen = Screen(arguments.once) if text else None
    pages = Pages(study, out, server)
    budget = Budget(arguments.every)
    try:
        while True:
            if not study.folder.is_dir():
                raise InputError(f"{study.folder}: the folder is gone")
            budget.begin()
            view = study.look()
            if out or server:
                pages.show(view, None if arguments.once else budget)
            if screen:
                screen.show(view)
            if arguments.once:
                break
            time.sleep(budget.pause())
    except KeyboardInterrupt:
        pass
    finally:
        if screen:
            screen.close()


def cpu() -> float:
    """Seconds of processors that this program and those that it called have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Budget:
    """Looks so rarely that it costs no more than SHARE of a core; the first look, which loads and draws everything, is not counted."""

    def __init__(self, every: float):
        self.every = every
        self.before: float | None = None
        self.first = True

    def begin(self) -> None:
        """Before a look."""
        self.first = self.before is None
        self.before = cpu()

    def pause(self) -> float:
        """Seconds to wait after what the look has cost so far."""
        if self.first or self.before is None:
            return self.every
        return max(self.every, (cpu() - self.before) / SHARE)


class Pages:
    """The page, as a file and at the server. It is made again when something has changed, and once a minute for its ages."""

    AGE = 60.0  # s

    def __init__(self, study: Study, out: Path | None, server: Server | None):
        self.study, self.out, self.server = study, out, server
        self.shown: tuple[object, float] | None = None  # what it was made from, and when
        self.trouble = ""

    def show(self, view: View, budget: Budget | None) -> None:
        """Make the page where needed; no budget: once."""
        state = view.state
        if self.shown and self.shown[0] == state and view.when - self.shown[1] < self.AGE:
            return
        pictures = self.study.pictures(view)
        html = self.study.html(view, pictures, budget.pause() if budget else None)
        if self.server:
            self.server.page = html.encode()
        if self.out:
            self.write(self.out, html, lasting=budget is not None)
        self.shown = (state, view.when)

    def write(self, out: Path, html: str, lasting: bool) -> None:
        """Write the file. A disk that is full now may not be in a minute: then it is said, once."""
        try:
            replace_text(out, html)
            self.trouble = ""
        except OSError as error:
            trouble = f"{out} cannot be written: {error.strerror}"
            if not lasting:
                raise InputError(trouble) from None
            if trouble != self.trouble:
                print(f"deepion watch: {trouble}; trying again", file=sys.stderr)
            self.trouble = trouble


class Screen:
    """The terminal: painted over at each look, with what was there before restored at the end."""

    def __init__(self, once: bool):
        self.tty = sys.stdout.isatty()
        self.painted = self.tty and not once
        self.last = ""
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        if self.painted:
            sys.stdout.write("\x1b[?1049h\x1b[?25l")

    def show(self, view: View) -> None:
        size = shutil.get_terminal_size((120, 50))
        color = self.tty and "NO_COLOR" not in os.environ
        self.last = terminal.screen(view, size.columns, None, color)
        if self.painted:
            fitting = terminal.screen(view, size.columns, size.lines - 1, color)
            sys.stdout.write("\x1b[H" + fitting.replace("\n", "\x1b[K\n") + "\x1b[K\n\x1b[J")
        else:
            sys.stdout.write(self.last + "\n\n")
        sys.stdout.flush()

    def close(self) -> None:
        if self.painted:
            sys.stdout.write("\x1b[?25h\x1b[?1049l" + self.last + "\n")
            sys.stdout.flush()
