# SPDX-License-Identifier: MIT
"""deepion itself: its version, the folder of the plugin, and the builds of LAMMPS that the plugin has a part for."""

from collections.abc import Iterator
from pathlib import Path

import deepion
from deepion.doctor.finding import Finding, Verdict

SECTION = "deepion"


def findings(folder: Path, at_hand: list[str]) -> Iterator[Finding]:
    """Version, folder, and what is in it."""
    yield Finding(SECTION, "version", f"{deepion.__version__}, in {Path(deepion.__file__).resolve().parent}")
    if (folder / "deepionplugin.so").exists():
        yield Finding(SECTION, "plugin", str(folder / "deepionplugin.so"))
    else:
        yield Finding(
            SECTION,
            "plugin",
            f"there is no deepionplugin.so in {folder}",
            Verdict.ERROR,
            "in a checkout: scripts/setup; otherwise install the wheel again",
        )
    yield Finding(
        SECTION,
        "LAMMPS builds it fits",
        ", ".join(at_hand) or f"none in {folder}",
        Verdict.OK if at_hand else Verdict.ERROR,
        "" if at_hand else "deepion build-shim --lammps PATH makes the part for a LAMMPS",
    )
