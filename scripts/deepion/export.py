"""DeePMD-kit model file in, deepion ONNX file out."""

from pathlib import Path

from .dp_model import read_model, source_of
from .errors import ExportError
from .model_file import write_model_file
from .potential import Potential
from .serialized import potential_from_serialized


def load_potential(path: Path) -> Potential:
    """The potential in a DeePMD-kit model file."""
    path = Path(path)
    data = read_model(path)
    try:
        return potential_from_serialized(data, source_of(path, data))
    except ExportError as error:
        text = str(error)
        raise ExportError(text if text.startswith(str(path)) else f"{path}: {text}") from None


def export(source: Path, target: Path) -> tuple[Potential, str]:
    """Export a model; returns the potential and the sha256 of the written file."""
    potential = load_potential(source)
    return potential, write_model_file(target, potential)
