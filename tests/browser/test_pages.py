# SPDX-License-Identifier: MIT
"""The pages of `deepion report` and `deepion watch` in a real browser without a window: what is too wide, what is missing, what is
on the first screen, printing, and that a watched page reads itself again. `scripts/test browser` runs it and keeps the screenshots.
"""

import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from deepion.report.page import Study, replace_text
from deepion.watch.server import Handler, Server

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((path for name in NAMES if (path := shutil.which(name))), None)
ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "tests/python/tables"
KEPT = ROOT / "build/tests/browser"  # screenshots, to be looked at
WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
OPTIONS = ["--headless=new", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files", "--no-first-run"]
# A frame as wide as the screen of a device, and what it shows, measured once it is loaded.
FRAME = """<!doctype html><body style="margin:0">
<iframe id="f" src="{page}" style="border:0;width:{width}px;height:{height}px"></iframe><pre id="measured"></pre>
<script>
addEventListener("load", () => {{
  const page = document.getElementById("f").contentDocument
  const place = id => page.getElementById(id)?.getBoundingClientRect()
  const wider = [...page.querySelectorAll("h1,h2,h3,h4,p,li,pre,.card,figcaption")].filter(e => e.scrollWidth > e.clientWidth + 1)
  document.getElementById("measured").textContent = JSON.stringify({{
    width: page.documentElement.scrollWidth, height: page.documentElement.scrollHeight,
    found: place("found"), doubts: place("doubts"), pictures: place("pictures"), tables: place("tables"),
    images: [...page.images].map(i => [i.naturalWidth, i.getBoundingClientRect().width]),
    wider: wider.map(e => e.textContent.slice(0, 40)),
    numbers: [...page.querySelectorAll(".card b")].map(e => e.textContent),
    type: Math.min(...[...page.querySelectorAll("p,li,td,th,figcaption")].map(e => parseFloat(getComputedStyle(e).fontSize))),
  }})
}})
</script>
"""

pytestmark = [
    pytest.mark.skipif(not os.environ.get("DEEPION_BROWSER"), reason="scripts/test browser runs it"),
    pytest.mark.skipif(
        BROWSER is None, reason=f"no browser in PATH: none of {', '.join(NAMES)} (Debian: apt-get install chromium)"
    ),
]


def command(folder: Path, *words: str) -> list[str]:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [str(BROWSER), *OPTIONS, *root, f"--user-data-dir={folder / 'profile'}", *words]


def browse(folder: Path, *words: str) -> str:
    """What the browser prints."""
    return subprocess.run(command(folder, *words), capture_output=True, text=True, check=True, timeout=120).stdout


def measured(page: Path, device: str, kept: str) -> dict:
    """What the page looks like on a device; the screenshot is kept."""
    width, height = WIDTHS[device]
    frame = page.with_name(f"{device}.html")

    def write(high: int) -> list[str]:
        frame.write_text(FRAME.format(page=page.name, width=width, height=high))
        return [f"--window-size={max(width, 600)},{high}", frame.as_uri()]

    text = browse(page.parent, "--dump-dom", "--virtual-time-budget=10000", *write(height))
    found = json.loads(re.search(r'<pre id="measured">(.*?)</pre>', text)[1].replace("&gt;", ">").replace("&amp;", "&"))
    KEPT.mkdir(parents=True, exist_ok=True)
    picture = KEPT / f"{kept}-{device}.png"
    browse(page.parent, f"--screenshot={picture}", *write(min(found["height"], 12000)))
    pixels = image.imread(picture)[:, :width, :3]
    assert np.ptp(pixels) > 0.9 and len(np.unique((255 * pixels[::4, ::4]).astype(int).reshape(-1, 3), axis=0)) > 50
    return found


def page_of(folder: Path, live: bool) -> Path:
    """The page about a folder, beside it."""
    study = Study(folder, live)
    view = study.look()
    page = folder.with_suffix(".html")
    replace_text(page, study.html(view, study.pictures(view), 3600 if live else None))
    return page


def a_study(folder: Path) -> Path:
    """All kinds of tables, a log that goes on, one that failed, and names that are long."""
    shutil.copytree(TABLES, folder / "a-composition-with-a-very-long-name-that-has-no-blanks-in-it" / "300K")
    place = next(folder.glob("*/300K"))
    (place / "log.lammps").write_text(
        "units metal\nrun 5000\n   Step          Temp          CPU\n 0 300 0\n 1000 300 10\n"
    )
    (place / "log.other").write_text("ERROR: Lost atoms: original 105 current 104 (src/thermo.cpp:494)\n" + "x" * 300)
    return folder


@pytest.mark.parametrize("device", WIDTHS)
@pytest.mark.parametrize("kind", ["report", "watch"])
def test_a_study_reads_well(tmp_path, kind, device):
    page = page_of(a_study(tmp_path / "study"), live=kind == "watch")
    found = measured(page, device, f"{kind}-study")
    width, height = WIDTHS[device]
    assert found["width"] <= width and found["wider"] == []  # tables and wide pictures scroll by themselves
    assert found["type"] >= 12
    assert found["found"]["top"] < found["doubts"]["top"] < found["pictures"]["top"]
    assert found["found"]["bottom"] <= height * (1 if device == "desktop" else 1.6)
    assert len(found["images"]) >= 6 and all(natural > 0 for natural, _ in found["images"])
    assert ("tables" not in found) == (kind == "watch")
    assert kind == "watch" or found["pictures"]["bottom"] <= found["tables"]["top"]


@pytest.mark.parametrize("device", WIDTHS)
def test_a_run_is_on_one_screen(tmp_path, device):
    """All numbers and doubts of one run, without scrolling at a desk."""
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("transport-500K", "history-500K", "coordination-Ti10", "vdos-Ti10"):
        text = (TABLES / f"{name}.dat").read_text()
        (folder / f"{name}.dat").write_text(re.sub('"title": "[^"]*"', '"title": "a glass"', text))
    found = measured(page_of(folder, live=True), device, "watch-run")
    width, height = WIDTHS[device]
    assert found["width"] <= width and found["wider"] == []
    assert len(found["numbers"]) == 4 and found["numbers"][0].startswith("(2.4230")
    if device == "desktop":
        assert max(found["found"]["bottom"], found["doubts"]["bottom"]) <= height
    else:
        # pictures are as wide as the screen, and of one run their words can be read: 8 points at 6.2 inches
        assert all(shown >= 350 for _, shown in found["images"])


def test_a_report_prints(tmp_path):
    page = page_of(a_study(tmp_path / "study"), live=False)
    KEPT.mkdir(parents=True, exist_ok=True)
    paper = KEPT / "report-study.pdf"
    browse(tmp_path, f"--print-to-pdf={paper}", "--no-pdf-header-footer", page.as_uri())
    content = paper.read_bytes()
    assert content.startswith(b"%PDF") and len(content) > 100_000
    pages = max(map(int, re.findall(rb"/Count (\d+)", content)))
    assert 3 <= pages <= 20


def test_a_watched_page_reads_itself_again(tmp_path, monkeypatch):
    """From the server, as its headers allow it, and when it is old it says so."""
    study = Study(a_study(tmp_path / "study"), live=True)
    view = study.look()
    server = Server(0)
    server.page = study.html(view, ([], []), 1).encode()
    asked: list[str] = []
    twice = threading.Event()
    answer = Handler.do_GET

    def noted(handler: Handler) -> None:
        asked.append(handler.path)
        if asked.count("/") == 2:
            twice.set()
        answer(handler)

    monkeypatch.setattr(Handler, "do_GET", noted)
    try:
        with subprocess.Popen(
            command(tmp_path, "--remote-debugging-port=0", server.url), stderr=subprocess.DEVNULL
        ) as process:
            try:
                assert twice.wait(60)
            finally:
                process.terminate()
        page, server.page = server.page, server.page.replace(b"refresh", b"x")
        text = browse(tmp_path, "--dump-dom", server.url)
        assert "What was found" in text and 'style="display: block' not in text
        server.page = page
        server.page = server.page.replace(f" - {round(view.when)} >".encode(), b" - 1700000000 >").replace(
            b"refresh", b"x"
        )
        text = browse(tmp_path, "--dump-dom", server.url)
        assert re.search(r'id="stale" style="display: block;?">This page is old', text)
    finally:
        server.shutdown()
        server.server_close()
