# SPDX-License-Identifier: MIT
"""The same in a terminal: runs, numbers and small curves as text."""

import math
import re
import textwrap
from collections.abc import Sequence

from deepion.plots.transport import window
from deepion.report.page import View, nothing
from deepion.report.runs import ENDED, FAILED, SILENT, Run, count, duration
from deepion.results.tables import HISTORY, TRANSPORT, Table

BLOCKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
BAR = 16  # characters
CURVE, SHORT = 24, 8
STYLES = {"bold": "1", "soft": "2", "red": "31", "yellow": "33"}
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
MOST_ENDED = 3  # runs that have ended and are still named


def screen(view: View, width: int, height: int | None, color: bool) -> str:
    """What fits into a terminal; height None: everything."""
    paint = Paint(color)
    lines = [paint("bold", f"{view.name}  {view.written}  {count(view.runs)}"), ""]
    going = [run for run in view.runs if run.state != ENDED]
    ended = [run for run in view.runs if run.state == ENDED]
    for run in going + (ended if len(ended) <= MOST_ENDED and not going else []):
        lines += run_lines(run, paint)
    if view.runs:
        lines.append("")
    lines += numbers(view, paint) or [nothing(view)]
    lines = [cut(line, width) for line in [*lines, *([""] if view.remarks else [])]]
    for remark in view.remarks:
        lines += [paint("yellow", line) for line in textwrap.wrap(f"! {remark}", width, subsequent_indent="  ")]
    if height is not None and len(lines) > height:
        more = f"... {len(lines) - height + 1} more lines: --html FILE shows everything"
        lines = [*lines[: height - 1], cut(more, width)]
    return "\n".join(lines)


class Paint:
    """Styles of a terminal, or none."""

    def __init__(self, color: bool):
        self.color = color

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.color and text else text


def cut(line: str, width: int) -> str:
    """Not wider than the terminal."""
    text = ESCAPE.sub("", line)
    if len(text) <= width:
        return line
    styled = ESCAPE.match(line)
    text = text[: max(width - 3, 0)] + "..."
    return f"{styled[0]}{text}\x1b[0m" if styled else text


def run_lines(run: Run, paint: Paint) -> list[str]:
    """How far a run is."""
    parts = [run.state]
    if run.part is not None:
        full = round(BAR * run.part)
        parts.append(f"[{'#' * full}{'-' * (BAR - full)}] {100 * run.part:3.0f} %")
    if run.step is not None:
        parts.append(f"step {run.step}" + (f" of {run.until}" if run.until else ""))
    if run.time is not None:
        parts.append(f"{run.time:.4g} ps")
    if run.speed:
        parts.append(f"{run.speed:.3g} ns/day")
    if run.left is not None:
        parts.append(f"{duration(run.left)} left")
    parts.append(f"{duration(run.age)} ago")
    lines = [f"{run.name}  {'  '.join(parts)}"]
    if run.note:
        lines.append(paint("red" if run.state in (FAILED, SILENT) else "yellow", f"  {run.note}"))
    return lines + ([paint("soft", f"  {run.check}")] if run.check else [])


def numbers(view: View, paint: Paint) -> list[str]:
    """What was found."""
    found = view.findings
    lines = []
    for number in found.numbers:
        of = f" {number.system}" if number.system else ""
        lines.append(f"{number.symbol + of:14} {paint('bold', number.text)}  {', '.join(number.notes)}")
    if len(found.lines) == 1:
        tables = found.lines[0].tables
        lines += curves(tables.get(HISTORY), tables.get(TRANSPORT))
    elif found.lines:
        units, rows = found.table()
        head = [["run", *(column.symbol for column in found.columns), "D(t)", ""], ["", *units, "", ""]]
        body = [
            [line.label, *row, spark(history_of(line.tables.get(HISTORY)), SHORT), ", ".join(line.doubts)]
            for line, row in zip(found.lines, rows, strict=True)
        ]
        lines += ([""] if lines else []) + aligned(head, body, paint)
    return lines


def aligned(head: list[list[str]], body: list[list[str]], paint: Paint) -> list[str]:
    """Columns below each other, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*head, *body, strict=True)]
    left = (0, len(widths) - 2, len(widths) - 1)

    def line(cells: list[str]) -> str:
        words = [c.ljust(w) if k in left else c.rjust(w) for k, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return "  ".join(words).rstrip()

    return [*(paint("soft", line(cells)) for cells in head if any(cells)), *map(line, body)]


def curves(history: Table | None, transport: Table | None) -> list[str]:
    """Small curves of one run: D and its error against time, the MSD against the lag with the window of the line."""
    lines = []
    if history is not None and (values := history_of(history)):
        time = history.column("time")
        lines.append(f"{'D(t)':14} {spark(values, CURVE)}  up to {time[-1]:.4g} ps")
        of = history.quantity("D")
        errors = [100 * e / abs(d) for d, e in zip(of.values, of.errors, strict=True) if d and math.isfinite(e)]
        if errors:
            lines.append(f"{'error of D':14} {spark(errors, CURVE)}  {errors[0]:.2g} % to {errors[-1]:.2g} %")
    if transport is not None:
        known = transport.column("msd") > 0
        lag, msd = transport.column("lag")[known], transport.column("msd")[known]
        if len(lag) > 1:
            lines.append(
                f"{'MSD':14} {spark([math.log(x) for x in msd], len(msd))}  {lag[0]:g} to {lag[-1]:g} ps, {msd[0]:.2g} to {msd[-1]:.3g} \u00c5\u00b2, logarithmic"
            )
            if fitted := window(transport):
                marks = "".join("^" if fitted[0] - 1e-9 <= x <= fitted[1] + 1e-9 else " " for x in lag)
                lines.append(f"{'':14} {marks.rstrip()}  window {fitted[0]:g} to {fitted[1]:g} ps")
    return lines


def history_of(history: Table | None) -> list[float]:
    """D, row by row, from when there was one."""
    return [value for value in history.column("D") if value] if history is not None else []


def spark(values: Sequence[float], width: int) -> str:
    """A curve one line high; of more values than there is room for, evenly chosen ones with the latest."""
    if not len(values):
        return ""
    shown = (
        [values[round(k * (len(values) - 1) / (width - 1))] for k in range(width)] if len(values) > width else values
    )
    low, high = min(shown), max(shown)
    return "".join(
        BLOCKS[round((len(BLOCKS) - 1) * (v - low) / (high - low))] if high > low else BLOCKS[3] for v in shown
    )
