# SPDX-License-Identifier: MIT
"""List the cache of exported models, which inputs use that name models of DeePMD-kit (deepion export --cache fills it).

One line for each model: size, elements, whether it has reduced networks, and the file it was made from.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from deepion.cache import clear, folder
from deepion.errors import InputError, ModelFileError
from deepion.model.model_file import open_model_file


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--clear", action="store_true", help="remove all of it but what is being exported")


def run(arguments: Namespace) -> None:
    where = folder()
    if not arguments.clear:
        entries = sorted(where.glob("*.onnx"))
        print(f"{where}: {len(entries)} models")
        for entry in entries:
            print(f"  {entry.name}\n    {described(entry)}")
        return
    try:
        removed, busy = clear()
    except OSError as error:
        raise InputError(f"{where}: cannot be cleared: {error.strerror or error}") from None
    left = f"; {busy} stay, which are being exported" if busy else ""
    print(f"{where}: removed {removed} models{left}")


def described(entry: Path) -> str:
    try:
        contract = open_model_file(entry).contract
    except ModelFileError:
        return "damaged: removed by --clear, or replaced by the next export"
    networks = "reduced networks" if "reduced" in contract else "full networks"
    size = entry.stat().st_size / 1e6
    return f"{size:.1f} MB, {' '.join(contract['type_map'])}, {networks}, of {contract['source']['file']}"
