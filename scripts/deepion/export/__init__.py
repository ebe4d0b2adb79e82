# SPDX-License-Identifier: MIT
"""DeePMD-kit models to self-contained ONNX files."""

from .exporter import Exported, export, load_potential

__all__ = ["Exported", "export", "load_potential"]
