# SPDX-License-Identifier: MIT
"""Small TorchScript archives for tests: what DeePMD-kit froze, with weights from a random stream.

Only the description of each model (data.pkl), its statistics and index tensors are stored. The weights are made here from
fixed seeds, in the way that make_torch_archives.py put them into the archives that DeePMD-kit evaluated.
"""

import hashlib
import io
import json
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parents[1] / "data"
STORED = DATA / "models" / "torch_archives.tar.xz"
REFERENCE = DATA / "reference" / "torch_archives.json"
# not in what DeePMD-kit serializes of a frozen model, or not in the frozen model
UNCOMPARED = {"time", "version", "software", "pt_version", "attention_layers", "vdata", "rmax"}


def weights(key: str, dtype: str, count: int) -> bytes:
    """The bytes of a storage of weights."""
    return np.random.RandomState(1000 + int(key)).uniform(-0.6, 0.6, count).astype(dtype).tobytes()


def reference() -> dict[str, Any]:
    """DeePMD-kit's values: {"coord", "types", "models": {name: {"energy", "force", "virial", "digest", ...}}}."""
    return json.loads(REFERENCE.read_text())


@cache
def _stored() -> dict[str, bytes]:
    with tarfile.open(STORED) as file:
        return {member.name: file.extractfile(member).read() for member in file.getmembers()}


def records(name: str) -> dict[str, bytes]:
    """The records of an archive."""
    stored = {key.removeprefix(f"{name}/"): value for key, value in _stored().items() if key.startswith(f"{name}/")}
    made = json.loads(stored.pop("weights.json"))
    stored |= {f"data/{key}": weights(key, dtype, count) for key, dtype, count in made}
    stored["byteorder"] = b"little"
    return {f"{name}/{key}": value for key, value in stored.items()}


def packed(content: dict[str, bytes]) -> bytes:
    """A zip archive of these records."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for key, value in content.items():
            file.writestr(key, value)
    return stream.getvalue()


def write(name: str, folder: Path) -> Path:
    """The archive of this name as a .pth file; a checkpoint as a .pt file."""
    path = folder / (f"{name}.pt" if name.startswith("checkpoint") else f"{name}.pth")
    path.write_bytes(packed(records(name)))
    return path


def digest(data: Any) -> str:
    """A hash of a serialized model: settings, types, shapes and every bit of its arrays."""
    found = hashlib.sha256()
    _add(found, "", data)
    return found.hexdigest()


def _add(found: Any, path: str, node: Any) -> None:
    if isinstance(node, dict):
        for key in sorted(node):
            if key not in UNCOMPARED:
                _add(found, f"{path}/{key}", node[key])
    elif isinstance(node, (list, tuple)):
        for number, item in enumerate(node):
            _add(found, f"{path}/{number}", item)
    elif isinstance(node, np.ndarray):
        found.update(f"{path}={node.dtype.name}{list(node.shape)}".encode() + node.tobytes())
    else:
        plain = node.item() if isinstance(node, np.generic) else node
        found.update(f"{path}={plain!r}\n".encode())
