# SPDX-License-Identifier: MIT
"""What is compared: the modes of pair_style deepmd/onnx, and the variant of DeePMD-kit's model each is set against."""

from dataclasses import dataclass

from .errors import BenchError


@dataclass(frozen=True)
class Mode:
    """One way to run pair_style deepmd/onnx: the keywords behind its models, which are one file that is named several times."""

    name: str
    keywords: str
    models: int = 1


@dataclass(frozen=True)
class PeerMode:
    """One variant of DeePMD-kit's model; precision: float32 or float64. most_atoms: more do not fit into memory."""

    name: str
    precision: str
    compressed: bool
    most_atoms: int | None = None


MODES = (
    Mode("reduced", "precision mixed reduce 1e-3"),
    Mode("default", "precision mixed reduce 1e-4"),
    Mode("mixed", "precision mixed tabulate yes reduce 0"),
    Mode("mixed-no-tables", "precision mixed tabulate no"),
    Mode("double-tables", "precision double tabulate yes"),
    Mode("double", "precision double tabulate no"),
)
# Measured where they are asked for. The cost of models of other seeds is that of the same file opened several times.
COMMITTEES = (
    Mode("committee", "precision mixed out_freq 1", 4),
    Mode("committee-10", "precision mixed out_freq 10", 4),
    Mode("committee-alike", "precision mixed reduce 1e-4 out_freq 1", 4),
)
TRUTH = Mode("truth", "precision double tabulate no")  # equals DeePMD-kit in float64 to 5e-13 eV/A

PEER_MODES = (
    PeerMode("deepmd-float32-compressed", "float32", True),
    PeerMode("deepmd-float32", "float32", False, 13_000),
    PeerMode("deepmd-float64-compressed", "float64", True),
    PeerMode("deepmd-float64", "float64", False, 13_000),
)


def mode_of(text: str) -> Mode:
    """The mode of a name of the table, or of keywords of the pair style (anything with a blank in it)."""
    for mode in (*MODES, *COMMITTEES):
        if text == mode.name:
            return mode
    if " " in text.strip():
        return Mode(text, text)
    raise BenchError(
        f"unknown mode '{text}': known are {', '.join(m.name for m in (*MODES, *COMMITTEES))}, "
        "or keywords of pair_style deepmd/onnx in quotes"
    )


def peer_of(mode: Mode, compressible: bool = True) -> PeerMode:
    """What a mode is compared with: the same precision, compressed where the mode has tables and DeePMD-kit can compress."""
    words = mode.keywords.split()
    precision = "float64" if "double" in words else "float32"
    tables = "no" not in words if "tabulate" in words else precision == "float32"  # the pair style's default
    return next(m for m in PEER_MODES if (m.precision, m.compressed) == (precision, tables and compressible))
