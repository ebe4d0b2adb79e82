# SPDX-License-Identifier: MIT
"""A summary of any model file, without PyTorch, TensorFlow or DeePMD-kit."""

import shlex
from pathlib import Path
from types import ModuleType
from typing import Any

from deepion.errors import DeepionError, ExportError, InputError
from deepion.formats import checkpoint
from deepion.formats.table import Format, NotPlainError, convert_command, format_of

from .serialized_summary import summarize
from .summary import Summary, Verdict


def inspect(path: Path) -> Summary:
    """What the file holds. Raises InputError where there is nothing, ExportError where it is damaged or not a model."""
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or directory")
    if path.suffix.lower() == ".onnx":
        from .onnx_summary import summarize_onnx  # onnx takes a while to import

        return summarize_onnx(path)
    kind = format_of(path)
    if kind is None:
        raise InputError(
            f"{path}: unknown kind of file '{path.suffix}'; models end in .onnx or in an ending of DeePMD-kit"
        )
    reader = kind.module()
    if reader is None:
        return _unread(path, kind, f"only DeePMD-kit reads {path.suffix} files")
    try:
        data = _content(path, reader)
    except NotPlainError as error:
        return _unread(path, kind, str(error))
    return summarize(data, str(path), size_of(path), kind.name, verdict_of(path, data))


def _content(path: Path, reader: ModuleType) -> dict[str, Any]:
    data = reader.read(path)
    if isinstance(data, dict) and "training" in data:
        raise ExportError(f"{path}: a training input, not a model: what was trained with it is in files of other kinds")
    if not isinstance(data, dict) or not isinstance(data.get("model"), dict):
        raise ExportError(f"{path}: no DeePMD-kit model in it (no 'model' entry)")
    return data


def _unread(path: Path, kind: Format, why: str) -> Summary:
    """A file whose model is not read here: what little is known, and the way that works."""
    script = checkpoint.settings(path) if kind.reader == "checkpoint" else {}
    verdict = Verdict(False, why=f"{why}\nwith DeePMD-kit:  {convert_command(path)}")
    data = {"model": {"descriptor": {"type": (script.get("descriptor") or {}).get("type")}}, "model_def_script": script}
    return summarize(data if script else {}, str(path), size_of(path), kind.name, verdict)


def verdict_of(path: Path, data: dict[str, Any]) -> Verdict:
    """Whether the exporter takes the model, by asking it."""
    from deepion.export.serialized import potential_from_serialized
    from deepion.reduction.build import why_not

    try:
        potential = potential_from_serialized(data, {"file": path.name, "sha256": "0" * 64, "software": "deepmd-kit"})
        command = f"deepion export {shlex.quote(str(path))} {shlex.quote(path.stem + '.onnx')}"
        return Verdict(True, command=command, reduced=why_not(potential))
    except DeepionError as error:
        return Verdict(False, why=str(error).removeprefix(f"{path}: "))


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]
    return sum(file.stat().st_size for file in files)
