# SPDX-License-Identifier: MIT
"""Errors of an exported model on labeled data, as DeePMD-kit's `dp test`: energy, force and virial, per element and system.

deepion evaluate model.onnx validation/ --pictures parity

DATA are deepmd/npy systems, folders that hold such, or extxyz files with energy and forces (eV, eV/A, eV/A^3). Everything is evaluated as
a run in LAMMPS with these settings would; --precision double gives what DeePMD-kit computes in float64. MAE is the mean absolute error,
RMSE the root of the mean square. Virial = -stress x volume.
"""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tqdm import tqdm

from deepion.errors import check_writable
from deepion.plots.pictures import COLORS, save, targets_of

from .evaluations import add_engine_arguments, evaluations
from .frames import Frame
from .labeled_frames import read_labeled
from .model_errors import Comparison, Pairs


def panel(axes: Axes, pairs: Pairs, title: str, unit: str, names: list[str]) -> None:
    """Model against label, one color per element.

    Points of all elements are drawn in one random order: drawn one element after the other, the last would hide the others.
    """
    label, model = pairs.arrays()
    kinds = np.array(pairs.kind)
    order = np.random.default_rng(0).permutation(len(kinds))
    colors = np.array(["black" if kind < 0 else COLORS[kind % len(COLORS)] for kind in kinds])
    axes.scatter(label[order], model[order], s=2.5, c=colors[order], alpha=0.5, linewidths=0, rasterized=True)
    for kind in sorted(set(pairs.kind) - {-1}):
        axes.plot([], [], ".", color=COLORS[kind % len(COLORS)], label=names[kind])
    ends = [min(label.min(), model.min()), max(label.max(), model.max())]
    axes.plot(ends, ends, color="0.5", lw=0.8)
    error = np.sqrt(((model - label) ** 2).mean())
    axes.set_title(f"{title}: RMSE {1e3 * error:.3g} m{unit}")
    axes.set_xlabel(f"label, {unit}")
    axes.set_ylabel(f"model, {unit}")
    if kinds.max() >= 0:
        axes.legend(frameon=False, markerscale=1.5)


def draw(comparison: Comparison, about: str) -> Figure:
    """Parity of energies, forces and virials (table 1 and figure 1 of the paper)."""
    panels = [
        (comparison.energy, "energy per atom", "eV"),
        (comparison.force, "force", "eV/\u00c5"),
        (comparison.virial, "virial per atom", "eV"),
    ]
    panels = [one for one in panels if one[0].label]
    figure = Figure(figsize=(4.2 * len(panels), 4.2), layout="constrained")
    for axes, (pairs, title, unit) in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True):
        panel(axes, pairs, title, unit, comparison.type_map)
    figure.supxlabel(about, x=0.01, ha="left", fontsize=7, family="monospace")
    return figure


def without_unused(frame: Frame, takes_fparam: bool, takes_aparam: bool) -> Frame:
    """Data may have parameters that the model does not take."""
    return replace(frame, fparam=frame.fparam if takes_fparam else None, aparam=frame.aparam if takes_aparam else None)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", type=Path, help="the exported .onnx file")
    parser.add_argument("data", metavar="DATA", type=Path, nargs="+", help="labeled data")
    parser.add_argument("--pictures", metavar="OUT", type=Path, help="draw parity: OUT.png and OUT.svg, or one of them")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the errors there, too")
    add_engine_arguments(parser, "mixed")


def run(arguments: Namespace) -> None:
    pictures = targets_of(arguments.pictures) if arguments.pictures else []
    for target in [*([arguments.json] if arguments.json else []), *pictures]:
        check_writable(target)
    model = evaluations(arguments)
    frames = read_labeled(arguments.data, model.type_map)
    comparison = Comparison(model.type_map)
    found = model.results([without_unused(one.frame, *model.takes) for one in frames], atomic=False)
    for one, result in tqdm(zip(frames, found, strict=True), total=len(frames), unit="frame", disable=None):
        comparison.add(one, result)

    about = (
        f"model {arguments.model.name}, sha256 {model.sha256}; {len(frames)} frames of {len(arguments.data)} path(s)"
    )
    rows = comparison.rows()
    print(about)
    print(model.how())
    print(f"\n{'':42s} {'numbers':>8s} {'MAE':>10s} {'RMSE':>10s}")
    for name, unit, error in rows:
        print(f"{name:42s} {error.count:8d} {error.mae:10.3f} {error.rmse:10.3f} {unit}")
    if arguments.json:
        values = [{"quantity": name, "unit": unit, **vars(error)} for name, unit, error in rows]
        document = {
            "model": str(arguments.model),
            "sha256": model.sha256,
            "evaluated": model.how(),
            "data": [str(path) for path in arguments.data],
            "frames": len(frames),
            "errors": values,
        }
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if pictures:
        save(draw(comparison, about), pictures, [])
