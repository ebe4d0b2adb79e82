# SPDX-License-Identifier: MIT
"""The errors a user of the Python tools can meet; their text is the message, without a traceback."""

import os
from pathlib import Path


class DeepionError(Exception):
    """Base of every error whose text alone tells the user what is wrong and what to do."""


class ExportError(DeepionError):
    """A DeePMD-kit model that cannot be read or cannot be exported."""


class RefusedError(ExportError):
    """A sound model of a kind, or with a setting, that deepion does not run."""


class ModelFileError(DeepionError):
    """An ONNX file that is not a valid deepion model."""


class ExcessError(DeepionError):
    """Reduced networks err by more on a structure than they may (`on_excess="stop"`)."""


class InputError(DeepionError):
    """A structure, parameter or command-line value that does not fit the model."""


def check_writable(path: Path) -> None:
    """Say before minutes of work that their result could not be written to this file."""
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: cannot be written: it is a folder: name a file")
    if not path.parent.is_dir():
        raise InputError(f"{path}: cannot be written: there is no folder {path.parent}: make it, or name another file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(f"{path}: cannot be written: no permission to write there: name another file")
