# SPDX-License-Identifier: MIT
"""What the wheel holds besides the package deepion: plugin and deepion-merge; and for which platform it is."""

import re
import subprocess
import sysconfig
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# In build/, and where they go in the wheel. The plugin of build/wheel does not know where this machine has ONNX Runtime.
PROGRAMS = {
    "wheel/deepionplugin.so": "deepion/plugin/deepionplugin.so",
    "deepion-merge": "deepion/bin/deepion-merge",
    "target/release/libdeepion_python.so": "deepion/_engine.abi3.so",
}


# By this, LAMMPS finds the plugin of the wheel without the command `plugin load`.
ENTRY_POINTS = {"lammps.plugins": {"deepion": "deepion.lammps_plugin:folder"}}


class WheelHook(BuildHookInterface):
    """Adds the built programs and the entry point by which LAMMPS finds the plugin.

    An editable installation gets neither: in a checkout the programs are in build/, and inputs load the plugin themselves.
    """

    def initialize(self, version: str, build_data: dict) -> None:
        if version == "editable":
            return
        self.metadata.core.entry_points.update(ENTRY_POINTS)
        build_data["pure_python"] = False
        # Not manylinux: what is compiled here needs this machine's glibc or a newer one.
        build_data["tag"] = "py3-none-" + re.sub(r"\W", "_", sysconfig.get_platform())
        build_data["force_include"] |= {str(self.stripped(name)): target for name, target in PROGRAMS.items()}

    def stripped(self, name: str) -> Path:
        """A copy without debug information, in build/wheel/stripped."""
        build = Path(self.root, "build")
        if not (build / name).exists():
            raise FileNotFoundError(f"no build/{name}: run scripts/build_wheel, which builds it first")
        copy = build / "wheel/stripped" / Path(name).name
        copy.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["strip", "--strip-debug", "-o", copy, build / name], check=True)
        return copy
