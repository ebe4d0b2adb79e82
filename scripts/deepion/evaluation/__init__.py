# SPDX-License-Identifier: MIT
"""Evaluation of an exported model with stock ONNX Runtime: structures, labeled data, ASE."""

from .evaluator import Evaluator, Result

__all__ = ["Evaluator", "Result"]
