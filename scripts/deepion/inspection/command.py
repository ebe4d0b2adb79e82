# SPDX-License-Identifier: MIT
"""Say what model files hold: descriptor, elements, cutoff, networks, and whether and how each can be exported.

Reads models of DeePMD-kit in any form and exported .onnx files; needs neither PyTorch nor TensorFlow nor DeePMD-kit.
"""

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from deepion.errors import DeepionError

from .file import inspect
from .text import lines_of


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "files", metavar="FILE", type=Path, nargs="+", help="model: .dp, .yaml, .pb, .pth, .pt2, .onnx, ..."
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list with one object for each file")


def run(arguments: Namespace) -> None:
    """One that cannot be read does not stop the others; the exit status is 1 then."""
    failed = False
    summaries = []
    for path in arguments.files:
        try:
            summary = inspect(path)
        except DeepionError as error:
            failed = True
            summaries.append({"file": str(path), "error": str(error)})
            if not arguments.json:
                print(f"deepion inspect: {error}", file=sys.stderr, flush=True)
            continue
        if arguments.json:
            summaries.append(asdict(summary))
        else:
            print("\n".join(lines_of(summary)), flush=True)
    if arguments.json:
        print(json.dumps(summaries, indent=1))
    if failed:
        sys.exit(1)
