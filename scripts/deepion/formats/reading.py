# SPDX-License-Identifier: MIT
"""A model file by the reader of its kind, and what to say of files that are something else."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

from deepion.errors import ExportError, RefusedError

from .table import NotPlainError

START = 1 << 16  # bytes by which contents are told apart
SIGNATURES = ((b"\x89HDF\r\n\x1a\n", ".dp"), (b"PK\x03\x04", ".pth"))
ALIKE = ({".pth", ".pt", ".pt2", ".pte"}, {".yaml", ".yml"})  # endings of one kind of content


def read(path: Path, reader: ModuleType) -> dict[str, Any]:
    """The serialized dictionary of a model file, by the reader of its kind.

    Raises ExportError with the file's name for files that are damaged, empty, of another kind, or hold no model; NotPlainError
    as the reader does.
    """
    start = _start(path)
    try:
        return model_in(path, reader.read(path))
    except (NotPlainError, RefusedError):
        raise
    except ExportError:
        suffix, own = suffix_of(start), path.suffix.lower()
        if suffix is None or suffix == own or any({suffix, own} <= alike for alike in ALIKE):
            raise
        raise ExportError(
            f"{path}: its content is that of a {suffix} file: give it a name that ends in {suffix}"
        ) from None


def model_in(path: Path, data: Any) -> dict[str, Any]:
    """What was read, which has to be a model."""
    refuse_training_input(path, data)
    if not isinstance(data, dict) or not isinstance(data.get("model"), dict):
        raise ExportError(f"{path}: no DeePMD-kit model in it (no 'model' entry)")
    return data


def refuse_training_input(path: Path, data: Any) -> None:
    if isinstance(data, dict) and "training" in data:
        raise ExportError(
            f"{path}: a training input, not a model: give the model trained with it, as frozen by\n"
            "  dp freeze -o model.pb  (TensorFlow)  or  dp --pt freeze -o model.pth  (PyTorch)"
        )


def refuse_training_json(path: Path) -> None:
    """Files of this ending are training inputs or models of the Paddle backend, which DeePMD-kit has to read."""
    if path.suffix.lower() != ".json":
        return
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return
    refuse_training_input(path, data)


def _start(path: Path) -> bytes:
    """The first bytes of a file; raises ExportError for folders, empty files and files that cannot be read."""
    if path.is_dir():
        raise ExportError(f"{path}: a folder: name a model file in it")
    if not path.is_file():  # a pipe would be waited for
        raise ExportError(f"{path}: not a regular file: name a model file")
    try:
        with open(path, "rb") as stream:
            start = stream.read(START)
    except OSError as error:
        raise ExportError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not start:
        raise ExportError(f"{path}: the file is empty")
    return start


def suffix_of(start: bytes) -> str | None:
    """The ending that a file with these first bytes should have, where they tell."""
    for signature, suffix in SIGNATURES:
        if start.startswith(signature):
            return suffix
    text = start.lstrip()
    if text.startswith((b"node {", b"node{")):
        return ".pbtxt"
    if b"@class" in start and b"\0" not in start and (text.startswith(b"model:") or b"\nmodel:" in start):
        return ".yaml"
    # fields of ModelProto: ir_version (1) and its number, producer_name (2)
    if start[:1] == b"\x08" and start[1:2] < b"\x20" and start[2:3] == b"\x12":
        return ".onnx"
    # fields of GraphDef and NodeDef: a node (1), its length (one or two bytes), its name (1)
    if start[:1] == b"\n" and b"\n" in start[2:4] and b"\x12" in start:
        return ".pb"
    return None
