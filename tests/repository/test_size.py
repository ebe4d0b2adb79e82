# SPDX-License-Identifier: MIT
"""The repository stays small: what a shallow clone downloads, and no large file without a reason."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# bytes; the pack that `git clone --depth 1` transfers, if it is packed afresh (of older packs it may be 0.2 % larger)
CLONE = 12e6
FILE = 200 * 1024  # bytes
LARGER_FILES = {
    "lammps-examples/models/lipsti-a.dp": "the trained model of all examples and tests",
    "lammps-examples/models/lipsti-a-data/Ti00/set.000/coord.npy": "training structures, by which the export chooses",
    "lammps-examples/models/lipsti-a-data/Ti10/set.000/coord.npy": "reduced networks: number and variety",
    "lammps-examples/models/lipsti-a-data/Ti20/set.000/coord.npy": "decide how good these are",
    "lammps-examples/models/lipsti-a-data/Ti30/set.000/coord.npy": "(as above)",
}


def tracked() -> list[Path]:
    """The files that git tracks and that have not been deleted since."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def git(*words: str, stdin: bytes = b"", **variables: str) -> bytes:
    environment = {**os.environ, **variables}
    return subprocess.run(
        ["git", *words], cwd=ROOT, input=stdin, capture_output=True, check=True, env=environment
    ).stdout


def test_size_of_a_clone(tmp_path):
    """The pack of all tracked files as they are now, committed or not: of a second index with a folder of objects of its own."""
    inside = ["index", "objects"]
    index, objects = (ROOT / git("rev-parse", "--git-path", name).decode().strip() for name in inside)
    shutil.copy2(index, tmp_path / "index")
    (tmp_path / "objects").mkdir()
    variables = {
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects),
    }
    git("add", "--update", **variables)
    tree = git("write-tree", **variables)
    # how old packs were made, and by how many threads, changes the size a little
    fresh = ["--no-reuse-delta", "--no-reuse-object", "--delta-base-offset", "--window=10", "--depth=50", "--threads=1"]
    size = len(git("-c", "pack.compression=6", "pack-objects", "--revs", "--stdout", *fresh, stdin=tree, **variables))
    assert size < CLONE, f"a clone transfers {size / 1e6:.2f} MB, at most {CLONE / 1e6:g}"


def test_large_files_have_a_reason():
    large = {str(path.relative_to(ROOT)) for path in tracked() if path.stat().st_size > FILE}
    assert large - LARGER_FILES.keys() == set(), "over 200 KiB: make them smaller, or name the reason here"
    assert LARGER_FILES.keys() - large == set(), "no longer over 200 KiB: take them off the list"


def test_pictures_are_tracked_once():
    pictures = [path for path in tracked() if path.suffix in (".png", ".svg", ".jpg")]
    contents = {}
    for path in pictures:
        assert contents.setdefault(path.read_bytes(), path) == path, f"{path} is {contents[path.read_bytes()]} again"


def test_every_picture_is_shown_by_a_page():
    pages = [path for path in tracked() if path.suffix == ".md"]
    shown = {
        (page.parent / link.split(")")[0]).resolve() for page in pages for link in page.read_text().split("](")[1:]
    }
    pictures = {path for path in tracked() if path.suffix in (".png", ".svg", ".jpg")}
    assert pictures - shown == set()
