# SPDX-License-Identifier: MIT
"""`deepion report`: everything of a folder is on the page, warnings first and each once."""

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from deepion.report.findings import findings
from deepion.report.page import Study
from deepion.results.rounding import plain
from deepion.results.tables import COORDINATION, LADDER, TRANSPORT, Value, read
from helpers import with_head

TABLES = Path(__file__).parent / "tables"
PICTURE = re.compile(r'src="data:image/png;base64,[A-Za-z0-9+/=]{20000,}"')


class Texts(HTMLParser):
    """The texts of a page in order, and whether every tag is closed."""

    VOID = ("meta", "img", "br", "!doctype")

    def __init__(self, page: str):
        super().__init__()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip() and self.open[-1] not in ("style", "script"):
            self.texts.append(data.strip())


def page_of(deepion, folder: Path) -> str:
    run = deepion("report", folder)
    assert run.returncode == 0, run.stderr
    return (folder / "report.html").read_text()


def warn(head: dict, code: str, text: str) -> None:
    head["warnings"].append({"code": code, "text": text})


def test_everything_is_on_the_page(tmp_path, deepion):
    study = tmp_path / "study"
    shutil.copytree(TABLES, study / "results")
    (study / "log.lammps").write_text("LAMMPS\nWARNING: an atom has more neighbors than sel (pair_x.cpp:12)\n" * 2)
    (study / "notes.txt").write_text("# just a text\n")
    (study / "picture.bin").write_bytes(bytes(range(256)))
    run = deepion("report", study)
    assert run.returncode == 0, run.stderr
    text = (study / "report.html").read_text()
    tables = list(TABLES.glob("*.dat"))
    assert f"{len(tables)} tables" in run.stdout
    assert all(f"results/{table.name}" in text for table in tables)
    for heading in ("Temperatures", "Mean-square displacement", "Convergence", "Coordination", "Vibrations"):
        assert f"<figcaption><b>{heading}" in text
    assert len(PICTURE.findall(text)) >= 5
    assert "http" not in text.replace("http://www.w3.org", "")
    before, after = text.split("<h2>Pictures", 1)
    assert before.count("more neighbors than sel") == 1 and "log.lammps: WARNING" in before
    assert "diffusive" in before
    assert "activation energy of sigma T (Nernst-Einstein)" in after
    assert re.search(r"model sha256 [0-9a-f]{64}", after) and "group ion" in after


def test_a_folder_without_tables_is_named(tmp_path, deepion):
    for folder in (tmp_path, tmp_path / "nowhere"):
        run = deepion("report", folder)
        assert run.returncode == 1 and str(folder) in run.stderr and run.stderr.count("\n") == 1


def test_few_blocks_are_a_warning(tmp_path, deepion):
    def few(head: dict) -> None:
        next(one for one in head["quantities"] if one["name"] == "blocks")["value"] = 4.0

    with_head(TABLES / "transport-500K.dat", tmp_path / "msd.dat", few)
    assert "msd.dat: errors come from only 4 blocks of time" in page_of(deepion, tmp_path)


def test_no_diffusion_coefficient_is_a_warning_and_leaves_no_empty_axes(tmp_path, deepion):
    shutil.copy(TABLES / "transport-no-window.dat", tmp_path)
    lines = (TABLES / "history-500K.dat").read_text().splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("0 "))  # the row before there was a window
    (tmp_path / "d.his").write_text("\n".join(lines[: first + 1]) + "\n")
    page = page_of(deepion, tmp_path)
    assert "transport-no-window.dat: no diffusion coefficient yet" in page
    assert len(PICTURE.findall(page)) == 1 and "<b>Convergence" not in page
    assert "nothing to draw yet: no diffusion coefficient in d.his" in page


def test_warnings_and_curves_come_once(tmp_path, deepion):
    """The same file under two names is one curve; a log repeats what a table says; other numbers share a line."""
    text = "beta = 0.7 is not 1: the ions do not diffuse freely"
    for name, words in (("a.dat", text), ("b.dat", text.replace("0.7", "0.8"))):
        source = TABLES / ("transport-500K.dat" if name == "a.dat" else "transport-320K.dat")
        with_head(source, tmp_path / name, lambda head, words=words: warn(head, "not_diffusive", words))
    shutil.copy(tmp_path / "a.dat", tmp_path / "copy.dat")
    (tmp_path / "log.lammps").write_text(f"WARNING: {text}\nWARNING: something else (src/x.cpp:7)\n")
    page = page_of(deepion, tmp_path)
    assert page.count("is not 1") == 1
    assert f"a.dat, copy.dat, b.dat: {text} (in the first)" in page
    assert "log.lammps: WARNING: something else</li>" in page
    assert page.count("<h4>a.dat, copy.dat</h4>") == 1 and "<h4>copy.dat" not in page


def test_damaged_and_foreign_files_give_one_line_each(tmp_path, deepion):
    shutil.copy(TABLES / "vdos-Ti00.dat", tmp_path)
    (tmp_path / "cut.dat").write_text((TABLES / "transport-500K.dat").read_text()[:-20])
    (tmp_path / "old.dat").write_text("# D = 1\n# column 1: lag_ps: lag\n# lag_ps\n0\n")
    (tmp_path / "average.dat").write_text("# Time-averaged data for fix 1\n# TimeStep v_x\n0 1\n")
    (tmp_path / "errors.json").write_text(json.dumps({"sha256": "ab", "frames": 3, "errors": [{"quantity": "force"}]}))
    (tmp_path / "other.json").write_text("[1, 2")
    page = page_of(deepion, tmp_path)
    lines = re.findall(r'<li class="warning">(.*?)</li>', page)
    assert sum("cut.dat, line" in line and "expected 10 numbers" in line for line in lines) == 1
    assert sum("old.dat is no table of this version" in line for line in lines) == 1
    assert sum("errors.json is damaged" in line for line in lines) == 1
    assert not [line for line in lines if "average.dat" in line or "other.json" in line]
    assert "<h3>Vibrations" in page


def test_nothing_is_wider_than_the_page(tmp_path, deepion):
    """Texts wrap anywhere, tables of numbers have few columns, and what is still too wide scrolls by itself."""
    shutil.copy(TABLES / "ladder.dat", tmp_path)
    shutil.copy(TABLES / "coordination-Ti00.dat", tmp_path)
    page = page_of(deepion, tmp_path)
    assert "overflow-wrap:anywhere" in page and "white-space:pre-wrap" in page
    assert page.count("<table>") == len(re.findall(r'<div class="scroll">\s*<table>', page))
    rows = re.findall(r"<tr>(.*?)</tr>", page)
    assert rows and max(row.count("<td") + row.count("<th") for row in rows) <= 9


def test_markup_in_titles_is_shown_as_text(tmp_path, deepion):
    def title(head: dict) -> None:
        head["title"] = "<script>alert(1)</script>"
        warn(head, "x", "a < b")

    with_head(TABLES / "vdos-Ti00.dat", tmp_path / "v.dat", title)
    page = page_of(deepion, tmp_path)
    assert "<script" not in page and "a &lt; b" in page


def test_a_study_is_shown_by_its_results(tmp_path, deepion):
    """Pictures and joined tables of results/; of the runs only their warnings, files with the same warning in one line."""
    for place, beta in (("a", "0.7"), ("b", "0.8"), ("results", "0.9")):
        (tmp_path / place).mkdir()
        text = f"beta = {beta} is not 1"
        with_head(
            TABLES / "transport-500K.dat",
            tmp_path / place / "msd.dat",
            lambda head, text=text: warn(head, "not_diffusive", text),
        )
    (tmp_path / "results" / "figure.png").write_bytes(b"no picture, but shown")
    errors = {"quantity": "force component", "unit": "meV/A", "count": 3, "mae": 1.0, "rmse": 2.5}
    document = {"model": "/x/my.onnx", "sha256": "ab" * 32, "frames": 93, "errors": [errors]}
    (tmp_path / "results" / "errors.json").write_text(json.dumps(document))
    page = page_of(deepion, tmp_path)
    assert base64.b64encode(b"no picture, but shown").decode() in page and page.count("<img") == 1
    assert "<h4>results/msd.dat" in page and "<h4>a/msd.dat" not in page
    assert "a/msd.dat, b/msd.dat, results/msd.dat: beta = 0.7 is not 1 (in the first)" in page
    assert f"my.onnx, sha256 {'ab' * 32}, against 93 labeled frames" in page and "<td>2.500</td>" in page


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Value(2.423026e-5, 8.533e-8, "cm^2/s"), "(2.4230 \u00b1 0.0085)\u00d710\u207b\u2075 cm\u00b2/s"),
        (Value(3.7, 0.16, "S/cm"), "3.70 \u00b1 0.16 S/cm"),
        (Value(3.2e-5, None, "m^2/s"), "3.2\u00d710\u207b\u2075 m\u00b2/s"),
        (Value(-0.5, 0.25, ""), "\u22120.50 \u00b1 0.25"),
        (Value(0.0, None, "K"), "0 K"),
    ],
)
def test_numbers_as_plain_text(value, words):
    assert plain(value) == words


def test_a_run_opens_with_its_numbers(tmp_path, deepion):
    """D, sigma, n_c and E_a stand before all pictures and tables, as the files have them."""
    for name in ("transport-500K", "coordination-Ti00", "ladder"):
        with_head(TABLES / f"{name}.dat", tmp_path / f"{name}.dat", lambda head: head.update(title="one"))
    texts = Texts(page_of(deepion, tmp_path)).texts
    opening = texts[: texts.index("Pictures")]
    transport, ladder = read(TABLES / "transport-500K.dat", TRANSPORT), read(TABLES / "ladder.dat", LADDER)
    for expected in (transport.need("D"), transport.need("sigma"), ladder.need("E_a_sigma")):
        assert plain(expected) in opening
    # n changes least at the last cutoff of this table
    assert "3.5479 \u00b1 0.0064" in opening and any("within 3.1 \u00c5" in text for text in opening)
    assert "known to 0.35 %" in opening and "error from 5 time blocks" in opening
    assert any("errors come from only 5 blocks" in text for text in opening)
    assert texts.index("Pictures") < texts.index("Tables") < texts.index("Where the numbers come from")


def test_runs_stand_below_each_other_in_one_unit(tmp_path):
    for kelvin in (320, 500):
        with_head(TABLES / f"transport-{kelvin}K.dat", tmp_path / f"{kelvin}.dat", lambda head: head.update(title=""))
    shutil.copy(TABLES / "coordination-Ti00.dat", tmp_path)
    view = Study(tmp_path).look()
    units, rows = view.findings.table()
    columns = [column.symbol for column in view.findings.columns]
    assert columns == ["T", "D", "\u03c3", "\u03c3_coll", "n_c"]
    assert units == ["K", "10\u207b\u2077 cm\u00b2/s", "S/cm", "S/cm", ""]
    by_label = dict(zip([line.label for line in view.findings.lines], rows, strict=True))
    assert by_label["320"][:2] == ["320", "4.817 \u00b1 0.047"] and by_label["500"][:2] == ["500", "242.30 \u00b1 0.85"]
    assert by_label["Ti00"] == ["", "", "", "", "3.5479 \u00b1 0.0064"]
    assert [line.doubts for line in view.findings.lines if line.label == "320"] == [["few blocks"]]


def test_n_is_that_of_the_cutoff_where_it_changes_least(tmp_path):
    """A table whose n(r) has a plateau in its middle."""
    source = read(TABLES / "coordination-Ti00.dat", COORDINATION)
    lines = (TABLES / "coordination-Ti00.dat").read_text().splitlines()
    first = next(k for k, line in enumerate(lines) if not line.startswith("#"))
    for k, mean in enumerate([2.0, 2.5, 2.9, 3.0, 3.05, 3.1, 3.4, 3.9, 4.5]):
        words = lines[first + k].split()
        lines[first + k] = " ".join([words[0], str(mean), *words[2:]])
    (tmp_path / "n.dat").write_text("\n".join(lines) + "\n")
    view = Study(tmp_path).look()
    (number,) = findings(view.found, view.shown).numbers
    assert number.text.startswith("3.050") and number.notes[0].startswith(f"within {source.column('rcut')[4]:g} ")


def made(path: Path, style: str, title: str, quantity: str, settings: dict, columns: str) -> None:
    """A small table as a fix writes it, with one result of 0.123 and two rows."""
    names = columns.split()
    head = {
        "format": "deepion-results",
        "version": 1,
        "style": f"ion/{style}",
        "table": style,
        "deepion": "0.1.0",
        "id": "x",
    }
    head |= {"title": title, "models": [], "warnings": [], "settings": settings}
    head["provenance"] = {"lammps": "", "units": "metal", "group": "lithium", "ions": 1, "atoms": 2, "notes": []}
    head["quantities"] = [{"name": quantity, "label": quantity, "value": 0.123, "error": None, "unit": "eV"}]
    head["columns"] = [{"name": n, "quantity": n, "unit": "", "meaning": n, "error_of": None} for n in names]
    rows = [" ".join(["0.5"] * len(names)), " ".join(["1"] * len(names))]
    path.write_text("\n".join([f"# {title}", f"# results {json.dumps(head)}", *rows]) + "\n")


def test_pictures_of_one_table_each_are_few_in_a_study_of_many_runs(tmp_path, deepion):
    """Of six runs the hottest of each cell is drawn, then others, four in all; the page says so, and shows all numbers."""
    window = {"cut_A": 1.5, "window": 50, "every": 10, "timestep_ps": 0.002, "rmax_A": 8.0}
    for cell in ("a", "b"):
        for kelvin in (500, 700, 900):
            folder = tmp_path / cell / f"{kelvin}K"
            folder.mkdir(parents=True)
            title = f"{cell},{kelvin}K"
            grid = {"cube": None, "spacing_A": 0.3}
            made(folder / "density.dat", "density", title, "barrier", grid, "height energy volume inside edges")
            made(folder / "hops.dat", "hops", title, "rate", window, "r p")
    page = page_of(deepion, tmp_path)
    drawn = re.findall(r"<figcaption><b>Where the ions are</b>([^<]*)", page)
    assert drawn == ["a/900K/density.dat", "b/900K/density.dat", "a/500K/density.dat", "a/700K/density.dat"]
    assert "Where the ions are: 4 of 6 tables are drawn" in page
    line = next(line for line in page.splitlines() if ">b,500K<" in line)
    assert line.count("0.123") == 2 and "hop rate of an ion" in page and "lowest path through the cell" in page
