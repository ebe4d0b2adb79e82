# SPDX-License-Identifier: MIT
"""Read a DeePMD-kit model file into its serialized dictionary, with numpy arrays in place of variables."""

import hashlib
import json
from pathlib import Path
from typing import Any

from deepion.errors import ExportError
from deepion.formats.table import NotPlainError, format_of

from .deepmd_backend import read_through_deepmd


def read_model(path: Path) -> dict[str, Any]:
    """The serialized dictionary of a model file; keys "model", "backend", "@variables", ... as DeePMD-kit writes them."""
    path = Path(path)
    if not path.exists():
        raise ExportError(f"{path}: no such file or directory")
    if path.suffix.lower() == ".json":
        _refuse_training_input(path, _json_if_any(path))
    kind = format_of(path)
    reader = None if kind is None else kind.module()
    if reader is None:
        data = read_through_deepmd(path)
    else:
        try:
            data = reader.read(path)
        except NotPlainError as error:
            data = read_through_deepmd(path, str(error))
    _refuse_training_input(path, data)
    if not isinstance(data, dict) or not isinstance(data.get("model"), dict):
        raise ExportError(f"{path}: no DeePMD-kit model in it (no 'model' entry)")
    return data


def _refuse_training_input(path: Path, data: Any) -> None:
    if isinstance(data, dict) and "training" in data:
        raise ExportError(
            f"{path}: a training input, not a model: give the model trained with it, as frozen by\n"
            "  dp freeze -o model.pb  (TensorFlow)  or  dp --pt freeze -o model.pth  (PyTorch)"
        )


def _json_if_any(path: Path) -> Any:
    """Files of this suffix are training inputs or models of the Paddle backend, which DeePMD-kit has to read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def source_of(path: Path, data: dict[str, Any]) -> dict[str, str]:
    """Where the model came from: file name, sha256 of its bytes, software that wrote it."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        with open(file, "rb") as stream:
            for chunk in iter(lambda: stream.read(1 << 20), b""):
                digest.update(chunk)
    software = f"{data.get('software', 'deepmd-kit')} {data.get('version', '')}".strip()
    return {"file": path.name, "sha256": digest.hexdigest(), "software": software}
