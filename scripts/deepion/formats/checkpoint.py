# SPDX-License-Identifier: MIT
"""The .pt files of DeePMD-kit's PyTorch backend: checkpoints of a training.

A checkpoint holds weights by name and the model section of the training input, in which the training has filled in every
default. Both together say what `dp --pt freeze` would put into a .pth file: checkpoint_objects makes its objects of them.
"""

import json
from pathlib import Path
from typing import Any

from deepion.errors import ExportError, RefusedError

from .checkpoint_objects import frozen_model
from .pickle_data import Instance, PickleDamageError, as_tree, printable
from .script_object import ScriptObject
from .torch_archive import TorchArchive
from .torchscript import serialized

MODEL = "model.Default."  # of the weights' names; the heads of multi-task models have other names


def read(path: Path) -> dict[str, Any]:
    """The serialized dictionary of a .pt file; raises ExportError with the file's name, NotPlainError without it."""
    with TorchArchive(path) as archive:
        if isinstance(archive.root, Instance):  # a frozen model of another name
            return serialized(path, ScriptObject(archive, archive.root, "model"))
        state, script = _content(archive)
        if "model_dict" in script:
            raise RefusedError(f"{path}: {multi_task(script)}")
        weights = {
            key.removeprefix(MODEL): value
            for key, value in state.items()
            if isinstance(key, str) and key.startswith(MODEL)
        }
        model = frozen_model(weights, script, json.dumps(script, default=str))
        return serialized(path, ScriptObject(archive, model, "model"))


def settings(path: Path) -> dict[str, Any]:
    """The model section of the training input in a checkpoint."""
    with TorchArchive(path) as archive:
        return {} if isinstance(archive.root, Instance) else _content(archive)[1]


def _content(archive: TorchArchive) -> tuple[dict[Any, Any], dict[str, Any]]:
    """The weights and the settings."""
    root = archive.root
    state = root.get("model", root) if isinstance(root, dict) else None
    extra = state.get("_extra_state") if isinstance(state, dict) else None
    script = extra.get("model_params") if isinstance(extra, dict) else None
    if not isinstance(state, dict) or not isinstance(script, dict):
        raise ExportError(
            f"{archive.path}: a file of PyTorch, but not a checkpoint of DeePMD-kit (no model_params in it)"
        )
    try:
        return state, as_tree(script)
    except PickleDamageError as damage:
        raise ExportError(f"{archive.path}: {damage}") from None


def multi_task(script: dict[str, Any]) -> str:
    """What to say about a model with several heads."""
    heads = script["model_dict"]
    names = ", ".join(printable(str(name)) for name in heads) if isinstance(heads, dict) else "?"
    return f"a multi-task model cannot be exported: freeze one of its heads ({names}) with: dp --pt freeze --head NAME"
