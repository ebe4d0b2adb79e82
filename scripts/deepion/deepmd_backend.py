"""Read model files of DeePMD-kit's backends (.pb, .pth, ...) with an installed DeePMD-kit."""

from pathlib import Path
from typing import Any

from .errors import ExportError

FOREIGN_SUFFIXES = (".pb", ".pth", ".pt", ".savedmodel", ".jax", ".hlo", ".json", ".pd", ".pte", ".pt2", ".ckpt")


def read_through_deepmd(path: Path) -> dict[str, Any]:
    """The serialized dictionary of a backend's model file."""
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        raise ExportError(f"{path}: already an ONNX file; the exporter reads DeePMD-kit models (.dp, .yaml, .pb, .pth)")
    if suffix not in FOREIGN_SUFFIXES:
        raise ExportError(
            f"{path}: unknown kind of file '{suffix}'; the exporter reads .dp and .yaml, and .pb, .pth and other "
            "DeePMD-kit models where DeePMD-kit is installed"
        )
    try:
        import deepmd  # noqa: F401
        from deepmd.backend.backend import Backend
    except ImportError:
        raise ExportError(
            f"{path}: reading {suffix} needs DeePMD-kit, which this Python does not have.\n"
            f"  Either convert the model where DeePMD-kit is installed:  dp convert-backend {path.name} {path.stem}.dp\n"
            "  or install it here:  pip install 'deepmd-kit[cpu]' (for .pth also torch), and export again."
        ) from None
    try:
        if suffix == ".pth":
            data = _read_pth(path)
        else:
            data = Backend.detect_backend_by_model(str(path))().serialize_hook(str(path))
    except ExportError:
        raise
    except Exception as error:  # DeePMD-kit raises whatever its backends raise
        raise ExportError(_explain(path, error)) from None
    return {"software": "deepmd-kit", "version": getattr(deepmd, "__version__", ""), **data}


def _read_pth(path: Path) -> dict[str, Any]:
    """As DeePMD-kit's own reader, after a look at what it could not say clearly."""
    from deepmd.pt.utils.serialization import serialize_from_file

    return serialize_from_file(str(path))


def _explain(path: Path, error: Exception) -> str:
    text = " ".join(str(error).split())
    if len(text) > 300:
        text = text[:300] + "..."
    if "compress" in text.lower():
        return f"{path}: a compressed model cannot be exported: export the original (not compressed) model"
    return f"{path}: DeePMD-kit could not read this model: {type(error).__name__}: {text}"
