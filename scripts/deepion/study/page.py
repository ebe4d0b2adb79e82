# SPDX-License-Identifier: MIT
"""The page of a study, results/RESULTS.md: every picture with a paragraph of what it shows and how sure it is.

All numbers come from the tables; where one is not known yet, its sentence is left out.
"""

from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deepion.report.remarks import remarks_of

from . import paragraphs
from .energies import Energy
from .joined import JOINED, Row
from .lengths import Compared


@dataclass(frozen=True)
class Results:
    """Everything that the page is made from."""

    given: Namespace  # the arguments of ./study
    rows: list[Row]
    energies: list[Energy]
    lengths: Compared | None

    @cached_property
    def compositions(self) -> list[str]:
        return list(dict.fromkeys(row.composition for row in self.rows))

    @cached_property
    def shared(self) -> list[float]:
        """Temperatures that all compositions have, rising."""
        each = [{row.kelvin for row in self.rows if row.composition == c} for c in self.compositions]
        return sorted(set.intersection(*each))

    @property
    def middle(self) -> float:
        """The temperature at which compositions are shown beside each other."""
        return self.shared[len(self.shared) // 2]

    def at(self, kelvin: float) -> list[Row]:
        return [row for row in self.rows if row.kelvin == kelvin]


# Heading, pictures as patterns in results/, what to say of them.
SECTIONS: list[tuple[str, list[str], Callable[[Results], str]]] = [
    ("The cells", ["structures.png", "melt-quench.png"], paragraphs.cells),
    ("How fast lithium diffuses", ["*.msd.png"], paragraphs.diffusion),
    ("Whether the errors hold", ["lengths.png"], paragraphs.lengths),
    ("Conductivity against temperature", ["conductivity.png", "*.arrhenius.png"], paragraphs.conductivity),
    ("Activation energies", ["energies.png"], paragraphs.energies),
    ("Hops from cage to cage", ["hops.png"], paragraphs.hops),
    ("How the glass relaxes", ["motion.png", "vanhove.*K.png"], paragraphs.relaxation),
    ("Where an ion goes, and who follows it", ["*.shells.*.png"], paragraphs.shells),
    ("Where lithium is, and the lowest path through", ["density.png"], paragraphs.density),
    ("What lithium moves through", ["units.png", "polyhedra.*.png"], paragraphs.units),
    ("Distances", ["rdf.LiS.*.png", "rdf.LiLi.*.png", "rdf.PS.*.png"], paragraphs.distances),
    ("Neighbors of lithium and entropy", ["coordination.*.png"], paragraphs.coordination),
    ("Vibrations", ["vdos.*.png"], paragraphs.vibrations),
    ("The path of one ion", ["path.*.png"], paragraphs.path),
    ("Errors of the model", ["parity.png"], paragraphs.model),
]


def write_page(found: Results, results: Path, folder: Path, kept: list[str] | None = None) -> None:
    """Write RESULTS.md into a folder, with the pictures that are in results/, or of these only those that are kept."""
    parts = [paragraphs.opening(found)]
    for heading, patterns, say in SECTIONS:
        made = [path for pattern in patterns for path in sorted(results.glob(pattern), key=natural)]
        if made:
            shown = [f"![{heading}: {path.stem}]({path.name})" for path in made if kept is None or path.name in kept]
            parts.append("\n\n".join([f"## {heading}", say(found), *(["\n".join(shown)] if shown else [])]))
    parts.append("## Doubts that the programs had\n\n" + doubts(found.rows))
    (folder / "RESULTS.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def natural(path: Path) -> tuple[int, str]:
    """So that 900K comes before 1000K."""
    return len(path.name), path.name


def doubts(rows: Iterable[Row]) -> str:
    """Warnings of all joined tables, each once with what has it."""
    rows = list(rows)
    whose: dict[tuple[str, str], list[str]] = {}
    texts: dict[tuple[str, str], str] = {}
    for row in rows:
        for style in JOINED:
            for one in remarks_of(row.tables[style]) if style in row.tables else ():
                whose.setdefault((style, one.code), []).append(f"{row.composition} {row.kelvin:g} K")
                texts.setdefault((style, one.code), one.text)
    if not whose:
        return "None."
    lines = []
    for (style, code), of in whose.items():
        counted = Counter(of)
        names = ", ".join(list(counted)[:3]) + (
            f" and {len(counted) - 3} more of {len(rows)}" if len(counted) > 3 else ""
        )
        lines.append(f"* {style}, {names}: {texts[style, code]}" + (" (in the first)" if len(counted) > 1 else ""))
    return "\n".join(lines)
