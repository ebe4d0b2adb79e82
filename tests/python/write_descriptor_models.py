# SPDX-License-Identifier: MIT
"""Export the models of descriptor_cases.py: python tests/python/write_descriptor_models.py FOLDER [NAME...]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from deepion.export.serialized import potential_from_serialized
from deepion.model.model_file import write_model_file
from descriptor_cases import CASES

SOURCE = {"file": "random.dp", "sha256": "0" * 64, "software": "deepmd-kit 3.2.0"}


def write(folder: Path, names: list[str]) -> None:
    """One FOLDER/NAME.onnx for each case, without reduced networks."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or CASES:
        write_model_file(folder / f"{name}.onnx", potential_from_serialized(CASES[name].build(), SOURCE))


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2:])
