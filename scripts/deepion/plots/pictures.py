"""What all pictures of result tables share: where they are written, colors, numbers in words, the caption."""

import math
import textwrap
from argparse import ArgumentParser, Namespace
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deepion.errors import InputError
from deepion.results.tables import Quantity, Table, Value

SUFFIXES = (".png", ".svg")
# Okabe and Ito: told apart with any color vision. Black is left for totals.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F6000")
MINUS = "\u2212"
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


def in_words(value: Value) -> str:
    """Value +- error with two digits of the error, unit last."""
    if value.value == 0 or not math.isfinite(value.value):
        return f"{value.value:g} {pretty(value.unit)}".strip()
    power = math.floor(math.log10(abs(value.value)))
    power = 0 if -2 <= power <= 3 else power
    scale = 10.0**power
    if value.error is None:
        number = f"{value.value / scale:.4g}"
    else:
        digits = min(max(0, 1 - math.floor(math.log10(value.error / scale))), 8)
        number = f"{value.value / scale:.{digits}f} \u00b1 {value.error / scale:.{digits}f}"
        number = f"({number})" if power or value.unit else number
    times = f"$\\times$10$^{{{power}}}$" if power else ""
    unknown = "" if value.error is not None else " (error not known)"
    return f"{number.replace('-', MINUS)}{times} {pretty(value.unit)}".strip() + unknown


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


def caption(figure: Figure, tables: list[Table]) -> None:
    """Where the numbers come from, in small print below the picture."""
    about = [
        [*([table.title] if table.title else []), *shortened(table.provenance, len(tables) == 1)] for table in tables
    ]
    common = [line for line in about[0] if all(line in of for of in about)] if len(tables) > 1 else []
    lines = []
    for table, of in zip(tables, about, strict=True):
        own = [line for line in of if line not in common]
        lines += in_lines(f"{table.path.name}: ", own) if own else [table.path.name]
    if len(lines) == len(tables):
        lines = [" | ".join(lines)]
    lines += in_lines("", common)
    width = int(figure.get_figwidth() * 72 / 4.45)
    text = [part for line in lines for part in textwrap.wrap(line, width, subsequent_indent="  ")]
    figure.supxlabel("\n".join(text), x=0.01, ha="left", fontsize=7, family="monospace", parse_math=False)


def in_lines(begin: str, about: list[str]) -> list[str]:
    """Hashes of models get a line of their own."""
    models = [line for line in about if line.startswith("model ")]
    rest = "; ".join(line for line in about if line not in models)
    return [*([begin + rest] if begin + rest else []), *models]


def shortened(provenance: list[str], names: bool) -> list[str]:
    """Names of many joined files give way to their number; with `names` the first three are said."""
    joined = [line.strip() for line in provenance if line.startswith("  ")]
    shown = joined[:3] if names else []
    count = [f"{'... (' if names else ''}{len(joined)} files{')' if names else ''}"] if len(joined) > len(shown) else []
    words = ", ".join(shown + count)
    rest = [line for line in provenance if not line.startswith("  ")]
    return [f"{line} {words}" if line.endswith("joined from") else line for line in rest]
