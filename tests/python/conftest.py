# SPDX-License-Identifier: MIT
"""Fixtures shared by the tests of the Python side."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deepion.evaluation.evaluator import Evaluator
from deepion.export.exporter import export

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
LIPSTI = ROOT / "lammps-examples" / "models" / "lipsti-a.dp"
INDEX = json.loads((DATA / "models" / "index.json").read_text())


class Exported:
    """Exports each model once a session, without reduced networks."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._evaluators: dict[Path, Evaluator] = {}

    def path(self, source: Path) -> Path:
        target = self._folder / f"{source.name}.onnx"
        if not target.exists():
            export(source, target, reduced=False)
        return target

    def evaluator(self, source: Path) -> Evaluator:
        if source not in self._evaluators:
            self._evaluators[source] = Evaluator(self.path(source), threads=1)
        return self._evaluators[source]

    def small(self, name: str) -> Evaluator:
        """The evaluator of a model of tests/data/models."""
        return self.evaluator(DATA / INDEX[name]["model"])


def interruptible() -> None:
    """For preexec_fn: a shell's background job, which these tests may be, ignores Ctrl-C, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Exported:
    return Exported(tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="session")
def deepion():
    """Run the command `deepion` as a user does; returns the finished process."""

    def run(words: str, *arguments) -> subprocess.CompletedProcess:
        command = [str(Path(sys.executable).parent / "deepion"), *words.split(), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    return run
