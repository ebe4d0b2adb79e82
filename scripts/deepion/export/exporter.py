# SPDX-License-Identifier: MIT
"""DeePMD-kit model file in, deepion ONNX file out."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from deepion.errors import ExportError, InputError, check_writable
from deepion.evaluation.evaluator import Evaluator
from deepion.evaluation.frames import Frame, rattled, read_frames
from deepion.model.model_file import write_model_file
from deepion.model.potential import Potential
from deepion.model.reduction import Reduction
from deepion.model.subset import with_elements
from deepion.reduction.build import MOST_FRAMES, reduce_potential, why_not
from deepion.reduction.generated import generate_frames
from deepion.reduction.parameters import said
from deepion.reduction.rough import rough

from .dp_model import read_model, source_of
from .serialized import potential_from_serialized

GRAPHS = (".pb", ".pbtxt")  # files that hold what computes the energies, too


def load_potential(path: Path) -> Potential:
    """The potential in a DeePMD-kit model file."""
    path = Path(path)
    data = read_model(path)
    try:
        potential = potential_from_serialized(data, source_of(path, data))
    except ExportError as error:
        text = str(error)
        raise ExportError(text if text.startswith(str(path)) else f"{path}: {text}") from None
    if path.suffix.lower() not in GRAPHS:
        return potential
    from .graph_check import checked  # of use for these files alone

    return checked(path, potential)


@dataclass(frozen=True)
class Exported:
    """What was written; reduction: None where the file holds the full networks alone, with the reason in `without`."""

    potential: Potential
    sha256: str
    reduction: Reduction | None
    without: str


def export(
    source: Path,
    target: Path,
    data: list[Path] | None = None,
    reduced: bool = True,
    say: Callable[[str], None] = lambda _: None,
    elements: list[str] | None = None,
    with_rough: bool = True,
) -> Exported:
    """Export a model.

    elements: the only ones to keep, None: all.

    data: structures to choose the reduced networks by (see reduction.frames.read_frames); None: structures are generated.
    with_rough: choose by dense, hot and random structures made from these, too (see reduction.rough).
    reduced: whether to make reduced networks where the model allows them. say: receives lines of progress.
    Nothing is written before all is done: what is there under the name of the target is a finished file.
    """
    check_writable(target)
    if reduced and not data and find_spec("onnxruntime") is None:
        raise ExportError(
            "generating structures to choose reduced networks by needs ONNX Runtime, which this Python does not have: "
            "pip install onnxruntime, or give structures with --data, or leave these networks out with --full-only"
        )
    if not Path(source).exists():
        raise ExportError(f"{source}: no such file or directory")
    say(f"reading {source}")
    potential = load_potential(source)
    if elements:
        potential = with_elements(potential, elements)
    without = why_not(potential) if reduced else "not wanted"
    if without is not None and data:
        raise ExportError(f"{source}: --data is of no use: {without}, so there will be no reduced networks")
    reduction = None
    if data:
        reduction = _from_data(potential, data, say, with_rough)
    elif without is None:
        try:
            reduction = _from_generated(potential, say, with_rough)
        except InputError as error:
            without = str(error)
    if reduction is not None and not reduction.levels:
        reduction, without = None, "they would hardly be smaller than the full ones"
    say(f"writing {target}")
    digest = write_model_file(target, potential, reduction)
    return Exported(potential, digest, reduction, without or "")


def _from_data(potential: Potential, data: list[Path], say: Callable[[str], None], with_rough: bool) -> Reduction:
    frames, total = read_frames(data, potential.type_map, MOST_FRAMES)
    sampled = f"{len(frames)} of {total} structures given with --data, every third one rattled{said(potential, frames)}"
    more = rough(frames) if with_rough else []
    sampled += _beside(more)
    return reduce_potential(potential, rattled(frames), sampled, say, more)


def _from_generated(potential: Potential, say: Callable[[str], None], with_rough: bool) -> Reduction:
    with TemporaryDirectory() as folder:
        full = Path(folder, "full.onnx")
        write_model_file(full, potential)
        frames = generate_frames(potential, Evaluator(full), say)
    more = rough(frames) if with_rough else []
    sampled = f"{len(frames)} generated structures{said(potential, [])}{_beside(more)}"
    return reduce_potential(potential, frames, sampled, say, more)


def _beside(more: list[Frame]) -> str:
    return f", and {len(more)} dense, hot and random ones made from them" if more else ""
