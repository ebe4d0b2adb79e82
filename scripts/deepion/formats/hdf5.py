# SPDX-License-Identifier: MIT
"""The .dp files of DeePMD-kit: HDF5, a JSON text as an attribute and one data set for each variable."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from deepion.errors import ExportError

from .variables import resolve


def read(path: Path) -> dict[str, Any]:
    """The serialized dictionary of a .dp file; raises ExportError with the file's name."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "json" not in file.attrs:
                raise ExportError(f"{path}: an HDF5 file, but not a DeePMD-kit model (no 'json' attribute)")
            return resolve(json.loads(file.attrs["json"]), lambda name: _dataset(path, file, name))
    except OSError as error:
        raise ExportError(f"{path}: cannot be read as a .dp file (HDF5): {error}") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise ExportError(f"{path}: the model description in it is damaged: {error}") from None


def _dataset(path: Path, file, name: Any) -> np.ndarray | Any:
    if not isinstance(name, str):
        return name
    if name not in file:
        raise ExportError(f"{path}: incomplete, dataset {name} is missing")
    return file[name][()]
