# SPDX-License-Identifier: MIT
"""Where the checkout is, for tools that are of no use without one (benchmark, comparisons, study)."""

from pathlib import Path

from deepion.errors import InputError


def root() -> Path:
    """The folder of the checkout that this package is a part of."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / "Cargo.toml").exists():
        raise InputError("this command works in a checkout of deepion only: clone the repository and run scripts/setup")
    return folder
