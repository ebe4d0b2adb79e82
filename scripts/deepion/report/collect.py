# SPDX-License-Identifier: MIT
"""What a page shows: tables, states, logs of LAMMPS and errors of models in a folder, and which files could not be read.

Files are read again only when they have changed; of logs, only what was added.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepion.errors import DeepionError
from deepion.results.lammps_log import Log
from deepion.results.tables import BEGIN, Table, read_any

LARGEST = 50_000_000  # bytes; no table is that long
LARGEST_ERRORS = 100_000  # bytes; saved states of measurements are JSON, too, and longer
STATE = b'{"deepion_state":"ion/transport"'  # how states begin that deepion-merge can make a ladder of
# In names of files and folders, as in 700K/transport.dat and state.700K.json.
TEMPERATURE = re.compile(r"(?<![A-Za-z0-9])(?<!\d\.)\d+(?:\.\d+)?K(?![A-Za-z0-9])")

Stamp = tuple[int, int, int]  # of a file: node, size, time of its last change (ns)


@dataclass(frozen=True)
class LogFile:
    """A log, and when something was last written to it (s since 1970)."""

    log: Log
    written: float


@dataclass
class Found:
    """Everything in a folder. Names are relative to it."""

    folder: Path
    tables: dict[str, list[Table]] = field(default_factory=dict)  # by kind, in the order of their names
    names: dict[Path, str] = field(default_factory=dict)  # of tables; several for files with the same content
    stamps: dict[Path, Stamp] = field(default_factory=dict)  # of tables and states: another one is another content
    states: list[Path] = field(default_factory=list)  # of fix ion/transport
    logs: dict[str, LogFile] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)  # of models, as `deepion evaluate --json` writes them
    unread: list[str] = field(default_factory=list)  # one line for each damaged file

    @property
    def empty(self) -> bool:
        return not self.tables and not self.logs


@dataclass
class Collector:
    """Reads a folder, as often as one likes."""

    folder: Path
    _known: dict[Path, tuple[Stamp, Any]] = field(default_factory=dict)
    _logs: dict[Path, tuple[int, int, Log]] = field(default_factory=dict)  # node, bytes read, what they say

    def collect(self) -> Found:
        """Read everything in the folder, at any depth."""
        found = Found(self.folder)
        same: dict[str, Path] = {}
        for path in sorted(path for path in self.folder.rglob("*") if not path.name.startswith(".")):
            name = str(path.relative_to(self.folder))
            try:
                self.add(found, path, name, same)
            except DeepionError as error:
                found.unread.append(str(error).replace(str(path), name))
            except FileNotFoundError:
                continue  # removed meanwhile
            except OSError as error:
                found.unread.append(f"{name} cannot be read: {error.strerror}")
        return found

    def add(self, found: Found, path: Path, name: str, same: dict[str, Path]) -> None:
        """One file."""
        status = path.stat()
        if not path.is_file():
            return
        if is_log(path):
            found.logs[name] = LogFile(self.log(path, status), status.st_mtime)
            return
        if status.st_size > LARGEST:
            return
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        content = self.content(path, stamp)
        if isinstance(content, DeepionError):
            raise content
        if isinstance(content, dict):
            found.errors.append(content)
        elif content == STATE:
            found.states.append(path)
            found.stamps[path] = stamp
        elif content is not None:
            digest, table = content
            if digest in same:
                found.names[same[digest]] += f", {name}"
                return
            same[digest] = path
            found.names[path] = name
            found.stamps[path] = stamp
            if table.kind and len(table.rows):
                found.tables.setdefault(table.kind, []).append(table)

    def content(self, path: Path, stamp: Stamp) -> Any:
        """What `read` says, from memory where the file has not changed."""
        if self._known.get(path, (None,))[0] != stamp:
            try:
                content = read(path, stamp[1])
            except DeepionError as error:
                content = error
            self._known[path] = (stamp, content)
        return self._known[path][1]

    def log(self, path: Path, status: os.stat_result) -> Log:
        """A log, with all lines that have been ended."""
        node, place, log = self._logs.get(path, (0, 0, Log(every_row=False)))
        if node != status.st_ino or place > status.st_size:  # another file
            node, place, log = status.st_ino, 0, Log(every_row=False)
        if place < status.st_size:
            with path.open("rb") as file:
                file.seek(place)
                new = file.read()
            new = new[: new.rfind(b"\n") + 1]
            log.take(new.decode(errors="replace").splitlines())
            place += len(new)
        self._logs[path] = (node, place, log)
        return log


def collect(folder: Path) -> Found:
    """Everything in a folder, at any depth."""
    return Collector(folder).collect()


def read(path: Path, size: int) -> Any:
    """Errors of a model (a dict), the mark of a state, hash and table, or None: something else."""
    if path.suffix == ".json":
        with path.open("rb") as file:
            if file.read(len(STATE)) == STATE:
                return STATE
        return model_errors(path) if size < LARGEST_ERRORS else None
    if not is_table(path):
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest(), read_any(path)


def is_log(path: Path) -> bool:
    """Whether a file is a log of LAMMPS: by its usual name, or by its beginning where it is called *.log."""
    if path.name.startswith("log.") or path.suffix != ".log":
        return path.name.startswith("log.")
    with path.open("rb") as file:
        return file.read(8) == b"LAMMPS ("


def is_table(path: Path) -> bool:
    """Whether a file is a table of deepion, perhaps a damaged one: it has the line of results, or the older one of columns."""
    with path.open("rb") as file:
        if file.read(2) != b"# ":
            return False
        file.seek(0)
        for line in file:
            if not line.startswith(b"#"):
                return False
            if line.startswith((BEGIN.encode(), b"# column 1: ")):
                return True
    return False


def model_errors(path: Path) -> dict[str, Any] | None:
    """A document of `deepion evaluate --json`; None: it is something else."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None  # of another program, or just being written
    if not isinstance(document, dict) or not {"sha256", "frames", "errors"} <= document.keys():
        return None
    try:
        lines = [
            {"quantity": str(one["quantity"]), "unit": str(one["unit"]), "count": int(one["count"])}
            | {key: float(one[key]) for key in ("mae", "rmse")}
            for one in document["errors"]
        ]
        model, frames = Path(document["model"]).name, int(document["frames"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DeepionError(
            f"{path} is damaged: expected errors of a model, as `deepion evaluate --json` writes them"
        ) from None
    return {"model": model, "sha256": str(document["sha256"]), "frames": frames, "errors": lines}


def masked(name: str) -> str:
    """The name without its temperature: the same for all files of a ladder; empty where there is none in it."""
    return TEMPERATURE.sub("*", name) if TEMPERATURE.search(name) else ""
