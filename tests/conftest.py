"""Checks that hold for all tests."""

from importlib.util import find_spec

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Stop at once where every test would fail at its imports."""
    if find_spec("deepion") is None:
        pytest.exit(
            "the package deepion is not installed in this environment: run scripts/setup, or "
            "pip install --no-deps --no-build-isolation --editable .",
            returncode=4,
        )
