# SPDX-License-Identifier: MIT
"""Exported models by the content of the file they were made from: what inputs find that name a file of DeePMD-kit.

CACHE/SHA256-VERSION.onnx is the model whose file has this SHA-256, exported by this version of deepion. The plugin looks there
(rust/bridge/src/model_cache.rs has the same rule) and has `deepion export FILE --cache` make what is missing.
"""

import fcntl
import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

from deepion import __version__
from deepion.errors import DeepionError, InputError

Made = TypeVar("Made")
UNFINISHED = "unfinished-"  # + name of the entry + "-" + random letters: a folder


def folder() -> Path:
    """DEEPION_CACHE, else deepion/models in XDG_CACHE_HOME, else in ~/.cache."""
    if chosen := os.environ.get("DEEPION_CACHE"):
        return Path(chosen)
    caches = os.environ.get("XDG_CACHE_HOME", "")
    # the XDG specification has relative paths ignored
    return (Path(caches) if caches.startswith("/") else Path.home() / ".cache") / "deepion/models"


def entry_of(source: Path) -> Path:
    """Where the exported form of a model file belongs; it need not be there."""
    try:
        with open(source, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{source}: cannot be read: {error.strerror or error}") from None
    return folder() / f"{digest}-{__version__}.onnx"


def fill(
    entry: Path, good: Callable[[Path], bool], make: Callable[[Path], Made], say: Callable[[str], None] = lambda _: None
) -> Made | None:
    """Put a file into the cache unless a good one is there; returns what `make(path)` did, None: nothing had to be done.

    One job at a time makes an entry; the others wait for it. An entry is there as a whole or not at all.
    """
    if good(entry):
        return None
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(entry.parent, os.W_OK):
            raise PermissionError(None, "no permission to write there")
    except OSError as error:
        reason = error.strerror or error
        raise InputError(
            f"the cache {entry.parent} cannot be written: {reason}: name another folder with DEEPION_CACHE"
        ) from None
    with locked(entry.with_suffix(".lock"), say):
        if good(entry):
            return None
        with tempfile.TemporaryDirectory(prefix=f"{UNFINISHED}{entry.stem}-", dir=entry.parent) as temporary:
            made = Path(temporary, entry.name)
            done = make(made)
            try:
                os.replace(made, entry)
            except OSError as error:
                raise InputError(f"{entry}: cannot be put into the cache: {error.strerror or error}") from None
    return done


def clear() -> tuple[int, int]:
    """Remove what is in the cache, and what jobs that were killed have left; what an export is making stays.

    Returns the number of models removed, and of those that are being made.
    """
    where = folder()
    of_lock: dict[str, list[Path]] = {}
    for path in [*where.glob("*.onnx"), *where.glob("*.lock"), *where.glob(f"{UNFINISHED}*")]:
        owner = path.name.removeprefix(UNFINISHED).rpartition("-")[0] if path.is_dir() else path.stem
        of_lock.setdefault(owner or path.name, []).append(path)
    removed = busy = 0
    for owner, paths in of_lock.items():
        lock = where / f"{owner}.lock"
        with open(lock, "a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                busy += 1
                continue
            except OSError:
                pass  # a file system without locks: nobody can know
            for path in paths:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            lock.unlink(missing_ok=True)
            removed += sum(path.suffix == ".onnx" for path in paths)
    return removed, busy


@contextmanager
def locked(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock file; it is the operating system's lock that counts, which a job that was killed does not keep."""
    while True:
        try:
            file = open(path, "a+", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"waiting for another export of the same file, {holder(file)}")
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError as error:
                say(f"{path.parent} has no locks ({error.strerror}): jobs that start together may do the same work")
                yield
                return
            if not same_file(file, path):
                continue  # whoever had it has removed it
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            file.flush()
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def holder(file: TextIO) -> str:
    """Who has the lock."""
    file.seek(0)
    return file.read().strip() or "in another process"


def same_file(file: TextIO, path: Path) -> bool:
    """Whether the open file is the one that has the name now."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def is_model(entry: Path, reduced: bool = False) -> bool:
    """Whether an intact exported model is there; reduced: one with reduced networks."""
    if not entry.is_file():
        return False
    from deepion.model.model_file import open_model_file

    try:
        contract = open_model_file(entry).contract
    except DeepionError:
        return False
    return "reduced" in contract or not reduced
