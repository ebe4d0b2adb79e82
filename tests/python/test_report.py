"""scripts/report.py: everything of a folder is on the page, doubts first."""

import base64
import json
import re
import shutil
from pathlib import Path

TABLES = Path(__file__).parent / "tables"


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
        assert f"<h2>{heading}" in text
    assert len(re.findall(r'src="data:image/png;base64,[A-Za-z0-9+/=]{20000,}"', text)) >= 5
    assert "http" not in text.replace("http://www.w3.org", "")
    before, after = text.split("<h2>Temperatures", 1)
    assert before.count("more neighbors than sel") == 1 and "log.lammps: WARNING" in before
    assert "diffusive" in before
    assert "E_a from sigma T (Nernst-Einstein) = " in after
    assert re.search(r"model sha256 [0-9a-f]{64}", after) or "group" in after


def test_a_folder_without_tables_is_named(tmp_path, deepion):
    for folder in (tmp_path, tmp_path / "nowhere"):
        run = deepion("report", folder)
        assert run.returncode != 0 and str(folder) in run.stderr and "Traceback" not in run.stderr


def test_few_blocks_are_a_doubt(tmp_path, deepion):
    source = next(
        path
        for path in sorted(TABLES.glob("*.dat"))
        if "blocks" in path.read_text() and "fit window" in path.read_text()
    )
    text = source.read_text()
    changed = re.sub(r"errors from \d+ blocks(?: of time)?", "errors from 4 blocks of time", text)
    assert changed != text
    (tmp_path / "msd.dat").write_text(changed)
    run = deepion("report", tmp_path, "--out", tmp_path / "page.html")
    assert run.returncode == 0, run.stderr
    assert "errors come from only 4 blocks of time" in (tmp_path / "page.html").read_text()


def test_a_study_is_shown_by_its_results(tmp_path, deepion):
    """Pictures and joined tables of results/; of the runs only their doubts, files with the same doubt in one line."""
    text = next(t for t in (path.read_text() for path in sorted(TABLES.glob("*.dat"))) if "# fit window" in t)
    for place, beta in (("a", "0.7"), ("b", "0.8"), ("results", "0.8")):
        (tmp_path / place).mkdir()
        warned = re.sub(r"(?m)^(# fit window.*)$", rf"\1\n# WARNING: beta = {beta} is not 1", text)
        (tmp_path / place / "msd.dat").write_text(warned)
    (tmp_path / "results" / "figure.png").write_bytes(b"no picture, but shown")
    errors = {"quantity": "force component", "unit": "meV/A", "count": 3, "mae": 1.0, "rmse": 2.5}
    document = {"model": "/x/my.onnx", "sha256": "ab" * 32, "frames": 93, "errors": [errors]}
    (tmp_path / "results" / "errors.json").write_text(json.dumps(document))
    run = deepion("report", tmp_path)
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "report.html").read_text()
    assert base64.b64encode(b"no picture, but shown").decode() in page and page.count("<img") == 1
    assert "<h3>results/msd.dat" in page and "<h3>a/msd.dat" not in page
    assert "a/msd.dat, b/msd.dat, results/msd.dat: WARNING: beta = 0.7 is not 1 (in the first)" in page
    assert f"my.onnx, sha256 {'ab' * 32}, against 93 labeled frames" in page and "<td>2.500</td>" in page
