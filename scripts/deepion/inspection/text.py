# SPDX-License-Identifier: MIT
"""A summary as lines of text."""

from .summary import DESCRIPTORS, Part, Summary

LABEL = 15  # width of the column of labels


def lines_of(summary: Summary) -> list[str]:
    """The lines about one file."""
    lines = [summary.file]

    def add(label: str, text: str | None) -> None:
        if text:
            first, *more = text.splitlines()
            lines.append(f"  {label:<{LABEL}}{first}")
            lines.extend(f"  {'':<{LABEL}}{line.strip()}" for line in more)

    add("format", f"{summary.format}, {size(summary.size)}" + (f", by {summary.software}" if summary.software else ""))
    if summary.source:
        add("made from", f"{summary.source.get('file')}, by {summary.source.get('software')}")
    add("model", (summary.model or "unknown") + (", compressed" if summary.compressed else ""))
    if summary.elements:
        add("elements", " ".join(summary.elements))
    for part in summary.parts:
        add("descriptor", descriptor(part))
        add("", cutoff(part))
        add("", networks(part))
    if summary.pair_table:
        add("pair table", summary.pair_table)
    if summary.fitting is not None:
        fitting = summary.fitting
        words = [fitting.type if fitting.type != "ener" else "energy"]
        if fitting.neuron is not None:
            words.append(widths(fitting.neuron))
        words += [word for word in (fitting.activation, fitting.precision) if word]
        if fitting.shared:
            words.append("one net for all elements")
        if fitting.fparam or fitting.aparam:
            words.append(f"fparam {fitting.fparam}, aparam {fitting.aparam}")
        add("fitting net", ", ".join(words))
    if summary.parameters:
        add("parameters", f"{summary.parameters:,}")
    if summary.min_nbor_dist is not None:
        add("closest atoms", f"{summary.min_nbor_dist:.3f} A in the training data")
    for level in summary.reduced_networks or []:
        add("reduced", f"force error {level['force_error']:.1e} eV/A, energy error {level['energy_error']:.1e} eV/atom")
    for note in summary.notes:
        add("note", note)
    verdict = summary.verdict
    if verdict.possible:
        add("export", verdict.command)
        if verdict.reduced:
            add("", f"without reduced networks: {verdict.reduced}")
    else:
        add("use" if summary.reduced_networks is not None else "export", verdict.why)
    return lines


def descriptor(part: Part) -> str:
    """Name, kind of sharing and of type embedding."""
    words = [f"{DESCRIPTORS.get(part.type, part.type)} ({part.type})"]
    if part.type_embedding is not None:
        words.append(f"type embedding: {part.type_embedding}")
    if part.attention_layers:
        words.append(f"{part.attention_layers} attention layer{'s' if part.attention_layers > 1 else ''}")
    if part.exclude_types:
        words.append(f"excluded pairs of types {' '.join('-'.join(map(str, pair)) for pair in part.exclude_types)}")
    return "; ".join(words)


def cutoff(part: Part) -> str:
    if part.rcut is None:
        return ""
    smooth = f" (smooth from {part.rcut_smth:g})" if part.rcut_smth is not None else ""
    sel = ""
    if part.sel:
        together = " of all elements together" if part.type_embedding is not None and len(part.sel) == 1 else ""
        sel = f", sel {' '.join(map(str, part.sel))}{together}"
    return f"cutoff {part.rcut:g} A{smooth}{sel}"


def networks(part: Part) -> str:
    words = []
    if part.neuron:
        axis = f", axis {part.axis_neuron}" if part.axis_neuron else ""
        words.append(f"embedding {widths(part.neuron)}{axis}")
    words += [word for word in (part.activation, part.precision) if word]
    if part.type_one_side is not None:
        words.append("by the neighbor's element" if part.type_one_side else "by the elements of both atoms")
    if part.resnet_dt:
        words.append("time steps")
    if part.tables is not None:
        words.append(f"{part.tables} table{'s' if part.tables != 1 else ''}")
    return ", ".join(words)


def widths(neuron: list[int]) -> str:
    return "-".join(map(str, neuron)) or "no hidden layer"


def size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
