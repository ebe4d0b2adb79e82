# SPDX-License-Identifier: MIT
"""Archives of PyTorch (TorchScript models, checkpoints) as plain data, without PyTorch and without running anything of them.

The layout, as `torch.jit.save` and `torch.save` write it: a zip archive with one folder; in it data.pkl, a pickle of objects
and tensors; data/N, the bytes of storage N; byteorder; code/, which is not looked at.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from deepion.errors import ExportError

from .pickle_data import Global, Instance, Persistent, PickleDamageError, printable, read_pickle
from .table import NotPlainError
from .zip_archive import ZipArchive

STORAGES = {
    "DoubleStorage": "f8", "FloatStorage": "f4", "HalfStorage": "f2", "LongStorage": "i8", "IntStorage": "i4",
    "ShortStorage": "i2", "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?",
    "BFloat16Storage": None,
}  # fmt: skip
MOST_COPIES = 8  # times that all weights together may be asked for


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the archive: a view of storage `key`, in elements; kind: the name of the storage's class."""

    key: str
    kind: str
    elements: int
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class TorchArchive:
    """root: what data.pkl holds; objects of the model's classes are Instances, tensors are Tensors (see array).

    Open until the end of its `with`; arrays stay.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self._storages: dict[str, np.ndarray] = {}
        self._zip = ZipArchive(path)
        try:
            self._open()
        except ExportError:
            self._zip.__exit__()
            raise

    def _open(self) -> None:
        path = self.path
        inner = [name for name in self._zip.names if name.count("/") == 1 and name.endswith("/data.pkl")]
        if len(inner) != 1:
            raise ExportError(f"{path}: a zip archive, but not one of PyTorch (no data.pkl in its folder)")
        self._folder = inner[0].removesuffix("data.pkl")
        order = f"{self._folder}byteorder"
        self._order = ">" if order in self._zip and self._zip.read(order, 16).strip() == b"big" else "<"
        stored = sum(self._zip.size(name) for name in self._zip.names if name.startswith(f"{self._folder}data/"))
        self._budget = MOST_COPIES * stored
        self.root = read_pickle(self._zip.read(inner[0], 64 << 20), f"{path}: {inner[0]}", _known, _CALLS)

    def __enter__(self) -> "TorchArchive":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.__exit__()

    def size_beside(self, name: str) -> int:
        """Bytes of a file that was put into the archive beside the model; 0: there is none, or nothing in it."""
        record = f"{self._folder}extra/{name}"
        return self._zip.size(record) if record in self._zip else 0

    def array(self, tensor: Tensor) -> np.ndarray:
        """The values of a tensor, read-only."""
        storage = self._storage(tensor)
        count = math.prod(tensor.shape)
        if count == 0:
            return np.zeros(tensor.shape, storage.dtype)
        last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride, strict=True))
        if last >= storage.size:
            raise ExportError(f"{self.path}: damaged: a tensor reaches beyond its storage {printable(tensor.key)}")
        if count > storage.size:
            raise NotPlainError("a tensor repeats its storage")
        self._budget -= count * storage.itemsize
        if self._budget < 0:
            raise ExportError(f"{self.path}: damaged: the same weights are used again and again")
        steps = tuple(step * storage.itemsize for step in tensor.stride)
        return as_strided(storage[tensor.offset :], tensor.shape, steps, writeable=False)

    def _storage(self, tensor: Tensor) -> np.ndarray:
        code = STORAGES[tensor.kind]
        if code is None:
            raise NotPlainError(f"weights of the kind {tensor.kind.removesuffix('Storage').lower()}")
        dtype = np.dtype(self._order + code)
        if tensor.key not in self._storages:
            name = f"{self._folder}data/{tensor.key}"
            if self._zip.size(name) != tensor.elements * dtype.itemsize:
                raise ExportError(
                    f"{self.path}: damaged: record {printable(name)} has {self._zip.size(name)} bytes, expected "
                    f"{tensor.elements * dtype.itemsize}"
                )
            self._storages[tensor.key] = np.frombuffer(self._zip.read(name), dtype)
        storage = self._storages[tensor.key]
        if storage.dtype != dtype:
            raise ExportError(f"{self.path}: damaged: storage {printable(tensor.key)} has two kinds")
        return storage


def _known(name: Global) -> bool:
    return (
        name in _CALLS
        or name.module.startswith("__torch__.")
        or (name.module == "torch" and name.name in STORAGES)
    )  # fmt: skip


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 48:
        raise PickleDamageError("damaged: a tensor of a size that makes no sense")
    return value


def _tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, _grad: Any = None, _hooks: Any = None, _metadata: Any = None
) -> Tensor:
    """torch._utils._rebuild_tensor_v2."""
    if not isinstance(storage, Persistent):
        raise TypeError
    word, kind, key, _device, elements = storage.value
    if word != "storage" or not isinstance(kind, Global) or not isinstance(key, str) or len(shape) != len(stride):
        raise TypeError
    if kind.name not in STORAGES or len(shape) > 16:
        raise PickleDamageError("damaged: a tensor of a kind that no model has")
    return Tensor(
        key, kind.name, _whole(elements), _whole(offset), tuple(map(_whole, shape)), tuple(map(_whole, stride))
    )


def _parameter(tensor: Any, _grad: Any = None, _hooks: Any = None, _state: Any = None) -> Tensor:
    """torch._utils._rebuild_parameter."""
    if not isinstance(tensor, Tensor):
        raise TypeError
    return tensor


def _tagged(value: Any, _tag: Any) -> Any:
    """torch.jit._pickle.restore_type_tag: a value with the name of its type."""
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _ordered(items: Any = ()) -> dict[Any, Any]:
    """collections.OrderedDict, which PyTorch fills afterwards."""
    if items:
        raise TypeError
    return {}


_CALLS: dict[Global, Callable[..., Any]] = {
    Global("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Global("torch._utils", "_rebuild_parameter"): _parameter,
    Global("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    Global("torch.jit._pickle", "restore_type_tag"): _tagged,
    Global("torch.jit._pickle", "build_intlist"): _list,
    Global("torch.jit._pickle", "build_doublelist"): _list,
    Global("torch.jit._pickle", "build_boollist"): _list,
    Global("torch.jit._pickle", "build_tensorlist"): _list,
    Global("collections", "OrderedDict"): _ordered,
}

__all__ = ["Instance", "Tensor", "TorchArchive"]
