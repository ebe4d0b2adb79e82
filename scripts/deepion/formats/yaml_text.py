# SPDX-License-Identifier: MIT
"""The .yaml files of DeePMD-kit: the serialized dictionary as text."""

from pathlib import Path
from typing import Any

from deepion.errors import ExportError

from .variables import resolve


def read(path: Path) -> dict[str, Any]:
    """The serialized dictionary of a .yaml file; raises ExportError with the file's name."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with open(path, encoding="utf-8") as stream:
            data = yaml.load(stream, Loader=loader)  # noqa: S506  # the loader is made from SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ExportError(f"{path}: cannot be read as YAML: {error}") from None
    try:
        return resolve(data, lambda value: value)
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from None
