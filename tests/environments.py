# SPDX-License-Identifier: MIT
"""Environments with programs of others, which `scripts/test environments` makes and names by DEEPION_ENVIRONMENTS."""

import os
from pathlib import Path

import pytest


def python_of(name: str) -> Path:
    """The Python of one of them; of none where they are not wanted."""
    return Path(os.environ.get("DEEPION_ENVIRONMENTS", "/nowhere"), name, "bin/python")


def needs(name: str) -> pytest.MarkDecorator:
    """Marks tests that run there only."""
    return pytest.mark.skipif(not python_of(name).exists(), reason="scripts/test environments runs it")
