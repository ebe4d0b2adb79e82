# SPDX-License-Identifier: MIT
"""Read model files of DeePMD-kit's backends (.pb, .pth, ...) with an installed DeePMD-kit."""

from pathlib import Path
from typing import Any

from deepion.errors import ExportError
from deepion.formats.table import SUFFIXES, convert_command


def read_through_deepmd(path: Path, why: str = "") -> dict[str, Any]:
    """The serialized dictionary of a backend's model file; why: a clause that says why nothing else reads this file."""
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        raise ExportError(f"{path}: already an ONNX file; the exporter reads DeePMD-kit models (.dp, .yaml, .pb, .pth)")
    if suffix not in SUFFIXES:
        raise ExportError(
            f"{path}: unknown kind of file '{suffix}'; the exporter reads DeePMD-kit models, which end in "
            f"{', '.join(SUFFIXES)}"
        )
    try:
        import deepmd  # noqa: F401
        from deepmd.backend.backend import Backend
    except ImportError:
        raise ExportError(
            f"{path}: {why + ': ' if why else ''}reading {suffix} needs DeePMD-kit, which this Python does not have.\n"
            f"  Either convert the model where DeePMD-kit is installed:  {convert_command(path)}\n"
            "  or export with the Python there, after  pip install onnx onnxruntime jsonschema.\n"
            "  No such place yet: make an environment of its own (in .venv of this project DeePMD-kit would replace pinned "
            "packages):\n"
            "  python3 -m venv dp && dp/bin/pip install 'deepmd-kit[cpu]' onnx onnxruntime jsonschema  (for .pth also torch)"
        ) from None
    try:
        data = Backend.detect_backend_by_model(str(path))().serialize_hook(str(path))
        if suffix == ".pb":
            _restore_output_statistics(path, data)
    except ExportError:
        raise
    except Exception as error:  # DeePMD-kit raises whatever its backends raise
        raise ExportError(_explain(path, error)) from None
    return {"software": "deepmd-kit", "version": getattr(deepmd, "__version__", ""), **data}


def _restore_output_statistics(path: Path, data: dict[str, Any]) -> None:
    """Put out_bias and out_std of a .pb into its dictionary: DeePMD-kit 3.2.0 looks for them under another name."""
    from deepmd.tf.utils.errors import GraphWithoutTensorError
    from deepmd.tf.utils.graph import get_tensor_by_name_from_graph, load_graph_def

    graph, _ = load_graph_def(str(path))
    for key in ("out_bias", "out_std"):
        try:
            data["model"]["@variables"][key] = get_tensor_by_name_from_graph(graph, f"model_attr/model_attr/t_{key}")
        except GraphWithoutTensorError:
            pass  # models of older versions have none


def _explain(path: Path, error: Exception) -> str:
    text = " ".join(str(error).split())
    if len(text) > 300:
        text = text[:300] + "..."
    if "compress" in text.lower():
        return f"{path}: DeePMD-kit does not convert this compressed model: export the original (not compressed) model"
    return f"{path}: DeePMD-kit could not read this model: {type(error).__name__}: {text}"
