# SPDX-License-Identifier: MIT
"""Ladders of temperatures while the runs go on: deepion-merge joins the states that differ only in the temperature in their names."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from deepion.command import merge_program
from deepion.errors import DeepionError
from deepion.results.tables import LADDER, TRANSPORT, Table, read

from .collect import Found, Stamp, masked


@dataclass
class Ladders:
    """Joins states, again only where one of them has changed."""

    _known: dict[str, tuple[list[Stamp], Table | str]] = field(default_factory=dict)

    def join(self, found: Found) -> list[str]:
        """Add ladders to what was found where there are none; returns why some are missing."""
        if found.tables.get(LADDER):
            return []
        families: dict[str, list[Path]] = {}
        for state in found.states:
            if family := masked(str(state.relative_to(found.folder))):
                families.setdefault(family, []).append(state)
        notes, tables = [], []
        for family, states in families.items():
            stamps = [found.stamps[state] for state in states]
            if len(states) < 2:
                continue
            if self._known.get(family, (None,))[0] != stamps:
                try:
                    made: Table | str = joined(found, family, states)
                except DeepionError as error:
                    made = str(error)
                self._known[family] = (stamps, made)
            table = self._known[family][1]
            if isinstance(table, str):
                notes.append(f"no ladder of {family}: {table}")
                continue
            found.names[table.path] = f"joined from {family}"
            found.stamps[table.path] = max(stamps, key=lambda stamp: stamp[2])
            tables.append(table)
        if tables:
            found.tables[LADDER] = tables
        return notes


def joined(found: Found, family: str, states: list[Path]) -> Table:
    """What deepion-merge makes of some states."""
    names = [str(state.relative_to(found.folder)) for state in states]
    title = family.partition("*")[0].rstrip("/") if "/" in family.partition("*")[0] else found.folder.resolve().name
    with TemporaryDirectory() as folder:
        out = Path(folder, "ladder.dat")
        command = [str(merge_program()), *names, *window(found, states), "--title", title, "--out", str(out)]
        said = subprocess.run(command, cwd=found.folder, capture_output=True, text=True)
        if said.returncode:
            raise DeepionError((said.stderr.strip().splitlines() or [f"status {said.returncode}"])[-1])
        table = read(out, LADDER)
    return Table(found.folder / family, table.head, table.columns, table.rows)


def window(found: Found, states: list[Path]) -> list[str]:
    """The window that the runs themselves were given, where all have the same."""
    folders = {state.parent for state in states}
    settings = [t.head["settings"] for t in found.tables.get(TRANSPORT, []) if t.path.parent in folders]
    given = {tuple(one["fit_ps"]) for one in settings if one.get("fit_ps")}
    if len(given) == 1 and all(one.get("fit_ps") for one in settings):
        return ["--fit", *(f"{ps:g}" for ps in given.pop())]
    return ["--window", "beta"] if {one.get("window") for one in settings} == {"beta"} else []
