"""What the READMEs point to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "doc").rglob("*.md")),
    *sorted((ROOT / "lammps-examples").glob("*/README.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text())
    assert links or page != PAGES[0]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_programs_named_in_the_readme_exist():
    names = set(re.findall(r"scripts/\w+(?:\.py)?", (ROOT / "README.md").read_text()))
    assert {"scripts/quickstart", "scripts/test", "scripts/export_onnx.py", "scripts/evaluate_onnx.py"} <= names
    assert [name for name in names if not (ROOT / name).exists()] == []
