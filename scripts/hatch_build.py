# SPDX-License-Identifier: MIT
"""What the wheel holds besides the package deepion: the plugin folder, deepion-merge, what `deepion build-shim` compiles; and for
which platform it is.
"""

import re
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def binaries(build: Path) -> Iterator[tuple[Path, str]]:
    """What scripts/build_wheel has laid ready, and where it goes in the wheel."""
    content = build / "wheel/content"
    for file in sorted(content.rglob("*")):
        if file.is_file():
            yield file, f"deepion/{file.relative_to(content)}"


def sources(root: Path) -> Iterator[tuple[Path, str]]:
    """Of a shim."""
    for place, target in [(root / "cpp", "cpp"), (root / "build/target/cxxbridge", "cxxbridge")]:
        for file in sorted(place.rglob("*")):
            if file.is_file():
                yield file.resolve(), f"deepion/shims/{target}/{file.relative_to(place)}"


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
        # What is compiled here needs this machine's glibc or a newer one; scripts/build_wheel --portable names it manylinux.
        build_data["tag"] = "py3-none-" + re.sub(r"\W", "_", sysconfig.get_platform())
        root = Path(self.root)
        if not (root / "build/wheel/content/plugin").exists():
            raise FileNotFoundError("no build/wheel/content: run scripts/build_wheel, which makes it first")
        included = {str(self.stripped(file)): target for file, target in binaries(root / "build")}
        build_data["force_include"] |= included | {str(file): target for file, target in sources(root)}

    def stripped(self, file: Path) -> Path:
        """A copy without debug information, in build/wheel/stripped."""
        copy = Path(self.root, "build/wheel/stripped", file.name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["strip", "--strip-debug", "-o", copy, file], check=True)
        return copy
