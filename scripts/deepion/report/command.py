# SPDX-License-Identifier: MIT
"""One HTML page of a finished or running study: pictures, results with errors, warnings, provenance.

deepion report RUNDIR                 writes RUNDIR/report.html
deepion report RUNDIR --out page.html

Reads every table of an ion/* fix or of deepion-merge that it finds in RUNDIR, at any depth, the warnings of LAMMPS' logs (log.*, *.log)
and what `deepion evaluate --json` wrote. Where there is a folder RUNDIR/results, as lammps-examples/li-ti-p-s makes one, its
pictures and tables are shown, and of the runs that they join only the warnings. The page needs nothing beside itself. Files that
a run is still writing are whole at any moment, so a running study can be looked at; call it again for newer numbers.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from deepion.errors import InputError, check_writable

from .page import Study, replace_text


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="RUNDIR", type=Path, help="folder of the study")
    parser.add_argument("--out", type=Path, help="the page (default: RUNDIR/report.html)")


def run(arguments: Namespace) -> None:
    if not arguments.folder.is_dir():
        raise InputError(f"{arguments.folder}: no such folder")
    out = arguments.out or arguments.folder / "report.html"
    check_writable(out)
    study = Study(arguments.folder)
    view = study.look()
    if not view.shown:
        unread = f"; {view.found.unread[0]}" if view.found.unread else ""
        raise InputError(
            f"{arguments.folder}: no tables in it: expected files that an ion/* fix writes with the keywords file or history, "
            f"or deepion-merge with --out{unread}"
        )
    replace_text(out, study.html(view, study.pictures(view)))
    print(f"wrote {out}: {sum(map(len, view.found.tables.values()))} tables")
