"""One HTML page of a finished or running study: pictures, results with errors, warnings, provenance.

deepion report RUNDIR                 writes RUNDIR/report.html
deepion report RUNDIR --out page.html

Reads every table of an ion/* fix or of deepion-merge that it finds in RUNDIR, at any depth, the warnings of LAMMPS' logs
(log.*) and what scripts/evaluate --json wrote. Where there is a folder RUNDIR/results, as lammps-examples/li-ti-p-s makes one, its
pictures and tables are shown, and of the runs that they join only the doubts. The page needs nothing beside itself. Files that a run is still writing are whole at any moment, so a running study can be
looked at; call it again for newer numbers.
"""

import base64
import html
import io
import json
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure
from tqdm import tqdm

from deepion.errors import DeepionError, InputError
from deepion.plots import arrhenius as plot_arrhenius
from deepion.plots import coordination as plot_coordination
from deepion.plots import history as plot_transport_history
from deepion.plots import transport as plot_transport
from deepion.plots import vdos as plot_vdos
from deepion.results.tables import COORDINATION, HISTORY, LADDER, TRANSPORT, VDOS, Table, read_any

LARGEST = 50_000_000  # bytes; no table is that long
LARGEST_ERRORS = 100_000  # bytes; states of measurements are JSON, too, and longer
MOST_TOGETHER = 8  # curves in one picture
FEW_BLOCKS = 8  # an error from fewer parts is itself known to 27 % or worse
PREDICT = 300.0  # K

HEADINGS = {
    LADDER: "Temperatures",
    TRANSPORT: "Mean-square displacement and diffusion",
    HISTORY: "Convergence",
    COORDINATION: "Coordination",
    VDOS: "Vibrations",
}
STYLE = """body{font-family:sans-serif;max-width:70em;margin:2em auto;padding:0 1em;line-height:1.4}
img{max-width:100%}pre{background:#f4f4f4;padding:.7em;overflow-x:auto;font-size:85%}
.warning{color:#b00000}table{border-collapse:collapse;font-size:85%}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:right}"""


def find_tables(folder: Path) -> dict[str, list[Table]]:
    """All tables in a folder that have rows, by kind, in the order of their names."""
    found: dict[str, list[Table]] = {}
    for path in sorted(path for path in folder.rglob("*") if not path.name.startswith(".")):
        try:
            if not path.is_file() or path.stat().st_size > LARGEST:
                continue
            with path.open("rb") as file:
                if file.read(2) != b"# ":
                    continue
            table = read_any(path)
        except (DeepionError, OSError):
            continue  # some other text file, or one that just gave way to a newer one
        kind = table.kind
        if kind and len(next(iter(table.columns.values()))):
            found.setdefault(kind, []).append(table)
    return found


def log_warnings(folder: Path) -> list[tuple[str, str]]:
    """Logs of LAMMPS and their warnings, each of a log once."""
    found = []
    for log in sorted(folder.rglob("log.*")):
        if log.is_file():
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            lines = [re.sub(r" \(\S+:\d+\)$", "", line) for line in lines if line.startswith(("WARNING", "ERROR"))]
            found += [(str(log.relative_to(folder)), line) for line in dict.fromkeys(lines)]
    return found


def model_errors(folder: Path) -> list[dict]:
    """What scripts/evaluate --json wrote in a folder."""
    found = []
    for path in sorted(folder.rglob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size < LARGEST_ERRORS else None
        except (OSError, ValueError):
            continue  # just being written, or of something else
        if isinstance(document, dict) and {"sha256", "frames", "errors"} <= document.keys():
            found.append(document)
    return found


def doubts(table: Table) -> list[str]:
    """What a reader of this table should know before quoting it."""
    found = list(table.warnings)
    for line in table.summary:
        if line.startswith("no diffusion coefficient yet"):
            found.append(line)
        elif parts := re.search(r"errors from (\d+) blocks of time", line):
            if int(parts[1]) < FEW_BLOCKS:
                found.append(f"errors come from only {parts[1]} blocks of time: run longer before quoting them")
    return found


def grouped(lines: list[tuple[str, str]]) -> list[str]:
    """(file, doubt) as lines; files whose doubts differ in numbers alone share one."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for file, doubt in lines:
        alike.setdefault(re.sub(r"\d+(\.\d+)?", "#", doubt), []).append((file, doubt))
    found = []
    for same in alike.values():
        names = ", ".join(file for file, _ in same[:3]) + (f" and {len(same) - 3} more" if len(same) > 3 else "")
        doubt = same[0][1]
        found.append(f"{names}: {doubt}" + (" (in the first)" if any(other != doubt for _, other in same) else ""))
    return found


def picture(figure: Figure) -> str:
    """A figure as part of a page."""
    data = io.BytesIO()
    figure.savefig(data, dpi=110, format="png")
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}">'


def pictures_of(kind: str, tables: list[Table]) -> list[str]:
    """Pictures of all tables of a kind; a table that cannot be drawn says why."""
    draw: Callable[[list[Table]], Figure] = {
        LADDER: lambda some: plot_arrhenius.draw(some[0], PREDICT),
        TRANSPORT: plot_transport.draw,
        HISTORY: plot_transport_history.draw,
        COORDINATION: lambda some: plot_coordination.draw(some, []),
        VDOS: plot_vdos.draw,
    }[kind]
    together = 1 if kind == LADDER else 4 if kind == VDOS else MOST_TOGETHER
    made = []
    for first in range(0, len(tables), together):
        try:
            made.append(picture(draw(tables[first : first + together])))
        except DeepionError as error:
            made.append(f'<p class="warning">{html.escape(str(error))}</p>')
    return made


def rows_of(table: Table) -> str:
    """A table of numbers with five digits."""
    names = list(table.columns)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    lines = zip(*(table.columns[name] for name in names), strict=True)
    body = "".join("<tr>" + "".join(f"<td>{value:.5g}</td>" for value in line) + "</tr>" for line in lines)
    return f"<table><tr>{head}</tr>{body}</table>"


def errors_of(document: dict) -> str:
    """Errors of a model against labels (table 1 of the paper)."""
    about = f"{Path(document['model']).name}, sha256 {document['sha256']}, against {document['frames']} labeled frames"
    rows = "".join(
        f"<tr><td>{html.escape(error['quantity'])}, {html.escape(error['unit'])}</td><td>{error['count']}</td>"
        f"<td>{error['mae']:.3f}</td><td>{error['rmse']:.3f}</td></tr>"
        for error in document["errors"]
    )
    head = "<tr><th>quantity</th><th>numbers</th><th>MAE</th><th>RMSE</th></tr>"
    return f"<p>{html.escape(about)}</p><table>{head}{rows}</table>"


def ready_pictures(folder: Path) -> list[str]:
    """Pictures that a study drew itself."""
    parts = []
    for path in sorted(folder.glob("*.png")):
        data = base64.b64encode(path.read_bytes()).decode()
        parts.append(f'<h3>{html.escape(path.stem)}</h3><img alt="" src="data:image/png;base64,{data}">')
    return parts


def page(folder: Path, found: dict[str, list[Table]]) -> str:
    """The whole report."""
    title = f"{folder.resolve().name}: ion transport, coordination, vibrations"
    parts = [f"<h1>{html.escape(title)}</h1>", "<h2>Before you quote a number</h2>"]

    def name_of(table: Table) -> str:
        return str(table.path.relative_to(folder))

    doubtful = [(name_of(table), line) for tables in found.values() for table in tables for line in doubts(table)]
    warnings = grouped(doubtful + log_warnings(folder))
    parts.append(
        "<ul>" + "".join(f'<li class="warning">{html.escape(line)}</li>' for line in warnings) + "</ul>"
        if warnings
        else "<p>No warnings.</p>"
    )
    if documents := model_errors(folder):
        parts += ["<h2>Errors of the model</h2>", *map(errors_of, documents)]
    pictures = ready_pictures(folder / "results")
    if pictures:
        parts += ["<h2>Pictures</h2>", *pictures]
    joined = {kind: [t for t in tables if name_of(t).startswith("results/")] for kind, tables in found.items()}
    shown = {kind: tables for kind, tables in (joined if any(joined.values()) else found).items() if tables}
    for kind in tqdm([kind for kind in HEADINGS if kind in shown], unit="kind", disable=None):
        parts.append(f"<h2>{HEADINGS[kind]}</h2>")
        if not pictures:
            parts += pictures_of(kind, shown[kind])
        for table in shown[kind] if kind != HISTORY else []:
            parts.append(f"<h3>{html.escape(name_of(table))}</h3><pre>{html.escape(chr(10).join(table.summary))}</pre>")
            if kind in (LADDER, COORDINATION):
                parts.append(rows_of(table))
    parts.append("<h2>Where the numbers come from</h2>")
    origins: dict[str, list[str]] = {}
    for tables in shown.values():
        for table in tables:
            origins.setdefault("\n".join(table.provenance), []).append(name_of(table))
    for origin, paths in origins.items():
        parts.append(f"<pre>{html.escape(origin)}\nfiles: {html.escape(', '.join(paths))}</pre>")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style>{''.join(parts)}</html>\n"
    )


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("folder", metavar="RUNDIR", type=Path, help="folder of the study")
    parser.add_argument("--out", type=Path, help="the page (default: RUNDIR/report.html)")


def run(arguments: Namespace) -> None:
    if not arguments.folder.is_dir():
        raise InputError(f"{arguments.folder}: no such folder")
    found = find_tables(arguments.folder)
    if not found:
        raise InputError(
            f"{arguments.folder}: no tables in it: expected files that an ion/* fix writes with the keywords file or history, "
            "or deepion-merge with --out"
        )
    out = arguments.out or arguments.folder / "report.html"
    out.write_text(page(arguments.folder, found), encoding="utf-8")
    print(f"wrote {out}: {sum(map(len, found.values()))} tables")
