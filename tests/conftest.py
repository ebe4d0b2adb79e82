# SPDX-License-Identifier: MIT
"""Stops at once where every test would fail at its imports."""

from importlib.util import find_spec

import pytest

if find_spec("deepion") is None:
    pytest.exit(
        "the package deepion is not installed in this environment: run scripts/setup, or "
        "pip install --no-deps --no-build-isolation --editable .",
        returncode=4,
    )
