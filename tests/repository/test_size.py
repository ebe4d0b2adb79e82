# SPDX-License-Identifier: MIT
"""The repository stays small: what a shallow clone downloads, and no large file without a reason."""

import io
import subprocess
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
# bytes; the tracked files as a gzipped archive, which is what `git clone --depth 1` transfers within a percent
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


def test_size_of_a_clone():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=6) as archive:
        for path in tracked():
            archive.add(path, arcname=path.relative_to(ROOT))
    assert packed.tell() < CLONE, f"the tracked files take {packed.tell() / 1e6:.2f} MB packed, at most {CLONE / 1e6:g}"


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
