# SPDX-License-Identifier: MIT
"""Read a DeePMD-kit model file into its serialized dictionary, with numpy arrays in place of variables."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from deepion.errors import ExportError


def read_model(path: Path) -> dict[str, Any]:
    """The serialized dictionary of a model file; keys "model", "backend", "@variables", ... as DeePMD-kit writes them."""
    path = Path(path)
    if not path.exists():
        raise ExportError(f"{path}: no such file or directory")
    suffix = path.suffix.lower()
    if suffix == ".dp":
        data = _read_hdf5(path)
    elif suffix in (".yaml", ".yml"):
        data = _read_yaml(path)
    else:
        if suffix == ".json":
            _refuse_training_input(path, _json_if_any(path))
        from .deepmd_backend import read_through_deepmd

        data = read_through_deepmd(path)
    _refuse_training_input(path, data)
    if not isinstance(data, dict) or not isinstance(data.get("model"), dict):
        raise ExportError(f"{path}: no DeePMD-kit model in it (no 'model' entry)")
    return data


def _refuse_training_input(path: Path, data: Any) -> None:
    if isinstance(data, dict) and "training" in data:
        raise ExportError(
            f"{path}: a training input, not a model: give the model trained with it, as frozen by\n"
            "  dp freeze -o model.pb  (TensorFlow)  or  dp --pt freeze -o model.pth  (PyTorch)"
        )


def _json_if_any(path: Path) -> Any:
    """Files of this suffix are training inputs or models of the Paddle backend, which DeePMD-kit has to read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def source_of(path: Path, data: dict[str, Any]) -> dict[str, str]:
    """Where the model came from: file name, sha256 of its bytes, software that wrote it."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        with open(file, "rb") as stream:
            for chunk in iter(lambda: stream.read(1 << 20), b""):
                digest.update(chunk)
    software = f"{data.get('software', 'deepmd-kit')} {data.get('version', '')}".strip()
    return {"file": path.name, "sha256": digest.hexdigest(), "software": software}


def _read_hdf5(path: Path) -> dict[str, Any]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "json" not in file.attrs:
                raise ExportError(f"{path}: an HDF5 file, but not a DeePMD-kit model (no 'json' attribute)")
            data = json.loads(file.attrs["json"])
            return _resolve(data, lambda name: _dataset(path, file, name))
    except OSError as error:
        raise ExportError(f"{path}: cannot be read as a .dp file (HDF5): {error}") from None
    except json.JSONDecodeError as error:
        raise ExportError(f"{path}: the model description in it is damaged: {error}") from None


def _dataset(path: Path, file, name: Any) -> np.ndarray | Any:
    if not isinstance(name, str):
        return name
    if name not in file:
        raise ExportError(f"{path}: incomplete, dataset {name} is missing")
    return file[name][()]


def _read_yaml(path: Path) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with open(path, encoding="utf-8") as stream:
            data = yaml.load(stream, Loader=loader)  # noqa: S506  # the loader is made from SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ExportError(f"{path}: cannot be read as YAML: {error}") from None
    return _resolve(data, lambda value: value)


def _resolve(node: Any, variable, inside_variables: bool = False) -> Any:
    """Replace the variables of a serialized tree: array dictionaries (.yaml) and the leaves under "@variables" (.dp)."""
    if isinstance(node, dict):
        if node.get("@is_variable"):
            return np.asarray(node["value"], dtype=np.dtype(node["dtype"]))
        return {k: _resolve(v, variable, inside_variables or k == "@variables") for k, v in node.items()}
    if isinstance(node, list):
        return [_resolve(v, variable, inside_variables) for v in node]
    return variable(node) if inside_variables and node is not None else node
