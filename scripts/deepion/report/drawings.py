# SPDX-License-Identifier: MIT
"""Which pictures a page shows, and how they are made. A new kind of table needs one more entry of DRAWINGS."""

import base64
import io
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace

from matplotlib.figure import Figure
from PIL import Image

from deepion.errors import DeepionError
from deepion.plots import (
    arrhenius,
    arrhenius_comparison,
    coordination,
    density,
    history,
    hops,
    onsager,
    polyhedra,
    rdf,
    transport,
    vanhove,
    vdos,
)
from deepion.results.tables import (
    COORDINATION,
    DENSITY,
    HISTORY,
    HOPS,
    HOPS_LADDER,
    HOPS_RESIDENCE,
    LADDER,
    ONSAGER,
    POLYHEDRA,
    RDF,
    TRANSPORT,
    VANHOVE,
    VANHOVE_DISTINCT,
    VANHOVE_SELF,
    VDOS,
    Table,
)

from .collect import Found, masked

PREDICT = 300.0  # K
DPI = 150
COLORS = 256  # as many are enough, and make a page a third as large
NARROW = 6.2  # inches; a picture of one table is drawn so wide that its words can be read on a phone, too
MOST_ALONE = 4  # pictures of a kind that shows one table each, in a study of many runs
WIDE = 8.5  # inches; wider ones get a row of the page for themselves


@dataclass(frozen=True)
class Drawing:
    """How tables of a kind are drawn."""

    heading: str
    draw: Callable[[list[Table]], Figure]
    anything: Callable[[Table], bool] = lambda _: True  # whether there is anything to draw
    together: int = 8  # tables in one picture at most
    alike: Callable[[Table], Hashable] = lambda _: None  # only tables of which this is the same share a picture
    listed: bool = True  # among the tables of the page
    rows: bool = False  # whether all rows are listed, too
    lacks: str = "diffusion coefficient"  # what a table without anything to draw does not have yet


def ladder(tables: list[Table]) -> Figure:
    return arrhenius.draw(tables[0], PREDICT) if len(tables) == 1 else arrhenius_comparison.draw(tables)


# In the order of the page.
DRAWINGS = {
    LADDER: Drawing(
        "Temperatures",
        ladder,
        lambda table: bool((table.column("fit_to") > 0).any()),
        alike=lambda table: table.quantity("sigma").unit,
        rows=True,
    ),
    HISTORY: Drawing("Convergence", history.draw, lambda table: bool(table.column("D").any()), listed=False),
    TRANSPORT: Drawing("Mean-square displacement and diffusion", transport.draw),
    ONSAGER: Drawing("Species in the current", lambda some: onsager.draw(some[0]), together=1, listed=False),
    COORDINATION: Drawing("Coordination", lambda some: coordination.draw(some, []), rows=True),
    RDF: Drawing("Radial distribution functions", rdf.draw),
    DENSITY: Drawing("Where the ions are", lambda some: density.draw(some[0]), together=1),
    VANHOVE: Drawing("Relaxation and dynamic heterogeneity", vanhove.draw),
    VANHOVE_SELF: Drawing("Where ions go: self part", vanhove.draw, together=1, listed=False),
    VANHOVE_DISTINCT: Drawing("Where ions were: distinct part", vanhove.draw, together=1, listed=False),
    POLYHEDRA: Drawing("Units and clusters", polyhedra.draw, together=4),
    HOPS: Drawing("Hops", hops.draw, lambda table: bool(table.column("p").any()), lacks="hop"),
    HOPS_RESIDENCE: Drawing(
        "Time between hops",
        hops.draw,
        lambda table: bool(table.column("p").any()),
        together=4,
        listed=False,
        lacks="time between two hops",
    ),
    HOPS_LADDER: Drawing("Hop rates", hops.draw, rows=True),
    VDOS: Drawing("Vibrations", vdos.draw, together=4),
}


@dataclass(frozen=True)
class Picture:
    """A picture as the page holds it."""

    heading: str
    files: str  # that it is drawn from
    data: str  # PNG, base64
    width: int  # pixels of a page that shows it at its natural size; 0: not known
    height: int

    @property
    def wide(self) -> bool:
        return self.width > WIDE * 96


@dataclass
class Album:
    """Draws, and remembers what it drew: a picture is drawn again only when its tables have changed."""

    _drawn: dict[Hashable, Picture | str] = field(default_factory=dict)  # text: why there is no picture

    def pictures(self, found: Found, kind: str, tables: list[Table]) -> tuple[list[Picture], list[str]]:
        """Pictures of all tables of a kind, and why others are missing. Warnings are elsewhere on the page."""
        pictures, notes = [], []
        empty = []
        full: dict[Hashable, list[Table]] = {}
        drawing = DRAWINGS[kind]
        for table in tables:
            try:
                if drawing.anything(table):
                    full.setdefault((masked(found.names[table.path]), drawing.alike(table)), []).append(table)
                else:
                    empty.append(found.names[table.path])
            except DeepionError as error:
                notes.append(str(error))
        if empty:
            notes.append(f"nothing to draw yet: no {drawing.lacks} in {', '.join(empty)}")
        together = [
            family[first : first + drawing.together]
            for family in full.values()
            for first in range(0, len(family), drawing.together)
        ]
        if drawing.together == 1 and len(together) > MOST_ALONE:
            notes.append(
                f"{drawing.heading}: {MOST_ALONE} of {len(together)} tables are drawn, the others by `deepion plot`"
            )
            families = list(full.values())
            together = [[family[-1]] for family in families][:MOST_ALONE]
            together += [[table] for family in families for table in family[:-1]][: MOST_ALONE - len(together)]
        for some in together:
            drawn = self.drawn(found, drawing, some)
            if isinstance(drawn, str):
                notes.append(drawn)
            else:
                pictures.append(drawn)
        return pictures, notes

    def drawn(self, found: Found, drawing: Drawing, tables: list[Table]) -> Picture | str:
        """One picture, or why there is none."""
        key = (drawing.heading, *((table.path, found.stamps.get(table.path)) for table in tables))
        if key not in self._drawn:
            self.forget(drawing, tables)
            names = ", ".join(found.names[table.path] for table in tables)
            try:
                self._drawn[key] = picture_of(drawing, tables, names)
            except DeepionError as error:
                self._drawn[key] = str(error)
        return self._drawn[key]

    def forget(self, drawing: Drawing, tables: list[Table]) -> None:
        """Drop what was drawn of the same files when they held something else."""
        paths = {table.path for table in tables}
        old = [k for k in self._drawn if k[0] == drawing.heading and paths & {path for path, _ in k[1:]}]  # type: ignore[index]
        for key in old:
            del self._drawn[key]


def picture_of(drawing: Drawing, tables: list[Table], names: str) -> Picture:
    """Draw. Warnings and origin are on the page already, and left out of the picture."""
    figure = drawing.draw([replace(table, head=table.head | {"warnings": []}) for table in tables])
    figure.supxlabel("")
    width, height = figure.get_size_inches()
    if width < WIDE:
        width = min(width, NARROW)
        figure.set_size_inches(width, height)
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, dpi=DPI, format="png")
    Image.open(drawn).convert("RGB").quantize(COLORS, method=Image.Quantize.FASTOCTREE).save(small, "png")
    png = base64.b64encode(small.getvalue()).decode()
    return Picture(drawing.heading, names, png, round(96 * width), round(96 * height))


def ready(found: Found) -> Iterator[Picture]:
    """Pictures that a study made itself."""
    for path in sorted(found.folder.glob("results/*.png")):
        content = path.read_bytes()
        size = content[16:24] if content.startswith(b"\x89PNG") else bytes(8)  # width and height
        width, height = (int.from_bytes(four, "big") * 96 // DPI for four in (size[:4], size[4:]))
        name = str(path.relative_to(found.folder))
        yield Picture(path.stem, name, base64.b64encode(content).decode(), width, height)
