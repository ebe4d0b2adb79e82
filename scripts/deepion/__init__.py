# SPDX-License-Identifier: MIT
"""Python side of deepion: DeePMD-kit models to self-contained ONNX files, and the engine of the pair style (DeepPot)."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepion.engine.deep_pot import DeepPot as DeepPot

# Released libraries of ONNX Runtime report to their maker from the moment they start; only the environment stops them in time.
for _name in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"):
    os.environ.setdefault(_name, "1")

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """DeepPot, imported where it is used: models are exported without what it needs."""
    if name == "DeepPot":
        from deepion.engine.deep_pot import DeepPot

        return DeepPot
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
