# SPDX-License-Identifier: MIT
"""Tables, pictures and a page from what the runs of a study measured: see ./study --help.

Replicas (packings) of a composition are joined by deepion-merge, so that results/ holds one table for each measurement, composition and
temperature, and a ladder for each composition and each of its packings. What is not finished yet is left out: call it again later.
"""

import hashlib
import io
import json
from contextlib import redirect_stdout
from pathlib import Path

from deepion import checkout
from deepion.command import parser_of
from deepion.errors import DeepionError

from . import charts, figures, lengths
from .energies import Energy, energies
from .energies import text as energies_text
from .joined import FIRST, Measured, Row
from .kept import keep
from .page import Results, write_page
from .stages import StudyError

UNITS = {
    "summary": (
        "# D cm^2/s; sigma (Nernst-Einstein, collective) S/cm; beta over the fit window; n_c and S_config (kB per ion)\n"
        "# within 2.8 A; S_vib kB per atom (two-phase)"
    ),
    "motion": (
        "# tau: F_s(1/A, t) is 1/e, ps; chi4: its peak, at chi4_time, ps; hop_rate of an ion, 1/ps; hop_length A; returns: share;\n"
        "# S_of_P: bonds of a P; PS4, P2S7 (corner), P2S6 (edge): part of P; bridging: part of S; bond_life ps; tau_2: C_2 of P-S\n"
        "# is 1/e, ps; r_LiS, r_LiLi: highest g, A; path: lowest -kT ln density through the cell, eV, mean of packings"
    ),
}


def analyze(given) -> None:
    """Make all of results/ from the measurements that are finished."""
    results = given.out / "results"
    results.mkdir(parents=True, exist_ok=True)
    for path in results.iterdir():
        if path.suffix in (".dat", ".png", ".md") and path.name != "parity.png":
            path.unlink()
    runs = finished(given)
    first = {c: given.out / c / "1" for c in given.composition}
    figures.melt_quench(first, results / "melt-quench.png")
    figures.structures(first, results / "structures.png")
    if not runs:
        raise StudyError("no measurement is finished yet: no results")
    window = ["--fit", f"{given.fit[0]:g}", f"{given.fit[1]:g}"] if given.fit[1] > 0 else []
    compositions = list(dict.fromkeys(run.composition for run in runs))
    rows: list[Row] = []
    for c in compositions:
        mine = [run for run in runs if run.composition == c]
        for kelvin in sorted({run.kelvin for run in mine}):
            rows.append(Row(c, kelvin, [run for run in mine if run.kelvin == kelvin], results, window))

    lines = energies(runs, compositions, results, window)
    found = Results(given, rows, lines, two_lengths(given, runs, rows, lines))
    summary(results / "summary.dat", rows, [row.summary() for row in rows])
    if any(row.has("vanhove") or row.has("hops") or row.has("polyhedra") for row in rows):
        summary(results / "motion.dat", rows, [row.motion() for row in rows])
    (results / "activation.dat").write_text(energies_text(found.energies))
    print(energies_text(found.energies), end="")
    if found.lengths:
        (results / "lengths.dat").write_text(lengths.text(found.lengths.held.runs, given.first))
    draw_all(found, results)
    parity(given, results)
    write_page(found, results, results)
    if given.keep is not None:
        write_page(found, results, given.keep, keep(results, given.keep))


def two_lengths(given, runs: list[Measured], rows: list[Row], found: list[Energy]) -> lengths.Compared | None:
    """The runs after their first part and at their end, and an earlier study beside them, where there are any."""
    twice = lengths.twice(runs, given.first)
    whole = {one.composition: one.conductivity for one in found if one.packing == 0}
    return lengths.compared(twice, rows, whole, given.earlier) if twice else None


def finished(given) -> list[Measured]:
    """All runs of what was asked for that are finished, or far enough, in order; what is missing is said."""
    runs = []
    for c in given.composition:
        for packing in sorted(int(p.name) for p in (given.out / c).glob("*") if p.name.isdigit()):
            folders = {t: given.out / c / str(packing) / f"{t:g}K" for t in sorted(given.temperatures)}
            needed = [f"{style}.json" for style in FIRST] if given.unfinished else ["conductivity.done.json"]
            done = {t: p for t, p in folders.items() if all((p / name).exists() for name in needed)}
            if missing := [f"{t:g} K" for t in folders if t not in done]:
                print(f"{c} {packing}: not finished yet: {', '.join(missing)}")
            runs += [Measured(c, packing, t, p) for t, p in done.items()]
    return runs


def draw_all(found: Results, results: Path) -> None:
    """Pictures of each composition, of all of them at one temperature, and of everything together."""
    for c in found.compositions:
        mine = [row for row in found.rows if row.composition == c]
        draw("plot transport", *(row.table("transport") for row in mine), results / f"{c}.msd.png")
        ladder = results / f"{c}.ladder.dat"
        if ladder.exists():
            draw("plot arrhenius", ladder, results / f"{c}.arrhenius.png")
    for name, picture in (("ladder", "conductivity"), ("hops.ladder", "hops")):
        ladders = [path for c in found.compositions if (path := results / f"{c}.{name}.dat").exists()]
        if len(ladders) > (name == "ladder"):
            draw("plot arrhenius" if name == "ladder" else "plot hops", *ladders, results / f"{picture}.png")
    for kelvin in found.shared:
        beside = found.at(kelvin)
        near, vdos = ([row.table(style) for row in beside] for style in ("coordination", "vdos"))
        draw("plot coordination", *near, "--vdos", *vdos, "--out", results / f"coordination.{kelvin:g}K.png")
        draw("plot vdos", *vdos, results / f"vdos.{kelvin:g}K.png")
    if not found.shared:
        return
    middle, hottest = found.middle, found.shared[-1]
    for plot, style in (
        ("vanhove", "vanhove"),
        ("polyhedra", "polyhedra"),
        ("rdf", "rdf.LiS"),
        ("rdf", "rdf.LiLi"),
        ("rdf", "rdf.PS"),
    ):
        some = [row.table(style) for row in found.at(middle) if row.has(style)]
        if some:
            draw(f"plot {plot}", *some, results / f"{style}.{middle:g}K.png")
    run = found.at(middle)[0].runs[0]
    if (run.folder / "vanhove.self.dat").exists():
        shells = (run.folder / f"vanhove.{part}.dat" for part in ("self", "distinct"))
        draw("plot vanhove", *shells, results / f"{run.composition}.shells.{middle:g}K.png")
    if any(row.has("vanhove") for row in found.rows):
        charts.against_temperature(found.rows, charts.MOTION_PANELS, results / "motion.png")
        charts.against_temperature(found.rows, charts.UNIT_PANELS, results / "units.png")
    charts.paths(found.rows, hottest, results / "density.png")
    if found.lengths:
        charts.lengths(found.lengths, results / "lengths.png")
    charts.energies(found.energies, found.lengths.energies if found.lengths else [], results / "energies.png")
    paths(found.at(hottest), results / f"path.{hottest:g}K.png")


def paths(rows: list[Row], picture: Path) -> None:
    """The path of one ion in the first packing of each composition."""
    arguments = []
    for run in (run for row in rows for run in row.runs):
        if run.packing == 1:
            files = ",".join(str(p) for p in run.folder.glob("path.*.lammpstrj"))
            arguments.append(f"LPS:{run.composition}={files}")
    draw("plot path", *arguments, picture)


def parity(given, results: Path) -> None:
    """Errors of the model on frames that it was not trained on, with their labels; once for each model."""
    model, data = Path(given.model), given.valid or checkout.root() / "lammps-examples/models/lipsti-a-valid"
    if given.valid is None and model.name != "lipsti-a.onnx":
        print("no errors of the model: give --valid a folder of labeled frames")
        return
    document = results / "errors.json"
    if document.exists() and (results / "parity.png").exists():
        known = json.loads(document.read_text())
        if (known.get("sha256"), known.get("data")) == (hashlib.sha256(model.read_bytes()).hexdigest(), [str(data)]):
            return
    draw("evaluate", model, data, "--json", document, "--pictures", results / "parity.png")


def draw(command: str, *arguments) -> None:
    """One picture, as the command would draw it; what cannot be drawn is said, and stops nothing."""
    words = [*command.split(), *map(str, arguments)]
    parser, chosen = parser_of(words)
    try:
        with redirect_stdout(io.StringIO()):
            chosen.run(parser.parse_args(words))  # type: ignore[union-attr]
    except DeepionError as error:
        print(f"no {Path(words[-1]).name}: {error}")


def summary(path: Path, rows: list[Row], numbers: list[dict[str, float]]) -> None:
    """A line for each composition and temperature; errors are standard errors, nan is not known."""
    lines = [
        UNITS[path.stem] + "; _se: standard error; nan: not known",
        "# composition T_K " + " ".join(numbers[0]),
    ]
    for row, values in zip(rows, numbers, strict=True):
        lines.append(f"{row.composition} {row.kelvin:g} " + " ".join(f"{x:.4g}" for x in values.values()))
    path.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
