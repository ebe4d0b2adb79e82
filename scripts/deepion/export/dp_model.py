# SPDX-License-Identifier: MIT
"""Read a DeePMD-kit model file into its serialized dictionary, with numpy arrays in place of variables."""

import hashlib
from pathlib import Path
from typing import Any

from deepion.errors import ExportError
from deepion.formats.reading import model_in, read, refuse_training_json
from deepion.formats.table import NotPlainError, format_of

from .deepmd_backend import read_through_deepmd


def read_model(path: Path) -> dict[str, Any]:
    """The serialized dictionary of a model file; keys "model", "backend", "@variables", ... as DeePMD-kit writes them."""
    path = Path(path)
    if not path.exists():
        raise ExportError(f"{path}: no such file or directory")
    refuse_training_json(path)
    kind = format_of(path)
    reader = None if kind is None else kind.module()
    if reader is None:
        return model_in(path, read_through_deepmd(path))
    try:
        return read(path, reader)
    except NotPlainError as error:
        return model_in(path, read_through_deepmd(path, str(error)))


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
