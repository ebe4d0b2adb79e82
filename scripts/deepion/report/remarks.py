# SPDX-License-Identifier: MIT
"""What a reader should know before quoting a number: warnings of tables and logs, each once."""

from collections.abc import Iterable

from deepion.results.tables import TRANSPORT, Table, Warned

from .collect import Found

FEW_BLOCKS = 8  # an error from fewer parts is itself known to 27 % or worse


def remarks_of(table: Table) -> list[Warned]:
    """Warnings of a table, and what its results say between the lines."""
    found = list(table.warnings)
    if table.kind == TRANSPORT:
        blocks = table.value("blocks")
        if table.value("D") is None:
            found.append(
                Warned("no_diffusion", "no diffusion coefficient yet: run longer, or give the window with fit")
            )
        elif blocks and blocks.value < FEW_BLOCKS and table.head["settings"].get("errors_from") == "time_blocks":
            text = f"errors come from only {blocks.value:.0f} blocks of time: run longer before quoting them"
            found.append(Warned("few_blocks", text))
    return found


def all_remarks(found: Found) -> list[str]:
    """Lines for the page. Files with the same warning share one; a log does not repeat what a table says."""
    alike: dict[tuple[str, str], list[tuple[str, str]]] = {}
    texts = set()
    for table in (table for tables in found.tables.values() for table in tables):
        for one in remarks_of(table):
            alike.setdefault(("table", one.code), []).append((found.names[table.path], one.text))
            texts.add(one.text)
    for name, file in found.logs.items():
        for line in dict.fromkeys(map(without_place, file.log.notices)):
            if not any(text in line for text in texts):
                alike.setdefault(("log", line), []).append((name, line))
    return [*(shared_line(same) for same in alike.values()), *found.unread]


def without_place(line: str) -> str:
    """A warning or error of LAMMPS without the place in its source that it ends with."""
    return line.rpartition(" (")[0] if line.endswith(")") and ".cpp:" in line else line


def shared_line(same: Iterable[tuple[str, str]]) -> str:
    """One line for all files with a warning of the same kind."""
    files = list(dict.fromkeys(file for file, _ in same))
    texts = list(dict.fromkeys(text for _, text in same))
    names = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    return f"{names}: {texts[0]}" + (" (in the first)" if len(texts) > 1 else "")
