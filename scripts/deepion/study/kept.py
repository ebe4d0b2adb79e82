# SPDX-License-Identifier: MIT
"""A small copy of the results, for a repository: the page, the tables of numbers, and a few pictures of few bytes."""

import io
from pathlib import Path

from PIL import Image

KEPT = ("conductivity.png", "lengths.png", "motion.png", "density.png")
TABLES = ("summary.dat", "motion.dat", "activation.dat", "lengths.dat")
MOST = 12_000  # bytes of a picture
WIDTHS = range(1000, 300, -50)  # pixels
COLORS = 24


def keep(results: Path, folder: Path) -> list[str]:
    """Copy the tables and shrink the pictures that there are; the names of the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        if (results / name).exists():
            (folder / name).write_bytes((results / name).read_bytes())
    pictures = [name for name in KEPT if (results / name).exists()]
    for name in pictures:
        (folder / name).write_bytes(small(results / name))
    return pictures


def small(picture: Path) -> bytes:
    """The picture as wide as it may be."""
    with Image.open(picture) as opened:
        whole = opened.convert("RGB")
    for width in WIDTHS:
        file = io.BytesIO()
        size = (width, round(whole.height * width / whole.width))
        narrow = whole.resize(size, Image.Resampling.LANCZOS)
        # of Pillow's ways this one keeps the colors of thin lines at the largest width
        narrow.quantize(COLORS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            file, "png", optimize=True
        )
        if file.tell() <= MOST:
            break
    return file.getvalue()
