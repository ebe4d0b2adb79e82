# SPDX-License-Identifier: MIT
"""Pickles as plain data: a machine for the operations that PyTorch writes, which never imports or calls what a pickle names.

Python's own unpickler is no place for files of others: it calls functions by name, and an index of its memo decides how much
memory it takes. Here a name becomes a Global, an object an Instance and a call is one of the few that the caller of
read_pickle() has given a plain function for. All others are refused. Work and memory are proportional to the pickle's size.
"""

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deepion.errors import ExportError

MOST_BYTES = 64 << 20
MOST_SETTINGS = 4_000_000  # entries and characters of a training input
DEEPEST = 60  # dictionaries and lists in each other
MOST_OPERATIONS = 10_000_000  # a model of 118 elements with a net for each pair takes 6 million


@dataclass(frozen=True)
class Global:
    """A class or function that a pickle names."""

    module: str
    name: str


@dataclass(eq=False)
class Instance:
    """An object: its class and its attributes by name."""

    kind: Global
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Persistent:
    """A reference to something that is stored beside the pickle."""

    value: Any


class _Mark:
    """The mark of the stack."""


_MARK = _Mark()
_SCALARS = (str, int, float, bool, type(None))
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class PickleDamageError(Exception):
    """What is wrong with a pickle, as a clause."""


def read_pickle(
    content: bytes, where: str, known: Callable[[Global], bool], calls: Mapping[Global, Callable[..., Any]]
) -> Any:
    """The value of a pickle.

    where: the file's name and the record, for messages. known: whether a name may occur. calls: plain functions for the calls
    that may occur; they raise PickleDamageError or TypeError for arguments that make no sense.
    """
    if len(content) > MOST_BYTES:
        raise ExportError(f"{where}: {len(content)} bytes: too large for the description of a model")
    machine = _Machine(known, calls)
    try:
        for number, (operation, argument, _) in enumerate(pickletools.genops(content)):
            if number > MOST_OPERATIONS:
                raise PickleDamageError(f"damaged: more than {MOST_OPERATIONS} operations")
            machine.step(operation.name, argument)
        return machine.value()
    except PickleDamageError as damage:
        raise ExportError(f"{where}: {damage}") from None
    except (ValueError, IndexError, KeyError, TypeError, OverflowError):
        raise ExportError(f"{where}: damaged: not a pickle as PyTorch writes it") from None


class _Machine:
    def __init__(self, known: Callable[[Global], bool], calls: Mapping[Global, Callable[..., Any]]):
        self._known = known
        self._calls = calls
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._ended = False

    def value(self) -> Any:
        if not self._ended or len(self._stack) != 1 or self._marks:
            raise PickleDamageError("damaged: it ends too early")
        return self._stack[0]

    def step(self, name: str, argument: Any) -> None:
        """One operation; IndexError, KeyError and TypeError stand for operations without sense."""
        push = self._stack.append
        if name in _VALUES:
            push(argument)
        elif name in _CONSTANTS:
            push(_CONSTANTS[name])
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._top()
        elif name in ("BINGET", "LONG_BINGET"):
            push(self._memo[argument])
        elif name == "GLOBAL":
            push(self._global(argument))
        elif name in ("EMPTY_TUPLE", "EMPTY_LIST", "EMPTY_DICT"):
            push({"EMPTY_TUPLE": tuple, "EMPTY_LIST": list, "EMPTY_DICT": dict}[name]())
        elif name == "MARK":
            self._marks.append(len(self._stack))
        elif name == "TUPLE":
            push(tuple(self._from_mark()))
        elif name in _TUPLES:
            items = [self._pop() for _ in range(_TUPLES[name])]
            push(tuple(reversed(items)))
        elif name in ("APPEND", "APPENDS"):
            items = self._from_mark() if name == "APPENDS" else [self._pop()]
            _expect(self._top(), list).extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = self._from_mark() if name == "SETITEMS" else [self._pop(), self._pop()][::-1]
            _fill(_expect(self._top(), dict), items)
        elif name == "BINPERSID":
            push(Persistent(self._pop()))
        elif name == "NEWOBJ":
            _expect(self._pop(), tuple)
            push(Instance(_expect(self._pop(), Global)))
        elif name == "REDUCE":
            arguments = _expect(self._pop(), tuple)
            push(self._call(_expect(self._pop(), Global), arguments))
        elif name == "BUILD":
            self._build(self._pop())
        elif name == "STOP":
            self._ended = True
        elif name != "PROTO":
            raise PickleDamageError(f"damaged: operation {name}, which PyTorch does not write")

    def _pop(self) -> Any:
        self._top()
        return self._stack.pop()

    def _top(self) -> Any:
        if self._marks and len(self._stack) <= self._marks[-1]:
            raise IndexError
        return self._stack[-1]

    def _from_mark(self) -> list[Any]:
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _global(self, argument: str) -> Global:
        module, _, name = argument.partition(" ")
        found = Global(module, name)
        if not self._known(found):
            raise PickleDamageError(
                f"it names {printable(module)}.{printable(name)}, which no model needs: damaged or made to do harm; "
                "nothing of it was run"
            )
        return found

    def _call(self, function: Global, arguments: tuple[Any, ...]) -> Any:
        if function not in self._calls:
            raise PickleDamageError(f"damaged: a call of {printable(function.module)}.{printable(function.name)}")
        return self._calls[function](*arguments)

    def _build(self, state: Any) -> None:
        """Attributes of an object; those of other things (the metadata of a state dictionary) are of no use here."""
        target = self._top()
        if isinstance(target, Instance):
            target.attributes = _expect(state, dict)


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _fill(target: dict[Any, Any], items: list[Any]) -> None:
    if len(items) % 2:
        raise ValueError
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, _SCALARS):  # the hash of a deep tuple would recurse as deep
            raise TypeError
        target[key] = value


def as_tree(value: Any, most: int = MOST_SETTINGS) -> Any:
    """A copy of dictionaries and lists in which nothing stands at two places.

    A pickle of 1 kB can put one list into another forty times over, or a list into itself: all that walks through such a value,
    or prints it, would not end. Raises PickleDamageError for more than so many entries and characters.
    """
    left = most

    def copy(node: Any, depth: int) -> Any:
        nonlocal left
        left -= 1 + (len(node) if isinstance(node, (str, bytes)) else 0)
        if left < 0 or depth > DEEPEST:
            raise PickleDamageError(f"damaged: settings of more than {most} entries, or that contain themselves")
        if isinstance(node, dict):
            return {copy(key, depth + 1): copy(item, depth + 1) for key, item in node.items()}
        if isinstance(node, (list, tuple)):
            return [copy(item, depth + 1) for item in node]
        return node

    return copy(value, 0)


def printable(text: str) -> str:
    """A short form for messages, without characters that steer a terminal."""
    return text.encode("unicode_escape").decode("ascii")[:80]
