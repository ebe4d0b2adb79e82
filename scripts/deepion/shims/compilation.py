# SPDX-License-Identifier: MIT
"""Compiles a shim: the C++ side of deepion for one build of LAMMPS, into one shared library."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deepion.errors import DeepionError
from deepion.lammps_plugin import plugin_folder

from .lammps_build import LammpsBuild
from .names import shim_name


class CompilationError(DeepionError):
    """The compiler is missing or refused; the text is its own."""


@dataclass(frozen=True)
class Sources:
    """What a shim is made of: in the package, or in a checkout that was built."""

    cpp: Path  # the folder cpp
    border: Path  # what cargo generated for the C++ side: headers and sources
    plugin: Path  # the plugin folder

    @staticmethod
    def find() -> "Sources":
        """Raises CompilationError in a checkout that was not built."""
        package = Path(__file__).parents[1]
        root = package.parents[1]
        checkout = Sources(root / "cpp", root / "build/target/cxxbridge", plugin_folder())
        installed = Sources(package / "shims/cpp", package / "shims/cxxbridge", plugin_folder())
        sources = installed if installed.cpp.exists() else checkout
        for file in [sources.cpp / "shim/shim.map", sources.border / "rust/cxx.cc", sources.plugin / "libdeepion.so"]:
            if not file.exists():
                raise CompilationError(f"{file} is missing: run scripts/setup first")
        return sources

    def folders(self) -> list[Path]:
        """Of headers and sources."""
        return sorted({file.parent for file in self.cpp.rglob("*.h")} - {self.absent})

    @property
    def absent(self) -> Path:
        """Headers that some packages of LAMMPS lack."""
        return self.cpp / "absent"

    def units(self, folder: Path) -> list[Path]:
        """To be compiled: a file for each folder of cpp, written into `folder`, which includes the folder's files, and those of the
        border. The loader is no part of a shim.

        LAMMPS' headers take longer to read than the files themselves: one by one, these take 2.5 times as long.
        """
        files = sorted(f for f in self.cpp.rglob("*.cpp") if f.parent.name != "loader")
        units = {file.parent: folder / f"{file.parent.name}.cpp" for file in files}
        for place, unit in units.items():
            unit.write_text("".join(f'#include "{file}"\n' for file in files if file.parent == place))
        return [*units.values(), *sorted(self.border.rglob("*.cc"))]


def compile_shim(
    build: LammpsBuild,
    folder: Path,
    compiler: str = "",
    jobs: int = 0,
    progress: Callable[[Iterator[None], int], Iterator[None]] | None = None,
) -> Path:
    """Compile the shim for `build` into `folder`, with `jobs` compilers at once; `progress` wraps an iterator over so many files.

    Returns the shim. Raises CompilationError.
    """
    sources = Sources.find()
    command = shlex.split(compiler or os.environ.get("CXX", "") or find_compiler())
    options = [*options_of(sources, "compile"), "-O2", *definitions(build)]
    options += [f"-I{place}" for place in [*sources.folders(), sources.border]]
    options += [word for place in build.include for word in ["-isystem", str(place)]]
    options += ["-idirafter", str(sources.absent)]
    # file names, not paths of this machine, in messages
    options += [f"-fmacro-prefix-map={place}/=" for place in [*sorted(sources.folders(), reverse=True), sources.border]]
    options += shlex.split(os.environ.get("CXXFLAGS", ""))
    with tempfile.TemporaryDirectory(prefix="deepion-shim-") as name:
        objects = {unit: Path(name, f"{number}.o") for number, unit in enumerate(sources.units(Path(name)))}

        def one(item: tuple[Path, Path]) -> None:
            run([*command, *options, "-c", str(item[0]), "-o", str(item[1])], item[0].name)

        with ThreadPoolExecutor(jobs or len(os.sched_getaffinity(0))) as pool:
            results = pool.map(one, objects.items())
            try:
                for _ in progress(results, len(objects)) if progress else results:
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)  # what one file says is enough
                raise
        made = Path(name, shim_name(build.identity))
        link = [*options_of(sources, "link"), "-shared", f"-Wl,--version-script={sources.cpp / 'shim/shim.map'}"]
        parts = [*map(str, objects.values()), str(sources.plugin / "libdeepion.so")]
        run([*command, *link, *parts, "-o", str(made)], made.name)
        folder.mkdir(parents=True, exist_ok=True)
        return replace(made, folder / made.name)


def replace(source: Path, target: Path) -> Path:
    """Copy a library. It gets its name last: a run that has the old one open keeps it."""
    new = target.with_suffix(".new")
    shutil.copy(source, new)
    return new.replace(target)


def options_of(sources: Sources, step: str) -> list[str]:
    """What CMake's build uses as well."""
    return shlex.split((sources.cpp / f"shim/{step}.options").read_text())


def definitions(build: LammpsBuild) -> list[str]:
    """Of the preprocessor, for this LAMMPS."""
    identity = build.identity
    return [
        f"-DLAMMPS_{'BIGBIG' if identity.bigbig else 'SMALLBIG'}",
        f"-DLAMMPS_VERSION_NUMBER={identity.version}",
        f'-DLAMMPS_DESCRIPTOR="{identity.descriptor}"',
        *(["-D_GLIBCXX_USE_CXX11_ABI=0"] if build.old_strings else []),
    ]


def find_compiler() -> str:
    """The C++ compiler of the path."""
    for name in ["c++", "g++", "clang++"]:
        if shutil.which(name):
            return name
    raise CompilationError(
        "no C++ compiler found: install one ('apt install g++', 'dnf install gcc-c++', 'module load gcc'), or give --compiler"
    )


def run(command: list[str], what: str) -> None:
    """Raises CompilationError with the first lines that the compiler said about `what`."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except OSError as problem:
        raise CompilationError(f"{command[0]}: {problem.strerror}") from problem
    if done.returncode:
        lines = (done.stderr or done.stdout).splitlines()
        raise CompilationError("\n".join([f"{command[0]} failed on {what}:", *lines[:12]]))
