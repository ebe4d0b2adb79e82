# SPDX-License-Identifier: MIT
"""How the commands `energy` and `evaluate` evaluate frames: in the engine of the pair style, or with the model file's own graph."""

import sys
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from deepion.engine.keywords import Keywords
from deepion.engine.model import Model
from deepion.errors import InputError

from .evaluator import Evaluator, Result
from .frames import Frame

BATCH = 64  # frames between two looks at the progress bar


class Evaluations(Protocol):
    """A model file that is ready: its types, hash, and which parameters it takes."""

    type_map: list[str]
    sha256: str
    takes: tuple[bool, bool]  # frame parameters, atomic parameters

    def results(self, frames: Sequence[Frame], atomic: bool) -> Iterator[Result]:
        """One result a frame; values of atoms where they are wanted (energies and virials, empty where not)."""

    def how(self) -> str:
        """How frames were evaluated: one line, after the first result."""


def add_engine_arguments(parser: ArgumentParser, precision: str) -> None:
    """Options that say how frames are evaluated, with the default precision of the engine."""
    # None where it is not given: --reference refuses what is
    parser.add_argument("--precision", choices=("mixed", "double"), help=f"as in pair_style (default: {precision})")
    parser.set_defaults(default_precision=precision)
    parser.add_argument(
        "--reduce",
        type=float,
        metavar="E",
        help="as in pair_style: force error of the reduced networks, 0: the full ones",
    )
    parser.add_argument("--threads", type=int, default=0, help="threads (default: OMP_NUM_THREADS, else all cores)")
    parser.add_argument(
        "--reference", action="store_true", help="run the file's own graph in float64 instead of the engine (slow)"
    )


def evaluations(arguments: Namespace) -> Evaluations:
    """What the options of `add_engine_arguments` say, for arguments.model."""
    if arguments.reference:
        for option in ("precision", "reduce"):
            if getattr(arguments, option) is not None:
                raise InputError(
                    f"--{option} is for the engine, and --reference runs the file's own graph, full networks in float64: give one of them"
                )
        return OfGraph(arguments.model, arguments.threads)
    precision = arguments.precision or arguments.default_precision
    keywords = Keywords(precision=precision, reduce=arguments.reduce, threads=arguments.threads)
    return OfEngine(arguments.model, keywords)


class OfEngine:
    """The engine of the pair style; frames in parallel."""

    def __init__(self, path: Path, keywords: Keywords):
        self._model = Model(path, keywords)
        self.type_map = self._model.type_map
        self.sha256: str = self._model.potential.sha256
        self.takes = (self._model.potential.numb_fparam > 0, self._model.potential.numb_aparam > 0)

    def results(self, frames: Sequence[Frame], atomic: bool) -> Iterator[Result]:
        """See Evaluations."""
        for first in range(0, len(frames), BATCH):
            yield from self._batch(frames[first : first + BATCH], atomic)

    def _batch(self, frames: Sequence[Frame], atomic: bool) -> Iterator[Result]:
        model = self._model
        counts = [len(frame.types) for frame in frames]
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: print(f"WARNING: {message}", file=sys.stderr)
            out = model.frames(
                np.concatenate([np.reshape(frame.coord, (-1, 3)) for frame in frames], dtype=np.float64),
                np.concatenate([frame.types for frame in frames], dtype=np.int32, casting="unsafe"),
                counts,
                np.stack([frame.cell for frame in frames]).astype(np.float64),
                np.array([frame.periodic for frame in frames], dtype=bool),
                np.concatenate([model.fparam(1, frame.fparam) for frame in frames]),
                np.concatenate([model.aparam(1, n, frame.aparam) for n, frame in zip(counts, frames, strict=True)]),
                atomic,
            )
        end = np.cumsum(counts)
        for k, last in enumerate(end):
            mine = slice(last - counts[k], last)
            yield Result(
                float(out.energy[k]), out.atom_energy[mine], out.force[mine], out.virial[k], out.atom_virial[mine], None
            )

    def how(self) -> str:
        """See Evaluations."""
        chosen = [
            line for line in self._model.potential.summary if line.split()[0] in ("precision", "tabulate", "reduce")
        ]
        return "engine: " + "; ".join(line.split(" (")[0].split(",")[0] for line in chosen)


class OfGraph:
    """The graph in the file, with stock ONNX Runtime, one frame after the other."""

    def __init__(self, path: Path, threads: int):
        self._evaluator = Evaluator(path, threads)
        self.type_map = self._evaluator.type_map
        self.sha256: str = self._evaluator.file.sha256
        contract = self._evaluator.contract
        self.takes = (contract["numb_fparam"] > 0, contract["numb_aparam"] > 0)

    def results(self, frames: Sequence[Frame], atomic: bool) -> Iterator[Result]:
        """See Evaluations."""
        for frame in frames:
            result = self._evaluator.evaluate(
                frame.coord, frame.types, frame.cell, frame.periodic, frame.fparam, frame.aparam
            )
            if result.overflow is not None:
                self._warn(result.overflow)
            yield result

    def _warn(self, overflow: tuple[int, int, int, int]) -> None:
        atom, kind, found, sel = overflow
        of = f"{self.type_map[kind]} " if kind >= 0 else ""
        print(
            f"WARNING: atom index {atom} has {found} {of}neighbors, but the model keeps sel = {sel}: the nearest are used, as in "
            "DeePMD-kit; energies jump when atoms change places",
            file=sys.stderr,
        )

    def how(self) -> str:
        """See Evaluations."""
        return "the file's own graph in float64, full networks"
