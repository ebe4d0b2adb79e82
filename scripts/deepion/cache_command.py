# SPDX-License-Identifier: MIT
"""List the cache of exported models, which inputs use that name models of DeePMD-kit (deepion export --cache fills it).

One line for each model: size, elements, whether it has reduced networks, and the file it was made from.
"""

import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path

from deepion.cache import folder
from deepion.errors import InputError, ModelFileError
from deepion.model.model_file import open_model_file


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--clear", action="store_true", help="remove all of it")


def run(arguments: Namespace) -> None:
    where = folder()
    entries = sorted(where.glob("*.onnx"))
    if not arguments.clear:
        print(f"{where}: {len(entries)} models")
        for entry in entries:
            print(f"  {entry.name}\n    {described(entry)}")
        return
    # left behind by jobs that were killed
    unfinished = [*where.glob("unfinished-*"), *where.glob("*.lock")]
    try:
        for path in entries + unfinished:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{where}: cannot be cleared: {error.strerror or error}") from None
    print(f"{where}: removed {len(entries)} models")


def described(entry: Path) -> str:
    try:
        contract = open_model_file(entry).contract
    except ModelFileError:
        return "damaged: removed by --clear, or replaced by the next export"
    networks = "reduced networks" if "reduced" in contract else "full networks"
    size = entry.stat().st_size / 1e6
    return f"{size:.1f} MB, {' '.join(contract['type_map'])}, {networks}, of {contract['source']['file']}"
