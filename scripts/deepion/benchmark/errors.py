# SPDX-License-Identifier: MIT
"""The error of a benchmark that cannot go on; its text is the message, without a traceback."""

from deepion.errors import DeepionError


class BenchError(DeepionError):
    """A run, an installation or a model that failed: what, and what was printed."""
