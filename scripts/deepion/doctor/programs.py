# SPDX-License-Identifier: MIT
"""Other programs: where PATH has them, and what they print."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a program ended; `status`: None where it was stopped because it took too long, or could not be started."""

    status: int | None
    output: str  # stdout and stderr


def on_path(*names: str) -> list[Path]:
    """All programs of these names in the order of PATH, each file once."""
    found: dict[Path, Path] = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for name in names:
            file = Path(folder or ".", name)
            if file.is_file() and os.access(file, os.X_OK):
                found.setdefault(file.resolve(), file.absolute())
    return list(found.values())


def output_of(
    command: Sequence[str | Path], timeout: float, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> Ended:
    """Run a program to its end; after `timeout` seconds it is stopped together with what it started."""
    words = [str(word) for word in command]
    try:
        with subprocess.Popen(
            words,
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=timeout)
            except BaseException as stopped:
                os.killpg(process.pid, signal.SIGKILL)
                if not isinstance(stopped, subprocess.TimeoutExpired):
                    raise
                output, _ = process.communicate()
                return Ended(None, f"{output}\nnot finished after {timeout:g} s")
    except OSError as error:
        return Ended(None, f"{words[0]}: {error.strerror}")
    return Ended(process.returncode, output)
