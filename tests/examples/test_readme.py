# SPDX-License-Identifier: MIT
"""Links and programs that README and the pages name exist."""

import re
from pathlib import Path

import pytest

from deepion.command import COMMANDS, PLOTS

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "doc").rglob("*.md")),
    *sorted((ROOT / "lammps-examples").glob("*/README.md")),
]

PROSE = {"runs"}  # sentences of the pages that begin with the name of the program


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text())
    assert links or page != PAGES[0]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_programs_named_exist(page):
    names = set(re.findall(r"(?<![\w/.])scripts/\w[\w/]*(?:\.py)?", page.read_text()))
    if page == PAGES[0]:
        assert {"scripts/quickstart", "scripts/test"} <= names
    assert [name for name in names if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_named_exist(page):
    """`deepion WORD` at the beginning of a line of code or in code letters is a command, and a second word after plot a picture."""
    named = re.findall(r"(?:^(?:\$ )?|`)deepion ([a-z][\w-]*)(?: (\w+))?", page.read_text(), re.MULTILINE)
    assert [word for word, _ in named if word not in COMMANDS and word not in PROSE] == []
    assert [what for word, what in named if word == "plot" and what not in PLOTS] == []
