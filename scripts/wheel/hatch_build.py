"""What the wheel holds besides the package deepion: plugin, deepion-merge, scripts, command; and for which platform it is."""

import re
import subprocess
import sysconfig
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Modules of scripts/ that the command `deepion` runs or that those import.
SCRIPTS = [
    "arrhenius_*.py",
    "evaluate.py",
    "evaluate_onnx.py",
    "export_onnx.py",
    "labelled_frames.py",
    "lammps_dump.py",
    "model_errors.py",
    "plot_*.py",
    "report.py",
    "result_*.py",
]


class WheelHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict) -> None:
        root = Path(self.root)
        build, scripts = root / "build", root / "scripts"
        (build / "wheel").mkdir(exist_ok=True)
        build_data["pure_python"] = False
        # Not manylinux: what is compiled here needs this machine's glibc or a newer one.
        build_data["tag"] = "py3-none-" + re.sub(r"\W", "_", sysconfig.get_platform())
        files = {
            self.forget_onnxruntime(self.stripped("deepionplugin.so")): "deepion/plugin/deepionplugin.so",
            self.stripped("deepion-merge"): "deepion/bin/deepion-merge",
            scripts / "wheel/command.py": "deepion/command.py",
            scripts / "wheel/lammps_plugin.py": "deepion/lammps_plugin.py",
        }
        for pattern in SCRIPTS:
            files |= {path: f"deepion/scripts/{path.name}" for path in scripts.glob(pattern)}
        build_data["force_include"] |= {str(path): target for path, target in files.items()}

    def stripped(self, name: str) -> Path:
        """A copy without debug information, in build/wheel."""
        built = Path(self.root, "build", name)
        if not built.exists():
            raise FileNotFoundError(f"no build/{name}: run scripts/build_wheel, which builds it first")
        copy = built.parent / "wheel" / name
        subprocess.run(["strip", "--strip-debug", "-o", copy, built], check=True)
        return copy

    def forget_onnxruntime(self, plugin: Path) -> Path:
        """Take out the place where this machine has ONNX Runtime: elsewhere it could be anything."""
        config = Path(self.root, "build/generated/deepion_config.cpp").read_text()
        known = re.search(r'ONNXRUNTIME_LIBRARY\[\] = "(.*)"', config)
        if known and known[1]:
            path, content = known[1].encode() + b"\0", plugin.read_bytes()
            if content.count(path) != 1:
                raise ValueError(f"build/deepionplugin.so should hold {known[1]} once")
            plugin.write_bytes(content.replace(path, bytes(len(path))))
        return plugin
