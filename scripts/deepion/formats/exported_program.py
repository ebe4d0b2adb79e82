# SPDX-License-Identifier: MIT
"""The .pt2 and .pte files of DeePMD-kit's exportable PyTorch backend, without PyTorch.

Both are zip archives. Beside the compiled model they carry the serialized dictionary as JSON text, extra/model.json, and the
training input, extra/model_def_script.json (deepmd/pt_expt/utils/serialization.py of DeePMD-kit 3.2.0).
"""

import json
from pathlib import Path
from typing import Any

from deepion.errors import ExportError

from .table import NotPlainError
from .variables import resolve
from .zip_archive import ZipArchive

FOLDERS = ("extra", "extra_files")
DPA4 = ("dpa4", "sezm", "dpa4c")
MOST_TEXT = 2 << 30  # bytes


def read(path: Path) -> dict[str, Any]:
    """The serialized dictionary of a .pt2 or .pte file; raises ExportError with the file's name, NotPlainError without it."""
    with ZipArchive(path) as archive:
        data = _description(archive)
    try:
        return resolve(data, lambda value: value)
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from None


def _description(archive: ZipArchive) -> dict[str, Any]:
    record = _record(archive, "model.json")
    if record is None:
        return _named(archive)
    data = _json(archive, record)
    if not isinstance(data, dict):
        raise ExportError(f"{archive.path}: damaged: {record} is not the description of a model")
    script = _record(archive, "model_def_script.json")
    if script is not None:
        data["model_def_script"] = _json(archive, script)
    return data


def _named(archive: ZipArchive) -> dict[str, Any]:
    """The name of a DPA-4 model, whose archives hold no more than the compiled model and the training input."""
    record = _record(archive, "model_def_script.json")
    script = None if record is None else _json(archive, record)
    descriptor = script.get("descriptor") if isinstance(script, dict) else None
    kind = str(descriptor.get("type")) if isinstance(descriptor, dict) else ""
    if kind.lower() not in DPA4:
        raise NotPlainError("its archive has no extra/model.json")
    return {"model": {"type": "dpa4", "descriptor": {"type": kind}}, "model_def_script": script}


def _record(archive: ZipArchive, name: str) -> str | None:
    """The record of this name in the folder for extra files, wherever that is."""
    ends = tuple(f"/{folder}/{name}" for folder in FOLDERS)
    found = [known for known in archive.names if f"/{known}".endswith(ends)]
    return found[0] if len(found) == 1 else None


def _json(archive: ZipArchive, record: str) -> Any:
    try:
        return json.loads(archive.read(record, MOST_TEXT))
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{archive.path}: damaged: {record} is no JSON text: {str(error)[:100]}") from None
