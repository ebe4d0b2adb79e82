# SPDX-License-Identifier: MIT
"""Objects of a TorchScript archive with checked attributes."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from deepion.errors import ExportError

from .pickle_data import Instance, printable
from .table import NotPlainError
from .torch_archive import Tensor, TorchArchive

_REQUIRED = object()
PRECISIONS = {5: "float16", 6: "float32", 7: "float64", 15: "bfloat16"}  # numbers of PyTorch's data types


class ScriptObject:
    """One object; every getter raises ExportError for a value of another type, NotPlainError where the attribute is missing.

    A default stands for an attribute that older versions of DeePMD-kit do not have.
    """

    def __init__(self, archive: TorchArchive, value: Any, path: str):
        self._archive = archive
        self._path = path
        if not isinstance(value, Instance):
            raise self._wrong("an object")
        self._value = value

    @property
    def kind(self) -> str:
        """The name of its class."""
        return self._value.kind.name

    def _wrong(self, wanted: str, key: str = "") -> ExportError:
        name = f"{self._path}.{key}" if key else self._path
        return ExportError(f"{self._archive.path}: damaged: {printable(name)}: expected {wanted}")

    def __contains__(self, key: str) -> bool:
        return self._value.attributes.get(key) is not None

    def _get(self, key: str, default: Any) -> Any:
        found = self._value.attributes.get(key, default)
        if found is _REQUIRED:
            raise NotPlainError(f"{printable(self._path)} ({printable(self.kind)}) has no '{key}' as deepion knows it")
        return found

    def _typed(self, key: str, kinds: tuple[type, ...], wanted: str, default: Any) -> Any:
        found = self._get(key, default)
        if found is not None and found is not default and type(found) not in kinds:
            raise self._wrong(wanted, key)
        if found is None and default is not None:
            raise self._wrong(wanted, key)
        return found

    def plain(self, key: str) -> Any:
        """A value of any type."""
        return self._get(key, _REQUIRED)

    def whole(self, key: str, default: Any = _REQUIRED) -> int:
        return self._typed(key, (int,), "a whole number", default)

    def number(self, key: str, default: Any = _REQUIRED) -> float:
        return self._typed(key, (int, float), "a number", default)

    def flag(self, key: str, default: Any = _REQUIRED) -> bool:
        return self._typed(key, (bool,), "true or false", default)

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        return self._typed(key, (str,), "a text", default)

    def values(self, key: str, kinds: tuple[type, ...], default: Any = _REQUIRED) -> list[Any]:
        """A list whose elements are of these types."""
        found = self._typed(key, (list,), "a list", default)
        if found is not default and any(type(item) not in kinds for item in found):
            raise self._wrong(f"a list of {' or '.join(kind.__name__ for kind in kinds)}", key)
        return found

    def precision(self) -> str:
        """The name of the data type in attribute 'prec'."""
        number = self.whole("prec")
        if number not in PRECISIONS:
            raise self._wrong("the number of a floating-point type", "prec")
        return PRECISIONS[number]

    def array(self, key: str, default: Any = _REQUIRED) -> Any:
        """The values of a tensor, or the default."""
        found = self._get(key, default)
        if found is None and default is None:
            return None
        if isinstance(found, np.ndarray):  # not of the file
            return found
        if not isinstance(found, Tensor):
            raise self._wrong("a tensor", key)
        return self._archive.array(found)

    def child(self, key: str) -> "ScriptObject":
        return ScriptObject(self._archive, self._get(key, _REQUIRED), f"{self._path}.{key}")

    def children(self, key: str) -> Iterator["ScriptObject"]:
        """The objects of a list of modules."""
        modules = self.child(key)
        for number in range(modules.length()):
            yield modules.child(str(number))

    def arrays(self, key: str) -> list[np.ndarray]:
        """The tensors of a list of parameters."""
        parameters = self.child(key)
        return [parameters.array(str(number)) for number in range(parameters.length())]

    def length(self) -> int:
        """How many attributes are numbered from 0 on."""
        number = 0
        while str(number) in self._value.attributes:
            number += 1
        return number
