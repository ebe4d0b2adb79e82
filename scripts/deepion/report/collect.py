# SPDX-License-Identifier: MIT
"""What a report shows: tables, logs of LAMMPS and errors of models in a folder, and which files could not be read."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepion.errors import DeepionError
from deepion.results.tables import BEGIN, Table, read_any

LARGEST = 50_000_000  # bytes; no table is that long
LARGEST_ERRORS = 100_000  # bytes; saved states of measurements are JSON, too, and longer


@dataclass
class Found:
    """Everything in a folder. Names are relative to it."""

    folder: Path
    tables: dict[str, list[Table]] = field(default_factory=dict)  # by kind, in the order of their names
    names: dict[Path, str] = field(default_factory=dict)  # of tables; several for files with the same content
    logs: list[tuple[str, str]] = field(default_factory=list)  # (log, warning or error), each of a log once
    errors: list[dict[str, Any]] = field(default_factory=list)  # of models, as `deepion evaluate --json` writes them
    unread: list[str] = field(default_factory=list)  # one line for each damaged file


def collect(folder: Path) -> Found:
    """Read everything in a folder, at any depth."""
    found = Found(folder)
    same: dict[str, Path] = {}
    for path in sorted(path for path in folder.rglob("*") if not path.name.startswith(".")):
        name = str(path.relative_to(folder))
        try:
            if not path.is_file() or path.stat().st_size > LARGEST:
                continue
            if path.name.startswith("log."):
                found.logs += [(name, line) for line in log_lines(path)]
            elif path.suffix == ".json":
                if path.stat().st_size < LARGEST_ERRORS and (document := model_errors(path)):
                    found.errors.append(document)
            elif is_table(path):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                if content in same:
                    found.names[same[content]] += f", {name}"
                    continue
                table = read_any(path)
                same[content] = path
                found.names[path] = name
                if table.kind and len(table.rows):
                    found.tables.setdefault(table.kind, []).append(table)
        except DeepionError as error:
            found.unread.append(str(error).replace(str(path), name))
        except OSError as error:
            found.unread.append(f"{name} cannot be read: {error.strerror}")
    return found


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


def log_lines(path: Path) -> list[str]:
    """Warnings and errors of a log of LAMMPS, without the place in its source that they end with."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    lines = [line.strip() for line in lines if line.startswith(("WARNING", "ERROR"))]
    return list(
        dict.fromkeys(line.rpartition(" (")[0] if line.endswith(")") and ".cpp:" in line else line for line in lines)
    )


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
