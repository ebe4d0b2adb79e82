# SPDX-License-Identifier: MIT
"""A summary of any model file, without PyTorch, TensorFlow or DeePMD-kit."""

from pathlib import Path
from types import ModuleType
from typing import Any

from deepion.errors import DeepionError, InputError, RefusedError
from deepion.formats.reading import read, refuse_training_json
from deepion.formats.table import SUFFIXES, Format, NotPlainError, convert_command, export_command, format_of

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
        raise InputError(f"{path}: unknown kind of file '{path.suffix}'; models end in .onnx, {', '.join(SUFFIXES)}")
    refuse_training_json(path)
    reader = kind.module()
    if reader is None:
        return _unread(path, kind, f"only DeePMD-kit reads {path.suffix} files")
    try:
        data = read(path, reader)
    except NotPlainError as error:
        return _unread(path, kind, str(error), reader)
    except RefusedError as error:
        return _refused(path, kind, reader, str(error).removeprefix(f"{path}: "))
    return summarize(data, str(path), size_of(path), kind.name, verdict_of(path, data))


def _unread(path: Path, kind: Format, why: str, reader: ModuleType | None = None) -> Summary:
    """A file whose model is not read here: what little is known, and the way that works."""
    return _named(path, kind, reader, f"{why}\nwith DeePMD-kit:  {convert_command(path)}")


def _refused(path: Path, kind: Format, reader: ModuleType, why: str) -> Summary:
    """A model of a kind that its reader does not look into."""
    return _named(path, kind, reader, why)


def _named(path: Path, kind: Format, reader: ModuleType | None, why: str) -> Summary:
    """What the training input in the file says, where its reader finds one."""
    script = reader.settings(path) if reader is not None and hasattr(reader, "settings") else {}
    names = [script.get(key) for key in ("descriptor", "fitting_net")]
    types = [str(part.get("type")) if isinstance(part, dict) and part.get("type") else None for part in names]
    model: dict[str, Any] = {"type": str(script.get("type", "standard"))} if script else {}
    if types[0]:
        model["descriptor"] = {"type": types[0], **_parts(script["descriptor"])}
    if isinstance(script.get("fitting_net"), dict):
        model["fitting"] = {**script["fitting_net"], "type": types[1] or "ener"}
    data = {"model": model, "model_def_script": script}
    return summarize(data, str(path), size_of(path), kind.name, Verdict(False, why=why))


def _parts(descriptor: dict[str, Any]) -> dict[str, Any]:
    """The parts of a hybrid descriptor."""
    return {"list": descriptor["list"]} if "list" in descriptor else {}


def verdict_of(path: Path, data: dict[str, Any]) -> Verdict:
    """Whether the exporter takes the model, by asking it."""
    from deepion.export.serialized import potential_from_serialized
    from deepion.reduction.build import why_not

    try:
        potential = potential_from_serialized(data, {"file": path.name, "sha256": "0" * 64, "software": "deepmd-kit"})
        return Verdict(True, command=export_command(path), reduced=why_not(potential))
    except DeepionError as error:
        return Verdict(False, why=str(error).removeprefix(f"{path}: "))


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]
    return sum(file.stat().st_size for file in files)
