# SPDX-License-Identifier: MIT
"""What the page of a study says of each picture. Every number is taken from the results.

The only numbers of others are those of the paper (Selvaraj, Wang, Wang and Ngo), which is named beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepion.results import tables
from deepion.results.rounding import plain, scaled
from deepion.results.tables import Value

from .energies import Energy, difference
from .joined import MOTION, SUMMARY, Row, error_of

if TYPE_CHECKING:
    from .lengths import Compared
    from .page import Results

PAPER = {"Ti10": 0.30, "Ti20": 0.32}  # eV, activation energies of the paper, which finds more at 0 and 30 %
D_POWER = -5
SIGNIFICANT = 0.05
FEWEST = 8  # runs from which on a test of their errors says something
UNKNOWN = "not known"
NUMBERS = {number.name: number for number in (*SUMMARY, *MOTION)}


def opening(found: Results) -> str:
    """The title, what was run, the numbers."""
    given, rows = found.given, found.rows
    runs = sum(len(row.runs) for row in rows)
    folders = [folder for c in given.composition for folder in (given.out / c).glob("*") if folder.name.isdigit()]
    wanted = max(len(folders) * len(given.temperatures), runs)
    times = [known(row.tables["transport"].value("time")) / len(row.runs) for row in rows]
    head = rows[0].tables["transport"].head
    models = sorted({m["sha256"] for row in rows for m in row.tables["transport"].head["models"] if m["sha256"]})
    counts = [len(row.runs) for row in rows]
    own = Path(given.model).name == "lipsti-a.onnx"
    parts = [
        "# Results of the study",
        f"Written by `./study analyze` from {runs} of {wanted} runs: {', '.join(found.compositions)}, "
        f"{span([row.kelvin for row in rows], 6)} K, {span(times)} ps of measurement each, {span(counts)} "
        f"packing{'s' if max(counts) > 1 else ''} of each. deepion {head['deepion']}, {model_words(models)}."
        + (" **The study is not finished: what follows is of the runs that are.**" if runs < wanted else ""),
        "The model learned from another machine-learned potential (SevenNet-0), not from DFT: what comes out tests the workflow, and is no "
        "evidence about the material."
        if own
        else "",
        "Errors are one standard error of the time series; what packings differ by is in them only where that is said.",
        results_table(found),
    ]
    return "\n\n".join(part for part in parts if part)


def model_words(models: list[str]) -> str:
    return "model sha256 " + ", ".join(models) if models else "no model with a hash"


def results_table(found: Results) -> str:
    """D, conductivity and what else is asked for first."""
    head = [
        "",
        "T (K)",
        "D (1e-5 cm^2/s)",
        "of each packing",
        "sigma (S/cm)",
        "n_c (2.8 A)",
        "S_config (kB)",
        "hops of an ion (1/ps)",
        "P in PS4",
    ]
    body = []
    before = ""
    for row in found.rows:
        each = ", ".join("?" if np.isnan(d) else f"{d * 10**-D_POWER:.2f}" for d in row.each)
        cells = [
            row.composition if row.composition != before else "",
            f"{row.kelvin:g}",
            cell(row, "D", D_POWER),
            each,
            *(cell(row, name) for name in ("sigma", "n_c", "S_config", "hop_rate", "PS4")),
        ]
        before = row.composition
        body.append(cells)
    return table(head, body)


def table(head: list[str], body: Iterable[list[str]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(row: Row, name: str, power: int = 0) -> str:
    value = row.value(NUMBERS[name])
    return UNKNOWN if np.isnan(value.value) else scaled(value, power)


def known(value: Value | None) -> float:
    return value.value if value else np.nan


def span(values: Iterable[float], digits: int = 3) -> str:
    """The range of some numbers as words."""
    there = [x for x in values if np.isfinite(x)]
    if not there:
        return UNKNOWN
    low, high = (f"{x:.{digits}g}" for x in (min(there), max(there)))
    return low if low == high else f"{low} to {high}"


def listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def chance(p: float | None) -> str:
    """A probability as words."""
    if p is None:
        return "p not known"
    return f"p = {p:.2f}" if p >= 0.01 else f"p = {p:.1g}"


def between_temperatures(found: Results, name: str, what: str, unit: str = "", digits: int = 3) -> str:
    """How a number goes from the coldest to the hottest temperature that all compositions have."""
    ends = sorted({found.shared[0], found.shared[-1]}) if found.shared else []
    values = [[row.value(NUMBERS[name]).value for row in found.at(kelvin)] for kelvin in ends]
    if not ends or not all(np.isfinite(x) for some in values for x in some):
        return ""
    words = [
        f"{span(some, digits)}{f' {unit}' if unit else ''} at {kelvin:g} K"
        for kelvin, some in zip(ends, values, strict=True)
    ]
    return f"{what} is {' and '.join(words)}."


def relative_errors(found: Results, name: str) -> str:
    """Range of relative errors."""
    values = [row.value(NUMBERS[name]) for row in found.rows]
    errors = span([100 * error_of(v) / abs(v.value) for v in values if v.value], 2)
    return errors if errors == UNKNOWN else f"{errors} %"


def joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence).replace(" \n", "\n")


def cells(found: Results) -> str:
    volumes = [known(row.tables["transport"].value("volume")) ** (1 / 3) for row in found.rows]
    return joined(
        "The first packing of each composition after the quench, and temperature, energy, pressure and volume on the way there.",
        f"Edges of the cells: {span(volumes)} A. The volume is that of the last step of the quench; in cells of this size it fluctuates by "
        "percents, and with it everything that depends on density. No number here is an average over glasses: a composition has as "
        "many structures as packings.",
    )


def diffusion(found: Results) -> str:
    """The window, its test, the errors."""
    transport = [row.tables["transport"] for row in found.rows]
    given = next((t for t in transport if t.head["settings"].get("fit_ps")), None)
    measured = [t for t in transport if t.value("D")]
    missing = [f"{row.composition} at {row.kelvin:g} K" for row in found.rows if not row.tables["transport"].value("D")]
    sources = {str(t.head["settings"].get("errors_from", "")).replace("_", " ") for t in measured} - {""}
    if given is not None:
        first, last = given.head["settings"]["fit_ps"]
        how = f"Slopes are those of lines from {first:g} to {last:g} ps, as was asked for."
    else:
        starts = [known(t.value("fit_from")) for t in measured]
        tests = [known(t.value("start_p")) for t in measured]
        how = (
            f"Slopes are taken from where they are constant, which begins at {span(starts)} ps; the probability that the slope "
            f"from twice as late differs by as much by chance is {span(tests, 2)}."
        )
    return joined(
        "Mean-square displacement of lithium against lag, against the mean position of all other atoms; thick: the lags that D is taken from; "
        "below: its logarithmic slope beta and the non-Gaussian parameter.",
        how,
        f"D is known to {relative_errors(found, 'D')} (errors from {listed(sorted(sources))}); it is that of the time that was "
        "simulated, and slower motion than a fifth of a run would not show."
        if measured and sources
        else "",
        f"No D yet: {listed(missing)}." if missing else "",
        packings(found),
    )


def packings(found: Results) -> str:
    """How much packings differ."""
    spreads = [np.std(row.each, ddof=1) / np.mean(row.each) for row in found.rows if len(row.each) > 1]
    spreads = [x for x in spreads if np.isfinite(x)]
    errors = [error_of(v) / v.value for row in found.rows if (v := row.value(NUMBERS["D"])).value and len(row.each) > 1]
    errors = [x for x in errors if np.isfinite(x)]
    if not spreads or not errors:
        return ""
    return (
        f"Packings of a composition scatter by {100 * np.sqrt(np.mean(np.square(spreads))):.2g} % (root mean square); their own errors "
        f"let expect {100 * np.sqrt(2 * np.mean(np.square(errors))):.2g} % for two."
    )


def lengths(found: Results) -> str:
    """A test of the error bars on the runs themselves."""
    if found.lengths is None:
        return ""
    held = found.lengths.held
    first = [100 * error_of(run.first) / run.first.value for run in held.runs]
    whole = [100 * error_of(run.whole) / run.whole.value for run in held.runs]
    count = len(held.runs)
    unsure = 1 / np.sqrt(count)
    if count < FEWEST:
        verdict = "These are too few runs to judge the errors by."
    elif held.chance > SIGNIFICANT and abs(held.mean) < 2 * unsure:
        verdict = "So the errors that were claimed held."
    elif abs(held.mean) >= 2 * unsure:
        way = "larger" if held.mean > 0 else "smaller"
        verdict = f"So D after the first part was {way} than that of the whole run by more than chance: it depends on the length of the run."
    else:
        verdict = "So the errors that were claimed after the first part were too small."
    return joined(
        f"Left: D after the first {found.given.first:g} ps of each run against D after all of it, in units of what the error claimed then lets expect "
        "(the whole run holds its first part, and that is taken into account). Right: the claimed errors of single runs.",
        f"In {count} run{'s' if count > 1 else ''} the error of D was {span(first, 2)} % then and {span(whole, 2)} % at the end: a median factor of {held.shrunk:.2f}, where "
        f"the root of the times is {np.sqrt(held.share):.2f}.",
        f"Within one error lie {held.within(1)} of {count} (expected {held.expected(1):.1f}), within two {held.within(2)} (expected "
        f"{held.expected(2):.1f}); the mean deviation is {held.mean:+.2f} +- {unsure:.2f} errors, and a larger scatter would come by chance with "
        f"{chance(held.chance)}.",
        verdict,
        "\n\n" + earlier(found, found.lengths) if found.lengths.rows else "",
    )


def earlier(found: Results, of: Compared) -> str:
    """The earlier study at equal length."""
    ratios = np.array([row.equal.value / row.earlier.value for row in of.rows])
    errors = np.array([error_of(r.equal) / r.equal.value / (error_of(r.earlier) / r.earlier.value) for r in of.rows])
    final = np.array([error_of(r.whole) / r.whole.value / (error_of(r.earlier) / r.earlier.value) for r in of.rows])
    spread = f" +- {ratios.std(ddof=1) / np.sqrt(len(ratios)):.3f}" if len(ratios) > 1 else ""
    body = [
        [row.composition, f"{row.kelvin:g}", *(scaled(v, D_POWER) for v in (row.earlier, row.equal, row.whole))]
        for row in of.rows
    ]
    words = (
        f"Beside the earlier study of {found.given.first:g} ps (its own melts, the estimator of its time), D after as long a time is "
        f"{ratios.mean():.3f}{spread} times as large in the mean, its claimed error {np.median(errors):.2f} times (median), and at the end "
        f"{np.median(final):.2f} times."
    )
    text = words + "\n\n" + table(["", "T (K)", "D earlier (1e-5 cm^2/s)", "at equal length", "of all"], body)
    if of.energies:
        lines = [[one.composition, *(scaled(v, 0) for v in (one.earlier, one.equal, one.whole))] for one in of.energies]
        text += (
            "\n\nActivation energies the same three times; the earlier errors hold nothing of what packings differ by, the others do:\n\n"
            + table(["", "E_a earlier (eV)", "at equal length", "of all"], lines)
        )
    return text


def conductivity(found: Results) -> str:
    haven = [known(row.tables["transport"].value("haven")) for row in found.rows]
    return joined(
        "Nernst-Einstein conductivity against 1/T with the line through sigma T and its band of one standard error.",
        between_temperatures(found, "sigma", "Over the compositions sigma", "S/cm"),
        f"Its error is {relative_errors(found, 'sigma')}, that of the collective conductivity {relative_errors(found, 'sigma_collective')}: "
        "one displacement of all ions together cannot be averaged over ions.",
        f"The Haven ratio is {span(haven, 2)}; below 1 means that ions carry charge together.",
        "An extrapolation below the measured temperatures crosses the glass transition and is worth nothing.",
    )


def energies(found: Results) -> str:
    """The table, differences between packings and compositions, the paper."""
    all_joined = [one for one in found.energies if one.packing == 0]
    head = ["E_a (eV)", *(one.composition for one in all_joined)]
    numbers = sorted({one.packing for one in found.energies})
    body = []
    for packing in numbers:
        own = {one.composition: one for one in found.energies if one.packing == packing}
        body.append(
            [
                "all packings" if packing == 0 else f"packing {packing}",
                *(energy_cell(own.get(one.composition)) for one in all_joined),
            ]
        )
    body.append(["from hops", *(value_cell(one.hops) for one in all_joined)])
    tests = [
        f"{one.composition} {chance(difference(mine))}"
        for one in all_joined
        if len(mine := [x for x in found.energies if x.composition == one.composition and x.packing]) > 1
    ]
    compositions = difference(all_joined) if len(all_joined) > 1 else None
    return joined(
        "Activation energies from the lines through sigma T, large for all packings together (with what packings scatter by in the error), small for "
        "each; open: from the rate of hops, whose errors know nothing of packings.",
        f"Whether the packings of a composition differ by more than chance (Welch's test, with as many degrees of freedom as each line has): {listed(tests)}."
        if tests
        else "",
        f"Between compositions: {chance(compositions)}"
        + (", so the differences mean nothing." if compositions is not None and compositions > SIGNIFICANT else ".")
        if len(all_joined) > 1
        else "",
        against_paper(all_joined),
        "\n\n" + table(head, body),
    )


def against_paper(found: list[Energy]) -> str:
    """The paper's trend."""
    there = {one.composition: one.conductivity for one in found if np.isfinite(one.conductivity.value)}
    if not PAPER.keys() < there.keys():
        return ""
    lowest = min(there, key=lambda name: there[name].value)
    words = ", ".join(f"{value:.2f} eV at {name}" for name, value in PAPER.items())
    return (
        f"The paper, with another model, 12,000 atoms and 300 to 500 K, has {words} and more at 0 and 30 %; here the lowest is that of {lowest}, "
        f"{plain(there[lowest])}."
    )


def energy_cell(one: Energy | None) -> str:
    return "" if one is None else value_cell(one.conductivity)


def value_cell(value: Value) -> str:
    return UNKNOWN if np.isnan(value.value) else scaled(value, 0)


def hops(found: Results) -> str:
    both = [
        one
        for one in found.energies
        if one.packing == 0 and np.isfinite([one.hops.value, one.conductivity.value]).all()
    ]
    differ = [f"{one.conductivity.value - one.hops.value:+.3f} ({one.composition})" for one in both]
    window = found.rows[0].tables["hops"].head["settings"] if "hops" in found.rows[0].tables else {}
    scale = (
        f"An event is a change of cage by more than {window['cut_A']:g} A in a window of {window['window'] * window['every'] * window['timestep_ps']:g} ps; rates "
        "depend on both, and compare only at the same."
        if window
        else ""
    )
    too_fast = [
        row
        for row in found.rows
        if any(w.code == "window_too_long" for w in (row.tables["hops"].warnings if "hops" in row.tables else ()))
    ]
    return joined(
        "Rate of hops of an ion from cage to cage against 1/T.",
        scale,
        between_temperatures(found, "hop_rate", "The rate", "1/ps"),
        between_temperatures(found, "hop_length", "The mean length", "A"),
        between_temperatures(
            found, "returns", "The share of hops that lead back to where the hop before began", digits=2
        ),
        f"E_a of sigma T less E_a of hops, in eV: {listed(differ)}. Above 0, hops would be shorter or lead back more often at low temperature."
        if differ
        else "",
        f"In {len(too_fast)} of {len(found.rows)} rows ions hop more often than every second window, and hops that follow each other are taken for one: "
        "the rates are too low there, and E_a with them."
        if too_fast
        else "",
    )


def relaxation(found: Results) -> str:
    return joined(
        "Above: the time in which F_s at q = 1/A falls to 1/e, the highest chi_4 (how many ions relax together), the rate of hops and the share of them that return, "
        "against temperature. Below: F_s(q, t), overlap Q(t), chi_4 and the non-Gaussian parameter of all compositions at one temperature.",
        between_temperatures(found, "tau", "The time of F_s", "ps"),
        between_temperatures(found, "chi4", "The highest chi_4"),
        between_temperatures(found, "chi4_time", "Its lag", "ps"),
        f"The errors of the time are {relative_errors(found, 'tau')}, those of chi_4 {relative_errors(found, 'chi4')}; chi_4 is a variance between times of "
        "a few cells, and too small at lags that are no small part of the run.",
    )


def shells(found: Results) -> str:
    return (
        "For one cell: the probability of each displacement after a time (self part), and the density of other lithium around where an ion was (distinct part; at t = 0 it is g(r)). A "
        "second peak or a shoulder in the self part is hopping, a smooth spreading is flow; a distinct part above 1 near r = 0 says that ions move to places that others have left. One cell, one temperature: an "
        "illustration, with bands of one standard error."
    )


def density(found: Results) -> str:
    heights = {k: [h.value for row in found.at(k) for h in row.barriers] for k in (found.shared[0], found.shared[-1])}
    few = total = 0
    for run in (run for row in found.rows for run in row.runs):
        if (run.folder / "density.dat").exists():
            codes = {one.code for one in tables.read(run.folder / "density.dat", tables.DENSITY).warnings}
            total, few = total + 1, few + bool(codes & {"few_visits", "no_path"})
    ends = [f"{span(some)} eV at {kelvin:g} K" for kelvin, some in heights.items() if some]
    return joined(
        "Above: -kT ln rho of lithium in one plane of the first packing of each composition; white was never visited. Below: the height of the lowest path that leads "
        "through the cell, for each packing (open: the second).",
        f"It is {listed(ends)}." if ends else "",
        "It is a free energy in the mean field of all others, on a grid, and no activation energy. "
        "Cells cannot be averaged before the search, so each packing has its own.",
        f"In {few} of {total} runs the closing voxel has fewer than ten visits, or there is no path: there a longer run may find a lower one."
        if few
        else "",
    )


def units(found: Results) -> str:
    return joined(
        "Above: parts of phosphorus in PS4 and in P2S7 (two units that share a sulfur), lifetime of P-S bonds and the time in which P-S directions forget themselves (C_2), against "
        "temperature. Below: rotation and all kinds of units at one temperature.",
        between_temperatures(found, "S_of_P", "The mean number of sulfur around a phosphorus"),
        between_temperatures(found, "PS4", "The part of phosphorus in PS4", digits=2),
        between_temperatures(found, "P2S7", "That in P2S7", digits=2),
        between_temperatures(found, "bridging", "The part of sulfur that bridges", digits=2),
        between_temperatures(found, "bond_life", "The mean lifetime of a P-S bond", "ps"),
        "Where bonds live longer than the run, units are those of the quench, and errors in time say nothing of other glasses. A quench within picoseconds leaves more broken units "
        "than one in a laboratory.",
    )


def distances(found: Results) -> str:
    return joined(
        "Radial distribution functions and running coordination numbers of Li-S, Li-Li and P-S at one temperature.",
        between_temperatures(found, "r_LiS", "The first peak of Li-S", "A"),
        between_temperatures(found, "r_LiLi", "That of Li-Li", "A"),
        "Bands are one standard error in time; differences between compositions may be differences between few cells.",
    )


def coordination(found: Results) -> str:
    """Which composition has the largest entropy, and whether that means anything."""
    largest = []
    for kelvin in found.shared:
        rows = found.at(kelvin)
        values = [row.value(NUMBERS["S_config"]) for row in rows]
        if len(rows) > 1 and all(np.isfinite(v.value) for v in values):
            largest.append(rows[int(np.argmax([v.value for v in values]))].composition)
    counts = {name: largest.count(name) for name in dict.fromkeys(largest)}
    words = (
        listed([f"{name} at {count} of {len(largest)} temperatures" for name, count in counts.items()])
        if counts
        else ""
    )
    return joined(
        "Probability of each number of sulfur around lithium against the cutoff, and the entropies that follow.",
        between_temperatures(found, "n_c", "The mean number within 2.8 A"),
        between_temperatures(found, "S_config", "S_config", "kB"),
        f"It is largest in {words}; the paper has it largest at 10 and 20 %." if words else "",
        "Its errors are those of time, not of other packings: small differences between compositions mean nothing.",
    )


def vibrations(found: Results) -> str:
    return joined(
        "Vibrational densities of states.",
        between_temperatures(found, "S_vib", "S_vib by two-phase thermodynamics", "kB per atom"),
        "Two-phase thermodynamics was made for liquids; for ions that hop it is out of its range where the tables say so.",
    )


def path(found: Results) -> str:
    return "The path of the ion of median displacement in the first packing of each composition. One ion ranks compositions by chance: a picture, no measurement."


def model(found: Results) -> str:
    document = Path(found.given.out) / "results" / "errors.json"
    if not document.exists():
        return ""
    errors = json.loads(document.read_text())
    wanted = ("energy per atom", "force component")
    lines = [
        f"{one['quantity']} {one['mae']:.3g} {one['unit']}" for one in errors["errors"] if one["quantity"] in wanted
    ]
    return f"The model against {errors['frames']} labeled frames that it was not trained on, mean absolute errors: {listed(lines)}."
