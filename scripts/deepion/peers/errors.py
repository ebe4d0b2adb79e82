# SPDX-License-Identifier: MIT
"""The error of a comparison that cannot go on; its text is the message, without a traceback."""

from deepion.errors import DeepionError


class ComparisonError(DeepionError):
    """A run, an evaluation or a file that failed: what, and what was printed."""
