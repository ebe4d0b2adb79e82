# SPDX-License-Identifier: MIT
"""Which file endings are models, and what reads each.

A reader is a module of this package with `read(path: Path) -> dict[str, Any]`. It returns DeePMD-kit's serialized dictionary:
{"model": ..., "backend": ..., "model_def_script": ..., "@variables": ...} with numpy arrays in place of variables. It raises
ExportError for a file that is damaged, and NotPlainError for one that only an installed DeePMD-kit can read.
Readers are imported when they are needed, not before.
"""

import shlex
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from deepion.errors import ExportError


class NotPlainError(ExportError):
    """A model that its reader here cannot take from its file; the text is a clause that says why, without the file's name."""


@dataclass(frozen=True)
class Format:
    """One kind of file; reader: the module that reads it, None where only an installed DeePMD-kit does."""

    name: str
    suffixes: tuple[str, ...]
    reader: str | None = None

    def module(self) -> ModuleType | None:
        return None if self.reader is None else import_module(f"{__package__}.{self.reader}")


FORMATS = (
    Format("DeePMD-kit HDF5", (".dp",), "hdf5"),
    Format("DeePMD-kit YAML", (".yaml", ".yml"), "yaml_text"),
    Format("frozen TensorFlow graph", (".pb", ".pbtxt"), "graphdef"),
    Format("TorchScript archive", (".pth",), "torchscript"),
    Format("PyTorch checkpoint", (".pt",), "checkpoint"),
    Format("PyTorch AOTInductor archive", (".pt2",), "exported_program"),
    Format("PyTorch exported program", (".pte",), "exported_program"),
    Format("TensorFlow SavedModel", (".savedmodel",)),
    Format("TensorFlow checkpoint", (".ckpt",)),
    Format("JAX checkpoint", (".jax",)),
    Format("JAX HLO", (".hlo",)),
    Format("Paddle model", (".json", ".pd")),
)
SUFFIXES = tuple(suffix for kind in FORMATS for suffix in kind.suffixes)


def convert_command(path: Path) -> str:
    """The command of DeePMD-kit that makes a file of this one that is read here."""
    source = shlex.quote(path.name)
    if path.suffix.lower() == ".pt":
        return f"dp --pt freeze -c {source} -o {shlex.quote(path.stem + '.pth')}"
    return f"dp convert-backend {source} {shlex.quote(path.stem + '.dp')}"


def export_command(path: Path) -> str:
    """The command that exports a model."""
    return f"deepion export {shlex.quote(str(path))} {shlex.quote(path.stem + '.onnx')}"


def format_of(path: Path) -> Format | None:
    """The format that the ending of a file's name stands for; None: not a DeePMD-kit model's."""
    suffix = Path(path).suffix.lower()
    return next((kind for kind in FORMATS if suffix in kind.suffixes), None)
