# SPDX-License-Identifier: MIT
"""Citation file, versions and spelling."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def cargo_version() -> str:
    return re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]


def test_citation_file():
    """What the schema of cff 1.2.0 requires, and the version of the program."""
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert content["cff-version"] == "1.2.0" and content["message"] and content["title"]
    assert content["version"] == cargo_version() and content["license"] == "MIT" and content["type"] == "software"
    people = [content, *content["references"]]
    assert all(person.keys() & {"name", "family-names"} for entry in people for person in entry["authors"])
    for entry in content["references"]:
        assert entry["type"] == "article" and entry["title"] and re.fullmatch(r"10\.\d{4,9}/\S+", entry["doi"])


def test_changelog_has_this_version():
    assert f"\n## {cargo_version()}\n" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("page", sorted((ROOT / "doc").rglob("*.md")), ids=lambda page: str(page.relative_to(ROOT)))
def test_spelling_is_american(page):
    """The British spellings that slip in most."""
    british = (
        r"\b(?:neighbours?|centres?|behaviours?|colours?|licences?|labelled|analyse[ds]?|normalise[ds]?|renormalised)\b"
    )
    assert re.findall(british, page.read_text(), re.IGNORECASE) == []


def test_pages_that_sources_cite_exist():
    """A comment that names a page names it from the top of the repository, so that a reader finds it."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    suffixes = (".rs", ".cpp", ".h", ".py", ".cmake", ".toml")
    sources = [ROOT / name for name in names.split("\0") if name.endswith(suffixes)]
    cited = {
        (str(path.relative_to(ROOT)), page)
        for path in sources
        if path.is_file() and path.relative_to(ROOT).parts[0] != "tests"
        for page in re.findall(r"[\w/]*\b[a-z]\w*\.md\b", path.read_text())
    }
    assert any(page.startswith("doc/") for _, page in cited)
    assert [(path, page) for path, page in cited if not (ROOT / page).exists()] == []
