# SPDX-License-Identifier: MIT
"""The .pt files of DeePMD-kit's PyTorch backend: checkpoints of a training, read as far as their settings.

A checkpoint holds weights by name and the model section of the training input. What the input does not say is filled in by
the version of DeePMD-kit that trains: only that one makes a model of it, by `dp --pt freeze`.
"""

from pathlib import Path
from typing import Any

from deepion.errors import ExportError

from .pickle_data import printable
from .table import NotPlainError
from .torch_archive import TorchArchive


def read(path: Path) -> dict[str, Any]:
    """Raises NotPlainError with what to do, or ExportError where no way leads from the file to a model."""
    script = settings(path)
    if "model_dict" in script:
        raise ExportError(f"{path}: {multi_task(script)}")
    raise NotPlainError("a checkpoint of a training, which the DeePMD-kit of that training makes a model of")


def settings(path: Path) -> dict[str, Any]:
    """The model section of the training input in a checkpoint."""
    with TorchArchive(path) as archive:
        root = archive.root
    state = root.get("model", root) if isinstance(root, dict) else None
    extra = state.get("_extra_state") if isinstance(state, dict) else None
    script = extra.get("model_params") if isinstance(extra, dict) else None
    if not isinstance(script, dict):
        raise ExportError(f"{path}: a file of PyTorch, but not a checkpoint of DeePMD-kit (no model_params in it)")
    return script


def multi_task(script: dict[str, Any]) -> str:
    """What to say about a model with several heads."""
    heads = script["model_dict"]
    names = ", ".join(printable(str(name)) for name in heads) if isinstance(heads, dict) else "?"
    return f"a multi-task model cannot be exported: freeze one of its heads ({names}) with: dp --pt freeze --head NAME"
