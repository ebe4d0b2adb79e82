# SPDX-License-Identifier: MIT
"""The .dp files of DeePMD-kit: HDF5, a JSON text as an attribute and one data set for each variable."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from deepion.errors import ExportError

from .variables import resolve

MOST_RATIO = 1100  # of deflate, which reaches 1032
SMALL = 1 << 16  # bytes that any data set may have


def read(path: Path) -> dict[str, Any]:
    """The serialized dictionary of a .dp file; raises ExportError with the file's name."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("json")
            if not isinstance(text, str):
                raise ExportError("an HDF5 file, but not a DeePMD-kit model (no 'json' attribute)")
            return resolve(_description(text), lambda name: _dataset(file, name))
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from None
    except OSError as error:
        raise ExportError(f"{path}: cannot be read as a .dp file (HDF5): {error}") from None
    except (KeyError, RuntimeError, ValueError, TypeError, AttributeError, OverflowError) as error:
        # what h5py raises where the library finds the file damaged
        raise ExportError(f"{path}: damaged: {' '.join(str(error).split())[:200]}") from None


def _description(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"the model description in it is damaged: {error}") from None


def _dataset(file: Any, name: Any) -> np.ndarray | Any:
    """The values of a data set, or of what is no name itself. Its size is compared with what the file has stored of it."""
    import h5py

    if not isinstance(name, str):
        return name
    link = file.get(name, getlink=True)
    if link is None:
        raise ExportError(f"incomplete, dataset {name} is missing")
    if not isinstance(link, h5py.HardLink):
        raise ExportError(f"damaged: dataset {name} is in another file")
    data = file[name]
    if not isinstance(data, h5py.Dataset) or data.dtype.kind not in "fiub":
        raise ExportError(f"damaged: {name} is no array of numbers")
    if data.external is not None or data.is_virtual:
        raise ExportError(f"damaged: dataset {name} is in another file")
    if data.nbytes > SMALL + MOST_RATIO * data.id.get_storage_size():
        raise ExportError(f"damaged: dataset {name} has {data.nbytes} bytes, more than the file can hold of it")
    return data[()]
