# SPDX-License-Identifier: MIT
"""What all pictures of result tables share: where they are written, colors, numbers as text, the caption."""

import textwrap
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepion.errors import InputError
from deepion.results.rounding import rounded
from deepion.results.tables import Quantity, Table, Value

SUFFIXES = (".png", ".svg")
# Colors of Okabe and Ito, which differ for any color vision. Black is kept for totals.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F6000")
WARNING = "#B00000"
PRETTY = {
    "cm^2/s": "cm$^2$/s",
    "m^2/s": "m$^2$/s",
    "A^2": "\u00c5$^2$",
    "A": "\u00c5",
    "kB": "$k_B$",
}


def add_files(command: ArgumentParser, files: str) -> None:
    """Make the command line end with FILE... OUT."""
    command.add_argument("files", metavar=files, type=Path, nargs="+", help="tables to draw")
    command.add_argument("--out", metavar="OUT", type=Path, help="the same as a last argument OUT")
    command.usage = f"%(prog)s [options] {files} OUT"
    command.epilog = "OUT ends with .png or .svg; without either, both are written. Inputs are never overwritten."


def split_files(arguments: Namespace) -> tuple[list[Path], list[Path]]:
    """Tables, and the pictures to be written."""
    files, out = list(arguments.files), arguments.out
    if out is None:
        out = files.pop()
        if not files:
            raise InputError(f"expected tables and then OUT, got only {out}: name the picture last, as in {out}.png")
        if out.suffix.lower() not in SUFFIXES and (out.exists() or out.suffix):
            raise InputError(
                f"the last argument is the picture, and {out} ends with neither .png nor .svg; give a prefix with --out"
            )
    return files, targets_of(out)


def targets_of(out: Path) -> list[Path]:
    """Itself, or with both endings where it has none of them."""
    return [out] if out.suffix.lower() in SUFFIXES else [out.with_name(out.name + suffix) for suffix in SUFFIXES]


def save(figure: Figure, targets: list[Path], inputs: list[Path]) -> None:
    """Write the pictures, over no input."""
    for target in targets:
        if any(target.resolve() == path.resolve() for path in inputs):
            raise InputError(f"{target} is one of the inputs: name another picture")
    for target in targets:
        # no date and no random names: the same tables give the same file
        metadata = {"Date": None} if target.suffix.lower() == ".svg" else {}
        try:
            with matplotlib.rc_context({"svg.hashsalt": "deepion"}):
                figure.savefig(target, dpi=150, metadata=metadata)
        except OSError as error:
            raise InputError(f"cannot write {target}: {error.strerror}") from None
        print(f"wrote {target}")


def pretty(unit: str) -> str:
    return PRETTY.get(unit, unit)


def as_text(value: Value) -> str:
    """Value +- error with two digits of the error, unit last."""
    number, power = rounded(value)
    times = f"$\\times$10$^{{{power}}}$" if power else ""
    unknown = "" if value.error is not None or not value.value else " (error not known)"
    return f"{number}{times} {pretty(value.unit)}".strip() + unknown


def scale_colors(numbers: list[float]) -> list:
    """Colors of a perceptually uniform scale; its bright end is left out, where lines vanish on white."""
    low, high = min(numbers), max(numbers)
    scale = matplotlib.colormaps["plasma"]
    return [scale(0.85 * (number - low) / (high - low) if high > low else 0.0) for number in numbers]


def band(axes: Axes, x: np.ndarray, of: Quantity, color) -> None:
    """One standard error around a line, where it is known."""
    axes.fill_between(x, of.values - of.errors, of.values + of.errors, color=color, alpha=0.25, linewidth=0)


def warn(axes: Axes, lines: list[str], width: int) -> None:
    """Warnings of a table, above its panel."""
    words = [wrapped for line in lines for wrapped in textwrap.wrap(line, width)]
    if words:
        axes.set_title("\n".join(words), fontsize=7.5, color=WARNING, loc="left")


@dataclass(frozen=True)
class Source:
    """Where the numbers of one file come from."""

    name: str  # of the file
    lines: list[str]  # title, versions, atoms
    joined: list[str]  # files that were joined
    models: list[str]


def caption(figure: Figure, tables: list[Table]) -> None:
    """Where the numbers come from, in small print below the picture."""
    sources = [
        Source(table.path.name, [*([table.title] if table.title else []), *table.origin], table.joined, table.models)
        for table in tables
    ]
    caption_of(figure, sources)


def caption_of(figure: Figure, sources: list[Source]) -> None:
    """The same for other files than tables. Lines that all have are written once, models on lines of their own."""
    alone = len(sources) == 1
    about = [[*one.lines, *([joined_files(one.joined, alone)] if one.joined else [])] for one in sources]
    shared = [] if alone else [line for line in about[0] if all(line in of for of in about)]
    models = [] if alone else [line for line in sources[0].models if all(line in one.models for one in sources)]
    lines = []
    for one, of in zip(sources, about, strict=True):
        own = "; ".join(line for line in of if line not in shared)
        lines += [f"{one.name}: {own}" if own else one.name, *(model for model in one.models if model not in models)]
    if len(lines) == len(sources):
        lines = [" | ".join(lines)]
    lines += [*(["; ".join(shared)] if shared else []), *models]
    width = int(figure.get_figwidth() * 72 / 4.45)
    text = [part for line in lines for part in textwrap.wrap(line, width, subsequent_indent="  ")]
    figure.supxlabel("\n".join(text), x=0.01, ha="left", fontsize=7, family="monospace", parse_math=False)


def joined_files(names: list[str], alone: bool) -> str:
    """Names of joined files, of many only their number; the first three where there is room."""
    if len(names) <= 3 and alone:
        return f"joined from {', '.join(names)}"
    shown = f"{', '.join(names[:3])}, ... (" if alone else ""
    return f"joined from {shown}{len(names)} files" + (")" if alone else "")
