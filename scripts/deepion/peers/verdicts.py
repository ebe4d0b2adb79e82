# SPDX-License-Identifier: MIT
"""A line of the table: what deepion and another tool say of the same trajectory, and whether they may differ that much."""

import dataclasses
from dataclasses import dataclass

import numpy as np

RELATIVE, ERRORS, COUNT, ABSOLUTE = "relative", "of our s.e.", "numbers differ", "absolute"


@dataclass(frozen=True)
class Row:
    """`difference` in units of `measure`; without `allowed` the line only informs."""

    quantity: str
    tool: str
    ours: str
    theirs: str
    difference: float | None
    measure: str
    allowed: float | None

    @property
    def verdict(self) -> str:
        if self.allowed is None:
            return "-"
        # a comparison with NaN is false: that fails, too
        return "ok" if self.difference is not None and self.difference <= self.allowed else "FAIL"


def close(quantity: str, tool: str, ours, theirs, allowed: float, unit: str = "") -> Row:
    """Numbers, or curves of the same shape, that must be the same but for rounding: the largest difference over the size of
    the number. Of a curve the last value is shown.
    """
    ours, theirs = np.atleast_1d(np.asarray(ours, float)), np.atleast_1d(np.asarray(theirs, float))
    if ours.shape != theirs.shape or not ours.size:
        return Row(quantity, tool, f"{ours.shape} values", f"{theirs.shape} values", None, RELATIVE, allowed)
    difference = float(np.max(np.abs(ours - theirs) / np.abs(ours)))
    return Row(
        quantity, tool, number(ours.flat[-1], unit), number(theirs.flat[-1], unit), difference, RELATIVE, allowed
    )


def close_curve(quantity: str, tool: str, ours, theirs, allowed: float, unit: str = "") -> Row:
    """Curves that pass through 0: the largest difference over the largest value, which is shown."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    if ours.shape != theirs.shape or not ours.size:
        return Row(quantity, tool, f"{ours.shape} values", f"{theirs.shape} values", None, RELATIVE, allowed)
    top = np.unravel_index(np.argmax(np.abs(ours)), ours.shape)
    difference = float(np.max(np.abs(ours - theirs)) / abs(ours[top]))
    return Row(quantity, tool, number(ours[top], unit), number(theirs[top], unit), difference, RELATIVE, allowed)


def within_errors(quantity: str, tool: str, ours, errors, theirs, allowed: float, unit: str = "") -> Row:
    """Estimates of the same thing by other means: the largest difference in standard errors of ours, at the value shown."""
    ours, errors, theirs = (np.atleast_1d(np.asarray(values, float)) for values in (ours, errors, theirs))
    if not np.all(errors > 0):
        return Row(quantity, tool, number(ours[-1], unit), number(theirs[-1], unit), None, ERRORS, allowed)
    differences = np.abs(ours - theirs) / errors
    k = int(np.argmax(differences))
    shown = with_error(ours[k], errors[k], unit)
    return Row(quantity, tool, shown, number(theirs[k], unit, 4), float(differences[k]), ERRORS, allowed)


def overlap(quantity: str, tool: str, ours: tuple[float, float], theirs: tuple[float, float], unit: str = "") -> Row:
    """Two values with their standard errors, whose intervals must overlap: the distance over the sum of both errors."""
    difference = abs(ours[0] - theirs[0]) / (ours[1] + theirs[1]) if ours[1] > 0 and theirs[1] > 0 else None
    words = with_error(*ours, unit), with_error(*theirs, unit)
    return Row(quantity, tool, *words, difference, "of both s.e.", 1.0)


def same_integers(quantity: str, tool: str, ours, theirs, doubtful=None) -> Row:
    """Integers of the same shape, all of which must agree but those that are `doubtful`."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape or not ours.size:
        return Row(quantity, tool, f"{ours.shape} values", f"{theirs.shape} values", None, COUNT, 0)
    wrong = ours != theirs
    if doubtful is not None:
        wrong = wrong & ~np.asarray(doubtful)
    words = f"sum {ours.sum()}, largest {ours.max()}", f"sum {theirs.sum()}, largest {theirs.max()}"
    return Row(quantity, tool, *words, float(wrong.sum()), COUNT, 0)


def note(quantity: str, tool: str, ours: str, theirs: str, difference: float | None = None, measure: str = "") -> Row:
    """A line without a verdict."""
    return Row(quantity, tool, ours, theirs, difference, measure, None)


def number(value: float, unit: str = "", digits: int = 10) -> str:
    return f"{value:.{digits}g} {unit}".rstrip()


def with_error(value: float, error: float, unit: str = "") -> str:
    return f"{value:.4g} +- {error:.2g} {unit}".rstrip()


def difference(row: Row) -> str:
    if row.difference is None:
        return "?" if row.allowed is not None else ""
    if row.measure == COUNT:
        return f"{row.difference:.0f} {row.measure}"
    digits = ".1e" if row.measure in (RELATIVE, ABSOLUTE) else ".2g" if row.difference < 100 else ",.0f"
    return f"{row.difference:{digits}} {row.measure}"


def allowed(row: Row) -> str:
    return "" if row.allowed is None else f"{row.allowed:g}"


HEAD = ["quantity", "tool", "deepion", "tool's", "difference", "allowed", ""]


def cells(row: Row) -> list[str]:
    return [row.quantity, row.tool, row.ours, row.theirs, difference(row), allowed(row), row.verdict]


def text(rows: list[Row]) -> str:
    """The table for the screen."""
    # not above: the environments of the tools lack packages that it needs
    from deepion.benchmark.report import aligned

    return aligned([HEAD, *map(cells, rows)], left=2)


def markdown(rows: list[Row]) -> str:
    """The table for a page."""
    lines = [HEAD[:-1] + ["verdict"], ["---"] * len(HEAD), *map(cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def as_json(rows: list[Row]) -> list[dict]:
    return [dataclasses.asdict(row) | {"verdict": row.verdict} for row in rows]


def failures(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.verdict == "FAIL"]
